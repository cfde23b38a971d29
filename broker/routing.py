"""Which of our nodes answers a request."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from broker.errors import NoNodeAvailable
from broker.nodes import Mode, Node


@dataclass(frozen=True, slots=True)
class Lease:
    """A place on a node, held until it is released. `served_model` is the name to ask the node for."""

    lease_id: int
    node_id: str
    base_url: str
    served_model: str
    api_key: str = field(default="", repr=False)


def is_available(node: Node, model: str) -> bool:
    """Whether the node serves the governance model `model` right now and has a free place."""
    intended, observed = node.intended, node.observed
    if intended is None or observed is None or not node.is_reachable or node.in_flight is not None:
        return False
    if intended.mode != Mode.INFERENCE or observed.mode != Mode.INFERENCE or observed.loading:
        return False
    serves = intended.served_name == model and observed.model == intended.model
    return serves and len(node.leases) < node.config.max_concurrent


def choose_node(nodes: Iterable[Node], model: str, exclude: frozenset[str]) -> Node:
    """The available node with the fewest requests, ties by id."""
    found = [node for node in nodes if node.config.id not in exclude and is_available(node, model)]
    if not found:
        detail = "none serves it now or all are busy" + (" (others were tried)" if exclude else "")
        raise NoNodeAvailable(model, detail)
    return min(found, key=lambda node: (len(node.leases), node.config.id))


def lease_node(nodes: Iterable[Node], model: str, exclude: frozenset[str], lease_id: int) -> Lease:
    """Take a place on the best node; its URL is host and reported HTTP port unless configured otherwise."""
    node = choose_node(nodes, model, exclude)
    node.leases.add(lease_id)
    reported = node.observed.http_port if node.observed else 0
    port = node.config.http_port or reported
    url, key = f"http://{node.config.host}:{port}", node.config.api_key or ""
    return Lease(lease_id, node.config.id, url, model, key)


def release_lease(nodes: Iterable[Node], lease_id: int) -> None:
    """Give the place back; an id that nobody holds changes nothing."""
    for node in nodes:
        node.leases.discard(lease_id)
