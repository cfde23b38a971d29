"""What the broker tells its operator: one view for each node, one for the whole."""

from dataclasses import dataclass

from broker.admin import is_wanted
from broker.diff import compute_published_status
from broker.errors import BrokerError
from broker.facts import EpochView, HardwareStatus, Phase
from broker.nodes import AdminState, BatchCounts, Mode, Node, NodeConfig, Observation, PocStatus, Spec
from broker.poc_votes import find_unjudgeable
from broker.state import State
from broker.sync import find_overdue


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node as its operator sees it. `next_change_height` is 0 when no change is foreseen."""

    id: str
    config: NodeConfig
    admin: AdminState
    wanted_enabled: bool
    operational: bool | None
    draining: bool
    intended: str
    observed: str
    why: str
    next_change_height: int
    published_status: str
    chain_status: str
    command_in_flight: bool
    attempts: int
    last_error: str
    epoch_models: tuple[str, ...]
    lock_count: int
    batches: BatchCounts
    safe_to_power_off: bool


@dataclass(frozen=True, slots=True)
class StatusView:
    """The broker as its operator sees it. `stale` says why nothing is done, "" when all is well."""

    participant: str
    height: int
    phase: str
    latest_epoch_index: int
    effective_epoch_index: int
    stale: str
    sync_pending: bool
    sync_error: str
    alarms: tuple[str, ...]
    seed_submitted: bool
    votes_cast: int
    votes_open: int
    abstentions: tuple[str, ...]
    nodes: tuple[NodeView, ...]


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of a batch of nodes: `views` of those taken, `errors` (node id, error) of the others."""

    views: tuple[NodeView, ...]
    errors: tuple[tuple[str, BrokerError], ...] = ()


def describe_spec(spec: Spec | None) -> str:
    """A specification in a few words."""
    if spec is None:
        return "UNDECIDED"
    if spec.mode == Mode.INFERENCE:
        return f"INFERENCE {spec.served_name}"
    return f"POC {spec.poc_status.name} {spec.stage_height}" if spec.mode == Mode.POC else spec.mode.name


def describe_observation(node: Node) -> str:
    """What the node was last seen doing, in a few words."""
    seen = node.observed
    if seen is None or not node.is_reachable:
        return "UNREACHABLE"
    return _describe_seen(seen) + (" (loading)" if seen.loading else "")


def _describe_seen(seen: Observation) -> str:
    if seen.mode == Mode.INFERENCE:
        return f"INFERENCE {seen.model}"
    if seen.mode == Mode.POC:
        return f"POC {PocStatus(seen.poc_status).name} {seen.poc_start_block_height}"
    return seen.mode.name


def compute_next_change(node: Node, operational: bool, epoch: EpochView) -> int:
    """The next height at which the node's task changes, 0 when it stays as it is."""
    if epoch.phase == Phase.INFERENCE:
        return epoch.next_poc_start_block_height if operational or is_wanted(node.admin) else 0
    if node.on_duty or epoch.block_height >= epoch.generation_end_block_height:
        return epoch.validation_end_block_height
    if not operational:
        return epoch.validation_end_block_height if is_wanted(node.admin) else 0
    return epoch.generation_end_block_height


def view_node(state: State, node: Node, now: float) -> NodeView:
    """The node's view at this moment."""
    epoch = state.tracker.epoch
    operational = None if epoch is None else state.is_operational(node, epoch)
    records = state.sync.records
    record = (records or {}).get(node.config.id)
    draining = epoch is not None and operational is False and _is_draining(node, epoch)
    published = "" if operational is None else compute_published_status(node, operational, now).name
    absent = "UNKNOWN" if records is None else "ABSENT"
    gone = record is None or record.status == HardwareStatus.STOPPED
    return NodeView(
        id=node.config.id,
        config=node.config,
        admin=node.admin,
        wanted_enabled=is_wanted(node.admin),
        operational=operational,
        draining=draining,
        intended=describe_spec(node.intended),
        observed=describe_observation(node),
        why=state.tracker.explain_staleness(now) or node.why,
        next_change_height=0 if epoch is None else compute_next_change(node, bool(operational), epoch),
        published_status=published,
        chain_status=absent if record is None else record.status.name,
        command_in_flight=node.in_flight is not None,
        attempts=node.attempts,
        last_error=node.last_error,
        epoch_models=tuple(sorted(node.epoch_models)),
        lock_count=len(node.leases),
        batches=node.counts,
        safe_to_power_off=records is not None
        and operational is False
        and not is_wanted(node.admin)
        and gone
        and not draining
        and not node.leases,
    )


def _is_draining(node: Node, epoch: EpochView) -> bool:
    return node.on_duty and epoch.phase != Phase.INFERENCE


def view_status(state: State, now: float) -> StatusView:
    """The whole at this moment."""
    tracker, epoch = state.tracker, state.tracker.epoch
    seed = state.seeds.get(epoch.latest_epoch_index) if epoch else None
    ballots = (state.validation.ballots or {}).values() if state.validation else ()
    return StatusView(
        participant=state.identity.participant,
        height=tracker.height,
        phase=epoch.phase.name if epoch else "UNKNOWN",
        latest_epoch_index=epoch.latest_epoch_index if epoch else 0,
        effective_epoch_index=epoch.effective_epoch_index if epoch else 0,
        stale=tracker.explain_staleness(now),
        sync_pending=state.sync.wanted,
        sync_error=state.sync.last_error,
        alarms=_find_alarms(state, epoch),
        seed_submitted=bool(seed and seed.submitted),
        votes_cast=len(state.validation.voted) if state.validation else 0,
        votes_open=sum(1 for ballot in ballots if not ballot.settled),
        abstentions=_explain_abstentions(state),
        nodes=tuple(view_node(state, node, now) for node in state.get_sorted_nodes()),
    )


def _explain_abstentions(state: State) -> tuple[str, ...]:
    """On whom this broker cannot vote in the last proof of compute, and why."""
    if state.validation is None:
        return ()
    observations = [node.observed for node in state.nodes.values() if node.observed]
    files = {file.id for seen in observations for file in seen.models}
    missing = dict(find_unjudgeable(state.validation, files, state.resolutions))
    found = []
    for participant, ballot in sorted((state.validation.ballots or {}).items()):
        if ballot.settled or ballot.recomputed_jobs:
            continue
        if participant in missing:
            models = ", ".join(missing[participant])
            found.append(f"no vote on {participant}: no node of ours has a file for {models}")
        elif not ballot.open_jobs:
            found.append(f"no vote on {participant}: recomputing failed on every node of ours")
    return tuple(found)


def _find_alarms(state: State, epoch: EpochView | None) -> tuple[str, ...]:
    if epoch is None:
        return ()
    overdue = find_overdue(state, epoch)
    alarms = [f"the chain still lists node {node_id}, which is disabled" for node_id in overdue]
    if state.nodes and not any(is_wanted(node.admin) for node in state.nodes.values()):
        alarms.append("every node is disabled: the participant leaves the network with the next epoch")
    if state.claims.last_error:
        alarms.append(f"rewards not claimed: {state.claims.last_error}")
    return tuple(alarms)
