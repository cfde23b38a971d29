"""What can be asked of the jail, and what it answers."""

from chain.queries.types import PageRequest, PageResponse
from chain.records import Record
from chain.slashing.types import Jailing


class QueryJailingRequest(Record, frozen=True):
    """Asks whether a participant is jailed."""

    participant: str = ""


class QueryJailingResponse(Record, frozen=True):
    """A participant that is jailed."""

    jailing: Jailing = Jailing()


class QueryJailingAllRequest(Record, frozen=True):
    """Asks for all who are jailed."""

    pagination: PageRequest = PageRequest()


class QueryJailingAllResponse(Record, frozen=True):
    """All who are jailed."""

    jailings: tuple[Jailing, ...] = ()
    pagination: PageResponse = PageResponse()
