"""Our own proof of compute: which of our nodes mine which nonces, and what becomes of what they report.

When a stage starts the mining nodes are sorted by id and numbered; number and count are frozen for the
stage and kept, so that a node that comes back mines the same share and no two nodes ever try the same
nonce. What a node reports is taken once, cut into batches whose ids follow from their content, and
submitted until the window closes.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from broker.actions import Action, StoreAssignment, StoreBatch
from broker.errors import ReportRefused, ReportUnauthenticated
from broker.events import PocBatchReported
from broker.facts import PocStage
from broker.models import Resolutions, choose_node_model
from broker.nodes import Node

PENDING, ACCEPTED, REFUSED = "PENDING", "ACCEPTED", "REFUSED"
NONCE_LIMIT = 2**63


@dataclass(slots=True)
class Assignment:
    """A node's share: the nonces n with n mod count = rank, tried up to but not including `next_nonce`."""

    node_id: str
    rank: int
    count: int
    model_id: str
    local_model: str
    next_nonce: int = 0


@dataclass(slots=True)
class Batch:
    """Nonces of one node on their way to the chain."""

    node_id: str
    nonces: tuple[int, ...]
    dist_micro: tuple[int, ...]
    state: str = PENDING
    reason: str = ""


@dataclass(slots=True)
class Mining:
    """A stage as this broker takes part in it; `assignments` None until they are frozen."""

    stage: PocStage
    assignments: dict[str, Assignment] | None = None
    batches: dict[str, Batch] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)


def compute_callback_token(secret: bytes, start_height: int, node_id: str) -> str:
    """The bearer token of one node in one stage; nobody without the broker's secret can make it."""
    message = f"poc-callback/{start_height}/{node_id}".encode()
    return hmac.new(secret, message, hashlib.sha256).hexdigest()


def compute_batch_id(start_height: int, node_id: str, nonces: Iterable[int]) -> str:
    """Identifier that follows from the content, so that sending a batch twice is sending it once."""
    digest = hashlib.sha256(f"{start_height}\n{node_id}".encode())
    for nonce in nonces:
        digest.update(b"\n%d" % nonce)
    return digest.hexdigest()


def get_batch_key(batch_id: str) -> str:
    """Key of the transaction that submits a batch."""
    return f"batch/{batch_id}"


def compute_assignments(
    stage: PocStage,
    participant: str,
    nodes: Mapping[str, Node],
    mining: Iterable[str],
    resolutions: Resolutions,
) -> dict[str, Assignment]:
    """Number the nodes that are admitted, may mine and have a file for their model; others wait."""
    models = {entry.node_id: entry.model_id for entry in stage.admissions if entry.participant == participant}
    shares: list[tuple[str, str, str]] = []
    for node_id in sorted(set(mining) & models.keys() & nodes.keys()):
        local = choose_node_model(nodes[node_id], models[node_id], resolutions)
        if local:
            shares.append((node_id, models[node_id], local))
    count = len(shares)
    return {
        node_id: Assignment(node_id, rank, count, model_id, local)
        for rank, (node_id, model_id, local) in enumerate(shares)
    }


def store_assignment(start_height: int, share: Assignment) -> StoreAssignment:
    """The share as it is kept."""
    return StoreAssignment(
        start_height,
        share.node_id,
        share.rank,
        share.count,
        share.model_id,
        share.local_model,
        share.next_nonce,
    )


def store_batch(start_height: int, batch_id: str, batch: Batch) -> StoreBatch:
    """The batch as it is kept."""
    return StoreBatch(
        start_height, batch_id, batch.node_id, batch.nonces, batch.dist_micro, batch.state, batch.reason
    )


def take_report(
    mining: Mining | None,
    report: PocBatchReported,
    public_key: bytes,
    secret: bytes,
    height: int,
    deadline: int,
    may_mine: bool,
) -> tuple[int, list[Action]]:
    """Take what is new in a report: how many nonces that was, and what is to be kept.

    Refused as a whole: a token, stage, key or node that is not the one expected, a node that is gone or may
    not mine, and lists of different length. Left out one by one: nonces of another node's share, repeated
    ones, and distances that do not count.
    """
    share = _check_report(mining, report, public_key, secret, height, deadline, may_mine)
    assert mining is not None
    found = _select_new(mining, share, report)
    share.next_nonce = max(share.next_nonce, min(report.next_nonce, NONCE_LIMIT - 1))
    kept: list[Action] = [store_assignment(report.start_height, share)]
    limit = max(1, mining.stage.params.max_batch_nonces)
    for first in range(0, len(found), limit):
        part = found[first : first + limit]
        nonces, dist = tuple(nonce for nonce, _ in part), tuple(distance for _, distance in part)
        batch_id = compute_batch_id(report.start_height, report.node_id, nonces)
        batch = Batch(report.node_id, nonces, dist)
        mining.batches[batch_id] = batch
        kept.append(store_batch(report.start_height, batch_id, batch))
    return len(found), kept


def _check_report(
    mining: Mining | None,
    report: PocBatchReported,
    public_key: bytes,
    secret: bytes,
    height: int,
    deadline: int,
    may_mine: bool,
) -> Assignment:
    expected = compute_callback_token(secret, report.start_height, report.node_id)
    if not hmac.compare_digest(expected.encode(), report.token.encode("utf-8", "surrogatepass")):
        raise ReportUnauthenticated("the token does not belong to this node and stage")
    if mining is None or report.start_height != mining.stage.start_height:
        raise ReportRefused(f"no proof of compute that started at {report.start_height} is under way")
    if height >= deadline:
        raise ReportRefused(f"the exchange window closed at height {deadline}")
    if report.block_hash != mining.stage.block_hash or report.public_key != public_key:
        raise ReportRefused("block hash or public key are not those of this stage")
    share = (mining.assignments or {}).get(report.node_id)
    if share is None or not may_mine:
        raise ReportRefused(f"node {report.node_id} has no share in this stage, or does not take part")
    if len(report.nonces) != len(report.dist_micro):
        raise ReportRefused(f"{len(report.nonces)} nonces but {len(report.dist_micro)} distances")
    return share


def _select_new(mining: Mining, share: Assignment, report: PocBatchReported) -> list[tuple[int, int]]:
    target = mining.stage.params.r_target_micro
    found: list[tuple[int, int]] = []
    for nonce, distance in zip(report.nonces, report.dist_micro, strict=True):
        own = 0 <= nonce < NONCE_LIMIT and nonce % share.count == share.rank
        if own and 0 <= distance < target and nonce not in mining.taken:
            mining.taken.add(nonce)
            found.append((nonce, distance))
    return found
