"""Which signatures inside messages a block will ask for, so that whoever drives the machine can verify them
beforehand, several at once; those of the transactions themselves were verified on their way in. Only saves
time: a signature that was not verified beforehand is verified when it is asked for.
"""

from collections.abc import Iterable, Iterator, Mapping

from chain.auth.keeper import Accounts
from chain.auth.types import Signed
from chain.context import Context
from chain.router import Route
from chain.tx import Tx


def list_signatures(
    ctx: Context, txs: Iterable[Tx], accounts: Accounts, routes: Mapping[str, Route]
) -> tuple[Signed, ...]:
    """Those of accounts whose keys are known, once each and without those that are known to be good."""
    named = dict.fromkeys(name for tx in txs for name in _find_in_messages(tx, routes))
    found = (accounts.find_signed(ctx, *name) for name in named)
    return tuple(signed for signed in found if signed is not None)


def _find_in_messages(tx: Tx, routes: Mapping[str, Route]) -> Iterator[tuple[str, bytes, bytes]]:
    for packed, message in zip(tx.body.messages, tx.messages, strict=True):
        for claim in routes[packed.type_url].claims(message):
            if claim.signature is not None:
                yield claim.address, claim.message, claim.signature
