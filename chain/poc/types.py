"""Records and messages of proof of compute."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

from chain.context import Context
from chain.fixed import Decimal
from chain.limits import is_blank
from chain.models.types import Resolver
from chain.nodes.types import HardwareNodes, Participant
from chain.records import Record

if TYPE_CHECKING:
    from chain.epochs.types import ActiveParticipants, Boundaries, Epoch, EpochGroupData, ValidationWeight
    from chain.params import Params


class PocParams(Record, frozen=True):
    """The shape of the proof-of-compute work and the test that validators apply."""

    validation_sample_size: int = 0
    """Nonces that a validator recomputes per participant, default 200."""
    poc_data_pruning_epoch_threshold: int = 0
    """Epochs after which batches and votes are pruned, default 1."""
    r_target_micro: int = 0
    """A nonce counts when its distance is below this, millionths."""
    tolerance_micro: int = 0
    """Difference between claimed and recomputed distance that is still honest, millionths."""
    mismatch_rate: Decimal = Decimal()
    """Rate at which an honest nonce is found mismatched."""
    fraud_threshold: Decimal = Decimal()
    """A batch is fraud when an honest miner shows so many mismatches with less than this probability."""
    tokens_per_nonce: int = 0
    """Tokens in a nonce's sequence, default 16."""
    sequences_per_decode: int = 0
    """Sequences decoded together; part of the protocol because it changes the arithmetic. Default 8, at
    least 4.
    """
    vector_dimensions: int = 0
    """Dimensions of the projected vector, default 64."""
    poc_admission: str = ""
    """Who may submit batches: "snapshot" (default), "literal", "joiner", "registry" or "open"."""
    max_batch_nonces: int = 0
    """Most nonces in one batch message, default 1000."""
    default_difficulty: int = 0
    """Default 5. No rule reads it: r_target_micro says how hard mining is."""
    compliance_activation_epoch: int = 0
    """First epoch for whose proof of compute poc_admission holds; before it the policy is "open". Default
    0.
    """


class PoCBatch(Record, frozen=True):
    """Nonces that one machine found in one proof of compute."""

    participant_address: str = ""
    """Owner of the machine, bech32."""
    poc_stage_start_block_height: int = 0
    """Start of the proof of compute."""
    received_at_block_height: int = 0
    """Height at which the batch was stored."""
    nonces: tuple[int, ...] = ()
    """Nonces, each counted once per participant and stage."""
    dist_micro: tuple[int, ...] = ()
    """Distance of each nonce's vector to the target, millionths; same length as nonces."""
    batch_id: str = ""
    """Identifier of the batch, unique per machine and stage."""
    node_id: str = ""
    """The machine's local_id."""


class PoCValidation(Record, frozen=True):
    """One validator's verdict on one participant."""

    participant_address: str = ""
    """Participant that was validated, bech32."""
    validator_participant_address: str = ""
    """Participant that validated, bech32."""
    poc_stage_start_block_height: int = 0
    """Start of the proof of compute."""
    validated_at_block_height: int = 0
    """Height at which the vote was stored."""
    nonces: tuple[int, ...] = ()
    """Nonces that were recomputed; may be empty."""
    dist_micro: tuple[int, ...] = ()
    """Distances as recomputed, millionths."""
    received_dist_micro: tuple[int, ...] = ()
    """Distances as claimed, millionths."""
    r_target_micro: int = 0
    """Distance below which a nonce counts, millionths."""
    fraud_threshold: Decimal = Decimal()
    """Probability below which the batch is called fraud."""
    n_invalid: int = 0
    """Nonces found invalid."""
    probability_honest: Decimal = Decimal()
    """Probability that an honest miner shows at least n_invalid mismatches, truncated to 18 digits."""
    fraud_detected: bool = False
    """The verdict; the only field that is counted."""


class PocAdmission(Record, frozen=True):
    """One machine that may mine in a proof of compute."""

    participant: str = ""
    """Owner of the machine, bech32."""
    node_id: str = ""
    """The machine's local_id."""
    model_id: str = ""
    """Governance model that the machine mines with: the smallest identifier that it supports."""


class PocAdmissions(Record, frozen=True):
    """The machines that may mine in one proof of compute, frozen at the end of its first block."""

    epoch_index: int = 0
    """Epoch whose weights are mined."""
    poc_start_block_height: int = 0
    """Start of the proof of compute."""
    admissions: tuple[PocAdmission, ...] = ()
    """Machines, sorted by participant and node."""


class NodeEligibility(Record, frozen=True):
    """Whether a machine would be in the next epoch as things stand, and if not, why."""

    participant: str = ""
    """Owner of the machine, bech32."""
    node_id: str = ""
    """The machine's local_id."""
    eligible: bool = False
    """True when nothing stands against it."""
    reason: str = ""
    """Stable reason when not eligible: NODE_UNKNOWN, NODE_STOPPED, NODE_FAILED, NO_GOVERNANCE_MODEL,
    PARTICIPANT_UNKNOWN, PARTICIPANT_INVALID, PARTICIPANT_JAILED, NODE_ID_EMPTY. Empty when eligible.
    """
    models: tuple[str, ...] = ()
    """Governance models that the node supports after resolving alternatives, sorted."""


class MsgSubmitPocBatch(Record, frozen=True):
    """Hands in mined nonces. Refused, in this order: ErrPocNodeIdEmpty, ErrPocNonceNotAccepted,
    ErrUpcomingEpochNotFound, ErrPocWrongStartBlockHeight, ErrPocTooLate, ErrNodeNotInEpoch, ErrNodeDisabled.
    """

    creator: str = ""
    """The participant, bech32. Signs."""
    poc_stage_start_block_height: int = 0
    """Start of the proof of compute."""
    batch_id: str = ""
    """Identifier of the batch, not blank."""
    nonces: tuple[int, ...] = ()
    """Nonces, none negative, none twice."""
    dist_micro: tuple[int, ...] = ()
    """Distances, millionths, none negative; one for each nonce."""
    node_id: str = ""
    """The machine's local_id."""


class MsgSubmitPocBatchResponse(Record, frozen=True):
    """Answers MsgSubmitPocBatch."""


class MsgSubmitPocValidation(Record, frozen=True):
    """Votes on another's nonces."""

    creator: str = ""
    """The validator, bech32. Signs."""
    participant_address: str = ""
    """Participant that was validated, bech32."""
    poc_stage_start_block_height: int = 0
    """Start of the proof of compute."""
    nonces: tuple[int, ...] = ()
    """Nonces that were recomputed; may be empty."""
    dist_micro: tuple[int, ...] = ()
    """Distances as recomputed, millionths."""
    received_dist_micro: tuple[int, ...] = ()
    """Distances as claimed, millionths."""
    r_target_micro: int = 0
    """Distance below which a nonce counts, millionths."""
    fraud_threshold: Decimal = Decimal()
    """Probability below which the batch is called fraud."""
    n_invalid: int = 0
    """Nonces found invalid."""
    probability_honest: Decimal = Decimal()
    """Probability that an honest miner shows at least so many mismatches."""
    fraud_detected: bool = False
    """The verdict."""


class MsgSubmitPocValidationResponse(Record, frozen=True):
    """Answers MsgSubmitPocValidation."""


class EligibilityMap(Record, frozen=True):
    """Who may take part, frozen: one truth for admission, weights, assignment, slots and groups."""

    entries: Mapping[tuple[str, str], NodeEligibility]
    """Every registered machine by owner and local_id."""
    participants: frozenset[str]
    """Addresses of all participants."""

    def find(self, participant: str, node_id: str) -> NodeEligibility:
        """The answer for any machine, registered or not."""
        known = self.entries.get((participant, node_id))
        if known is not None:
            return known
        if is_blank(node_id):
            return NodeEligibility(participant, node_id, False, "NODE_ID_EMPTY")
        reason = "NODE_UNKNOWN" if participant in self.participants else "PARTICIPANT_UNKNOWN"
        return NodeEligibility(participant, node_id, False, reason)


class Electorate(Record, frozen=True):
    """Who votes on what was mined."""

    weights: Mapping[str, int]
    """Address to voting weight, all positive."""
    half: int
    """Half of all weight, rounded down: what a majority has more of."""


class Mined(Record, frozen=True):
    """What a participant mined in one proof of compute, after exclusions."""

    weights: tuple[tuple[str, int], ...] = ()
    """Distinct nonces of each machine, sorted by local_id; none is 0."""
    rejection: str = ""
    """Stable reason why the validators or the chain do not accept it; empty when accepted."""


class ParamsSource(Protocol):
    """What this room expects of the parameters."""

    def get_params(self, ctx: Context) -> "Params":
        """The parameters in effect."""


class ModelRegistry(Protocol):
    """What this room expects of the registry of models."""

    def get_resolver(self, ctx: Context) -> Resolver:
        """A resolver over the registry as it is now."""


class NodeRegistry(Protocol):
    """What this room expects of the nodes room."""

    def get_participant(self, ctx: Context, address: str) -> Participant | None:
        """A participant, or None."""

    def get_participants(self, ctx: Context) -> Iterator[Participant]:
        """All participants, sorted by address."""

    def get_all_hardware(self, ctx: Context) -> Iterator[HardwareNodes]:
        """Machines of all participants, sorted by participant."""

    def get_hardware(self, ctx: Context, address: str) -> HardwareNodes | None:
        """A participant's machines, or None."""


class JailRecords(Protocol):
    """What this room expects of the jail."""

    def is_barred(self, ctx: Context, participant: str) -> bool:
        """Whether a participant is jailed and therefore left out."""

    def get_barred(self, ctx: Context) -> frozenset[str]:
        """All who are."""


class EpochClock(Protocol):
    """What this room expects of the epochs room."""

    def get_epoch(self, ctx: Context, index: int) -> "Epoch | None":
        """An epoch's record, or None."""

    def get_effective(self, ctx: Context) -> "Epoch":
        """The epoch whose groups serve requests now."""

    def get_upcoming(self, ctx: Context) -> "Epoch | None":
        """The epoch whose proof of compute is under way, or None."""

    def get_boundaries(self, ctx: Context, epoch: "Epoch") -> "Boundaries":
        """The heights of the effective or the upcoming epoch."""

    def find_member(self, group: "EpochGroupData", address: str) -> "ValidationWeight | None":
        """A member of a group, or None."""

    def get_effective_group(self, ctx: Context, model_id: str = "") -> "EpochGroupData | None":
        """A group of the effective epoch, or None."""

    def get_active_participants(self, ctx: Context, epoch_index: int) -> "ActiveParticipants | None":
        """Everyone who takes part in an epoch, or None."""

    def get_last_seen(self, ctx: Context, address: str, node_id: str) -> int | None:
        """The last epoch that a machine was in, or None."""
