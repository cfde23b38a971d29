"""How cores are shared: never more than there are, all to one alone, and told only when it changes."""

import hypothesis.strategies as st
from hypothesis import given

from mlnode.actions import Action, LeaseThreads, SpawnWorker
from mlnode.events import RequestEnded
from mlnode.threads import lease_threads
from tests.mlnode.scheduled import Node

wanted = st.dictionaries(st.integers(1, 50), st.integers(1, 16), max_size=8)
cores = st.integers(1, 32)


@given(wanted, cores)
def test_the_sum_is_within_the_cores_and_everybody_has_one(wanted: dict[int, int], cores: int) -> None:
    leased = lease_threads(wanted, cores)
    assert set(leased) == set(wanted)
    assert sum(leased.values()) <= max(cores, len(wanted))
    assert all(1 <= leased[worker] <= wanted[worker] for worker in wanted)


@given(wanted, cores)
def test_no_core_is_kept_back_while_somebody_wants_it(wanted: dict[int, int], cores: int) -> None:
    leased = lease_threads(wanted, cores)
    if any(leased[worker] < wanted[worker] for worker in wanted):
        assert sum(leased.values()) >= cores


@given(wanted, cores)
def test_nobody_has_two_more_than_another_who_wants_more(wanted: dict[int, int], cores: int) -> None:
    leased = lease_threads(wanted, cores)
    hungry = [leased[worker] for worker in wanted if leased[worker] < wanted[worker]]
    assert not hungry or max(leased.values()) <= min(hungry) + 1


@given(st.integers(1, 64), cores)
def test_who_works_alone_has_all_that_he_wants(threads: int, cores: int) -> None:
    assert lease_threads({7: threads}, cores) == {7: min(threads, cores)}


def leases(actions: list[Action]) -> dict[int, int]:
    return {action.worker: action.n_threads for action in actions if isinstance(action, LeaseThreads)}


def test_a_load_beside_a_busy_worker_takes_half_and_the_worker_is_told_before_it_begins() -> None:
    node = Node(room=2, threads=4, cores=4)
    node.ask("a")
    node.loaded("a")
    _, actions = node.ask("b")
    assert actions[0] == LeaseThreads(node.worker("a"), 2)
    assert [action.n_threads for action in actions if isinstance(action, SpawnWorker)] == [2]


def test_whoever_is_left_alone_has_everything_again() -> None:
    node = Node(room=2, threads=4, cores=4)
    first, _ = node.ask("a")
    node.loaded("a")
    node.ask("b")
    assert leases(node.loaded("b")) == {}
    assert leases(node.tell(RequestEnded(first))) == {node.worker("b"): 4}
    assert leases(node.ask("a")[1]) == {node.worker("b"): 2}


def test_a_worker_without_work_is_told_nothing() -> None:
    node = Node(room=2, threads=4, cores=4)
    node.serve("a")
    _, actions = node.ask("b")
    assert leases(actions) == {}
