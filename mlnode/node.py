"""Everything that a node knows and decides by, and the questions that several rooms ask of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mlnode.catalog import Catalog, ModelFile
from mlnode.instance import Instance, InstanceState, LoadParams
from mlnode.ledger import Device, Ledger
from mlnode.mode import Activity, Mission
from mlnode.requests import Requests
from mlnode.residents import Residents
from mlnode.waiting import PAUSE_MAX_MS


@dataclass(frozen=True, slots=True)
class Limits:
    """What the operator allows."""

    budget_mb: int
    margin_mb: int
    params: LoadParams
    """How a model is loaded unless a command says otherwise."""
    max_queue_depth: int = 32
    """Requests waiting for one model; those that have a slot do not count."""
    max_wait_ms: int = 30_000
    wait_pauses_for_load: bool = True
    """The clock of who waits stands still while his own model's load makes progress."""
    max_inflight: int = 0
    """Requests in the whole node, waiting or not; 0: no limit."""
    max_loads: int = 2
    """Models that load at the same time."""
    load_stall_ms: int = 60_000
    """A load without progress for this long is given up."""
    step_stall_ms: int = 30_000
    """A worker with work that makes no step, or says nothing at all, for this long is killed."""
    ttl_ms: int = 0
    """A model without work for this long is unloaded; 0: never."""
    model_ttl_ms: Mapping[str, int] = field(default_factory=dict)
    """The same for single models, by identifier."""
    pinned: frozenset[str] = frozenset()
    """Identifiers of models that are never evicted."""
    cores: int = 1024
    """CPU cores that the workers share."""
    devices: tuple[Device, ...] = ()
    """Where models can lie; empty: in the host's memory, by `budget_mb` and `margin_mb`."""

    def compute_wait_max_ms(self) -> int:
        """How long a request can wait at most, its own model's load included."""
        return self.max_wait_ms + (PAUSE_MAX_MS if self.wait_pauses_for_load else 0)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether requests can be sent here, and what that rests on."""

    ready: bool
    models: tuple[str, ...]
    """Those that answer now."""
    awaited: tuple[str, ...]
    """Those to be loaded at the start that do not answer yet."""


@dataclass(slots=True)
class Node:
    """All state of the node that decides anything."""

    limits: Limits
    catalog: Catalog
    mission: Mission = field(default_factory=Mission)
    draining_until_ms: int | None = None
    requests: Requests = field(default_factory=Requests)
    residents: Residents = field(init=False)
    params: dict[str, LoadParams] = field(default_factory=dict)
    """What commands said about how to load a model."""
    preloads: set[str] = field(default_factory=set)
    """Models to be loaded as far as there is memory, and not loaded yet."""
    by_hand: dict[str, int] = field(default_factory=dict)
    """Models that an operator wants loaded, and since when."""
    unplaced: set[str] = field(default_factory=set)
    """Models that found no memory when it was last given away."""
    mining_worker: int = 0

    def __post_init__(self) -> None:
        host = Device("host", self.limits.budget_mb, self.limits.margin_mb)
        self.residents = Residents(Ledger(self.limits.devices or (host,)))

    def load_params(self, model: str) -> LoadParams:
        return self.params.get(model, self.limits.params)

    def instance_of(self, model: str) -> Instance:
        """A model's instance, in memory or not."""
        return self.residents.get(model, self.load_params(model))

    def pinned(self) -> frozenset[str]:
        """Models that are not evicted: the operator's, and the one that a command holds."""
        return self.limits.pinned | ({self.mission.model} - {""})

    def find_ttl_ms(self, model: str) -> int:
        """After how long without work a model goes; 0: it stays. Who is pinned stays."""
        ttl_ms = self.limits.model_ttl_ms.get(model, self.limits.ttl_ms)
        return 0 if not ttl_ms or model in self.pinned() else ttl_ms

    def compute_need_mb(self, model: str) -> int:
        """Memory to be reserved for a model, MiB; 0 for a file that is none."""
        file = self.catalog.files.get(model)
        if file is None or file.header is None:
            return 0
        return self.residents.compute_need_mb(file, self.load_params(model))

    def is_loadable(self, file: ModelFile) -> bool:
        """Nothing is known against the file."""
        return file.header is not None and not file.problem and not self.instance_of(file.id).broken

    @property
    def is_over(self) -> bool:
        """Drained: no request and no worker is left."""
        drained = self.draining_until_ms is not None and not self.requests.open
        return drained and not any(self.residents.resident())

    @property
    def readiness(self) -> Readiness:
        """Ready: requests are taken, a model answers (or went only because nobody used it), and those to be
        loaded at the start have answered, as far as they can."""
        instances = self.residents.instances.values()
        models = tuple(i.model for i in instances if i.state is InstanceState.READY)
        asleep = any(i.expired and i.state is InstanceState.UNLOADED for i in instances)
        awaited = tuple(sorted(self._awaited()))
        serving = self.mission.activity is Activity.INFERENCE and self.draining_until_ms is None
        return Readiness(serving and not awaited and (bool(models) or asleep), models, awaited)

    def _awaited(self) -> Iterator[str]:
        for model in self.preloads - self.unplaced:
            file = self.catalog.files.get(model)
            if file is not None and self.is_loadable(file) and not self.instance_of(model).tripped:
                yield model
