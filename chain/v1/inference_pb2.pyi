from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class InferenceStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INFERENCE_STATUS_STARTED: _ClassVar[InferenceStatus]
    INFERENCE_STATUS_FINISHED: _ClassVar[InferenceStatus]
    INFERENCE_STATUS_VALIDATED: _ClassVar[InferenceStatus]
    INFERENCE_STATUS_INVALIDATED: _ClassVar[InferenceStatus]
    INFERENCE_STATUS_VOTING: _ClassVar[InferenceStatus]
    INFERENCE_STATUS_EXPIRED: _ClassVar[InferenceStatus]
INFERENCE_STATUS_STARTED: InferenceStatus
INFERENCE_STATUS_FINISHED: InferenceStatus
INFERENCE_STATUS_VALIDATED: InferenceStatus
INFERENCE_STATUS_INVALIDATED: InferenceStatus
INFERENCE_STATUS_VOTING: InferenceStatus
INFERENCE_STATUS_EXPIRED: InferenceStatus

class Inference(_message.Message):
    __slots__ = ("index", "inference_id", "prompt_hash", "prompt_payload", "response_hash", "response_payload", "prompt_token_count", "completion_token_count", "requested_by", "executed_by", "status", "start_block_height", "end_block_height", "start_block_timestamp", "end_block_timestamp", "model", "max_tokens", "actual_cost", "escrow_amount", "assigned_to", "validated_by", "node_version", "epoch_id", "epoch_poc_start_block_height", "transferred_by", "request_timestamp", "transfer_signature", "execution_signature", "original_prompt", "per_token_price", "prompt_token_price")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    INFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    PROMPT_HASH_FIELD_NUMBER: _ClassVar[int]
    PROMPT_PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_HASH_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    PROMPT_TOKEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_TOKEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_BY_FIELD_NUMBER: _ClassVar[int]
    EXECUTED_BY_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    START_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    END_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    START_BLOCK_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    END_BLOCK_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    MAX_TOKENS_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_COST_FIELD_NUMBER: _ClassVar[int]
    ESCROW_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    ASSIGNED_TO_FIELD_NUMBER: _ClassVar[int]
    VALIDATED_BY_FIELD_NUMBER: _ClassVar[int]
    NODE_VERSION_FIELD_NUMBER: _ClassVar[int]
    EPOCH_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_POC_START_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    TRANSFERRED_BY_FIELD_NUMBER: _ClassVar[int]
    REQUEST_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_PROMPT_FIELD_NUMBER: _ClassVar[int]
    PER_TOKEN_PRICE_FIELD_NUMBER: _ClassVar[int]
    PROMPT_TOKEN_PRICE_FIELD_NUMBER: _ClassVar[int]
    index: str
    inference_id: str
    prompt_hash: str
    prompt_payload: str
    response_hash: str
    response_payload: str
    prompt_token_count: int
    completion_token_count: int
    requested_by: str
    executed_by: str
    status: InferenceStatus
    start_block_height: int
    end_block_height: int
    start_block_timestamp: int
    end_block_timestamp: int
    model: str
    max_tokens: int
    actual_cost: int
    escrow_amount: int
    assigned_to: str
    validated_by: _containers.RepeatedScalarFieldContainer[str]
    node_version: str
    epoch_id: int
    epoch_poc_start_block_height: int
    transferred_by: str
    request_timestamp: int
    transfer_signature: str
    execution_signature: str
    original_prompt: str
    per_token_price: int
    prompt_token_price: int
    def __init__(self, index: _Optional[str] = ..., inference_id: _Optional[str] = ..., prompt_hash: _Optional[str] = ..., prompt_payload: _Optional[str] = ..., response_hash: _Optional[str] = ..., response_payload: _Optional[str] = ..., prompt_token_count: _Optional[int] = ..., completion_token_count: _Optional[int] = ..., requested_by: _Optional[str] = ..., executed_by: _Optional[str] = ..., status: _Optional[_Union[InferenceStatus, str]] = ..., start_block_height: _Optional[int] = ..., end_block_height: _Optional[int] = ..., start_block_timestamp: _Optional[int] = ..., end_block_timestamp: _Optional[int] = ..., model: _Optional[str] = ..., max_tokens: _Optional[int] = ..., actual_cost: _Optional[int] = ..., escrow_amount: _Optional[int] = ..., assigned_to: _Optional[str] = ..., validated_by: _Optional[_Iterable[str]] = ..., node_version: _Optional[str] = ..., epoch_id: _Optional[int] = ..., epoch_poc_start_block_height: _Optional[int] = ..., transferred_by: _Optional[str] = ..., request_timestamp: _Optional[int] = ..., transfer_signature: _Optional[str] = ..., execution_signature: _Optional[str] = ..., original_prompt: _Optional[str] = ..., per_token_price: _Optional[int] = ..., prompt_token_price: _Optional[int] = ...) -> None: ...

class InferenceTimeout(_message.Message):
    __slots__ = ("expiration_height", "inference_id")
    EXPIRATION_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    INFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    expiration_height: int
    inference_id: str
    def __init__(self, expiration_height: _Optional[int] = ..., inference_id: _Optional[str] = ...) -> None: ...

class InferenceValidationDetails(_message.Message):
    __slots__ = ("epoch_id", "inference_id", "executor_id", "executor_reputation", "traffic_basis", "executor_power", "model", "total_power", "created_at_block_height")
    EPOCH_ID_FIELD_NUMBER: _ClassVar[int]
    INFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    EXECUTOR_ID_FIELD_NUMBER: _ClassVar[int]
    EXECUTOR_REPUTATION_FIELD_NUMBER: _ClassVar[int]
    TRAFFIC_BASIS_FIELD_NUMBER: _ClassVar[int]
    EXECUTOR_POWER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    TOTAL_POWER_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    epoch_id: int
    inference_id: str
    executor_id: str
    executor_reputation: int
    traffic_basis: int
    executor_power: int
    model: str
    total_power: int
    created_at_block_height: int
    def __init__(self, epoch_id: _Optional[int] = ..., inference_id: _Optional[str] = ..., executor_id: _Optional[str] = ..., executor_reputation: _Optional[int] = ..., traffic_basis: _Optional[int] = ..., executor_power: _Optional[int] = ..., model: _Optional[str] = ..., total_power: _Optional[int] = ..., created_at_block_height: _Optional[int] = ...) -> None: ...

class DeveloperStats(_message.Message):
    __slots__ = ("developer", "epoch_index", "model", "inference_count", "prompt_tokens", "completion_tokens", "spent", "refunded", "expired_count", "invalidated_count", "first_block_timestamp", "last_block_timestamp")
    DEVELOPER_FIELD_NUMBER: _ClassVar[int]
    EPOCH_INDEX_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    INFERENCE_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_TOKENS_FIELD_NUMBER: _ClassVar[int]
    SPENT_FIELD_NUMBER: _ClassVar[int]
    REFUNDED_FIELD_NUMBER: _ClassVar[int]
    EXPIRED_COUNT_FIELD_NUMBER: _ClassVar[int]
    INVALIDATED_COUNT_FIELD_NUMBER: _ClassVar[int]
    FIRST_BLOCK_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    LAST_BLOCK_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    developer: str
    epoch_index: int
    model: str
    inference_count: int
    prompt_tokens: int
    completion_tokens: int
    spent: int
    refunded: int
    expired_count: int
    invalidated_count: int
    first_block_timestamp: int
    last_block_timestamp: int
    def __init__(self, developer: _Optional[str] = ..., epoch_index: _Optional[int] = ..., model: _Optional[str] = ..., inference_count: _Optional[int] = ..., prompt_tokens: _Optional[int] = ..., completion_tokens: _Optional[int] = ..., spent: _Optional[int] = ..., refunded: _Optional[int] = ..., expired_count: _Optional[int] = ..., invalidated_count: _Optional[int] = ..., first_block_timestamp: _Optional[int] = ..., last_block_timestamp: _Optional[int] = ...) -> None: ...

class EpochPerformanceSummary(_message.Message):
    __slots__ = ("epoch_index", "participant_id", "inference_count", "missed_requests", "earned_coins", "rewarded_coins", "burned_coins", "validated_inferences", "invalidated_inferences", "claimed")
    EPOCH_INDEX_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_ID_FIELD_NUMBER: _ClassVar[int]
    INFERENCE_COUNT_FIELD_NUMBER: _ClassVar[int]
    MISSED_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    EARNED_COINS_FIELD_NUMBER: _ClassVar[int]
    REWARDED_COINS_FIELD_NUMBER: _ClassVar[int]
    BURNED_COINS_FIELD_NUMBER: _ClassVar[int]
    VALIDATED_INFERENCES_FIELD_NUMBER: _ClassVar[int]
    INVALIDATED_INFERENCES_FIELD_NUMBER: _ClassVar[int]
    CLAIMED_FIELD_NUMBER: _ClassVar[int]
    epoch_index: int
    participant_id: str
    inference_count: int
    missed_requests: int
    earned_coins: int
    rewarded_coins: int
    burned_coins: int
    validated_inferences: int
    invalidated_inferences: int
    claimed: bool
    def __init__(self, epoch_index: _Optional[int] = ..., participant_id: _Optional[str] = ..., inference_count: _Optional[int] = ..., missed_requests: _Optional[int] = ..., earned_coins: _Optional[int] = ..., rewarded_coins: _Optional[int] = ..., burned_coins: _Optional[int] = ..., validated_inferences: _Optional[int] = ..., invalidated_inferences: _Optional[int] = ..., claimed: _Optional[bool] = ...) -> None: ...
