"""Golden cases of validation and prices: the arguments of a rule by name in, what it gives out.

Parameters that a case does not name are the ordinary ones of `profiles.py`; a fraction is value and exponent.
"""

from collections.abc import Callable, Mapping
from typing import Any as Anything

from chain.fixed import Decimal, text_of
from chain.inference.types import InferenceValidationDetails
from chain.pricing import rules as pricing
from chain.pricing.types import ModelPrice, PricingParams, PricingTerms, TokenUsage
from chain.profiles import DEFAULT
from chain.records import replace
from chain.validation import rules, status
from chain.validation.params import ValidationParams

Json = Anything
Entry = Mapping[str, Json]
DIGITS = rules.SCALED // rules.DIGITS
"""What a number with 16 digits is multiplied by to be written out."""


def judge_status(given: Entry) -> Json:
    """The standing of a participant."""
    figures = (given[name] for name in ("consecutive", "inference_count", "validated", "invalidated"))
    return status.calculate_status(_build_validation(given), *figures).name


def compute_measurements(given: Entry) -> Json:
    """How many inferences are needed before a participant is judged."""
    params = _build_validation(given)
    return status.compute_measurements_needed(params.false_positive_rate, params.min_ramp_up_measurements)


def compute_reputation(given: Entry) -> Json:
    """The reputation that epochs give: each as finished and missed inferences."""
    records = [(finished, missed) for finished, missed in given["epochs"]]
    return rules.compute_reputation(records, _build_validation(given))


def compute_average(given: Entry) -> Json:
    """The minimum average at some traffic."""
    return text_of(rules.compute_minimum_average(given["traffic"], _build_validation(given)))


def compute_fraction(given: Entry) -> Json:
    """What a seed draws for an inference."""
    return text_of(rules.compute_fraction(given["seed"], given["inference_id"]) * DIGITS)


def draw_validation(given: Entry) -> Json:
    """Whether a seed draws an inference, and with which probability."""
    params = _build_validation(given)
    details = InferenceValidationDetails(
        inference_id=given["inference_id"],
        executor_reputation=given["reputation"],
        traffic_basis=given["traffic"],
        executor_power=given["executor_power"],
        total_power=given["total_power"],
    )
    probability = rules.compute_probability(details, given["power"], params)
    drawn = rules.should_validate(given["seed"], details, given["power"], params)
    return {"probability": text_of(probability * DIGITS), "validates": drawn}


def step_price(given: Entry) -> Json:
    """The price of the next block."""
    params = _build_pricing(given)
    return pricing.compute_next_price(given["price"], given["tokens"], given["capacity"], params)


def walk_price(given: Entry) -> Json:
    """The price at every height from 1 to the last, from a price at height 0 and what was completed at which
    height.
    """
    terms = PricingTerms(1, replace(_build_pricing(given), grace_period_end_epoch=0), 0)
    record, seen = ModelPrice("model", given["price"], 0, given["capacity"]), []
    usage = dict(given["usage"])
    for height in range(1, given["last"] + 1):
        seen.append(pricing.advance(record, height, terms).price)
        if height in usage:
            record = pricing.add_usage(pricing.advance(record, height, terms), usage[height])
    return seen


def start_price(given: Entry) -> Json:
    """The price of an epoch that does not move, and whether it does."""
    terms = PricingTerms(given["epoch_index"], _build_pricing(given), given["base_price"])
    return {"price": pricing.get_start_price(terms), "moves": pricing.is_moving(terms)}


def compute_unit_price(given: Entry) -> Json:
    """The price of a unit of compute. A proposal is weight and price."""
    proposals = [(price, weight) for weight, price in given["proposals"]]
    return pricing.compute_unit_price(proposals, given["default"])


def sum_usage(given: Entry) -> Json:
    """The tokens in the window that ends with a height."""
    usage = tuple(TokenUsage(height, tokens) for height, tokens in given["usage"])
    record = ModelPrice("model", 1, given["height"], 1, usage)
    terms = PricingTerms(0, _build_pricing(given), 1)
    return sum(entry.tokens for entry in pricing.advance(record, given["height"], terms).usage)


VALIDATION_KINDS: Mapping[str, Callable[[Entry], Json]] = {
    "validation.status": judge_status,
    "validation.measurements": compute_measurements,
    "validation.reputation": compute_reputation,
    "validation.average": compute_average,
    "validation.fraction": compute_fraction,
    "validation.draw": draw_validation,
    "pricing.step": step_price,
    "pricing.walk": walk_price,
    "pricing.start": start_price,
    "pricing.window": sum_usage,
    "pricing.unit": compute_unit_price,
}
"""Kinds of cases about validation and prices, and what answers them."""


def _build_validation(given: Entry) -> ValidationParams:
    return replace(DEFAULT.validation, **_read_params(given))


def _build_pricing(given: Entry) -> PricingParams:
    return replace(DEFAULT.pricing, **_read_params(given))


def _read_params(given: Entry) -> dict[str, Json]:
    named = given.get("params", {})
    return {name: Decimal(*value) if isinstance(value, list) else value for name, value in named.items()}
