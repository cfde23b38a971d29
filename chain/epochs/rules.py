"""The epoch clock: what a height means.

Everything follows from the height P at which an epoch's proof of compute starts and from the lengths of its
stages. Boundaries are whole blocks; winding down begins after eight tenths of a stage, rounded down.
"""

from chain.epochs.types import Boundaries, EpochInfo, EpochParams, EpochPhase


def compute_boundaries(epoch_index: int, poc_start: int, params: EpochParams) -> Boundaries:
    """The heights of an epoch whose proof of compute starts at `poc_start`."""
    if epoch_index == 0:
        return Boundaries(epoch_index, next_poc_start=params.epoch_length - params.epoch_shift)
    generation_end = poc_start + params.poc_stage_duration
    validation_start = generation_end + params.poc_validation_delay
    validation_end = validation_start + params.poc_validation_duration
    set_new_validators = validation_end + params.set_new_validators_delay
    return Boundaries(
        epoch_index=epoch_index,
        poc_start=poc_start,
        generation_wind_down=poc_start + 8 * params.poc_stage_duration // 10,
        generation_end=generation_end,
        exchange_deadline=generation_end + params.poc_exchange_duration,
        validation_start=validation_start,
        validation_wind_down=validation_start + 8 * params.poc_validation_duration // 10,
        validation_end=validation_end,
        set_new_validators=set_new_validators,
        claim=set_new_validators + 1,
        next_poc_start=poc_start + params.epoch_length,
    )


def compute_phase(at: Boundaries, height: int) -> EpochPhase:
    """The phase of a height in an epoch. Outside its proof of compute, and in all of epoch 0: INFERENCE."""
    if at.epoch_index == 0 or not at.poc_start <= height < at.validation_end:
        return EpochPhase.INFERENCE
    if height < at.generation_wind_down:
        return EpochPhase.POC_GENERATE
    if height < at.validation_start:
        return EpochPhase.POC_GENERATE_WIND_DOWN
    if height < at.validation_wind_down:
        return EpochPhase.POC_VALIDATE
    return EpochPhase.POC_VALIDATE_WIND_DOWN


def is_batch_height(at: Boundaries, height: int) -> bool:
    """Whether batches and seeds are accepted: P + 1 to the exchange deadline."""
    return at.epoch_index > 0 and at.poc_start < height <= at.exchange_deadline


def is_vote_height(at: Boundaries, height: int) -> bool:
    """Whether votes are accepted: the height after the validation start to the end of validation."""
    return at.epoch_index > 0 and at.validation_start < height <= at.validation_end


def build_epoch_info(at: Boundaries, height: int, effective_index: int, latest_index: int) -> EpochInfo:
    """The boundaries as they are told to the outside."""
    return EpochInfo(
        block_height=height,
        effective_epoch_index=effective_index,
        latest_epoch_index=latest_index,
        phase=compute_phase(at, height),
        poc_start_block_height=at.poc_start,
        generation_wind_down_block_height=at.generation_wind_down,
        generation_end_block_height=at.generation_end,
        exchange_deadline_block_height=at.exchange_deadline,
        validation_start_block_height=at.validation_start,
        validation_wind_down_block_height=at.validation_wind_down,
        validation_end_block_height=at.validation_end,
        set_new_validators_block_height=at.set_new_validators,
        claim_block_height=at.claim,
        next_poc_start_block_height=at.next_poc_start,
        epoch_index=at.epoch_index,
    )
