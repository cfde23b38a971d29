"""Whatever was registered, mined, voted and disabled: what must be true of every formation."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from chain.epochs.types import ActiveParticipants, EpochGroupData
from chain.errors import Refusal
from chain.nodes.types import HardwareNodeStatus, ParticipantStatus
from chain.records import replace
from tests.chain.world import World, node

NAMES = ("alice", "bob", "carol")
MODELS = ("A", "B", "x")
STATUSES = tuple(HardwareNodeStatus)


@dataclass(frozen=True)
class Host:
    """What one participant does in one proof of compute."""

    name: str
    declared: tuple[tuple[str, ...], ...]
    """Models of each of its machines."""
    nonces: tuple[tuple[int, ...], ...]
    """Nonces that each machine hands in."""
    later: tuple[HardwareNodeStatus, ...]
    """Status of each machine when validation ends."""
    seeded: bool
    fraud: bool
    """How everyone votes on it."""
    invalid: bool


@st.composite
def hosts(draw: st.DrawFn, name: str) -> Host:
    count = draw(st.integers(0, 3))
    many = {"min_size": count, "max_size": count}
    return Host(
        name,
        draw(st.lists(st.lists(st.sampled_from(MODELS), max_size=3).map(tuple), **many).map(tuple)),
        draw(st.lists(st.lists(st.integers(0, 9), unique=True, max_size=5).map(tuple), **many).map(tuple)),
        draw(st.lists(st.sampled_from(STATUSES), **many).map(tuple)),
        draw(st.sampled_from((True, True, False))),
        draw(st.sampled_from((False, False, True))),
        draw(st.sampled_from((False, False, False, True))),
    )


NETWORKS = st.tuples(*(hosts(name) for name in NAMES))


def attempt(action: Callable[[], None]) -> None:
    """Does what a participant tries; the chain may refuse it."""
    with suppress(Refusal):
        action()


def run(world: World, network: tuple[Host, ...], start: int) -> None:
    """One proof of compute from registration to the block after the switch, in the order of `network`."""
    for host in network:
        machines = [node(f"n{at}", *models) for at, models in enumerate(host.declared)]
        attempt(lambda host=host, machines=machines: world.report(host.name, *machines))
    world.begin(start + 1)
    for host in network:
        if host.seeded:
            world.seed(host.name)
        for at, nonces in enumerate(host.nonces):
            attempt(lambda host=host, at=at, nonces=nonces: world.mine(host.name, f"n{at}", *nonces))
    world.begin(start + 13)
    for host in network:
        for voter in network:
            attempt(lambda host=host, voter=voter: world.vote(voter.name, host.name, host.fraud))
        machines = [node(f"n{at}", *models, status=host.later[at]) for at, models in enumerate(host.declared)]
        attempt(lambda host=host, machines=machines: world.report(host.name, *machines))
    ctx = world.context()
    for host in network:
        status = ParticipantStatus.INVALID if host.invalid else ParticipantStatus.ACTIVE
        record = world.keepers.nodes.require_participant(ctx, world.address(host.name))
        world.keepers.nodes.set_participant(ctx, replace(record, status=status))
    world.begin(start + 20)


def build() -> World:
    world = World(*NAMES, weights={"alice": 3, "bob": 3, "carol": 3})
    world.begin(1)
    world.register_model("A", "x")
    world.register_model("B")
    for name in NAMES:
        world.join(name)
    return world


def groups_of(world: World, epoch: int) -> tuple[ActiveParticipants, EpochGroupData, list[EpochGroupData]]:
    ctx = world.context()
    active = world.keepers.epochs.get_active_participants(ctx, epoch)
    parent, *subs = world.keepers.epochs.get_groups(ctx, epoch)
    assert active is not None
    return active, parent, subs


def machines_of(active: ActiveParticipants, subs: list[EpochGroupData]) -> Iterator[tuple[str, str]]:
    for participant in active.participants:
        for array in participant.ml_nodes:
            yield from ((participant.index, machine.node_id) for machine in array.ml_nodes)
    for group in subs:
        for member in group.validation_weights:
            yield from ((member.member_address, machine.node_id) for machine in member.ml_nodes)


def check(world: World, epoch: int) -> None:
    active, parent, subs = groups_of(world, epoch)
    eligibility = world.keepers.poc.get_eligibility(world.context())
    for key in machines_of(active, subs):
        assert eligibility.find(*key).eligible
    members = {member.member_address: member.weight for member in parent.validation_weights}
    assert members == {entry.index: entry.weight for entry in active.participants}
    assert members
    assert parent.total_weight == sum(members.values())
    assert tuple(sorted(parent.sub_group_models)) == tuple(group.model_id for group in subs)
    for group in subs:
        assert group.model_snapshot is not None
        assert group.validation_weights
        for member in group.validation_weights:
            assert members[member.member_address] == member.weight
    for entry in active.participants:
        listed = [machine for array in entry.ml_nodes for machine in array.ml_nodes]
        assert len({machine.node_id for machine in listed}) == len(listed)
        assert len(entry.models) == len(entry.ml_nodes)
        if not active.reseated:
            assert entry.weight == sum(machine.poc_weight for machine in listed) > 0
            assert entry.seed is not None
        for array in entry.ml_nodes:
            slots = sum(machine.timeslot_allocation[1] for machine in array.ml_nodes)
            assert active.reseated or slots == len(array.ml_nodes) // 2


@settings(max_examples=60)
@given(NETWORKS, NETWORKS)
def test_the_invariants_hold_over_two_epochs(first: tuple[Host, ...], second: tuple[Host, ...]) -> None:
    world = build()
    run(world, first, 40)
    check(world, 1)
    run(world, second, 80)
    check(world, 2)


@settings(max_examples=15)
@given(NETWORKS)
def test_the_order_of_what_participants_do_does_not_matter(network: tuple[Host, ...]) -> None:
    digests = []
    for order in permutations(network):
        world = build()
        run(world, order, 40)
        digests.append(world.digest())
    assert all(digest == digests[0] for digest in digests)


@settings(max_examples=40)
@given(NETWORKS)
def test_a_nonce_earns_at_most_once_per_participant(network: tuple[Host, ...]) -> None:
    world = build()
    run(world, network, 40)
    active, _, _ = groups_of(world, 1)
    if not active.reseated:
        for host in network:
            distinct = len({nonce for nonces in host.nonces for nonce in nonces})
            mine = [entry.weight for entry in active.participants if entry.index == world.address(host.name)]
            assert sum(mine) <= distinct
