from chain.cosmos import coin_pb2 as _coin_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Collateral(_message.Message):
    __slots__ = ("participant", "amount")
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    participant: str
    amount: _coin_pb2.Coin
    def __init__(self, participant: _Optional[str] = ..., amount: _Optional[_Union[_coin_pb2.Coin, _Mapping]] = ...) -> None: ...

class UnbondingCollateral(_message.Message):
    __slots__ = ("participant", "amount", "completion_epoch")
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_EPOCH_FIELD_NUMBER: _ClassVar[int]
    participant: str
    amount: _coin_pb2.Coin
    completion_epoch: int
    def __init__(self, participant: _Optional[str] = ..., amount: _Optional[_Union[_coin_pb2.Coin, _Mapping]] = ..., completion_epoch: _Optional[int] = ...) -> None: ...
