from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class SettleAmount(_message.Message):
    __slots__ = ("participant", "reward_coins", "work_coins", "epoch_index", "seed_signature")
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    REWARD_COINS_FIELD_NUMBER: _ClassVar[int]
    WORK_COINS_FIELD_NUMBER: _ClassVar[int]
    EPOCH_INDEX_FIELD_NUMBER: _ClassVar[int]
    SEED_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    participant: str
    reward_coins: int
    work_coins: int
    epoch_index: int
    seed_signature: str
    def __init__(self, participant: _Optional[str] = ..., reward_coins: _Optional[int] = ..., work_coins: _Optional[int] = ..., epoch_index: _Optional[int] = ..., seed_signature: _Optional[str] = ...) -> None: ...

class TokenomicsData(_message.Message):
    __slots__ = ("total_fees", "total_subsidies", "total_refunded", "total_burned", "subsidy_reductions")
    TOTAL_FEES_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SUBSIDIES_FIELD_NUMBER: _ClassVar[int]
    TOTAL_REFUNDED_FIELD_NUMBER: _ClassVar[int]
    TOTAL_BURNED_FIELD_NUMBER: _ClassVar[int]
    SUBSIDY_REDUCTIONS_FIELD_NUMBER: _ClassVar[int]
    total_fees: int
    total_subsidies: int
    total_refunded: int
    total_burned: int
    subsidy_reductions: int
    def __init__(self, total_fees: _Optional[int] = ..., total_subsidies: _Optional[int] = ..., total_refunded: _Optional[int] = ..., total_burned: _Optional[int] = ..., subsidy_reductions: _Optional[int] = ...) -> None: ...
