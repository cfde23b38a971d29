"""Our own proof of compute: shares that never meet, and reports that count once."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker import actions, events
from broker.errors import ReportRefused, ReportUnauthenticated
from broker.facts import HardwareStatus
from broker.nodes import AdminState
from broker.poc import compute_batch_id, compute_callback_token
from broker.state import Stored
from tests.broker.world import IDENTITY, KEY, World, assign, make_config, of, start

HASH = b"hash40"


def report(call_id: int, node_id: str, nonces: tuple[int, ...], **changes: object) -> events.PocBatchReported:
    token = compute_callback_token(IDENTITY.callback_secret, 40, node_id)
    dist = tuple(1_000_000 for _ in nonces)
    made = events.PocBatchReported(
        call_id, token, node_id, 40, HASH, KEY, nonces, dist, max(nonces, default=0) + 1
    )
    return replace(made, **changes)


def take(world: World, made: events.PocBatchReported) -> int:
    def build(call_id: int) -> events.PocBatchReported:
        return replace(made, call_id=call_id)

    return world.ask(build)


@pytest.fixture
def mining() -> World:
    """Nodes a and b, two blocks into a proof of compute: a has the even nonces, b the odd ones."""
    world = start("a", "b")
    world.run_to(42)
    return world


def test_shares_follow_the_order_of_ids_and_are_stored(mining: World) -> None:
    kept = {item.node_id: (item.rank, item.count) for item in of(actions.StoreAssignment, mining.asked)}
    assert kept == {"a": (0, 2), "b": (1, 2)}


def test_a_report_is_stored_answered_and_submitted(mining: World) -> None:
    assert take(mining, report(0, "a", (0, 2, 4))) == 3
    batch = of(actions.SubmitPocBatch, mining.asked)[-1]
    assert (batch.node_id, batch.nonces, batch.start_height) == ("a", (0, 2, 4), 40)
    assert batch.batch_id == compute_batch_id(40, "a", (0, 2, 4))
    assert of(actions.StoreBatch, mining.asked)[-1].state == "ACCEPTED"
    view = mining.ask(events.NodeAsked, "a")
    assert (view.batches.sent, view.batches.accepted) == (1, 1)


def test_a_report_that_comes_twice_counts_once(mining: World) -> None:
    assert take(mining, report(0, "a", (0, 2))) == 2
    assert take(mining, report(0, "a", (2, 0, 4))) == 1
    assert take(mining, report(0, "a", (2, 2, 2))) == 0


def test_what_does_not_count_is_left_out(mining: World) -> None:
    bad = report(0, "a", (0, 1, -2, 2**63, 6), dist_micro=(10, 10, 10, 10, 1_270_000))
    assert take(mining, bad) == 1


def test_long_reports_are_cut_to_what_the_chain_takes(mining: World) -> None:
    assert take(mining, report(0, "a", tuple(range(0, 500, 2)))) == 250
    sizes = [len(item.nonces) for item in of(actions.SubmitPocBatch, mining.asked)]
    assert sizes == [100, 100, 50]


@pytest.mark.parametrize(
    "changed",
    [
        {"block_hash": b"other"},
        {"public_key": b"\x03" + bytes(32)},
        {"dist_micro": (1,)},
    ],
    ids=["another hash", "another key", "lists of different length"],
)
def test_a_report_of_something_else_is_refused(mining: World, changed: dict[str, object]) -> None:
    with pytest.raises(ReportRefused):
        take(mining, report(0, "a", (0, 2), **changed))


def test_a_report_with_another_nodes_token_is_not_authenticated(mining: World) -> None:
    with pytest.raises(ReportUnauthenticated):
        take(mining, report(0, "a", (0,), token=compute_callback_token(IDENTITY.callback_secret, 40, "b")))


def test_a_report_of_an_older_stage_is_refused(mining: World) -> None:
    old = compute_callback_token(IDENTITY.callback_secret, 0, "a")
    with pytest.raises(ReportRefused):
        take(mining, report(0, "a", (0,), start_height=0, token=old))


def test_a_node_without_a_share_is_refused(mining: World) -> None:
    with pytest.raises(ReportRefused):
        take(mining, report(0, "ghost", (0,)))


def test_a_report_of_a_node_that_was_removed_is_refused(mining: World) -> None:
    mining.ask(events.NodeRemoved, "a")
    with pytest.raises(ReportRefused, match="take part"):
        take(mining, report(0, "a", (0,)))


def test_a_batch_waits_while_the_chain_says_that_its_node_has_failed(mining: World) -> None:
    record = mining.state.sync.records["a"]
    mining.state.sync.records["a"] = replace(record, status=HardwareStatus.FAILED)
    take(mining, report(0, "a", (0,)))
    assert not of(actions.SubmitPocBatch, mining.asked)
    mining.state.sync.records["a"] = record
    assert of(actions.SubmitPocBatch, mining.advance(43))


def test_shares_wait_for_the_groups_of_the_epoch_so_that_nobody_on_duty_gets_one() -> None:
    world = start("a", "b")
    world.groups = assign("a", "b", on_duty=("a",))
    world.run_to(60)
    kept = tuple(actions.StoreNode(make_config(name), AdminState(True, 0)) for name in "ab")
    again = World(stored=Stored(kept))
    again.groups, again.records, again.seen = world.groups, world.records, world.seen
    healthy, late = again.answer, []

    def answer(action: actions.Action) -> events.Event | None:
        if isinstance(action, actions.QueryEpochData):
            late.append(action)
            return None
        return healthy(action)

    again.answer = answer
    again.settle(again.give(events.Started(), events.PollDue()))
    again.advance(81)
    assert not of(actions.StoreAssignment, again.asked)
    again.settle(again.give(healthy(late[0])))
    assert {item.node_id for item in of(actions.StoreAssignment, again.asked)} == {"b"}


def test_a_report_after_the_exchange_window_is_refused(mining: World) -> None:
    mining.run_to(52)
    with pytest.raises(ReportRefused):
        take(mining, report(0, "a", (0,)))


def test_a_batch_that_could_not_be_delivered_is_sent_again_under_the_same_id(mining: World) -> None:
    asked = mining.give(report(77, "a", (0, 2)))
    first = of(actions.SubmitPocBatch, asked)[0]
    mining.give(events.TxFailed(first.key, "timeout"))
    second = of(actions.SubmitPocBatch, mining.advance(43))[0]
    assert second == first


def test_a_batch_refused_by_the_chain_is_not_sent_again_and_says_why(mining: World) -> None:
    asked = mining.give(report(77, "a", (0, 2)))
    key = of(actions.SubmitPocBatch, asked)[0].key
    mining.give(events.TxRefused(key, "ErrNodeDisabled", "node is STOPPED"))
    assert not of(actions.SubmitPocBatch, mining.run_to(51))
    view = mining.ask(events.NodeAsked, "a")
    assert (view.batches.refused, "ErrNodeDisabled" in view.batches.last_refusal) == (1, True)


def test_a_batch_waits_while_the_chain_has_no_record_of_its_node(mining: World) -> None:
    del mining.records["a"]
    mining.state.sync.records = {}
    assert not of(actions.SubmitPocBatch, mining.give(report(77, "a", (0,))))


def test_a_batch_of_a_node_stopped_on_chain_is_not_sent(mining: World) -> None:
    records = mining.state.sync.records
    records["a"] = replace(records["a"], status=HardwareStatus.STOPPED)
    assert not of(actions.SubmitPocBatch, mining.give(report(77, "a", (0,))))


def restart(world: World) -> World:
    """A new process with what the old one stored."""
    kept = world.asked
    nodes = {item.config.id: item for item in of(actions.StoreNode, kept)}
    shares = {item.node_id: item for item in of(actions.StoreAssignment, kept)}
    batches = {item.batch_id: item for item in of(actions.StoreBatch, kept)}
    generation = of(actions.StoreGeneration, kept)[-1].generation
    seeds = {item.epoch_index: item for item in of(actions.StoreSeed, kept)}
    stored = Stored(
        tuple(nodes.values()),
        generation,
        tuple(seeds.values()),
        tuple(shares.values()),
        tuple(batches.values()),
        tuple(of(actions.StoreVote, kept)),
    )
    again = World(stored=stored)
    again.records, again.seen = world.records, world.seen
    again.settle(again.give(events.Started(), events.PollDue()))
    return again


def test_after_a_restart_a_node_goes_on_with_its_share_where_it_was(mining: World) -> None:
    take(mining, report(0, "b", (1, 3, 5), next_nonce=31))
    asked = restart(mining).advance(44)
    command = next(item for item in of(actions.StartPocGenerate, asked) if item.node_id == "b")
    assert (command.node_rank, command.node_count, command.first_nonce) == (1, 2, 31)


def test_after_a_restart_nonces_that_came_before_do_not_count_again(mining: World) -> None:
    take(mining, report(0, "a", (0, 2)))
    again = restart(mining)
    again.advance(44)
    assert take(again, report(0, "a", (0, 2, 4))) == 1


def test_after_a_restart_a_batch_that_was_not_confirmed_is_sent(mining: World) -> None:
    mining.give(report(77, "a", (0, 2)))
    again = restart(mining)
    assert [item.nonces for item in of(actions.SubmitPocBatch, again.advance(44))] == [(0, 2)]


def test_after_a_restart_the_epochs_seed_is_the_same_and_is_not_submitted_twice(mining: World) -> None:
    assert of(actions.StoreSeed, mining.asked)[-1].submitted
    asked = restart(mining).run_to(52)
    assert not of(actions.DrawSeed, asked)
    assert not of(actions.SubmitSeed, asked)


def test_a_seed_is_submitted_every_block_until_the_chain_has_it() -> None:
    world = start("a")
    world.run_to(39)
    healthy = world.answer

    def deaf(action: actions.Action) -> events.Event | None:
        if isinstance(action, actions.SubmitSeed):
            return events.TxFailed(action.key, "lost")
        return healthy(action)

    world.answer = deaf
    assert len(of(actions.SubmitSeed, world.run_to(44))) == 5
    world.answer = healthy
    assert len(of(actions.SubmitSeed, world.run_to(60))) == 1


def test_a_seed_is_not_submitted_when_the_window_has_closed() -> None:
    world = start("a")
    assert not of(actions.DrawSeed, world.advance(53))


steps = st.lists(
    st.tuples(
        st.sampled_from(["add", "remove", "disable", "enable", "fail", "block"]), st.sampled_from("abcd")
    ),
    max_size=30,
)


@given(steps)
def test_no_two_nodes_ever_mine_the_same_nonce_of_a_stage(history: list[tuple[str, str]]) -> None:
    world = start("a", "b")
    height = 37
    world.advance(height)
    for step, node_id in history:
        if step == "add":
            world.ask(events.NodesUpserted, (make_config(node_id),))
            world.settle(world.give(events.PollDue()))
        elif step == "block":
            height += 1
            world.advance(height)
        elif step == "fail":
            world.seen.pop(node_id, None)
            world.settle(world.give(events.PollDue(), events.Tick()))
        elif node_id in world.state.nodes:
            kind = {
                "remove": events.NodeRemoved,
                "disable": events.NodeDisabled,
                "enable": events.NodeEnabled,
            }
            world.ask(kind[step], node_id)
    shares: dict[int, dict[str, tuple[int, int]]] = {}
    for command in of(actions.StartPocGenerate, world.asked):
        share = (command.node_rank, command.node_count)
        stage = shares.setdefault(command.stage.start_height, {})
        assert stage.setdefault(command.node_id, share) == share
        assert 0 <= share[0] < share[1]
    for stage in shares.values():
        assert len({count for _, count in stage.values()}) == 1
        assert len({rank for rank, _ in stage.values()}) == len(stage)
