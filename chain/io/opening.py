"""Opens a chain: from its database when there is a block in it, from its genesis document when there is none.

What the database holds wins; a genesis document that names another chain, or another beginning of this one,
is refused rather than ignored.
"""

from chain.app import App
from chain.block import Header
from chain.codec import decode, encode
from chain.errors import Fatal, Refusal
from chain.genesis import GenesisState
from chain.history import HISTORY_BLOCKS
from chain.io.genesis_file import GenesisRefused
from chain.io.producer import Tip
from chain.io.sql import Database, DatabaseRefused, Stored


def open_chain(
    database: Database, genesis: GenesisState | None, version: str, history_blocks: int = HISTORY_BLOCKS
) -> tuple[App, Tip, GenesisState]:
    """The machine at the chain's last block, that block, and the genesis document. A new database gets the
    genesis written before this returns. Raises Fatal when the stored state does not give the stored app hash.
    """
    stored = database.load()
    if stored is None:
        if genesis is None:
            raise GenesisRefused("there is no chain here yet; `meshkeeper chain init` makes one")
        return _begin(database, genesis, version, history_blocks)
    _refuse_another(stored, genesis)
    app, tip = restore_chain(stored, version, history_blocks)
    app.require_law()
    return app, tip, decode(GenesisState, stored.genesis)


def read_chain(url: str, version: str) -> App:
    """The machine at the last block of a database, which another process may be writing."""
    return restore_chain(read_stored(url), version)[0]


def read_stored(url: str) -> Stored:
    """The chain in a database, which another process may be writing. Refuses a database without one."""
    database = Database(url)
    try:
        stored = database.load() if database.exists() else None
    finally:
        database.close()
    if stored is None:
        raise DatabaseRefused("there is no chain in this database yet; `meshkeeper chain start` begins one")
    return stored


def restore_chain(stored: Stored, version: str, history_blocks: int = HISTORY_BLOCKS) -> tuple[App, Tip]:
    """The machine as the database has it."""
    app = App(version, history_blocks)
    header = stored.header or _genesis_header(decode(GenesisState, stored.genesis))
    try:
        app.restore(header.height, stored.app_hash, sorted(stored.entries.items()), header, stored.history)
    except Fatal:
        raise
    except Exception as error:  # whatever bytes that are no state make of the decoder
        raise Fatal(f"the stored state of height {header.height} cannot be read: {error}") from error
    if app.info().app_hash != stored.app_hash:
        raise Fatal(f"the stored state of height {header.height} does not give the stored app hash")
    return app, Tip(
        stored.chain_id,
        header.height,
        header.time_ns,
        header.block_hash,
        stored.app_hash,
        stored.results_hash,
    )


def _begin(
    database: Database, genesis: GenesisState, version: str, history_blocks: int
) -> tuple[App, Tip, GenesisState]:
    app = App(version, history_blocks)
    try:
        result = app.init_chain(genesis)
    except Refusal as refusal:
        raise GenesisRefused(f"the genesis document cannot begin a chain: {refusal}") from refusal
    except (ValueError, TypeError, OverflowError) as error:  # a record that no state can hold
        raise GenesisRefused(
            f"the genesis document cannot begin a chain, a value in it cannot be stored: {error}"
        ) from error
    database.initialise(genesis.chain_id, encode(genesis), result)
    app.commit()
    header = _genesis_header(genesis)
    return app, Tip(genesis.chain_id, header.height, header.time_ns, b"", result.app_hash, b""), genesis


def _genesis_header(genesis: GenesisState) -> Header:
    """Stands for the block before the first one. It has no hash: nothing was proposed."""
    return Header(genesis.chain_id, genesis.initial_height - 1, genesis.genesis_time_ns)


def _refuse_another(stored: Stored, genesis: GenesisState | None) -> None:
    if genesis is None:
        return
    if genesis.chain_id != stored.chain_id:
        raise DatabaseRefused(
            f"the database holds chain {stored.chain_id!r}, the genesis document names {genesis.chain_id!r}; "
            "choose another database or another home"
        )
    if encode(genesis) != stored.genesis:
        raise DatabaseRefused(
            f"the genesis document is not the one that chain {stored.chain_id!r} in the database began with; "
            "restore the document, or choose another database"
        )
