"""Handlers of validations, and of the authority's decisions on inferences."""

from chain.context import Context
from chain.epochs.types import EpochGroupData
from chain.errors import (
    ErrAlreadyValidated,
    ErrInferenceAlreadyInvalidated,
    ErrInferenceExpired,
    ErrInferenceNotFinished,
    ErrInferenceNotFound,
    ErrInferenceNotVoting,
    ErrInvalidRecord,
    ErrInvalidSigner,
    ErrInvalidValidationValue,
    ErrModelSnapshotNotFound,
    ErrParticipantCannotValidateOwnInference,
    ErrParticipantInvalid,
    ErrValidatorNotInGroup,
)
from chain.fixed import ONE, from_decimal, text_of
from chain.inference.types import Inference, InferenceStatus
from chain.limits import HASH_LENGTH_MAX, is_blank
from chain.validation import rules
from chain.validation.keeper import Validations
from chain.validation.types import (
    EpochGroups,
    InferenceRecords,
    InferenceValidation,
    MsgInvalidateInference,
    MsgInvalidateInferenceResponse,
    MsgRevalidateInference,
    MsgRevalidateInferenceResponse,
    MsgValidation,
    MsgValidationResponse,
    ParamsSource,
    ParticipantRecords,
)
from chain.validation.votes import Votes


class Msgs:
    """Handlers of this room."""

    def __init__(
        self,
        validations: Validations,
        votes: Votes,
        params: ParamsSource,
        nodes: ParticipantRecords,
        epochs: EpochGroups,
        inferences: InferenceRecords,
    ) -> None:
        self._validations = validations
        self._votes = votes
        self._params = params
        self._nodes = nodes
        self._epochs = epochs
        self._inferences = inferences

    def validation(self, ctx: Context, msg: MsgValidation) -> MsgValidationResponse:
        """Keeps what a re-execution found. Once it was decided that the answer was wrong, only that the
        participant re-executed it.
        """
        _check_form(msg)
        inference = self._require_finished(ctx, msg.inference_id)
        self._nodes.require_participant(ctx, msg.creator)
        self._nodes.require_participant(ctx, inference.executed_by)
        self._check_validator(ctx, msg, inference)
        record = self._build_record(ctx, msg, inference)
        ctx.emit(
            "inference_validation",
            inference_id=inference.inference_id,
            validator=msg.creator,
            needs_revalidation=not record.passed and inference.status != InferenceStatus.INVALIDATED,
            passed=record.passed,
        )
        if inference.status == InferenceStatus.INVALIDATED:
            self._validations.set_validation(ctx, record)
        elif record.passed:
            self._votes.take_pass(ctx, inference, record)
        else:
            self._votes.take_failure(ctx, inference, record)
        return MsgValidationResponse()

    def invalidate_inference(
        self, ctx: Context, msg: MsgInvalidateInference
    ) -> MsgInvalidateInferenceResponse:
        """Decides that an answer was wrong; nothing happens when that was decided already."""
        self._check_authority(ctx, msg.creator)
        inference = self._require_finished(ctx, msg.inference_id)
        if inference.status != InferenceStatus.INVALIDATED:
            self._votes.invalidate(ctx, inference)
        return MsgInvalidateInferenceResponse()

    def revalidate_inference(
        self, ctx: Context, msg: MsgRevalidateInference
    ) -> MsgRevalidateInferenceResponse:
        """Decides that an answer stands; nothing happens when it was found valid already. What was refunded
        stays refunded (`ErrInferenceAlreadyInvalidated`).
        """
        self._check_authority(ctx, msg.creator)
        inference = self._require_finished(ctx, msg.inference_id)
        if inference.status == InferenceStatus.INVALIDATED:
            raise ErrInferenceAlreadyInvalidated(inference_id=inference.inference_id)
        if inference.status != InferenceStatus.VALIDATED:
            self._votes.uphold(ctx, inference)
        return MsgRevalidateInferenceResponse()

    def _check_authority(self, ctx: Context, signer: str) -> None:
        authority = self._params.get_authority(ctx)
        if signer != authority:
            raise ErrInvalidSigner(signer=signer, expected=f"the authority {authority}")

    def _require_finished(self, ctx: Context, inference_id: str) -> Inference:
        """An inference that is both started and finished: there is an answer that was paid for."""
        named = "" if is_blank(inference_id) or "\0" in inference_id else inference_id
        inference = self._inferences.get_inference(ctx, named) if named else None
        if inference is None:
            raise ErrInferenceNotFound(inference_id=inference_id[:96])
        if inference.status == InferenceStatus.EXPIRED:
            raise ErrInferenceExpired(inference_id=inference_id, height=inference.end_block_height)
        if self._inferences.get_details(ctx, inference.epoch_id, inference_id) is None:
            raise ErrInferenceNotFinished(inference_id=inference_id)
        return inference

    def _check_validator(self, ctx: Context, msg: MsgValidation, inference: Inference) -> None:
        """The sender may speak about this inference, and has not yet."""
        if msg.creator == inference.executed_by:
            raise ErrParticipantCannotValidateOwnInference(inference_id=inference.inference_id)
        if self._votes.is_left_out(ctx, msg.creator):
            raise ErrParticipantInvalid(participant=msg.creator)
        if msg.revalidation and inference.status != InferenceStatus.VOTING:
            raise ErrInferenceNotVoting(inference_id=inference.inference_id)
        model = "" if msg.revalidation else inference.model
        group = self._epochs.get_group(ctx, inference.epoch_id, model) or EpochGroupData()
        if not any(entry.member_address == msg.creator for entry in group.validation_weights):
            raise ErrValidatorNotInGroup(
                participant=msg.creator, model=inference.model, epoch_index=inference.epoch_id
            )
        known = self._validations.get_validation(ctx, inference.epoch_id, msg.creator, inference.inference_id)
        if known is not None:
            raise ErrAlreadyValidated(participant=msg.creator, inference_id=inference.inference_id)

    def _build_record(self, ctx: Context, msg: MsgValidation, inference: Inference) -> InferenceValidation:
        """The threshold is the model's as it was frozen for the inference's epoch."""
        group = self._epochs.get_group(ctx, inference.epoch_id, inference.model)
        if group is None or group.model_snapshot is None:
            raise ErrModelSnapshotNotFound(epoch_index=inference.epoch_id, model_id=inference.model)
        return InferenceValidation(
            epoch_index=inference.epoch_id,
            participant=msg.creator,
            inference_id=inference.inference_id,
            value=msg.value,
            passed=rules.is_above(msg.value, group.model_snapshot.validation_threshold),
            revalidation=msg.revalidation,
            response_hash=msg.response_hash,
            validated_at_block_height=ctx.height,
        )


def _check_form(msg: MsgValidation) -> None:
    value = from_decimal(msg.value)
    if not 0 <= value <= ONE:
        raise ErrInvalidValidationValue(value=text_of(value))
    if len(msg.response_hash) > HASH_LENGTH_MAX:
        why = f"response_hash is longer than {HASH_LENGTH_MAX} characters"
        raise ErrInvalidRecord(what=f"validation of {msg.inference_id[:96]}", why=why)
