"""The operator's decision on a node, and when it takes effect.

A decision is made in an epoch. Disabling takes effect when the next epoch's proof of compute starts: the
node finishes the epoch that it is in. Enabling takes effect in the inference phase of the epoch, or at
the next epoch. Repeating a decision changes nothing; taking it back before it took effect leaves no
trace.
"""

from dataclasses import replace

from broker.facts import EpochView, Phase
from broker.nodes import AdminState


def should_be_operational(admin: AdminState, latest_epoch: int, phase: Phase) -> bool:
    """Whether the node takes part now. A decision without an epoch counts as made in the latest one."""
    epoch = latest_epoch if admin.epoch is None else admin.epoch
    if admin.enabled:
        return latest_epoch > epoch or phase == Phase.INFERENCE
    return epoch >= latest_epoch


def is_wanted(admin: AdminState) -> bool:
    """What the operator asked for last, in effect or not."""
    return admin.enabled if admin.pending is None else admin.pending


def disable(admin: AdminState, epoch: EpochView | None) -> AdminState:
    """R1. An enabled node that is not operational yet goes straight back to where it was."""
    if epoch is None:
        return _hold(admin, False)
    if not admin.enabled:
        return admin
    if should_be_operational(admin, epoch.latest_epoch_index, epoch.phase):
        return AdminState(False, epoch.latest_epoch_index, _known(admin.epoch))
    return AdminState(False, admin.prev_epoch, admin.prev_epoch)


def enable(admin: AdminState, epoch: EpochView | None) -> AdminState:
    """R2. A disabled node that still works its epoch out goes on as if nothing had been said."""
    if epoch is None:
        return _hold(admin, True)
    if admin.enabled:
        return admin
    if should_be_operational(admin, epoch.latest_epoch_index, epoch.phase):
        return AdminState(True, admin.prev_epoch, admin.prev_epoch)
    return AdminState(True, epoch.latest_epoch_index, _known(admin.epoch))


def resolve_admin_state(admin: AdminState, epoch: EpochView) -> AdminState:
    """R3. Gives what was decided before the chain was heard its epoch."""
    wanted, settled = admin.pending, replace(admin, pending=None)
    if settled.epoch is None:
        settled = replace(settled, epoch=epoch.latest_epoch_index)
    if wanted is None:
        return settled
    return enable(settled, epoch) if wanted else disable(settled, epoch)


def _hold(admin: AdminState, wanted: bool) -> AdminState:
    return replace(admin, pending=None if wanted == admin.enabled else wanted)


def _known(epoch: int | None) -> int:
    return -1 if epoch is None else epoch
