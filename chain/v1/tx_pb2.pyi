from chain.cosmos import coin_pb2 as _coin_pb2
from chain.v1 import decimal_pb2 as _decimal_pb2
from chain.v1 import nodes_pb2 as _nodes_pb2
from chain.v1 import params_pb2 as _params_pb2
from chain.v1 import proposals_pb2 as _proposals_pb2
from google.protobuf import any_pb2 as _any_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MsgRegisterModel(_message.Message):
    __slots__ = ("authority", "proposed_by", "id", "units_of_compute_per_token", "hf_repo", "hf_commit", "model_args", "v_ram", "throughput_per_nonce", "validation_threshold", "alternative_models", "context_window", "quantization", "coins_per_input_token", "coins_per_output_token")
    AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    PROPOSED_BY_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    UNITS_OF_COMPUTE_PER_TOKEN_FIELD_NUMBER: _ClassVar[int]
    HF_REPO_FIELD_NUMBER: _ClassVar[int]
    HF_COMMIT_FIELD_NUMBER: _ClassVar[int]
    MODEL_ARGS_FIELD_NUMBER: _ClassVar[int]
    V_RAM_FIELD_NUMBER: _ClassVar[int]
    THROUGHPUT_PER_NONCE_FIELD_NUMBER: _ClassVar[int]
    VALIDATION_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    ALTERNATIVE_MODELS_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_WINDOW_FIELD_NUMBER: _ClassVar[int]
    QUANTIZATION_FIELD_NUMBER: _ClassVar[int]
    COINS_PER_INPUT_TOKEN_FIELD_NUMBER: _ClassVar[int]
    COINS_PER_OUTPUT_TOKEN_FIELD_NUMBER: _ClassVar[int]
    authority: str
    proposed_by: str
    id: str
    units_of_compute_per_token: int
    hf_repo: str
    hf_commit: str
    model_args: _containers.RepeatedScalarFieldContainer[str]
    v_ram: int
    throughput_per_nonce: int
    validation_threshold: _decimal_pb2.Decimal
    alternative_models: _containers.RepeatedScalarFieldContainer[str]
    context_window: int
    quantization: str
    coins_per_input_token: int
    coins_per_output_token: int
    def __init__(self, authority: _Optional[str] = ..., proposed_by: _Optional[str] = ..., id: _Optional[str] = ..., units_of_compute_per_token: _Optional[int] = ..., hf_repo: _Optional[str] = ..., hf_commit: _Optional[str] = ..., model_args: _Optional[_Iterable[str]] = ..., v_ram: _Optional[int] = ..., throughput_per_nonce: _Optional[int] = ..., validation_threshold: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., alternative_models: _Optional[_Iterable[str]] = ..., context_window: _Optional[int] = ..., quantization: _Optional[str] = ..., coins_per_input_token: _Optional[int] = ..., coins_per_output_token: _Optional[int] = ...) -> None: ...

class MsgRegisterModelResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgRetireModel(_message.Message):
    __slots__ = ("authority", "id")
    AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    authority: str
    id: str
    def __init__(self, authority: _Optional[str] = ..., id: _Optional[str] = ...) -> None: ...

class MsgRetireModelResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgUpdateParams(_message.Message):
    __slots__ = ("authority", "params")
    AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    authority: str
    params: _params_pb2.Params
    def __init__(self, authority: _Optional[str] = ..., params: _Optional[_Union[_params_pb2.Params, _Mapping]] = ...) -> None: ...

class MsgUpdateParamsResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgSubmitNewParticipant(_message.Message):
    __slots__ = ("creator", "url", "validator_key", "worker_key")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    VALIDATOR_KEY_FIELD_NUMBER: _ClassVar[int]
    WORKER_KEY_FIELD_NUMBER: _ClassVar[int]
    creator: str
    url: str
    validator_key: str
    worker_key: str
    def __init__(self, creator: _Optional[str] = ..., url: _Optional[str] = ..., validator_key: _Optional[str] = ..., worker_key: _Optional[str] = ...) -> None: ...

class MsgSubmitNewParticipantResponse(_message.Message):
    __slots__ = ("participant_index",)
    PARTICIPANT_INDEX_FIELD_NUMBER: _ClassVar[int]
    participant_index: str
    def __init__(self, participant_index: _Optional[str] = ...) -> None: ...

class MsgSubmitNewUnfundedParticipant(_message.Message):
    __slots__ = ("creator", "address", "url", "pub_key", "validator_key", "worker_key")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    PUB_KEY_FIELD_NUMBER: _ClassVar[int]
    VALIDATOR_KEY_FIELD_NUMBER: _ClassVar[int]
    WORKER_KEY_FIELD_NUMBER: _ClassVar[int]
    creator: str
    address: str
    url: str
    pub_key: str
    validator_key: str
    worker_key: str
    def __init__(self, creator: _Optional[str] = ..., address: _Optional[str] = ..., url: _Optional[str] = ..., pub_key: _Optional[str] = ..., validator_key: _Optional[str] = ..., worker_key: _Optional[str] = ...) -> None: ...

class MsgSubmitNewUnfundedParticipantResponse(_message.Message):
    __slots__ = ("participant_index",)
    PARTICIPANT_INDEX_FIELD_NUMBER: _ClassVar[int]
    participant_index: str
    def __init__(self, participant_index: _Optional[str] = ...) -> None: ...

class MsgSubmitHardwareDiff(_message.Message):
    __slots__ = ("creator", "new_or_modified", "removed")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    NEW_OR_MODIFIED_FIELD_NUMBER: _ClassVar[int]
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    creator: str
    new_or_modified: _containers.RepeatedCompositeFieldContainer[_nodes_pb2.HardwareNode]
    removed: _containers.RepeatedCompositeFieldContainer[_nodes_pb2.HardwareNode]
    def __init__(self, creator: _Optional[str] = ..., new_or_modified: _Optional[_Iterable[_Union[_nodes_pb2.HardwareNode, _Mapping]]] = ..., removed: _Optional[_Iterable[_Union[_nodes_pb2.HardwareNode, _Mapping]]] = ...) -> None: ...

class MsgSubmitHardwareDiffResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgSubmitSeed(_message.Message):
    __slots__ = ("creator", "epoch_index", "signature")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    EPOCH_INDEX_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    creator: str
    epoch_index: int
    signature: str
    def __init__(self, creator: _Optional[str] = ..., epoch_index: _Optional[int] = ..., signature: _Optional[str] = ...) -> None: ...

class MsgSubmitSeedResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgSubmitPocBatch(_message.Message):
    __slots__ = ("creator", "poc_stage_start_block_height", "batch_id", "nonces", "dist_micro", "node_id")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    POC_STAGE_START_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    BATCH_ID_FIELD_NUMBER: _ClassVar[int]
    NONCES_FIELD_NUMBER: _ClassVar[int]
    DIST_MICRO_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    creator: str
    poc_stage_start_block_height: int
    batch_id: str
    nonces: _containers.RepeatedScalarFieldContainer[int]
    dist_micro: _containers.RepeatedScalarFieldContainer[int]
    node_id: str
    def __init__(self, creator: _Optional[str] = ..., poc_stage_start_block_height: _Optional[int] = ..., batch_id: _Optional[str] = ..., nonces: _Optional[_Iterable[int]] = ..., dist_micro: _Optional[_Iterable[int]] = ..., node_id: _Optional[str] = ...) -> None: ...

class MsgSubmitPocBatchResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgSubmitPocValidation(_message.Message):
    __slots__ = ("creator", "participant_address", "poc_stage_start_block_height", "nonces", "dist_micro", "received_dist_micro", "r_target_micro", "fraud_threshold", "n_invalid", "probability_honest", "fraud_detected")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    POC_STAGE_START_BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    NONCES_FIELD_NUMBER: _ClassVar[int]
    DIST_MICRO_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_DIST_MICRO_FIELD_NUMBER: _ClassVar[int]
    R_TARGET_MICRO_FIELD_NUMBER: _ClassVar[int]
    FRAUD_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    N_INVALID_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_HONEST_FIELD_NUMBER: _ClassVar[int]
    FRAUD_DETECTED_FIELD_NUMBER: _ClassVar[int]
    creator: str
    participant_address: str
    poc_stage_start_block_height: int
    nonces: _containers.RepeatedScalarFieldContainer[int]
    dist_micro: _containers.RepeatedScalarFieldContainer[int]
    received_dist_micro: _containers.RepeatedScalarFieldContainer[int]
    r_target_micro: int
    fraud_threshold: _decimal_pb2.Decimal
    n_invalid: int
    probability_honest: _decimal_pb2.Decimal
    fraud_detected: bool
    def __init__(self, creator: _Optional[str] = ..., participant_address: _Optional[str] = ..., poc_stage_start_block_height: _Optional[int] = ..., nonces: _Optional[_Iterable[int]] = ..., dist_micro: _Optional[_Iterable[int]] = ..., received_dist_micro: _Optional[_Iterable[int]] = ..., r_target_micro: _Optional[int] = ..., fraud_threshold: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., n_invalid: _Optional[int] = ..., probability_honest: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., fraud_detected: _Optional[bool] = ...) -> None: ...

class MsgSubmitPocValidationResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgStartInference(_message.Message):
    __slots__ = ("creator", "inference_id", "prompt_hash", "prompt_payload", "model", "requested_by", "assigned_to", "node_version", "max_tokens", "prompt_token_count", "request_timestamp", "transfer_signature", "original_prompt")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    INFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    PROMPT_HASH_FIELD_NUMBER: _ClassVar[int]
    PROMPT_PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_BY_FIELD_NUMBER: _ClassVar[int]
    ASSIGNED_TO_FIELD_NUMBER: _ClassVar[int]
    NODE_VERSION_FIELD_NUMBER: _ClassVar[int]
    MAX_TOKENS_FIELD_NUMBER: _ClassVar[int]
    PROMPT_TOKEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_PROMPT_FIELD_NUMBER: _ClassVar[int]
    creator: str
    inference_id: str
    prompt_hash: str
    prompt_payload: str
    model: str
    requested_by: str
    assigned_to: str
    node_version: str
    max_tokens: int
    prompt_token_count: int
    request_timestamp: int
    transfer_signature: str
    original_prompt: str
    def __init__(self, creator: _Optional[str] = ..., inference_id: _Optional[str] = ..., prompt_hash: _Optional[str] = ..., prompt_payload: _Optional[str] = ..., model: _Optional[str] = ..., requested_by: _Optional[str] = ..., assigned_to: _Optional[str] = ..., node_version: _Optional[str] = ..., max_tokens: _Optional[int] = ..., prompt_token_count: _Optional[int] = ..., request_timestamp: _Optional[int] = ..., transfer_signature: _Optional[str] = ..., original_prompt: _Optional[str] = ...) -> None: ...

class MsgStartInferenceResponse(_message.Message):
    __slots__ = ("inference_index",)
    INFERENCE_INDEX_FIELD_NUMBER: _ClassVar[int]
    inference_index: str
    def __init__(self, inference_index: _Optional[str] = ...) -> None: ...

class MsgFinishInference(_message.Message):
    __slots__ = ("creator", "inference_id", "response_hash", "response_payload", "prompt_token_count", "completion_token_count", "executed_by", "transferred_by", "request_timestamp", "transfer_signature", "executor_signature", "requested_by", "original_prompt", "model")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    INFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_HASH_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    PROMPT_TOKEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_TOKEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    EXECUTED_BY_FIELD_NUMBER: _ClassVar[int]
    TRANSFERRED_BY_FIELD_NUMBER: _ClassVar[int]
    REQUEST_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    EXECUTOR_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_BY_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_PROMPT_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    creator: str
    inference_id: str
    response_hash: str
    response_payload: str
    prompt_token_count: int
    completion_token_count: int
    executed_by: str
    transferred_by: str
    request_timestamp: int
    transfer_signature: str
    executor_signature: str
    requested_by: str
    original_prompt: str
    model: str
    def __init__(self, creator: _Optional[str] = ..., inference_id: _Optional[str] = ..., response_hash: _Optional[str] = ..., response_payload: _Optional[str] = ..., prompt_token_count: _Optional[int] = ..., completion_token_count: _Optional[int] = ..., executed_by: _Optional[str] = ..., transferred_by: _Optional[str] = ..., request_timestamp: _Optional[int] = ..., transfer_signature: _Optional[str] = ..., executor_signature: _Optional[str] = ..., requested_by: _Optional[str] = ..., original_prompt: _Optional[str] = ..., model: _Optional[str] = ...) -> None: ...

class MsgFinishInferenceResponse(_message.Message):
    __slots__ = ("inference_index",)
    INFERENCE_INDEX_FIELD_NUMBER: _ClassVar[int]
    inference_index: str
    def __init__(self, inference_index: _Optional[str] = ...) -> None: ...

class MsgClaimRewards(_message.Message):
    __slots__ = ("creator", "seed", "epoch_index")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    EPOCH_INDEX_FIELD_NUMBER: _ClassVar[int]
    creator: str
    seed: int
    epoch_index: int
    def __init__(self, creator: _Optional[str] = ..., seed: _Optional[int] = ..., epoch_index: _Optional[int] = ...) -> None: ...

class MsgClaimRewardsResponse(_message.Message):
    __slots__ = ("amount", "result")
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    amount: int
    result: str
    def __init__(self, amount: _Optional[int] = ..., result: _Optional[str] = ...) -> None: ...

class MsgDepositCollateral(_message.Message):
    __slots__ = ("participant", "amount")
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    participant: str
    amount: _coin_pb2.Coin
    def __init__(self, participant: _Optional[str] = ..., amount: _Optional[_Union[_coin_pb2.Coin, _Mapping]] = ...) -> None: ...

class MsgDepositCollateralResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgWithdrawCollateral(_message.Message):
    __slots__ = ("participant", "amount")
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    participant: str
    amount: _coin_pb2.Coin
    def __init__(self, participant: _Optional[str] = ..., amount: _Optional[_Union[_coin_pb2.Coin, _Mapping]] = ...) -> None: ...

class MsgWithdrawCollateralResponse(_message.Message):
    __slots__ = ("completion_epoch",)
    COMPLETION_EPOCH_FIELD_NUMBER: _ClassVar[int]
    completion_epoch: int
    def __init__(self, completion_epoch: _Optional[int] = ...) -> None: ...

class MsgUnjail(_message.Message):
    __slots__ = ("creator", "participant")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    creator: str
    participant: str
    def __init__(self, creator: _Optional[str] = ..., participant: _Optional[str] = ...) -> None: ...

class MsgUnjailResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgValidation(_message.Message):
    __slots__ = ("creator", "id", "inference_id", "response_payload", "response_hash", "value", "revalidation")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    INFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_HASH_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    REVALIDATION_FIELD_NUMBER: _ClassVar[int]
    creator: str
    id: str
    inference_id: str
    response_payload: str
    response_hash: str
    value: _decimal_pb2.Decimal
    revalidation: bool
    def __init__(self, creator: _Optional[str] = ..., id: _Optional[str] = ..., inference_id: _Optional[str] = ..., response_payload: _Optional[str] = ..., response_hash: _Optional[str] = ..., value: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., revalidation: _Optional[bool] = ...) -> None: ...

class MsgValidationResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgInvalidateInference(_message.Message):
    __slots__ = ("creator", "inference_id")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    INFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    creator: str
    inference_id: str
    def __init__(self, creator: _Optional[str] = ..., inference_id: _Optional[str] = ...) -> None: ...

class MsgInvalidateInferenceResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgRevalidateInference(_message.Message):
    __slots__ = ("creator", "inference_id")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    INFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    creator: str
    inference_id: str
    def __init__(self, creator: _Optional[str] = ..., inference_id: _Optional[str] = ...) -> None: ...

class MsgRevalidateInferenceResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgSubmitUnitOfComputePriceProposal(_message.Message):
    __slots__ = ("creator", "price")
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    creator: str
    price: int
    def __init__(self, creator: _Optional[str] = ..., price: _Optional[int] = ...) -> None: ...

class MsgSubmitUnitOfComputePriceProposalResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgSubmitProposal(_message.Message):
    __slots__ = ("proposer", "title", "summary", "messages")
    PROPOSER_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    proposer: str
    title: str
    summary: str
    messages: _containers.RepeatedCompositeFieldContainer[_any_pb2.Any]
    def __init__(self, proposer: _Optional[str] = ..., title: _Optional[str] = ..., summary: _Optional[str] = ..., messages: _Optional[_Iterable[_Union[_any_pb2.Any, _Mapping]]] = ...) -> None: ...

class MsgSubmitProposalResponse(_message.Message):
    __slots__ = ("proposal_id",)
    PROPOSAL_ID_FIELD_NUMBER: _ClassVar[int]
    proposal_id: int
    def __init__(self, proposal_id: _Optional[int] = ...) -> None: ...

class MsgVote(_message.Message):
    __slots__ = ("voter", "proposal_id", "option")
    VOTER_FIELD_NUMBER: _ClassVar[int]
    PROPOSAL_ID_FIELD_NUMBER: _ClassVar[int]
    OPTION_FIELD_NUMBER: _ClassVar[int]
    voter: str
    proposal_id: int
    option: _proposals_pb2.VoteOption
    def __init__(self, voter: _Optional[str] = ..., proposal_id: _Optional[int] = ..., option: _Optional[_Union[_proposals_pb2.VoteOption, str]] = ...) -> None: ...

class MsgVoteResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgSoftwareUpgrade(_message.Message):
    __slots__ = ("authority", "name", "height", "info")
    AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    INFO_FIELD_NUMBER: _ClassVar[int]
    authority: str
    name: str
    height: int
    info: str
    def __init__(self, authority: _Optional[str] = ..., name: _Optional[str] = ..., height: _Optional[int] = ..., info: _Optional[str] = ...) -> None: ...

class MsgSoftwareUpgradeResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgCancelUpgrade(_message.Message):
    __slots__ = ("authority",)
    AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    authority: str
    def __init__(self, authority: _Optional[str] = ...) -> None: ...

class MsgCancelUpgradeResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
