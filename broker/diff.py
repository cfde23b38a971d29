"""What must be told to the chain about our hardware: a pure comparison of its records with our nodes.

On chain STOPPED means: taken out by the operator. A machine that merely stands still is UNKNOWN there,
and one that fails is FAILED only when it has failed for a while, so that a hiccup does not cost an epoch.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from broker.facts import ChainNode, EpochView, HardwareStatus, NodesDiff
from broker.nodes import Mode, Node, NodeConfig

SUSTAINED_FAILURES = 3
SUSTAINED_S = 60.0


@dataclass(frozen=True, slots=True)
class LocalNode:
    """A node as it should be published; `operational` by the rules of `admin.py`."""

    config: NodeConfig
    operational: bool
    status: HardwareStatus
    models: tuple[str, ...]


def compute_working_status(node: Node) -> HardwareStatus:
    """What the machine was last seen doing; standing still and never seen are both UNKNOWN."""
    mode = node.observed.mode if node.observed else Mode.UNSPECIFIED
    if mode == Mode.INFERENCE:
        return HardwareStatus.INFERENCE
    return HardwareStatus.POC if mode == Mode.POC else HardwareStatus.UNKNOWN


def is_failed(node: Node, now: float) -> bool:
    """Whether the node has failed at least three times in a row and for at least a minute."""
    since = node.failing_since
    return since is not None and node.failures >= SUSTAINED_FAILURES and now - since >= SUSTAINED_S


def compute_published_status(node: Node, operational: bool, now: float) -> HardwareStatus:
    """P1 and P2: STOPPED exactly when not operational, whatever the machine does."""
    if not operational:
        return HardwareStatus.STOPPED
    if is_failed(node, now):
        return HardwareStatus.FAILED
    if node.failing_since is not None:
        return HardwareStatus(node.good_status)
    return compute_working_status(node)


def describe_node(local: LocalNode) -> ChainNode:
    """The chain record that the node should have."""
    config = local.config
    hardware = tuple(sorted(config.hardware, key=lambda item: (item.type, item.count)))
    return ChainNode(config.id, local.status, local.models, hardware, config.host, str(config.port))


def calculate_nodes_diff(
    chain_nodes: Iterable[ChainNode], local_nodes: Iterable[LocalNode], epoch: EpochView | None
) -> NodesDiff:
    """F1 to F6. An unknown epoch changes nothing; applying the result makes the next one empty.

    A removed entry with STOPPED keeps the record and stops it; with any other status it deletes the record.
    """
    if epoch is None:
        return NodesDiff()
    on_chain = {node.local_id: node for node in chain_nodes}
    local = {node.config.id: node for node in local_nodes}
    modified, removed = [], []
    for node_id in sorted(on_chain.keys() | local.keys()):
        record, node = on_chain.get(node_id), local.get(node_id)
        if node is None and record is not None:
            removed.append(replace(record, status=HardwareStatus.UNKNOWN))
        elif node is not None and node.operational:
            if record is None or not _is_same(record, describe_node(node)):
                modified.append(describe_node(node))
        elif record is not None and record.status != HardwareStatus.STOPPED:
            removed.append(replace(record, status=HardwareStatus.STOPPED))
    return NodesDiff(tuple(modified), tuple(removed))


def _is_same(one: ChainNode, other: ChainNode) -> bool:
    return _normalise(one) == _normalise(other)


def _normalise(node: ChainNode) -> ChainNode:
    hardware = tuple(sorted(node.hardware, key=lambda item: (item.type, item.count)))
    return replace(node, models=tuple(sorted(node.models)), hardware=hardware)
