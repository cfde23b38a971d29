"""What settled epochs owe us: looked for whenever an epoch takes effect, and claimed with the seed of the
settled one.
"""

from dataclasses import dataclass

from broker.actions import Action, Note, QueryClaim, SubmitClaim
from broker.errands import Errands
from broker.events import TxCommitted, TxFailed, TxRefused
from broker.facts import EpochView, OpenClaim
from broker.seeds import Seed

QUERY = "QueryClaim"
CLAIM_KEY = "claim"


@dataclass(frozen=True, slots=True)
class Due:
    """A claim to be made."""

    epoch_index: int
    seed: int


@dataclass(slots=True)
class Claims:
    """What is to be claimed. `settled_in` is the effective epoch in which there is nothing left to claim."""

    settled_in: int = 0
    due: Due | None = None
    last_error: str = ""


def advance_claim(claims: Claims, epoch: EpochView, errands: Errands) -> list[Action]:
    """Look for an open claim, then make it, once a block until the chain has answered."""
    if claims.settled_in == epoch.effective_epoch_index:
        return []
    if claims.due is None:
        return [QueryClaim()] if errands.start(QUERY, epoch.block_height) else []
    key = f"{CLAIM_KEY}/{claims.due.epoch_index}"
    if not errands.start(key, epoch.block_height):
        return []
    return [SubmitClaim(key, claims.due.epoch_index, claims.due.seed)]


def take_claim(
    claims: Claims, found: OpenClaim | None, seeds: dict[int, Seed], effective_epoch_index: int
) -> list[Action]:
    """What the chain owes us. A claim opens once the epoch after the settled one is in effect."""
    claims.due = None
    if found is None or found.epoch_index >= effective_epoch_index:
        claims.settled_in = effective_epoch_index
        return []
    seed = seeds.get(found.epoch_index)
    if found.seed_signature and (seed is None or seed.signature != found.seed_signature):
        claims.settled_in = effective_epoch_index
        claims.last_error = f"the seed of epoch {found.epoch_index} is not known here; its claim is lost"
        return [Note("error", claims.last_error)]
    claims.due = Due(found.epoch_index, seed.seed if seed and found.seed_signature else 0)
    return []


def finish_claim(
    claims: Claims, epoch_index: int, event: TxCommitted | TxRefused | TxFailed, effective_epoch_index: int
) -> list[Action]:
    """The transaction is back. One that was lost is looked for again: it may have been paid."""
    claims.due = None
    if isinstance(event, TxCommitted):
        claims.settled_in, claims.last_error = effective_epoch_index, ""
        return [Note("info", f"what epoch {epoch_index} owed is claimed")]
    why = f"{event.reason}: {event.log}" if isinstance(event, TxRefused) else event.error
    if isinstance(event, TxRefused):
        claims.settled_in, claims.last_error = effective_epoch_index, f"epoch {epoch_index}: {why}"
    return [Note("warning", f"the claim of epoch {epoch_index} was not paid: {why}")]
