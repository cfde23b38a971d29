"""How prices move."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from chain.fixed import Decimal
from chain.pricing import rules
from chain.pricing.types import ModelPrice, PricingParams, PricingTerms, TokenUsage
from chain.profiles import DEFAULT
from chain.records import replace

PARAMS = DEFAULT.pricing
PRICES = st.integers(0, 10**12)


def exact(number: Decimal) -> Fraction:
    return Fraction(number.value) * Fraction(10) ** number.exponent


@st.composite
def parameters(draw: st.DrawFn) -> PricingParams:
    lower, upper = sorted(draw(st.lists(st.integers(0, 100), min_size=2, max_size=2, unique=True)))
    return replace(
        PARAMS,
        stability_zone_lower=Decimal(lower, -2),
        stability_zone_upper=Decimal(upper, -2),
        price_elasticity=Decimal(draw(st.integers(1, 1000)), -3),
        utilization_window_duration=draw(st.integers(1, 60)),
        utilization_window_blocks=draw(st.integers(1, 8)),
        min_per_token_price=draw(st.integers(1, 100)),
        grace_period_end_epoch=0,
    )


@given(PRICES, st.integers(0, 10**6), st.integers(0, 1000), parameters())
def test_a_price_stays_above_the_minimum_and_moves_at_most_by_the_elasticity(
    price: int, tokens: int, capacity: int, params: PricingParams
) -> None:
    elasticity = exact(params.price_elasticity)
    moved = rules.compute_next_price(price, tokens, capacity, params)
    assert moved == price or moved >= params.min_per_token_price
    assert moved <= max(price * (1 + elasticity), params.min_per_token_price)
    assert moved >= min(price * (1 - elasticity) - 1, price)


@given(PRICES, st.integers(0, 10**5), st.integers(1, 1000), parameters())
def test_more_demand_never_makes_a_price_lower(
    price: int, tokens: int, capacity: int, params: PricingParams
) -> None:
    price = max(price, params.min_per_token_price)
    here = rules.compute_next_price(price, tokens, capacity, params)
    assert rules.compute_next_price(price, tokens + 1, capacity, params) >= here
    assert rules.compute_next_price(price + 1, tokens, capacity, params) >= here


@given(PRICES, st.integers(0, 10**5), st.integers(1, 1000), parameters())
def test_a_price_is_what_exact_arithmetic_rounds_down_to(
    price: int, tokens: int, capacity: int, params: PricingParams
) -> None:
    use = Fraction(tokens, capacity * params.utilization_window_duration)
    lower, upper = exact(params.stability_zone_lower), exact(params.stability_zone_upper)
    elasticity = exact(params.price_elasticity)
    if lower <= use <= upper:
        expected = price
    else:
        fall = max(1 - (lower - use) * elasticity, 1 - lower * elasticity, Fraction(0))
        rise = min(1 + (use - upper) * elasticity, 1 + (1 - upper) * elasticity)
        expected = max(int(price * (fall if use < lower else rise)), params.min_per_token_price)
    assert rules.compute_next_price(price, tokens, capacity, params) == expected


USAGE = st.dictionaries(st.integers(1, 60), st.integers(1, 10**4), max_size=12)


@given(USAGE, st.integers(0, 10**6), st.integers(1, 400), parameters(), st.data())
def test_a_price_that_is_written_when_it_is_used_is_the_one_that_every_block_writes(
    usage: dict[int, int], price: int, capacity: int, params: PricingParams, data: st.DataObject
) -> None:
    terms, last = PricingTerms(1, params, 100), 80
    lazy = stepped = ModelPrice("m", max(price, params.min_per_token_price), 0, capacity)
    looks = data.draw(st.sets(st.integers(1, last)))
    for height in range(1, last + 1):
        stepped = rules.advance(stepped, height, terms)
        if height in usage:
            lazy = rules.add_usage(rules.advance(lazy, height, terms), usage[height])
            stepped = rules.add_usage(stepped, usage[height])
        if height in looks:
            assert rules.advance(lazy, height, terms) == stepped
    assert rules.advance(lazy, last, terms) == stepped


@given(USAGE, st.integers(1, 10**6), parameters())
def test_stepping_is_the_sum_over_the_window_and_nothing_else(
    usage: dict[int, int], price: int, params: PricingParams
) -> None:
    """The rule once more, written out: every block looks at the tokens of the window that ends with the block
    before it.
    """
    terms, capacity, expected = PricingTerms(1, params, 100), 100, price
    record = ModelPrice("m", price, 0, capacity)
    for height in range(1, 70):
        window = range(height - params.utilization_window_blocks, height)
        tokens = sum(usage.get(at, 0) for at in window)
        expected = rules.compute_next_price(expected, tokens, capacity, params)
        record = rules.advance(record, height, terms)
        assert record.price == expected
        if height in usage:
            record = rules.add_usage(record, usage[height])


def test_a_month_of_quiet_blocks_is_one_step_after_the_price_has_reached_the_minimum() -> None:
    terms = PricingTerms(1, replace(PARAMS, grace_period_end_epoch=0), 100)
    record = ModelPrice("m", rules.PRICE_MAX, 0, 1000, (TokenUsage(0, 5),))
    assert rules.advance(record, 10**12, terms) == ModelPrice("m", 1, 10**12, 1000)


def test_prices_do_not_move_in_the_grace_period_nor_in_the_epoch_after_it() -> None:
    for epoch, price, moves in ((0, 7, False), (89, 7, False), (90, 100, False), (91, 100, True)):
        params = replace(PARAMS, grace_period_per_token_price=7)
        terms = PricingTerms(epoch, params, 100)
        assert (rules.get_start_price(terms), rules.is_moving(terms)) == (price, moves)


PROPOSALS = st.lists(st.tuples(st.integers(1, 50), st.integers(0, 20)), max_size=12)


@given(PROPOSALS)
def test_the_median_has_at_most_half_of_the_weight_on_either_side(proposals: list[tuple[int, int]]) -> None:
    price = rules.compute_unit_price(proposals, 77)
    total = sum(weight for _, weight in proposals)
    if total == 0:
        assert price == 77
        return
    below = sum(weight for proposed, weight in proposals if proposed < price)
    above = sum(weight for proposed, weight in proposals if proposed > price)
    assert 2 * below <= total and 2 * above <= total
    assert price in [proposed for proposed, weight in proposals if weight]
    assert rules.compute_unit_price(proposals[::-1], 77) == price
