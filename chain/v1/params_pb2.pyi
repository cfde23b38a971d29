from chain.v1 import decimal_pb2 as _decimal_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EpochParams(_message.Message):
    __slots__ = ("epoch_length", "epoch_shift", "default_unit_of_compute_price", "poc_stage_duration", "poc_exchange_duration", "poc_validation_delay", "poc_validation_duration", "set_new_validators_delay", "inference_validation_cutoff", "inference_pruning_epoch_threshold", "epoch_multiplier")
    EPOCH_LENGTH_FIELD_NUMBER: _ClassVar[int]
    EPOCH_SHIFT_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_UNIT_OF_COMPUTE_PRICE_FIELD_NUMBER: _ClassVar[int]
    POC_STAGE_DURATION_FIELD_NUMBER: _ClassVar[int]
    POC_EXCHANGE_DURATION_FIELD_NUMBER: _ClassVar[int]
    POC_VALIDATION_DELAY_FIELD_NUMBER: _ClassVar[int]
    POC_VALIDATION_DURATION_FIELD_NUMBER: _ClassVar[int]
    SET_NEW_VALIDATORS_DELAY_FIELD_NUMBER: _ClassVar[int]
    INFERENCE_VALIDATION_CUTOFF_FIELD_NUMBER: _ClassVar[int]
    INFERENCE_PRUNING_EPOCH_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    EPOCH_MULTIPLIER_FIELD_NUMBER: _ClassVar[int]
    epoch_length: int
    epoch_shift: int
    default_unit_of_compute_price: int
    poc_stage_duration: int
    poc_exchange_duration: int
    poc_validation_delay: int
    poc_validation_duration: int
    set_new_validators_delay: int
    inference_validation_cutoff: int
    inference_pruning_epoch_threshold: int
    epoch_multiplier: int
    def __init__(self, epoch_length: _Optional[int] = ..., epoch_shift: _Optional[int] = ..., default_unit_of_compute_price: _Optional[int] = ..., poc_stage_duration: _Optional[int] = ..., poc_exchange_duration: _Optional[int] = ..., poc_validation_delay: _Optional[int] = ..., poc_validation_duration: _Optional[int] = ..., set_new_validators_delay: _Optional[int] = ..., inference_validation_cutoff: _Optional[int] = ..., inference_pruning_epoch_threshold: _Optional[int] = ..., epoch_multiplier: _Optional[int] = ...) -> None: ...

class PocParams(_message.Message):
    __slots__ = ("validation_sample_size", "poc_data_pruning_epoch_threshold", "r_target_micro", "tolerance_micro", "mismatch_rate", "fraud_threshold", "tokens_per_nonce", "sequences_per_decode", "vector_dimensions", "poc_admission", "max_batch_nonces", "default_difficulty", "compliance_activation_epoch")
    VALIDATION_SAMPLE_SIZE_FIELD_NUMBER: _ClassVar[int]
    POC_DATA_PRUNING_EPOCH_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    R_TARGET_MICRO_FIELD_NUMBER: _ClassVar[int]
    TOLERANCE_MICRO_FIELD_NUMBER: _ClassVar[int]
    MISMATCH_RATE_FIELD_NUMBER: _ClassVar[int]
    FRAUD_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    TOKENS_PER_NONCE_FIELD_NUMBER: _ClassVar[int]
    SEQUENCES_PER_DECODE_FIELD_NUMBER: _ClassVar[int]
    VECTOR_DIMENSIONS_FIELD_NUMBER: _ClassVar[int]
    POC_ADMISSION_FIELD_NUMBER: _ClassVar[int]
    MAX_BATCH_NONCES_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_DIFFICULTY_FIELD_NUMBER: _ClassVar[int]
    COMPLIANCE_ACTIVATION_EPOCH_FIELD_NUMBER: _ClassVar[int]
    validation_sample_size: int
    poc_data_pruning_epoch_threshold: int
    r_target_micro: int
    tolerance_micro: int
    mismatch_rate: _decimal_pb2.Decimal
    fraud_threshold: _decimal_pb2.Decimal
    tokens_per_nonce: int
    sequences_per_decode: int
    vector_dimensions: int
    poc_admission: str
    max_batch_nonces: int
    default_difficulty: int
    compliance_activation_epoch: int
    def __init__(self, validation_sample_size: _Optional[int] = ..., poc_data_pruning_epoch_threshold: _Optional[int] = ..., r_target_micro: _Optional[int] = ..., tolerance_micro: _Optional[int] = ..., mismatch_rate: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., fraud_threshold: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., tokens_per_nonce: _Optional[int] = ..., sequences_per_decode: _Optional[int] = ..., vector_dimensions: _Optional[int] = ..., poc_admission: _Optional[str] = ..., max_batch_nonces: _Optional[int] = ..., default_difficulty: _Optional[int] = ..., compliance_activation_epoch: _Optional[int] = ...) -> None: ...

class InferenceParams(_message.Message):
    __slots__ = ("expiration_blocks", "base_per_token_price", "default_max_tokens", "timestamp_expiration", "timestamp_advance", "exclude_invalid")
    EXPIRATION_BLOCKS_FIELD_NUMBER: _ClassVar[int]
    BASE_PER_TOKEN_PRICE_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_MAX_TOKENS_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_EXPIRATION_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_ADVANCE_FIELD_NUMBER: _ClassVar[int]
    EXCLUDE_INVALID_FIELD_NUMBER: _ClassVar[int]
    expiration_blocks: int
    base_per_token_price: int
    default_max_tokens: int
    timestamp_expiration: int
    timestamp_advance: int
    exclude_invalid: bool
    def __init__(self, expiration_blocks: _Optional[int] = ..., base_per_token_price: _Optional[int] = ..., default_max_tokens: _Optional[int] = ..., timestamp_expiration: _Optional[int] = ..., timestamp_advance: _Optional[int] = ..., exclude_invalid: _Optional[bool] = ...) -> None: ...

class CollateralParams(_message.Message):
    __slots__ = ("slash_fraction_invalid", "slash_fraction_downtime", "downtime_missed_percentage_threshold", "downtime_min_sample", "unbonding_period_epochs", "grace_period_end_epoch", "base_weight_ratio", "collateral_per_weight_unit", "downtime_test", "jail_missed_requests", "jail_epochs", "exclude_jailed")
    SLASH_FRACTION_INVALID_FIELD_NUMBER: _ClassVar[int]
    SLASH_FRACTION_DOWNTIME_FIELD_NUMBER: _ClassVar[int]
    DOWNTIME_MISSED_PERCENTAGE_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    DOWNTIME_MIN_SAMPLE_FIELD_NUMBER: _ClassVar[int]
    UNBONDING_PERIOD_EPOCHS_FIELD_NUMBER: _ClassVar[int]
    GRACE_PERIOD_END_EPOCH_FIELD_NUMBER: _ClassVar[int]
    BASE_WEIGHT_RATIO_FIELD_NUMBER: _ClassVar[int]
    COLLATERAL_PER_WEIGHT_UNIT_FIELD_NUMBER: _ClassVar[int]
    DOWNTIME_TEST_FIELD_NUMBER: _ClassVar[int]
    JAIL_MISSED_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    JAIL_EPOCHS_FIELD_NUMBER: _ClassVar[int]
    EXCLUDE_JAILED_FIELD_NUMBER: _ClassVar[int]
    slash_fraction_invalid: _decimal_pb2.Decimal
    slash_fraction_downtime: _decimal_pb2.Decimal
    downtime_missed_percentage_threshold: _decimal_pb2.Decimal
    downtime_min_sample: int
    unbonding_period_epochs: int
    grace_period_end_epoch: int
    base_weight_ratio: _decimal_pb2.Decimal
    collateral_per_weight_unit: _decimal_pb2.Decimal
    downtime_test: str
    jail_missed_requests: int
    jail_epochs: int
    exclude_jailed: bool
    def __init__(self, slash_fraction_invalid: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., slash_fraction_downtime: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., downtime_missed_percentage_threshold: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., downtime_min_sample: _Optional[int] = ..., unbonding_period_epochs: _Optional[int] = ..., grace_period_end_epoch: _Optional[int] = ..., base_weight_ratio: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., collateral_per_weight_unit: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., downtime_test: _Optional[str] = ..., jail_missed_requests: _Optional[int] = ..., jail_epochs: _Optional[int] = ..., exclude_jailed: _Optional[bool] = ...) -> None: ...

class PowerParams(_message.Message):
    __slots__ = ("max_individual_power_percentage",)
    MAX_INDIVIDUAL_POWER_PERCENTAGE_FIELD_NUMBER: _ClassVar[int]
    max_individual_power_percentage: _decimal_pb2.Decimal
    def __init__(self, max_individual_power_percentage: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ...) -> None: ...

class ModelParams(_message.Message):
    __slots__ = ("alternative_resolution",)
    ALTERNATIVE_RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    alternative_resolution: str
    def __init__(self, alternative_resolution: _Optional[str] = ...) -> None: ...

class AuthParams(_message.Message):
    __slots__ = ("max_memo_characters", "max_tx_bytes", "tx_sig_limit", "tx_size_cost_per_byte", "sig_verify_cost", "max_block_gas")
    MAX_MEMO_CHARACTERS_FIELD_NUMBER: _ClassVar[int]
    MAX_TX_BYTES_FIELD_NUMBER: _ClassVar[int]
    TX_SIG_LIMIT_FIELD_NUMBER: _ClassVar[int]
    TX_SIZE_COST_PER_BYTE_FIELD_NUMBER: _ClassVar[int]
    SIG_VERIFY_COST_FIELD_NUMBER: _ClassVar[int]
    MAX_BLOCK_GAS_FIELD_NUMBER: _ClassVar[int]
    max_memo_characters: int
    max_tx_bytes: int
    tx_sig_limit: int
    tx_size_cost_per_byte: int
    sig_verify_cost: int
    max_block_gas: int
    def __init__(self, max_memo_characters: _Optional[int] = ..., max_tx_bytes: _Optional[int] = ..., tx_sig_limit: _Optional[int] = ..., tx_size_cost_per_byte: _Optional[int] = ..., sig_verify_cost: _Optional[int] = ..., max_block_gas: _Optional[int] = ...) -> None: ...

class RewardParams(_message.Message):
    __slots__ = ("use_bitcoin_rewards", "initial_epoch_reward", "decay_rate", "genesis_epoch", "standard_reward_amount", "subsidy_reduction_interval", "subsidy_reduction_amount", "current_subsidy_percentage", "utilization_bonus_factor", "full_coverage_bonus_factor", "partial_coverage_bonus_factor")
    USE_BITCOIN_REWARDS_FIELD_NUMBER: _ClassVar[int]
    INITIAL_EPOCH_REWARD_FIELD_NUMBER: _ClassVar[int]
    DECAY_RATE_FIELD_NUMBER: _ClassVar[int]
    GENESIS_EPOCH_FIELD_NUMBER: _ClassVar[int]
    STANDARD_REWARD_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    SUBSIDY_REDUCTION_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    SUBSIDY_REDUCTION_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    CURRENT_SUBSIDY_PERCENTAGE_FIELD_NUMBER: _ClassVar[int]
    UTILIZATION_BONUS_FACTOR_FIELD_NUMBER: _ClassVar[int]
    FULL_COVERAGE_BONUS_FACTOR_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_COVERAGE_BONUS_FACTOR_FIELD_NUMBER: _ClassVar[int]
    use_bitcoin_rewards: bool
    initial_epoch_reward: int
    decay_rate: _decimal_pb2.Decimal
    genesis_epoch: int
    standard_reward_amount: int
    subsidy_reduction_interval: _decimal_pb2.Decimal
    subsidy_reduction_amount: _decimal_pb2.Decimal
    current_subsidy_percentage: _decimal_pb2.Decimal
    utilization_bonus_factor: _decimal_pb2.Decimal
    full_coverage_bonus_factor: _decimal_pb2.Decimal
    partial_coverage_bonus_factor: _decimal_pb2.Decimal
    def __init__(self, use_bitcoin_rewards: _Optional[bool] = ..., initial_epoch_reward: _Optional[int] = ..., decay_rate: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., genesis_epoch: _Optional[int] = ..., standard_reward_amount: _Optional[int] = ..., subsidy_reduction_interval: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., subsidy_reduction_amount: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., current_subsidy_percentage: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., utilization_bonus_factor: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., full_coverage_bonus_factor: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., partial_coverage_bonus_factor: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ...) -> None: ...

class ValidationParams(_message.Message):
    __slots__ = ("false_positive_rate", "min_ramp_up_measurements", "min_validation_average", "max_validation_average", "min_validation_halfway", "full_validation_traffic_cutoff", "min_validation_traffic_cutoff", "epochs_to_max", "miss_percentage_cutoff", "miss_requests_penalty", "voting_period_blocks", "pass_value")
    FALSE_POSITIVE_RATE_FIELD_NUMBER: _ClassVar[int]
    MIN_RAMP_UP_MEASUREMENTS_FIELD_NUMBER: _ClassVar[int]
    MIN_VALIDATION_AVERAGE_FIELD_NUMBER: _ClassVar[int]
    MAX_VALIDATION_AVERAGE_FIELD_NUMBER: _ClassVar[int]
    MIN_VALIDATION_HALFWAY_FIELD_NUMBER: _ClassVar[int]
    FULL_VALIDATION_TRAFFIC_CUTOFF_FIELD_NUMBER: _ClassVar[int]
    MIN_VALIDATION_TRAFFIC_CUTOFF_FIELD_NUMBER: _ClassVar[int]
    EPOCHS_TO_MAX_FIELD_NUMBER: _ClassVar[int]
    MISS_PERCENTAGE_CUTOFF_FIELD_NUMBER: _ClassVar[int]
    MISS_REQUESTS_PENALTY_FIELD_NUMBER: _ClassVar[int]
    VOTING_PERIOD_BLOCKS_FIELD_NUMBER: _ClassVar[int]
    PASS_VALUE_FIELD_NUMBER: _ClassVar[int]
    false_positive_rate: _decimal_pb2.Decimal
    min_ramp_up_measurements: int
    min_validation_average: _decimal_pb2.Decimal
    max_validation_average: _decimal_pb2.Decimal
    min_validation_halfway: _decimal_pb2.Decimal
    full_validation_traffic_cutoff: int
    min_validation_traffic_cutoff: int
    epochs_to_max: int
    miss_percentage_cutoff: _decimal_pb2.Decimal
    miss_requests_penalty: _decimal_pb2.Decimal
    voting_period_blocks: int
    pass_value: _decimal_pb2.Decimal
    def __init__(self, false_positive_rate: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., min_ramp_up_measurements: _Optional[int] = ..., min_validation_average: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., max_validation_average: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., min_validation_halfway: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., full_validation_traffic_cutoff: _Optional[int] = ..., min_validation_traffic_cutoff: _Optional[int] = ..., epochs_to_max: _Optional[int] = ..., miss_percentage_cutoff: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., miss_requests_penalty: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., voting_period_blocks: _Optional[int] = ..., pass_value: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ...) -> None: ...

class PricingParams(_message.Message):
    __slots__ = ("stability_zone_lower", "stability_zone_upper", "price_elasticity", "utilization_window_duration", "utilization_window_blocks", "min_per_token_price", "grace_period_end_epoch", "grace_period_per_token_price")
    STABILITY_ZONE_LOWER_FIELD_NUMBER: _ClassVar[int]
    STABILITY_ZONE_UPPER_FIELD_NUMBER: _ClassVar[int]
    PRICE_ELASTICITY_FIELD_NUMBER: _ClassVar[int]
    UTILIZATION_WINDOW_DURATION_FIELD_NUMBER: _ClassVar[int]
    UTILIZATION_WINDOW_BLOCKS_FIELD_NUMBER: _ClassVar[int]
    MIN_PER_TOKEN_PRICE_FIELD_NUMBER: _ClassVar[int]
    GRACE_PERIOD_END_EPOCH_FIELD_NUMBER: _ClassVar[int]
    GRACE_PERIOD_PER_TOKEN_PRICE_FIELD_NUMBER: _ClassVar[int]
    stability_zone_lower: _decimal_pb2.Decimal
    stability_zone_upper: _decimal_pb2.Decimal
    price_elasticity: _decimal_pb2.Decimal
    utilization_window_duration: int
    utilization_window_blocks: int
    min_per_token_price: int
    grace_period_end_epoch: int
    grace_period_per_token_price: int
    def __init__(self, stability_zone_lower: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., stability_zone_upper: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., price_elasticity: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., utilization_window_duration: _Optional[int] = ..., utilization_window_blocks: _Optional[int] = ..., min_per_token_price: _Optional[int] = ..., grace_period_end_epoch: _Optional[int] = ..., grace_period_per_token_price: _Optional[int] = ...) -> None: ...

class GovernanceParams(_message.Message):
    __slots__ = ("voting_period_blocks", "quorum", "threshold", "deposit")
    VOTING_PERIOD_BLOCKS_FIELD_NUMBER: _ClassVar[int]
    QUORUM_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    DEPOSIT_FIELD_NUMBER: _ClassVar[int]
    voting_period_blocks: int
    quorum: _decimal_pb2.Decimal
    threshold: _decimal_pb2.Decimal
    deposit: int
    def __init__(self, voting_period_blocks: _Optional[int] = ..., quorum: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., threshold: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., deposit: _Optional[int] = ...) -> None: ...

class ConsensusParams(_message.Message):
    __slots__ = ("guardian_enabled", "guardian_network_maturity_threshold", "guardian_multiplier", "guardian_addresses")
    GUARDIAN_ENABLED_FIELD_NUMBER: _ClassVar[int]
    GUARDIAN_NETWORK_MATURITY_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    GUARDIAN_MULTIPLIER_FIELD_NUMBER: _ClassVar[int]
    GUARDIAN_ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    guardian_enabled: bool
    guardian_network_maturity_threshold: int
    guardian_multiplier: _decimal_pb2.Decimal
    guardian_addresses: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, guardian_enabled: _Optional[bool] = ..., guardian_network_maturity_threshold: _Optional[int] = ..., guardian_multiplier: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., guardian_addresses: _Optional[_Iterable[str]] = ...) -> None: ...

class BandwidthParams(_message.Message):
    __slots__ = ("estimated_limits_per_block_kb", "kb_per_input_token", "kb_per_output_token")
    ESTIMATED_LIMITS_PER_BLOCK_KB_FIELD_NUMBER: _ClassVar[int]
    KB_PER_INPUT_TOKEN_FIELD_NUMBER: _ClassVar[int]
    KB_PER_OUTPUT_TOKEN_FIELD_NUMBER: _ClassVar[int]
    estimated_limits_per_block_kb: int
    kb_per_input_token: _decimal_pb2.Decimal
    kb_per_output_token: _decimal_pb2.Decimal
    def __init__(self, estimated_limits_per_block_kb: _Optional[int] = ..., kb_per_input_token: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., kb_per_output_token: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ...) -> None: ...

class Params(_message.Message):
    __slots__ = ("epoch", "poc", "inference", "collateral", "models", "auth", "rewards", "validation", "pricing", "power", "governance", "consensus", "bandwidth")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    POC_FIELD_NUMBER: _ClassVar[int]
    INFERENCE_FIELD_NUMBER: _ClassVar[int]
    COLLATERAL_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    AUTH_FIELD_NUMBER: _ClassVar[int]
    REWARDS_FIELD_NUMBER: _ClassVar[int]
    VALIDATION_FIELD_NUMBER: _ClassVar[int]
    PRICING_FIELD_NUMBER: _ClassVar[int]
    POWER_FIELD_NUMBER: _ClassVar[int]
    GOVERNANCE_FIELD_NUMBER: _ClassVar[int]
    CONSENSUS_FIELD_NUMBER: _ClassVar[int]
    BANDWIDTH_FIELD_NUMBER: _ClassVar[int]
    epoch: EpochParams
    poc: PocParams
    inference: InferenceParams
    collateral: CollateralParams
    models: ModelParams
    auth: AuthParams
    rewards: RewardParams
    validation: ValidationParams
    pricing: PricingParams
    power: PowerParams
    governance: GovernanceParams
    consensus: ConsensusParams
    bandwidth: BandwidthParams
    def __init__(self, epoch: _Optional[_Union[EpochParams, _Mapping]] = ..., poc: _Optional[_Union[PocParams, _Mapping]] = ..., inference: _Optional[_Union[InferenceParams, _Mapping]] = ..., collateral: _Optional[_Union[CollateralParams, _Mapping]] = ..., models: _Optional[_Union[ModelParams, _Mapping]] = ..., auth: _Optional[_Union[AuthParams, _Mapping]] = ..., rewards: _Optional[_Union[RewardParams, _Mapping]] = ..., validation: _Optional[_Union[ValidationParams, _Mapping]] = ..., pricing: _Optional[_Union[PricingParams, _Mapping]] = ..., power: _Optional[_Union[PowerParams, _Mapping]] = ..., governance: _Optional[_Union[GovernanceParams, _Mapping]] = ..., consensus: _Optional[_Union[ConsensusParams, _Mapping]] = ..., bandwidth: _Optional[_Union[BandwidthParams, _Mapping]] = ...) -> None: ...
