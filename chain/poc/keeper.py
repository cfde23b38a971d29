"""Batches, votes and admissions of each proof of compute."""

from collections.abc import Mapping

from chain.context import Context
from chain.epochs.types import Epoch
from chain.errors import ErrNodeNotInEpoch
from chain.genesis import GenesisState
from chain.limits import NODE_ID_LENGTH_MAX, is_identifier
from chain.poc import admission, rules
from chain.poc.types import (
    EligibilityMap,
    EpochClock,
    JailRecords,
    Mined,
    ModelRegistry,
    NodeRegistry,
    ParamsSource,
    PocAdmissions,
    PoCBatch,
    PoCValidation,
)
from chain.store import Map

BATCHES = Map(b"\x13\x00", "poc/batches", (int, str, str, str), PoCBatch)
"""By stage, participant, machine and batch. The same key written again replaces the batch."""
VALIDATIONS = Map(b"\x13\x01", "poc/validations", (int, str, str), PoCValidation)
"""By stage, participant and validator."""
ADMISSIONS = Map(b"\x13\x02", "poc/admissions", (int,), PocAdmissions)
COLLECTIONS = (BATCHES, VALIDATIONS, ADMISSIONS)

PRUNING_REACH = 5
"""Pruning looks back this many thresholds, so that its cost stays bounded."""


class Poc:
    """Proof of compute."""

    def __init__(
        self,
        params: ParamsSource,
        models: ModelRegistry,
        nodes: NodeRegistry,
        epochs: EpochClock,
        jail: JailRecords,
    ) -> None:
        self._params = params
        self._models = models
        self._nodes = nodes
        self._epochs = epochs
        self._jail = jail

    def get_batches(self, ctx: Context, height: int) -> tuple[PoCBatch, ...]:
        """Batches of the proof of compute that started at a height, by participant, machine and batch."""
        return tuple(BATCHES.values(ctx.store, height))

    def has_batches(self, ctx: Context, height: int, address: str) -> bool:
        """Whether a participant handed in nonces."""
        return next(BATCHES.values(ctx.store, height, address), None) is not None

    def set_batch(self, ctx: Context, batch: PoCBatch) -> None:
        """Writes a batch."""
        height, owner = batch.poc_stage_start_block_height, batch.participant_address
        BATCHES.set(ctx.store, batch, height, owner, batch.node_id, batch.batch_id)

    def get_validations(self, ctx: Context, height: int) -> tuple[PoCValidation, ...]:
        """Votes of the proof of compute that started at a height, by participant and validator."""
        return tuple(VALIDATIONS.values(ctx.store, height))

    def set_validation(self, ctx: Context, vote: PoCValidation) -> None:
        """Writes a vote; a second one of the same validator replaces the first."""
        height, about = vote.poc_stage_start_block_height, vote.participant_address
        VALIDATIONS.set(ctx.store, vote, height, about, vote.validator_participant_address)

    def get_admissions(self, ctx: Context, epoch_index: int) -> PocAdmissions | None:
        """Who may mine for an epoch, or None."""
        return ADMISSIONS.get(ctx.store, epoch_index)

    def get_eligibility(self, ctx: Context) -> EligibilityMap:
        """Who may take part as things stand, frozen."""
        return rules.compute_eligibility(
            self._nodes.get_participants(ctx),
            self._nodes.get_all_hardware(ctx),
            self._models.get_resolver(ctx),
            self._params.get_params(ctx).inference.exclude_invalid,
            self._jail.get_barred(ctx),
        )

    def get_participant_eligibility(self, ctx: Context, address: str) -> EligibilityMap:
        """The same function over one participant's machines only: cheap enough for every batch."""
        participant = self._nodes.get_participant(ctx, address)
        hardware = self._nodes.get_hardware(ctx, address)
        return rules.compute_eligibility(
            (participant,) if participant else (),
            (hardware,) if hardware else (),
            self._models.get_resolver(ctx),
            self._params.get_params(ctx).inference.exclude_invalid,
            (address,) if self._jail.is_barred(ctx, address) else (),
        )

    def get_batch_nodes(self, ctx: Context, height: int) -> tuple[tuple[str, str], ...]:
        """Machines that handed in nonces, as owner and local_id, sorted."""
        batches = self.get_batches(ctx, height)
        return tuple(sorted(dict.fromkeys((batch.participant_address, batch.node_id) for batch in batches)))

    def get_mined(
        self,
        ctx: Context,
        height: int,
        excluded: Mapping[tuple[str, str], str],
        validators: Mapping[str, int],
    ) -> dict[str, Mined]:
        """What each participant mined and whether the validators accept it, sorted by address.

        `excluded` names machines whose nonces do not count, `validators` the voting weights.
        """
        claims = rules.compute_claims(self.get_batches(ctx, height), excluded)
        exclude_invalid = self._params.get_params(ctx).inference.exclude_invalid
        jailed = self._jail.get_barred(ctx)
        electorate = rules.build_electorate(validators)
        mined = {}
        for address in sorted(claims):
            votes = VALIDATIONS.values(ctx.store, height, address)
            participant = self._nodes.get_participant(ctx, address)
            mined[address] = rules.judge_mined(
                participant, claims[address], votes, electorate, exclude_invalid, jailed
            )
        return mined

    def check_admission(self, ctx: Context, address: str, node_id: str) -> None:
        """Refuses a machine that may not hand in nonces, or that is disabled."""
        if not is_identifier(node_id, NODE_ID_LENGTH_MAX):
            raise ErrNodeNotInEpoch(node_id=node_id, participant=address)
        facts = self._collect_facts(ctx, address, node_id)
        policy = admission.find_policy(self._params.get_params(ctx).poc, facts.effective_index + 1)
        admission.refuse_unadmitted(policy, facts)

    def process_admissions(self, ctx: Context, epoch: Epoch) -> int:
        """Freezes who may mine for an epoch, and with which model; how many machines."""
        admitted = rules.build_admissions(self.get_eligibility(ctx))
        admissions = PocAdmissions(epoch.index, epoch.poc_start_block_height, admitted)
        ADMISSIONS.set(ctx.store, admissions, epoch.index)
        return len(admitted)

    def process_pruning(self, ctx: Context, upcoming_index: int) -> None:
        """Forgets batches, votes and admissions of epochs that are old enough."""
        threshold = self._params.get_params(ctx).poc.poc_data_pruning_epoch_threshold
        first = max(1, upcoming_index - PRUNING_REACH * threshold)
        for index in range(first, upcoming_index - threshold + 1):
            epoch = self._epochs.get_epoch(ctx, index)
            if epoch is None:
                continue
            ADMISSIONS.delete(ctx.store, index)
            for collection in (BATCHES, VALIDATIONS):
                for key, _ in collection.items(ctx.store, epoch.poc_start_block_height):
                    collection.delete(ctx.store, *key)

    def import_genesis(self, ctx: Context, genesis: GenesisState) -> None:
        """Takes admissions, batches and votes of a genesis document as they are."""
        for admissions in genesis.poc_admissions:
            ADMISSIONS.set(ctx.store, admissions, admissions.epoch_index)
        for batch in genesis.poc_batches:
            self.set_batch(ctx, batch)
        for vote in genesis.poc_validations:
            self.set_validation(ctx, vote)

    def export_genesis(self, ctx: Context) -> dict[str, object]:
        """The fields of a genesis document that this room keeps."""
        return {
            "poc_admissions": tuple(ADMISSIONS.values(ctx.store)),
            "poc_batches": tuple(BATCHES.values(ctx.store)),
            "poc_validations": tuple(VALIDATIONS.values(ctx.store)),
        }

    def _collect_facts(self, ctx: Context, address: str, node_id: str) -> admission.Facts:
        effective = self._epochs.get_effective(ctx)
        active = self._epochs.get_active_participants(ctx, effective.index)
        frozen = self.get_admissions(ctx, effective.index + 1)
        admitted = frozen.admissions if frozen else ()
        return admission.Facts(
            eligibility=self.get_participant_eligibility(ctx, address).find(address, node_id),
            in_snapshot=rules.is_admitted(admitted, address, node_id),
            in_effective_epoch=self._is_in_effective_epoch(ctx, address, node_id),
            effective_index=effective.index,
            effective_reseated=active is not None and active.reseated,
            last_seen=self._epochs.get_last_seen(ctx, address, node_id),
            machine_fault=rules.find_record_fault(self._nodes.get_hardware(ctx, address), node_id),
        )

    def _is_in_effective_epoch(self, ctx: Context, address: str, node_id: str) -> bool:
        parent = self._epochs.get_effective_group(ctx)
        for model_id in parent.sub_group_models if parent else ():
            group = self._epochs.get_effective_group(ctx, model_id)
            member = self._epochs.find_member(group, address) if group else None
            if member is not None and any(node.node_id == node_id for node in member.ml_nodes):
                return True
        return False
