from chain.cosmos import coin_pb2 as _coin_pb2
from chain.cosmos import pagination_pb2 as _pagination_pb2
from chain.v1 import collateral_pb2 as _collateral_pb2
from chain.v1 import decimal_pb2 as _decimal_pb2
from chain.v1 import epochs_pb2 as _epochs_pb2
from chain.v1 import inference_pb2 as _inference_pb2
from chain.v1 import models_pb2 as _models_pb2
from chain.v1 import nodes_pb2 as _nodes_pb2
from chain.v1 import params_pb2 as _params_pb2
from chain.v1 import poc_pb2 as _poc_pb2
from chain.v1 import proposals_pb2 as _proposals_pb2
from chain.v1 import pricing_pb2 as _pricing_pb2
from chain.v1 import rewards_pb2 as _rewards_pb2
from chain.v1 import slashing_pb2 as _slashing_pb2
from chain.v1 import upgrades_pb2 as _upgrades_pb2
from chain.v1 import validation_pb2 as _validation_pb2
from chain.v1 import validators_pb2 as _validators_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class QueryParamsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class QueryParamsResponse(_message.Message):
    __slots__ = ("params",)
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    params: _params_pb2.Params
    def __init__(self, params: _Optional[_Union[_params_pb2.Params, _Mapping]] = ...) -> None: ...

class QueryModelRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class QueryModelResponse(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: _models_pb2.Model
    def __init__(self, model: _Optional[_Union[_models_pb2.Model, _Mapping]] = ...) -> None: ...

class QueryModelsAllRequest(_message.Message):
    __slots__ = ("pagination",)
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageRequest
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryModelsAllResponse(_message.Message):
    __slots__ = ("models", "pagination")
    MODELS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    models: _containers.RepeatedCompositeFieldContainer[_models_pb2.Model]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, models: _Optional[_Iterable[_Union[_models_pb2.Model, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryModelAlternativesRequest(_message.Message):
    __slots__ = ("model_id",)
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    def __init__(self, model_id: _Optional[str] = ...) -> None: ...

class QueryModelAlternativesResponse(_message.Message):
    __slots__ = ("alternative_models",)
    ALTERNATIVE_MODELS_FIELD_NUMBER: _ClassVar[int]
    alternative_models: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, alternative_models: _Optional[_Iterable[str]] = ...) -> None: ...

class QueryResolveModelRequest(_message.Message):
    __slots__ = ("model_id",)
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    def __init__(self, model_id: _Optional[str] = ...) -> None: ...

class QueryResolveModelResponse(_message.Message):
    __slots__ = ("model_id", "reachable_model_ids")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    REACHABLE_MODEL_IDS_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    reachable_model_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, model_id: _Optional[str] = ..., reachable_model_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class QueryParticipantRequest(_message.Message):
    __slots__ = ("index",)
    INDEX_FIELD_NUMBER: _ClassVar[int]
    index: str
    def __init__(self, index: _Optional[str] = ...) -> None: ...

class QueryParticipantResponse(_message.Message):
    __slots__ = ("participant",)
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    participant: _nodes_pb2.Participant
    def __init__(self, participant: _Optional[_Union[_nodes_pb2.Participant, _Mapping]] = ...) -> None: ...

class QueryParticipantAllRequest(_message.Message):
    __slots__ = ("pagination",)
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageRequest
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryParticipantAllResponse(_message.Message):
    __slots__ = ("participants", "pagination", "block_height")
    PARTICIPANTS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    participants: _containers.RepeatedCompositeFieldContainer[_nodes_pb2.Participant]
    pagination: _pagination_pb2.PageResponse
    block_height: int
    def __init__(self, participants: _Optional[_Iterable[_Union[_nodes_pb2.Participant, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ..., block_height: _Optional[int] = ...) -> None: ...

class QueryHardwareNodesRequest(_message.Message):
    __slots__ = ("participant",)
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    participant: str
    def __init__(self, participant: _Optional[str] = ...) -> None: ...

class QueryHardwareNodesResponse(_message.Message):
    __slots__ = ("nodes",)
    NODES_FIELD_NUMBER: _ClassVar[int]
    nodes: _nodes_pb2.HardwareNodes
    def __init__(self, nodes: _Optional[_Union[_nodes_pb2.HardwareNodes, _Mapping]] = ...) -> None: ...

class QueryHardwareNodesAllRequest(_message.Message):
    __slots__ = ("pagination",)
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageRequest
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryHardwareNodesAllResponse(_message.Message):
    __slots__ = ("nodes", "pagination")
    NODES_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    nodes: _containers.RepeatedCompositeFieldContainer[_nodes_pb2.HardwareNodes]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, nodes: _Optional[_Iterable[_Union[_nodes_pb2.HardwareNodes, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryCurrentEpochRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class QueryCurrentEpochResponse(_message.Message):
    __slots__ = ("epoch",)
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    epoch: _epochs_pb2.EpochInfo
    def __init__(self, epoch: _Optional[_Union[_epochs_pb2.EpochInfo, _Mapping]] = ...) -> None: ...

class QueryEpochGroupDataRequest(_message.Message):
    __slots__ = ("epoch_index", "model_id")
    EPOCH_INDEX_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    epoch_index: int
    model_id: str
    def __init__(self, epoch_index: _Optional[int] = ..., model_id: _Optional[str] = ...) -> None: ...

class QueryEpochGroupDataResponse(_message.Message):
    __slots__ = ("epoch_group_data",)
    EPOCH_GROUP_DATA_FIELD_NUMBER: _ClassVar[int]
    epoch_group_data: _epochs_pb2.EpochGroupData
    def __init__(self, epoch_group_data: _Optional[_Union[_epochs_pb2.EpochGroupData, _Mapping]] = ...) -> None: ...

class QueryCurrentEpochGroupDataRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class QueryCurrentEpochGroupDataResponse(_message.Message):
    __slots__ = ("epoch_group_data",)
    EPOCH_GROUP_DATA_FIELD_NUMBER: _ClassVar[int]
    epoch_group_data: _epochs_pb2.EpochGroupData
    def __init__(self, epoch_group_data: _Optional[_Union[_epochs_pb2.EpochGroupData, _Mapping]] = ...) -> None: ...

class QueryActiveParticipantsRequest(_message.Message):
    __slots__ = ("epoch_index",)
    EPOCH_INDEX_FIELD_NUMBER: _ClassVar[int]
    epoch_index: int
    def __init__(self, epoch_index: _Optional[int] = ...) -> None: ...

class QueryActiveParticipantsResponse(_message.Message):
    __slots__ = ("active_participants",)
    ACTIVE_PARTICIPANTS_FIELD_NUMBER: _ClassVar[int]
    active_participants: _epochs_pb2.ActiveParticipants
    def __init__(self, active_participants: _Optional[_Union[_epochs_pb2.ActiveParticipants, _Mapping]] = ...) -> None: ...

class QueryRandomSeedRequest(_message.Message):
    __slots__ = ("epoch_index", "participant")
    EPOCH_INDEX_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    epoch_index: int
    participant: str
    def __init__(self, epoch_index: _Optional[int] = ..., participant: _Optional[str] = ...) -> None: ...

class QueryRandomSeedResponse(_message.Message):
    __slots__ = ("seed",)
    SEED_FIELD_NUMBER: _ClassVar[int]
    seed: _epochs_pb2.RandomSeed
    def __init__(self, seed: _Optional[_Union[_epochs_pb2.RandomSeed, _Mapping]] = ...) -> None: ...

class QueryPocAdmissionsRequest(_message.Message):
    __slots__ = ("epoch_index",)
    EPOCH_INDEX_FIELD_NUMBER: _ClassVar[int]
    epoch_index: int
    def __init__(self, epoch_index: _Optional[int] = ...) -> None: ...

class QueryPocAdmissionsResponse(_message.Message):
    __slots__ = ("admissions",)
    ADMISSIONS_FIELD_NUMBER: _ClassVar[int]
    admissions: _poc_pb2.PocAdmissions
    def __init__(self, admissions: _Optional[_Union[_poc_pb2.PocAdmissions, _Mapping]] = ...) -> None: ...

class QueryPocBatchesForStageRequest(_message.Message):
    __slots__ = ("poc_stage_start_block_height", "pagination")
    POC_STAGE_START_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    poc_stage_start_block_height: int
    pagination: _pagination_pb2.PageRequest
    def __init__(self, poc_stage_start_block_height: _Optional[int] = ..., pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryPocBatchesForStageResponse(_message.Message):
    __slots__ = ("batches", "pagination")
    BATCHES_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    batches: _containers.RepeatedCompositeFieldContainer[_poc_pb2.PoCBatch]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, batches: _Optional[_Iterable[_Union[_poc_pb2.PoCBatch, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryPocValidationsForStageRequest(_message.Message):
    __slots__ = ("poc_stage_start_block_height", "pagination")
    POC_STAGE_START_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    poc_stage_start_block_height: int
    pagination: _pagination_pb2.PageRequest
    def __init__(self, poc_stage_start_block_height: _Optional[int] = ..., pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryPocValidationsForStageResponse(_message.Message):
    __slots__ = ("validations", "pagination")
    VALIDATIONS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    validations: _containers.RepeatedCompositeFieldContainer[_poc_pb2.PoCValidation]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, validations: _Optional[_Iterable[_Union[_poc_pb2.PoCValidation, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryNodeEligibilityRequest(_message.Message):
    __slots__ = ("participant", "node_id")
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    participant: str
    node_id: str
    def __init__(self, participant: _Optional[str] = ..., node_id: _Optional[str] = ...) -> None: ...

class QueryNodeEligibilityResponse(_message.Message):
    __slots__ = ("eligibility",)
    ELIGIBILITY_FIELD_NUMBER: _ClassVar[int]
    eligibility: _poc_pb2.NodeEligibility
    def __init__(self, eligibility: _Optional[_Union[_poc_pb2.NodeEligibility, _Mapping]] = ...) -> None: ...

class QueryGetRandomExecutorRequest(_message.Message):
    __slots__ = ("model", "request_id", "exclude")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXCLUDE_FIELD_NUMBER: _ClassVar[int]
    model: str
    request_id: str
    exclude: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, model: _Optional[str] = ..., request_id: _Optional[str] = ..., exclude: _Optional[_Iterable[str]] = ...) -> None: ...

class QueryGetRandomExecutorResponse(_message.Message):
    __slots__ = ("executor", "model_id")
    EXECUTOR_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    executor: _nodes_pb2.Participant
    model_id: str
    def __init__(self, executor: _Optional[_Union[_nodes_pb2.Participant, _Mapping]] = ..., model_id: _Optional[str] = ...) -> None: ...

class QueryInferenceRequest(_message.Message):
    __slots__ = ("index",)
    INDEX_FIELD_NUMBER: _ClassVar[int]
    index: str
    def __init__(self, index: _Optional[str] = ...) -> None: ...

class QueryInferenceResponse(_message.Message):
    __slots__ = ("inference",)
    INFERENCE_FIELD_NUMBER: _ClassVar[int]
    inference: _inference_pb2.Inference
    def __init__(self, inference: _Optional[_Union[_inference_pb2.Inference, _Mapping]] = ...) -> None: ...

class QueryInferenceAllRequest(_message.Message):
    __slots__ = ("pagination",)
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageRequest
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryInferenceAllResponse(_message.Message):
    __slots__ = ("inferences", "pagination")
    INFERENCES_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    inferences: _containers.RepeatedCompositeFieldContainer[_inference_pb2.Inference]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, inferences: _Optional[_Iterable[_Union[_inference_pb2.Inference, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryEpochPerformanceSummaryRequest(_message.Message):
    __slots__ = ("epoch_index", "participant_id")
    EPOCH_INDEX_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_ID_FIELD_NUMBER: _ClassVar[int]
    epoch_index: int
    participant_id: str
    def __init__(self, epoch_index: _Optional[int] = ..., participant_id: _Optional[str] = ...) -> None: ...

class QueryEpochPerformanceSummaryResponse(_message.Message):
    __slots__ = ("epoch_performance_summary",)
    EPOCH_PERFORMANCE_SUMMARY_FIELD_NUMBER: _ClassVar[int]
    epoch_performance_summary: _inference_pb2.EpochPerformanceSummary
    def __init__(self, epoch_performance_summary: _Optional[_Union[_inference_pb2.EpochPerformanceSummary, _Mapping]] = ...) -> None: ...

class QueryGetCurrentEpochRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class QueryGetCurrentEpochResponse(_message.Message):
    __slots__ = ("epoch",)
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    epoch: int
    def __init__(self, epoch: _Optional[int] = ...) -> None: ...

class QueryEpochInfoRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class QueryEpochInfoResponse(_message.Message):
    __slots__ = ("block_height", "params", "latest_epoch", "pending_epoch_params")
    BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    LATEST_EPOCH_FIELD_NUMBER: _ClassVar[int]
    PENDING_EPOCH_PARAMS_FIELD_NUMBER: _ClassVar[int]
    block_height: int
    params: _params_pb2.Params
    latest_epoch: _epochs_pb2.Epoch
    pending_epoch_params: _params_pb2.EpochParams
    def __init__(self, block_height: _Optional[int] = ..., params: _Optional[_Union[_params_pb2.Params, _Mapping]] = ..., latest_epoch: _Optional[_Union[_epochs_pb2.Epoch, _Mapping]] = ..., pending_epoch_params: _Optional[_Union[_params_pb2.EpochParams, _Mapping]] = ...) -> None: ...

class QueryCountPoCbatchesAtHeightRequest(_message.Message):
    __slots__ = ("block_height",)
    BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    block_height: int
    def __init__(self, block_height: _Optional[int] = ...) -> None: ...

class QueryCountPoCbatchesAtHeightResponse(_message.Message):
    __slots__ = ("count",)
    COUNT_FIELD_NUMBER: _ClassVar[int]
    count: int
    def __init__(self, count: _Optional[int] = ...) -> None: ...

class QueryCountPoCvalidationsAtHeightRequest(_message.Message):
    __slots__ = ("block_height",)
    BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    block_height: int
    def __init__(self, block_height: _Optional[int] = ...) -> None: ...

class QueryCountPoCvalidationsAtHeightResponse(_message.Message):
    __slots__ = ("count",)
    COUNT_FIELD_NUMBER: _ClassVar[int]
    count: int
    def __init__(self, count: _Optional[int] = ...) -> None: ...

class QueryInferenceTimeoutRequest(_message.Message):
    __slots__ = ("expiration_height", "inference_id")
    EXPIRATION_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    INFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    expiration_height: int
    inference_id: str
    def __init__(self, expiration_height: _Optional[int] = ..., inference_id: _Optional[str] = ...) -> None: ...

class QueryInferenceTimeoutResponse(_message.Message):
    __slots__ = ("inference_timeout",)
    INFERENCE_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    inference_timeout: _inference_pb2.InferenceTimeout
    def __init__(self, inference_timeout: _Optional[_Union[_inference_pb2.InferenceTimeout, _Mapping]] = ...) -> None: ...

class QueryInferenceValidationDetailsRequest(_message.Message):
    __slots__ = ("epoch_id", "inference_id")
    EPOCH_ID_FIELD_NUMBER: _ClassVar[int]
    INFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    epoch_id: int
    inference_id: str
    def __init__(self, epoch_id: _Optional[int] = ..., inference_id: _Optional[str] = ...) -> None: ...

class QueryInferenceValidationDetailsResponse(_message.Message):
    __slots__ = ("inference_validation_details",)
    INFERENCE_VALIDATION_DETAILS_FIELD_NUMBER: _ClassVar[int]
    inference_validation_details: _inference_pb2.InferenceValidationDetails
    def __init__(self, inference_validation_details: _Optional[_Union[_inference_pb2.InferenceValidationDetails, _Mapping]] = ...) -> None: ...

class QueryEpochGroupDataAllRequest(_message.Message):
    __slots__ = ("pagination",)
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageRequest
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryEpochGroupDataAllResponse(_message.Message):
    __slots__ = ("epoch_group_data", "pagination")
    EPOCH_GROUP_DATA_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    epoch_group_data: _containers.RepeatedCompositeFieldContainer[_epochs_pb2.EpochGroupData]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, epoch_group_data: _Optional[_Iterable[_Union[_epochs_pb2.EpochGroupData, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryInferenceTimeoutAllRequest(_message.Message):
    __slots__ = ("pagination",)
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageRequest
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryInferenceTimeoutAllResponse(_message.Message):
    __slots__ = ("inference_timeouts", "pagination")
    INFERENCE_TIMEOUTS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    inference_timeouts: _containers.RepeatedCompositeFieldContainer[_inference_pb2.InferenceTimeout]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, inference_timeouts: _Optional[_Iterable[_Union[_inference_pb2.InferenceTimeout, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryInferenceValidationDetailsAllRequest(_message.Message):
    __slots__ = ("pagination",)
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageRequest
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryInferenceValidationDetailsAllResponse(_message.Message):
    __slots__ = ("inference_validation_details", "pagination")
    INFERENCE_VALIDATION_DETAILS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    inference_validation_details: _containers.RepeatedCompositeFieldContainer[_inference_pb2.InferenceValidationDetails]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, inference_validation_details: _Optional[_Iterable[_Union[_inference_pb2.InferenceValidationDetails, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryEpochPerformanceSummaryAllRequest(_message.Message):
    __slots__ = ("pagination", "participant_id")
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_ID_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageRequest
    participant_id: str
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ..., participant_id: _Optional[str] = ...) -> None: ...

class QueryEpochPerformanceSummaryAllResponse(_message.Message):
    __slots__ = ("epoch_performance_summaries", "pagination")
    EPOCH_PERFORMANCE_SUMMARIES_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    epoch_performance_summaries: _containers.RepeatedCompositeFieldContainer[_inference_pb2.EpochPerformanceSummary]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, epoch_performance_summaries: _Optional[_Iterable[_Union[_inference_pb2.EpochPerformanceSummary, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryInferenceParticipantRequest(_message.Message):
    __slots__ = ("address",)
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    address: str
    def __init__(self, address: _Optional[str] = ...) -> None: ...

class QueryInferenceParticipantResponse(_message.Message):
    __slots__ = ("pubkey", "balance", "key_type")
    PUBKEY_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    KEY_TYPE_FIELD_NUMBER: _ClassVar[int]
    pubkey: str
    balance: _coin_pb2.Coin
    key_type: str
    def __init__(self, pubkey: _Optional[str] = ..., balance: _Optional[_Union[_coin_pb2.Coin, _Mapping]] = ..., key_type: _Optional[str] = ...) -> None: ...

class Downtime(_message.Message):
    __slots__ = ("missed_requests", "sample_size", "missed_share", "is_downtime")
    MISSED_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_SIZE_FIELD_NUMBER: _ClassVar[int]
    MISSED_SHARE_FIELD_NUMBER: _ClassVar[int]
    IS_DOWNTIME_FIELD_NUMBER: _ClassVar[int]
    missed_requests: int
    sample_size: int
    missed_share: _decimal_pb2.Decimal
    is_downtime: bool
    def __init__(self, missed_requests: _Optional[int] = ..., sample_size: _Optional[int] = ..., missed_share: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., is_downtime: _Optional[bool] = ...) -> None: ...

class ParticipantCurrentStats(_message.Message):
    __slots__ = ("participant_id", "weight", "reputation", "downtime")
    PARTICIPANT_ID_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    REPUTATION_FIELD_NUMBER: _ClassVar[int]
    DOWNTIME_FIELD_NUMBER: _ClassVar[int]
    participant_id: str
    weight: int
    reputation: int
    downtime: Downtime
    def __init__(self, participant_id: _Optional[str] = ..., weight: _Optional[int] = ..., reputation: _Optional[int] = ..., downtime: _Optional[_Union[Downtime, _Mapping]] = ...) -> None: ...

class QueryGetParticipantCurrentStatsRequest(_message.Message):
    __slots__ = ("participant_id",)
    PARTICIPANT_ID_FIELD_NUMBER: _ClassVar[int]
    participant_id: str
    def __init__(self, participant_id: _Optional[str] = ...) -> None: ...

class QueryGetParticipantCurrentStatsResponse(_message.Message):
    __slots__ = ("weight", "reputation", "downtime")
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    REPUTATION_FIELD_NUMBER: _ClassVar[int]
    DOWNTIME_FIELD_NUMBER: _ClassVar[int]
    weight: int
    reputation: int
    downtime: Downtime
    def __init__(self, weight: _Optional[int] = ..., reputation: _Optional[int] = ..., downtime: _Optional[_Union[Downtime, _Mapping]] = ...) -> None: ...

class QueryGetAllParticipantCurrentStatsRequest(_message.Message):
    __slots__ = ("pagination",)
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageRequest
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryGetAllParticipantCurrentStatsResponse(_message.Message):
    __slots__ = ("participant_current_stats", "block_height", "epoch_id", "pagination")
    PARTICIPANT_CURRENT_STATS_FIELD_NUMBER: _ClassVar[int]
    BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    EPOCH_ID_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    participant_current_stats: _containers.RepeatedCompositeFieldContainer[ParticipantCurrentStats]
    block_height: int
    epoch_id: int
    pagination: _pagination_pb2.PageResponse
    def __init__(self, participant_current_stats: _Optional[_Iterable[_Union[ParticipantCurrentStats, _Mapping]]] = ..., block_height: _Optional[int] = ..., epoch_id: _Optional[int] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class ParticipantFullStats(_message.Message):
    __slots__ = ("account_address", "reputation", "earned_coins_current_epoch", "rewarded_coins_latest_epoch", "epochs_completed", "weight", "status", "current_epoch_stats", "downtime", "jailed")
    ACCOUNT_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    REPUTATION_FIELD_NUMBER: _ClassVar[int]
    EARNED_COINS_CURRENT_EPOCH_FIELD_NUMBER: _ClassVar[int]
    REWARDED_COINS_LATEST_EPOCH_FIELD_NUMBER: _ClassVar[int]
    EPOCHS_COMPLETED_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CURRENT_EPOCH_STATS_FIELD_NUMBER: _ClassVar[int]
    DOWNTIME_FIELD_NUMBER: _ClassVar[int]
    JAILED_FIELD_NUMBER: _ClassVar[int]
    account_address: str
    reputation: int
    earned_coins_current_epoch: int
    rewarded_coins_latest_epoch: int
    epochs_completed: int
    weight: int
    status: _nodes_pb2.ParticipantStatus
    current_epoch_stats: _nodes_pb2.CurrentEpochStats
    downtime: Downtime
    jailed: bool
    def __init__(self, account_address: _Optional[str] = ..., reputation: _Optional[int] = ..., earned_coins_current_epoch: _Optional[int] = ..., rewarded_coins_latest_epoch: _Optional[int] = ..., epochs_completed: _Optional[int] = ..., weight: _Optional[int] = ..., status: _Optional[_Union[_nodes_pb2.ParticipantStatus, str]] = ..., current_epoch_stats: _Optional[_Union[_nodes_pb2.CurrentEpochStats, _Mapping]] = ..., downtime: _Optional[_Union[Downtime, _Mapping]] = ..., jailed: _Optional[bool] = ...) -> None: ...

class QueryGetParticipantsFullStatsRequest(_message.Message):
    __slots__ = ("pagination",)
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageRequest
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryGetParticipantsFullStatsResponse(_message.Message):
    __slots__ = ("participants_stats", "pagination")
    PARTICIPANTS_STATS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    participants_stats: _containers.RepeatedCompositeFieldContainer[ParticipantFullStats]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, participants_stats: _Optional[_Iterable[_Union[ParticipantFullStats, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryDeveloperStatsRequest(_message.Message):
    __slots__ = ("developer", "epoch_from", "epoch_to", "time_from", "time_to", "pagination")
    DEVELOPER_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FROM_FIELD_NUMBER: _ClassVar[int]
    EPOCH_TO_FIELD_NUMBER: _ClassVar[int]
    TIME_FROM_FIELD_NUMBER: _ClassVar[int]
    TIME_TO_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    developer: str
    epoch_from: int
    epoch_to: int
    time_from: int
    time_to: int
    pagination: _pagination_pb2.PageRequest
    def __init__(self, developer: _Optional[str] = ..., epoch_from: _Optional[int] = ..., epoch_to: _Optional[int] = ..., time_from: _Optional[int] = ..., time_to: _Optional[int] = ..., pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryDeveloperStatsResponse(_message.Message):
    __slots__ = ("developer_stats", "total", "pagination")
    DEVELOPER_STATS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    developer_stats: _containers.RepeatedCompositeFieldContainer[_inference_pb2.DeveloperStats]
    total: _inference_pb2.DeveloperStats
    pagination: _pagination_pb2.PageResponse
    def __init__(self, developer_stats: _Optional[_Iterable[_Union[_inference_pb2.DeveloperStats, _Mapping]]] = ..., total: _Optional[_Union[_inference_pb2.DeveloperStats, _Mapping]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryCountParticipantsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class QueryCountParticipantsResponse(_message.Message):
    __slots__ = ("total",)
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    total: int
    def __init__(self, total: _Optional[int] = ...) -> None: ...

class QueryCollateralParamsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class QueryCollateralParamsResponse(_message.Message):
    __slots__ = ("params",)
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    params: _params_pb2.CollateralParams
    def __init__(self, params: _Optional[_Union[_params_pb2.CollateralParams, _Mapping]] = ...) -> None: ...

class QueryAllCollateralsRequest(_message.Message):
    __slots__ = ("pagination",)
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageRequest
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryAllCollateralsResponse(_message.Message):
    __slots__ = ("collaterals", "pagination")
    COLLATERALS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    collaterals: _containers.RepeatedCompositeFieldContainer[_collateral_pb2.Collateral]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, collaterals: _Optional[_Iterable[_Union[_collateral_pb2.Collateral, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryAllUnbondingCollateralsRequest(_message.Message):
    __slots__ = ("pagination",)
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageRequest
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryAllUnbondingCollateralsResponse(_message.Message):
    __slots__ = ("unbondings", "pagination")
    UNBONDINGS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    unbondings: _containers.RepeatedCompositeFieldContainer[_collateral_pb2.UnbondingCollateral]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, unbondings: _Optional[_Iterable[_Union[_collateral_pb2.UnbondingCollateral, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryCollateralRequest(_message.Message):
    __slots__ = ("participant",)
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    participant: str
    def __init__(self, participant: _Optional[str] = ...) -> None: ...

class QueryCollateralResponse(_message.Message):
    __slots__ = ("amount",)
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    amount: _coin_pb2.Coin
    def __init__(self, amount: _Optional[_Union[_coin_pb2.Coin, _Mapping]] = ...) -> None: ...

class QueryUnbondingCollateralRequest(_message.Message):
    __slots__ = ("participant",)
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    participant: str
    def __init__(self, participant: _Optional[str] = ...) -> None: ...

class QueryUnbondingCollateralResponse(_message.Message):
    __slots__ = ("unbondings",)
    UNBONDINGS_FIELD_NUMBER: _ClassVar[int]
    unbondings: _containers.RepeatedCompositeFieldContainer[_collateral_pb2.UnbondingCollateral]
    def __init__(self, unbondings: _Optional[_Iterable[_Union[_collateral_pb2.UnbondingCollateral, _Mapping]]] = ...) -> None: ...

class QueryJailingRequest(_message.Message):
    __slots__ = ("participant",)
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    participant: str
    def __init__(self, participant: _Optional[str] = ...) -> None: ...

class QueryJailingResponse(_message.Message):
    __slots__ = ("jailing",)
    JAILING_FIELD_NUMBER: _ClassVar[int]
    jailing: _slashing_pb2.Jailing
    def __init__(self, jailing: _Optional[_Union[_slashing_pb2.Jailing, _Mapping]] = ...) -> None: ...

class QueryJailingAllRequest(_message.Message):
    __slots__ = ("pagination",)
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageRequest
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryJailingAllResponse(_message.Message):
    __slots__ = ("jailings", "pagination")
    JAILINGS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    jailings: _containers.RepeatedCompositeFieldContainer[_slashing_pb2.Jailing]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, jailings: _Optional[_Iterable[_Union[_slashing_pb2.Jailing, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryValidatorsRequest(_message.Message):
    __slots__ = ("pagination",)
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageRequest
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryValidatorsResponse(_message.Message):
    __slots__ = ("validators", "pagination")
    VALIDATORS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    validators: _containers.RepeatedCompositeFieldContainer[_validators_pb2.Validator]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, validators: _Optional[_Iterable[_Union[_validators_pb2.Validator, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QuerySettleAmountRequest(_message.Message):
    __slots__ = ("participant",)
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    participant: str
    def __init__(self, participant: _Optional[str] = ...) -> None: ...

class QuerySettleAmountResponse(_message.Message):
    __slots__ = ("settle_amount",)
    SETTLE_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    settle_amount: _rewards_pb2.SettleAmount
    def __init__(self, settle_amount: _Optional[_Union[_rewards_pb2.SettleAmount, _Mapping]] = ...) -> None: ...

class QuerySettleAmountAllRequest(_message.Message):
    __slots__ = ("pagination",)
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageRequest
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QuerySettleAmountAllResponse(_message.Message):
    __slots__ = ("settle_amounts", "pagination")
    SETTLE_AMOUNTS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    settle_amounts: _containers.RepeatedCompositeFieldContainer[_rewards_pb2.SettleAmount]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, settle_amounts: _Optional[_Iterable[_Union[_rewards_pb2.SettleAmount, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryTokenomicsDataRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class QueryTokenomicsDataResponse(_message.Message):
    __slots__ = ("tokenomics_data", "supply", "remaining_rewards")
    TOKENOMICS_DATA_FIELD_NUMBER: _ClassVar[int]
    SUPPLY_FIELD_NUMBER: _ClassVar[int]
    REMAINING_REWARDS_FIELD_NUMBER: _ClassVar[int]
    tokenomics_data: _rewards_pb2.TokenomicsData
    supply: _coin_pb2.Coin
    remaining_rewards: int
    def __init__(self, tokenomics_data: _Optional[_Union[_rewards_pb2.TokenomicsData, _Mapping]] = ..., supply: _Optional[_Union[_coin_pb2.Coin, _Mapping]] = ..., remaining_rewards: _Optional[int] = ...) -> None: ...

class QueryEpochRewardRequest(_message.Message):
    __slots__ = ("epoch_index",)
    EPOCH_INDEX_FIELD_NUMBER: _ClassVar[int]
    epoch_index: int
    def __init__(self, epoch_index: _Optional[int] = ...) -> None: ...

class QueryEpochRewardResponse(_message.Message):
    __slots__ = ("epoch_reward",)
    EPOCH_REWARD_FIELD_NUMBER: _ClassVar[int]
    epoch_reward: int
    def __init__(self, epoch_reward: _Optional[int] = ...) -> None: ...

class QueryProposalRequest(_message.Message):
    __slots__ = ("proposal_id",)
    PROPOSAL_ID_FIELD_NUMBER: _ClassVar[int]
    proposal_id: int
    def __init__(self, proposal_id: _Optional[int] = ...) -> None: ...

class QueryProposalResponse(_message.Message):
    __slots__ = ("proposal",)
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    proposal: _proposals_pb2.Proposal
    def __init__(self, proposal: _Optional[_Union[_proposals_pb2.Proposal, _Mapping]] = ...) -> None: ...

class QueryProposalAllRequest(_message.Message):
    __slots__ = ("pagination",)
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageRequest
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryProposalAllResponse(_message.Message):
    __slots__ = ("proposals", "pagination")
    PROPOSALS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    proposals: _containers.RepeatedCompositeFieldContainer[_proposals_pb2.Proposal]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, proposals: _Optional[_Iterable[_Union[_proposals_pb2.Proposal, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryProposalVotesRequest(_message.Message):
    __slots__ = ("proposal_id", "pagination")
    PROPOSAL_ID_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    proposal_id: int
    pagination: _pagination_pb2.PageRequest
    def __init__(self, proposal_id: _Optional[int] = ..., pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryProposalVotesResponse(_message.Message):
    __slots__ = ("votes", "pagination")
    VOTES_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    votes: _containers.RepeatedCompositeFieldContainer[_proposals_pb2.Vote]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, votes: _Optional[_Iterable[_Union[_proposals_pb2.Vote, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryGetInferenceValidationParametersRequest(_message.Message):
    __slots__ = ("ids", "requester")
    IDS_FIELD_NUMBER: _ClassVar[int]
    REQUESTER_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedScalarFieldContainer[str]
    requester: str
    def __init__(self, ids: _Optional[_Iterable[str]] = ..., requester: _Optional[str] = ...) -> None: ...

class QueryGetInferenceValidationParametersResponse(_message.Message):
    __slots__ = ("details", "validator_powers", "parameters", "block_height", "epoch_parameters")
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    VALIDATOR_POWERS_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    EPOCH_PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    details: _containers.RepeatedCompositeFieldContainer[_inference_pb2.InferenceValidationDetails]
    validator_powers: _containers.RepeatedCompositeFieldContainer[_validation_pb2.ValidatorPower]
    parameters: _params_pb2.ValidationParams
    block_height: int
    epoch_parameters: _containers.RepeatedCompositeFieldContainer[EpochValidationParams]
    def __init__(self, details: _Optional[_Iterable[_Union[_inference_pb2.InferenceValidationDetails, _Mapping]]] = ..., validator_powers: _Optional[_Iterable[_Union[_validation_pb2.ValidatorPower, _Mapping]]] = ..., parameters: _Optional[_Union[_params_pb2.ValidationParams, _Mapping]] = ..., block_height: _Optional[int] = ..., epoch_parameters: _Optional[_Iterable[_Union[EpochValidationParams, _Mapping]]] = ...) -> None: ...

class EpochValidationParams(_message.Message):
    __slots__ = ("epoch_index", "parameters")
    EPOCH_INDEX_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    epoch_index: int
    parameters: _params_pb2.ValidationParams
    def __init__(self, epoch_index: _Optional[int] = ..., parameters: _Optional[_Union[_params_pb2.ValidationParams, _Mapping]] = ...) -> None: ...

class QueryEpochGroupValidationsRequest(_message.Message):
    __slots__ = ("participant", "epoch_index")
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    EPOCH_INDEX_FIELD_NUMBER: _ClassVar[int]
    participant: str
    epoch_index: int
    def __init__(self, participant: _Optional[str] = ..., epoch_index: _Optional[int] = ...) -> None: ...

class QueryEpochGroupValidationsResponse(_message.Message):
    __slots__ = ("epoch_group_validations",)
    EPOCH_GROUP_VALIDATIONS_FIELD_NUMBER: _ClassVar[int]
    epoch_group_validations: _validation_pb2.EpochGroupValidations
    def __init__(self, epoch_group_validations: _Optional[_Union[_validation_pb2.EpochGroupValidations, _Mapping]] = ...) -> None: ...

class QueryEpochGroupValidationsAllRequest(_message.Message):
    __slots__ = ("pagination",)
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageRequest
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryEpochGroupValidationsAllResponse(_message.Message):
    __slots__ = ("inference_validations", "pagination")
    INFERENCE_VALIDATIONS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    inference_validations: _containers.RepeatedCompositeFieldContainer[_validation_pb2.InferenceValidation]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, inference_validations: _Optional[_Iterable[_Union[_validation_pb2.InferenceValidation, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryInferenceVoteRequest(_message.Message):
    __slots__ = ("inference_id",)
    INFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    inference_id: str
    def __init__(self, inference_id: _Optional[str] = ...) -> None: ...

class QueryInferenceVoteResponse(_message.Message):
    __slots__ = ("inference_vote",)
    INFERENCE_VOTE_FIELD_NUMBER: _ClassVar[int]
    inference_vote: _validation_pb2.InferenceVote
    def __init__(self, inference_vote: _Optional[_Union[_validation_pb2.InferenceVote, _Mapping]] = ...) -> None: ...

class QueryInferenceVoteAllRequest(_message.Message):
    __slots__ = ("pagination",)
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageRequest
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryInferenceVoteAllResponse(_message.Message):
    __slots__ = ("inference_votes", "pagination")
    INFERENCE_VOTES_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    inference_votes: _containers.RepeatedCompositeFieldContainer[_validation_pb2.InferenceVote]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, inference_votes: _Optional[_Iterable[_Union[_validation_pb2.InferenceVote, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryGetMinimumValidationAverageRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class QueryGetMinimumValidationAverageResponse(_message.Message):
    __slots__ = ("traffic_basis", "minimum_validation_average", "block_height")
    TRAFFIC_BASIS_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_VALIDATION_AVERAGE_FIELD_NUMBER: _ClassVar[int]
    BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    traffic_basis: int
    minimum_validation_average: _decimal_pb2.Decimal
    block_height: int
    def __init__(self, traffic_basis: _Optional[int] = ..., minimum_validation_average: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., block_height: _Optional[int] = ...) -> None: ...

class TokenPrice(_message.Message):
    __slots__ = ("model_id", "price", "input_token_price", "output_token_price")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    INPUT_TOKEN_PRICE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKEN_PRICE_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    price: int
    input_token_price: int
    output_token_price: int
    def __init__(self, model_id: _Optional[str] = ..., price: _Optional[int] = ..., input_token_price: _Optional[int] = ..., output_token_price: _Optional[int] = ...) -> None: ...

class QueryGetModelPerTokenPriceRequest(_message.Message):
    __slots__ = ("model_id",)
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    def __init__(self, model_id: _Optional[str] = ...) -> None: ...

class QueryGetModelPerTokenPriceResponse(_message.Message):
    __slots__ = ("token_price",)
    TOKEN_PRICE_FIELD_NUMBER: _ClassVar[int]
    token_price: TokenPrice
    def __init__(self, token_price: _Optional[_Union[TokenPrice, _Mapping]] = ...) -> None: ...

class QueryGetModelPerTokenPriceAllRequest(_message.Message):
    __slots__ = ("pagination",)
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageRequest
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryGetModelPerTokenPriceAllResponse(_message.Message):
    __slots__ = ("token_prices", "pagination")
    TOKEN_PRICES_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    token_prices: _containers.RepeatedCompositeFieldContainer[TokenPrice]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, token_prices: _Optional[_Iterable[_Union[TokenPrice, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class ModelCapacity(_message.Message):
    __slots__ = ("model_id", "capacity", "tokens_in_window")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_FIELD_NUMBER: _ClassVar[int]
    TOKENS_IN_WINDOW_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    capacity: int
    tokens_in_window: int
    def __init__(self, model_id: _Optional[str] = ..., capacity: _Optional[int] = ..., tokens_in_window: _Optional[int] = ...) -> None: ...

class QueryGetModelCapacityRequest(_message.Message):
    __slots__ = ("model_id",)
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    def __init__(self, model_id: _Optional[str] = ...) -> None: ...

class QueryGetModelCapacityResponse(_message.Message):
    __slots__ = ("model_capacity",)
    MODEL_CAPACITY_FIELD_NUMBER: _ClassVar[int]
    model_capacity: ModelCapacity
    def __init__(self, model_capacity: _Optional[_Union[ModelCapacity, _Mapping]] = ...) -> None: ...

class QueryGetModelCapacityAllRequest(_message.Message):
    __slots__ = ("pagination",)
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageRequest
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryGetModelCapacityAllResponse(_message.Message):
    __slots__ = ("model_capacities", "pagination")
    MODEL_CAPACITIES_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    model_capacities: _containers.RepeatedCompositeFieldContainer[ModelCapacity]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, model_capacities: _Optional[_Iterable[_Union[ModelCapacity, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryGetUnitOfComputePriceProposalRequest(_message.Message):
    __slots__ = ("participant",)
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    participant: str
    def __init__(self, participant: _Optional[str] = ...) -> None: ...

class QueryGetUnitOfComputePriceProposalResponse(_message.Message):
    __slots__ = ("proposal", "default_price")
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_PRICE_FIELD_NUMBER: _ClassVar[int]
    proposal: _pricing_pb2.UnitOfComputePriceProposal
    default_price: int
    def __init__(self, proposal: _Optional[_Union[_pricing_pb2.UnitOfComputePriceProposal, _Mapping]] = ..., default_price: _Optional[int] = ...) -> None: ...

class QueryUnitOfComputePriceProposalAllRequest(_message.Message):
    __slots__ = ("pagination",)
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageRequest
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryUnitOfComputePriceProposalAllResponse(_message.Message):
    __slots__ = ("proposals", "pagination")
    PROPOSALS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    proposals: _containers.RepeatedCompositeFieldContainer[_pricing_pb2.UnitOfComputePriceProposal]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, proposals: _Optional[_Iterable[_Union[_pricing_pb2.UnitOfComputePriceProposal, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryUpgradePlanRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class QueryUpgradePlanResponse(_message.Message):
    __slots__ = ("plan",)
    PLAN_FIELD_NUMBER: _ClassVar[int]
    plan: _upgrades_pb2.UpgradePlan
    def __init__(self, plan: _Optional[_Union[_upgrades_pb2.UpgradePlan, _Mapping]] = ...) -> None: ...

class QueryAppliedUpgradeAllRequest(_message.Message):
    __slots__ = ("pagination",)
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageRequest
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryAppliedUpgradeAllResponse(_message.Message):
    __slots__ = ("upgrades", "pagination")
    UPGRADES_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    upgrades: _containers.RepeatedCompositeFieldContainer[_upgrades_pb2.AppliedUpgrade]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, upgrades: _Optional[_Iterable[_Union[_upgrades_pb2.AppliedUpgrade, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...

class QueryRoomVersionAllRequest(_message.Message):
    __slots__ = ("pagination",)
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    pagination: _pagination_pb2.PageRequest
    def __init__(self, pagination: _Optional[_Union[_pagination_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class QueryRoomVersionAllResponse(_message.Message):
    __slots__ = ("versions", "pagination")
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    versions: _containers.RepeatedCompositeFieldContainer[_upgrades_pb2.RoomVersion]
    pagination: _pagination_pb2.PageResponse
    def __init__(self, versions: _Optional[_Iterable[_Union[_upgrades_pb2.RoomVersion, _Mapping]]] = ..., pagination: _Optional[_Union[_pagination_pb2.PageResponse, _Mapping]] = ...) -> None: ...
