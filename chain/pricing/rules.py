"""How a price moves from block to block, and what the price of a unit of compute is.

A price at a height follows from the price at the height before and from the utilisation at its end: the
tokens completed in the window's last blocks, divided by what the capacity could have served in the window's
seconds.
"""

from collections.abc import Iterable

from chain.fixed import ONE, from_decimal
from chain.pricing.types import ModelPrice, PricingParams, PricingTerms, TokenUsage
from chain.records import replace

CAPACITY_DEFAULT = 1000
"""Capacity of a model whose sub-group has no weight, tokens per second."""
PRICE_MAX = 2**63 - 1
"""Where a price stops rising, umesh."""
TOKENS_MAX = 2**63 - 1
"""Most tokens that are counted for one block."""


def compute_next_price(price: int, tokens: int, capacity: int, params: PricingParams) -> int:
    """The price after a block at whose end `tokens` lie in the window. With utilisation u, elasticity e:

    1. u below the zone: price × max(1 - (lower - u)e, 1 - lower·e, 0);
    2. u above it: price × min(1 + (u - upper)e, 1 + (1 - upper)e);
    3. in the zone, its bounds included: unchanged.

    Exact until the product is rounded down; never below the minimum. So small prices cannot rise.
    """
    lower, upper = from_decimal(params.stability_zone_lower), from_decimal(params.stability_zone_upper)
    elasticity, served = from_decimal(params.price_elasticity), tokens * ONE
    possible = max(capacity, 1) * params.utilization_window_duration
    whole = ONE * ONE * possible
    if served < lower * possible:
        moved = whole - min((lower * possible - served), lower * possible) * elasticity
    elif served > upper * possible:
        moved = whole + min(served - upper * possible, (ONE - upper) * possible) * elasticity
    else:
        return price
    return max(min(price * max(moved, 0) // whole, PRICE_MAX), params.min_per_token_price)


def is_moving(terms: PricingTerms) -> bool:
    """Whether prices follow demand in an epoch: in those after the end of the grace period."""
    return terms.epoch_index > terms.params.grace_period_end_epoch


def get_start_price(terms: PricingTerms) -> int:
    """The price of an epoch in which prices do not move, and from which those of later ones start."""
    if terms.epoch_index < terms.params.grace_period_end_epoch:
        return terms.params.grace_period_per_token_price
    return terms.base_per_token_price


def advance(record: ModelPrice, height: int, terms: PricingTerms) -> ModelPrice:
    """The record as of a height: every block in between is stepped through, until nothing moves any more.

    Usage that no later window holds is dropped.
    """
    price, at, usage = record.price, record.height, record.usage
    while is_moving(terms) and at < height:
        usage = _drop_old(usage, at, terms.params)
        tokens = sum(entry.tokens for entry in usage)
        moved = compute_next_price(price, tokens, record.capacity, terms.params)
        at += 1
        if moved == price and not usage:
            break
        price = moved
    return replace(record, price=price, height=height, usage=_drop_old(usage, height, terms.params))


def add_usage(record: ModelPrice, tokens: int) -> ModelPrice:
    """The record with more tokens completed at its height."""
    usage = record.usage
    if usage and usage[-1].height == record.height:
        tokens += usage[-1].tokens
        usage = usage[:-1]
    return replace(record, usage=(*usage, TokenUsage(record.height, min(tokens, TOKENS_MAX))))


def compute_unit_price(proposals: Iterable[tuple[int, int]], default: int) -> int:
    """The weighted median of proposals, each a price and the proposer's weight: the first price, ascending,
    up to which half of all weight, rounded up, lies. The default when nobody has weight.
    """
    ranked = sorted((price, weight) for price, weight in proposals if weight > 0)
    half = (sum(weight for _, weight in ranked) + 1) // 2
    reached = 0
    for price, weight in ranked:
        reached += weight
        if reached >= half:
            return price
    return default


def _drop_old(usage: tuple[TokenUsage, ...], height: int, params: PricingParams) -> tuple[TokenUsage, ...]:
    first = height - params.utilization_window_blocks + 1
    if not usage or usage[0].height >= first:
        return usage
    return tuple(entry for entry in usage if entry.height >= first)
