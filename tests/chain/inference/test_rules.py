"""The draw, the price and the signatures' form."""

from base64 import b64encode
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from chain.epochs.types import ValidationWeight
from chain.inference import rules
from chain.models.types import Model

MEMBERS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 50)).map(
    lambda weights: [ValidationWeight(name, weight) for name, weight in weights.items()]
)


@given(MEMBERS, st.text(), st.integers(0, 99), st.sets(st.sampled_from("abcdefgh")))
def test_only_a_member_with_weight_that_is_not_left_out_is_drawn(
    members: list[ValidationWeight], request_id: str, epoch: int, left_out: set[str]
) -> None:
    possible = {m.member_address for m in members if m.weight > 0} - left_out
    drawn = rules.select_executor(members, request_id, epoch, "A", left_out)
    assert drawn in possible if possible else drawn is None


def test_draws_follow_the_weights() -> None:
    members = [ValidationWeight("a", 30), ValidationWeight("b", 10)]
    drawn = Counter(rules.select_executor(members, f"r{at}", 1, "A", ()) for at in range(4000))
    assert 2850 < drawn["a"] < 3150


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 10**6), *[st.integers(0, 2**31)] * 2)
def test_a_cost_fits_its_record_and_grows_with_tokens(
    input_price: int, output_price: int, base: int, prompt: int, completion: int
) -> None:
    model = Model(coins_per_input_token=input_price, coins_per_output_token=output_price)
    prices = rules.compute_prices(model, base)
    cost = rules.compute_cost(prices, prompt, completion)
    assert 0 <= cost <= 2**63 - 1
    assert rules.compute_cost(prices, prompt, completion + 1) >= cost


def test_one_signature_has_one_text() -> None:
    text = b64encode(bytes(range(64))).decode()
    assert rules.decode_signature(text) == bytes(range(64))
    tampered = text[:-3] + chr(ord(text[-3]) + 1) + "=="
    for other in (text.rstrip("="), text + "=", " " + text, tampered, text + "\n", "é" * 88):
        assert rules.decode_signature(other) is None
