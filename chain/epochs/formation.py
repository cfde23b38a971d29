"""The formation: who takes part in the upcoming epoch, with which machines and weight.

One eligibility map, computed once from the state at this height, decides every exclusion: from mined
nonces, from preserved machines, from weights, models, slots and groups. Every exclusion is an event with a
stable reason. When nobody is left the participants of the epoch before are seated again, so that the chain
goes on: they keep their weight and with it their vote, but their ineligible machines are left out all the
same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from chain.context import Context
from chain.epochs import assignment
from chain.epochs.keeper import Epochs
from chain.epochs.types import (
    ActiveParticipant,
    ActiveParticipants,
    Epoch,
    EpochGroupData,
    MLNodeInfo,
    ModelMLNodes,
    ModelRecords,
    NodeKey,
    ParamsSource,
    ParticipantRecords,
    ProofOfCompute,
    SeedSignature,
    ValidationWeight,
)
from chain.nodes.types import ParticipantStatus
from chain.poc.types import EligibilityMap, Mined

NO_SEED = "NO_SEED"
NO_WEIGHT = "NO_WEIGHT"
PARTICIPANT_INVALID = "PARTICIPANT_INVALID"
KEEPS_SERVING = "KEEPS_SERVING"
"""Why nonces of a preserved machine do not count. Not an exclusion: its old weight counts."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What a formation is decided from, taken once."""

    eligibility: EligibilityMap
    preserved: Mapping[str, tuple[MLNodeInfo, ...]]
    """Machines with POC_SLOT in the effective epoch, by participant."""
    excluded: Mapping[NodeKey, str]
    """Ineligible machines and why; sorted."""
    mined: Mapping[str, Mined]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Who is in and who lost its place for want of a seed, as addresses."""

    seated: frozenset[str]
    unseeded: frozenset[str]


class Formation:
    """Forms the groups of the upcoming epoch."""

    def __init__(
        self,
        params: ParamsSource,
        epochs: Epochs,
        nodes: ParticipantRecords,
        models: ModelRecords,
        poc: ProofOfCompute,
    ) -> None:
        self._params = params
        self._epochs = epochs
        self._nodes = nodes
        self._models = models
        self._poc = poc

    def process_formation(self, ctx: Context, upcoming: Epoch) -> None:
        """Decides who takes part in the upcoming epoch and freezes it."""
        survey = self._survey(ctx, upcoming)
        candidates = assignment.merge_candidates(_filter_preserved(survey), survey.mined)
        seeded = tuple(
            entry for entry in candidates if self._epochs.get_seed(ctx, upcoming.index, entry.index)
        )
        assigned = assignment.set_models_for_participants(seeded, survey.eligibility, upcoming.index)
        formed = assignment.recompute_weights(assigned)
        outcome = Outcome(_addresses(formed), _addresses(candidates) - _addresses(seeded))
        self._announce_exclusions(ctx, upcoming, survey, outcome)
        seats = formed or self._reseat(ctx, survey.eligibility)
        self._seat(ctx, upcoming, seats, reseated=not formed)

    def _survey(self, ctx: Context, upcoming: Epoch) -> Survey:
        effective = self._epochs.get_effective(ctx)
        parent = self._epochs.get_group(ctx, effective.index) or EpochGroupData()
        eligibility = self._poc.get_eligibility(ctx)
        preserved = assignment.collect_preserved(
            self._epochs.get_active_participants(ctx, effective.index),
            (member.member_address for member in parent.validation_weights),
        )
        height = upcoming.poc_start_block_height
        preserved_keys = [(address, node.node_id) for address in preserved for node in preserved[address]]
        named = {*eligibility.entries, *self._poc.get_batch_nodes(ctx, height), *preserved_keys}
        found = {key: eligibility.find(*key) for key in sorted(named)}
        excluded = {key: found[key].reason for key in sorted(named) if not found[key].eligible}
        uncounted = {**dict.fromkeys(preserved_keys, KEEPS_SERVING), **excluded}
        mined = self._poc.get_mined(ctx, height, uncounted, self._get_validators(ctx, parent))
        return Survey(eligibility, preserved, excluded, mined)

    def _get_validators(self, ctx: Context, parent: EpochGroupData) -> dict[str, int]:
        """Voting weights: the members of the parent group in effect that are not INVALID."""
        return {
            member.member_address: member.weight
            for member in parent.validation_weights
            if not self._is_left_out(ctx, member.member_address)
        }

    def _is_left_out(self, ctx: Context, address: str) -> bool:
        participant = self._nodes.get_participant(ctx, address)
        invalid = participant is not None and participant.status == ParticipantStatus.INVALID
        return invalid and self._params.get_params(ctx).inference.exclude_invalid

    def _reseat(self, ctx: Context, eligibility: EligibilityMap) -> tuple[ActiveParticipant, ...]:
        """The participants in effect once more: weight kept, ineligible machines left out.

        INVALID ones are left out too, unless nobody else is there.
        """
        effective = self._epochs.get_effective(ctx)
        active = self._epochs.get_active_participants(ctx, effective.index)
        parent = self._epochs.get_group(ctx, effective.index) or EpochGroupData()
        seats = tuple(active.participants if active else ()) or tuple(
            ActiveParticipant(index=member.member_address, weight=member.weight)
            for member in parent.validation_weights
        )
        valid = tuple(seat for seat in seats if not self._is_left_out(ctx, seat.index))
        return tuple(assignment.drop_ineligible(seat, eligibility) for seat in valid or seats)

    def _seat(
        self, ctx: Context, upcoming: Epoch, seats: Iterable[ActiveParticipant], reseated: bool
    ) -> None:
        """Writes the participants, the parent group and the sub-groups of the upcoming epoch."""
        participants = tuple(self._complete(ctx, upcoming, seat) for seat in seats)
        self._epochs.set_active_participants(
            ctx,
            ActiveParticipants(
                participants=participants,
                poc_start_block_height=upcoming.poc_start_block_height,
                effective_block_height=self._epochs.get_boundaries(ctx, upcoming).set_new_validators,
                created_at_block_height=ctx.height,
                epoch_id=upcoming.index,
                reseated=reseated,
            ),
        )
        parent = build_parent(self._epochs.get_group(ctx, upcoming.index), upcoming, participants)
        self._epochs.set_group(ctx, parent)
        for model_id in parent.sub_group_models:
            snapshot = self._models.get_model(ctx, model_id)
            group = build_sub_group(upcoming, model_id, participants)
            self._epochs.set_group(ctx, replace(group, model_snapshot=snapshot))
        ctx.emit(
            "epoch_formed",
            epoch_index=upcoming.index,
            participants=len(participants),
            total_weight=parent.total_weight,
            reseated=reseated,
        )

    def _complete(self, ctx: Context, upcoming: Epoch, seat: ActiveParticipant) -> ActiveParticipant:
        """A seat with what the participant says of itself, and with its seed of the upcoming epoch."""
        participant = self._nodes.get_participant(ctx, seat.index)
        return replace(
            seat,
            validator_key=participant.validator_key if participant else "",
            inference_url=participant.inference_url if participant else "",
            seed=self._epochs.get_seed(ctx, upcoming.index, seat.index),
        )

    def _announce_exclusions(self, ctx: Context, upcoming: Epoch, survey: Survey, outcome: Outcome) -> None:
        for (address, node_id), reason in survey.excluded.items():
            ctx.emit(
                "node_excluded",
                epoch_index=upcoming.index,
                participant=address,
                node_id=node_id,
                reason=reason,
            )
        previous = self._epochs.get_active_participants(ctx, upcoming.index - 1)
        before = (entry.index for entry in (previous.participants if previous else ()))
        for address in sorted({*survey.mined, *outcome.unseeded, *before}):
            rejection = survey.mined[address].rejection if address in survey.mined else ""
            if address not in outcome.seated:
                reason = NO_SEED if address in outcome.unseeded else rejection
                reason = reason or self._find_absence(ctx, address)
                ctx.emit(
                    "participant_excluded", epoch_index=upcoming.index, participant=address, reason=reason
                )
            elif rejection:
                ctx.emit("mining_rejected", epoch_index=upcoming.index, participant=address, reason=rejection)

    def _find_absence(self, ctx: Context, address: str) -> str:
        return PARTICIPANT_INVALID if self._is_left_out(ctx, address) else NO_WEIGHT


def build_parent(
    empty: EpochGroupData | None, upcoming: Epoch, participants: tuple[ActiveParticipant, ...]
) -> EpochGroupData:
    """The parent group with all members, their seeds and the models that somebody serves."""
    base = empty or EpochGroupData(
        poc_start_block_height=upcoming.poc_start_block_height, epoch_index=upcoming.index
    )
    models = dict.fromkeys(model_id for participant in participants for model_id in participant.models)
    return replace(
        base,
        member_seed_signatures=tuple(
            SeedSignature(participant.index, participant.seed.signature)
            for participant in participants
            if participant.seed
        ),
        validation_weights=tuple(
            ValidationWeight(participant.index, participant.weight) for participant in participants
        ),
        total_weight=sum(participant.weight for participant in participants),
        sub_group_models=tuple(models),
    )


def build_sub_group(
    upcoming: Epoch, model_id: str, participants: Iterable[ActiveParticipant]
) -> EpochGroupData:
    """One model's group: whoever serves it, each with its whole weight and the machines that serve it."""
    members = tuple(
        ValidationWeight(
            participant.index, participant.weight, ml_nodes=_get_model_nodes(participant, model_id)
        )
        for participant in participants
        if model_id in participant.models
    )
    return EpochGroupData(
        poc_start_block_height=upcoming.poc_start_block_height,
        validation_weights=members,
        total_weight=sum(member.weight for member in members),
        model_id=model_id,
        epoch_index=upcoming.index,
    )


def _get_model_nodes(participant: ActiveParticipant, model_id: str) -> tuple[MLNodeInfo, ...]:
    array: ModelMLNodes = participant.ml_nodes[participant.models.index(model_id)]
    return array.ml_nodes


def _filter_preserved(survey: Survey) -> dict[str, tuple[MLNodeInfo, ...]]:
    """Preserved machines that are still eligible; participants without any are left out."""
    kept = {}
    for address, nodes in survey.preserved.items():
        eligible = tuple(node for node in nodes if survey.eligibility.find(address, node.node_id).eligible)
        if eligible:
            kept[address] = eligible
    return kept


def _addresses(participants: Iterable[ActiveParticipant]) -> frozenset[str]:
    return frozenset(participant.index for participant in participants)
