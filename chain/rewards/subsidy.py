"""The older scheme, in force where `use_bitcoin_rewards` is false: a subsidy in proportion to work.

Of an executor's income a part, the rate, is subsidy. Each time another step of the supply is paid out the
rate is reduced. All fractions are exact decimals.
"""

from collections.abc import Sequence

from chain.fixed import ONE, from_decimal, quo_truncate
from chain.records import Record
from chain.rewards.rules import Amount, Division, Entry
from chain.rewards.types import RewardParams

RATE_UNIT = ONE // 10**4
"""The rate is kept to four digits."""
SHARE_UNIT = 10**16
"""Shares of the subsidy are kept to sixteen digits."""


class Subsidy(Record, frozen=True):
    """The subsidy of one epoch."""

    amount: int
    """Umesh."""
    crossed: bool
    """Whether the rate is reduced from the next epoch on."""


def compute_rate(params: RewardParams, reductions: int) -> int:
    """The rate after so many reductions, scaled: each takes its part and rounds to four digits, half up."""
    rate = from_decimal(params.current_subsidy_percentage)
    kept = ONE - from_decimal(params.subsidy_reduction_amount)
    for _ in range(reductions):
        before, rate = rate, (rate * kept // ONE + RATE_UNIT // 2) // RATE_UNIT * RATE_UNIT
        if rate == before:
            break
    return rate


def compute_subsidy(params: RewardParams, work: int, paid: int, reductions: int) -> Subsidy:
    """The subsidy for so much work, when `paid` was paid before.

    work ÷ (1 - rate), rounded down. Where that crosses the next step of the supply, only the part up to the
    step is paid at this rate, and the rest of the work at the reduced one. Never more than is left of the
    supply.
    """
    supply = params.standard_reward_amount
    if paid >= supply:
        return Subsidy(0, False)
    rate = compute_rate(params, reductions)
    whole, cutoff = work * ONE // (ONE - rate), _find_cutoff(params, paid)
    if paid + whole <= cutoff:
        return Subsidy(whole, False)
    part = cutoff - paid
    if cutoff >= supply:
        return Subsidy(supply - paid, True)
    rest = work - part * (ONE - rate) // ONE
    kept = ONE - from_decimal(params.subsidy_reduction_amount)
    second = quo_truncate(rest * ONE, ONE - rate * kept // ONE)
    return Subsidy(min(part + second, supply - paid), True)


def divide_subsidy(
    entries: Sequence[Entry], params: RewardParams, paid: int, reductions: int
) -> tuple[Division, bool]:
    """Divides a subsidy by work, and whether the rate is reduced from now on.

    Each share is work ÷ total work, rounded to sixteen digits half up, times the subsidy, rounded down, and
    never more than is left of it; what rounding leaves is not distributed. Work of a jailed participant is
    not subsidised.
    """
    works = [0 if entry.invalid else max(entry.balance, 0) for entry in entries]
    subsidised = [0 if entry.barred else work for entry, work in zip(entries, works, strict=True)]
    total = sum(subsidised)
    subsidy = compute_subsidy(params, total, paid, reductions) if total else Subsidy(0, False)
    amounts, left = [], subsidy.amount
    for entry, work, part in zip(entries, works, subsidised, strict=True):
        share = min(_compute_share(part, total, subsidy.amount), left)
        left -= share
        amounts.append(Amount(entry.address, work, share, entry.balance < 0))
    return Division(tuple(amounts), subsidy.amount), subsidy.crossed


def _compute_share(work: int, total: int, subsidy: int) -> int:
    if work == 0:
        return 0
    fraction = (2 * work * SHARE_UNIT + total) // (2 * total)
    return fraction * subsidy // SHARE_UNIT


def _find_cutoff(params: RewardParams, paid: int) -> int:
    """Total at which the rate is reduced next: a multiple of the step, which is rounded half up."""
    supply = params.standard_reward_amount
    step = (supply * from_decimal(params.subsidy_reduction_interval) + ONE // 2) // ONE
    return (paid // step + 1) * step if step else supply
