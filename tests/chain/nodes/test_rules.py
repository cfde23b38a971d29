"""What a hardware diff makes of a list, for any diff."""

from hypothesis import given
from hypothesis import strategies as st

from chain.nodes.rules import compute_nodes
from chain.nodes.types import HardwareNode, HardwareNodeStatus

STOPPED = HardwareNodeStatus.STOPPED
MACHINES = st.lists(
    st.builds(
        HardwareNode,
        local_id=st.sampled_from(["a", "b", "c", "d"]),
        status=st.sampled_from(HardwareNodeStatus),
        models=st.lists(st.sampled_from(["A", "B"]), max_size=2).map(tuple),
    ),
    max_size=5,
)


@given(MACHINES, MACHINES, MACHINES)
def test_each_machine_is_what_its_last_word_says(stored: list, written: list, removed: list) -> None:
    found = compute_nodes(stored, written, removed)
    before = {machine.local_id: machine for machine in stored}
    last = {machine.local_id: machine for machine in written}
    by_id = {machine.local_id: machine for machine in found}
    assert [machine.local_id for machine in found] == sorted(by_id)
    for name in "abcd":
        words = [machine.status for machine in removed if machine.local_id == name]
        if name in last:
            assert by_id[name] == last[name]
        elif name not in before or any(status != STOPPED for status in words):
            assert name not in by_id
        elif words:
            assert by_id[name].status == STOPPED and by_id[name].models == before[name].models
        else:
            assert by_id[name] == before[name]


@given(MACHINES, MACHINES, MACHINES)
def test_the_same_diff_twice_changes_nothing_the_second_time(stored, written, removed) -> None:
    once = compute_nodes(stored, written, removed)
    assert compute_nodes(once, written, removed) == once


@given(MACHINES, MACHINES, MACHINES, st.randoms(use_true_random=False))
def test_the_order_of_what_is_stored_and_removed_does_not_matter(stored, written, removed, random) -> None:
    known = list({machine.local_id: machine for machine in stored}.values())
    shuffled, gone = list(known), list(removed)
    random.shuffle(shuffled)
    random.shuffle(gone)
    assert compute_nodes(shuffled, written, gone) == compute_nodes(known, written, removed)
