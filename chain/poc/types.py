"""Records and messages of proof of compute."""

from dataclasses import dataclass

from chain.fixed import Decimal


@dataclass(frozen=True, slots=True)
class PocParams:
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


@dataclass(frozen=True, slots=True)
class PoCBatch:
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
    """Identifier of the batch, unique per participant and stage."""
    node_id: str = ""
    """The machine's local_id."""


@dataclass(frozen=True, slots=True)
class PoCValidation:
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


@dataclass(frozen=True, slots=True)
class PocAdmission:
    """One machine that may mine in a proof of compute."""

    participant: str = ""
    """Owner of the machine, bech32."""
    node_id: str = ""
    """The machine's local_id."""
    model_id: str = ""
    """Governance model that the machine mines with: the smallest identifier that it supports."""


@dataclass(frozen=True, slots=True)
class PocAdmissions:
    """The machines that may mine in one proof of compute, frozen at the end of its first block."""

    epoch_index: int = 0
    """Epoch whose weights are mined."""
    poc_start_block_height: int = 0
    """Start of the proof of compute."""
    admissions: tuple[PocAdmission, ...] = ()
    """Machines, sorted by participant and node."""


@dataclass(frozen=True, slots=True)
class NodeEligibility:
    """Whether a machine would be in the next epoch as things stand, and if not, why."""

    participant: str = ""
    """Owner of the machine, bech32."""
    node_id: str = ""
    """The machine's local_id."""
    eligible: bool = False
    """True when nothing stands against it."""
    reason: str = ""
    """Stable reason when not eligible: NODE_UNKNOWN, NODE_STOPPED, NODE_FAILED, NO_GOVERNANCE_MODEL,
    PARTICIPANT_UNKNOWN, PARTICIPANT_INVALID, NODE_ID_EMPTY. Empty when eligible.
    """
    models: tuple[str, ...] = ()
    """Governance models that the node supports after resolving alternatives, sorted."""


@dataclass(frozen=True, slots=True)
class MsgSubmitPocBatch:
    """Hands in mined nonces. Refused, in this order: ErrPocNodeIdEmpty, ErrUpcomingEpochNotFound,
    ErrPocWrongStartBlockHeight, ErrPocTooLate, ErrNodeNotInEpoch, ErrNodeDisabled.
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


@dataclass(frozen=True, slots=True)
class MsgSubmitPocBatchResponse:
    """Answers MsgSubmitPocBatch."""


@dataclass(frozen=True, slots=True)
class MsgSubmitPocValidation:
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


@dataclass(frozen=True, slots=True)
class MsgSubmitPocValidationResponse:
    """Answers MsgSubmitPocValidation."""
