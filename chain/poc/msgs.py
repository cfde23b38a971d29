"""Handlers of nonces and votes."""

from chain.context import Context
from chain.epochs.types import Boundaries, Epoch
from chain.errors import (
    ErrInvalidSigner,
    ErrPocAddressInvalid,
    ErrPocNodeIdEmpty,
    ErrPocNonceNotAccepted,
    ErrPocTooLate,
    ErrPocWrongStartBlockHeight,
    ErrUpcomingEpochNotFound,
)
from chain.fixed import PRECISION, Decimal
from chain.limits import NODE_ID_LENGTH_MAX, is_blank, is_identifier
from chain.nodes.types import ParticipantStatus
from chain.poc.keeper import Poc
from chain.poc.types import (
    EpochClock,
    MsgSubmitPocBatch,
    MsgSubmitPocBatchResponse,
    MsgSubmitPocValidation,
    MsgSubmitPocValidationResponse,
    NodeRegistry,
    ParamsSource,
    PoCBatch,
    PocParams,
    PoCValidation,
)

INT64_MAX = 2**63 - 1


class Msgs:
    """Handlers of this room."""

    def __init__(self, poc: Poc, params: ParamsSource, nodes: NodeRegistry, epochs: EpochClock) -> None:
        self._poc = poc
        self._params = params
        self._nodes = nodes
        self._epochs = epochs

    def submit_poc_batch(self, ctx: Context, msg: MsgSubmitPocBatch) -> MsgSubmitPocBatchResponse:
        """Stores mined nonces, wholly or not at all.

        Checks, in this order: the machine is named; the nonces are well formed; a proof of compute is under
        way; it started where the message says; batches are still accepted; the machine is admitted; it is
        enabled.
        """
        if is_blank(msg.node_id):
            raise ErrPocNodeIdEmpty()
        _check_batch(msg, self._params.get_params(ctx).poc)
        at = self._require_stage(ctx, msg.poc_stage_start_block_height)
        if not at.poc_start < ctx.height <= at.exchange_deadline:
            raise ErrPocTooLate(height=ctx.height, first=at.poc_start + 1, last=at.exchange_deadline)
        self._poc.check_admission(ctx, msg.creator, msg.node_id)
        self._poc.set_batch(ctx, _build_batch(ctx, msg))
        ctx.emit(
            "poc_batch",
            participant=msg.creator,
            node_id=msg.node_id,
            batch_id=msg.batch_id,
            nonces=len(msg.nonces),
        )
        return MsgSubmitPocBatchResponse()

    def submit_poc_validation(
        self, ctx: Context, msg: MsgSubmitPocValidation
    ) -> MsgSubmitPocValidationResponse:
        """Stores a current validator's vote on a participant that handed in nonces; the last one counts."""
        _check_vote(msg)
        at = self._require_stage(ctx, msg.poc_stage_start_block_height)
        if not at.validation_start < ctx.height <= at.validation_end:
            raise ErrPocTooLate(height=ctx.height, first=at.validation_start + 1, last=at.validation_end)
        self._check_validator(ctx, msg.creator)
        if not self._has_mined(ctx, msg):
            raise ErrPocAddressInvalid(address=msg.participant_address)
        self._poc.set_validation(ctx, _build_vote(ctx, msg))
        ctx.emit(
            "poc_validation",
            participant=msg.participant_address,
            validator=msg.creator,
            fraud_detected=msg.fraud_detected,
        )
        return MsgSubmitPocValidationResponse()

    def _require_stage(self, ctx: Context, height: int) -> Boundaries:
        upcoming: Epoch | None = self._epochs.get_upcoming(ctx)
        if upcoming is None:
            effective = self._epochs.get_boundaries(ctx, self._epochs.get_effective(ctx))
            raise ErrUpcomingEpochNotFound(next_start=effective.next_poc_start)
        if upcoming.poc_start_block_height != height:
            raise ErrPocWrongStartBlockHeight(expected=upcoming.poc_start_block_height, got=height)
        return self._epochs.get_boundaries(ctx, upcoming)

    def _check_validator(self, ctx: Context, address: str) -> None:
        group = self._epochs.get_effective_group(ctx)
        member = self._epochs.find_member(group, address) if group else None
        is_member = member is not None and member.weight > 0
        participant = self._nodes.get_participant(ctx, address)
        invalid = participant is not None and participant.status == ParticipantStatus.INVALID
        if not is_member or (invalid and self._params.get_params(ctx).inference.exclude_invalid):
            raise ErrInvalidSigner(signer=address, expected="a validator of the epoch in effect")

    def _has_mined(self, ctx: Context, msg: MsgSubmitPocValidation) -> bool:
        address = msg.participant_address
        known = self._nodes.get_participant(ctx, address) if is_identifier(address, 256) else None
        return known is not None and self._poc.has_batches(ctx, msg.poc_stage_start_block_height, address)


def _check_batch(msg: MsgSubmitPocBatch, params: PocParams) -> None:
    if not is_identifier(msg.batch_id, NODE_ID_LENGTH_MAX):
        why = f"batch_id is not 1 to {NODE_ID_LENGTH_MAX} printable ASCII characters"
        raise ErrPocNonceNotAccepted(why=why)
    if not 0 < len(msg.nonces) <= params.max_batch_nonces:
        raise ErrPocNonceNotAccepted(why=f"a batch holds 1 to {params.max_batch_nonces} nonces")
    if len(msg.dist_micro) != len(msg.nonces):
        raise ErrPocNonceNotAccepted(why="there is not one distance for each nonce")
    if not all(0 <= nonce <= INT64_MAX for nonce in msg.nonces):
        raise ErrPocNonceNotAccepted(why="a nonce is negative or too large")
    if len(dict.fromkeys(msg.nonces)) != len(msg.nonces):
        raise ErrPocNonceNotAccepted(why="a nonce comes twice")
    if not all(0 <= distance < params.r_target_micro for distance in msg.dist_micro):
        why = f"a distance is not between 0 and the target {params.r_target_micro} millionths"
        raise ErrPocNonceNotAccepted(why=why)


def _check_vote(msg: MsgSubmitPocValidation) -> None:
    lengths = (len(msg.nonces), len(msg.dist_micro), len(msg.received_dist_micro))
    if lengths != (lengths[0],) * 3:
        raise ErrPocNonceNotAccepted(why="nonces, distances and claimed distances differ in number")
    if msg.n_invalid < 0 or not all(map(_is_number, (msg.fraud_threshold, msg.probability_honest))):
        raise ErrPocNonceNotAccepted(why="n_invalid is negative or a probability is not a decimal")


def _is_number(number: Decimal) -> bool:
    return -PRECISION <= number.exponent <= PRECISION and abs(number.value) <= INT64_MAX


def _build_batch(ctx: Context, msg: MsgSubmitPocBatch) -> PoCBatch:
    return PoCBatch(
        participant_address=msg.creator,
        poc_stage_start_block_height=msg.poc_stage_start_block_height,
        received_at_block_height=ctx.height,
        nonces=msg.nonces,
        dist_micro=msg.dist_micro,
        batch_id=msg.batch_id,
        node_id=msg.node_id,
    )


def _build_vote(ctx: Context, msg: MsgSubmitPocValidation) -> PoCValidation:
    return PoCValidation(
        participant_address=msg.participant_address,
        validator_participant_address=msg.creator,
        poc_stage_start_block_height=msg.poc_stage_start_block_height,
        validated_at_block_height=ctx.height,
        nonces=msg.nonces,
        dist_micro=msg.dist_micro,
        received_dist_micro=msg.received_dist_micro,
        r_target_micro=msg.r_target_micro,
        fraud_threshold=msg.fraud_threshold,
        n_invalid=msg.n_invalid,
        probability_honest=msg.probability_honest,
        fraud_detected=msg.fraud_detected,
    )
