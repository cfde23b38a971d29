from chain.v1 import decimal_pb2 as _decimal_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Model(_message.Message):
    __slots__ = ("proposed_by", "id", "units_of_compute_per_token", "context_window", "quantization", "coins_per_input_token", "coins_per_output_token", "alternative_models", "hf_repo", "hf_commit", "model_args", "v_ram", "throughput_per_nonce", "validation_threshold")
    PROPOSED_BY_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    UNITS_OF_COMPUTE_PER_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_WINDOW_FIELD_NUMBER: _ClassVar[int]
    QUANTIZATION_FIELD_NUMBER: _ClassVar[int]
    COINS_PER_INPUT_TOKEN_FIELD_NUMBER: _ClassVar[int]
    COINS_PER_OUTPUT_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ALTERNATIVE_MODELS_FIELD_NUMBER: _ClassVar[int]
    HF_REPO_FIELD_NUMBER: _ClassVar[int]
    HF_COMMIT_FIELD_NUMBER: _ClassVar[int]
    MODEL_ARGS_FIELD_NUMBER: _ClassVar[int]
    V_RAM_FIELD_NUMBER: _ClassVar[int]
    THROUGHPUT_PER_NONCE_FIELD_NUMBER: _ClassVar[int]
    VALIDATION_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    proposed_by: str
    id: str
    units_of_compute_per_token: int
    context_window: int
    quantization: str
    coins_per_input_token: int
    coins_per_output_token: int
    alternative_models: _containers.RepeatedScalarFieldContainer[str]
    hf_repo: str
    hf_commit: str
    model_args: _containers.RepeatedScalarFieldContainer[str]
    v_ram: int
    throughput_per_nonce: int
    validation_threshold: _decimal_pb2.Decimal
    def __init__(self, proposed_by: _Optional[str] = ..., id: _Optional[str] = ..., units_of_compute_per_token: _Optional[int] = ..., context_window: _Optional[int] = ..., quantization: _Optional[str] = ..., coins_per_input_token: _Optional[int] = ..., coins_per_output_token: _Optional[int] = ..., alternative_models: _Optional[_Iterable[str]] = ..., hf_repo: _Optional[str] = ..., hf_commit: _Optional[str] = ..., model_args: _Optional[_Iterable[str]] = ..., v_ram: _Optional[int] = ..., throughput_per_nonce: _Optional[int] = ..., validation_threshold: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ...) -> None: ...
