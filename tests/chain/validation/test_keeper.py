"""What a participant had to re-execute and did not, and its reputation as groups show it."""

import pytest

from chain.epochs.types import Epoch, MLNodeInfo
from chain.inference.types import EpochPerformanceSummary
from chain.params import MsgUpdateParams
from chain.records import replace
from chain.validation import rules
from tests.chain.market import MODEL, NOW_NS, PRICED
from tests.chain.validation.panel import Panel
from tests.chain.world import AUTHORITY, World, node

SEEDS = range(30)


@pytest.fixture
def panel() -> Panel:
    panel = Panel()
    panel.inferences = [panel.serve(NOW_NS + at) for at in range(6)]
    return panel


def find_missed(panel: Panel, name: str, seed: int, epoch: int = 0) -> tuple[str, ...]:
    address = panel.address(name)
    return panel.keepers.validations.get_missed_validations(panel.context(), address, epoch, seed)


def find_drawn(panel: Panel, power: int, seed: int) -> tuple[str, ...]:
    """What the pure rule draws of all completed inferences."""
    params = panel.keepers.governance.get_params(panel.context()).validation
    details = panel.keepers.inferences.get_epoch_details(panel.context(), 0)
    return tuple(entry.inference_id for entry in details if rules.should_validate(seed, entry, power, params))


class TestMissedValidations:
    """A member owes what its seed draws, less what it did."""

    def test_all_that_the_seed_draws_is_due(self, panel: Panel) -> None:
        for seed in SEEDS:
            assert find_missed(panel, "other", seed) == find_drawn(panel, 10, seed)
            assert find_missed(panel, "agent", seed) == find_drawn(panel, 7, seed)
        assert len({find_missed(panel, "other", seed) for seed in SEEDS}) > 5

    def test_what_was_validated_is_due_no_more_however_it_ended(self, panel: Panel) -> None:
        for at, inference in enumerate(panel.inferences):
            panel.validate("other", inference, 95 if at % 2 else 10)
        assert all(find_missed(panel, "other", seed) == () for seed in SEEDS)
        assert any(find_missed(panel, "agent", seed) for seed in SEEDS)

    def test_the_executor_and_who_does_not_serve_the_model_owe_nothing(self, panel: Panel) -> None:
        for name in ("exec", "dev"):
            assert all(find_missed(panel, name, seed) == () for seed in SEEDS)
        assert all(find_missed(panel, "other", seed, epoch=1) == () for seed in SEEDS)

    def test_what_was_completed_after_the_cutoff_is_due_only_from_who_keeps_serving(
        self, panel: Panel
    ) -> None:
        ctx = panel.context()
        panel.keepers.epochs.set_epoch(ctx, Epoch(1, panel.height))
        assert all(find_missed(panel, "other", seed) == () for seed in SEEDS), "completed at its start"
        group = panel.keepers.epochs.require_effective_group(ctx, MODEL)
        members = list(group.validation_weights)
        members[1] = replace(members[1], ml_nodes=(MLNodeInfo("n1", timeslot_allocation=(True, True)),))
        panel.keepers.epochs.set_group(ctx, replace(group, validation_weights=tuple(members)))
        assert any(find_missed(panel, "other", seed) for seed in SEEDS)
        assert all(find_missed(panel, "agent", seed) == () for seed in SEEDS)

    def test_the_cutoff_parameter_moves_it_forward(self) -> None:
        schedule = replace(PRICED.epoch, inference_validation_cutoff=35)
        panel = Panel(params=replace(PRICED, epoch=schedule))
        panel.serve()
        assert all(find_missed(panel, "other", seed) == () for seed in SEEDS), "40 - 35 is height 5"

    def test_a_schedule_of_the_next_epoch_does_not_move_the_cutoff_of_the_one_before(self) -> None:
        schedule = replace(PRICED.epoch, inference_validation_cutoff=35)
        panel = Panel(params=replace(PRICED, epoch=schedule))
        panel.serve()
        panel.deliver(MsgUpdateParams(AUTHORITY.address, PRICED))
        panel.begin(41)
        assert panel.keepers.governance.get_params(panel.context()).epoch.inference_validation_cutoff == 0
        assert all(find_missed(panel, "other", seed) == () for seed in SEEDS), "it was completed in time"


class TestReputation:
    def test_it_counts_settled_epochs_and_their_misses(self, panel: Panel) -> None:
        for epoch in range(1, 11):
            missed = 1 if epoch == 1 else 0
            panel.keepers.inferences.set_summary(
                panel.context(), EpochPerformanceSummary(epoch, panel.address("exec"), 2, missed)
            )
        found = panel.keepers.validations.get_reputation(panel.context(), panel.address("exec"))
        assert found == 31, "10 epochs less half of one, of 30"
        assert panel.keepers.validations.get_reputation(panel.context(), panel.address("other")) == 0

    def test_the_groups_of_an_epoch_show_it(self) -> None:
        world = World("alice", weights={"alice": 5})
        world.begin(1)
        world.register_model("A")
        world.join("alice", node("a1", "A"))
        for epoch in range(3, 18):
            world.keepers.inferences.set_summary(
                world.context(), EpochPerformanceSummary(epoch, world.address("alice"), 1)
            )
        world.begin(41)
        world.seed("alice")
        world.mine("alice", "a1", 1, 2, 3)
        world.begin(54)
        world.vote("alice", "alice")
        world.begin(60)
        for model in ("", "A"):
            group = world.keepers.epochs.get_group(world.context(), 1, model)
            assert group is not None
            assert [member.reputation for member in group.validation_weights] == [50]
