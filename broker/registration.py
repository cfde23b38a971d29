"""The operator's calls: nodes are added, updated, removed, enabled and disabled.

Every change is stored before its caller is answered. An update keeps what is not in the configuration:
the admin state, running requests, the epoch's data and the share in a proof of compute.
"""

from dataclasses import replace

from broker import admin
from broker.actions import Action, Answer, ConnectNode, ForgetNode, Refuse, StoreNode, StoreNodeRemoval
from broker.epoch_data import update_node_with_epoch_data
from broker.errors import BrokerError, ChainUnknown, InvalidModel, NodeUnknown
from broker.events import NodeDisabled, NodeEnabled, NodeRemoved, NodesUpserted
from broker.facts import EpochView
from broker.models import find_invalid, find_unresolved
from broker.nodes import AdminState, Node, NodeConfig
from broker.poc_votes import fail_jobs_of
from broker.state import State, WaitingUpsert
from broker.sync import want_sync
from broker.views import BatchResult, NodeView, view_node

RESOLVE_WAIT_S = 10.0


def upsert_nodes(state: State, event: NodesUpserted, now: float) -> list[Action]:
    """Add or update nodes; when a model is not known yet the call waits for the chain to be asked."""
    if find_unresolved(event.configs, (), state.resolutions):
        waiting = WaitingUpsert(event.call_id, event.configs, now + RESOLVE_WAIT_S)
        state.waiting_upserts.append(waiting)
        return []
    return apply_upsert(state, event.call_id, event.configs, now)


def apply_upsert(state: State, call_id: int, configs: tuple[NodeConfig, ...], now: float) -> list[Action]:
    """Take every node whose models are all good; the others are refused one by one."""
    actions: list[Action] = []
    taken: list[str] = []
    errors: list[tuple[str, BrokerError]] = []
    for config in configs:
        invalid = find_invalid(config, state.resolutions)
        if invalid:
            errors.append((config.id, InvalidModel(config.id, invalid)))
            continue
        actions += put_node(state, config, now)
        taken.append(config.id)
    if taken:
        want_sync(state)
    views = tuple(view_node(state, state.nodes[node_id], now) for node_id in taken)
    return [*actions, Answer(call_id, BatchResult(views, tuple(errors)))]


def put_node(state: State, config: NodeConfig, now: float) -> list[Action]:
    """Insert or update one node, its connection included."""
    known = state.nodes.get(config.id)
    if known is None:
        fresh, epoch = AdminState(), state.tracker.get_fresh(now)
        if epoch is not None:
            fresh = admin.resolve_admin_state(fresh, epoch)
        state.nodes[config.id] = Node(config, fresh)
        update_node_with_epoch_data(state.nodes, state.epoch_data, state.identity.participant)
        return [StoreNode(config, fresh), ConnectNode(config.id, config.host, config.port)]
    if config.api_key is None:
        config = replace(config, api_key=known.config.api_key)
    moved = (known.config.host, known.config.port) != (config.host, config.port)
    known.config = config
    if not moved:
        return [StoreNode(config, known.admin)]
    known.observed, known.in_flight, known.applied, known.polling = None, None, None, False
    if state.validation is not None:
        fail_jobs_of(state.validation, config.id)
    return [StoreNode(config, known.admin), ConnectNode(config.id, config.host, config.port)]


def settle_waiting_upserts(state: State, now: float) -> list[Action]:
    """Answer the calls whose models are known by now; refuse those that have waited too long."""
    actions: list[Action] = []
    waiting, state.waiting_upserts = state.waiting_upserts, []
    for call in waiting:
        if not find_unresolved(call.configs, (), state.resolutions):
            actions += apply_upsert(state, call.call_id, call.configs, now)
        elif now >= call.deadline:
            why = "the chain could not be asked about the models; try again when it answers"
            actions.append(Refuse(call.call_id, ChainUnknown(why)))
        else:
            state.waiting_upserts.append(call)
    return actions


def remove_node(state: State, event: NodeRemoved, now: float) -> list[Action]:
    """Forget a node at once; what it was doing is cancelled, nobody waits for it."""
    node = state.nodes.get(event.node_id)
    if node is None:
        return [Refuse(event.call_id, NodeUnknown(event.node_id))]
    view = view_node(state, node, now)
    del state.nodes[event.node_id]
    if state.validation is not None:
        fail_jobs_of(state.validation, event.node_id)
    want_sync(state)
    return [StoreNodeRemoval(event.node_id), ForgetNode(event.node_id), Answer(event.call_id, view)]


def set_admin_state(state: State, event: NodeEnabled | NodeDisabled, now: float) -> list[Action]:
    """R1, R2, R5: decide, store, answer with the node's view."""
    node = state.nodes.get(event.node_id)
    if node is None:
        return [Refuse(event.call_id, NodeUnknown(event.node_id))]
    decide = admin.enable if isinstance(event, NodeEnabled) else admin.disable
    decided = decide(node.admin, state.tracker.get_fresh(now))
    actions: list[Action] = []
    if decided != node.admin:
        node.admin = decided
        actions.append(StoreNode(node.config, decided))
        want_sync(state)
    view: NodeView = view_node(state, node, now)
    return [*actions, Answer(event.call_id, view)]


def resolve_admin_states(state: State, epoch: EpochView | None) -> list[Action]:
    """R3: what was decided while the chain was not heard gets its epoch with the first fresh block."""
    actions: list[Action] = []
    if epoch is None:
        return actions
    for node in state.get_sorted_nodes():
        if node.admin.epoch is None or node.admin.pending is not None:
            node.admin = admin.resolve_admin_state(replace(node.admin), epoch)
            actions.append(StoreNode(node.config, node.admin))
    return actions
