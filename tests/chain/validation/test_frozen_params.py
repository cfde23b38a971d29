"""An epoch is judged by the parameters of validation with which it took effect, whatever is decided since."""

import pytest

from chain.epochs.types import EpochGroupData
from chain.fixed import Decimal
from chain.nodes.types import ParticipantStatus
from chain.params import MsgUpdateParams, Params
from chain.queries.validation_types import (
    QueryGetInferenceValidationParametersRequest,
    QueryGetInferenceValidationParametersResponse,
)
from chain.records import replace
from chain.validation.params import ValidationParams
from tests.chain.market import NOW_NS, PRICED
from tests.chain.validation.panel import Panel
from tests.chain.world import AUTHORITY, World, node


def update(world: World, **fields: object) -> None:
    """Changes parameters of validation."""
    current: Params = world.keepers.governance.get_params(world.context())
    changed = replace(current, validation=replace(current.validation, **fields))
    world.deliver(MsgUpdateParams(AUTHORITY.address, changed))


def frozen(world: World, epoch: int) -> ValidationParams | None:
    group = world.keepers.epochs.get_group(world.context(), epoch)
    return group.validation_params if group else None


def freeze(panel: Panel) -> None:
    """The panel's groups are laid out by hand; this is what the switch would have added."""
    group = panel.keepers.epochs.get_group(panel.context(), 0)
    assert group is not None
    params = panel.keepers.governance.get_params(panel.context()).validation
    panel.keepers.epochs.set_group(panel.context(), replace(group, validation_params=params))


def test_an_epoch_takes_the_parameters_of_the_block_in_which_it_takes_effect() -> None:
    world = World("alice", weights={"alice": 5})
    at_genesis = frozen(world, 0)
    assert at_genesis == world.keepers.governance.get_params(world.context()).validation
    world.begin(1)
    world.register_model("A")
    world.join("alice", node("a1", "A"))
    world.begin(41)
    world.seed("alice")
    world.mine("alice", "a1", 1, 2, 3)
    world.begin(54)
    world.vote("alice", "alice")
    world.begin(59)
    assert world.keepers.epochs.get_group(world.context(), 1) is not None
    assert frozen(world, 1) is None, "formed, not in effect yet"
    update(world, epochs_to_max=7)
    world.begin(60)
    taken = frozen(world, 1)
    assert taken is not None and taken.epochs_to_max == 7
    update(world, epochs_to_max=8)
    world.begin(70)
    assert (frozen(world, 0), frozen(world, 1)) == (at_genesis, taken)
    sub_group = world.keepers.epochs.get_group(world.context(), 1, "A")
    assert sub_group is not None and sub_group.validation_params is None
    again = World()
    again.load(world.export())
    assert frozen(again, 1) == taken


def test_who_claims_owes_what_the_epoch_s_own_parameters_draw() -> None:
    panel = Panel()
    freeze(panel)
    for at in range(6):
        panel.serve(NOW_NS + at)

    def find_missed() -> list[tuple[str, ...]]:
        validations, other = panel.keepers.validations, panel.address("other")
        return [validations.get_missed_validations(panel.context(), other, 0, seed) for seed in range(20)]

    before = find_missed()
    assert any(before)
    nothing = Decimal()
    update(
        panel,
        min_validation_average=nothing,
        max_validation_average=nothing,
        min_validation_halfway=nothing,
    )
    assert find_missed() == before
    panel.keepers.epochs.set_group(panel.context(), EpochGroupData(epoch_index=9))
    assert panel.keepers.validations.get_epoch_params(panel.context(), 9).max_validation_average == nothing


def test_standing_and_the_length_of_a_vote_follow_the_epoch_in_effect() -> None:
    strict = replace(PRICED.validation, false_positive_rate=Decimal(1, -7), voting_period_blocks=11)
    panel = Panel(params=replace(PRICED, validation=strict))
    freeze(panel)
    inference = panel.serve()
    update(panel, false_positive_rate=Decimal(5, -1), voting_period_blocks=3)
    panel.validate("other", inference, 10)
    vote = panel.vote_on(inference)
    assert vote is not None
    assert vote.deadline_block_height == panel.height + 11
    panel.validate("agent", inference, 10)
    assert panel.participant("exec").status == ParticipantStatus.INVALID, "one failure is enough at 10^-7"


@pytest.mark.parametrize("known", [True, False])
def test_who_asks_is_told_by_what_each_epoch_is_judged(known: bool) -> None:
    panel = Panel()
    freeze(panel)
    inference = panel.serve()
    before = panel.keepers.governance.get_params(panel.context()).validation
    update(panel, epochs_to_max=9)
    request = QueryGetInferenceValidationParametersRequest(
        (inference,) if known else (), panel.address("other")
    )
    answer = panel.ask("GetInferenceValidationParameters", request)
    assert isinstance(answer, QueryGetInferenceValidationParametersResponse)
    assert answer.parameters == before
    told = [(entry.epoch_index, entry.parameters) for entry in answer.epoch_parameters]
    assert told == ([(0, before)] if known else [])
