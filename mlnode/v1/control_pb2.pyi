from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Mode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MODE_UNSPECIFIED: _ClassVar[Mode]
    MODE_STOPPED: _ClassVar[Mode]
    MODE_INFERENCE: _ClassVar[Mode]
    MODE_POC: _ClassVar[Mode]

class PocStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    POC_STATUS_IDLE: _ClassVar[PocStatus]
    POC_STATUS_GENERATING: _ClassVar[PocStatus]
    POC_STATUS_VALIDATING: _ClassVar[PocStatus]

class InstanceState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INSTANCE_STATE_UNSPECIFIED: _ClassVar[InstanceState]
    INSTANCE_STATE_UNLOADED: _ClassVar[InstanceState]
    INSTANCE_STATE_LOADING: _ClassVar[InstanceState]
    INSTANCE_STATE_READY: _ClassVar[InstanceState]
    INSTANCE_STATE_DRAINING: _ClassVar[InstanceState]
    INSTANCE_STATE_FAILED: _ClassVar[InstanceState]
MODE_UNSPECIFIED: Mode
MODE_STOPPED: Mode
MODE_INFERENCE: Mode
MODE_POC: Mode
POC_STATUS_IDLE: PocStatus
POC_STATUS_GENERATING: PocStatus
POC_STATUS_VALIDATING: PocStatus
INSTANCE_STATE_UNSPECIFIED: InstanceState
INSTANCE_STATE_UNLOADED: InstanceState
INSTANCE_STATE_LOADING: InstanceState
INSTANCE_STATE_READY: InstanceState
INSTANCE_STATE_DRAINING: InstanceState
INSTANCE_STATE_FAILED: InstanceState

class ModelState(_message.Message):
    __slots__ = ("id", "state", "est_vram_mb", "measured_vram_mb", "last_error", "served_names")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    EST_VRAM_MB_FIELD_NUMBER: _ClassVar[int]
    MEASURED_VRAM_MB_FIELD_NUMBER: _ClassVar[int]
    LAST_ERROR_FIELD_NUMBER: _ClassVar[int]
    SERVED_NAMES_FIELD_NUMBER: _ClassVar[int]
    id: str
    state: InstanceState
    est_vram_mb: int
    measured_vram_mb: int
    last_error: str
    served_names: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[str] = ..., state: _Optional[_Union[InstanceState, str]] = ..., est_vram_mb: _Optional[int] = ..., measured_vram_mb: _Optional[int] = ..., last_error: _Optional[str] = ..., served_names: _Optional[_Iterable[str]] = ...) -> None: ...

class GetStateRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class NodeState(_message.Message):
    __slots__ = ("mode", "poc_status", "generation", "model", "loading", "last_error", "poc_start_block_height", "models", "nonces_found", "nonces_delivered", "inflight", "version", "http_port")
    MODE_FIELD_NUMBER: _ClassVar[int]
    POC_STATUS_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    LOADING_FIELD_NUMBER: _ClassVar[int]
    LAST_ERROR_FIELD_NUMBER: _ClassVar[int]
    POC_START_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    NONCES_FOUND_FIELD_NUMBER: _ClassVar[int]
    NONCES_DELIVERED_FIELD_NUMBER: _ClassVar[int]
    INFLIGHT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    HTTP_PORT_FIELD_NUMBER: _ClassVar[int]
    mode: Mode
    poc_status: PocStatus
    generation: int
    model: str
    loading: bool
    last_error: str
    poc_start_block_height: int
    models: _containers.RepeatedCompositeFieldContainer[ModelState]
    nonces_found: int
    nonces_delivered: int
    inflight: int
    version: str
    http_port: int
    def __init__(self, mode: _Optional[_Union[Mode, str]] = ..., poc_status: _Optional[_Union[PocStatus, str]] = ..., generation: _Optional[int] = ..., model: _Optional[str] = ..., loading: _Optional[bool] = ..., last_error: _Optional[str] = ..., poc_start_block_height: _Optional[int] = ..., models: _Optional[_Iterable[_Union[ModelState, _Mapping]]] = ..., nonces_found: _Optional[int] = ..., nonces_delivered: _Optional[int] = ..., inflight: _Optional[int] = ..., version: _Optional[str] = ..., http_port: _Optional[int] = ...) -> None: ...

class StopRequest(_message.Message):
    __slots__ = ("generation",)
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    generation: int
    def __init__(self, generation: _Optional[int] = ...) -> None: ...

class InferenceUpRequest(_message.Message):
    __slots__ = ("generation", "model", "served_name", "args")
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    SERVED_NAME_FIELD_NUMBER: _ClassVar[int]
    ARGS_FIELD_NUMBER: _ClassVar[int]
    generation: int
    model: str
    served_name: str
    args: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, generation: _Optional[int] = ..., model: _Optional[str] = ..., served_name: _Optional[str] = ..., args: _Optional[_Iterable[str]] = ...) -> None: ...

class PocStage(_message.Message):
    __slots__ = ("poc_start_block_height", "block_hash", "tokens_per_nonce", "sequences_per_decode", "vector_dimensions", "r_target_micro")
    POC_START_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    BLOCK_HASH_FIELD_NUMBER: _ClassVar[int]
    TOKENS_PER_NONCE_FIELD_NUMBER: _ClassVar[int]
    SEQUENCES_PER_DECODE_FIELD_NUMBER: _ClassVar[int]
    VECTOR_DIMENSIONS_FIELD_NUMBER: _ClassVar[int]
    R_TARGET_MICRO_FIELD_NUMBER: _ClassVar[int]
    poc_start_block_height: int
    block_hash: bytes
    tokens_per_nonce: int
    sequences_per_decode: int
    vector_dimensions: int
    r_target_micro: int
    def __init__(self, poc_start_block_height: _Optional[int] = ..., block_hash: _Optional[bytes] = ..., tokens_per_nonce: _Optional[int] = ..., sequences_per_decode: _Optional[int] = ..., vector_dimensions: _Optional[int] = ..., r_target_micro: _Optional[int] = ...) -> None: ...

class StartPocGenerateRequest(_message.Message):
    __slots__ = ("generation", "stage", "model", "public_key", "node_rank", "node_count", "node_id", "callback_address", "callback_token", "first_nonce", "max_batch_nonces")
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    NODE_RANK_FIELD_NUMBER: _ClassVar[int]
    NODE_COUNT_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    CALLBACK_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    CALLBACK_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FIRST_NONCE_FIELD_NUMBER: _ClassVar[int]
    MAX_BATCH_NONCES_FIELD_NUMBER: _ClassVar[int]
    generation: int
    stage: PocStage
    model: str
    public_key: bytes
    node_rank: int
    node_count: int
    node_id: str
    callback_address: str
    callback_token: str
    first_nonce: int
    max_batch_nonces: int
    def __init__(self, generation: _Optional[int] = ..., stage: _Optional[_Union[PocStage, _Mapping]] = ..., model: _Optional[str] = ..., public_key: _Optional[bytes] = ..., node_rank: _Optional[int] = ..., node_count: _Optional[int] = ..., node_id: _Optional[str] = ..., callback_address: _Optional[str] = ..., callback_token: _Optional[str] = ..., first_nonce: _Optional[int] = ..., max_batch_nonces: _Optional[int] = ...) -> None: ...

class StartPocValidateRequest(_message.Message):
    __slots__ = ("generation", "stage")
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    generation: int
    stage: PocStage
    def __init__(self, generation: _Optional[int] = ..., stage: _Optional[_Union[PocStage, _Mapping]] = ...) -> None: ...

class ValidatePocNoncesRequest(_message.Message):
    __slots__ = ("stage", "model", "public_key", "nonces", "dist_micro", "tolerance_micro")
    STAGE_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    NONCES_FIELD_NUMBER: _ClassVar[int]
    DIST_MICRO_FIELD_NUMBER: _ClassVar[int]
    TOLERANCE_MICRO_FIELD_NUMBER: _ClassVar[int]
    stage: PocStage
    model: str
    public_key: bytes
    nonces: _containers.RepeatedScalarFieldContainer[int]
    dist_micro: _containers.RepeatedScalarFieldContainer[int]
    tolerance_micro: int
    def __init__(self, stage: _Optional[_Union[PocStage, _Mapping]] = ..., model: _Optional[str] = ..., public_key: _Optional[bytes] = ..., nonces: _Optional[_Iterable[int]] = ..., dist_micro: _Optional[_Iterable[int]] = ..., tolerance_micro: _Optional[int] = ...) -> None: ...

class ValidatePocNoncesResponse(_message.Message):
    __slots__ = ("nonces", "dist_micro", "n_invalid")
    NONCES_FIELD_NUMBER: _ClassVar[int]
    DIST_MICRO_FIELD_NUMBER: _ClassVar[int]
    N_INVALID_FIELD_NUMBER: _ClassVar[int]
    nonces: _containers.RepeatedScalarFieldContainer[int]
    dist_micro: _containers.RepeatedScalarFieldContainer[int]
    n_invalid: int
    def __init__(self, nonces: _Optional[_Iterable[int]] = ..., dist_micro: _Optional[_Iterable[int]] = ..., n_invalid: _Optional[int] = ...) -> None: ...
