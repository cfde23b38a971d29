"""Reads of validations, votes and prices."""

import pytest

from chain.codec import decode, encode
from chain.errors import ErrInferenceNotFound, ErrInvalidModel, ErrInvalidRequest, ErrNotFound, Refusal
from chain.fixed import Decimal
from chain.pricing.types import MsgSubmitUnitOfComputePriceProposal
from chain.queries import validation_types as q
from chain.queries.table import answer, build_queries
from chain.queries.types import PageRequest
from tests.chain.market import MODEL, NOW_NS
from tests.chain.validation.panel import Panel


@pytest.fixture
def panel() -> Panel:
    panel = Panel()
    panel.inferences = [panel.serve(NOW_NS + at) for at in range(3)]
    panel.validate("other", panel.inferences[0])
    panel.validate("other", panel.inferences[1], 10)
    return panel


def ask(panel: Panel, name: str, *fields: object) -> object:
    request = getattr(q, f"Query{name}Request")(*fields)
    data = answer(build_queries(panel.keepers), panel.context(), f"/chain.v1.Query/{name}", encode(request))
    return decode(getattr(q, f"Query{name}Response"), data)


def test_what_decides_who_must_re_execute(panel: Panel) -> None:
    address = panel.address("other")
    found = ask(panel, "GetInferenceValidationParameters", tuple(panel.inferences), address)
    assert [entry.inference_id for entry in found.details] == panel.inferences
    assert [(entry.model, entry.epoch_index, entry.power) for entry in found.validator_powers] == [
        (MODEL, 0, 10)
    ]
    assert found.parameters == panel.keepers.governance.get_params(panel.context()).validation
    assert found.block_height == panel.height


def test_inferences_that_are_not_completed_have_no_details(panel: Panel) -> None:
    started = panel.start(timestamp=NOW_NS + 9)
    panel.deliver(started)
    found = ask(panel, "GetInferenceValidationParameters", (started.inference_id,), panel.address("dev"))
    assert (found.details, found.validator_powers) == ((), ())


@pytest.mark.parametrize(
    ("ids", "error"), [(("nothing",), ErrInferenceNotFound), (("x",) * 1001, ErrInvalidRequest)]
)
def test_unknown_inferences_and_too_many_are_refused(
    panel: Panel, ids: tuple[str, ...], error: type[Refusal]
) -> None:
    with pytest.raises(error):
        ask(panel, "GetInferenceValidationParameters", ids, panel.address("other"))


def test_what_a_participant_re_executed(panel: Panel) -> None:
    found = ask(panel, "EpochGroupValidations", panel.address("other"), 0)
    assert found.epoch_group_validations.validated_inferences == tuple(sorted(panel.inferences[:2]))
    nothing = ask(panel, "EpochGroupValidations", panel.address("agent"), 0).epoch_group_validations
    assert nothing.validated_inferences == ()
    listed = ask(panel, "EpochGroupValidationsAll", PageRequest(limit=1, count_total=True))
    assert (len(listed.inference_validations), listed.pagination.total) == (1, 2)


def test_votes(panel: Panel) -> None:
    vote = ask(panel, "InferenceVote", panel.inferences[1]).inference_vote
    assert (vote.opened_by, vote.opened_at_block_height) == (panel.address("other"), 5)
    assert ask(panel, "InferenceVoteAll").inference_votes == (vote,)
    with pytest.raises(ErrNotFound):
        ask(panel, "InferenceVote", panel.inferences[0])


def test_the_minimum_average_of_now(panel: Panel) -> None:
    found = ask(panel, "GetMinimumValidationAverage")
    assert (found.traffic_basis, found.minimum_validation_average) == (3, Decimal(1))


def test_prices_are_what_is_charged(panel: Panel) -> None:
    panel.register_model("dear", coins_per_output_token=9)
    found = ask(panel, "GetModelPerTokenPrice", "dear").token_price
    assert (found.price, found.input_token_price, found.output_token_price) == (100, 100, 9)
    listed = ask(panel, "GetModelPerTokenPriceAll").token_prices
    assert [entry.model_id for entry in listed] == [MODEL, "dear"]
    with pytest.raises(ErrInvalidModel, match=MODEL):
        ask(panel, "GetModelPerTokenPrice", "nothing")


def test_capacities(panel: Panel) -> None:
    found = ask(panel, "GetModelCapacity", MODEL).model_capacity
    assert (found.capacity, found.tokens_in_window) == (47, 90)
    panel.register_model("unserved")
    listed = ask(panel, "GetModelCapacityAll").model_capacities
    assert [(entry.model_id, entry.capacity) for entry in listed] == [(MODEL, 47), ("unserved", 1000)]


def test_proposals(panel: Panel) -> None:
    panel.deliver(MsgSubmitUnitOfComputePriceProposal(panel.address("other"), 7))
    found = ask(panel, "GetUnitOfComputePriceProposal", panel.address("other"))
    assert (found.proposal.price, found.proposal.proposed_at_block_height, found.default_price) == (7, 5, 100)
    assert ask(panel, "UnitOfComputePriceProposalAll").proposals == (found.proposal,)
    with pytest.raises(ErrNotFound):
        ask(panel, "GetUnitOfComputePriceProposal", panel.address("dev"))
