"""What can be asked of lists of several rooms, of their entries and of how many there are."""

from chain.collateral.types import Collateral, CollateralParams, UnbondingCollateral
from chain.epochs.types import Epoch, EpochGroupData, EpochParams
from chain.inference.types import (
    DeveloperStats,
    EpochPerformanceSummary,
    InferenceTimeout,
    InferenceValidationDetails,
)
from chain.params import Params
from chain.queries.types import PageRequest, PageResponse
from chain.records import Record


class QueryGetCurrentEpochRequest(Record, frozen=True):
    """Asks for the epoch in effect."""


class QueryGetCurrentEpochResponse(Record, frozen=True):
    """The epoch in effect."""

    epoch: int = 0


class QueryEpochInfoRequest(Record, frozen=True):
    """Asks for height, parameters and latest epoch."""


class QueryEpochInfoResponse(Record, frozen=True):
    """Height, parameters and latest epoch."""

    block_height: int = 0
    params: Params = Params()
    latest_epoch: Epoch | None = None
    pending_epoch_params: EpochParams | None = None


class QueryEpochGroupDataAllRequest(Record, frozen=True):
    """Asks for all groups."""

    pagination: PageRequest = PageRequest()


class QueryEpochGroupDataAllResponse(Record, frozen=True):
    """All groups."""

    epoch_group_data: tuple[EpochGroupData, ...] = ()
    pagination: PageResponse = PageResponse()


class QueryCountPoCbatchesAtHeightRequest(Record, frozen=True):
    """Asks how many batches there are."""

    block_height: int = 0


class QueryCountPoCbatchesAtHeightResponse(Record, frozen=True):
    """How many batches there are."""

    count: int = 0


class QueryCountPoCvalidationsAtHeightRequest(Record, frozen=True):
    """Asks how many votes there are."""

    block_height: int = 0


class QueryCountPoCvalidationsAtHeightResponse(Record, frozen=True):
    """How many votes there are."""

    count: int = 0


class QueryInferenceTimeoutRequest(Record, frozen=True):
    """Asks when an inference expires."""

    expiration_height: int = 0
    inference_id: str = ""


class QueryInferenceTimeoutResponse(Record, frozen=True):
    """When an inference expires."""

    inference_timeout: InferenceTimeout = InferenceTimeout()


class QueryInferenceTimeoutAllRequest(Record, frozen=True):
    """Asks for all that is still to expire."""

    pagination: PageRequest = PageRequest()


class QueryInferenceTimeoutAllResponse(Record, frozen=True):
    """All that is still to expire."""

    inference_timeouts: tuple[InferenceTimeout, ...] = ()
    pagination: PageResponse = PageResponse()


class QueryInferenceValidationDetailsRequest(Record, frozen=True):
    """Asks what decides who re-executes an inference."""

    epoch_id: int = 0
    inference_id: str = ""


class QueryInferenceValidationDetailsResponse(Record, frozen=True):
    """What decides who re-executes an inference."""

    inference_validation_details: InferenceValidationDetails = InferenceValidationDetails()


class QueryInferenceValidationDetailsAllRequest(Record, frozen=True):
    """Asks what decides who re-executes any inference."""

    pagination: PageRequest = PageRequest()


class QueryInferenceValidationDetailsAllResponse(Record, frozen=True):
    """What decides who re-executes any inference."""

    inference_validation_details: tuple[InferenceValidationDetails, ...] = ()
    pagination: PageResponse = PageResponse()


class QueryEpochPerformanceSummaryAllRequest(Record, frozen=True):
    """Asks for what participants did in settled epochs."""

    pagination: PageRequest = PageRequest()
    participant_id: str = ""


class QueryEpochPerformanceSummaryAllResponse(Record, frozen=True):
    """What participants did in settled epochs."""

    epoch_performance_summaries: tuple[EpochPerformanceSummary, ...] = ()
    pagination: PageResponse = PageResponse()


class QueryDeveloperStatsRequest(Record, frozen=True):
    """Asks what a developer asked for and paid."""

    developer: str = ""
    epoch_from: int = 0
    epoch_to: int = 0
    time_from: int = 0
    time_to: int = 0
    pagination: PageRequest = PageRequest()


class QueryDeveloperStatsResponse(Record, frozen=True):
    """What a developer asked for and paid."""

    developer_stats: tuple[DeveloperStats, ...] = ()
    total: DeveloperStats = DeveloperStats()
    pagination: PageResponse = PageResponse()


class QueryCollateralParamsRequest(Record, frozen=True):
    """Asks for the parameters of collateral."""


class QueryCollateralParamsResponse(Record, frozen=True):
    """The parameters of collateral."""

    params: CollateralParams = CollateralParams()


class QueryAllCollateralsRequest(Record, frozen=True):
    """Asks for all deposits."""

    pagination: PageRequest = PageRequest()


class QueryAllCollateralsResponse(Record, frozen=True):
    """All deposits."""

    collaterals: tuple[Collateral, ...] = ()
    pagination: PageResponse = PageResponse()


class QueryAllUnbondingCollateralsRequest(Record, frozen=True):
    """Asks for all withdrawals under way."""

    pagination: PageRequest = PageRequest()


class QueryAllUnbondingCollateralsResponse(Record, frozen=True):
    """All withdrawals under way."""

    unbondings: tuple[UnbondingCollateral, ...] = ()
    pagination: PageResponse = PageResponse()
