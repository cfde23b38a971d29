from chain.v1 import epochs_pb2 as _epochs_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SubscribeRequest(_message.Message):
    __slots__ = ("from_height",)
    FROM_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    from_height: int
    def __init__(self, from_height: _Optional[int] = ...) -> None: ...

class GetBlockRequest(_message.Message):
    __slots__ = ("height",)
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    height: int
    def __init__(self, height: _Optional[int] = ...) -> None: ...

class GetStatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class EventAttribute(_message.Message):
    __slots__ = ("key", "value")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: str
    def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class Event(_message.Message):
    __slots__ = ("type", "attributes")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    type: str
    attributes: _containers.RepeatedCompositeFieldContainer[EventAttribute]
    def __init__(self, type: _Optional[str] = ..., attributes: _Optional[_Iterable[_Union[EventAttribute, _Mapping]]] = ...) -> None: ...

class TxSummary(_message.Message):
    __slots__ = ("hash", "code", "codespace", "reason", "log", "gas_wanted", "gas_used", "events")
    HASH_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    CODESPACE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    LOG_FIELD_NUMBER: _ClassVar[int]
    GAS_WANTED_FIELD_NUMBER: _ClassVar[int]
    GAS_USED_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    hash: str
    code: int
    codespace: str
    reason: str
    log: str
    gas_wanted: int
    gas_used: int
    events: _containers.RepeatedCompositeFieldContainer[Event]
    def __init__(self, hash: _Optional[str] = ..., code: _Optional[int] = ..., codespace: _Optional[str] = ..., reason: _Optional[str] = ..., log: _Optional[str] = ..., gas_wanted: _Optional[int] = ..., gas_used: _Optional[int] = ..., events: _Optional[_Iterable[_Union[Event, _Mapping]]] = ...) -> None: ...

class BlockSummary(_message.Message):
    __slots__ = ("height", "block_hash", "time_ns", "app_hash", "epoch", "txs", "events")
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    BLOCK_HASH_FIELD_NUMBER: _ClassVar[int]
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    APP_HASH_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    TXS_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    height: int
    block_hash: bytes
    time_ns: int
    app_hash: bytes
    epoch: _epochs_pb2.EpochInfo
    txs: _containers.RepeatedCompositeFieldContainer[TxSummary]
    events: _containers.RepeatedCompositeFieldContainer[Event]
    def __init__(self, height: _Optional[int] = ..., block_hash: _Optional[bytes] = ..., time_ns: _Optional[int] = ..., app_hash: _Optional[bytes] = ..., epoch: _Optional[_Union[_epochs_pb2.EpochInfo, _Mapping]] = ..., txs: _Optional[_Iterable[_Union[TxSummary, _Mapping]]] = ..., events: _Optional[_Iterable[_Union[Event, _Mapping]]] = ...) -> None: ...

class ChainStatus(_message.Message):
    __slots__ = ("chain_id", "version", "height", "block_hash", "time_ns", "app_hash", "epoch", "mempool_tx_count", "authority")
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    BLOCK_HASH_FIELD_NUMBER: _ClassVar[int]
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    APP_HASH_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    MEMPOOL_TX_COUNT_FIELD_NUMBER: _ClassVar[int]
    AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    chain_id: str
    version: str
    height: int
    block_hash: bytes
    time_ns: int
    app_hash: bytes
    epoch: _epochs_pb2.EpochInfo
    mempool_tx_count: int
    authority: str
    def __init__(self, chain_id: _Optional[str] = ..., version: _Optional[str] = ..., height: _Optional[int] = ..., block_hash: _Optional[bytes] = ..., time_ns: _Optional[int] = ..., app_hash: _Optional[bytes] = ..., epoch: _Optional[_Union[_epochs_pb2.EpochInfo, _Mapping]] = ..., mempool_tx_count: _Optional[int] = ..., authority: _Optional[str] = ...) -> None: ...
