"""Ready-made parameters: `devnet` for a laptop with one block a second, `default`, and `production`."""

from chain.auth.types import AuthParams
from chain.collateral.types import CollateralParams
from chain.epochs.types import EpochParams, PowerParams
from chain.errors import ErrNotFound
from chain.fixed import Decimal
from chain.inference.types import BandwidthParams, InferenceParams
from chain.models.types import ModelParams
from chain.params import Params
from chain.poc.types import PocParams
from chain.pricing.types import PricingParams
from chain.proposals.types import GovernanceParams
from chain.records import replace
from chain.rewards.types import RewardParams
from chain.validation.params import ValidationParams
from chain.validators.types import ConsensusParams

UMESH_PER_MESH = 1_000_000
"""Rewards, and what all of them may sum up to, are as many coins as elsewhere in the field; the price of a
token or of a unit of compute is the same number of the smallest unit.
"""

DEFAULT = Params(
    epoch=EpochParams(
        epoch_length=40,
        epoch_shift=0,
        default_unit_of_compute_price=100,
        poc_stage_duration=10,
        poc_exchange_duration=2,
        poc_validation_delay=2,
        poc_validation_duration=6,
        set_new_validators_delay=1,
        inference_validation_cutoff=0,
        inference_pruning_epoch_threshold=2,
        epoch_multiplier=1,
    ),
    poc=PocParams(
        validation_sample_size=200,
        poc_data_pruning_epoch_threshold=1,
        r_target_micro=1_270_000,
        tolerance_micro=80_000,
        mismatch_rate=Decimal(5, -4),
        fraud_threshold=Decimal(1, -7),
        tokens_per_nonce=16,
        sequences_per_decode=8,
        vector_dimensions=64,
        poc_admission="snapshot",
        max_batch_nonces=1000,
        default_difficulty=5,
    ),
    inference=InferenceParams(
        expiration_blocks=20,
        base_per_token_price=100,
        default_max_tokens=5000,
        timestamp_expiration=60,
        timestamp_advance=30,
        exclude_invalid=True,
    ),
    collateral=CollateralParams(
        slash_fraction_invalid=Decimal(2, -1),
        slash_fraction_downtime=Decimal(1, -1),
        downtime_missed_percentage_threshold=Decimal(5, -2),
        downtime_min_sample=0,
        unbonding_period_epochs=1,
        grace_period_end_epoch=180,
        base_weight_ratio=Decimal(2, -1),
        collateral_per_weight_unit=Decimal(1),
        downtime_test="threshold",
        jail_missed_requests=50,
        jail_epochs=1,
        exclude_jailed=True,
    ),
    models=ModelParams(alternative_resolution="nearest"),
    auth=AuthParams(
        max_memo_characters=256,
        max_tx_bytes=1_048_576,
        tx_sig_limit=7,
        tx_size_cost_per_byte=10,
        sig_verify_cost=1000,
        max_block_gas=300_000_000,
    ),
    rewards=RewardParams(
        use_bitcoin_rewards=True,
        initial_epoch_reward=285_000 * UMESH_PER_MESH,
        decay_rate=Decimal(-475, -6),
        genesis_epoch=1,
        standard_reward_amount=600_000_000 * UMESH_PER_MESH,
        subsidy_reduction_interval=Decimal(5, -2),
        subsidy_reduction_amount=Decimal(2, -1),
        current_subsidy_percentage=Decimal(9, -1),
        utilization_bonus_factor=Decimal(5, -1),
        full_coverage_bonus_factor=Decimal(12, -1),
        partial_coverage_bonus_factor=Decimal(1, -1),
    ),
    validation=ValidationParams(
        false_positive_rate=Decimal(5, -2),
        min_ramp_up_measurements=10,
        min_validation_average=Decimal(1, -2),
        max_validation_average=Decimal(1),
        min_validation_halfway=Decimal(5, -2),
        full_validation_traffic_cutoff=10_000,
        min_validation_traffic_cutoff=100,
        epochs_to_max=30,
        miss_percentage_cutoff=Decimal(1, -2),
        miss_requests_penalty=Decimal(1),
        voting_period_blocks=20,
        pass_value=Decimal(99, -2),
    ),
    pricing=PricingParams(
        stability_zone_lower=Decimal(4, -1),
        stability_zone_upper=Decimal(6, -1),
        price_elasticity=Decimal(5, -2),
        utilization_window_duration=60,
        utilization_window_blocks=12,
        min_per_token_price=1,
        grace_period_end_epoch=90,
        grace_period_per_token_price=0,
    ),
    power=PowerParams(max_individual_power_percentage=Decimal(25, -2)),
    governance=GovernanceParams(
        voting_period_blocks=40,
        quorum=Decimal(334, -3),
        threshold=Decimal(5, -1),
        deposit=10_000_000,
    ),
    consensus=ConsensusParams(
        guardian_enabled=True,
        guardian_network_maturity_threshold=2_000_000,
        guardian_multiplier=Decimal(52, -2),
    ),
    bandwidth=BandwidthParams(
        estimated_limits_per_block_kb=1024,
        kb_per_input_token=Decimal(23, -4),
        kb_per_output_token=Decimal(64, -2),
    ),
)
"""What a parameter is unless there is a reason for another value."""

DEVNET = replace(
    DEFAULT,
    epoch=replace(
        DEFAULT.epoch,
        epoch_length=50,
        epoch_shift=30,
        poc_stage_duration=10,
        poc_validation_duration=10,
    ),  # the first proof of compute starts at height 20
    poc=replace(DEFAULT.poc, validation_sample_size=8, r_target_micro=1_420_000),
    collateral=replace(DEFAULT.collateral, grace_period_end_epoch=1_000_000),
    power=PowerParams(),
    consensus=ConsensusParams(),
    validation=replace(
        DEFAULT.validation,
        min_validation_average=Decimal(0),
        max_validation_average=Decimal(0),
        min_validation_halfway=Decimal(0),
    ),
    pricing=replace(
        DEFAULT.pricing, utilization_window_blocks=60, grace_period_per_token_price=100
    ),  # as the base price: nothing is free, and nothing moves for an hour
)
"""Short epochs for a laptop: at one block a second an epoch takes 50 s, half of it proof of compute.

Half of all nonces count, not one in twenty, so that ten seconds of a slow core give weight. A sample
of eight is one decode, and three invented distances in it are fraud. Nobody needs collateral, nobody is
too powerful among so few, and nobody has to re-execute what others answered before it may claim.
"""

PRODUCTION = replace(
    DEFAULT,
    epoch=replace(
        DEFAULT.epoch,
        epoch_length=17_280,
        epoch_shift=16_980,
        poc_stage_duration=60,
        poc_exchange_duration=5,
        poc_validation_delay=5,
        poc_validation_duration=20,
        set_new_validators_delay=120,
        inference_validation_cutoff=80,
    ),
    validation=replace(DEFAULT.validation, voting_period_blocks=48),
    governance=replace(DEFAULT.governance, voting_period_blocks=34_560),
)
"""Epochs of about a day at five seconds a block; the first proof of compute starts at height 300.

A vote takes two days.
"""

PROFILES = (("devnet", DEVNET), ("default", DEFAULT), ("production", PRODUCTION))


def get_profile(name: str) -> Params:
    """The parameters of a profile. Refuses a name that is not one."""
    for known, params in PROFILES:
        if known == name:
            return params
    raise ErrNotFound(what=f"profile {name!r} (there are {', '.join(known for known, _ in PROFILES)})")
