from chain.v1 import decimal_pb2 as _decimal_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PoCBatch(_message.Message):
    __slots__ = ("participant_address", "poc_stage_start_block_height", "received_at_block_height", "nonces", "dist_micro", "batch_id", "node_id")
    PARTICIPANT_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    POC_STAGE_START_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_AT_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    NONCES_FIELD_NUMBER: _ClassVar[int]
    DIST_MICRO_FIELD_NUMBER: _ClassVar[int]
    BATCH_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    participant_address: str
    poc_stage_start_block_height: int
    received_at_block_height: int
    nonces: _containers.RepeatedScalarFieldContainer[int]
    dist_micro: _containers.RepeatedScalarFieldContainer[int]
    batch_id: str
    node_id: str
    def __init__(self, participant_address: _Optional[str] = ..., poc_stage_start_block_height: _Optional[int] = ..., received_at_block_height: _Optional[int] = ..., nonces: _Optional[_Iterable[int]] = ..., dist_micro: _Optional[_Iterable[int]] = ..., batch_id: _Optional[str] = ..., node_id: _Optional[str] = ...) -> None: ...

class PoCValidation(_message.Message):
    __slots__ = ("participant_address", "validator_participant_address", "poc_stage_start_block_height", "validated_at_block_height", "nonces", "dist_micro", "received_dist_micro", "r_target_micro", "fraud_threshold", "n_invalid", "probability_honest", "fraud_detected")
    PARTICIPANT_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    VALIDATOR_PARTICIPANT_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    POC_STAGE_START_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    VALIDATED_AT_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    NONCES_FIELD_NUMBER: _ClassVar[int]
    DIST_MICRO_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_DIST_MICRO_FIELD_NUMBER: _ClassVar[int]
    R_TARGET_MICRO_FIELD_NUMBER: _ClassVar[int]
    FRAUD_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    N_INVALID_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_HONEST_FIELD_NUMBER: _ClassVar[int]
    FRAUD_DETECTED_FIELD_NUMBER: _ClassVar[int]
    participant_address: str
    validator_participant_address: str
    poc_stage_start_block_height: int
    validated_at_block_height: int
    nonces: _containers.RepeatedScalarFieldContainer[int]
    dist_micro: _containers.RepeatedScalarFieldContainer[int]
    received_dist_micro: _containers.RepeatedScalarFieldContainer[int]
    r_target_micro: int
    fraud_threshold: _decimal_pb2.Decimal
    n_invalid: int
    probability_honest: _decimal_pb2.Decimal
    fraud_detected: bool
    def __init__(self, participant_address: _Optional[str] = ..., validator_participant_address: _Optional[str] = ..., poc_stage_start_block_height: _Optional[int] = ..., validated_at_block_height: _Optional[int] = ..., nonces: _Optional[_Iterable[int]] = ..., dist_micro: _Optional[_Iterable[int]] = ..., received_dist_micro: _Optional[_Iterable[int]] = ..., r_target_micro: _Optional[int] = ..., fraud_threshold: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., n_invalid: _Optional[int] = ..., probability_honest: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., fraud_detected: _Optional[bool] = ...) -> None: ...

class PocAdmission(_message.Message):
    __slots__ = ("participant", "node_id", "model_id")
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    participant: str
    node_id: str
    model_id: str
    def __init__(self, participant: _Optional[str] = ..., node_id: _Optional[str] = ..., model_id: _Optional[str] = ...) -> None: ...

class PocAdmissions(_message.Message):
    __slots__ = ("epoch_index", "poc_start_block_height", "admissions")
    EPOCH_INDEX_FIELD_NUMBER: _ClassVar[int]
    POC_START_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    ADMISSIONS_FIELD_NUMBER: _ClassVar[int]
    epoch_index: int
    poc_start_block_height: int
    admissions: _containers.RepeatedCompositeFieldContainer[PocAdmission]
    def __init__(self, epoch_index: _Optional[int] = ..., poc_start_block_height: _Optional[int] = ..., admissions: _Optional[_Iterable[_Union[PocAdmission, _Mapping]]] = ...) -> None: ...

class NodeEligibility(_message.Message):
    __slots__ = ("participant", "node_id", "eligible", "reason", "models")
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    ELIGIBLE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    participant: str
    node_id: str
    eligible: bool
    reason: str
    models: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, participant: _Optional[str] = ..., node_id: _Optional[str] = ..., eligible: _Optional[bool] = ..., reason: _Optional[str] = ..., models: _Optional[_Iterable[str]] = ...) -> None: ...
