from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class UpgradePlan(_message.Message):
    __slots__ = ("name", "height", "info")
    NAME_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    INFO_FIELD_NUMBER: _ClassVar[int]
    name: str
    height: int
    info: str
    def __init__(self, name: _Optional[str] = ..., height: _Optional[int] = ..., info: _Optional[str] = ...) -> None: ...

class AppliedUpgrade(_message.Message):
    __slots__ = ("name", "height")
    NAME_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    name: str
    height: int
    def __init__(self, name: _Optional[str] = ..., height: _Optional[int] = ...) -> None: ...

class RoomVersion(_message.Message):
    __slots__ = ("room", "version")
    ROOM_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    room: str
    version: int
    def __init__(self, room: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...
