"""Voting power of consensus keys, for any members."""

from hypothesis import given
from hypothesis import strategies as st

from chain.fixed import Decimal
from chain.validators import rules
from chain.validators.types import ConsensusParams

ADDRESSES = [f"a{at}" for at in range(6)]
weights = st.dictionaries(st.sampled_from(ADDRESSES), st.integers(-5, 2**63 - 1) | st.integers(-5, 3000))
keys = st.dictionaries(st.sampled_from(ADDRESSES), st.sampled_from(["", "K1", "K2", "K3", "K4", "K5"]))
params = st.builds(
    ConsensusParams,
    st.booleans(),
    st.integers(0, 10_000),
    st.builds(Decimal, st.integers(0, 300), st.just(-2)),
    st.lists(st.sampled_from(ADDRESSES), unique=True, max_size=4).map(tuple),
)
powers = st.dictionaries(st.sampled_from(["K1", "K2", "K3", "K4"]), st.integers(1, 100))


@given(weights, keys, params)
def test_no_key_comes_twice_each_has_power_and_all_together_are_bounded(
    weights: dict, keys: dict, params: ConsensusParams
) -> None:
    found = rules.compute_validators(weights, keys, params)
    names = [validator.public_key for validator in found]
    assert names == sorted({*names}) and "" not in names
    assert rules.find_fault(found) in ("", "a key is not 32 bytes in base64")
    assert all(weights[owner] > 0 for validator in found for owner in validator.participants)


@given(weights, keys, params, st.randoms(use_true_random=False))
def test_the_order_of_the_members_does_not_matter(weights, keys, params, random) -> None:
    shuffled = list(weights)
    random.shuffle(shuffled)
    again = {address: weights[address] for address in shuffled}
    assert rules.compute_validators(again, keys, params) == rules.compute_validators(weights, keys, params)


@given(st.dictionaries(st.sampled_from(ADDRESSES), st.integers(1, 3000)), params)
def test_guardians_only_gain_together_and_others_stay(powers: dict, params: ConsensusParams) -> None:
    found = rules.enhance_guardians(powers, params)
    guardians = {*params.guardian_addresses} & powers.keys()
    assert {a: found[a] for a in powers if a not in guardians} == {
        a: powers[a] for a in powers if a not in guardians
    }
    before, after = (sum(of[a] for a in guardians) for of in (powers, found))
    assert after >= before or before - after < len(guardians), "only what rounding takes"
    if found != powers:
        others = sum(powers.values()) - before
        assert params.guardian_enabled and sum(powers.values()) < params.guardian_network_maturity_threshold
        assert 100 * after <= others * params.guardian_multiplier.value < 100 * (after + len(guardians))


@given(powers, powers)
def test_updates_applied_to_the_set_before_give_the_set_after(before: dict, after: dict) -> None:
    updates = rules.compute_updates(before, after)
    assert [key for key, _ in updates] == sorted({key for key, _ in updates})
    assert all(before.get(key, 0) != power for key, power in updates), "an update that updates nothing"
    applied = {**before, **dict(updates)}
    assert {key: power for key, power in applied.items() if power} == after


@given(st.dictionaries(st.sampled_from(ADDRESSES), st.integers(1, 2**63 - 1), min_size=1))
def test_a_bounded_set_is_never_empty_and_keeps_the_order_of_powers(powers: dict) -> None:
    found = rules.bound_powers(powers)
    assert found and sum(found.values()) <= rules.POWER_MAX
    for left in powers:
        for right in powers:
            if powers[left] <= powers[right]:
                assert found.get(left, 0) <= found.get(right, 0)
