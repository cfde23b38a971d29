"""Collateral and the cap: what a participant's voice weighs, in the rules and in a formation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.bank.types import Coin
from chain.block import Event
from chain.collateral.types import MsgDepositCollateral, MsgWithdrawCollateral
from chain.epochs import power
from chain.epochs.types import PowerParams
from chain.fixed import Decimal
from chain.profiles import DEFAULT
from chain.records import replace
from tests.chain.world import UNCAPPED, World, node, reasons

MODEL = "A"
WEIGHTS = st.integers(0, 2**63 - 1)
FRACTIONS = st.builds(Decimal, st.integers(0, 100), st.just(-2))
NEEDED = replace(UNCAPPED, collateral=replace(UNCAPPED.collateral, grace_period_end_epoch=0))


class TestRules:
    """Whole numbers, whatever the weights."""

    @given(WEIGHTS, st.integers(0, 10**80), FRACTIONS, st.integers(0, 10**6))
    def test_collateral_never_adds_and_never_takes_the_base_part(
        self, weight: int, deposit: int, ratio: Decimal, unit: int
    ) -> None:
        terms = power.CollateralTerms(ratio, Decimal(unit, -3))
        counted = power.compute_collateral_weight(weight, deposit, terms)
        assert weight * ratio.value // 100 <= counted <= weight
        assert power.compute_collateral_weight(weight, deposit + 1, terms) >= counted

    @given(st.lists(st.integers(1, 10**12), min_size=1, max_size=12), FRACTIONS)
    def test_whoever_is_under_the_cap_keeps_its_weight_and_nobody_weighs_nothing(
        self, weights: list[int], part: Decimal
    ) -> None:
        cap = power.compute_power_cap(weights, part)
        capped = [weight if cap is None else min(weight, cap) for weight in weights]
        assert min(capped) >= 1
        assert [new for new, old in zip(capped, weights, strict=True) if new != old] == [
            cap for weight in weights if cap is not None and weight > cap
        ]

    @given(st.lists(st.integers(1, 10**12), min_size=4, max_size=12), st.integers(25, 100))
    def test_nobody_holds_more_than_the_part(self, weights: list[int], percent: int) -> None:
        cap = power.compute_power_cap(weights, Decimal(percent, -2))
        capped = [weight if cap is None else min(weight, cap) for weight in weights]
        assert max(capped) * 100 <= percent * sum(capped)

    @given(st.permutations([7, 100, 100, 3000, 12]))
    def test_the_order_does_not_matter(self, weights: list[int]) -> None:
        assert power.compute_power_cap(weights, Decimal(25, -2)) == 19


def form(world: World, mined: dict[str, int], seeded: tuple[str, ...] | None = None) -> list[Event]:
    """One proof of compute; everyone votes that all of it is honest."""
    world.begin(41)
    world.seed(*(mined if seeded is None else seeded))
    for name, nonces in mined.items():
        world.mine(name, "n", *range(nonces))
    world.begin(53)
    for about in mined:
        for voter in world.signers:
            world.vote(voter, about)
    return world.begin(60)


def build(params: object, *names: str) -> World:
    world = World(*names, params=params, weights=dict.fromkeys(names, 1))  # type: ignore[arg-type]
    world.begin(1)
    world.register_model(MODEL)
    for name in names:
        world.join(name, node("n", MODEL))
    return world


def deposit(world: World, name: str, amount: int) -> None:
    world.deliver(MsgDepositCollateral(world.address(name), Coin("umesh", str(amount))))


def weights(world: World) -> dict[str, int]:
    active = world.keepers.epochs.get_active_participants(world.context(), 1)
    assert active is not None
    known = {world.address(name): name for name in world.signers}
    return {known[entry.index]: entry.weight for entry in active.participants}


class TestFormation:
    """Recompute, collateral, cap, groups."""

    def test_a_deposit_activates_weight_and_machines_keep_theirs(self) -> None:
        world = build(NEEDED, "alice", "bob")
        deposit(world, "alice", 48)
        events = form(world, {"alice": 100, "bob": 100})
        assert weights(world) == {"alice": 68, "bob": 20}
        group = world.keepers.epochs.require_effective_group(world.context(), MODEL)
        assert [member.ml_nodes[0].poc_weight for member in group.validation_weights] == [100, 100]
        assert group.total_weight == 88
        assert reasons(events, "weight_reduced") == {
            (world.address("alice"),): "NO_COLLATERAL",
            (world.address("bob"),): "NO_COLLATERAL",
        }

    def test_what_is_on_its_way_out_does_not_count(self) -> None:
        world = build(NEEDED, "alice")
        deposit(world, "alice", 100)
        world.deliver(MsgWithdrawCollateral(world.address("alice"), Coin("umesh", "70")))
        form(world, {"alice": 100})
        assert weights(world) == {"alice": 50}

    def test_whoever_weighs_nothing_is_no_member_and_is_told_why(self) -> None:
        world = build(NEEDED, "alice", "bob")
        events = form(world, {"alice": 4, "bob": 100})
        assert weights(world) == {"bob": 20}
        assert reasons(events, "participant_excluded") == {(world.address("alice"),): "NO_COLLATERAL"}

    def test_nobody_left_for_want_of_collateral_seats_everyone_again(self) -> None:
        world = build(NEEDED, "alice", "bob")
        form(world, {"alice": 4, "bob": 4})
        assert weights(world) == {"alice": 1, "bob": 1}

    @pytest.mark.parametrize(("grace", "weight"), [(0, 20), (1, 100)])
    def test_the_last_epoch_of_grace_needs_no_collateral(self, grace: int, weight: int) -> None:
        params = replace(NEEDED, collateral=replace(NEEDED.collateral, grace_period_end_epoch=grace))
        world = build(params, "alice")
        form(world, {"alice": 100})
        assert weights(world) == {"alice": weight}

    def test_the_cap_comes_after_collateral(self) -> None:
        params = replace(NEEDED, power=PowerParams(Decimal(25, -2)))
        world = build(params, "alice", "bob", "carol")
        deposit(world, "carol", 1000)
        events = form(world, {"alice": 50, "bob": 100, "carol": 350})
        assert weights(world) == {"alice": 10, "bob": 20, "carol": 20}
        reduced = [dict(event.attributes) for event in events if event.type == "weight_reduced"]
        assert {(step["before"], step["after"], step["reason"]) for step in reduced} == {
            ("50", "10", "NO_COLLATERAL"),
            ("100", "20", "NO_COLLATERAL"),
            ("350", "20", "POWER_CAP"),
        }

    def test_whoever_is_left_out_does_not_count_for_the_cap(self) -> None:
        params = replace(DEFAULT, power=PowerParams(Decimal(25, -2)))
        world = build(params, "alice", "bob", "carol")
        form(world, {"alice": 1, "bob": 10, "carol": 30}, seeded=("bob", "carol"))
        assert weights(world) == {"bob": 10, "carol": 10}
