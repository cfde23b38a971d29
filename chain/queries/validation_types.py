"""What can be asked of validation and pricing, and what they answer."""

from dataclasses import dataclass

from chain.fixed import Decimal
from chain.inference.types import InferenceValidationDetails
from chain.pricing.types import UnitOfComputePriceProposal
from chain.queries.types import PageRequest, PageResponse
from chain.validation.types import (
    EpochGroupValidations,
    InferenceValidation,
    InferenceVote,
    ValidationParams,
    ValidatorPower,
)


@dataclass(frozen=True, slots=True)
class QueryGetInferenceValidationParametersRequest:
    """Asks what decides who re-executes inferences."""

    ids: tuple[str, ...] = ()
    requester: str = ""


@dataclass(frozen=True, slots=True)
class QueryGetInferenceValidationParametersResponse:
    """What decides it."""

    details: tuple[InferenceValidationDetails, ...] = ()
    validator_powers: tuple[ValidatorPower, ...] = ()
    parameters: ValidationParams = ValidationParams()
    block_height: int = 0


@dataclass(frozen=True, slots=True)
class QueryEpochGroupValidationsRequest:
    """Asks what a participant re-executed of an epoch."""

    participant: str = ""
    epoch_index: int = 0


@dataclass(frozen=True, slots=True)
class QueryEpochGroupValidationsResponse:
    """What it re-executed."""

    epoch_group_validations: EpochGroupValidations = EpochGroupValidations()


@dataclass(frozen=True, slots=True)
class QueryEpochGroupValidationsAllRequest:
    """Asks for all validations."""

    pagination: PageRequest = PageRequest()


@dataclass(frozen=True, slots=True)
class QueryEpochGroupValidationsAllResponse:
    """All validations."""

    inference_validations: tuple[InferenceValidation, ...] = ()
    pagination: PageResponse = PageResponse()


@dataclass(frozen=True, slots=True)
class QueryInferenceVoteRequest:
    """Asks for the vote on an inference."""

    inference_id: str = ""


@dataclass(frozen=True, slots=True)
class QueryInferenceVoteResponse:
    """The vote."""

    inference_vote: InferenceVote = InferenceVote()


@dataclass(frozen=True, slots=True)
class QueryInferenceVoteAllRequest:
    """Asks for all votes on inferences."""

    pagination: PageRequest = PageRequest()


@dataclass(frozen=True, slots=True)
class QueryInferenceVoteAllResponse:
    """All votes."""

    inference_votes: tuple[InferenceVote, ...] = ()
    pagination: PageResponse = PageResponse()


@dataclass(frozen=True, slots=True)
class QueryGetMinimumValidationAverageRequest:
    """Asks how much of the traffic is re-executed."""


@dataclass(frozen=True, slots=True)
class QueryGetMinimumValidationAverageResponse:
    """How much."""

    traffic_basis: int = 0
    minimum_validation_average: Decimal = Decimal()
    block_height: int = 0


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """What tokens of a model cost now."""

    model_id: str = ""
    price: int = 0
    input_token_price: int = 0
    output_token_price: int = 0


@dataclass(frozen=True, slots=True)
class QueryGetModelPerTokenPriceRequest:
    """Asks for a model's prices."""

    model_id: str = ""


@dataclass(frozen=True, slots=True)
class QueryGetModelPerTokenPriceResponse:
    """A model's prices."""

    token_price: TokenPrice = TokenPrice()


@dataclass(frozen=True, slots=True)
class QueryGetModelPerTokenPriceAllRequest:
    """Asks for the prices of all models."""

    pagination: PageRequest = PageRequest()


@dataclass(frozen=True, slots=True)
class QueryGetModelPerTokenPriceAllResponse:
    """The prices of all models."""

    token_prices: tuple[TokenPrice, ...] = ()
    pagination: PageResponse = PageResponse()


@dataclass(frozen=True, slots=True)
class ModelCapacity:
    """How much of a model the network can serve, and does."""

    model_id: str = ""
    capacity: int = 0
    tokens_in_window: int = 0


@dataclass(frozen=True, slots=True)
class QueryGetModelCapacityRequest:
    """Asks for a model's capacity."""

    model_id: str = ""


@dataclass(frozen=True, slots=True)
class QueryGetModelCapacityResponse:
    """A model's capacity."""

    model_capacity: ModelCapacity = ModelCapacity()


@dataclass(frozen=True, slots=True)
class QueryGetModelCapacityAllRequest:
    """Asks for the capacities of all models."""

    pagination: PageRequest = PageRequest()


@dataclass(frozen=True, slots=True)
class QueryGetModelCapacityAllResponse:
    """The capacities of all models."""

    model_capacities: tuple[ModelCapacity, ...] = ()
    pagination: PageResponse = PageResponse()


@dataclass(frozen=True, slots=True)
class QueryGetUnitOfComputePriceProposalRequest:
    """Asks for a proposal."""

    participant: str = ""


@dataclass(frozen=True, slots=True)
class QueryGetUnitOfComputePriceProposalResponse:
    """A proposal."""

    proposal: UnitOfComputePriceProposal = UnitOfComputePriceProposal()
    default_price: int = 0


@dataclass(frozen=True, slots=True)
class QueryUnitOfComputePriceProposalAllRequest:
    """Asks for all proposals."""

    pagination: PageRequest = PageRequest()


@dataclass(frozen=True, slots=True)
class QueryUnitOfComputePriceProposalAllResponse:
    """All proposals."""

    proposals: tuple[UnitOfComputePriceProposal, ...] = ()
    pagination: PageResponse = PageResponse()
