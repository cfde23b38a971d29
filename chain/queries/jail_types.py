"""What can be asked of the jail, and what it answers."""

from dataclasses import dataclass

from chain.queries.types import PageRequest, PageResponse
from chain.slashing.types import Jailing


@dataclass(frozen=True, slots=True)
class QueryJailingRequest:
    """Asks whether a participant is jailed."""

    participant: str = ""


@dataclass(frozen=True, slots=True)
class QueryJailingResponse:
    """A participant that is jailed."""

    jailing: Jailing = Jailing()


@dataclass(frozen=True, slots=True)
class QueryJailingAllRequest:
    """Asks for all who are jailed."""

    pagination: PageRequest = PageRequest()


@dataclass(frozen=True, slots=True)
class QueryJailingAllResponse:
    """All who are jailed."""

    jailings: tuple[Jailing, ...] = ()
    pagination: PageResponse = PageResponse()
