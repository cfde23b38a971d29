"""Parameters: profiles, validity, and how governance changes them."""

from contextlib import suppress
from itertools import pairwise

import pytest

from chain.bank.types import Coin
from chain.codec import decode, encode
from chain.collateral.types import MsgDepositCollateral
from chain.errors import ErrNotFound, Refusal
from chain.fixed import Decimal, from_decimal, text_of
from chain.invariants import find_uncovered
from chain.models.types import ModelParams
from chain.params import MsgUpdateParams, Params, validate
from chain.profiles import DEFAULT, PROFILES, get_profile
from chain.queries.types import QueryParamsRequest, QueryParamsResponse
from chain.records import replace
from tests.chain.kit import SHORT, Chain, Signer, build_genesis
from tests.chain.world import AUTHORITY, World, node

GOV, ANN = Signer("gov"), Signer("ann")
SHORTER = replace(SHORT.epoch, epoch_length=30, poc_stage_duration=5)


@pytest.mark.parametrize("name", [name for name, _ in PROFILES])
def test_every_profile_is_valid(name: str) -> None:
    assert validate(get_profile(name)) == []


def test_an_unknown_profile_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(ErrNotFound, match="devnet, default, production"):
        get_profile("moonnet")


def show(value: object) -> str:
    return text_of(from_decimal(value)) if isinstance(value, Decimal) else str(value)


ORDINARY = {
    "epoch": "epoch_length 40, epoch_multiplier 1, epoch_shift 0, default_unit_of_compute_price 100, "
    "poc_stage_duration 10, poc_exchange_duration 2, poc_validation_delay 2, poc_validation_duration 6, "
    "set_new_validators_delay 1, inference_validation_cutoff 0, inference_pruning_epoch_threshold 2",
    "validation": "false_positive_rate 0.05, min_ramp_up_measurements 10, pass_value 0.99, "
    "min_validation_average 0.01, max_validation_average 1, epochs_to_max 30, "
    "full_validation_traffic_cutoff 10000, min_validation_halfway 0.05, min_validation_traffic_cutoff 100, "
    "miss_percentage_cutoff 0.01, miss_requests_penalty 1",
    "inference": "expiration_blocks 20, timestamp_expiration 60, timestamp_advance 30, "
    "base_per_token_price 100",
    "poc": "default_difficulty 5, validation_sample_size 200, poc_data_pruning_epoch_threshold 1",
    "rewards": "subsidy_reduction_interval 0.05, subsidy_reduction_amount 0.2, "
    "current_subsidy_percentage 0.9, use_bitcoin_rewards True, initial_epoch_reward 285000000000, "
    "decay_rate -0.000475, genesis_epoch 1, utilization_bonus_factor 0.5, full_coverage_bonus_factor 1.2, "
    "partial_coverage_bonus_factor 0.1, standard_reward_amount 600000000000000",
    "collateral": "slash_fraction_invalid 0.2, slash_fraction_downtime 0.1, "
    "downtime_missed_percentage_threshold 0.05, grace_period_end_epoch 180, base_weight_ratio 0.2, "
    "collateral_per_weight_unit 1, unbonding_period_epochs 1",
    "pricing": "stability_zone_lower 0.4, stability_zone_upper 0.6, price_elasticity 0.05, "
    "utilization_window_duration 60, min_per_token_price 1, grace_period_end_epoch 90, "
    "grace_period_per_token_price 0",
    "power": "max_individual_power_percentage 0.25",
    "consensus": "guardian_enabled True, guardian_network_maturity_threshold 2000000, "
    "guardian_multiplier 0.52, guardian_addresses ()",
    "bandwidth": "estimated_limits_per_block_kb 1024, kb_per_input_token 0.0023, kb_per_output_token 0.64",
}
"""What the field's chains begin with; rewards as many coins, of 10^6 umesh instead of 10^9."""
LARGE = (
    "epoch_length 17280, epoch_shift 16980, poc_stage_duration 60, poc_exchange_duration 5, "
    "poc_validation_delay 5, poc_validation_duration 20, set_new_validators_delay 120, "
    "inference_validation_cutoff 80"
)


@pytest.mark.parametrize(("profile", "group"), [*(("default", g) for g in ORDINARY), ("production", "epoch")])
def test_the_profiles_are_those_of_the_field(profile: str, group: str) -> None:
    params = getattr(get_profile(profile), group)
    for pair in (LARGE if profile == "production" else ORDINARY[group]).split(", "):
        name, value = pair.split(" ")
        assert (name, show(getattr(params, name))) == (name, value)


def at(group: str, name: str, value: object) -> Params:
    """The tests' parameters with one changed."""
    return replace(SHORT, **{group: replace(getattr(SHORT, group), **{name: value})})


LEAST = {
    "epoch": "epoch_length 1, epoch_multiplier 1, epoch_shift 0, default_unit_of_compute_price 0, "
    "poc_stage_duration 1, poc_exchange_duration 1, poc_validation_delay 0, poc_validation_duration 1, "
    "set_new_validators_delay 0, inference_validation_cutoff 0, inference_pruning_epoch_threshold 1",
    "poc": "poc_data_pruning_epoch_threshold 1, default_difficulty 0",
    "inference": "expiration_blocks 1, timestamp_expiration 1, timestamp_advance 1, base_per_token_price 1",
    "collateral": "unbonding_period_epochs 1, grace_period_end_epoch 0",
    "pricing": "utilization_window_duration 1, min_per_token_price 1",
    "bandwidth": "estimated_limits_per_block_kb 1",
    "consensus": "guardian_network_maturity_threshold 0",
}


@pytest.mark.parametrize(
    ("group", "name", "least"),
    [(group, *pair.split(" ")) for group in LEAST for pair in LEAST[group].split(", ")],
)
def test_a_number_below_its_least_value_is_named(group: str, name: str, least: str) -> None:
    (why,) = [why for why in validate(at(group, name, int(least) - 1)) if name in why]
    assert f"{group}.{name} is {int(least) - 1}, must be at least {least}" in why
    assert not any(f"{group}.{name} is" in why for why in validate(at(group, name, int(least))))


BETWEEN = (
    ("collateral", "slash_fraction_invalid", 0, 1),
    ("collateral", "slash_fraction_downtime", 0, 1),
    ("collateral", "downtime_missed_percentage_threshold", 0, 1),
    ("collateral", "base_weight_ratio", 0, 1),
    ("collateral", "collateral_per_weight_unit", 0, None),
    ("pricing", "stability_zone_lower", 0, None),
    ("pricing", "stability_zone_upper", None, 1),
    ("pricing", "price_elasticity", None, 1),
    ("power", "max_individual_power_percentage", 0, 1),
    ("validation", "pass_value", 0, 1),
    ("rewards", "utilization_bonus_factor", 0, None),
    ("rewards", "full_coverage_bonus_factor", 0, None),
    ("rewards", "partial_coverage_bonus_factor", 0, None),
    ("bandwidth", "kb_per_input_token", 0, None),
    ("bandwidth", "kb_per_output_token", 0, None),
    ("consensus", "guardian_multiplier", 0, 1000),
)


@pytest.mark.parametrize(("group", "name", "least", "most"), BETWEEN)
def test_a_fraction_outside_of_its_range_is_named(
    group: str, name: str, least: int | None, most: int | None
) -> None:
    for edge, step in ((least, -1), (most, 1)):
        if edge is not None:
            assert validate(at(group, name, Decimal(edge))) == []
            assert name in " ".join(validate(at(group, name, Decimal(edge * 10**6 + step, -6))))


@pytest.mark.parametrize(
    ("name", "value"),
    [("stability_zone_upper", Decimal(4, -1)), ("price_elasticity", Decimal()),
     ("utilization_window_duration", 3601), ("utilization_window_blocks", 3601)],
)  # fmt: skip
def test_prices_need_a_zone_some_elasticity_and_a_window_of_an_hour_at_most(name: str, value: object) -> None:
    assert validate(at("pricing", name, value)) != []


@pytest.mark.parametrize(
    "guardians",
    [("nobody",), (ANN.address, ANN.address), tuple(f"mesh{at}" for at in range(65)), (ANN.address, "")],
)
def test_guardians_are_addresses_each_once_and_not_too_many(guardians: tuple[str, ...]) -> None:
    assert any(
        "guardian_addresses" in why for why in validate(at("consensus", "guardian_addresses", guardians))
    )
    assert validate(at("consensus", "guardian_addresses", (ANN.address, GOV.address))) == []


def test_empty_parameters_are_wrong_in_every_group_and_all_of_it_is_named() -> None:
    wrong = "\n".join(validate(Params()))
    for group in ("epoch.", "poc.", "inference.", "models.", "auth.", "collateral.unbonding"):
        assert group in wrong


@pytest.mark.parametrize(
    ("params", "named"),
    [
        (replace(SHORT, epoch=replace(SHORT.epoch, epoch_length=19)), "must fit into epoch_length"),
        (replace(SHORT, epoch=replace(SHORT.epoch, epoch_length=20, epoch_shift=0)), ""),
        (replace(SHORT, epoch=replace(SHORT.epoch, epoch_shift=40)), "epoch_shift"),
        (replace(SHORT, epoch=replace(SHORT.epoch, poc_exchange_duration=9)), "poc_exchange_duration"),
        (replace(SHORT, poc=replace(SHORT.poc, sequences_per_decode=3)), "sequences_per_decode"),
        (replace(SHORT, poc=replace(SHORT.poc, mismatch_rate=Decimal(2, 0))), "mismatch_rate"),
        (replace(SHORT, poc=replace(SHORT.poc, mismatch_rate=Decimal(1, 19))), "mismatch_rate"),
        (replace(SHORT, poc=replace(SHORT.poc, poc_admission="anyone")), "poc_admission"),
        (replace(SHORT, auth=replace(SHORT.auth, max_tx_bytes=2**63)), "max_tx_bytes"),
        (replace(SHORT, rewards=replace(SHORT.rewards, decay_rate=Decimal(1, -6))), "rewards.decay_rate"),
        (replace(SHORT, rewards=replace(SHORT.rewards, decay_rate=Decimal(-2, -2))), "rewards.decay_rate"),
        (replace(SHORT, rewards=replace(SHORT.rewards, decay_rate=Decimal(-1, -19))), "rewards.decay_rate"),
        (replace(SHORT, rewards=replace(SHORT.rewards, decay_rate=Decimal(-1, -2))), ""),
        (replace(SHORT, rewards=replace(SHORT.rewards, decay_rate=Decimal())), ""),
        (replace(SHORT, rewards=replace(SHORT.rewards, current_subsidy_percentage=Decimal(1))), "subsidy"),
        (replace(SHORT, rewards=replace(SHORT.rewards, initial_epoch_reward=2**63)), "initial_epoch_reward"),
    ],
)
def test_what_is_wrong_is_named(params: Params, named: str) -> None:
    wrong = validate(params)
    assert (named in " ".join(wrong)) if named else wrong == []


def read(chain: Chain) -> Params:
    data = chain.query("/chain.v1.Query/Params", QueryParamsRequest())
    return decode(QueryParamsResponse, data).params


def test_only_the_authority_changes_parameters_and_only_to_valid_ones() -> None:
    chain = Chain(build_genesis(GOV, ANN))
    changed = replace(SHORT, inference=replace(SHORT.inference, base_per_token_price=7))
    assert chain.send(ANN, MsgUpdateParams(ANN.address, changed)).reason == "ErrInvalidSigner"
    assert chain.send(GOV, MsgUpdateParams(GOV.address, Params())).reason == "ErrInvalidParams"
    assert read(chain) == SHORT
    assert chain.send(GOV, MsgUpdateParams(GOV.address, changed)).code == 0
    assert read(chain) == changed


def test_a_new_schedule_waits_for_the_next_proof_of_compute_and_survives_an_export() -> None:
    chain = Chain(build_genesis(GOV, ANN))
    assert chain.send(GOV, MsgUpdateParams(GOV.address, replace(SHORT, epoch=SHORTER))).code == 0
    assert read(chain) == SHORT
    assert chain.app.export().pending_epoch_params == SHORTER
    chain.run_to(17)
    assert read(chain) == SHORT
    again = Chain(chain.app.export())
    for one in (chain, again):
        one.run_to(18)
        assert read(one).epoch == SHORTER
        assert one.app.export().pending_epoch_params is None
    assert chain.app.info().app_hash == again.app.info().app_hash


def test_a_schedule_taken_back_changes_nothing() -> None:
    chain = Chain(build_genesis(GOV, ANN))
    chain.send(GOV, MsgUpdateParams(GOV.address, replace(SHORT, epoch=SHORTER)))
    chain.send(GOV, MsgUpdateParams(GOV.address, SHORT))
    assert chain.app.export().pending_epoch_params is None


@pytest.mark.parametrize("height", range(1, 60))
def test_a_change_at_any_height_keeps_the_chain_going(height: int) -> None:
    chain = Chain(build_genesis(GOV, ANN))
    chain.run_to(height - 1)
    assert chain.send(GOV, MsgUpdateParams(GOV.address, replace(SHORT, epoch=SHORTER))).code == 0
    chain.run_to(150)
    starts = [epoch.poc_start_block_height for epoch in chain.app.export().epochs]
    steps = [later - earlier for earlier, later in pairwise(starts[1:])]
    assert steps == sorted(steps, reverse=True) and {*steps} <= {40, 30} and steps[-1] == 30


OTHER = replace(
    DEFAULT,
    epoch=replace(SHORTER, inference_pruning_epoch_threshold=1, inference_validation_cutoff=29),
    poc=replace(DEFAULT.poc, poc_admission="literal", max_batch_nonces=3, r_target_micro=900_000),
    collateral=replace(DEFAULT.collateral, grace_period_end_epoch=0, jail_missed_requests=1, jail_epochs=9),
    models=ModelParams(alternative_resolution="terminal"),
    rewards=replace(DEFAULT.rewards, use_bitcoin_rewards=False, genesis_epoch=5),
    pricing=replace(DEFAULT.pricing, grace_period_end_epoch=1, utilization_window_blocks=3),
    governance=replace(DEFAULT.governance, voting_period_blocks=0),
    inference=replace(DEFAULT.inference, expiration_blocks=1, exclude_invalid=False),
    validation=replace(DEFAULT.validation, min_ramp_up_measurements=1, epochs_to_max=1),
)
"""Parameters that differ from the tests' own wherever the rooms read them."""


def test_the_other_parameters_differ_in_every_group_of_the_rooms() -> None:
    same = [name for name in Params.__struct_fields__ if getattr(SHORT, name) == getattr(OTHER, name)]
    assert same == ["auth", "bandwidth"]


def live(height_of_change: int) -> World:
    """Two participants who mine, vote and seed through several epochs, and one change of all parameters."""
    world = World("ann", "ben", params=SHORT, weights={"ann": 5, "ben": 5})
    for height in range(1, 150):
        world.begin(height)
        if height == 1:
            world.register_model("A")
            for name in ("ann", "ben"):
                world.join(name, node("n1", "A"))
                world.deliver(MsgDepositCollateral(world.address(name), Coin("umesh", "3")))
        if height == height_of_change:
            world.deliver(MsgUpdateParams(AUTHORITY.address, OTHER))
        for name in ("ann", "ben"):
            for act in (
                lambda name=name: world.seed(name),
                lambda name=name: world.mine(name, "n1", 1, 2, 3),
                lambda name=name: world.vote(name, "ann"),
                lambda name=name: world.vote(name, "ben"),
            ):
                with suppress(Refusal, AssertionError):
                    act()
    return world


@pytest.mark.parametrize("height", range(1, 60))
def test_a_change_of_everything_at_any_height_keeps_a_busy_chain_going(height: int) -> None:
    world = live(height)
    ctx = world.context()
    assert world.keepers.governance.get_params(ctx) == OTHER
    effective = world.keepers.epochs.get_effective(ctx)
    assert effective.index >= 3
    group = world.keepers.epochs.require_effective_group(ctx)
    assert group.total_weight > 0 and len(group.validation_weights) == 2
    assert list(find_uncovered(world.keepers, ctx)) == []
    encoded = encode(world.export())
    again = World()
    again.load(world.export())
    assert encode(again.export()) == encoded
