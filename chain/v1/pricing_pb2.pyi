from chain.v1 import params_pb2 as _params_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TokenUsage(_message.Message):
    __slots__ = ("height", "tokens")
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    height: int
    tokens: int
    def __init__(self, height: _Optional[int] = ..., tokens: _Optional[int] = ...) -> None: ...

class ModelPrice(_message.Message):
    __slots__ = ("model_id", "price", "height", "capacity", "usage")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    price: int
    height: int
    capacity: int
    usage: _containers.RepeatedCompositeFieldContainer[TokenUsage]
    def __init__(self, model_id: _Optional[str] = ..., price: _Optional[int] = ..., height: _Optional[int] = ..., capacity: _Optional[int] = ..., usage: _Optional[_Iterable[_Union[TokenUsage, _Mapping]]] = ...) -> None: ...

class PricingTerms(_message.Message):
    __slots__ = ("epoch_index", "params", "base_per_token_price")
    EPOCH_INDEX_FIELD_NUMBER: _ClassVar[int]
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    BASE_PER_TOKEN_PRICE_FIELD_NUMBER: _ClassVar[int]
    epoch_index: int
    params: _params_pb2.PricingParams
    base_per_token_price: int
    def __init__(self, epoch_index: _Optional[int] = ..., params: _Optional[_Union[_params_pb2.PricingParams, _Mapping]] = ..., base_per_token_price: _Optional[int] = ...) -> None: ...

class UnitOfComputePriceProposal(_message.Message):
    __slots__ = ("participant", "price", "proposed_at_block_height", "proposed_at_epoch")
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    PROPOSED_AT_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    PROPOSED_AT_EPOCH_FIELD_NUMBER: _ClassVar[int]
    participant: str
    price: int
    proposed_at_block_height: int
    proposed_at_epoch: int
    def __init__(self, participant: _Optional[str] = ..., price: _Optional[int] = ..., proposed_at_block_height: _Optional[int] = ..., proposed_at_epoch: _Optional[int] = ...) -> None: ...
