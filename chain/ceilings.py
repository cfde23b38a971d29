"""The most that a number among the parameters may be, where 63 bits would be too much.

Heights, epochs and sums are made of parameters; a number so large that they no longer fit would stop the
chain at the end of some block, long after the vote that allowed it. What is not listed may have 63 bits.
"""

from collections.abc import Mapping

from chain.limits import BATCH_NONCES_MAX, SIGNATURES_MAX

BLOCKS_MAX = 1_000_000_000
"""Longest time in blocks: three decades of one second each."""
SECONDS_MAX = 1_000_000_000
EPOCHS_MAX = 1_000_000
AMOUNT_MAX = 10**17
"""Largest amount, umesh: a hundred billion mesh."""
REWARD_MAX = 10**15
"""Largest reward of an epoch, umesh; the sum of all fits into 64 bits for fifty years of daily epochs."""
COST_MAX = 1_000_000
"""Largest cost of one unit, gas."""

CEILINGS: Mapping[str, int] = {
    "epoch.epoch_length": BLOCKS_MAX,
    "epoch.epoch_shift": BLOCKS_MAX,
    "epoch.default_unit_of_compute_price": AMOUNT_MAX,
    "epoch.poc_stage_duration": BLOCKS_MAX,
    "epoch.poc_exchange_duration": BLOCKS_MAX,
    "epoch.poc_validation_delay": BLOCKS_MAX,
    "epoch.poc_validation_duration": BLOCKS_MAX,
    "epoch.set_new_validators_delay": BLOCKS_MAX,
    "epoch.inference_validation_cutoff": BLOCKS_MAX,
    "epoch.inference_pruning_epoch_threshold": EPOCHS_MAX,
    "poc.validation_sample_size": BATCH_NONCES_MAX,
    "poc.poc_data_pruning_epoch_threshold": EPOCHS_MAX,
    "poc.max_batch_nonces": BATCH_NONCES_MAX,
    "inference.expiration_blocks": BLOCKS_MAX,
    "inference.base_per_token_price": AMOUNT_MAX,
    "inference.timestamp_expiration": SECONDS_MAX,
    "inference.timestamp_advance": SECONDS_MAX,
    "collateral.unbonding_period_epochs": EPOCHS_MAX,
    "collateral.jail_epochs": EPOCHS_MAX,
    "auth.max_memo_characters": 65_536,
    "auth.max_tx_bytes": 16 * 1024 * 1024,
    "auth.tx_sig_limit": SIGNATURES_MAX,
    "auth.tx_size_cost_per_byte": COST_MAX,
    "auth.sig_verify_cost": COST_MAX,
    "rewards.initial_epoch_reward": REWARD_MAX,
    "rewards.standard_reward_amount": AMOUNT_MAX,
    "validation.voting_period_blocks": BLOCKS_MAX,
    "pricing.min_per_token_price": AMOUNT_MAX,
    "pricing.grace_period_per_token_price": AMOUNT_MAX,
    "governance.voting_period_blocks": BLOCKS_MAX,
    "governance.deposit": AMOUNT_MAX,
}
"""By group and name."""
