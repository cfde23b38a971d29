"""Whether a request gets into the node: at once, cheapest checks first; the first ground counts."""

from mlnode.catalog import UNSETTLED, ModelFile
from mlnode.errors import (
    ModelBroken,
    ModelTooLarge,
    ModelUnavailable,
    ModelUnsettled,
    NodeBusy,
    NodeDraining,
    NodeNotServing,
    QueueFull,
    Refusal,
)
from mlnode.events import Requested
from mlnode.instance import InstanceState
from mlnode.node import Node
from mlnode.waiting import Line, Request


def admit(node: Node, event: Requested, now_ms: int) -> Line:
    """Into its model's line, which is returned; raises the `Refusal` otherwise."""
    if node.draining_until_ms is not None:
        raise NodeDraining
    if event.kind in node.mission.refuses:
        raise NodeNotServing(node.mission.activity.value)
    file = node.catalog.find(event.model)
    if obstacle := find_obstacle(node, file, now_ms):
        raise obstacle
    _check_numbers(node, file.id, now_ms)
    line, limits = node.requests.line(file.id), node.limits
    deadline_ms = line.clock.read(now_ms) + limits.max_wait_ms
    last_ms = now_ms + limits.compute_wait_max_ms()
    node.requests.add(Request(event.request, file.id, event.kind, now_ms, deadline_ms, last_ms))
    return line


def _check_numbers(node: Node, model: str, now_ms: int) -> None:
    limits = node.limits
    if 0 < limits.max_inflight <= len(node.requests.open):
        raise NodeBusy(len(node.requests.open), compute_retry_after_s(node, model, now_ms))
    waiting = len(node.requests.line(model).waiting)
    if waiting >= limits.max_queue_depth and not has_free_slot(node, model):
        raise QueueFull(model, waiting, compute_retry_after_s(node, model, now_ms))


def has_free_slot(node: Node, model: str) -> bool:
    instance = node.instance_of(model)
    return instance.state is InstanceState.READY and len(instance.active) < instance.params.slots


def find_obstacle(node: Node, file: ModelFile, now_ms: int) -> Refusal | None:
    """Why waiting for a model would be in vain, or None."""
    instance = node.instance_of(file.id)
    if instance.staying:
        return None
    if file.problem == UNSETTLED:
        return ModelUnsettled(file.id)
    if not node.is_loadable(file):
        return ModelBroken(file.id, file.problem or instance.broken)
    need_mb = node.residents.compute_need_mb(file, node.load_params(file.id))
    room_mb = node.residents.compute_room_mb(file.id, node.pinned())
    if need_mb > room_mb:
        return ModelTooLarge(file.id, need_mb, room_mb)
    if open_ms := instance.compute_broken_ms(now_ms):
        return ModelUnavailable(file.id, instance.last_error, max(1, -(-open_ms // 1000)))
    return None


def find_obstacle_of(node: Node, model: str, now_ms: int) -> Refusal | None:
    """The same for a model whose file may be gone."""
    if file := node.catalog.files.get(model):
        return find_obstacle(node, file, now_ms)
    return None if node.instance_of(model).staying else ModelBroken(model, "its file is gone")


def compute_retry_after_s(node: Node, model: str, now_ms: int) -> int:
    """When a refused request may come again, seconds."""
    instance = node.instance_of(model)
    ahead_ms = instance.compute_load_ahead_ms(now_ms)
    return node.requests.line(model).compute_retry_after_s(instance.params.slots, ahead_ms)
