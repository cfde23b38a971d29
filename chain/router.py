"""Message type to handler: one table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any as Anything

from chain import governance, params
from chain.bank import msgs as bank_msgs
from chain.bank import types as bank
from chain.codec import type_url
from chain.context import Context
from chain.machine import Keepers


@dataclass(frozen=True, slots=True)
class Route:
    """Where a message goes."""

    message: type
    """Record of the message."""
    signer: str
    """Name of its first field, which names the account that must sign."""
    handle: Callable[[Context, Anything], object]
    """Applies it and returns the record of the answer."""


def build_routes(keepers: Keepers) -> Mapping[str, Route]:
    """All messages that a transaction may carry, by type URL."""
    bank_room = bank_msgs.Msgs(keepers.bank)
    governance_room = governance.Msgs(keepers.governance)
    routes = (
        Route(bank.MsgSend, "from_address", bank_room.send),
        Route(params.MsgUpdateParams, "authority", governance_room.update_params),
    )
    return {type_url(route.message): route for route in routes}
