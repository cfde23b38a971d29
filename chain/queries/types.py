"""What can be asked of the machine, and what it answers."""

from dataclasses import dataclass

from chain.bank.types import Coin
from chain.collateral.types import UnbondingCollateral
from chain.epochs.types import ActiveParticipants, EpochGroupData, EpochInfo, RandomSeed
from chain.inference.types import EpochPerformanceSummary, Inference
from chain.models.types import Model
from chain.nodes.types import HardwareNodes, Participant
from chain.params import Params
from chain.poc.types import NodeEligibility, PocAdmissions, PoCBatch, PoCValidation


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which part of a list is wanted."""

    key: bytes = b""
    offset: int = 0
    limit: int = 0
    count_total: bool = False
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class PageResponse:
    """Where a list goes on."""

    next_key: bytes = b""
    total: int = 0


@dataclass(frozen=True, slots=True)
class QueryParamsRequest:
    """Asks for the parameters."""


@dataclass(frozen=True, slots=True)
class QueryParamsResponse:
    """The parameters."""

    params: Params = Params()


@dataclass(frozen=True, slots=True)
class QueryModelRequest:
    """Asks for a model."""

    id: str = ""


@dataclass(frozen=True, slots=True)
class QueryModelResponse:
    """A model."""

    model: Model = Model()


@dataclass(frozen=True, slots=True)
class QueryModelsAllRequest:
    """Asks for all models."""

    pagination: PageRequest = PageRequest()


@dataclass(frozen=True, slots=True)
class QueryModelsAllResponse:
    """All models."""

    models: tuple[Model, ...] = ()
    pagination: PageResponse = PageResponse()


@dataclass(frozen=True, slots=True)
class QueryModelAlternativesRequest:
    """Asks for alternatives."""

    id: str = ""


@dataclass(frozen=True, slots=True)
class QueryModelAlternativesResponse:
    """Alternatives."""

    alternative_models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QueryResolveModelRequest:
    """Asks what an identifier stands for."""

    id: str = ""


@dataclass(frozen=True, slots=True)
class QueryResolveModelResponse:
    """What an identifier stands for."""

    model_id: str = ""
    reachable_model_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QueryParticipantRequest:
    """Asks for a participant."""

    index: str = ""


@dataclass(frozen=True, slots=True)
class QueryParticipantResponse:
    """A participant."""

    participant: Participant = Participant()


@dataclass(frozen=True, slots=True)
class QueryParticipantAllRequest:
    """Asks for all participants."""

    pagination: PageRequest = PageRequest()


@dataclass(frozen=True, slots=True)
class QueryParticipantAllResponse:
    """All participants."""

    participants: tuple[Participant, ...] = ()
    pagination: PageResponse = PageResponse()
    block_height: int = 0


@dataclass(frozen=True, slots=True)
class QueryHardwareNodesRequest:
    """Asks for hardware."""

    participant: str = ""


@dataclass(frozen=True, slots=True)
class QueryHardwareNodesResponse:
    """Hardware."""

    nodes: HardwareNodes = HardwareNodes()


@dataclass(frozen=True, slots=True)
class QueryHardwareNodesAllRequest:
    """Asks for all hardware."""

    pagination: PageRequest = PageRequest()


@dataclass(frozen=True, slots=True)
class QueryHardwareNodesAllResponse:
    """All hardware."""

    nodes: tuple[HardwareNodes, ...] = ()
    pagination: PageResponse = PageResponse()


@dataclass(frozen=True, slots=True)
class QueryCurrentEpochRequest:
    """Asks where the chain stands."""


@dataclass(frozen=True, slots=True)
class QueryCurrentEpochResponse:
    """Where the chain stands."""

    epoch: EpochInfo = EpochInfo()


@dataclass(frozen=True, slots=True)
class QueryEpochGroupDataRequest:
    """Asks for a group."""

    epoch_index: int = 0
    model_id: str = ""


@dataclass(frozen=True, slots=True)
class QueryEpochGroupDataResponse:
    """A group."""

    epoch_group_data: EpochGroupData = EpochGroupData()


@dataclass(frozen=True, slots=True)
class QueryCurrentEpochGroupDataRequest:
    """Asks for the parent group in effect."""


@dataclass(frozen=True, slots=True)
class QueryCurrentEpochGroupDataResponse:
    """The parent group in effect."""

    epoch_group_data: EpochGroupData = EpochGroupData()


@dataclass(frozen=True, slots=True)
class QueryActiveParticipantsRequest:
    """Asks for the participants of an epoch."""

    epoch_index: int = 0


@dataclass(frozen=True, slots=True)
class QueryActiveParticipantsResponse:
    """The participants of an epoch."""

    active_participants: ActiveParticipants = ActiveParticipants()


@dataclass(frozen=True, slots=True)
class QueryRandomSeedRequest:
    """Asks for a seed."""

    epoch_index: int = 0
    participant: str = ""


@dataclass(frozen=True, slots=True)
class QueryRandomSeedResponse:
    """A seed."""

    seed: RandomSeed = RandomSeed()


@dataclass(frozen=True, slots=True)
class QueryPocAdmissionsRequest:
    """Asks for admissions."""

    epoch_index: int = 0


@dataclass(frozen=True, slots=True)
class QueryPocAdmissionsResponse:
    """Admissions."""

    admissions: PocAdmissions = PocAdmissions()


@dataclass(frozen=True, slots=True)
class QueryPocBatchesForStageRequest:
    """Asks for batches."""

    poc_stage_start_block_height: int = 0


@dataclass(frozen=True, slots=True)
class QueryPocBatchesForStageResponse:
    """Batches."""

    batches: tuple[PoCBatch, ...] = ()


@dataclass(frozen=True, slots=True)
class QueryPocValidationsForStageRequest:
    """Asks for votes."""

    poc_stage_start_block_height: int = 0


@dataclass(frozen=True, slots=True)
class QueryPocValidationsForStageResponse:
    """Votes."""

    validations: tuple[PoCValidation, ...] = ()


@dataclass(frozen=True, slots=True)
class QueryNodeEligibilityRequest:
    """Asks about a machine."""

    participant: str = ""
    node_id: str = ""


@dataclass(frozen=True, slots=True)
class QueryNodeEligibilityResponse:
    """About a machine."""

    eligibility: NodeEligibility = NodeEligibility()


@dataclass(frozen=True, slots=True)
class QueryGetRandomExecutorRequest:
    """Asks for an executor."""

    model: str = ""
    request_id: str = ""
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QueryGetRandomExecutorResponse:
    """An executor."""

    executor: Participant = Participant()
    model_id: str = ""


@dataclass(frozen=True, slots=True)
class QueryInferenceRequest:
    """Asks for an inference."""

    index: str = ""


@dataclass(frozen=True, slots=True)
class QueryInferenceResponse:
    """An inference."""

    inference: Inference = Inference()


@dataclass(frozen=True, slots=True)
class QueryInferenceAllRequest:
    """Asks for all inferences."""

    pagination: PageRequest = PageRequest()


@dataclass(frozen=True, slots=True)
class QueryInferenceAllResponse:
    """All inferences."""

    inferences: tuple[Inference, ...] = ()
    pagination: PageResponse = PageResponse()


@dataclass(frozen=True, slots=True)
class QueryEpochPerformanceSummaryRequest:
    """Asks for a settled epoch."""

    epoch_index: int = 0
    participant_id: str = ""


@dataclass(frozen=True, slots=True)
class QueryEpochPerformanceSummaryResponse:
    """A settled epoch."""

    epoch_performance_summary: EpochPerformanceSummary = EpochPerformanceSummary()


@dataclass(frozen=True, slots=True)
class QueryCollateralRequest:
    """Asks for a deposit."""

    participant: str = ""


@dataclass(frozen=True, slots=True)
class QueryCollateralResponse:
    """A deposit."""

    amount: Coin = Coin()


@dataclass(frozen=True, slots=True)
class QueryUnbondingCollateralRequest:
    """Asks for withdrawals."""

    participant: str = ""


@dataclass(frozen=True, slots=True)
class QueryUnbondingCollateralResponse:
    """Withdrawals."""

    unbondings: tuple[UnbondingCollateral, ...] = ()
