"""Files that change under a running model, and files known to be bad."""

from mlnode.actions import EndWorker
from mlnode.catalog import ModelFile
from mlnode.errors import ModelBroken, ModelUnknown, WorkerLost
from mlnode.events import FilesScanned, RequestEnded, Streamed, Woken
from mlnode.instance import EndReason, InstanceState
from tests.mlnode.scheduled import Node, ended, make_file, refusal, spawned, started


def scan(node: Node, *files: ModelFile) -> list[object]:
    return list(node.tell(FilesScanned(files)))


def written_to(problem: str = "") -> ModelFile:
    """The same inode as always, at another time."""
    file = make_file("a", problem=problem)
    return ModelFile(file.id, file.path, file.size_bytes, (1, 1, 2), file.header, file.problem)


def test_running_requests_finish_on_the_old_file_and_new_ones_wait_for_the_new_one() -> None:
    node = Node()
    running, _ = node.ask("a")
    node.loaded("a")
    assert scan(node, make_file("a", inode=2)) == []
    waiting, actions = node.ask("a")
    assert started(actions) == []
    assert ended(node.tell(RequestEnded(running))) == ["a"]
    assert spawned(node.exited("a")) == ["a"]
    assert started(node.loaded("a")) == [waiting]


def test_an_idle_model_is_loaded_again_when_it_is_asked_for() -> None:
    node = Node()
    node.serve("a")
    assert [a.reason for a in scan(node, make_file("a", inode=2)) if isinstance(a, EndWorker)] == [
        EndReason.FILE
    ]
    assert spawned(node.exited("a")) == []
    assert spawned(node.ask("a")[1]) == ["a"]


def test_a_file_written_to_under_a_running_request_is_a_crash() -> None:
    node = Node(slots=2)
    silent, _ = node.ask("a")
    node.loaded("a")
    heard, _ = node.ask("a")
    node.tell(Streamed(heard))
    assert EndWorker("a", node.worker("a"), EndReason.FILE, force=True) in scan(node, written_to())
    assert started(node.ask("a")[1]) == []
    assert refusal(node.exited("a"), WorkerLost).request == heard
    assert spawned(node.tell(Woken(), after_ms=500)) == ["a"]
    assert silent in started(node.loaded("a"))


def test_a_file_written_to_until_it_is_no_model_refuses_who_waits() -> None:
    node = Node()
    request, _ = node.ask("a")
    node.loaded("a")
    scan(node, written_to("it is cut off"))
    assert refusal(node.exited("a"), ModelBroken).request == request


def test_a_file_that_is_gone_serves_who_runs_and_nobody_else() -> None:
    node = Node()
    running, _ = node.ask("a")
    node.loaded("a")
    waiting, _ = node.ask("a")
    assert refusal(list(node.tell(FilesScanned(()))), ModelBroken).request == waiting
    refusal(node.ask("a")[1], ModelUnknown)
    assert ended(node.tell(RequestEnded(running))) == ["a"]
    node.exited("a")
    assert node.scheduler.residents.ledger.used_mb == 0


def test_the_same_file_back_opens_the_gate_again() -> None:
    node = Node(slots=2)
    node.ask("a")
    node.loaded("a")
    scan(node)
    assert node.state("a") is InstanceState.DRAINING
    scan(node, make_file("a"))
    assert node.state("a") is InstanceState.READY
    assert started(node.ask("a")[1])


def test_the_same_file_back_does_not_open_the_gate_of_a_worker_that_is_killed() -> None:
    node = Node(slots=2)
    node.ask("a")
    node.loaded("a")
    scan(node)
    node.tell(Woken(), after_ms=30_000)
    scan(node, make_file("a"))
    assert node.state("a") is InstanceState.DRAINING
    assert started(node.ask("a")[1]) == []


def test_what_was_measured_of_one_file_does_not_hold_for_another() -> None:
    node = Node(room=3)
    node.ask("a")
    node.loaded("a", measured_mb=node.need_mb + 50)
    scan(node, make_file("a", inode=2))
    assert node.scheduler.compute_need_mb("a") == node.need_mb


def test_a_bad_file_that_comes_back_is_known() -> None:
    node = Node()
    node.ask("a")
    node.exited("a", code="CORRUPT")
    scan(node, make_file("a", inode=2))
    assert spawned(node.ask("a")[1]) == ["a"]
    node.exited("a")
    scan(node, make_file("a", inode=1))
    refusal(node.ask("a")[1], ModelBroken)


def test_a_load_that_fails_on_the_file_of_before_says_nothing_of_the_present_one() -> None:
    node = Node()
    node.ask("a")
    scan(node, make_file("a", inode=2))
    node.exited("a", code="CORRUPT")
    assert node.state("a") is InstanceState.LOADING
