"""A genesis document made of a state's entries, wherever they come from."""

from collections.abc import Iterable

from chain.block import Header
from chain.context import Context
from chain.errors import ErrInvalidRecord, Fatal
from chain.genesis import GenesisState
from chain.machine import build_keepers, export_genesis, import_genesis
from chain.replay import name_key
from chain.store import Store


def gather_genesis(header: Header, entries: Iterable[tuple[bytes, object]]) -> GenesisState:
    """The document of a state at the end of a block. What follows from other entries must be there as it
    follows from them: imported, the document gives these entries and no others, or it is refused.
    """
    keepers, given, again = build_keepers(), Store(), Store()
    for key, value in entries:
        given.set(key, value)
    try:
        genesis = export_genesis(keepers, Context(header, given))
        import_genesis(keepers, Context(header, again), genesis)
    except Fatal as error:
        raise ErrInvalidRecord(what="genesis", why=str(error)) from error
    have, should = given.freeze(), again.freeze()
    for key in sorted({**have, **should}):
        if have.get(key) != should.get(key):
            why = "it is not what the other entries give" if key in have else "it is missing"
            raise ErrInvalidRecord(what=f"genesis entry {name_key(key)}", why=why)
    return genesis
