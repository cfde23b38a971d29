"""Golden cases of what an epoch pays: the arguments of a rule by name in, what it gives out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any as Anything

from chain.fixed import Decimal, text_of
from chain.rewards import rules, sharing, subsidy
from chain.rewards.types import RewardParams

Json = Anything
Entry = Mapping[str, Json]


def compute_epoch_reward(given: Entry) -> Json:
    """The reward of an epoch."""
    return rules.compute_epoch_reward(given["initial"], Decimal(*given["decay_rate"]), given["epochs"])


def divide_reward(given: Entry) -> Json:
    """Who gets what of a reward, by the order of the participants."""
    entries = [_build_entry(at, entry) for at, entry in enumerate(given["participants"])]
    supply = given.get("supply", given["epoch_reward"])
    paid = given.get("paid", 0)
    division = rules.calculate_participant_bitcoin_rewards(entries, given["epoch_reward"], paid, supply)
    return _describe(division)


def compute_subsidy(given: Entry) -> Json:
    """The older scheme's subsidy for a sum of work, and the rate at which it is paid."""
    params = _build_params(given)
    reductions = given.get("reductions", 0)
    found = subsidy.compute_subsidy(params, given["work"], given["paid"], reductions)
    rate = text_of(subsidy.compute_rate(params, reductions))
    return {"rate": rate, "subsidy": found.amount, "crossed": found.crossed}


def divide_subsidy(given: Entry) -> Json:
    """Who gets what of the older scheme's subsidy."""
    entries = [rules.Entry(str(at), 0, work) for at, work in enumerate(given["works"])]
    division, _ = subsidy.divide_subsidy(entries, _build_params(given), 0, 0)
    return _describe(division)


def share_work(given: Entry) -> Json:
    """How the shares of an inference's workers change when new ones join; existing workers come first."""
    existing, new = given["existing"], given["new"]
    names = [str(at) for at in range(existing + new)]
    changes = dict(sharing.compute_work_adjustments(given["cost"], names[:existing], names[existing:]))
    return [changes.get(name, 0) for name in names]


def _build_entry(at: int, entry: Sequence[Json]) -> rules.Entry:
    """A participant is weight, balance and, where it is INVALID, that word."""
    weight, balance, *standing = entry
    return rules.Entry(str(at), weight, balance, standing == ["INVALID"])


def _build_params(given: Entry) -> RewardParams:
    return RewardParams(
        standard_reward_amount=given["supply"],
        subsidy_reduction_interval=Decimal(5, -2),
        subsidy_reduction_amount=Decimal(2, -1),
        current_subsidy_percentage=Decimal(9, -1),
    )


def _describe(division: rules.Division) -> Json:
    return {
        "minted": division.minted,
        "work": [amount.work for amount in division.amounts],
        "rewards": [amount.reward for amount in division.amounts],
        "errors": ["ErrNegativeCoinBalance" if amount.in_debt else "" for amount in division.amounts],
    }


REWARD_KINDS: Mapping[str, Callable[[Entry], Json]] = {
    "rewards.epoch": compute_epoch_reward,
    "rewards.shares": divide_reward,
    "rewards.subsidy": compute_subsidy,
    "rewards.subsidy_shares": divide_subsidy,
    "rewards.work_sharing": share_work,
}
"""Kinds of cases about rewards, and what answers them."""
