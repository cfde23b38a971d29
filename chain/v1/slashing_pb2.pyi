from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class Jailing(_message.Message):
    __slots__ = ("participant", "reason", "jailed_at_block_height", "release_epoch")
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    JAILED_AT_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    RELEASE_EPOCH_FIELD_NUMBER: _ClassVar[int]
    participant: str
    reason: str
    jailed_at_block_height: int
    release_epoch: int
    def __init__(self, participant: _Optional[str] = ..., reason: _Optional[str] = ..., jailed_at_block_height: _Optional[int] = ..., release_epoch: _Optional[int] = ...) -> None: ...
