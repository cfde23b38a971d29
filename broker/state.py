"""All that the broker knows, in one place. The controller owns it; the files that decide are handed it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from broker.actions import StoreAssignment, StoreBatch, StoreFinish, StoreNode, StoreSeed, StoreVote
from broker.admin import should_be_operational
from broker.claims import Claims
from broker.epoch_data import EpochData
from broker.errands import Errands
from broker.facts import ChainNode, EpochView, ModelResolution
from broker.nodes import Node, NodeConfig
from broker.phases import PhaseTracker
from broker.poc import Mining
from broker.poc_votes import Validation
from broker.seeds import Seed


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this broker acts for. `callback_secret` makes the tokens that its nodes report with."""

    participant: str
    public_key: bytes
    callback_secret: bytes


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things are trusted and how often they are asked, in seconds."""

    stale_after_s: float = 30.0
    unsettled_poll_s: float = 1.0
    unreachable_poll_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Stored:
    """What was written before, as it comes back at start."""

    nodes: tuple[StoreNode, ...] = ()
    generation: int = 0
    seeds: tuple[StoreSeed, ...] = ()
    assignments: tuple[StoreAssignment, ...] = ()
    batches: tuple[StoreBatch, ...] = ()
    votes: tuple[StoreVote, ...] = ()
    finishes: tuple[StoreFinish, ...] = ()


@dataclass(slots=True)
class HardwareSync:
    """How our hardware and the chain's records compare.

    `wanted` stays true until a comparison finds no difference; `recheck` tells that something changed
    while a comparison was under way.
    """

    wanted: bool = True
    recheck: bool = False
    records: dict[str, ChainNode] | None = None
    last_error: str = ""
    published: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class WaitingUpsert:
    """Nodes whose models the chain is being asked about; answered when it has spoken, or after `deadline`."""

    call_id: int
    configs: tuple[NodeConfig, ...]
    deadline: float


@dataclass(slots=True)
class State:
    """The broker's whole state. Nothing outside `Controller.handle` changes it."""

    identity: Identity
    timing: Timing
    tracker: PhaseTracker
    nodes: dict[str, Node] = field(default_factory=dict)
    resolutions: dict[str, ModelResolution] = field(default_factory=dict)
    epoch_data: EpochData = field(default_factory=EpochData)
    sync: HardwareSync = field(default_factory=HardwareSync)
    errands: Errands = field(default_factory=Errands)
    seeds: dict[int, Seed] = field(default_factory=dict)
    claims: Claims = field(default_factory=Claims)
    mining: Mining | None = None
    validation: Validation | None = None
    stored: Stored = field(default_factory=Stored)
    waiting_upserts: list[WaitingUpsert] = field(default_factory=list)
    refresh_models: bool = False
    resolve_retry_at: float = 0.0
    query_errors: dict[str, str] = field(default_factory=dict)
    generation: int = 0
    last_lease_id: int = 0

    def is_operational(self, node: Node, epoch: EpochView) -> bool:
        """Whether the node takes part now, by its operator's decision."""
        return should_be_operational(node.admin, epoch.latest_epoch_index, epoch.phase)

    def get_sorted_nodes(self) -> Iterable[Node]:
        """The nodes by id."""
        return [self.nodes[node_id] for node_id in sorted(self.nodes)]

    def next_generation(self) -> int:
        """A generation newer than every one that was handed out or seen."""
        self.generation += 1
        return self.generation


def restore(identity: Identity, timing: Timing, stored: Stored) -> State:
    """The state as a new process starts with it."""
    state = State(identity, timing, PhaseTracker(timing.stale_after_s), stored=stored)
    state.generation = stored.generation
    state.nodes = {item.config.id: Node(item.config, item.admin) for item in stored.nodes}
    state.seeds = {item.epoch_index: Seed(item.seed, item.signature, item.submitted) for item in stored.seeds}
    return state
