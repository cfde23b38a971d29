"""Who is wanted in memory, the most urgent first."""

from collections.abc import Iterator
from dataclasses import replace

from mlnode.mode import Activity
from mlnode.node import Node
from mlnode.room import Claim

NEVER_MS = 2**62


def list_claims(node: Node) -> list[Claim]:
    """One for each model: the command's, those waited for longest, those loaded by hand, the preloads."""
    first: dict[str, Claim] = {}
    for claim in _claims(node):
        first.setdefault(claim.file.id, claim)
    return list(first.values())


def _claims(node: Node) -> Iterator[Claim]:
    half_wait_ms = node.limits.max_wait_ms // 2
    mission = node.mission
    for claim in _claim(node, mission.model, mission.since_ms + half_wait_ms):
        yield replace(claim, preempts=mission.activity is Activity.GENERATING)
    for model in node.requests.waited_for():
        yield from _claim(node, model, node.requests.line(model).oldest_ms + half_wait_ms)
    for model, since_ms in node.by_hand.items():
        yield from _claim(node, model, since_ms + half_wait_ms)
    for model in sorted(node.preloads):
        yield from _claim(node, model, NEVER_MS, may_evict=False)


def _claim(node: Node, model: str, urgent_ms: int, may_evict: bool = True) -> Iterator[Claim]:
    """None for a file that cannot be loaded, or is gone."""
    file = node.catalog.files.get(model)
    if file is not None and node.is_loadable(file):
        yield Claim(file, node.load_params(model), urgent_ms, may_evict)
