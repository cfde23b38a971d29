"""Hardware sync: keep asking and telling until the chain shows what we have.

Every change wants a comparison; comparisons run at most once a block, and go on every block until one
finds no difference, so that a transaction that was refused, lost or overtaken is sent again.
"""

from broker.actions import Action, Note, QueryHardware, SubmitHardwareDiff
from broker.diff import LocalNode, calculate_nodes_diff, compute_published_status, compute_working_status
from broker.events import HardwareReceived, TxCommitted, TxFailed, TxRefused
from broker.facts import EpochView, HardwareStatus, Phase
from broker.models import find_unresolved
from broker.nodes import Node
from broker.state import State

DIFF_KEY = "hardware"
_QUERY = "QueryHardware"


def describe_local_nodes(state: State, epoch: EpochView, now: float) -> tuple[LocalNode, ...]:
    """Our nodes as they should be published; models that lead to no governance model are left out."""
    return tuple(_describe(state, node, epoch, now) for node in state.get_sorted_nodes())


def _describe(state: State, node: Node, epoch: EpochView, now: float) -> LocalNode:
    operational = state.is_operational(node, epoch)
    status = compute_published_status(node, operational, now)
    models = tuple(
        model_id
        for model_id in node.config.model_ids
        if model_id in state.resolutions and state.resolutions[model_id].model_id
    )
    return LocalNode(node.config, operational, status, models)


def want_sync(state: State) -> None:
    """Something changed that the chain should know."""
    state.sync.wanted = state.sync.recheck = True


def sync_nodes(state: State, epoch: EpochView, now: float) -> list[Action]:
    """Ask for the chain's records when a comparison is due."""
    _note_changes(state, epoch, now)
    sync, errands = state.sync, state.errands
    if not sync.wanted or DIFF_KEY in errands.out:
        return []
    if _awaits_models(state):
        return []
    if not errands.start(_QUERY, epoch.block_height):
        return []
    sync.recheck = False
    return [QueryHardware()]


def _awaits_models(state: State) -> bool:
    configs = [node.config for node in state.nodes.values()]
    return bool(find_unresolved(configs, (), state.resolutions))


def _note_changes(state: State, epoch: EpochView, now: float) -> None:
    """Whatever changes how a node is published wants a sync, whoever changed it."""
    for node in state.nodes.values():
        if node.failing_since is None:
            status = compute_working_status(node)
            if status != HardwareStatus.UNKNOWN:
                node.good_status = int(status)
    published = describe_local_nodes(state, epoch, now)
    if published != state.sync.published:
        state.sync.published = published
        want_sync(state)


def compare_hardware(
    state: State, event: HardwareReceived, epoch: EpochView | None, now: float
) -> list[Action]:
    """Compare, and submit the difference if there is one."""
    state.errands.finish(_QUERY)
    sync = state.sync
    sync.records = {record.local_id: record for record in event.nodes}
    if epoch is None:
        return []
    diff = calculate_nodes_diff(event.nodes, describe_local_nodes(state, epoch, now), epoch)
    if diff.is_empty:
        sync.wanted, sync.last_error = sync.recheck, ""
        return []
    if DIFF_KEY in state.errands.out:
        return []
    state.errands.out.add(DIFF_KEY)
    return [SubmitHardwareDiff(DIFF_KEY, diff)]


def finish_diff(state: State, event: TxCommitted | TxRefused | TxFailed) -> list[Action]:
    """The transaction is back; its effect is looked for at the next block."""
    state.errands.finish(DIFF_KEY)
    if isinstance(event, TxCommitted):
        state.sync.last_error = ""
        return []
    why = f"{event.reason}: {event.log}" if isinstance(event, TxRefused) else event.error
    state.sync.last_error = why
    return [Note("warning", f"the hardware report was not taken: {why}")]


def find_overdue(state: State, epoch: EpochView) -> tuple[str, ...]:
    """Nodes that left with this epoch, but are not STOPPED on chain after the end of validation."""
    done = epoch.phase == Phase.INFERENCE and epoch.block_height >= epoch.validation_end_block_height
    if not done or epoch.latest_epoch_index == 0 or state.sync.records is None:
        return ()
    return tuple(
        node.config.id
        for node in state.get_sorted_nodes()
        if not state.is_operational(node, epoch)
        and (record := state.sync.records.get(node.config.id)) is not None
        and record.status != HardwareStatus.STOPPED
    )
