from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class ReportPocBatchRequest(_message.Message):
    __slots__ = ("node_id", "poc_start_block_height", "block_hash", "public_key", "nonces", "dist_micro", "next_nonce")
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    POC_START_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    BLOCK_HASH_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    NONCES_FIELD_NUMBER: _ClassVar[int]
    DIST_MICRO_FIELD_NUMBER: _ClassVar[int]
    NEXT_NONCE_FIELD_NUMBER: _ClassVar[int]
    node_id: str
    poc_start_block_height: int
    block_hash: bytes
    public_key: bytes
    nonces: _containers.RepeatedScalarFieldContainer[int]
    dist_micro: _containers.RepeatedScalarFieldContainer[int]
    next_nonce: int
    def __init__(self, node_id: _Optional[str] = ..., poc_start_block_height: _Optional[int] = ..., block_hash: _Optional[bytes] = ..., public_key: _Optional[bytes] = ..., nonces: _Optional[_Iterable[int]] = ..., dist_micro: _Optional[_Iterable[int]] = ..., next_nonce: _Optional[int] = ...) -> None: ...

class ReportPocBatchResponse(_message.Message):
    __slots__ = ("accepted_count",)
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    accepted_count: int
    def __init__(self, accepted_count: _Optional[int] = ...) -> None: ...
