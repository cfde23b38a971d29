"""What is told to the chain about our hardware."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.diff import LocalNode, calculate_nodes_diff, compute_published_status, describe_node
from broker.facts import ChainNode, HardwareItem, HardwareStatus, NodesDiff
from broker.nodes import AdminState, Mode, ModelConfig, Node, NodeConfig, Observation
from tests.broker.world import apply_diff, make_config, make_epoch

EPOCH = make_epoch(60)
CPU, GPU = HardwareItem("CPU", 1), HardwareItem("GPU", 8)


def local(node_id: str, operational: bool = True, **changes: object) -> LocalNode:
    status = HardwareStatus.UNKNOWN if operational else HardwareStatus.STOPPED
    return LocalNode(make_config(node_id, **changes), operational, status, ("tiny.gguf",))


def record(node_id: str, status: HardwareStatus = HardwareStatus.UNKNOWN) -> ChainNode:
    return replace(describe_node(local(node_id)), status=status)


def test_nothing_is_told_while_the_epoch_is_not_known() -> None:
    assert calculate_nodes_diff([record("gone")], [local("new")], None) == NodesDiff()


def test_a_node_that_the_chain_lacks_is_new() -> None:
    assert calculate_nodes_diff([], [local("a")], EPOCH).new_or_modified == (record("a"),)


def test_a_node_that_is_the_same_is_not_told() -> None:
    assert calculate_nodes_diff([record("a")], [local("a")], EPOCH).is_empty


@pytest.mark.parametrize(
    "changed",
    [
        {"status": HardwareStatus.INFERENCE},
        {"models": ("other.gguf",)},
        {"hardware": (GPU,)},
        {"host": "10.9.9.9"},
        {"port": "9"},
    ],
    ids=lambda item: next(iter(item)),
)
def test_every_published_field_counts(changed: dict[str, object]) -> None:
    diff = calculate_nodes_diff([replace(record("a"), **changed)], [local("a")], EPOCH)
    assert [node.local_id for node in diff.new_or_modified] == ["a"]


def test_the_order_of_models_and_devices_does_not_count() -> None:
    config = make_config("a", models=(ModelConfig("x"), ModelConfig("y")), hardware=(CPU, GPU))
    node = LocalNode(config, True, HardwareStatus.POC, ("x", "y"))
    shuffled = replace(describe_node(node), models=("y", "x"), hardware=(GPU, CPU))
    assert calculate_nodes_diff([shuffled], [node], EPOCH).is_empty


def test_a_node_that_left_is_stopped_and_kept() -> None:
    diff = calculate_nodes_diff([record("a", HardwareStatus.POC)], [local("a", False)], EPOCH)
    assert diff == NodesDiff((), (record("a", HardwareStatus.STOPPED),))


def test_a_node_that_is_stopped_already_is_not_told_again() -> None:
    assert calculate_nodes_diff([record("a", HardwareStatus.STOPPED)], [local("a", False)], EPOCH).is_empty


def test_a_node_disabled_before_it_was_ever_on_chain_is_not_told() -> None:
    assert calculate_nodes_diff([], [local("a", False)], EPOCH).is_empty


def test_a_node_that_we_do_not_have_is_deleted_even_when_stopped() -> None:
    diff = calculate_nodes_diff([record("a", HardwareStatus.STOPPED)], [], EPOCH)
    assert [(node.local_id, node.status) for node in diff.removed] == [("a", HardwareStatus.UNKNOWN)]


statuses = st.sampled_from(list(HardwareStatus))
ids = st.sampled_from("abcdef")
records = st.builds(
    ChainNode,
    ids,
    statuses,
    st.lists(st.sampled_from(["x", "y"]), unique=True).map(tuple),
    st.lists(st.sampled_from([CPU, GPU]), unique=True).map(tuple),
    st.sampled_from(["h1", "h2"]),
    st.sampled_from(["1", "2"]),
)


@st.composite
def local_nodes(draw: st.DrawFn) -> LocalNode:
    models = draw(st.lists(st.sampled_from(["x", "y"]), unique=True).map(lambda found: tuple(sorted(found))))
    config = NodeConfig(
        draw(ids),
        draw(st.sampled_from(["h1", "h2"])),
        draw(st.sampled_from([1, 2])),
        hardware=tuple(draw(st.lists(st.sampled_from([CPU, GPU]), unique=True))),
    )
    operational = draw(st.booleans())
    working = st.sampled_from([s for s in HardwareStatus if s != HardwareStatus.STOPPED])
    return LocalNode(config, operational, draw(working) if operational else HardwareStatus.STOPPED, models)


def unique(nodes: list, key: object) -> list:
    return list({key(node): node for node in nodes}.values())


worlds = st.tuples(
    st.lists(records).map(lambda found: unique(found, lambda node: node.local_id)),
    st.lists(local_nodes()).map(lambda found: unique(found, lambda node: node.config.id)),
)


@given(worlds)
def test_telling_it_once_is_enough(world: tuple[list[ChainNode], list[LocalNode]]) -> None:
    chain, nodes = world
    diff = calculate_nodes_diff(chain, nodes, EPOCH)
    after = apply_diff({node.local_id: node for node in chain}, diff)
    assert calculate_nodes_diff(after.values(), nodes, EPOCH).is_empty


@given(worlds)
def test_an_id_is_told_at_most_once_and_in_order(world: tuple[list[ChainNode], list[LocalNode]]) -> None:
    diff = calculate_nodes_diff(*world, EPOCH)
    told = [node.local_id for node in diff.new_or_modified + diff.removed]
    assert len(told) == len(set(told))
    for part in (diff.new_or_modified, diff.removed):
        assert list(part) == sorted(part, key=lambda node: node.local_id)


@given(worlds)
def test_after_it_stopped_on_chain_means_taken_out_by_the_operator(
    world: tuple[list[ChainNode], list[LocalNode]],
) -> None:
    chain, nodes = world
    after = apply_diff({n.local_id: n for n in chain}, calculate_nodes_diff(chain, nodes, EPOCH))
    out = {node.config.id for node in nodes if not node.operational}
    assert {n.local_id for n in after.values() if n.status == HardwareStatus.STOPPED} == out & after.keys()


def seen(mode: Mode | None, **changes: object) -> Node:
    node = Node(make_config("a"), AdminState(True, 0), observed=None if mode is None else Observation(mode))
    for name, value in changes.items():
        setattr(node, name, value)
    return node


@pytest.mark.parametrize("mode", [None, *Mode])
def test_a_node_that_is_out_is_published_stopped_whatever_it_does(mode: Mode | None) -> None:
    assert compute_published_status(seen(mode), False, 0.0) == HardwareStatus.STOPPED


@pytest.mark.parametrize(
    ("mode", "status"),
    [
        (None, HardwareStatus.UNKNOWN),
        (Mode.STOPPED, HardwareStatus.UNKNOWN),
        (Mode.INFERENCE, HardwareStatus.INFERENCE),
        (Mode.POC, HardwareStatus.POC),
    ],
)
def test_a_node_that_takes_part_is_never_published_stopped(mode: Mode | None, status: HardwareStatus) -> None:
    assert compute_published_status(seen(mode), True, 0.0) == status


@pytest.mark.parametrize(
    ("failures", "now", "status"),
    [
        (2, 100.0, HardwareStatus.POC),
        (3, 59.9, HardwareStatus.POC),
        (3, 60.0, HardwareStatus.FAILED),
    ],
)
def test_a_failure_is_published_only_when_it_lasts(failures: int, now: float, status: HardwareStatus) -> None:
    node = seen(Mode.STOPPED, failures=failures, failing_since=0.0, good_status=int(HardwareStatus.POC))
    assert compute_published_status(node, True, now) == status
