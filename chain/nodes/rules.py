"""What a participant may say of itself and of its machines, and what a hardware diff makes of a list."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable

from chain.limits import IDENTIFIER_LENGTH_MAX, NODE_ID_LENGTH_MAX, is_identifier
from chain.nodes.types import HardwareNode, HardwareNodeStatus
from chain.records import replace

INACTIVE_STATUSES = (HardwareNodeStatus.STOPPED, HardwareNodeStatus.FAILED)
"""Statuses of machines that take no part. UNKNOWN, INFERENCE, POC and TRAINING do."""

KEY_BYTES = 32
"""Length of an ed25519 public key."""
URL_LENGTH_MAX = 512
"""Longest public URL, in characters."""
NODES_MAX = 1000
"""Most machines of one participant: bounds the cost of a formation."""
MODELS_PER_NODE_MAX = 64
"""Most models that one machine declares."""
HARDWARE_PER_NODE_MAX = 64
"""Most kinds of devices in one machine."""


def is_active(node: HardwareNode) -> bool:
    """Whether a machine's record lets it take part: neither STOPPED nor FAILED."""
    return node.status not in INACTIVE_STATUSES


def is_url(text: str) -> bool:
    """Whether a text is an http or https URL with a host, without blanks."""
    if len(text) > URL_LENGTH_MAX or not text.isascii() or not text.isprintable() or " " in text:
        return False
    scheme, mark, rest = text.partition("://")
    return scheme.lower() in ("http", "https") and mark != "" and rest.split("/")[0].split("?")[0] != ""


def is_ed25519_key(text: str) -> bool:
    """Whether a text is the base64 form of 32 bytes."""
    return len(decode_key(text)) == KEY_BYTES


def decode_key(text: str) -> bytes:
    """The bytes of a base64 text; none when it is not one."""
    try:
        return b64decode(text.encode(), validate=True)
    except (Base64Error, ValueError):
        return b""


def find_fault(node: HardwareNode) -> str | None:
    """Why a machine's record cannot be stored, in words, or None. Models are checked elsewhere."""
    if not is_identifier(node.local_id, NODE_ID_LENGTH_MAX):
        return f"local_id is not 1 to {NODE_ID_LENGTH_MAX} printable ASCII characters"
    if len(node.models) > MODELS_PER_NODE_MAX:
        return f"more than {MODELS_PER_NODE_MAX} models"
    if len(node.hardware) > HARDWARE_PER_NODE_MAX:
        return f"more than {HARDWARE_PER_NODE_MAX} kinds of hardware"
    texts = (*node.models, *(hardware.type for hardware in node.hardware), node.host)
    if any(len(text) > IDENTIFIER_LENGTH_MAX for text in texts):
        return f"a text is longer than {IDENTIFIER_LENGTH_MAX} characters"
    if node.port and not (node.port.isascii() and node.port.isdigit() and 0 < int(node.port[:6]) < 65536):
        return f"port {node.port[:12]!r} is not 1 to 65535"
    return None


def compute_nodes(
    stored: Iterable[HardwareNode],
    new_or_modified: Iterable[HardwareNode],
    removed: Iterable[HardwareNode],
) -> tuple[HardwareNode, ...]:
    """The machines after a diff, sorted by identifier.

    1. A removed machine with status STOPPED keeps its record, which becomes STOPPED; without a record
       nothing happens.
    2. Any other removed machine is deleted.
    3. New and modified machines are written; the last of two with one identifier wins, and writing wins
       over removing.
    """
    nodes = {node.local_id: node for node in stored}
    for node in removed:
        if node.status != HardwareNodeStatus.STOPPED:
            nodes.pop(node.local_id, None)
        elif node.local_id in nodes:
            nodes[node.local_id] = replace(nodes[node.local_id], status=HardwareNodeStatus.STOPPED)
    nodes.update({node.local_id: node for node in new_or_modified})
    return tuple(nodes[local_id] for local_id in sorted(nodes))
