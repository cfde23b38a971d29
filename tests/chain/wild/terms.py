"""Random parameters: mostly valid ones, anywhere in their ranges, and now and then ones that are not."""

from random import Random

from chain.epochs.types import EpochParams
from chain.fixed import Decimal
from chain.params import POC_ADMISSIONS, RESOLUTIONS, Params
from chain.records import replace

FRACTIONS = (Decimal(), Decimal(5, -2), Decimal(1, -1), Decimal(33, -2), Decimal(5, -1), Decimal(1))


def draw_params(chance: Random, params: Params) -> Params:
    """The parameters with one to three groups changed."""
    groups = chance.sample(sorted(CHANGES), chance.randint(1, 3))
    for group in groups:
        changed = CHANGES[group](chance, getattr(params, group))
        params = replace(params, **{group: changed})
    return params


def _draw_schedule(chance: Random, group: EpochParams) -> EpochParams:
    """Any schedule that fits, and some that do not."""
    stage, exchange = chance.randint(1, 6), chance.randint(1, 3)
    delay, validation, switch = chance.randint(0, 3), chance.randint(1, 5), chance.choice((0, 1, 1, 3))
    length = stage + delay + validation + switch + chance.choice((0, 1, 1, 4, 10, 15))
    return replace(
        group,
        epoch_length=length,
        epoch_shift=chance.choice((0, 0, 3, length - 1)),
        default_unit_of_compute_price=chance.choice((0, 1, 100)),
        poc_stage_duration=stage,
        poc_exchange_duration=exchange,
        poc_validation_delay=delay,
        poc_validation_duration=validation,
        set_new_validators_delay=switch,
        inference_validation_cutoff=chance.choice((0, 2, 50)),
        inference_pruning_epoch_threshold=chance.choice((1, 2, 3)),
    )


def _draw_poc(chance: Random, group: object) -> object:
    return replace(
        group,  # type: ignore[type-var]
        poc_admission=chance.choice(("snapshot", *POC_ADMISSIONS)),
        poc_data_pruning_epoch_threshold=chance.choice((1, 1, 2)),
        max_batch_nonces=chance.choice((8, 1000)),
    )


def _draw_inference(chance: Random, group: object) -> object:
    return replace(
        group,  # type: ignore[type-var]
        expiration_blocks=chance.choice((1, 3, 6, 30)),
        base_per_token_price=chance.choice((1, 7, 100)),
        default_max_tokens=chance.choice((1, 100)),
        timestamp_expiration=chance.choice((1, 60)),
        timestamp_advance=chance.choice((1, 30)),
        exclude_invalid=chance.random() < 0.8,
    )


def _draw_collateral(chance: Random, group: object) -> object:
    return replace(
        group,  # type: ignore[type-var]
        slash_fraction_invalid=chance.choice(FRACTIONS),
        slash_fraction_downtime=chance.choice(FRACTIONS),
        downtime_missed_percentage_threshold=chance.choice(FRACTIONS),
        downtime_min_sample=chance.choice((0, 0, 3)),
        unbonding_period_epochs=chance.choice((1, 1, 2)),
        grace_period_end_epoch=chance.choice((0, 2, 10**6)),
        base_weight_ratio=chance.choice(FRACTIONS),
        collateral_per_weight_unit=chance.choice((Decimal(), Decimal(1), Decimal(3), Decimal(5, -1))),
        downtime_test=chance.choice(("", "threshold", "binomial")),
        jail_missed_requests=chance.choice((0, 1, 3, 50)),
        jail_epochs=chance.choice((0, 1, 2)),
        exclude_jailed=chance.random() < 0.8,
    )


def _draw_models(chance: Random, group: object) -> object:
    return replace(group, alternative_resolution=chance.choice((*RESOLUTIONS, "none")))  # type: ignore[type-var]


def _draw_auth(chance: Random, group: object) -> object:
    return replace(
        group,  # type: ignore[type-var]
        max_memo_characters=chance.choice((1, 256)),
        tx_sig_limit=chance.choice((1, 7)),
        tx_size_cost_per_byte=chance.choice((1, 10)),
        max_block_gas=chance.choice((0, 100_000, 300_000_000)),
    )


def _draw_rewards(chance: Random, group: object) -> object:
    return replace(
        group,  # type: ignore[type-var]
        use_bitcoin_rewards=chance.random() < 0.6,
        initial_epoch_reward=chance.choice((0, 7, 100_003)),
        decay_rate=chance.choice((Decimal(), Decimal(-475, -6), Decimal(-1, -2))),
        genesis_epoch=chance.choice((0, 1, 5)),
        standard_reward_amount=chance.choice((0, 10**5, 10**9)),
        subsidy_reduction_interval=chance.choice(FRACTIONS),
        subsidy_reduction_amount=chance.choice(FRACTIONS),
        current_subsidy_percentage=chance.choice(FRACTIONS),
    )


def _draw_validation(chance: Random, group: object) -> object:
    return replace(
        group,  # type: ignore[type-var]
        false_positive_rate=chance.choice((Decimal(5, -2), Decimal(5, -1), Decimal(1, -1))),
        min_ramp_up_measurements=chance.choice((1, 4, 100)),
        max_validation_average=chance.choice((Decimal(5, -2), Decimal(1, -1), Decimal(1))),
        voting_period_blocks=chance.choice((1, 3, 10)),
        epochs_to_max=chance.choice((1, 30)),
    )


def _draw_pricing(chance: Random, group: object) -> object:
    return replace(
        group,  # type: ignore[type-var]
        price_elasticity=chance.choice(FRACTIONS),
        utilization_window_duration=chance.choice((1, 60)),
        utilization_window_blocks=chance.choice((1, 4, 60)),
        min_per_token_price=chance.choice((1, 10)),
        grace_period_end_epoch=chance.choice((0, 1, 90)),
        grace_period_per_token_price=chance.choice((0, 3)),
    )


def _draw_power(chance: Random, group: object) -> object:
    return replace(group, max_individual_power_percentage=chance.choice(FRACTIONS))  # type: ignore[type-var]


def _draw_governance(chance: Random, group: object) -> object:
    return replace(
        group,  # type: ignore[type-var]
        voting_period_blocks=chance.choice((0, 1, 6, 6)),
        quorum=chance.choice(FRACTIONS),
        threshold=chance.choice(FRACTIONS),
        deposit=chance.choice((0, 1000, 10**13)),
    )


CHANGES = {
    "epoch": _draw_schedule,
    "poc": _draw_poc,
    "inference": _draw_inference,
    "collateral": _draw_collateral,
    "models": _draw_models,
    "auth": _draw_auth,
    "rewards": _draw_rewards,
    "validation": _draw_validation,
    "pricing": _draw_pricing,
    "power": _draw_power,
    "governance": _draw_governance,
}
"""Group of parameters to what draws it."""
