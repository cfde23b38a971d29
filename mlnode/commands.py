"""What a broker commands and an operator asks for by hand, and what each changes at once.

Whoever is not obeyed gets the `Refusal`, and nothing has changed then.
"""

from mlnode.actions import Action, CancelRequest, StopMining
from mlnode.admission import find_obstacle
from mlnode.catalog import UNSETTLED, ModelFile
from mlnode.errors import (
    ModelBroken,
    ModelManaged,
    ModelTooLarge,
    ModelUnsettled,
    NodeDraining,
    NodeNotServing,
    Refusal,
)
from mlnode.events import (
    InferenceUpAsked,
    LoadAsked,
    PocGenerateAsked,
    PocValidateAsked,
    StopAsked,
    UnloadAsked,
)
from mlnode.instance import EndReason, LoadParams
from mlnode.mode import Command, Kind, PocJob
from mlnode.node import Node

Ask = StopAsked | InferenceUpAsked | PocGenerateAsked | PocValidateAsked


def obey(node: Node, event: Ask, now_ms: int) -> list[Action]:
    """Follow a broker's command."""
    node.mission.check(event.generation)
    if node.draining_until_ms is not None:
        raise NodeDraining
    match event:
        case StopAsked():
            actions = _stop(node, now_ms)
        case InferenceUpAsked():
            actions = _serve(node, event, now_ms)
        case PocGenerateAsked(job=job):
            actions = _generate(node, job, now_ms)
        case PocValidateAsked(height=height):
            actions = _validate(node, height, now_ms)
    node.mission.generation = event.generation
    return actions


def do_by_hand(node: Node, event: LoadAsked | UnloadAsked, now_ms: int) -> list[Action]:
    """Follow an operator."""
    if node.draining_until_ms is not None:
        raise NodeDraining
    file = node.catalog.find(event.model)
    if isinstance(event, UnloadAsked):
        return _unload(node, file.id)
    if Kind.INFERENCE in node.mission.refuses:
        raise NodeNotServing(node.mission.activity.value)
    if obstacle := find_obstacle(node, file, now_ms):
        raise obstacle
    if not node.instance_of(file.id).staying:
        node.by_hand.setdefault(file.id, now_ms)
    return []


def _unload(node: Node, model: str) -> list[Action]:
    if model == node.mission.model:
        raise ModelManaged(model)
    node.preloads.discard(model)
    node.by_hand.pop(model, None)
    return node.residents.leave(node.instance_of(model), EndReason.HAND)


def _stop(node: Node, now_ms: int) -> list[Action]:
    """Nothing is left to do and nothing left in memory; a load under way is killed."""
    actions: list[Action] = stop_mining(node)
    node.mission.change(Command.STOP, now_ms)
    node.catalog.served.clear()
    node.params.clear()
    node.preloads.clear()
    node.by_hand.clear()
    actions += refuse_all(node, NodeNotServing(node.mission.activity.value))
    return [*actions, *node.residents.end_all(set(), EndReason.COMMAND)]


def _serve(node: Node, event: InferenceUpAsked, now_ms: int) -> list[Action]:
    """One model is kept in memory; the node's others are served beside it as far as they fit."""
    file = _check_command(node, event.model, event.params)
    actions = stop_mining(node)
    node.mission.change(Command.INFERENCE_UP, now_ms, file.id)
    if event.served_name:
        node.catalog.served[event.served_name] = file.id
    node.params[file.id] = event.params
    actions += _refuse_waiting(node)
    instance = node.instance_of(file.id)
    if instance.resident and instance.params != event.params:
        actions += node.residents.leave(instance, EndReason.COMMAND)
    return actions


def _generate(node: Node, job: PocJob, now_ms: int) -> list[Action]:
    file = _check_command(node, job.model, node.load_params(job.model))
    if node.mission.job == job:
        return []
    actions = stop_mining(node)
    node.mission.change(Command.POC_GENERATE, now_ms, file.id, job, job.stage.height)
    return actions + _refuse_waiting(node)


def _validate(node: Node, height: int, now_ms: int) -> list[Action]:
    actions = stop_mining(node)
    node.mission.change(Command.POC_VALIDATE, now_ms, height=height)
    return actions + _refuse_waiting(node)


def _check_command(node: Node, model: str, params: LoadParams) -> ModelFile:
    """The file that a command names, if it can be served. Identifiers and names are both understood."""
    file = node.catalog.find(model)
    if file.problem == UNSETTLED:
        raise ModelUnsettled(file.id)
    if file.problem or file.header is None:
        raise ModelBroken(file.id, file.problem)
    need_mb = node.residents.compute_need_mb(file, params)
    room_mb = node.residents.compute_room_mb(file.id, node.limits.pinned)
    if need_mb > room_mb:
        raise ModelTooLarge(file.id, need_mb, room_mb)
    return file


def stop_mining(node: Node) -> list[Action]:
    worker, node.mining_worker = node.mining_worker, 0
    return [StopMining(worker)] if worker else []


def _refuse_waiting(node: Node) -> list[Action]:
    """Who waits for what the node does no longer goes; who has a slot may finish."""
    refusal = NodeNotServing(node.mission.activity.value)
    wrong = node.requests.waiting_of(node.mission.refuses)
    return [node.requests.dismiss(request, refusal) for request in wrong]


def refuse_all(node: Node, refusal: Refusal) -> list[Action]:
    """Everybody goes, also who has a slot."""
    actions: list[Action] = []
    for id, request in list(node.requests.open.items()):
        if id in node.requests.slots:
            actions.append(CancelRequest(id, node.residents.instances[request.model].worker))
            actions.append(node.requests.fail(request, refusal))
        else:
            actions.append(node.requests.dismiss(request, refusal))
    return actions
