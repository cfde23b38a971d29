from chain.v1 import models_pb2 as _models_pb2
from chain.v1 import params_pb2 as _params_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EpochPhase(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EPOCH_PHASE_INFERENCE: _ClassVar[EpochPhase]
    EPOCH_PHASE_POC_GENERATE: _ClassVar[EpochPhase]
    EPOCH_PHASE_POC_GENERATE_WIND_DOWN: _ClassVar[EpochPhase]
    EPOCH_PHASE_POC_VALIDATE: _ClassVar[EpochPhase]
    EPOCH_PHASE_POC_VALIDATE_WIND_DOWN: _ClassVar[EpochPhase]
EPOCH_PHASE_INFERENCE: EpochPhase
EPOCH_PHASE_POC_GENERATE: EpochPhase
EPOCH_PHASE_POC_GENERATE_WIND_DOWN: EpochPhase
EPOCH_PHASE_POC_VALIDATE: EpochPhase
EPOCH_PHASE_POC_VALIDATE_WIND_DOWN: EpochPhase

class Epoch(_message.Message):
    __slots__ = ("index", "poc_start_block_height")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    POC_START_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    index: int
    poc_start_block_height: int
    def __init__(self, index: _Optional[int] = ..., poc_start_block_height: _Optional[int] = ...) -> None: ...

class EpochInfo(_message.Message):
    __slots__ = ("block_height", "effective_epoch_index", "latest_epoch_index", "phase", "poc_start_block_height", "generation_wind_down_block_height", "generation_end_block_height", "exchange_deadline_block_height", "validation_start_block_height", "validation_wind_down_block_height", "validation_end_block_height", "set_new_validators_block_height", "claim_block_height", "next_poc_start_block_height", "epoch_index")
    BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_EPOCH_INDEX_FIELD_NUMBER: _ClassVar[int]
    LATEST_EPOCH_INDEX_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    POC_START_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    GENERATION_WIND_DOWN_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    GENERATION_END_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    EXCHANGE_DEADLINE_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    VALIDATION_START_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    VALIDATION_WIND_DOWN_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    VALIDATION_END_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    SET_NEW_VALIDATORS_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    CLAIM_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    NEXT_POC_START_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    EPOCH_INDEX_FIELD_NUMBER: _ClassVar[int]
    block_height: int
    effective_epoch_index: int
    latest_epoch_index: int
    phase: EpochPhase
    poc_start_block_height: int
    generation_wind_down_block_height: int
    generation_end_block_height: int
    exchange_deadline_block_height: int
    validation_start_block_height: int
    validation_wind_down_block_height: int
    validation_end_block_height: int
    set_new_validators_block_height: int
    claim_block_height: int
    next_poc_start_block_height: int
    epoch_index: int
    def __init__(self, block_height: _Optional[int] = ..., effective_epoch_index: _Optional[int] = ..., latest_epoch_index: _Optional[int] = ..., phase: _Optional[_Union[EpochPhase, str]] = ..., poc_start_block_height: _Optional[int] = ..., generation_wind_down_block_height: _Optional[int] = ..., generation_end_block_height: _Optional[int] = ..., exchange_deadline_block_height: _Optional[int] = ..., validation_start_block_height: _Optional[int] = ..., validation_wind_down_block_height: _Optional[int] = ..., validation_end_block_height: _Optional[int] = ..., set_new_validators_block_height: _Optional[int] = ..., claim_block_height: _Optional[int] = ..., next_poc_start_block_height: _Optional[int] = ..., epoch_index: _Optional[int] = ...) -> None: ...

class MLNodeInfo(_message.Message):
    __slots__ = ("node_id", "throughput", "poc_weight", "timeslot_allocation")
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    THROUGHPUT_FIELD_NUMBER: _ClassVar[int]
    POC_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    TIMESLOT_ALLOCATION_FIELD_NUMBER: _ClassVar[int]
    node_id: str
    throughput: int
    poc_weight: int
    timeslot_allocation: _containers.RepeatedScalarFieldContainer[bool]
    def __init__(self, node_id: _Optional[str] = ..., throughput: _Optional[int] = ..., poc_weight: _Optional[int] = ..., timeslot_allocation: _Optional[_Iterable[bool]] = ...) -> None: ...

class SeedSignature(_message.Message):
    __slots__ = ("member_address", "signature")
    MEMBER_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    member_address: str
    signature: str
    def __init__(self, member_address: _Optional[str] = ..., signature: _Optional[str] = ...) -> None: ...

class ValidationWeight(_message.Message):
    __slots__ = ("member_address", "weight", "reputation", "ml_nodes")
    MEMBER_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    REPUTATION_FIELD_NUMBER: _ClassVar[int]
    ML_NODES_FIELD_NUMBER: _ClassVar[int]
    member_address: str
    weight: int
    reputation: int
    ml_nodes: _containers.RepeatedCompositeFieldContainer[MLNodeInfo]
    def __init__(self, member_address: _Optional[str] = ..., weight: _Optional[int] = ..., reputation: _Optional[int] = ..., ml_nodes: _Optional[_Iterable[_Union[MLNodeInfo, _Mapping]]] = ...) -> None: ...

class EpochGroupData(_message.Message):
    __slots__ = ("poc_start_block_height", "effective_block_height", "last_block_height", "member_seed_signatures", "validation_weights", "unit_of_compute_price", "number_of_requests", "previous_epoch_requests", "total_weight", "model_id", "sub_group_models", "epoch_index", "model_snapshot", "validation_params", "total_throughput", "validation_cutoff_block_height")
    POC_START_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    LAST_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    MEMBER_SEED_SIGNATURES_FIELD_NUMBER: _ClassVar[int]
    VALIDATION_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    UNIT_OF_COMPUTE_PRICE_FIELD_NUMBER: _ClassVar[int]
    NUMBER_OF_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_EPOCH_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    SUB_GROUP_MODELS_FIELD_NUMBER: _ClassVar[int]
    EPOCH_INDEX_FIELD_NUMBER: _ClassVar[int]
    MODEL_SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    VALIDATION_PARAMS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_THROUGHPUT_FIELD_NUMBER: _ClassVar[int]
    VALIDATION_CUTOFF_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    poc_start_block_height: int
    effective_block_height: int
    last_block_height: int
    member_seed_signatures: _containers.RepeatedCompositeFieldContainer[SeedSignature]
    validation_weights: _containers.RepeatedCompositeFieldContainer[ValidationWeight]
    unit_of_compute_price: int
    number_of_requests: int
    previous_epoch_requests: int
    total_weight: int
    model_id: str
    sub_group_models: _containers.RepeatedScalarFieldContainer[str]
    epoch_index: int
    model_snapshot: _models_pb2.Model
    validation_params: _params_pb2.ValidationParams
    total_throughput: int
    validation_cutoff_block_height: int
    def __init__(self, poc_start_block_height: _Optional[int] = ..., effective_block_height: _Optional[int] = ..., last_block_height: _Optional[int] = ..., member_seed_signatures: _Optional[_Iterable[_Union[SeedSignature, _Mapping]]] = ..., validation_weights: _Optional[_Iterable[_Union[ValidationWeight, _Mapping]]] = ..., unit_of_compute_price: _Optional[int] = ..., number_of_requests: _Optional[int] = ..., previous_epoch_requests: _Optional[int] = ..., total_weight: _Optional[int] = ..., model_id: _Optional[str] = ..., sub_group_models: _Optional[_Iterable[str]] = ..., epoch_index: _Optional[int] = ..., model_snapshot: _Optional[_Union[_models_pb2.Model, _Mapping]] = ..., validation_params: _Optional[_Union[_params_pb2.ValidationParams, _Mapping]] = ..., total_throughput: _Optional[int] = ..., validation_cutoff_block_height: _Optional[int] = ...) -> None: ...

class ModelMLNodes(_message.Message):
    __slots__ = ("ml_nodes",)
    ML_NODES_FIELD_NUMBER: _ClassVar[int]
    ml_nodes: _containers.RepeatedCompositeFieldContainer[MLNodeInfo]
    def __init__(self, ml_nodes: _Optional[_Iterable[_Union[MLNodeInfo, _Mapping]]] = ...) -> None: ...

class ActiveParticipant(_message.Message):
    __slots__ = ("index", "validator_key", "weight", "inference_url", "models", "seed", "ml_nodes")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    VALIDATOR_KEY_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    INFERENCE_URL_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    ML_NODES_FIELD_NUMBER: _ClassVar[int]
    index: str
    validator_key: str
    weight: int
    inference_url: str
    models: _containers.RepeatedScalarFieldContainer[str]
    seed: RandomSeed
    ml_nodes: _containers.RepeatedCompositeFieldContainer[ModelMLNodes]
    def __init__(self, index: _Optional[str] = ..., validator_key: _Optional[str] = ..., weight: _Optional[int] = ..., inference_url: _Optional[str] = ..., models: _Optional[_Iterable[str]] = ..., seed: _Optional[_Union[RandomSeed, _Mapping]] = ..., ml_nodes: _Optional[_Iterable[_Union[ModelMLNodes, _Mapping]]] = ...) -> None: ...

class ActiveParticipants(_message.Message):
    __slots__ = ("participants", "poc_start_block_height", "effective_block_height", "created_at_block_height", "epoch_id", "reseated")
    PARTICIPANTS_FIELD_NUMBER: _ClassVar[int]
    POC_START_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    EPOCH_ID_FIELD_NUMBER: _ClassVar[int]
    RESEATED_FIELD_NUMBER: _ClassVar[int]
    participants: _containers.RepeatedCompositeFieldContainer[ActiveParticipant]
    poc_start_block_height: int
    effective_block_height: int
    created_at_block_height: int
    epoch_id: int
    reseated: bool
    def __init__(self, participants: _Optional[_Iterable[_Union[ActiveParticipant, _Mapping]]] = ..., poc_start_block_height: _Optional[int] = ..., effective_block_height: _Optional[int] = ..., created_at_block_height: _Optional[int] = ..., epoch_id: _Optional[int] = ..., reseated: _Optional[bool] = ...) -> None: ...

class RandomSeed(_message.Message):
    __slots__ = ("participant", "epoch_index", "signature")
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    EPOCH_INDEX_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    participant: str
    epoch_index: int
    signature: str
    def __init__(self, participant: _Optional[str] = ..., epoch_index: _Optional[int] = ..., signature: _Optional[str] = ...) -> None: ...

class GenesisMember(_message.Message):
    __slots__ = ("address", "weight")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    address: str
    weight: int
    def __init__(self, address: _Optional[str] = ..., weight: _Optional[int] = ...) -> None: ...
