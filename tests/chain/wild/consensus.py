"""Who votes on blocks, by the page: the members in effect with their weights, told block by block."""

from base64 import b64encode

from chain.context import Context
from chain.governance import PARAMS
from chain.nodes.types import ParticipantStatus
from chain.validators.keeper import VALIDATORS
from tests.chain.wild.passage import Passage

POWER_MAX = 2**60 - 1


def find_validator_faults(passage: Passage) -> list[str]:
    """What a block tells makes the set before it the one after it; the set is never empty again, bounded,
    follows the members when they change, and stays as it is when they do not.
    """
    before, after = _read(passage.before), _read(passage.after)
    updates = [(b64encode(one.public_key).decode(), one.power) for one in passage.result.validator_updates]
    told = dict(updates)
    applied = {key: power for key, power in {**before, **told}.items() if power}
    faults = []
    if len(told) < len(updates) or updates != sorted(updates):
        faults.append(f"updates out of order or twice: {updates}")
    if applied != after:
        faults.append(f"{before} with {told} gives {applied}, the state holds {after}")
    if sum(after.values()) > POWER_MAX or any(power < 1 for power in after.values()):
        faults.append(f"impossible powers: {after}")
    expected = _compute(passage) if _has_changed(passage) else before
    if expected and after != expected:
        faults.append(f"the members give {expected}, the state holds {after}")
    if before and not after:
        faults.append("nobody is left to vote on blocks")
    return faults


def _read(ctx: Context) -> dict[str, int]:
    return {validator.public_key: validator.power for validator in VALIDATORS.values(ctx.store)}


def _has_changed(passage: Passage) -> bool:
    moved = passage.find("participant_status_changed")
    return bool(passage.find("epoch_effective")) or any(
        "INVALID" in (event["before"], event["after"]) for event in moved
    )


def _compute(passage: Passage) -> dict[str, int] | None:
    """Powers by key; None where something else that they depend on changed in the same block."""
    if passage.changes(PARAMS.prefix) or passage.find("participant_updated"):
        return None
    keepers, ctx = passage.keepers, passage.after
    epoch, exclude = keepers.epochs.get_effective(ctx).index, keepers.governance.get_params(ctx).inference
    active = keepers.epochs.get_active_participants(ctx, epoch)
    frozen = {one.index: one.validator_key for one in active.participants} if active else {}
    group = keepers.epochs.get_group(ctx, epoch)
    powers: dict[str, int] = {}
    for member in group.validation_weights if group else ():
        who = keepers.nodes.get_participant(ctx, member.member_address)
        invalid = who is not None and who.status == ParticipantStatus.INVALID
        key = frozen.get(member.member_address, "") if active else (who.validator_key if who else "")
        if key and not (invalid and exclude.exclude_invalid):
            powers[key] = powers.get(key, 0) + member.weight
    return powers
