"""Who may hand in nonces, for any facts: the five policies written out again, one line each."""

from hypothesis import given
from hypothesis import strategies as st

from chain.errors import ErrNodeDisabled, ErrNodeNotInEpoch
from chain.poc import admission, rules
from chain.poc.types import NodeEligibility

REASONS = [
    "",
    rules.PARTICIPANT_UNKNOWN,
    rules.PARTICIPANT_INVALID,
    rules.PARTICIPANT_JAILED,
    rules.NODE_UNKNOWN,
    rules.NODE_STOPPED,
    rules.NODE_FAILED,
    rules.NO_GOVERNANCE_MODEL,
]
DISABLED = [rules.PARTICIPANT_UNKNOWN, rules.NODE_UNKNOWN, rules.NODE_STOPPED, rules.NODE_FAILED]
REGISTERED = ["", rules.NODE_STOPPED, rules.NODE_FAILED]
POLICIES = ["snapshot", "literal", "joiner", "registry", "open"]


@st.composite
def facts(draw: st.DrawFn) -> admission.Facts:
    reason = draw(st.sampled_from(REASONS))
    effective = draw(st.integers(0, 4))
    return admission.Facts(
        eligibility=NodeEligibility("p", "n", not reason, reason),
        in_snapshot=draw(st.booleans()),
        in_effective_epoch=draw(st.booleans()) if effective else False,
        effective_index=effective,
        effective_reseated=draw(st.booleans()),
        last_seen=draw(st.none() | st.integers(0, effective)),
    )


def ask(policy: str, known: admission.Facts) -> str:
    try:
        admission.refuse_unadmitted(policy, known)
    except (ErrNodeNotInEpoch, ErrNodeDisabled) as refusal:
        return refusal.reason
    return "accepted"


@given(facts())
def test_every_policy_is_its_sentence(known: admission.Facts) -> None:
    registered = known.eligibility.reason in REGISTERED
    nobody_is_in = known.effective_index == 0 or known.effective_reseated
    sat_out = known.last_seen is None or known.last_seen <= known.effective_index - 2
    members = {
        "snapshot": known.in_snapshot,
        "literal": known.in_effective_epoch or nobody_is_in,
        "joiner": known.in_effective_epoch or (registered and (nobody_is_in or sat_out)),
        "registry": registered,
        "open": True,
    }
    for policy in POLICIES:
        expected = "ErrNodeNotInEpoch"
        if members[policy]:
            expected = "ErrNodeDisabled" if known.eligibility.reason in DISABLED else "accepted"
        assert ask(policy, known) == expected, policy


@given(facts())
def test_whoever_any_policy_accepts_is_accepted_by_open(known: admission.Facts) -> None:
    answers = {policy: ask(policy, known) for policy in POLICIES}
    assert answers["open"] == "accepted" or "accepted" not in answers.values()


@given(st.sampled_from(POLICIES), facts())
def test_nobody_is_locked_out_for_ever(policy: str, known: admission.Facts) -> None:
    """A machine that nothing stands against gets in by the epoch after the next, whatever came before."""
    if known.eligibility.eligible and policy in ("joiner", "registry", "open"):
        later = admission.Facts(
            eligibility=known.eligibility,
            in_snapshot=True,
            in_effective_epoch=False,
            effective_index=known.effective_index + 2,
            effective_reseated=False,
            last_seen=known.last_seen,
        )
        assert ask(policy, later) == "accepted"
