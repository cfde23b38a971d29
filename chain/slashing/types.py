"""Records and messages of the jail."""

from typing import TYPE_CHECKING, Protocol

from chain.context import Context
from chain.records import Record

if TYPE_CHECKING:
    from chain.epochs.types import Epoch
    from chain.params import Params


class Jailing(Record, frozen=True):
    """A participant that is jailed, until somebody removes it from jail."""

    participant: str = ""
    """Participant, bech32."""
    reason: str = ""
    """Why: "downtime"."""
    jailed_at_block_height: int = 0
    """Height at which it was jailed."""
    release_epoch: int = 0
    """First epoch that it may take part in again, once it is removed from jail. From the epoch before on it
    may remove itself.
    """


class MsgUnjail(Record, frozen=True):
    """Removes a participant from jail. The participant itself may do so when its time is over, the authority
    at any time. ErrNotJailed, ErrStillJailed, ErrInvalidSigner.
    """

    creator: str = ""
    """The participant itself, or the governance account, bech32. Signs."""
    participant: str = ""
    """The jailed participant, bech32."""


class MsgUnjailResponse(Record, frozen=True):
    """Answers MsgUnjail."""


class ParamsSource(Protocol):
    """What this room expects of the parameters."""

    def get_params(self, ctx: Context) -> "Params":
        """The parameters in effect."""

    def get_authority(self, ctx: Context) -> str:
        """Account that acts for governance, bech32."""


class EpochClock(Protocol):
    """What this room expects of the epochs room."""

    def get_effective(self, ctx: Context) -> "Epoch":
        """The epoch whose groups serve requests now."""
