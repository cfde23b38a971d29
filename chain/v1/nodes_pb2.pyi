from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ParticipantStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PARTICIPANT_STATUS_UNSPECIFIED: _ClassVar[ParticipantStatus]
    PARTICIPANT_STATUS_ACTIVE: _ClassVar[ParticipantStatus]
    PARTICIPANT_STATUS_INACTIVE: _ClassVar[ParticipantStatus]
    PARTICIPANT_STATUS_INVALID: _ClassVar[ParticipantStatus]
    PARTICIPANT_STATUS_RAMPING: _ClassVar[ParticipantStatus]

class HardwareNodeStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HARDWARE_NODE_STATUS_UNKNOWN: _ClassVar[HardwareNodeStatus]
    HARDWARE_NODE_STATUS_INFERENCE: _ClassVar[HardwareNodeStatus]
    HARDWARE_NODE_STATUS_POC: _ClassVar[HardwareNodeStatus]
    HARDWARE_NODE_STATUS_TRAINING: _ClassVar[HardwareNodeStatus]
    HARDWARE_NODE_STATUS_STOPPED: _ClassVar[HardwareNodeStatus]
    HARDWARE_NODE_STATUS_FAILED: _ClassVar[HardwareNodeStatus]
PARTICIPANT_STATUS_UNSPECIFIED: ParticipantStatus
PARTICIPANT_STATUS_ACTIVE: ParticipantStatus
PARTICIPANT_STATUS_INACTIVE: ParticipantStatus
PARTICIPANT_STATUS_INVALID: ParticipantStatus
PARTICIPANT_STATUS_RAMPING: ParticipantStatus
HARDWARE_NODE_STATUS_UNKNOWN: HardwareNodeStatus
HARDWARE_NODE_STATUS_INFERENCE: HardwareNodeStatus
HARDWARE_NODE_STATUS_POC: HardwareNodeStatus
HARDWARE_NODE_STATUS_TRAINING: HardwareNodeStatus
HARDWARE_NODE_STATUS_STOPPED: HardwareNodeStatus
HARDWARE_NODE_STATUS_FAILED: HardwareNodeStatus

class CurrentEpochStats(_message.Message):
    __slots__ = ("inference_count", "missed_requests", "earned_coins", "rewarded_coins", "burned_coins", "validated_inferences", "invalidated_inferences")
    INFERENCE_COUNT_FIELD_NUMBER: _ClassVar[int]
    MISSED_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    EARNED_COINS_FIELD_NUMBER: _ClassVar[int]
    REWARDED_COINS_FIELD_NUMBER: _ClassVar[int]
    BURNED_COINS_FIELD_NUMBER: _ClassVar[int]
    VALIDATED_INFERENCES_FIELD_NUMBER: _ClassVar[int]
    INVALIDATED_INFERENCES_FIELD_NUMBER: _ClassVar[int]
    inference_count: int
    missed_requests: int
    earned_coins: int
    rewarded_coins: int
    burned_coins: int
    validated_inferences: int
    invalidated_inferences: int
    def __init__(self, inference_count: _Optional[int] = ..., missed_requests: _Optional[int] = ..., earned_coins: _Optional[int] = ..., rewarded_coins: _Optional[int] = ..., burned_coins: _Optional[int] = ..., validated_inferences: _Optional[int] = ..., invalidated_inferences: _Optional[int] = ...) -> None: ...

class Participant(_message.Message):
    __slots__ = ("index", "address", "weight", "join_time", "join_height", "last_inference_time", "inference_url", "status", "coin_balance", "validator_key", "consecutive_invalid_inferences", "worker_public_key", "epochs_completed", "current_epoch_stats")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    JOIN_TIME_FIELD_NUMBER: _ClassVar[int]
    JOIN_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    LAST_INFERENCE_TIME_FIELD_NUMBER: _ClassVar[int]
    INFERENCE_URL_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    COIN_BALANCE_FIELD_NUMBER: _ClassVar[int]
    VALIDATOR_KEY_FIELD_NUMBER: _ClassVar[int]
    CONSECUTIVE_INVALID_INFERENCES_FIELD_NUMBER: _ClassVar[int]
    WORKER_PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    EPOCHS_COMPLETED_FIELD_NUMBER: _ClassVar[int]
    CURRENT_EPOCH_STATS_FIELD_NUMBER: _ClassVar[int]
    index: str
    address: str
    weight: int
    join_time: int
    join_height: int
    last_inference_time: int
    inference_url: str
    status: ParticipantStatus
    coin_balance: int
    validator_key: str
    consecutive_invalid_inferences: int
    worker_public_key: str
    epochs_completed: int
    current_epoch_stats: CurrentEpochStats
    def __init__(self, index: _Optional[str] = ..., address: _Optional[str] = ..., weight: _Optional[int] = ..., join_time: _Optional[int] = ..., join_height: _Optional[int] = ..., last_inference_time: _Optional[int] = ..., inference_url: _Optional[str] = ..., status: _Optional[_Union[ParticipantStatus, str]] = ..., coin_balance: _Optional[int] = ..., validator_key: _Optional[str] = ..., consecutive_invalid_inferences: _Optional[int] = ..., worker_public_key: _Optional[str] = ..., epochs_completed: _Optional[int] = ..., current_epoch_stats: _Optional[_Union[CurrentEpochStats, _Mapping]] = ...) -> None: ...

class Hardware(_message.Message):
    __slots__ = ("type", "count")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    type: str
    count: int
    def __init__(self, type: _Optional[str] = ..., count: _Optional[int] = ...) -> None: ...

class HardwareNode(_message.Message):
    __slots__ = ("local_id", "status", "models", "hardware", "host", "port")
    LOCAL_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    HARDWARE_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    local_id: str
    status: HardwareNodeStatus
    models: _containers.RepeatedScalarFieldContainer[str]
    hardware: _containers.RepeatedCompositeFieldContainer[Hardware]
    host: str
    port: str
    def __init__(self, local_id: _Optional[str] = ..., status: _Optional[_Union[HardwareNodeStatus, str]] = ..., models: _Optional[_Iterable[str]] = ..., hardware: _Optional[_Iterable[_Union[Hardware, _Mapping]]] = ..., host: _Optional[str] = ..., port: _Optional[str] = ...) -> None: ...

class HardwareNodes(_message.Message):
    __slots__ = ("participant", "hardware_nodes")
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    HARDWARE_NODES_FIELD_NUMBER: _ClassVar[int]
    participant: str
    hardware_nodes: _containers.RepeatedCompositeFieldContainer[HardwareNode]
    def __init__(self, participant: _Optional[str] = ..., hardware_nodes: _Optional[_Iterable[_Union[HardwareNode, _Mapping]]] = ...) -> None: ...
