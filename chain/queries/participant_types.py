"""What can be asked of a participant's figures, and what is answered."""

from chain.bank.types import Coin
from chain.fixed import Decimal
from chain.nodes.types import CurrentEpochStats, ParticipantStatus
from chain.queries.types import PageRequest, PageResponse
from chain.records import Record


class Downtime(Record, frozen=True):
    """How much of what a participant was asked in the running epoch it missed."""

    missed_requests: int = 0
    sample_size: int = 0
    missed_share: Decimal = Decimal()
    is_downtime: bool = False


class QueryInferenceParticipantRequest(Record, frozen=True):
    """Asks for a participant's key and balance."""

    address: str = ""


class QueryInferenceParticipantResponse(Record, frozen=True):
    """A participant's key and balance."""

    pubkey: str = ""
    balance: Coin = Coin()
    key_type: str = ""


class ParticipantCurrentStats(Record, frozen=True):
    """A participant in the epoch in effect."""

    participant_id: str = ""
    weight: int = 0
    reputation: int = 0
    downtime: Downtime = Downtime()


class QueryGetParticipantCurrentStatsRequest(Record, frozen=True):
    """Asks for a participant in the epoch in effect."""

    participant_id: str = ""


class QueryGetParticipantCurrentStatsResponse(Record, frozen=True):
    """A participant in the epoch in effect."""

    weight: int = 0
    reputation: int = 0
    downtime: Downtime = Downtime()


class QueryGetAllParticipantCurrentStatsRequest(Record, frozen=True):
    """Asks for all participants in the epoch in effect."""

    pagination: PageRequest = PageRequest()


class QueryGetAllParticipantCurrentStatsResponse(Record, frozen=True):
    """All participants in the epoch in effect."""

    participant_current_stats: tuple[ParticipantCurrentStats, ...] = ()
    block_height: int = 0
    epoch_id: int = 0
    pagination: PageResponse = PageResponse()


class ParticipantFullStats(Record, frozen=True):
    """What a participant earned, did and missed."""

    account_address: str = ""
    reputation: int = 0
    earned_coins_current_epoch: int = 0
    rewarded_coins_latest_epoch: int = 0
    epochs_completed: int = 0
    weight: int = 0
    status: ParticipantStatus = ParticipantStatus(0)
    current_epoch_stats: CurrentEpochStats = CurrentEpochStats()
    downtime: Downtime = Downtime()
    jailed: bool = False


class QueryGetParticipantsFullStatsRequest(Record, frozen=True):
    """Asks for what participants earned, did and missed."""

    pagination: PageRequest = PageRequest()


class QueryGetParticipantsFullStatsResponse(Record, frozen=True):
    """What participants earned, did and missed."""

    participants_stats: tuple[ParticipantFullStats, ...] = ()
    pagination: PageResponse = PageResponse()


class QueryCountParticipantsRequest(Record, frozen=True):
    """Asks how many participants there are."""


class QueryCountParticipantsResponse(Record, frozen=True):
    """How many participants there are."""

    total: int = 0
