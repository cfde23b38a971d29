"""All parameters of the machine, gathered, and what makes them valid. Their defaults are in `profiles.py`."""

from chain.auth.addresses import decode_address
from chain.auth.types import AuthParams
from chain.ceilings import CEILINGS
from chain.collateral.types import CollateralParams
from chain.epochs.types import EpochParams, PowerParams
from chain.errors import ErrInvalidAddress, ErrInvalidRecord
from chain.fixed import ONE, Decimal, from_decimal, parse
from chain.inference.types import BandwidthParams, InferenceParams
from chain.models.types import ModelParams
from chain.poc.types import PocParams
from chain.pricing.types import PricingParams
from chain.proposals.types import GovernanceParams
from chain.records import Record
from chain.rewards.types import RewardParams
from chain.validation.params import ValidationParams
from chain.validators.types import GUARDIANS_MAX, ConsensusParams

POC_ADMISSIONS = ("snapshot", "literal", "joiner", "registry", "open")
RESOLUTIONS = ("nearest", "terminal")
DOWNTIME_TESTS = ("", "threshold", "binomial")
_INT64_MAX = 2**63 - 1
_WINDOW_MAX = 3600


class Params(Record, frozen=True):
    """All parameters."""

    epoch: EpochParams = EpochParams()
    """Epochs."""
    poc: PocParams = PocParams()
    """Proof of compute."""
    inference: InferenceParams = InferenceParams()
    """Inference."""
    collateral: CollateralParams = CollateralParams()
    """Collateral."""
    models: ModelParams = ModelParams()
    """Models."""
    auth: AuthParams = AuthParams()
    """Transactions."""
    rewards: RewardParams = RewardParams()
    """Rewards."""
    validation: ValidationParams = ValidationParams()
    """Validation of inferences."""
    pricing: PricingParams = PricingParams()
    """Prices."""
    power: PowerParams = PowerParams()
    """How much of all power one participant may hold."""
    governance: GovernanceParams = GovernanceParams()
    """Proposals."""
    consensus: ConsensusParams = ConsensusParams()
    """Consensus."""
    bandwidth: BandwidthParams = BandwidthParams()
    """Traffic."""


class MsgUpdateParams(Record, frozen=True):
    """Replaces all parameters."""

    authority: str = ""
    """The governance account, bech32. Signs."""
    params: Params = Params()
    """The new parameters, all of them."""


class MsgUpdateParamsResponse(Record, frozen=True):
    """Answers MsgUpdateParams."""


def validate(params: Params) -> list[str]:
    """All that is wrong with the parameters, a sentence each; empty when they are valid."""
    return [
        *_validate_epoch(params.epoch),
        *_validate_poc(params.poc),
        *_validate_inference(params.inference),
        *_validate_collateral(params.collateral),
        *_one_of("models.alternative_resolution", params.models.alternative_resolution, RESOLUTIONS),
        *_validate_auth(params.auth),
        *_validate_rewards(params.rewards),
        *_validate_validation(params.validation),
        *_validate_pricing(params.pricing),
        *_fraction("power.max_individual_power_percentage", params.power.max_individual_power_percentage),
        *_at_least("governance", params.governance, voting_period_blocks=0, deposit=0),
        *_fraction("governance.quorum", params.governance.quorum),
        *_fraction("governance.threshold", params.governance.threshold),
        *_validate_consensus(params.consensus),
        *_at_least("bandwidth", params.bandwidth, estimated_limits_per_block_kb=1),
        *_not_negative("bandwidth.kb_per_input_token", params.bandwidth.kb_per_input_token),
        *_not_negative("bandwidth.kb_per_output_token", params.bandwidth.kb_per_output_token),
    ]


def _validate_epoch(epoch: EpochParams) -> list[str]:
    wrong = _at_least(
        "epoch",
        epoch,
        epoch_length=1,
        epoch_shift=0,
        default_unit_of_compute_price=0,
        poc_stage_duration=1,
        poc_exchange_duration=1,
        poc_validation_delay=0,
        poc_validation_duration=1,
        set_new_validators_delay=0,
        inference_validation_cutoff=0,
        inference_pruning_epoch_threshold=1,
        epoch_multiplier=1,
    )
    return wrong or _validate_stages(epoch)


def _validate_stages(epoch: EpochParams) -> list[str]:
    wrong = []
    validation_end = epoch.poc_stage_duration + epoch.poc_validation_delay + epoch.poc_validation_duration
    stages = validation_end + epoch.set_new_validators_delay
    if stages >= epoch.epoch_length:
        wrong.append(
            f"the stages must fit into epoch_length: they take {stages} blocks of {epoch.epoch_length}, "
            "and at least one block must be left for inference"
        )
    if epoch.epoch_shift >= epoch.epoch_length:
        wrong.append(
            f"epoch.epoch_shift is {epoch.epoch_shift}, must be less than epoch_length {epoch.epoch_length}"
        )
    if epoch.poc_stage_duration + epoch.poc_exchange_duration >= validation_end:
        wrong.append(
            "epoch.poc_exchange_duration must end before validation does: "
            "at most poc_validation_delay + poc_validation_duration - 1"
        )
    return wrong


def _validate_poc(poc: PocParams) -> list[str]:
    return [
        *_at_least(
            "poc",
            poc,
            validation_sample_size=1,
            poc_data_pruning_epoch_threshold=1,
            r_target_micro=1,
            tolerance_micro=0,
            tokens_per_nonce=1,
            sequences_per_decode=4,
            vector_dimensions=1,
            max_batch_nonces=1,
            compliance_activation_epoch=0,
            default_difficulty=0,
        ),
        *_fraction("poc.mismatch_rate", poc.mismatch_rate),
        *_fraction("poc.fraud_threshold", poc.fraud_threshold),
        *_one_of("poc.poc_admission", poc.poc_admission, POC_ADMISSIONS),
    ]


def _validate_inference(inference: InferenceParams) -> list[str]:
    return _at_least(
        "inference",
        inference,
        expiration_blocks=1,
        base_per_token_price=1,
        default_max_tokens=1,
        timestamp_expiration=1,
        timestamp_advance=1,
    )


def _validate_collateral(collateral: CollateralParams) -> list[str]:
    return [
        *_at_least(
            "collateral",
            collateral,
            downtime_min_sample=0,
            unbonding_period_epochs=1,
            grace_period_end_epoch=0,
            jail_missed_requests=0,
            jail_epochs=0,
        ),
        *_one_of("collateral.downtime_test", collateral.downtime_test, DOWNTIME_TESTS),
        *_fraction("collateral.slash_fraction_invalid", collateral.slash_fraction_invalid),
        *_fraction("collateral.slash_fraction_downtime", collateral.slash_fraction_downtime),
        *_fraction(
            "collateral.downtime_missed_percentage_threshold", collateral.downtime_missed_percentage_threshold
        ),
        *_fraction("collateral.base_weight_ratio", collateral.base_weight_ratio),
        *_not_negative("collateral.collateral_per_weight_unit", collateral.collateral_per_weight_unit),
    ]


def _validate_auth(auth: AuthParams) -> list[str]:
    return _at_least(
        "auth",
        auth,
        max_memo_characters=1,
        max_tx_bytes=1,
        tx_sig_limit=1,
        tx_size_cost_per_byte=1,
        sig_verify_cost=1,
        max_block_gas=0,
    )


def _validate_rewards(rewards: RewardParams) -> list[str]:
    return [
        *_at_least("rewards", rewards, initial_epoch_reward=0, genesis_epoch=0, standard_reward_amount=0),
        *_within("rewards.decay_rate", rewards.decay_rate, "-0.01", "0"),
        *_fraction("rewards.subsidy_reduction_interval", rewards.subsidy_reduction_interval),
        *_fraction("rewards.subsidy_reduction_amount", rewards.subsidy_reduction_amount),
        *_within("rewards.current_subsidy_percentage", rewards.current_subsidy_percentage, "0", "0.9999"),
        *_not_negative("rewards.utilization_bonus_factor", rewards.utilization_bonus_factor),
        *_not_negative("rewards.full_coverage_bonus_factor", rewards.full_coverage_bonus_factor),
        *_not_negative("rewards.partial_coverage_bonus_factor", rewards.partial_coverage_bonus_factor),
    ]


def _validate_validation(validation: ValidationParams) -> list[str]:
    wrong = [
        *_at_least(
            "validation",
            validation,
            min_ramp_up_measurements=1,
            full_validation_traffic_cutoff=1,
            min_validation_traffic_cutoff=0,
            epochs_to_max=1,
            voting_period_blocks=1,
        ),
        *_fraction("validation.false_positive_rate", validation.false_positive_rate),
        *_fraction("validation.min_validation_average", validation.min_validation_average),
        *_fraction("validation.max_validation_average", validation.max_validation_average),
        *_fraction("validation.min_validation_halfway", validation.min_validation_halfway),
        *_fraction("validation.miss_percentage_cutoff", validation.miss_percentage_cutoff),
        *_not_negative("validation.miss_requests_penalty", validation.miss_requests_penalty),
        *_fraction("validation.pass_value", validation.pass_value),
    ]
    return wrong or _validate_averages(validation)


def _validate_averages(validation: ValidationParams) -> list[str]:
    wrong = []
    least, halfway, most = (
        from_decimal(average)
        for average in (
            validation.min_validation_average,
            validation.min_validation_halfway,
            validation.max_validation_average,
        )
    )
    if not least <= halfway <= most:
        wrong.append("validation averages must rise from min_validation_average over halfway to the maximum")
    if 2 * validation.min_validation_traffic_cutoff >= validation.full_validation_traffic_cutoff:
        wrong.append("validation.min_validation_traffic_cutoff must be less than half of full traffic")
    if not 0 < 2 * from_decimal(validation.false_positive_rate) <= ONE:
        wrong.append("validation.false_positive_rate must be above 0 and at most a half")
    return wrong


def _validate_pricing(pricing: PricingParams) -> list[str]:
    wrong = [
        *_at_least(
            "pricing",
            pricing,
            utilization_window_duration=1,
            utilization_window_blocks=1,
            min_per_token_price=1,
            grace_period_end_epoch=0,
            grace_period_per_token_price=0,
        ),
        *_fraction("pricing.stability_zone_lower", pricing.stability_zone_lower),
        *_fraction("pricing.stability_zone_upper", pricing.stability_zone_upper),
        *_fraction("pricing.price_elasticity", pricing.price_elasticity),
    ]
    if wrong:
        return wrong
    if from_decimal(pricing.stability_zone_lower) >= from_decimal(pricing.stability_zone_upper):
        wrong.append("pricing.stability_zone_lower must be less than stability_zone_upper")
    if pricing.price_elasticity.value == 0:
        wrong.append("pricing.price_elasticity must be above 0")
    for name in ("utilization_window_duration", "utilization_window_blocks"):
        if getattr(pricing, name) > _WINDOW_MAX:
            wrong.append(f"pricing.{name} is {getattr(pricing, name)}, must be at most {_WINDOW_MAX}")
    return wrong


def _validate_consensus(consensus: ConsensusParams) -> list[str]:
    guardians = consensus.guardian_addresses
    wrong = _at_least("consensus", consensus, guardian_network_maturity_threshold=0)
    wrong += _within("consensus.guardian_multiplier", consensus.guardian_multiplier, "0", "1000")
    if len(guardians) > GUARDIANS_MAX or len(dict.fromkeys(guardians)) < len(guardians):
        wrong.append(f"consensus.guardian_addresses must be at most {GUARDIANS_MAX}, none twice")
    for guardian in guardians:
        try:
            decode_address(guardian)
        except ErrInvalidAddress as error:
            wrong.append(f"consensus.guardian_addresses: {error}")
    return wrong


def _at_least(group: str, record: object, **lowest: int) -> list[str]:
    wrong = []
    for name, least in lowest.items():
        value, most = getattr(record, name), CEILINGS.get(f"{group}.{name}", _INT64_MAX)
        if not least <= value <= most:
            upper = f"at most {most}" if most < _INT64_MAX else "fit into 63 bits"
            wrong.append(f"{group}.{name} is {value}, must be at least {least} and {upper}")
    return wrong


def _fraction(name: str, value: Decimal) -> list[str]:
    try:
        scaled = from_decimal(value)
    except ErrInvalidRecord as error:
        return [f"{name}: {error}"]
    return [] if 0 <= scaled <= ONE else [f"{name} must be between 0 and 1"]


def _not_negative(name: str, value: Decimal) -> list[str]:
    try:
        scaled = from_decimal(value)
    except ErrInvalidRecord as error:
        return [f"{name}: {error}"]
    return [] if scaled >= 0 else [f"{name} must not be negative"]


def _within(name: str, value: Decimal, least: str, most: str) -> list[str]:
    try:
        scaled = from_decimal(value)
    except ErrInvalidRecord as error:
        return [f"{name}: {error}"]
    return [] if parse(least) <= scaled <= parse(most) else [f"{name} must be between {least} and {most}"]


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> list[str]:
    return [] if value in allowed else [f"{name} is {value!r}, must be one of {', '.join(allowed)}"]
