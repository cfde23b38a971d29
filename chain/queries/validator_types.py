"""What can be asked of the consensus validators, and what it answers."""

from chain.queries.types import PageRequest, PageResponse
from chain.records import Record
from chain.validators.types import Validator


class QueryValidatorsRequest(Record, frozen=True):
    """Asks for the consensus validators."""

    pagination: PageRequest = PageRequest()


class QueryValidatorsResponse(Record, frozen=True):
    """The consensus validators."""

    validators: tuple[Validator, ...] = ()
    pagination: PageResponse = PageResponse()
