"""How large an epoch's reward is and who gets which part of it: whole numbers and an exact exponential.

No binary fraction is used anywhere: the decay is an exponential with 80 digits, shares are rounded down,
and what rounding leaves goes to one entry, so that no coin is lost.
"""

from collections.abc import Sequence

from chain.fixed import Decimal
from chain.records import Record, replace

DIGITS = 80
"""Digits after the point of the exponential. The reward has at most 19, so 60 are spare."""
UNIT = 10**DIGITS
HALVINGS = 10
"""How often the exponent is halved before the series, and the result squared after it."""
EXPONENT_MAX = 45
"""e^45 is more than 2^64, so that a decay of more leaves nothing of any reward."""
SEED_BYTES = 8


class Entry(Record, frozen=True):
    """A participant as the division of a reward sees it."""

    address: str
    weight: int
    """Weight in the ended epoch's parent group; negative counts as 0."""
    balance: int
    """Work that is not settled, umesh. Negative when more was taken back than earned."""
    invalid: bool = False
    """Whether the participant is INVALID: it gets nothing."""
    barred: bool = False
    """Whether it is jailed and the parameters leave jailed ones out: it keeps its work and gets no reward."""


class Amount(Record, frozen=True):
    """What an epoch owes one participant."""

    address: str
    work: int
    reward: int
    """Computed also for an entry in debt, which is not paid (ErrNegativeCoinBalance)."""
    in_debt: bool = False
    """Whether the balance is negative."""


class Division(Record, frozen=True):
    """An epoch's reward, divided."""

    amounts: tuple[Amount, ...]
    """One for each entry, in the order of the entries."""
    minted: int
    """Coins to mint for it, umesh, also where nobody is left to get them."""


def compute_epoch_reward(initial: int, decay_rate: Decimal, epochs: int) -> int:
    """Reward of the epoch so many epochs after the first one that pays: initial × e^(decay_rate × epochs),
    rounded down; nothing before that epoch. The decay rate is 0 or negative.
    """
    if epochs < 0 or initial <= 0:
        return 0
    exponent = -decay_rate.value * epochs * int(10 ** (DIGITS + decay_rate.exponent))
    if exponent == 0:
        return initial
    return int(initial * compute_decay(exponent) // UNIT)


def compute_decay(exponent: int) -> int:
    """e^-x for an x of at least 0, both in units of 10^-80, rounded down.

    The series of e^-(x ÷ 1024), then ten squarings. Each step is off by less than one unit and each squaring
    doubles that, so the result is off by less than 10^-75.
    """
    if exponent > EXPONENT_MAX * UNIT:
        return 0
    small = exponent // 2**HALVINGS
    term = total = UNIT
    divisor = 0
    while term:
        divisor += 1
        term = term * small // (UNIT * divisor)
        total += term if divisor % 2 == 0 else -term
    for _ in range(HALVINGS):
        total = total * total // UNIT
    return int(total)


def calculate_participant_bitcoin_rewards(
    entries: Sequence[Entry], epoch_reward: int, paid: int, supply: int
) -> Division:
    """Divides a fixed epoch reward by weight.

    1. Each valid entry gets weight × reward ÷ total weight, rounded down, and its work.
    2. What rounding leaves goes to the first entry with a reward and without debt. Without one it stays
       undistributed, though minted.
    3. Of `supply`, `paid` was paid before. What is left is all that is paid: rewards shrink in proportion,
       rounded down, and what rounding leaves goes as in 2.
    """
    weights = [0 if entry.invalid else max(entry.weight, 0) for entry in entries]
    total = sum(weights)
    shares = [weight * epoch_reward // total if total else 0 for weight in weights]
    amounts = _give_rest(
        [_owe(entry, share) for entry, share in zip(entries, shares, strict=True)], epoch_reward
    )
    available = max(supply - paid, 0)
    if epoch_reward <= available:
        return Division(tuple(amounts), epoch_reward)
    scaled = [replace(amount, reward=amount.reward * available // epoch_reward) for amount in amounts]
    return Division(tuple(_give_rest(scaled, available)), available)


def build_seed_bytes(seed: int) -> bytes:
    """What a commitment to a seed signs: its 8 bytes, big-endian, negative ones in two's complement."""
    return seed.to_bytes(SEED_BYTES, "big", signed=True)


def _owe(entry: Entry, reward: int) -> Amount:
    work = 0 if entry.invalid else max(entry.balance, 0)
    return Amount(entry.address, work, reward, entry.balance < 0)


def _give_rest(amounts: list[Amount], whole: int) -> list[Amount]:
    """The amounts with what is missing to the whole added to the first that can be paid a reward."""
    rest = whole - sum(amount.reward for amount in amounts)
    for at, amount in enumerate(amounts):
        if amount.reward > 0 and not amount.in_debt:
            amounts[at] = replace(amount, reward=amount.reward + rest)
            break
    return amounts
