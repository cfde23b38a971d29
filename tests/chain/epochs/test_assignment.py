"""Models and slots, for any machines."""

from hypothesis import given
from hypothesis import strategies as st

from chain.epochs import assignment
from chain.epochs.types import ActiveParticipant, MLNodeInfo, ModelMLNodes
from chain.models.rules import build_resolver
from chain.models.types import Model
from chain.nodes.types import HardwareNode, HardwareNodes, HardwareNodeStatus, Participant
from chain.poc.rules import compute_eligibility
from chain.poc.types import EligibilityMap

RESOLVER = build_resolver([Model(id="A", alternative_models=("x",)), Model(id="B"), Model(id="C")])
NAMES = [f"n{at}" for at in range(9)]
MACHINES = st.lists(
    st.builds(
        HardwareNode,
        local_id=st.sampled_from(NAMES),
        status=st.sampled_from(HardwareNodeStatus),
        models=st.lists(st.sampled_from(["A", "B", "C", "x", "y"]), max_size=3).map(tuple),
    ),
    max_size=9,
    unique_by=lambda machine: machine.local_id,
)


def eligible(machines: list[HardwareNode]) -> EligibilityMap:
    return compute_eligibility(
        [Participant(address="p")], [HardwareNodes("p", tuple(machines))], RESOLVER, True
    )


def assign(machines: list[HardwareNode], known: EligibilityMap, epoch: int) -> ActiveParticipant:
    nodes = tuple(MLNodeInfo(machine.local_id, 0, 1 + at) for at, machine in enumerate(machines))
    candidate = ActiveParticipant(index="p", ml_nodes=(ModelMLNodes(nodes),))
    (found,) = assignment.set_models_for_participants((candidate,), known, epoch)
    return found


@given(MACHINES, st.integers(1, 50))
def test_each_eligible_machine_serves_its_smallest_model_once_and_half_of_each_models_keep_serving(
    machines: list[HardwareNode], epoch: int
) -> None:
    known = eligible(machines)
    found = assign(machines, known, epoch)
    placed = {
        node.node_id: model
        for model, array in zip(found.models, found.ml_nodes, strict=True)
        for node in array.ml_nodes
    }
    wanted = {}
    for machine in machines:
        entry = known.find("p", machine.local_id)
        if entry.eligible:
            wanted[machine.local_id] = min(entry.models)
    assert placed == wanted
    assert len(placed) == sum(len(array.ml_nodes) for array in found.ml_nodes), "one is listed twice"
    assert list(found.models) == sorted(found.models)
    for array in found.ml_nodes:
        names = [node.node_id for node in array.ml_nodes]
        assert names == sorted(names)
        kept = [node for node in array.ml_nodes if assignment.has_poc_slot(node)]
        assert len(kept) == len(names) // 2
        assert all(node.timeslot_allocation[0] for node in array.ml_nodes)


@given(MACHINES, st.integers(1, 50), st.randoms(use_true_random=False))
def test_the_order_of_machines_and_records_does_not_matter(machines, epoch, random) -> None:
    shuffled = list(machines)
    random.shuffle(shuffled)
    weights = {machine.local_id: at for at, machine in enumerate(machines)}

    def strip(found: ActiveParticipant) -> list:
        return [
            [model, [(node.node_id, node.timeslot_allocation) for node in array.ml_nodes]]
            for model, array in zip(found.models, found.ml_nodes, strict=True)
        ]

    assert len(weights) == len(machines)
    again = assign(shuffled, eligible(shuffled), epoch)
    assert strip(again) == strip(assign(machines, eligible(machines), epoch))


@given(st.lists(st.sampled_from(NAMES), unique=True), st.sampled_from(NAMES), st.integers(1, 50))
def test_a_machine_that_comes_pushes_out_at_most_one(names: list[str], more: str, epoch: int) -> None:
    before = assignment.select_poc_slots(epoch, "p", "A", names)
    after = assignment.select_poc_slots(epoch, "p", "A", {*names, more})
    assert len(before - after) <= 1
    assert len(after) == len({*names, more}) // 2


@given(MACHINES, st.integers(1, 50))
def test_a_weight_is_the_sum_of_the_machines_that_are_left(machines: list[HardwareNode], epoch: int) -> None:
    known = eligible(machines)
    found = assign(machines, known, epoch)
    expected = sum(
        1 + at for at, machine in enumerate(machines) if known.find("p", machine.local_id).eligible
    )
    weighed = assignment.recompute_weights((found,))
    assert [entry.weight for entry in weighed] == ([expected] if expected else [])
