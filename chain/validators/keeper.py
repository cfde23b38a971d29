"""The validators of the consensus that orders blocks.

The chain decides who they are; whoever drives the machine hands its decisions on. What a block changes here
are its validator updates, so that nothing else has to be remembered: the set that was handed out last is the
stored one.
"""

from base64 import b64decode
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from operator import itemgetter

from chain.block import ValidatorUpdate
from chain.context import Context
from chain.errors import ErrInvalidRecord
from chain.genesis import GenesisState
from chain.genesis_order import refuse_unsorted
from chain.nodes.types import ParticipantStatus
from chain.store import Map, Store
from chain.validators import rules
from chain.validators.types import EpochGroups, ParamsSource, ParticipantRecords, Validator

VALIDATORS = Map(b"\x1a\x00", "validators/validators", (str,), Validator)
"""By consensus key, base64."""
COLLECTIONS = (VALIDATORS,)


class Validators:
    """Keeps the validators."""

    def __init__(self, params: ParamsSource, epochs: EpochGroups, nodes: ParticipantRecords) -> None:
        self._params = params
        self._epochs = epochs
        self._nodes = nodes

    def get_validators(self, ctx: Context) -> Iterator[Validator]:
        """All validators, by key."""
        return VALIDATORS.values(ctx.store)

    def process_members(self, ctx: Context) -> None:
        """Makes the set follow the members in effect. Called when they change: an epoch has taken effect, or
        one of them became INVALID or is not any more. A set of nobody is never handed out: then the last one
        stays.
        """
        weights = self._collect_weights(ctx)
        params = self._params.get_params(ctx).consensus
        chosen = rules.compute_validators(weights, self._collect_keys(ctx, weights), params)
        if not chosen:
            return
        before = {validator.public_key: validator for validator in self.get_validators(ctx)}
        after = {validator.public_key: validator for validator in chosen}
        for key in before:
            if key not in after:
                VALIDATORS.delete(ctx.store, key)
        for key, validator in after.items():
            if before.get(key) != validator:
                VALIDATORS.set(ctx.store, validator, key)
        for key, power in rules.compute_updates(_powers(before), _powers(after)):
            ctx.emit("validator_updated", public_key=key, power=power)

    def import_genesis(self, ctx: Context, genesis: GenesisState) -> None:
        """Takes the set of a genesis document; that of a new chain follows from its members."""
        if not genesis.epochs and not genesis.validators:
            self.process_members(ctx)
        refuse_unsorted("validators", [validator.public_key for validator in genesis.validators])
        if fault := rules.find_fault(genesis.validators):
            raise ErrInvalidRecord(what="genesis validators", why=fault)
        for validator in genesis.validators:
            VALIDATORS.set(ctx.store, validator, validator.public_key)

    def export_genesis(self, ctx: Context) -> dict[str, object]:
        """The field of a genesis document that this room keeps."""
        return {"validators": tuple(self.get_validators(ctx))}

    def _collect_weights(self, ctx: Context) -> dict[str, int]:
        """Members of the parent group in effect, without those that are INVALID (`exclude_invalid`)."""
        group = self._epochs.get_effective_group(ctx)
        exclude_invalid = self._params.get_params(ctx).inference.exclude_invalid
        weights = {}
        for member in group.validation_weights if group else ():
            participant = self._nodes.get_participant(ctx, member.member_address)
            invalid = participant is not None and participant.status == ParticipantStatus.INVALID
            if not (invalid and exclude_invalid):
                weights[member.member_address] = member.weight
        return weights

    def _collect_keys(self, ctx: Context, members: dict[str, int]) -> dict[str, str]:
        """Consensus keys as they were frozen with the epoch; in epoch 0 as the participants name them."""
        active = self._epochs.get_active_participants(ctx, self._epochs.get_effective(ctx).index)
        named: dict[str, str] = {}
        if active is not None:
            named = {entry.index: entry.validator_key for entry in active.participants}
        else:
            for address in members:
                participant = self._nodes.get_participant(ctx, address)
                named[address] = participant.validator_key if participant else ""
        return {address: key for address, key in named.items() if rules.is_consensus_key(key)}


def find_updates(
    changes: Sequence[tuple[bytes, object | None]], committed: Store
) -> tuple[ValidatorUpdate, ...]:
    """The validator updates of a block, by key: what its changes, sorted, make of the committed powers."""
    first = bisect_left(changes, VALIDATORS.prefix, key=itemgetter(0))
    before: dict[str, int] = {}
    after: dict[str, int] = {}
    for key, value in changes[first:]:
        if not key.startswith(VALIDATORS.prefix):
            break
        (name,) = VALIDATORS.decode(key)
        known = committed.get(key)
        before[str(name)] = known.power if isinstance(known, Validator) else 0
        after[str(name)] = value.power if isinstance(value, Validator) else 0
    updates = rules.compute_updates(before, after)
    return tuple(ValidatorUpdate(b64decode(key), power) for key, power in updates)


def _powers(validators: dict[str, Validator]) -> dict[str, int]:
    return {key: validator.power for key, validator in validators.items()}
