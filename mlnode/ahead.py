"""Which model to open ahead: whoever was in memory last is likely to be asked for again."""

from collections.abc import Collection

from mlnode.catalog import ModelFile
from mlnode.estimate import MIB, PROCESS_BYTES, compute_estimate
from mlnode.instance import InstanceState
from mlnode.node import Node


def choose_ahead(node: Node, opened: Collection[str], room_mb: int) -> ModelFile | None:
    """The model that was used last of those that went from memory in good order, that no prepared worker has
    open, and whose vocabulary and copied weights take `room_mb` MiB at most. None where there are GPUs:
    opening any model makes a context on them, whose memory nobody reserved."""
    if any(device.gpu is not None for device in node.residents.ledger.devices):
        return None
    gone = [
        instance
        for instance in node.residents.instances.values()
        if instance.state is InstanceState.UNLOADED and instance.last_used_ms
    ]
    for instance in sorted(gone, key=lambda instance: -instance.last_used_ms):
        file = node.catalog.files.get(instance.model)
        if file is None or file.path in opened or not node.is_loadable(file):
            continue
        if _compute_own_mb(node, file) <= room_mb:
            return file
    return None


def _compute_own_mb(node: Node, file: ModelFile) -> int:
    """What an opened model takes besides the process that has it open and the pages of its file."""
    assert file.header is not None
    params = node.load_params(file.id)
    estimate = compute_estimate(file.header, params.n_ctx, params.slots, params.n_ubatch)
    return -(-(estimate.overhead_bytes - PROCESS_BYTES + estimate.copies_bytes) // MIB)
