"""Eligibility, claims and votes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.models.rules import build_resolver
from chain.models.types import Model
from chain.nodes.types import HardwareNodes, HardwareNodeStatus, Participant, ParticipantStatus
from chain.poc import rules
from chain.poc.types import PoCBatch, PoCValidation
from tests.chain.world import node

RESOLVER = build_resolver([Model(id="A", alternative_models=("x",)), Model(id="B")])
STOPPED, FAILED = HardwareNodeStatus.STOPPED, HardwareNodeStatus.FAILED


def batch(owner: str, node_id: str, batch_id: str, *nonces: int) -> PoCBatch:
    return PoCBatch(owner, 40, 41, nonces, (), batch_id, node_id)


class TestEligibility:
    """The first thing that stands against a machine is the reason."""

    @pytest.mark.parametrize(
        ("status", "machine", "reason", "models"),
        [
            (ParticipantStatus.ACTIVE, node("n", "x", "B", "A"), "", ("A", "B")),
            (ParticipantStatus.RAMPING, node("n", "x", status=HardwareNodeStatus.UNKNOWN), "", ("A",)),
            (ParticipantStatus.INACTIVE, node("n", "B", status=HardwareNodeStatus.TRAINING), "", ("B",)),
            (ParticipantStatus.ACTIVE, node("n", "y", status=STOPPED), "NODE_STOPPED", ()),
            (ParticipantStatus.ACTIVE, node("n", "A", status=FAILED), "NODE_FAILED", ("A",)),
            (ParticipantStatus.ACTIVE, node("n", "y"), "NO_GOVERNANCE_MODEL", ()),
            (ParticipantStatus.ACTIVE, node("n"), "NO_GOVERNANCE_MODEL", ()),
            (ParticipantStatus.ACTIVE, node(" ", "A"), "NODE_ID_EMPTY", ("A",)),
            (ParticipantStatus.INVALID, node("n", "A", status=STOPPED), "PARTICIPANT_INVALID", ("A",)),
            (None, node("n", "A"), "PARTICIPANT_UNKNOWN", ("A",)),
        ],
    )
    def test_reasons(
        self, status: ParticipantStatus | None, machine: object, reason: str, models: tuple[str, ...]
    ) -> None:
        participants = [Participant(address="p", status=status)] if status is not None else []
        hardware = [HardwareNodes("p", (machine,))]  # type: ignore[arg-type]
        found = rules.compute_eligibility(participants, hardware, RESOLVER, True)
        entry = found.find("p", machine.local_id)  # type: ignore[attr-defined]
        assert (entry.eligible, entry.reason, entry.models) == (not reason, reason, models)

    def test_invalid_owners_stay_when_the_parameter_says_so(self) -> None:
        owner = Participant(address="p", status=ParticipantStatus.INVALID)
        found = rules.compute_eligibility([owner], [HardwareNodes("p", (node("n", "A"),))], RESOLVER, False)
        assert found.find("p", "n").eligible

    def test_admissions_are_the_eligible_machines_sorted_each_with_its_smallest_model(self) -> None:
        owners = [Participant(address="q"), Participant(address="p")]
        hardware = [
            HardwareNodes("q", (node("n", "B", "x"),)),
            HardwareNodes("p", (node("n", "B"), node("o", "A", status=STOPPED))),
        ]
        admitted = rules.build_admissions(rules.compute_eligibility(owners, hardware, RESOLVER, True))
        assert [(a.participant, a.node_id, a.model_id) for a in admitted] == [
            ("p", "n", "B"),
            ("q", "n", "A"),
        ]
        assert rules.is_admitted(admitted, "q", "n")
        assert not rules.is_admitted(admitted, "p", "o")
        assert not rules.is_admitted(admitted, "r", "n")


class TestClaims:
    """A nonce counts once for its participant, for the first batch that holds it."""

    def test_an_excluded_machine_takes_no_nonce_away(self) -> None:
        batches = [batch("p", "a", "1", 1, 2, 3), batch("p", "b", "1", 3, 4)]
        assert rules.compute_claims(batches, {("p", "a"): "NODE_STOPPED"}) == {"p": {"b": 2}}
        assert rules.compute_claims(batches, {}) == {"p": {"a": 3, "b": 1}}

    def test_equal_names_of_different_owners_are_different_machines(self) -> None:
        batches = [batch("p", "n", "1", 1, 2), batch("q", "n", "1", 1, 2)]
        claims = rules.compute_claims(batches, {("p", "n"): "NODE_STOPPED"})
        assert claims == {"p": {}, "q": {"n": 2}}

    @given(
        st.lists(
            st.tuples(
                st.sampled_from("pq"),
                st.sampled_from("abc"),
                st.sampled_from("12"),
                st.lists(st.integers(0, 9)),
            ),
            max_size=8,
        ),
        st.randoms(),
    )
    def test_claims_are_the_distinct_nonces_in_any_order(self, entries: list, random: object) -> None:
        unique = {entry[:3]: entry for entry in entries}
        batches = [batch(*entry[:3], *entry[3]) for entry in unique.values()]
        shuffled = sorted(batches, key=lambda _: random.random())  # type: ignore[attr-defined]
        claims = rules.compute_claims(batches, {})
        assert rules.compute_claims(shuffled, {}) == claims
        for owner, nodes in claims.items():
            distinct = {nonce for entry in unique.values() if entry[0] == owner for nonce in entry[3]}
            assert sum(nodes.values()) == len(distinct)


@given(st.dictionaries(st.sampled_from("vwxyz"), st.integers(-5, 100)), st.data())
def test_acceptance_needs_more_than_half_of_all_weight(weights: dict[str, int], data: st.DataObject) -> None:
    verdicts = {name: data.draw(st.sampled_from((True, False, None))) for name in "vwxyz"}
    cast = [
        PoCValidation("p", name, fraud_detected=verdict)
        for name, verdict in verdicts.items()
        if verdict is not None
    ]
    positive = {name: weight for name, weight in weights.items() if weight > 0}
    honest = sum(weight for name, weight in positive.items() if verdicts[name] is False)
    accepted = rules.compute_verdict(rules.build_electorate(weights), cast) == ""
    assert accepted == (honest > sum(positive.values()) // 2)
