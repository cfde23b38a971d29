"""Which model a prepared worker opens ahead."""

from mlnode.ahead import choose_ahead
from mlnode.events import FilesScanned, RequestEnded, UnloadAsked
from mlnode.instance import InstanceState
from mlnode.ledger import Device
from tests.mlnode.scheduled import Node, ended, make_file


def choose(node: Node, *opened: str, room_mb: int = 100) -> str | None:
    file = choose_ahead(node.scheduler, opened, room_mb)
    return None if file is None else file.id


def swapped(*models: str) -> Node:
    """A node with room for one, that served these one after the other."""
    node = Node()
    for model in models:
        request, actions = node.ask(model)
        for gone in ended(actions):
            node.exited(gone)
        node.loaded(model)
        node.tell(RequestEnded(request))
    return node


def test_who_was_never_in_memory_is_not_expected() -> None:
    assert choose(Node()) is None


def test_who_went_last_is_expected_first() -> None:
    node = swapped("a", "b", "c")
    assert node.state("c") is InstanceState.READY
    assert choose(node) == "b"
    assert choose(node, "/m/b") == "a"
    assert choose(node, "/m/a", "/m/b") is None


def test_who_is_unloaded_by_hand_or_for_want_of_use_may_come_back() -> None:
    node = swapped("a")
    node.tell(UnloadAsked("a"))
    assert choose(node) is None  # it is not gone yet
    node.exited("a")
    assert choose(node) == "a"


def test_who_crashed_is_not_opened() -> None:
    node = swapped("a")
    node.exited("a")
    assert node.state("a") is InstanceState.FAILED
    assert choose(node) is None


def test_a_file_that_is_gone_or_bad_is_not_opened() -> None:
    node = swapped("a", "b")
    node.tell(FilesScanned((make_file("b"),)))
    assert choose(node) is None
    node.tell(FilesScanned((make_file("a", problem="cut off"), make_file("b"))))
    assert choose(node) is None
    node.tell(FilesScanned((make_file("a"), make_file("b"))))
    assert choose(node) == "a"


def test_what_would_take_more_than_is_allowed_is_not_opened() -> None:
    node = swapped("a", "b")
    assert choose(node, room_mb=1) == "a"
    assert choose(node, room_mb=0) is None


def test_nothing_is_opened_where_there_are_gpus() -> None:
    for n_gpu_layers in (-1, 0):
        node = Node(devices=(Device("gpu0", 1000, 0, gpu=0),), n_gpu_layers=n_gpu_layers)
        node.serve("a")
        node.tell(UnloadAsked("a"))
        node.exited("a")
        assert choose(node) is None
