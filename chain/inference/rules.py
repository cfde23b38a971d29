"""What an inference costs, who signs what, and who executes it.

Prices: a token costs what the model states for its kind (prompt or completion), or the model's dynamic price
where it states 0. Both prices are fixed by whichever of start and finish comes first.
"""

from binascii import a2b_base64, b2a_base64
from collections.abc import Collection, Iterable
from hashlib import sha256

from chain.epochs.types import MLNodeInfo, ValidationWeight
from chain.inference.types import Inference, InferenceStatus
from chain.models.types import Model
from chain.records import Record

SIGNATURE_BYTES = 64
"""Length of a compact signature."""
TOKENS_MAX = 2**31 - 1
"""Most tokens that a message may speak of."""
AMOUNT_MAX = 2**63 - 1
"""Largest cost that a record holds, umesh."""
NS_PER_S = 1_000_000_000


class Prices(Record, frozen=True):
    """What tokens of one inference cost, umesh each."""

    prompt_token: int
    completion_token: int


def compute_prices(model: Model | None, dynamic_price: int) -> Prices:
    """The prices of a model's tokens; the dynamic price for what it does not state."""
    stated = model or Model()
    return Prices(
        stated.coins_per_input_token or dynamic_price, stated.coins_per_output_token or dynamic_price
    )


def compute_cost(prices: Prices, prompt_tokens: int, completion_tokens: int) -> int:
    """Prompt tokens and completion tokens at their prices, at most what a record holds."""
    cost = prompt_tokens * prices.prompt_token + completion_tokens * prices.completion_token
    return min(cost, AMOUNT_MAX)


def is_started(inference: Inference) -> bool:
    """Whether the start was recorded."""
    return inference.prompt_hash != ""


def is_finished(inference: Inference) -> bool:
    """Whether the finish was recorded."""
    return inference.executed_by != ""


def decode_signature(text: str) -> bytes | None:
    """The 64 bytes of a signature, or None. Only the one canonical base64 form counts, so that no two texts
    name one inference."""
    try:
        raw = a2b_base64(text)
    except ValueError:
        return None
    return raw if len(raw) == SIGNATURE_BYTES and b2a_base64(raw, newline=False) == text.encode() else None


def build_request_bytes(original_prompt: str, request_timestamp: int, transfer_agent: str) -> bytes:
    """What the requester signs: the prompt, the timestamp in decimal digits, the transfer agent's address."""
    return f"{original_prompt}{request_timestamp}{transfer_agent}".encode()


def build_transfer_bytes(
    original_prompt: str, request_timestamp: int, transfer_agent: str, executor: str
) -> bytes:
    """What transfer agent and executor sign: what the requester signed, then the executor's address."""
    return build_request_bytes(original_prompt, request_timestamp, transfer_agent) + executor.encode()


def compute_window(time_ns: int, expiration_s: int, advance_s: int) -> tuple[int, int]:
    """First and last timestamp that a request may bear at a block time, nanoseconds, both included."""
    return time_ns - expiration_s * NS_PER_S, time_ns + advance_s * NS_PER_S


def is_prunable(inference: Inference, upcoming_index: int, threshold: int) -> bool:
    """Whether an inference is old enough to be forgotten. Started ones and those under vote never are."""
    if inference.status in (InferenceStatus.STARTED, InferenceStatus.VOTING):
        return False
    return threshold <= upcoming_index and inference.epoch_id <= upcoming_index - threshold


def keeps_serving(nodes: Iterable[MLNodeInfo]) -> bool:
    """Whether one of the machines has POC_SLOT, hence serves during a proof of compute."""
    return any(len(node.timeslot_allocation) > 1 and node.timeslot_allocation[1] for node in nodes)


def select_executor(
    members: Iterable[ValidationWeight],
    request_id: str,
    epoch_index: int,
    model_id: str,
    left_out: Collection[str],
) -> str | None:
    """The member that answers a request, drawn by weight; None when no weight is left.

    r is SHA-256(request_id, epoch in decimal digits, model), one after the other, as a big-endian number
    modulo the total weight; the first member in group order whose cumulative weight exceeds r. The same
    request on the same state always gives the same member.
    """
    eligible = [member for member in members if member.weight > 0 and member.member_address not in left_out]
    total = sum(member.weight for member in eligible)
    if total == 0:
        return None
    digest = sha256(f"{request_id}{epoch_index}{model_id}".encode()).digest()
    remaining = int.from_bytes(digest, "big") % total
    for member in eligible:
        if remaining < member.weight:
            return member.member_address
        remaining -= member.weight
    raise AssertionError("the draw lies below the sum of all weights")
