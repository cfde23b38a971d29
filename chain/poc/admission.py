"""Who may hand in nonces: five policies, chosen by the parameter poc_admission.

- `snapshot`: machines in the set frozen at the end of the block in which the proof of compute started.
- `literal`: machines in a sub-group of the effective epoch.
- `joiner`: as `literal`, and registered machines with a governance model that were never in an epoch, or
  whose last one is at least two epochs back: whoever dropped out sits out one proof of compute.
- `registry`: machines that are registered with a governance model now.
- `open`: any.

`literal` and `joiner` would lock everyone out where no sub-group holds anyone: in epoch 0, and in an epoch
whose participants were seated again because nobody survived its formation. There `literal` is as `open` and
`joiner` as `registry`. Whatever the policy, a machine without a record or with a STOPPED or FAILED one is
refused next.

Before `compliance_activation_epoch` the policy is `open`, so that a network can begin with strangers. Only
who may hand in nonces is softened: what counts is decided by the formation, and that demands a record and a
governance model from every machine in every epoch.
"""

from chain.errors import ErrNodeDisabled, ErrNodeNotInEpoch
from chain.poc import rules
from chain.poc.types import NodeEligibility, PocParams
from chain.records import Record

SNAPSHOT, LITERAL, JOINER, REGISTRY, OPEN = "snapshot", "literal", "joiner", "registry", "open"

DISABLED = {
    rules.NODE_STOPPED: "STOPPED",
    rules.NODE_FAILED: "FAILED",
    rules.NODE_UNKNOWN: "not registered",
    rules.PARTICIPANT_UNKNOWN: "not registered",
}
"""Reasons of ineligibility that an operator mends by enabling or registering, and the word for each."""
UNREGISTERED = (
    rules.NODE_ID_EMPTY,
    rules.NODE_UNKNOWN,
    rules.NO_GOVERNANCE_MODEL,
    rules.PARTICIPANT_UNKNOWN,
    rules.PARTICIPANT_INVALID,
    rules.PARTICIPANT_JAILED,
)
"""Reasons of ineligibility for which a machine does not count as registered with a governance model."""


class Facts(Record, frozen=True):
    """What the chain knows of a machine that hands in nonces."""

    eligibility: NodeEligibility
    in_snapshot: bool
    in_effective_epoch: bool
    """Whether it is in a sub-group of the effective epoch."""
    effective_index: int
    effective_reseated: bool
    """Whether the effective epoch's participants were seated again for want of survivors."""
    last_seen: int | None
    """The last epoch that it was in."""
    machine_fault: str = ""
    """Why its record alone, whoever owns it, keeps it out; empty when nothing does."""


def find_policy(params: PocParams, upcoming_index: int) -> str:
    """The policy in the proof of compute of an epoch."""
    return OPEN if upcoming_index < params.compliance_activation_epoch else params.poc_admission


def is_member(policy: str, facts: Facts) -> bool:
    """Whether the policy lets a machine hand in nonces."""
    registered = facts.eligibility.reason not in UNREGISTERED
    locked_out = facts.effective_index == 0 or facts.effective_reseated
    if policy == LITERAL:
        return locked_out or facts.in_effective_epoch
    if policy == JOINER:
        return facts.in_effective_epoch or (registered and (locked_out or _may_return(facts)))
    if policy == REGISTRY:
        return registered
    return policy == OPEN or facts.in_snapshot


def refuse_unadmitted(policy: str, facts: Facts) -> None:
    """Refuses a machine that the policy does not let in, then one that is disabled or has no record."""
    about = {"node_id": facts.eligibility.node_id, "participant": facts.eligibility.participant}
    if not is_member(policy, facts):
        raise ErrNodeNotInEpoch(**about)
    status = DISABLED.get(facts.eligibility.reason) or DISABLED.get(facts.machine_fault)
    if status is not None:
        raise ErrNodeDisabled(**about, status=status)


def _may_return(facts: Facts) -> bool:
    return facts.last_seen is None or facts.last_seen + 1 < facts.effective_index
