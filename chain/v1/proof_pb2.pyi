from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BucketEntry(_message.Message):
    __slots__ = ("key_hash", "value_hash")
    KEY_HASH_FIELD_NUMBER: _ClassVar[int]
    VALUE_HASH_FIELD_NUMBER: _ClassVar[int]
    key_hash: bytes
    value_hash: bytes
    def __init__(self, key_hash: _Optional[bytes] = ..., value_hash: _Optional[bytes] = ...) -> None: ...

class StateProof(_message.Message):
    __slots__ = ("bucket", "siblings", "room_siblings")
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    SIBLINGS_FIELD_NUMBER: _ClassVar[int]
    ROOM_SIBLINGS_FIELD_NUMBER: _ClassVar[int]
    bucket: _containers.RepeatedCompositeFieldContainer[BucketEntry]
    siblings: _containers.RepeatedScalarFieldContainer[bytes]
    room_siblings: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, bucket: _Optional[_Iterable[_Union[BucketEntry, _Mapping]]] = ..., siblings: _Optional[_Iterable[bytes]] = ..., room_siblings: _Optional[_Iterable[bytes]] = ...) -> None: ...
