"""Records of the consensus validators."""

from typing import TYPE_CHECKING, Protocol

from chain.context import Context
from chain.epochs.types import ActiveParticipants, Epoch, EpochGroupData
from chain.fixed import Decimal
from chain.nodes.types import Participant
from chain.records import Record

if TYPE_CHECKING:
    from chain.params import Params

GUARDIANS_MAX = 64
"""Most guardians."""


class ConsensusParams(Record, frozen=True):
    """How voting power in consensus differs from weight. Counts from the next change of the set on."""

    guardian_enabled: bool = False
    """Whether guardians are strengthened while the network is young, default true."""
    guardian_network_maturity_threshold: int = 0
    """Total power from which on the network is mature and nobody is strengthened, default 2000000."""
    guardian_multiplier: Decimal = Decimal()
    """What all guardians together weigh, as a part of what all others weigh, default 0.52."""
    guardian_addresses: tuple[str, ...] = ()
    """The guardians, bech32, at most 64, default none."""


class Validator(Record, frozen=True):
    """A validator of the consensus that orders blocks."""

    public_key: str = ""
    """Consensus key: ed25519, 32 bytes, base64."""
    power: int = 0
    """Voting power, at least 1. All together have at most 2^60 - 1."""
    participants: tuple[str, ...] = ()
    """Participants of the epoch that name this key, bech32, sorted."""


class ParamsSource(Protocol):
    """What this room expects of the parameters."""

    def get_params(self, ctx: Context) -> "Params":
        """The parameters in effect."""


class EpochGroups(Protocol):
    """What this room expects of the epochs room."""

    def get_effective(self, ctx: Context) -> Epoch:
        """The epoch whose groups serve requests now."""

    def get_effective_group(self, ctx: Context, model_id: str = "") -> EpochGroupData | None:
        """A group of the effective epoch, or None."""

    def get_active_participants(self, ctx: Context, epoch_index: int) -> ActiveParticipants | None:
        """Everyone who takes part in an epoch, or None."""


class ParticipantRecords(Protocol):
    """What this room expects of the nodes room."""

    def get_participant(self, ctx: Context, address: str) -> Participant | None:
        """A participant, or None."""
