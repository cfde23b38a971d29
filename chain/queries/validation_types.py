"""What can be asked of validation and pricing, and what they answer."""

from chain.fixed import Decimal
from chain.inference.types import InferenceValidationDetails
from chain.pricing.types import UnitOfComputePriceProposal
from chain.queries.types import PageRequest, PageResponse
from chain.records import Record
from chain.validation.params import ValidationParams
from chain.validation.types import (
    EpochGroupValidations,
    InferenceValidation,
    InferenceVote,
    ValidatorPower,
)


class EpochValidationParams(Record, frozen=True):
    """How an epoch's validations are judged."""

    epoch_index: int = 0
    parameters: ValidationParams = ValidationParams()


class QueryGetInferenceValidationParametersRequest(Record, frozen=True):
    """Asks what decides who re-executes inferences."""

    ids: tuple[str, ...] = ()
    requester: str = ""


class QueryGetInferenceValidationParametersResponse(Record, frozen=True):
    """What decides it."""

    details: tuple[InferenceValidationDetails, ...] = ()
    validator_powers: tuple[ValidatorPower, ...] = ()
    parameters: ValidationParams = ValidationParams()
    block_height: int = 0
    epoch_parameters: tuple[EpochValidationParams, ...] = ()


class QueryEpochGroupValidationsRequest(Record, frozen=True):
    """Asks what a participant re-executed of an epoch."""

    participant: str = ""
    epoch_index: int = 0


class QueryEpochGroupValidationsResponse(Record, frozen=True):
    """What it re-executed."""

    epoch_group_validations: EpochGroupValidations = EpochGroupValidations()


class QueryEpochGroupValidationsAllRequest(Record, frozen=True):
    """Asks for all validations."""

    pagination: PageRequest = PageRequest()


class QueryEpochGroupValidationsAllResponse(Record, frozen=True):
    """All validations."""

    inference_validations: tuple[InferenceValidation, ...] = ()
    pagination: PageResponse = PageResponse()


class QueryInferenceVoteRequest(Record, frozen=True):
    """Asks for the vote on an inference."""

    inference_id: str = ""


class QueryInferenceVoteResponse(Record, frozen=True):
    """The vote."""

    inference_vote: InferenceVote = InferenceVote()


class QueryInferenceVoteAllRequest(Record, frozen=True):
    """Asks for all votes on inferences."""

    pagination: PageRequest = PageRequest()


class QueryInferenceVoteAllResponse(Record, frozen=True):
    """All votes."""

    inference_votes: tuple[InferenceVote, ...] = ()
    pagination: PageResponse = PageResponse()


class QueryGetMinimumValidationAverageRequest(Record, frozen=True):
    """Asks how much of the traffic is re-executed."""


class QueryGetMinimumValidationAverageResponse(Record, frozen=True):
    """How much."""

    traffic_basis: int = 0
    minimum_validation_average: Decimal = Decimal()
    block_height: int = 0


class TokenPrice(Record, frozen=True):
    """What tokens of a model cost now."""

    model_id: str = ""
    price: int = 0
    input_token_price: int = 0
    output_token_price: int = 0


class QueryGetModelPerTokenPriceRequest(Record, frozen=True):
    """Asks for a model's prices."""

    model_id: str = ""


class QueryGetModelPerTokenPriceResponse(Record, frozen=True):
    """A model's prices."""

    token_price: TokenPrice = TokenPrice()


class QueryGetModelPerTokenPriceAllRequest(Record, frozen=True):
    """Asks for the prices of all models."""

    pagination: PageRequest = PageRequest()


class QueryGetModelPerTokenPriceAllResponse(Record, frozen=True):
    """The prices of all models."""

    token_prices: tuple[TokenPrice, ...] = ()
    pagination: PageResponse = PageResponse()


class ModelCapacity(Record, frozen=True):
    """How much of a model the network can serve, and does."""

    model_id: str = ""
    capacity: int = 0
    tokens_in_window: int = 0


class QueryGetModelCapacityRequest(Record, frozen=True):
    """Asks for a model's capacity."""

    model_id: str = ""


class QueryGetModelCapacityResponse(Record, frozen=True):
    """A model's capacity."""

    model_capacity: ModelCapacity = ModelCapacity()


class QueryGetModelCapacityAllRequest(Record, frozen=True):
    """Asks for the capacities of all models."""

    pagination: PageRequest = PageRequest()


class QueryGetModelCapacityAllResponse(Record, frozen=True):
    """The capacities of all models."""

    model_capacities: tuple[ModelCapacity, ...] = ()
    pagination: PageResponse = PageResponse()


class QueryGetUnitOfComputePriceProposalRequest(Record, frozen=True):
    """Asks for a proposal."""

    participant: str = ""


class QueryGetUnitOfComputePriceProposalResponse(Record, frozen=True):
    """A proposal."""

    proposal: UnitOfComputePriceProposal = UnitOfComputePriceProposal()
    default_price: int = 0


class QueryUnitOfComputePriceProposalAllRequest(Record, frozen=True):
    """Asks for all proposals."""

    pagination: PageRequest = PageRequest()


class QueryUnitOfComputePriceProposalAllResponse(Record, frozen=True):
    """All proposals."""

    proposals: tuple[UnitOfComputePriceProposal, ...] = ()
    pagination: PageResponse = PageResponse()
