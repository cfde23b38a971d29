"""What was re-executed and by whom, what a participant missed to re-execute, and its reputation."""

from collections.abc import Iterator

from chain.context import Context
from chain.epochs.types import Epoch, EpochGroupData
from chain.genesis import GenesisState
from chain.inference.types import InferenceValidationDetails
from chain.records import Record
from chain.store import Map
from chain.validation import rules
from chain.validation.params import ValidationParams
from chain.validation.types import (
    EpochGroups,
    EpochGroupValidations,
    InferenceRecords,
    InferenceValidation,
    InferenceVote,
    ParamsSource,
    ValidatorPower,
    VoteOutcome,
)
from chain.waking import NEVER, Wakeup

VALIDATIONS = Map(b"\x17\x00", "validation/validations", (int, str, str), InferenceValidation)
"""By epoch, participant and inference."""
VOTES = Map(b"\x17\x01", "validation/votes", (str,), InferenceVote)
DEADLINES = Map(b"\x17\x02", "validation/deadlines", (int, str), int)
"""Height and inference of every open vote to its epoch. Follows from VOTES."""
COLLECTIONS = (VALIDATIONS, VOTES, DEADLINES)

POC_SLOT = 1
"""Place of the slot that keeps a machine serving in the next proof of compute."""


class Duty(Record, frozen=True):
    """What a participant may have to re-execute of a model in an epoch."""

    power: int
    """Its weight among those who serve the model; 0 when it does not."""
    keeps_serving: bool
    """Whether one of its machines serves the model in the next proof of compute too."""
    executors: frozenset[str]
    """The others who serve the model."""


class Validations:
    """Records of validation."""

    def __init__(self, params: ParamsSource, epochs: EpochGroups, inferences: InferenceRecords) -> None:
        self._params = params
        self._epochs = epochs
        self._inferences = inferences

    def get_epoch_params(self, ctx: Context, epoch_index: int) -> ValidationParams:
        """How an epoch is judged: by the parameters of the block in which it took effect. By those in effect
        now where its group does not say.
        """
        group = self._epochs.get_group(ctx, epoch_index)
        frozen = group.validation_params if group else None
        return frozen or self._params.get_params(ctx).validation

    def get_current_params(self, ctx: Context) -> ValidationParams:
        """How the epoch in effect is judged."""
        return self.get_epoch_params(ctx, self._epochs.get_effective(ctx).index)

    def get_validation(
        self, ctx: Context, epoch_index: int, participant: str, inference_id: str
    ) -> InferenceValidation | None:
        """What a participant found when it re-executed an inference of an epoch, or None."""
        return VALIDATIONS.get(ctx.store, epoch_index, participant, inference_id)

    def set_validation(self, ctx: Context, record: InferenceValidation) -> None:
        """Writes what a participant found."""
        VALIDATIONS.set(ctx.store, record, record.epoch_index, record.participant, record.inference_id)

    def get_epoch_group_validations(
        self, ctx: Context, participant: str, epoch_index: int
    ) -> EpochGroupValidations:
        """What a participant re-executed of an epoch; an empty list when nothing."""
        found = (record.inference_id for record in VALIDATIONS.values(ctx.store, epoch_index, participant))
        return EpochGroupValidations(participant, epoch_index, tuple(found))

    def get_vote(self, ctx: Context, inference_id: str) -> InferenceVote | None:
        """The vote on an inference, open or decided, or None."""
        return VOTES.get(ctx.store, inference_id)

    def set_vote(self, ctx: Context, vote: InferenceVote) -> None:
        """Writes a vote; an open one is due at its deadline."""
        VOTES.set(ctx.store, vote, vote.inference_id)
        if vote.outcome == VoteOutcome.OPEN:
            DEADLINES.set(ctx.store, vote.epoch_index, vote.deadline_block_height, vote.inference_id)
        else:
            DEADLINES.delete(ctx.store, vote.deadline_block_height, vote.inference_id)

    def get_due_votes(self, ctx: Context) -> tuple[InferenceVote, ...]:
        """Open votes that end with this block, by inference."""
        due = (VOTES.get(ctx.store, str(key[1])) for key, _ in DEADLINES.items(ctx.store, ctx.height))
        return tuple(vote for vote in due if vote is not None)

    def find_wakeup(self, ctx: Context) -> Wakeup:
        """The next height with which an open vote ends."""
        first = DEADLINES.find_first(ctx.store, ctx.height + 1)
        return Wakeup() if first is None else Wakeup(height=first)

    def find_deadline(self, ctx: Context) -> int:
        """The next height at which an open vote ends; a height that never comes without one."""
        first = DEADLINES.find_first(ctx.store, ctx.height + 1)
        return NEVER if first is None else first

    def get_missed_validations(
        self, ctx: Context, participant: str, epoch_index: int, seed: int
    ) -> tuple[str, ...]:
        """Inferences of an epoch that a participant had to re-execute by its seed and did not, sorted.

        It had to when all of this holds: another one executed it; both serve its model in that epoch; it was
        completed before the cutoff, or the participant kept a machine serving after it; the seed draws it.
        """
        params, cutoff = self.get_epoch_params(ctx, epoch_index), self._compute_cutoff(ctx, epoch_index)
        duties: dict[str, Duty] = {}
        missed = []
        for details in self._inferences.get_epoch_details(ctx, epoch_index):
            ctx.work += 1
            if details.model not in duties:
                group = self._epochs.get_group(ctx, epoch_index, details.model) or EpochGroupData()
                duties[details.model] = _build_duty(group, participant)
            duty = duties[details.model]
            if (
                _is_within(duty, details, cutoff)
                and rules.should_validate(seed, details, duty.power, params)
                and self.get_validation(ctx, epoch_index, participant, details.inference_id) is None
            ):
                missed.append(details.inference_id)
        return tuple(missed)

    def get_validator_power(
        self, ctx: Context, participant: str, epoch_index: int, model: str
    ) -> ValidatorPower:
        """A participant's weight among those who serve a model in an epoch; 0 when it does not."""
        group = self._epochs.get_group(ctx, epoch_index, model) or EpochGroupData()
        weights = (
            member.weight for member in group.validation_weights if member.member_address == participant
        )
        return ValidatorPower(model, epoch_index, max(next(weights, 0), 0))

    def get_reputation(self, ctx: Context, participant: str) -> int:
        """A participant's reputation by its settled epochs, 0 to 100."""
        records = (
            (summary.inference_count, summary.missed_requests)
            for summary in self._inferences.get_summaries(ctx, participant)
        )
        return rules.compute_reputation(records, self._params.get_params(ctx).validation)

    def process_pruning(self, ctx: Context, upcoming_index: int) -> None:
        """Forgets votes of inferences that are forgotten already, and validations with what decided who had
        to: until then a claim may ask for both, and none can be validated twice.
        """
        threshold = self._params.get_params(ctx).epoch.inference_pruning_epoch_threshold
        for key, record in list(VALIDATIONS.items(ctx.store)):
            if record.epoch_index + threshold > upcoming_index:
                break
            if self._inferences.get_details(ctx, record.epoch_index, record.inference_id) is None:
                VALIDATIONS.delete(ctx.store, *key)
        for vote in list(VOTES.values(ctx.store)):
            if self._inferences.get_inference(ctx, vote.inference_id) is None:
                VOTES.delete(ctx.store, vote.inference_id)

    def import_genesis(self, ctx: Context, genesis: GenesisState) -> None:
        """Takes validations and votes of a genesis document."""
        for record in genesis.inference_validations:
            self.set_validation(ctx, record)
        for vote in genesis.inference_votes:
            self.set_vote(ctx, vote)

    def export_genesis(self, ctx: Context) -> dict[str, object]:
        """The fields of a genesis document that this room keeps."""
        return {
            "inference_validations": tuple(VALIDATIONS.values(ctx.store)),
            "inference_votes": tuple(self._get_votes(ctx)),
        }

    def _compute_cutoff(self, ctx: Context, epoch_index: int) -> int:
        """The height from which on only who keeps serving must validate: some blocks before the next proof of
        compute, by the schedule of the epoch itself.
        """
        parent = self._epochs.get_group(ctx, epoch_index)
        if parent is not None and parent.validation_cutoff_block_height:
            return parent.validation_cutoff_block_height
        following = self._epochs.get_epoch(ctx, epoch_index + 1)
        if following is not None:
            start = following.poc_start_block_height
        else:
            epoch = self._epochs.get_epoch(ctx, epoch_index) or Epoch(epoch_index)
            start = self._epochs.get_boundaries(ctx, epoch).next_poc_start
        return start - self._params.get_params(ctx).epoch.inference_validation_cutoff

    def _get_votes(self, ctx: Context) -> Iterator[InferenceVote]:
        return VOTES.values(ctx.store)


def _build_duty(group: EpochGroupData, participant: str) -> Duty:
    own = next((entry for entry in group.validation_weights if entry.member_address == participant), None)
    others = (entry.member_address for entry in group.validation_weights)
    slots = (node.timeslot_allocation[POC_SLOT:] for node in (own.ml_nodes if own else ()))
    return Duty(
        power=max(own.weight, 0) if own else 0,
        keeps_serving=any(slot[:1] == (True,) for slot in slots),
        executors=frozenset(address for address in others if address != participant),
    )


def _is_within(duty: Duty, details: InferenceValidationDetails, cutoff: int) -> bool:
    """Whether an inference may be drawn at all."""
    early = details.created_at_block_height < cutoff
    return duty.power > 0 and details.executor_id in duty.executors and (early or duty.keeps_serving)
