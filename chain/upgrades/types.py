"""Records and messages of upgrades."""

from typing import Protocol

from chain.context import Context
from chain.records import Record


class UpgradePlan(Record, frozen=True):
    """The next change of the law. At its height every node must run a version that brings it."""

    name: str = ""
    """Name of the upgrade, as the version that brings it calls it; 1 to 64 printable ASCII characters."""
    height: int = 0
    """Height of the first block under the new law."""
    info: str = ""
    """What operators need to know, for example which version brings it and where it is; at most 1000
    characters.
    """


class AppliedUpgrade(Record, frozen=True):
    """A change of the law that the chain has behind it."""

    name: str = ""
    """Name of the upgrade."""
    height: int = 0
    """Height of the first block under the new law; the one before its first block where the chain began with
    it.
    """


class RoomVersion(Record, frozen=True):
    """The version of the law by which a room keeps its state. Rooms that are not listed have version 1."""

    room: str = ""
    """The room, like "nodes"."""
    version: int = 0
    """Its version, at least 2."""


class MsgSoftwareUpgrade(Record, frozen=True):
    """Plans the next upgrade, in place of one that is planned. ErrUpgradeNotAccepted, ErrInvalidSigner."""

    authority: str = ""
    """The governance account, bech32. Signs."""
    name: str = ""
    """Name of the upgrade, as the version that brings it calls it; 1 to 64 printable ASCII characters."""
    height: int = 0
    """Height of the first block under the new law; later than this block's."""
    info: str = ""
    """What operators need to know, at most 1000 characters."""


class MsgSoftwareUpgradeResponse(Record, frozen=True):
    """Answers MsgSoftwareUpgrade."""


class MsgCancelUpgrade(Record, frozen=True):
    """Drops the planned upgrade. ErrNoUpgradePlanned, ErrInvalidSigner."""

    authority: str = ""
    """The governance account, bech32. Signs."""


class MsgCancelUpgradeResponse(Record, frozen=True):
    """Answers MsgCancelUpgrade."""


class AuthoritySource(Protocol):
    """What this room expects of the parameters."""

    def get_authority(self, ctx: Context) -> str:
        """Account that acts for governance, bech32."""
