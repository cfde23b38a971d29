"""The formation: who takes part in the upcoming epoch, with which machines and weight.

One eligibility map, computed once from the state at this height, decides every exclusion: from mined
nonces, from preserved machines, from weights, models, slots and groups. Every exclusion is an event with a
stable reason. When nobody is left the participants of the epoch before are seated again, so that the chain
goes on: they keep their weight and with it their vote, but their ineligible machines are left out all the
same.
"""

from collections.abc import Iterable, Mapping

from chain.context import Context
from chain.epochs import assignment, power
from chain.epochs.groups import build_parent, build_sub_group
from chain.epochs.keeper import Epochs
from chain.epochs.types import (
    ActiveParticipant,
    ActiveParticipants,
    DepositRecords,
    Epoch,
    EpochGroupData,
    JailRecords,
    MLNodeInfo,
    ModelRecords,
    NodeKey,
    ParamsSource,
    ParticipantRecords,
    ProofOfCompute,
    Reputations,
)
from chain.nodes.types import ParticipantStatus
from chain.poc.types import EligibilityMap, Mined
from chain.records import Record, replace

NO_SEED = "NO_SEED"
NO_WEIGHT = "NO_WEIGHT"
NO_COLLATERAL = "NO_COLLATERAL"
"""Its machines weigh something, but without a deposit less than one unit of it counts."""
POWER_CAP = "POWER_CAP"
"""Why a participant weighs less than its machines and its deposit would give."""
PARTICIPANT_INVALID = "PARTICIPANT_INVALID"
PARTICIPANT_JAILED = "PARTICIPANT_JAILED"
KEEPS_SERVING = "KEEPS_SERVING"
"""Why nonces of a preserved machine do not count. Not an exclusion: its old weight counts."""


class Survey(Record, frozen=True):
    """What a formation is decided from, taken once."""

    eligibility: EligibilityMap
    preserved: Mapping[str, tuple[MLNodeInfo, ...]]
    """Machines with POC_SLOT in the effective epoch, by participant."""
    excluded: Mapping[NodeKey, str]
    """Ineligible machines and why; sorted."""
    mined: Mapping[str, Mined]


class Outcome(Record, frozen=True):
    """Who is in, and who lost its place for want of a seed or of collateral, as addresses."""

    seated: frozenset[str]
    unseeded: frozenset[str]
    uncovered: frozenset[str]


class Formation:
    """Forms the groups of the upcoming epoch."""

    def __init__(
        self,
        params: ParamsSource,
        epochs: Epochs,
        nodes: ParticipantRecords,
        models: ModelRecords,
        poc: ProofOfCompute,
        deposits: DepositRecords,
        jail: JailRecords,
        reputations: Reputations,
    ) -> None:
        self._params = params
        self._epochs = epochs
        self._nodes = nodes
        self._models = models
        self._poc = poc
        self._deposits = deposits
        self._jail = jail
        self._reputations = reputations

    def process_formation(self, ctx: Context, upcoming: Epoch) -> None:
        """Decides who takes part in the upcoming epoch and freezes it."""
        survey = self._survey(ctx, upcoming)
        candidates = assignment.merge_candidates(_filter_preserved(survey), survey.mined)
        seeded = tuple(
            entry for entry in candidates if self._epochs.get_seed(ctx, upcoming.index, entry.index)
        )
        assigned = assignment.set_models_for_participants(seeded, survey.eligibility, upcoming.index)
        weighed = assignment.recompute_weights(assigned)
        formed = self._adjust_weights(ctx, upcoming, weighed)
        outcome = Outcome(
            seated=_addresses(formed),
            unseeded=_addresses(candidates) - _addresses(seeded),
            uncovered=_addresses(weighed) - _addresses(formed),
        )
        self._announce_exclusions(ctx, upcoming, survey, outcome)
        seats = formed or self._reseat(ctx, survey.eligibility)
        self._seat(ctx, upcoming, seats, reseated=not formed)

    def _adjust_weights(
        self, ctx: Context, upcoming: Epoch, weighed: tuple[ActiveParticipant, ...]
    ) -> tuple[ActiveParticipant, ...]:
        """Collateral first, then the cap; whoever weighs nothing in between is left out, so that it does
        not count among those who share the power.
        """
        params = self._params.get_params(ctx)
        covered = weighed
        if upcoming.index > params.collateral.grace_period_end_epoch:
            deposits = {entry.index: self._deposits.get_deposit(ctx, entry.index) for entry in weighed}
            terms = power.CollateralTerms(
                params.collateral.base_weight_ratio, params.collateral.collateral_per_weight_unit
            )
            adjusted = power.adjust_weights_by_collateral(weighed, deposits, terms)
            _announce_weights(ctx, upcoming, NO_COLLATERAL, weighed, adjusted)
            covered = tuple(entry for entry in adjusted if entry.weight > 0)
        capped = power.cap_power(covered, params.power.max_individual_power_percentage)
        _announce_weights(ctx, upcoming, POWER_CAP, covered, capped)
        return capped

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
            if not self._is_invalid(ctx, member.member_address)
        }

    def _is_invalid(self, ctx: Context, address: str) -> bool:
        participant = self._nodes.get_participant(ctx, address)
        invalid = participant is not None and participant.status == ParticipantStatus.INVALID
        return invalid and self._params.get_params(ctx).inference.exclude_invalid

    def _reseat(self, ctx: Context, eligibility: EligibilityMap) -> tuple[ActiveParticipant, ...]:
        """The participants in effect once more: weight kept, ineligible machines left out.

        INVALID and jailed ones are left out too, unless nobody else is there.
        """
        effective = self._epochs.get_effective(ctx)
        active = self._epochs.get_active_participants(ctx, effective.index)
        parent = self._epochs.get_group(ctx, effective.index) or EpochGroupData()
        seats = tuple(active.participants if active else ()) or tuple(
            ActiveParticipant(index=member.member_address, weight=member.weight)
            for member in parent.validation_weights
        )
        valid = tuple(
            seat
            for seat in seats
            if not self._is_invalid(ctx, seat.index) and not self._jail.is_barred(ctx, seat.index)
        )
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
        reputations = {
            participant.index: self._reputations.get_reputation(ctx, participant.index)
            for participant in participants
        }
        empty = self._epochs.get_group(ctx, upcoming.index)
        parent = build_parent(empty, upcoming, participants, reputations)
        self._epochs.set_group(ctx, parent)
        for model_id in parent.sub_group_models:
            snapshot = self._models.get_model(ctx, model_id)
            group = build_sub_group(upcoming, model_id, participants, reputations)
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
                reason = NO_COLLATERAL if address in outcome.uncovered else reason
                reason = reason or self._find_absence(ctx, address)
                ctx.emit(
                    "participant_excluded", epoch_index=upcoming.index, participant=address, reason=reason
                )
            elif rejection:
                ctx.emit("mining_rejected", epoch_index=upcoming.index, participant=address, reason=rejection)

    def _find_absence(self, ctx: Context, address: str) -> str:
        if self._is_invalid(ctx, address):
            return PARTICIPANT_INVALID
        return PARTICIPANT_JAILED if self._jail.is_barred(ctx, address) else NO_WEIGHT


def _filter_preserved(survey: Survey) -> dict[str, tuple[MLNodeInfo, ...]]:
    """Preserved machines that are still eligible; participants without any are left out."""
    kept = {}
    for address, nodes in survey.preserved.items():
        eligible = tuple(node for node in nodes if survey.eligibility.find(address, node.node_id).eligible)
        if eligible:
            kept[address] = eligible
    return kept


def _announce_weights(
    ctx: Context,
    upcoming: Epoch,
    reason: str,
    before: Iterable[ActiveParticipant],
    after: Iterable[ActiveParticipant],
) -> None:
    for old, new in zip(before, after, strict=True):
        if new.weight != old.weight:
            ctx.emit(
                "weight_reduced",
                epoch_index=upcoming.index,
                participant=new.index,
                before=old.weight,
                after=new.weight,
                reason=reason,
            )


def _addresses(participants: Iterable[ActiveParticipant]) -> frozenset[str]:
    return frozenset(participant.index for participant in participants)
