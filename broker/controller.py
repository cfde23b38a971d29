"""The controller: `handle(event, now) -> actions`. It owns the state; other files decide.

After every event the same list of steps runs; each step is idempotent and sends what is due and not under
way:

    1. decisions made before the chain was heard get their epoch
    2. the registry is asked about models that are new
    3. the groups of the effective epoch are read
    4. the stage under way is read and the shares are frozen
    5. the hardware records are compared
    6. the epoch's seed is committed to, what is owed is claimed, and batches are sent
    7. every node is brought to what it is to be
    8. the others are validated and voted on

While the chain has not been heard for too long, steps 3 to 8 do nothing: what nodes do, they go on doing.
"""

from broker import commands, events, registration, stage, sync
from broker.actions import (
    Action,
    Answer,
    ConnectNode,
    ForgetFinish,
    Note,
    QueryEpochData,
    Refuse,
    ResolveModels,
    StoreFinish,
)
from broker.claims import CLAIM_KEY, QUERY, advance_claim, finish_claim, take_claim
from broker.epoch_data import EpochData, update_node_with_epoch_data
from broker.errors import BrokerError, NodeUnknown
from broker.events import Event
from broker.facts import EpochView
from broker.models import find_unresolved
from broker.poc import take_report
from broker.poc_votes import fail_job, take_result
from broker.routing import lease_node, release_lease
from broker.seeds import advance_seed, confirm_seed, get_seed_key, keep_seed
from broker.state import Identity, State, Stored, Timing, restore
from broker.views import view_node, view_status

_REGISTRY_EVENTS = frozenset({"model_registered", "model_retired"})
_RESOLVE_RETRY_S = 1.0
_PASSING = (
    events.NodeWanted,
    events.LeaseReleased,
    events.FinishOwed,
    events.FinishSettled,
    events.StatusAsked,
)
"""Events of requests and questions, after which no step can be due."""
_QUERY_OF: dict[type, str] = {
    events.EpochDataReceived: "QueryEpochData",
    events.HardwareReceived: "QueryHardware",
    events.ClaimReceived: QUERY,
    events.ModelsResolved: "ResolveModels",
    events.PocStageReceived: "QueryPocStage",
    events.PocBatchesReceived: "QueryPocBatches",
}


class Controller:
    """The whole broker but for its edges. `now` is seconds of any clock that does not run backwards."""

    def __init__(self, identity: Identity, stored: Stored, timing: Timing) -> None:
        self.state: State = restore(identity, timing, stored)

    def handle(self, event: Event, now: float) -> list[Action]:
        """Take one event in; what is to be done about it, in order."""
        out = self._take(event, now)
        if not isinstance(event, _PASSING):
            out += self._advance(now)
        return out

    def _take(self, event: Event, now: float) -> list[Action]:
        state = self.state
        match event:
            case events.BlockCommitted():
                return self._take_block(event, now)
            case events.ChainLost():
                state.tracker.lose(f"the chain is not heard: {event.reason}")
                return [Note("warning", state.tracker.lost)]
            case (
                events.NodeObserved()
                | events.NodeUnreachable()
                | events.CommandDone()
                | events.CommandFailed()
                | events.NoncesValidated()
                | events.NoncesNotValidated()
            ):
                return self._take_from_node(event, now)
            case events.TxCommitted() | events.TxRefused() | events.TxFailed():
                return self._take_tx(event)
            case events.Started():
                nodes = state.get_sorted_nodes()
                return [ConnectNode(n.config.id, n.config.host, n.config.port) for n in nodes]
            case events.Tick():
                return commands.poll_nodes(state, False, now)
            case events.PollDue():
                return commands.poll_nodes(state, True, now)
            case events.SyncDue():
                sync.want_sync(state)
                return []
            case (
                events.EpochDataReceived()
                | events.HardwareReceived()
                | events.ClaimReceived()
                | events.ModelsResolved()
                | events.PocStageReceived()
                | events.PocBatchesReceived()
                | events.QueryFailed()
                | events.SeedDrawn()
            ):
                return self._take_from_chain(event, now)
            case _:
                return self._take_call(event, now)

    # --- the chain

    def _take_block(self, event: events.BlockCommitted, now: float) -> list[Action]:
        state = self.state
        advance = state.tracker.fold(event.block, event.catching_up, now)
        if advance is None:
            return []
        changed = any(item.type in _REGISTRY_EVENTS for item in event.block.events)
        if changed or advance.latest_changed:
            state.refresh_models = True
        if not advance.phase_changed and not advance.latest_changed:
            return []
        sync.want_sync(state)
        epoch = event.block.epoch
        return [
            Note("info", f"epoch {epoch.latest_epoch_index}, {epoch.phase.name}, height {epoch.block_height}")
        ]

    def _take_from_chain(self, event: Event, now: float) -> list[Action]:
        state = self.state
        state.query_errors.pop(_QUERY_OF.get(type(event), ""), None)
        match event:
            case events.EpochDataReceived():
                state.errands.finish("QueryEpochData")
                state.epoch_data = EpochData(event.epoch_index, event.groups)
                update_node_with_epoch_data(state.nodes, state.epoch_data, state.identity.participant)
                return []
            case events.HardwareReceived():
                return sync.compare_hardware(state, event, state.tracker.get_fresh(now), now)
            case events.ClaimReceived():
                state.errands.finish(QUERY)
                return take_claim(state.claims, event.claim, state.seeds, state.tracker.effective_index)
            case events.ModelsResolved():
                state.errands.finish("ResolveModels")
                state.resolutions.update({item.local_id: item for item in event.resolutions})
                return []
            case events.PocStageReceived():
                return stage.take_stage(state, event)
            case events.PocBatchesReceived():
                stage.take_batches(state, event)
                return []
            case events.SeedDrawn():
                state.errands.finish(f"DrawSeed/{event.epoch_index}")
                return keep_seed(state.seeds, event.epoch_index, event.seed, event.signature)
            case events.QueryFailed():
                return self._take_failed_query(event, now)
        return []

    def _take_failed_query(self, event: events.QueryFailed, now: float) -> list[Action]:
        out = self.state.errands.out
        for key in [key for key in out if key.split("/", 1)[0] == event.query]:
            self.state.errands.finish(key)
        if event.query == "ResolveModels":
            self.state.resolve_retry_at = now + _RESOLVE_RETRY_S
        if self.state.query_errors.get(event.query) == event.reason:
            return []
        self.state.query_errors[event.query] = event.reason
        return [Note("warning", f"{event.query} had no answer: {event.reason}")]

    def _take_tx(self, event: events.TxCommitted | events.TxRefused | events.TxFailed) -> list[Action]:
        family, _, rest = event.key.partition("/")
        if family == sync.DIFF_KEY:
            return sync.finish_diff(self.state, event)
        if family == "batch":
            return stage.finish_batch(self.state, rest, event)
        if family == "vote":
            start, _, participant = rest.partition("/")
            return stage.finish_vote(self.state, int(start), participant, event)
        if family == CLAIM_KEY:
            self.state.errands.finish(event.key)
            return finish_claim(self.state.claims, int(rest), event, self.state.tracker.effective_index)
        return self._finish_seed(int(rest), event)

    def _finish_seed(
        self, epoch_index: int, event: events.TxCommitted | events.TxRefused | events.TxFailed
    ) -> list[Action]:
        self.state.errands.finish(get_seed_key(epoch_index))
        if isinstance(event, events.TxCommitted):
            return confirm_seed(self.state.seeds, epoch_index)
        why = event.error if isinstance(event, events.TxFailed) else f"{event.reason}: {event.log}"
        return [Note("warning", f"seed of epoch {epoch_index} not taken: {why}")]

    # --- the nodes

    def _take_from_node(self, event: Event, now: float) -> list[Action]:
        state = self.state
        match event:
            case events.NodeObserved():
                node = state.nodes.get(event.node_id)
                if node is not None:
                    node.polling = False
                    commands.take_observation(state, node, event.observation, now)
            case events.NodeUnreachable():
                node = state.nodes.get(event.node_id)
                if node is not None:
                    node.polling = False
                    commands.take_silence(node, event.reason, now)
            case events.CommandDone() | events.CommandFailed():
                return commands.take_result(state, event, now)
            case events.NoncesValidated():
                if state.validation is not None:
                    take_result(
                        state.validation, event.job_id, event.node_id, event.dist_micro, event.n_invalid
                    )
            case events.NoncesNotValidated():
                if state.validation is not None:
                    fail_job(state.validation, event.job_id, event.node_id)
                return [Note("warning", f"recomputing failed: {event.reason}: {event.detail}", event.node_id)]
        return []

    # --- those who wait for an answer

    def _take_call(self, event: Event, now: float) -> list[Action]:
        state = self.state
        match event:
            case events.NodesUpserted():
                return registration.upsert_nodes(state, event, now)
            case events.NodeRemoved():
                return registration.remove_node(state, event, now)
            case events.NodeEnabled() | events.NodeDisabled():
                return registration.set_admin_state(state, event, now)
            case events.PocBatchReported():
                return self._take_report(event, now)
            case events.NodeWanted():
                return self._lease(event)
            case events.LeaseReleased():
                release_lease(state.nodes.values(), event.lease_id)
                return []
            case events.FinishOwed():
                return [StoreFinish(event.inference_id, event.message), Answer(event.call_id, None)]
            case events.FinishSettled():
                return [ForgetFinish(event.inference_id)]
            case events.NodesAsked():
                views = tuple(view_node(state, node, now) for node in state.get_sorted_nodes())
                return [Answer(event.call_id, views)]
            case events.NodeAsked():
                found = state.nodes.get(event.node_id)
                if found is None:
                    return [Refuse(event.call_id, NodeUnknown(event.node_id))]
                return [Answer(event.call_id, view_node(state, found, now))]
            case events.StatusAsked():
                return [Answer(event.call_id, view_status(state, now))]
        return []

    def _take_report(self, event: events.PocBatchReported, now: float) -> list[Action]:
        state, epoch = self.state, self.state.tracker.epoch
        deadline = epoch.exchange_deadline_block_height if epoch else 0
        identity, height = state.identity, state.tracker.height
        node = state.nodes.get(event.node_id)
        may_mine = node is not None and epoch is not None and state.is_operational(node, epoch)
        key, secret = identity.public_key, identity.callback_secret
        try:
            count, kept = take_report(state.mining, event, key, secret, height, deadline, may_mine)
        except BrokerError as error:
            return [Refuse(event.call_id, error)]
        return [*kept, Answer(event.call_id, count)]

    def _lease(self, event: events.NodeWanted) -> list[Action]:
        state = self.state
        state.last_lease_id += 1
        try:
            lease = lease_node(state.nodes.values(), event.model, event.exclude, state.last_lease_id)
        except BrokerError as error:
            return [Refuse(event.call_id, error)]
        return [Answer(event.call_id, lease)]

    # --- the steps

    def _advance(self, now: float) -> list[Action]:
        state = self.state
        epoch = state.tracker.get_fresh(now)
        out = registration.resolve_admin_states(state, epoch)
        out += self._ask_registry(now)
        out += registration.settle_waiting_upserts(state, now)
        if epoch is None:
            return out
        out += self._read_epoch(epoch)
        out += stage.enter_stage(state, epoch)
        out += stage.freeze_shares(state, epoch)
        out += sync.sync_nodes(state, epoch, now)
        out += advance_seed(state.seeds, epoch, state.errands)
        out += advance_claim(state.claims, epoch, state.errands)
        out += stage.submit_batches(state, epoch)
        out += commands.reconcile(state, epoch, now)
        out += stage.advance_validation(state, epoch)
        return out

    def _ask_registry(self, now: float) -> list[Action]:
        state = self.state
        if "ResolveModels" in state.errands.out or now < state.resolve_retry_at:
            return []
        configs = [config for call in state.waiting_upserts for config in call.configs]
        known = {} if state.refresh_models else state.resolutions
        ids = find_unresolved(configs, state.nodes.values(), known)
        state.refresh_models = False
        if not ids:
            return []
        state.errands.out.add("ResolveModels")
        return [ResolveModels(tuple(sorted(ids)))]

    def _read_epoch(self, epoch: EpochView) -> list[Action]:
        state = self.state
        if state.epoch_data.is_known(epoch.effective_epoch_index):
            return []
        if not state.errands.start("QueryEpochData", epoch.block_height):
            return []
        return [QueryEpochData(epoch.effective_epoch_index)]
