"""A scheduler with a clock of its own, for tests: models of one size, and what it said."""

from typing import Any

from mlnode.actions import (
    Action,
    EndWorker,
    Refuse,
    SpawnWorker,
    StartRequest,
)
from mlnode.catalog import Catalog, ModelFile
from mlnode.events import (
    FilesScanned,
    Requested,
    RequestEnded,
    WorkerExited,
    WorkerLoaded,
)
from mlnode.gguf import Header
from mlnode.instance import InstanceState, LoadParams
from mlnode.ledger import Ledger
from mlnode.mode import Kind
from mlnode.node import Limits
from mlnode.residents import Residents
from mlnode.scheduler import Scheduler

PARAMS = LoadParams(n_ctx=256, slots=1, n_threads=1, n_gpu_layers=0)
MIB = 1024 * 1024


def make_file(id: str, weights_mb: int = 100, problem: str = "", inode: int = 1) -> ModelFile:
    """A file whose estimate is its weights and a little."""
    header = Header(
        version=3,
        architecture="llama",
        name=id,
        file_type=0,
        n_ctx_train=256,
        n_layers=1,
        n_embd=16,
        n_ff=32,
        n_head=1,
        n_head_kv=(1,),
        key_length=16,
        value_length=16,
        sliding_window=0,
        n_vocab=300,
        has_chat_template=False,
        n_tensors=1,
        tensor_bytes=weights_mb * MIB,
        n_shards=1,
    )
    found = None if problem else header
    return ModelFile(id, f"/m/{id}", weights_mb * MIB, (inode, 1, 1), found, problem)


class Node:
    """A scheduler with a clock, that remembers what it said."""

    def __init__(
        self, room: float = 1, slots: int = 1, threads: int = 1, n_gpu_layers: int = 0, **limits: Any
    ) -> None:
        """`room`: how many models of the usual size fit."""
        params = LoadParams(n_ctx=256, slots=slots, n_threads=threads, n_gpu_layers=n_gpu_layers)
        self.need_mb = Residents(Ledger(())).compute_need_mb(make_file("a"), params)
        budget_mb = int(room * self.need_mb) + 10
        self.scheduler = Scheduler(Limits(budget_mb, 10, params, **limits), Catalog())
        self.now_ms = 1000
        self.tell(FilesScanned((make_file("a"), make_file("b"), make_file("c"))))
        self.requests = 0

    def tell(self, event: object, after_ms: int = 0) -> list[Action]:
        self.now_ms += after_ms
        return self.scheduler.handle(event, self.now_ms)  # type: ignore[arg-type]

    def ask(self, model: str | None = "a", kind: Kind = Kind.INFERENCE) -> tuple[int, list[Action]]:
        self.requests += 1
        return self.requests, self.tell(Requested(self.requests, model, kind))

    def loaded(self, model: str, measured_mb: int = 1, after_ms: int = 100) -> list[Action]:
        return self.tell(WorkerLoaded(model, self.worker(model), measured_mb), after_ms)

    def exited(self, model: str, code: str = "") -> list[Action]:
        return self.tell(WorkerExited(model, self.worker(model), "killed by signal 9", code))

    def worker(self, model: str) -> int:
        return self.scheduler.instance_of(model).worker

    def state(self, model: str) -> InstanceState:
        return self.scheduler.instance_of(model).state

    def serve(self, model: str) -> None:
        """Load a model, answer one request, and leave it idle."""
        request, _ = self.ask(model)
        self.loaded(model)
        self.tell(RequestEnded(request))


def refusal(actions: list[Action], kind: type) -> Refuse:
    found = [a for a in actions if isinstance(a, Refuse) and isinstance(a.refusal, kind)]
    assert len(found) == 1, actions
    return found[0]


def spawned(actions: list[Action]) -> list[str]:
    return [action.model for action in actions if isinstance(action, SpawnWorker)]


def ended(actions: list[Action]) -> list[str]:
    return [action.model for action in actions if isinstance(action, EndWorker)]


def started(actions: list[Action]) -> list[int]:
    return [action.request for action in actions if isinstance(action, StartRequest)]
