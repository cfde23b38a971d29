"""Epochs, their groups, their participants and their seeds.

Order of the calls at the end of a block, for whoever composes the machine:

1. `inference.process_expiry(ctx)`
2. `stages.process_epoch_stages(ctx)` (`chain/epochs/stages.py`), which by height does, in order:
   - at the end of validation: `collateral.advance_epoch`, `settlement.process_settlement` (rewards),
     `formation.process_formation`;
   - when the new groups take effect: the switch;
   - when a proof of compute starts: `params.activate_epoch_params`, the epoch's record and its empty parent
     group, `poc.process_admissions`, `inference.process_pruning`, `poc.process_pruning`.
"""

from collections.abc import Iterator
from itertools import pairwise

from chain.context import Context
from chain.epochs import rules
from chain.epochs.types import (
    ActiveParticipants,
    Boundaries,
    Epoch,
    EpochGroupData,
    EpochInfo,
    ParamsSource,
    RandomSeed,
    ValidationWeight,
)
from chain.errors import (
    ErrCurrentEpochGroupNotFound,
    ErrEffectiveEpochNotFound,
    ErrEpochGroupDataAlreadyExists,
    ErrEpochGroupDataNotFound,
    ErrIllegalState,
    ErrInvalidRecord,
    ErrPreviousEpochNotFound,
)
from chain.genesis import GenesisState
from chain.records import replace
from chain.store import Map

EPOCHS = Map(b"\x12\x00", "epochs/epochs", (int,), Epoch)
EFFECTIVE_INDEX = Map(b"\x12\x01", "epochs/effective_index", (), int)
GROUPS = Map(b"\x12\x02", "epochs/groups", (int, str), EpochGroupData)
ACTIVE_PARTICIPANTS = Map(b"\x12\x03", "epochs/active_participants", (int,), ActiveParticipants)
SEEDS = Map(b"\x12\x04", "epochs/seeds", (int, str), RandomSeed)
LAST_SEEN = Map(b"\x12\x05", "epochs/last_seen", (str, str), int)
"""Participant and machine to the last epoch that the machine was in. Follows from ACTIVE_PARTICIPANTS."""
REQUESTS = Map(b"\x12\x06", "epochs/requests", (), int)
"""Inferences completed in the effective epoch. Its parent group's record takes the number over when it ends:
the record is as large as the epoch has members, and must not be written again for every inference.
"""
COLLECTIONS = (EPOCHS, EFFECTIVE_INDEX, GROUPS, ACTIVE_PARTICIPANTS, SEEDS, LAST_SEEN, REQUESTS)

GENESIS_REPUTATION = 1
"""Reputation of the members of epoch 0, who have no record yet."""


class Epochs:
    """The epoch clock and the frozen groups."""

    def __init__(self, params: ParamsSource) -> None:
        self._params = params
        self._members: dict[str, tuple[EpochGroupData, dict[str, ValidationWeight]]] = {}

    def get_epoch(self, ctx: Context, index: int) -> Epoch | None:
        """An epoch's record, or None."""
        return EPOCHS.get(ctx.store, index)

    def set_epoch(self, ctx: Context, epoch: Epoch) -> None:
        """Writes an epoch's record."""
        EPOCHS.set(ctx.store, epoch, epoch.index)

    def get_effective(self, ctx: Context) -> Epoch:
        """The epoch whose groups serve requests now."""
        epoch = self.get_epoch(ctx, _get_effective_index(ctx))
        if epoch is None:
            raise ErrEffectiveEpochNotFound()
        return epoch

    def set_effective(self, ctx: Context, index: int) -> None:
        """Makes an epoch the effective one."""
        EFFECTIVE_INDEX.set(ctx.store, index)

    def get_upcoming(self, ctx: Context) -> Epoch | None:
        """The epoch after the effective one: from its proof-of-compute start until it takes effect."""
        return self.get_epoch(ctx, self.get_effective(ctx).index + 1)

    def get_boundaries(self, ctx: Context, epoch: Epoch) -> Boundaries:
        """The heights of the effective or the upcoming epoch, by the schedule in effect."""
        schedule = self._params.get_params(ctx).epoch
        return rules.compute_boundaries(epoch.index, epoch.poc_start_block_height, schedule)

    def get_epoch_info(self, ctx: Context) -> EpochInfo:
        """Where the chain stands at this height: in the upcoming epoch while there is one.

        The record of an upcoming epoch is the last thing that the block of its start writes, so that block's
        transactions still belong to the epoch before.
        """
        effective, upcoming = self.get_effective(ctx), self.get_upcoming(ctx)
        latest = upcoming or effective
        at = self.get_boundaries(ctx, latest)
        return rules.build_epoch_info(at, ctx.height, effective.index, latest.index)

    def get_group(self, ctx: Context, epoch_index: int, model_id: str = "") -> EpochGroupData | None:
        """A group, or None: the parent without a model, else a model's."""
        return GROUPS.get(ctx.store, epoch_index, model_id)

    def get_groups(self, ctx: Context, epoch_index: int) -> Iterator[EpochGroupData]:
        """An epoch's parent group and its sub-groups, by model."""
        return GROUPS.values(ctx.store, epoch_index)

    def set_group(self, ctx: Context, group: EpochGroupData) -> None:
        """Writes a group."""
        GROUPS.set(ctx.store, group, group.epoch_index, group.model_id)

    def find_member(self, group: EpochGroupData, address: str) -> ValidationWeight | None:
        """A member of a group, or None. The index that it makes of a group's members saves time only: it is
        of that very record, which never changes.
        """
        known = self._members.get(group.model_id)
        if known is None or known[0] is not group:
            by_address = {member.member_address: member for member in reversed(group.validation_weights)}
            known = self._members[group.model_id] = (group, by_address)
        return known[1].get(address)

    def count_request(self, ctx: Context) -> int:
        """Counts a completed inference of the effective epoch; gives how many there are now."""
        count = self.get_requests(ctx) + 1
        REQUESTS.set(ctx.store, count)
        return count

    def get_requests(self, ctx: Context) -> int:
        """Inferences completed in the effective epoch."""
        return REQUESTS.get(ctx.store) or 0

    def close_requests(self, ctx: Context) -> int:
        """The same at the epoch's end; the next one begins at 0."""
        count = self.get_requests(ctx)
        REQUESTS.delete(ctx.store)
        return count

    def describe_group(self, ctx: Context, group: EpochGroupData) -> EpochGroupData:
        """A group as it is told: the parent in effect with the requests counted so far."""
        if group.model_id or group.epoch_index != self.get_effective(ctx).index:
            return group
        return replace(group, number_of_requests=self.get_requests(ctx))

    def get_effective_group(self, ctx: Context, model_id: str = "") -> EpochGroupData | None:
        """A group of the effective epoch, or None."""
        return self.get_group(ctx, _get_effective_index(ctx), model_id)

    def require_effective_group(self, ctx: Context, model_id: str = "") -> EpochGroupData:
        """A group of the effective epoch; refuses when there is none and names what is served."""
        index = _get_effective_index(ctx)
        group = self.get_group(ctx, index, model_id)
        if group is None:
            parent = self.get_group(ctx, index)
            if parent is None:
                raise ErrCurrentEpochGroupNotFound()
            models = ", ".join(parent.sub_group_models)
            served = f"; served are: {models or 'none'}"
            raise ErrEpochGroupDataNotFound(epoch_index=index, model_id=model_id, served=served)
        return group

    def get_active_participants(self, ctx: Context, epoch_index: int) -> ActiveParticipants | None:
        """Everyone who takes part in an epoch, or None."""
        return ACTIVE_PARTICIPANTS.get(ctx.store, epoch_index)

    def set_active_participants(self, ctx: Context, active: ActiveParticipants) -> None:
        """Writes who takes part in an epoch, and remembers their machines as seen in it."""
        ACTIVE_PARTICIPANTS.set(ctx.store, active, active.epoch_id)
        for participant in active.participants:
            for array in participant.ml_nodes:
                for node in array.ml_nodes:
                    LAST_SEEN.set(ctx.store, active.epoch_id, participant.index, node.node_id)

    def get_last_seen(self, ctx: Context, address: str, node_id: str) -> int | None:
        """The last epoch that a machine was in, or None when it never was in one."""
        return LAST_SEEN.get(ctx.store, address, node_id)

    def get_seed(self, ctx: Context, epoch_index: int, address: str) -> RandomSeed | None:
        """A participant's seed of an epoch, or None."""
        return SEEDS.get(ctx.store, epoch_index, address)

    def set_seed(self, ctx: Context, seed: RandomSeed) -> None:
        """Writes a seed."""
        SEEDS.set(ctx.store, seed, seed.epoch_index, seed.participant)

    def import_genesis(self, ctx: Context, genesis: GenesisState) -> None:
        """Takes the epochs of a genesis document, or lays out epoch 0 with the genesis members. Refuses a
        document whose epochs could not have come about.
        """
        _refuse_impossible(genesis)
        if not genesis.epochs:
            self._lay_out_first_epoch(ctx, genesis)
        for epoch in genesis.epochs:
            self.set_epoch(ctx, epoch)
        for group in genesis.epoch_groups:
            running = not group.model_id and group.epoch_index == genesis.effective_epoch_index
            self.set_group(ctx, replace(group, number_of_requests=0) if running else group)
            if running and group.number_of_requests:
                REQUESTS.set(ctx.store, group.number_of_requests)
        for active in sorted(genesis.active_participants, key=lambda active: active.epoch_id):
            self.set_active_participants(ctx, active)
        for seed in genesis.seeds:
            self.set_seed(ctx, seed)
        self.set_effective(ctx, genesis.effective_epoch_index)

    def export_genesis(self, ctx: Context) -> dict[str, object]:
        """The fields of a genesis document that this room keeps."""
        return {
            "epochs": tuple(EPOCHS.values(ctx.store)),
            "effective_epoch_index": self.get_effective(ctx).index,
            "epoch_groups": tuple(self.describe_group(ctx, group) for group in GROUPS.values(ctx.store)),
            "active_participants": tuple(ACTIVE_PARTICIPANTS.values(ctx.store)),
            "seeds": tuple(SEEDS.values(ctx.store)),
        }

    def _lay_out_first_epoch(self, ctx: Context, genesis: GenesisState) -> None:
        addresses = [member.address for member in genesis.genesis_members]
        if len(dict.fromkeys(addresses)) < len(addresses):
            raise ErrInvalidRecord(what="genesis members", why="one comes twice")
        if any(member.weight < 1 for member in genesis.genesis_members):
            raise ErrInvalidRecord(what="genesis members", why="a weight is below 1")
        self.set_epoch(ctx, Epoch())
        members = tuple(
            ValidationWeight(member.address, member.weight, GENESIS_REPUTATION)
            for member in genesis.genesis_members
        )
        price = genesis.params.epoch.default_unit_of_compute_price
        total = sum(member.weight for member in members)
        self.set_group(
            ctx,
            EpochGroupData(
                validation_weights=members,
                unit_of_compute_price=price,
                total_weight=total,
                validation_params=genesis.params.validation,
            ),
        )


def _refuse_impossible(genesis: GenesisState) -> None:
    """Epochs follow one another from the first one on; the one in effect is the last or the one before it,
    and no group comes twice.
    """
    indexes, effective = [epoch.index for epoch in genesis.epochs], genesis.effective_epoch_index
    for before, index in pairwise(indexes):
        if index != before + 1:
            raise ErrPreviousEpochNotFound(epoch_index=index)
    if effective not in (indexes or [0]):
        raise ErrEffectiveEpochNotFound()
    if indexes and indexes[-1] > effective + 1:
        raise ErrIllegalState(why=f"epoch {indexes[-1]} is there while epoch {effective} is in effect")
    groups = sorted((group.epoch_index, group.model_id) for group in genesis.epoch_groups)
    for one, other in pairwise(groups):
        if one == other:
            raise ErrEpochGroupDataAlreadyExists(epoch_index=one[0], model_id=one[1])


def _get_effective_index(ctx: Context) -> int:
    return EFFECTIVE_INDEX.get(ctx.store) or 0
