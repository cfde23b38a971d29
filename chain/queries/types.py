"""What can be asked of the machine, and what it answers."""

from chain.bank.types import Coin
from chain.collateral.types import UnbondingCollateral
from chain.epochs.types import ActiveParticipants, EpochGroupData, EpochInfo, RandomSeed
from chain.inference.types import EpochPerformanceSummary, Inference
from chain.models.types import Model
from chain.nodes.types import HardwareNodes, Participant
from chain.params import Params
from chain.poc.types import NodeEligibility, PocAdmissions, PoCBatch, PoCValidation
from chain.records import Record


class PageRequest(Record, frozen=True):
    """Which part of a list is wanted."""

    key: bytes = b""
    offset: int = 0
    limit: int = 0
    count_total: bool = False
    reverse: bool = False


class PageResponse(Record, frozen=True):
    """Where a list goes on."""

    next_key: bytes = b""
    total: int = 0


class QueryParamsRequest(Record, frozen=True):
    """Asks for the parameters."""


class QueryParamsResponse(Record, frozen=True):
    """The parameters."""

    params: Params = Params()


class QueryModelRequest(Record, frozen=True):
    """Asks for a model."""

    id: str = ""


class QueryModelResponse(Record, frozen=True):
    """A model."""

    model: Model = Model()


class QueryModelsAllRequest(Record, frozen=True):
    """Asks for all models."""

    pagination: PageRequest = PageRequest()


class QueryModelsAllResponse(Record, frozen=True):
    """All models."""

    models: tuple[Model, ...] = ()
    pagination: PageResponse = PageResponse()


class QueryModelAlternativesRequest(Record, frozen=True):
    """Asks for alternatives."""

    model_id: str = ""


class QueryModelAlternativesResponse(Record, frozen=True):
    """Alternatives."""

    alternative_models: tuple[str, ...] = ()


class QueryResolveModelRequest(Record, frozen=True):
    """Asks what an identifier stands for."""

    model_id: str = ""


class QueryResolveModelResponse(Record, frozen=True):
    """What an identifier stands for."""

    model_id: str = ""
    reachable_model_ids: tuple[str, ...] = ()


class QueryParticipantRequest(Record, frozen=True):
    """Asks for a participant."""

    index: str = ""


class QueryParticipantResponse(Record, frozen=True):
    """A participant."""

    participant: Participant = Participant()


class QueryParticipantAllRequest(Record, frozen=True):
    """Asks for all participants."""

    pagination: PageRequest = PageRequest()


class QueryParticipantAllResponse(Record, frozen=True):
    """All participants."""

    participants: tuple[Participant, ...] = ()
    pagination: PageResponse = PageResponse()
    block_height: int = 0


class QueryHardwareNodesRequest(Record, frozen=True):
    """Asks for hardware."""

    participant: str = ""


class QueryHardwareNodesResponse(Record, frozen=True):
    """Hardware."""

    nodes: HardwareNodes = HardwareNodes()


class QueryHardwareNodesAllRequest(Record, frozen=True):
    """Asks for all hardware."""

    pagination: PageRequest = PageRequest()


class QueryHardwareNodesAllResponse(Record, frozen=True):
    """All hardware."""

    nodes: tuple[HardwareNodes, ...] = ()
    pagination: PageResponse = PageResponse()


class QueryCurrentEpochRequest(Record, frozen=True):
    """Asks where the chain stands."""


class QueryCurrentEpochResponse(Record, frozen=True):
    """Where the chain stands."""

    epoch: EpochInfo = EpochInfo()


class QueryEpochGroupDataRequest(Record, frozen=True):
    """Asks for a group."""

    epoch_index: int = 0
    model_id: str = ""


class QueryEpochGroupDataResponse(Record, frozen=True):
    """A group."""

    epoch_group_data: EpochGroupData = EpochGroupData()


class QueryCurrentEpochGroupDataRequest(Record, frozen=True):
    """Asks for the parent group in effect."""


class QueryCurrentEpochGroupDataResponse(Record, frozen=True):
    """The parent group in effect."""

    epoch_group_data: EpochGroupData = EpochGroupData()


class QueryActiveParticipantsRequest(Record, frozen=True):
    """Asks for the participants of an epoch."""

    epoch_index: int = 0


class QueryActiveParticipantsResponse(Record, frozen=True):
    """The participants of an epoch."""

    active_participants: ActiveParticipants = ActiveParticipants()


class QueryRandomSeedRequest(Record, frozen=True):
    """Asks for a seed."""

    epoch_index: int = 0
    participant: str = ""


class QueryRandomSeedResponse(Record, frozen=True):
    """A seed."""

    seed: RandomSeed = RandomSeed()


class QueryPocAdmissionsRequest(Record, frozen=True):
    """Asks for admissions."""

    epoch_index: int = 0


class QueryPocAdmissionsResponse(Record, frozen=True):
    """Admissions."""

    admissions: PocAdmissions = PocAdmissions()


class QueryPocBatchesForStageRequest(Record, frozen=True):
    """Asks for batches."""

    poc_stage_start_block_height: int = 0
    pagination: PageRequest = PageRequest()


class QueryPocBatchesForStageResponse(Record, frozen=True):
    """Batches."""

    batches: tuple[PoCBatch, ...] = ()
    pagination: PageResponse = PageResponse()


class QueryPocValidationsForStageRequest(Record, frozen=True):
    """Asks for votes."""

    poc_stage_start_block_height: int = 0
    pagination: PageRequest = PageRequest()


class QueryPocValidationsForStageResponse(Record, frozen=True):
    """Votes."""

    validations: tuple[PoCValidation, ...] = ()
    pagination: PageResponse = PageResponse()


class QueryNodeEligibilityRequest(Record, frozen=True):
    """Asks about a machine."""

    participant: str = ""
    node_id: str = ""


class QueryNodeEligibilityResponse(Record, frozen=True):
    """About a machine."""

    eligibility: NodeEligibility = NodeEligibility()


class QueryGetRandomExecutorRequest(Record, frozen=True):
    """Asks for an executor."""

    model: str = ""
    request_id: str = ""
    exclude: tuple[str, ...] = ()


class QueryGetRandomExecutorResponse(Record, frozen=True):
    """An executor."""

    executor: Participant = Participant()
    model_id: str = ""


class QueryInferenceRequest(Record, frozen=True):
    """Asks for an inference."""

    index: str = ""


class QueryInferenceResponse(Record, frozen=True):
    """An inference."""

    inference: Inference = Inference()


class QueryInferenceAllRequest(Record, frozen=True):
    """Asks for all inferences."""

    pagination: PageRequest = PageRequest()


class QueryInferenceAllResponse(Record, frozen=True):
    """All inferences."""

    inferences: tuple[Inference, ...] = ()
    pagination: PageResponse = PageResponse()


class QueryEpochPerformanceSummaryRequest(Record, frozen=True):
    """Asks for a settled epoch."""

    epoch_index: int = 0
    participant_id: str = ""


class QueryEpochPerformanceSummaryResponse(Record, frozen=True):
    """A settled epoch."""

    epoch_performance_summary: EpochPerformanceSummary = EpochPerformanceSummary()


class QueryCollateralRequest(Record, frozen=True):
    """Asks for a deposit."""

    participant: str = ""


class QueryCollateralResponse(Record, frozen=True):
    """A deposit."""

    amount: Coin = Coin()


class QueryUnbondingCollateralRequest(Record, frozen=True):
    """Asks for withdrawals."""

    participant: str = ""


class QueryUnbondingCollateralResponse(Record, frozen=True):
    """Withdrawals."""

    unbondings: tuple[UnbondingCollateral, ...] = ()
