"""What can be asked about upgrades, and what is answered."""

from chain.queries.types import PageRequest, PageResponse
from chain.records import Record
from chain.upgrades.types import AppliedUpgrade, RoomVersion, UpgradePlan


class QueryUpgradePlanRequest(Record, frozen=True):
    """Asks for the planned upgrade."""


class QueryUpgradePlanResponse(Record, frozen=True):
    """The planned upgrade."""

    plan: UpgradePlan | None = None
    """Absent when none is planned."""


class QueryAppliedUpgradeAllRequest(Record, frozen=True):
    """Asks for all upgrades that the chain has behind it."""

    pagination: PageRequest = PageRequest()


class QueryAppliedUpgradeAllResponse(Record, frozen=True):
    """All upgrades that the chain has behind it."""

    upgrades: tuple[AppliedUpgrade, ...] = ()
    pagination: PageResponse = PageResponse()


class QueryRoomVersionAllRequest(Record, frozen=True):
    """Asks for the versions of the rooms' law."""

    pagination: PageRequest = PageRequest()


class QueryRoomVersionAllResponse(Record, frozen=True):
    """Versions of the rooms' law."""

    versions: tuple[RoomVersion, ...] = ()
    pagination: PageResponse = PageResponse()
