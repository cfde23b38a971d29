"""Parameters: profiles, validity, and how governance changes them."""

from itertools import pairwise

import pytest

from chain.codec import decode
from chain.errors import ErrNotFound
from chain.fixed import Decimal
from chain.params import MsgUpdateParams, Params, validate
from chain.profiles import PROFILES, get_profile
from chain.queries.types import QueryParamsRequest, QueryParamsResponse
from chain.records import replace
from tests.chain.kit import SHORT, Chain, Signer, build_genesis

GOV, ANN = Signer("gov"), Signer("ann")
SHORTER = replace(SHORT.epoch, epoch_length=30, poc_stage_duration=5)


@pytest.mark.parametrize("name", [name for name, _ in PROFILES])
def test_every_profile_is_valid(name: str) -> None:
    assert validate(get_profile(name)) == []


def test_an_unknown_profile_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(ErrNotFound, match="devnet, default, production"):
        get_profile("moonnet")


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


@pytest.mark.parametrize("height", [1, 10, 17, 18, 19, 28, 29, 30, 36, 37, 38, 50, 57, 58, 59])
def test_a_change_at_any_height_keeps_the_chain_going(height: int) -> None:
    chain = Chain(build_genesis(GOV, ANN))
    chain.run_to(height - 1)
    assert chain.send(GOV, MsgUpdateParams(GOV.address, replace(SHORT, epoch=SHORTER))).code == 0
    chain.run_to(150)
    starts = [epoch.poc_start_block_height for epoch in chain.app.export().epochs]
    steps = [later - earlier for earlier, later in pairwise(starts[1:])]
    assert steps == sorted(steps, reverse=True) and {*steps} <= {40, 30} and steps[-1] == 30
