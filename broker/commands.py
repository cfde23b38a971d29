"""Driving the nodes: polls, commands with their generations, and what comes back.

At most one command of a node is in flight. A newer one replaces it and its answer is dropped by its
generation.
"""

from broker import actions, events
from broker.actions import Action, Note, PollNode, StoreGeneration
from broker.facts import EpochView
from broker.nodes import InFlight, Mode, Node, Observation, PocStatus, Spec
from broker.poc import compute_callback_token
from broker.reconcile import Outlook, compute_intended, get_back_off_s, is_satisfied, is_under_way
from broker.state import State

POLL_GIVEN_UP_S = 30.0


def reconcile(state: State, epoch: EpochView, now: float) -> list[Action]:
    """Decide anew what each node is to be, and send what is due."""
    known = state.epoch_data.is_known(epoch.effective_epoch_index)
    outlook = Outlook(epoch, state.mining, state.resolutions, known)
    out: list[Action] = []
    for node in state.get_sorted_nodes():
        spec, node.why = compute_intended(node, state.is_operational(node, epoch), outlook)
        if spec is not None and spec != node.intended:
            node.intended, node.attempts, node.next_retry_at, node.last_error = spec, 0, now, ""
        out += command_node(state, node, now)
    return out


def command_node(state: State, node: Node, now: float) -> list[Action]:
    """The one command that the node needs now, or none."""
    spec, seen = node.intended, node.observed
    if spec is None or seen is None or not node.is_reachable:
        return []
    if node.in_flight is not None and node.in_flight.spec == spec:
        return []
    if node.in_flight is None and is_satisfied(spec, seen, node.applied):
        settle(node, spec)
        return []
    if now < node.next_retry_at:
        return []
    if node.in_flight is None and is_under_way(spec, seen, node.applied, node.commanded):
        return []
    generation = state.next_generation()
    node.in_flight, node.commanded = InFlight(generation, spec), generation
    return [StoreGeneration(generation), _build_command(state, node, spec, generation)]


def settle(node: Node, spec: Spec) -> None:
    """The node is what it should be: nothing stands against it any more."""
    node.applied, node.attempts, node.last_error, node.next_retry_at = spec, 0, "", 0.0
    node.failures, node.failing_since = 0, None


def _build_command(state: State, node: Node, spec: Spec, generation: int) -> Action:
    node_id, mining = node.config.id, state.mining
    if spec.mode == Mode.INFERENCE:
        return actions.InferenceUp(node_id, generation, spec.model, spec.served_name, spec.args)
    if spec.mode == Mode.STOPPED or mining is None:
        return actions.StopNode(node_id, generation)
    if spec.poc_status == PocStatus.VALIDATING:
        return actions.StartPocValidate(node_id, generation, mining.stage)
    share = (mining.assignments or {})[node_id]
    token = compute_callback_token(state.identity.callback_secret, mining.stage.start_height, node_id)
    return actions.StartPocGenerate(
        node_id,
        generation,
        mining.stage,
        spec.model,
        state.identity.public_key,
        spec.rank,
        spec.count,
        token,
        share.next_nonce,
    )


def take_observation(state: State, node: Node, seen: Observation, now: float) -> None:
    """Remember what the node said; a command that ended in an error there counts as a failed attempt."""
    node.observed, node.failed_polls = seen, 0
    state.generation = max(state.generation, seen.generation)
    if node.in_flight is not None or node.intended is None:
        return
    if is_satisfied(node.intended, seen, node.applied):
        settle(node, node.intended)
    elif node.applied == node.intended and not is_under_way(
        node.intended, seen, node.applied, node.commanded
    ):
        ended = seen.generation == node.commanded
        why = seen.last_error or "the node is not doing what it was told"
        node.applied = None
        if ended:
            count_failure(node, why, now)
            count_attempt(node, now)


def take_result(state: State, event: events.CommandDone | events.CommandFailed, now: float) -> list[Action]:
    """A command's answer; one of an older generation changes nothing."""
    node = state.nodes.get(event.node_id)
    if node is None or node.in_flight is None or node.in_flight.generation != event.generation:
        return []
    sent, node.in_flight = node.in_flight, None
    if isinstance(event, events.CommandDone):
        node.applied = sent.spec
        take_observation(state, node, event.observation, now)
        return []
    node.applied = None
    count_failure(node, f"{event.reason}: {event.detail}", now)
    count_attempt(node, now)
    return [Note("warning", f"command failed: {node.last_error}", event.node_id)]


def count_attempt(node: Node, now: float) -> None:
    """One more failed attempt at the same specification: wait longer before the next."""
    node.attempts += 1
    node.next_retry_at = now + get_back_off_s(node.attempts)


def count_failure(node: Node, why: str, now: float) -> None:
    """One more failure in a row."""
    node.failures += 1
    node.last_error = why
    if node.failing_since is None:
        node.failing_since = now


def take_silence(node: Node, reason: str, now: float) -> None:
    """A poll without an answer; after two the node counts as unreachable."""
    node.failed_polls += 1
    count_failure(node, f"unreachable: {reason}", now)


def poll_nodes(state: State, everyone: bool, now: float) -> list[Action]:
    """Ask the nodes that are due: everyone when the period is over, else those that are not settled."""
    out: list[Action] = []
    for node in state.get_sorted_nodes():
        due = everyone or now - node.polled_at >= _get_poll_wait_s(state, node)
        if due and (not node.polling or now - node.polled_at >= POLL_GIVEN_UP_S):
            node.polling, node.polled_at = True, now
            out.append(PollNode(node.config.id))
    return out


def _get_poll_wait_s(state: State, node: Node) -> float:
    if node.observed is None or node.failed_polls:
        return state.timing.unreachable_poll_s if node.polled_at else 0.0
    spec = node.intended
    settled = spec is None or is_satisfied(spec, node.observed, node.applied)
    return float("inf") if settled else state.timing.unsettled_poll_s


def find_validators(state: State) -> dict[str, tuple[str, ...]]:
    """Nodes that can recompute now, with the files that they have."""
    found: dict[str, tuple[str, ...]] = {}
    start = state.validation.stage.start_height if state.validation else -1
    for node in state.get_sorted_nodes():
        seen = node.observed
        if seen is None or not node.is_reachable or node.in_flight is not None:
            continue
        if seen.poc_status == PocStatus.VALIDATING and seen.poc_start_block_height == start:
            found[node.config.id] = tuple(file.id for file in seen.models)
    return found
