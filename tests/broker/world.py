"""The world of a controller under test: blocks and answers are handed to it by hand, time is a number."""

from collections.abc import Iterable
from dataclasses import replace

from broker import actions, events
from broker.actions import Action, StoreNode
from broker.controller import Controller
from broker.facts import (
    Block,
    ChainEvent,
    ChainNode,
    EpochView,
    ExactDecimal,
    GroupMember,
    GroupNode,
    HardwareStatus,
    ModelGroup,
    ModelResolution,
    NodesDiff,
    OpenClaim,
    Phase,
    PocAdmission,
    PocParams,
    PocStage,
)
from broker.nodes import (
    AdminState,
    Mode,
    ModelConfig,
    ModelFile,
    ModelFileState,
    NodeConfig,
    Observation,
    PocStatus,
)
from broker.state import Identity, Stored, Timing

ME = "mesh1me"
KEY = b"\x02" + bytes(32)
IDENTITY = Identity(ME, KEY, b"secret")
PARAMS = PocParams(200, 1_270_000, 50_000, ExactDecimal(5, -4), ExactDecimal(1, -7), 16, 8, 64, 100)
FILE, MODEL = "tiny.gguf", "tiny"

LENGTH, GENERATE, EXCHANGE, DELAY, VALIDATE, SWITCH = 40, 10, 2, 2, 6, 1


def make_epoch(height: int) -> EpochView:
    """The view of a chain with the default epoch: 40 blocks, the first proof of compute at 40."""
    latest = height // LENGTH
    start = latest * LENGTH
    validation_start = start + GENERATE + DELAY
    validation_end = validation_start + VALIDATE
    bounds = (
        (start + 8, Phase.POC_GENERATE),
        (validation_start, Phase.POC_GENERATE_WIND_DOWN),
        (validation_start + 4, Phase.POC_VALIDATE),
        (validation_end, Phase.POC_VALIDATE_WIND_DOWN),
    )
    phase = (
        next((name for end, name in bounds if height < end), Phase.INFERENCE) if latest else Phase.INFERENCE
    )
    effective = latest if height >= validation_end + SWITCH or not latest else latest - 1
    return EpochView(
        block_height=height,
        effective_epoch_index=effective,
        latest_epoch_index=latest,
        phase=phase,
        poc_start_block_height=start,
        generation_wind_down_block_height=start + 8,
        generation_end_block_height=start + GENERATE,
        exchange_deadline_block_height=start + GENERATE + EXCHANGE,
        validation_start_block_height=validation_start,
        validation_wind_down_block_height=validation_start + 4,
        validation_end_block_height=validation_end,
        set_new_validators_block_height=validation_end + SWITCH,
        claim_block_height=validation_end + SWITCH + 1,
        next_poc_start_block_height=start + LENGTH,
        epoch_index=latest,
    )


def make_block(height: int, found: Iterable[ChainEvent] = ()) -> Block:
    """A block of that chain."""
    return Block(height, b"hash%d" % height, height * 10**9, make_epoch(height), tuple(found))


def make_config(node_id: str, **changes: object) -> NodeConfig:
    """A node with one model."""
    return replace(NodeConfig(node_id, "10.0.0.1", 8081, (ModelConfig(FILE),)), **changes)


def make_stage(height: int, node_ids: Iterable[str], participant: str = ME) -> PocStage:
    """The stage that starts at a height, with these nodes admitted."""
    admitted = tuple(PocAdmission(participant, node_id, MODEL) for node_id in node_ids)
    return PocStage(height // LENGTH, height, b"hash%d" % height, PARAMS, admitted)


FILES = (ModelFile(FILE, ModelFileState.UNLOADED),)
STOPPED = Observation(Mode.STOPPED, models=FILES, http_port=8080)


class World:
    """A controller with a chain and nodes that answer when told to; everything it asked for is in `asked`."""

    def __init__(self, *node_ids: str, stored: Stored | None = None) -> None:
        if stored is None:
            stored = Stored(tuple(StoreNode(make_config(name), AdminState()) for name in node_ids))
        self.controller = Controller(IDENTITY, stored, Timing())
        self.now = 0.0
        self.asked: list[Action] = []
        self.records: dict[str, ChainNode] = {}
        self.groups: tuple[ModelGroup, ...] = ()
        self.seen: dict[str, Observation] = {}
        self.refuse_diff = ""
        self.claim: OpenClaim | None = None
        self.refuse_claim, self.lost_claims = "", 0
        self.silent_nodes: set[str] = set()
        self._calls = 0

    @property
    def state(self):
        return self.controller.state

    def give(self, *found: events.Event) -> list[Action]:
        """Hand events over; only what the controller asks for in answer to them."""
        out: list[Action] = []
        for event in found:
            out += self.controller.handle(event, self.now)
        self.asked += out
        return out

    def ask(self, kind: type, *arguments: object) -> object:
        """Make a call and return its value; a refusal is raised."""
        self._calls += 1
        self.settle(self.give(kind(self._calls, *arguments)))
        replies = [a for a in self.asked if isinstance(a, actions.Answer | actions.Refuse)]
        reply = next(a for a in replies if a.call_id == self._calls)
        if isinstance(reply, actions.Refuse):
            raise reply.error
        return reply.value

    def advance(self, height: int, found: Iterable[ChainEvent] = (), step_s: float = 1.0) -> list[Action]:
        """Commit a block and let everybody answer; all that was asked on the way."""
        self.now += step_s
        mark = len(self.asked)
        self.settle(self.give(events.BlockCommitted(make_block(height, found))))
        return self.asked[mark:]

    def run_to(self, height: int) -> list[Action]:
        """Commit every block up to a height."""
        mark = len(self.asked)
        for number in range(self.state.tracker.height + 1, height + 1):
            self.advance(number)
        return self.asked[mark:]

    def settle(self, asked: list[Action]) -> None:
        """Answer as a healthy chain and healthy nodes would, until nobody asks any more."""
        pending = list(asked)
        while pending:
            answer = self.answer(pending.pop(0))
            if answer is not None:
                pending += self.give(answer)

    def answer(self, action: Action) -> events.Event | None:
        """The healthy answer to an action; None when it needs none."""
        match action:
            case actions.ResolveModels(local_ids):
                known = {FILE: MODEL, MODEL: MODEL}
                return events.ModelsResolved(
                    tuple(
                        ModelResolution(i, known.get(i, ""), (known[i],) if i in known else ())
                        for i in local_ids
                    )
                )
            case actions.QueryEpochData(epoch_index):
                return events.EpochDataReceived(epoch_index, self.groups)
            case actions.QueryHardware():
                return events.HardwareReceived(tuple(self.records.values()))
            case actions.SubmitHardwareDiff(key, diff):
                if self.refuse_diff:
                    return events.TxRefused(key, self.refuse_diff, "no")
                self.apply_diff(diff)
                return events.TxCommitted(key, self.state.tracker.height + 1)
            case actions.QueryPocStage(_, start):
                working = [i for i, r in self.records.items() if r.status != HardwareStatus.STOPPED]
                return events.PocStageReceived(make_stage(start, working))
            case actions.QueryPocBatches(start):
                return events.PocBatchesReceived(start, ())
            case actions.DrawSeed(epoch_index):
                return events.SeedDrawn(epoch_index, 7, "ab")
            case actions.QueryClaim():
                return events.ClaimReceived(self.claim)
            case actions.SubmitClaim(key) if self.refuse_claim:
                return events.TxRefused(key, self.refuse_claim, "no")
            case actions.SubmitClaim(key) if self.lost_claims:
                self.lost_claims -= 1
                return events.TxFailed(key, "nobody knows what became of it")
            case actions.SubmitClaim(key):
                self.claim = None
                return events.TxCommitted(key, self.state.tracker.height + 1)
            case actions.SubmitSeed(key) | actions.SubmitPocBatch(key) | actions.SubmitPocValidation(key):
                return events.TxCommitted(key, self.state.tracker.height + 1)
            case actions.PollNode(node_id) if node_id in self.silent_nodes:
                return events.NodeUnreachable(node_id, "connection refused")
            case actions.PollNode(node_id):
                return events.NodeObserved(node_id, self.seen.get(node_id, STOPPED))
            case (
                actions.StopNode()
                | actions.InferenceUp()
                | actions.StartPocGenerate()
                | actions.StartPocValidate()
            ):
                return self.obey(action)
        return None

    def obey(self, action: Action) -> events.CommandDone:
        """What a healthy node does with a command."""
        before = replace(self.seen.get(action.node_id, STOPPED), generation=action.generation)
        match action:
            case actions.InferenceUp():
                now = replace(before, mode=Mode.INFERENCE, model=action.model, poc_status=PocStatus.IDLE)
            case actions.StartPocGenerate():
                now = _in_poc(before, PocStatus.GENERATING, action.stage.start_height)
            case actions.StartPocValidate():
                now = _in_poc(before, PocStatus.VALIDATING, action.stage.start_height)
            case _:
                now = replace(STOPPED, generation=action.generation)
        self.seen[action.node_id] = now
        return events.CommandDone(action.node_id, action.generation, now)

    def apply_diff(self, diff: NodesDiff) -> None:
        """What the chain does with a hardware report."""
        self.records = apply_diff(self.records, diff)


def _in_poc(before: Observation, status: PocStatus, start: int) -> Observation:
    return replace(before, mode=Mode.POC, poc_status=status, poc_start_block_height=start)


def apply_diff(records: dict[str, ChainNode], diff: NodesDiff) -> dict[str, ChainNode]:
    """The chain's rule: removed with STOPPED keeps and stops, otherwise deletes; then the rest is stored."""
    after = dict(records)
    for entry in diff.removed:
        if entry.status == HardwareStatus.STOPPED and entry.local_id in after:
            after[entry.local_id] = replace(after[entry.local_id], status=HardwareStatus.STOPPED)
        elif entry.status != HardwareStatus.STOPPED:
            after.pop(entry.local_id, None)
    after.update({entry.local_id: entry for entry in diff.new_or_modified})
    return after


def of(kind: type, asked: Iterable[Action]) -> list[Action]:
    """Those of one kind, in order."""
    return [action for action in asked if isinstance(action, kind)]


def start(*node_ids: str) -> World:
    """Nodes, connected and answering; the chain has not been heard yet."""
    made = World(*node_ids)
    made.settle(made.give(events.Started(), events.PollDue()))
    return made


def assign(*node_ids: str, on_duty: tuple[str, ...] = (), owner: str = ME) -> tuple[ModelGroup, ...]:
    """The groups of an epoch that gives the model to these nodes."""
    nodes = tuple(GroupNode(node_id, 5, node_id in on_duty) for node_id in node_ids)
    return (ModelGroup(MODEL, (), (GroupMember(owner, 10, nodes),)),)


COMMANDS = (
    actions.StopNode,
    actions.InferenceUp,
    actions.StartPocGenerate,
    actions.StartPocValidate,
)


def commands(asked: list[actions.Action]) -> list[tuple[str, str]]:
    """The orders to nodes among them: kind and node."""
    return [(type(item).__name__, item.node_id) for item in asked if isinstance(item, COMMANDS)]
