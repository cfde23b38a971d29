"""The eligibility map, for any participants, machines and registry."""

from hypothesis import given
from hypothesis import strategies as st

from chain.models.rules import build_resolver
from chain.models.types import Model
from chain.nodes.types import HardwareNode, HardwareNodes, HardwareNodeStatus, Participant, ParticipantStatus
from chain.poc.rules import build_admissions, compute_eligibility

OWNERS = ["p", "q", "r"]
PARTICIPANTS = st.dictionaries(st.sampled_from(OWNERS), st.sampled_from(ParticipantStatus))
MACHINES = st.lists(
    st.builds(
        HardwareNode,
        local_id=st.sampled_from(["a", "b", "c"]),
        status=st.sampled_from(HardwareNodeStatus),
        models=st.lists(st.sampled_from(["A", "B", "x", "y"]), max_size=3).map(tuple),
    ),
    max_size=3,
    unique_by=lambda machine: machine.local_id,
)
HARDWARE = st.dictionaries(st.sampled_from(OWNERS), MACHINES)
REGISTRY = st.lists(
    st.sampled_from([Model(id="A", alternative_models=("x",)), Model(id="B")]),
    unique_by=lambda model: model.id,
)
JAILED = st.frozensets(st.sampled_from(OWNERS))


@given(PARTICIPANTS, HARDWARE, REGISTRY, st.booleans(), JAILED, st.randoms(use_true_random=False))
def test_a_machine_is_eligible_when_nothing_stands_against_it(
    participants, hardware, registry, exclude_invalid, jailed, random
) -> None:
    owners = [Participant(address=address, status=status) for address, status in participants.items()]
    records = [HardwareNodes(owner, tuple(machines)) for owner, machines in hardware.items()]
    found = compute_eligibility(owners, records, build_resolver(registry), exclude_invalid, jailed)
    governed = {model.id for model in registry}
    counts = {name for model in registry for name in (model.id, *model.alternative_models)}
    for owner, machines in hardware.items():
        barred = owner in jailed or (exclude_invalid and participants.get(owner) == ParticipantStatus.INVALID)
        for machine in machines:
            entry = found.find(owner, machine.local_id)
            off = machine.status in (HardwareNodeStatus.STOPPED, HardwareNodeStatus.FAILED)
            serves = [model for model in machine.models if model in counts]
            assert entry.eligible == (owner in participants and not barred and not off and bool(serves))
            assert entry.eligible == (entry.reason == "")
            assert {*entry.models} <= governed and list(entry.models) == sorted({*entry.models})
    random.shuffle(owners)
    random.shuffle(records)
    again = compute_eligibility(owners, records, build_resolver(registry[::-1]), exclude_invalid, jailed)
    assert dict(again.entries) == dict(found.entries)
    admitted = [(entry.participant, entry.node_id) for entry in build_admissions(found)]
    assert admitted == sorted(key for key, entry in found.entries.items() if entry.eligible)
    assert not found.find("p", "z").eligible and not found.find("nobody", "a").eligible
