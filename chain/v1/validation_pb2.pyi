from chain.v1 import decimal_pb2 as _decimal_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class VoteOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VOTE_OUTCOME_OPEN: _ClassVar[VoteOutcome]
    VOTE_OUTCOME_INVALIDATED: _ClassVar[VoteOutcome]
    VOTE_OUTCOME_UPHELD: _ClassVar[VoteOutcome]
VOTE_OUTCOME_OPEN: VoteOutcome
VOTE_OUTCOME_INVALIDATED: VoteOutcome
VOTE_OUTCOME_UPHELD: VoteOutcome

class InferenceValidation(_message.Message):
    __slots__ = ("epoch_index", "participant", "inference_id", "value", "passed", "revalidation", "shares_work", "response_hash", "validated_at_block_height")
    EPOCH_INDEX_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    INFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    PASSED_FIELD_NUMBER: _ClassVar[int]
    REVALIDATION_FIELD_NUMBER: _ClassVar[int]
    SHARES_WORK_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_HASH_FIELD_NUMBER: _ClassVar[int]
    VALIDATED_AT_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    epoch_index: int
    participant: str
    inference_id: str
    value: _decimal_pb2.Decimal
    passed: bool
    revalidation: bool
    shares_work: bool
    response_hash: str
    validated_at_block_height: int
    def __init__(self, epoch_index: _Optional[int] = ..., participant: _Optional[str] = ..., inference_id: _Optional[str] = ..., value: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., passed: _Optional[bool] = ..., revalidation: _Optional[bool] = ..., shares_work: _Optional[bool] = ..., response_hash: _Optional[str] = ..., validated_at_block_height: _Optional[int] = ...) -> None: ...

class EpochGroupValidations(_message.Message):
    __slots__ = ("participant", "epoch_index", "validated_inferences")
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    EPOCH_INDEX_FIELD_NUMBER: _ClassVar[int]
    VALIDATED_INFERENCES_FIELD_NUMBER: _ClassVar[int]
    participant: str
    epoch_index: int
    validated_inferences: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, participant: _Optional[str] = ..., epoch_index: _Optional[int] = ..., validated_inferences: _Optional[_Iterable[str]] = ...) -> None: ...

class InferenceVote(_message.Message):
    __slots__ = ("inference_id", "epoch_index", "opened_by", "opened_at_block_height", "deadline_block_height", "outcome")
    INFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_INDEX_FIELD_NUMBER: _ClassVar[int]
    OPENED_BY_FIELD_NUMBER: _ClassVar[int]
    OPENED_AT_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    inference_id: str
    epoch_index: int
    opened_by: str
    opened_at_block_height: int
    deadline_block_height: int
    outcome: VoteOutcome
    def __init__(self, inference_id: _Optional[str] = ..., epoch_index: _Optional[int] = ..., opened_by: _Optional[str] = ..., opened_at_block_height: _Optional[int] = ..., deadline_block_height: _Optional[int] = ..., outcome: _Optional[_Union[VoteOutcome, str]] = ...) -> None: ...

class ValidatorPower(_message.Message):
    __slots__ = ("model", "epoch_index", "power")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    EPOCH_INDEX_FIELD_NUMBER: _ClassVar[int]
    POWER_FIELD_NUMBER: _ClassVar[int]
    model: str
    epoch_index: int
    power: int
    def __init__(self, model: _Optional[str] = ..., epoch_index: _Optional[int] = ..., power: _Optional[int] = ...) -> None: ...
