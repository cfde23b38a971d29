"""Takes a stored chain back to an earlier height, as if the blocks since had never been: for development,
where no other node has them.
"""

from sqlalchemy import delete, update

from chain.io.checkpoints import write_entries
from chain.io.sql import Database, DatabaseRefused
from chain.io.streaming import read_checkpoint_height, read_state
from chain.io.tables import BLOCKS, CHANGE_SETS, EVENTS, KV, META, TXS


def revert_chain(database: Database, height: int) -> bytes:
    """Forget all blocks above a height, in one transaction; the app hash of the state that is left. Refuses a
    height that is not there, or whose state can be gathered no more.
    """
    if height < 1:
        raise DatabaseRefused(f"there is no block {height} in this database")
    with database.write() as connection:
        checkpoint = read_checkpoint_height(connection)
        header, app_hash, entries = read_state(connection, height)
        if header.height < checkpoint:
            rows = list(entries)
            connection.execute(delete(KV))
            write_entries(connection, rows)
            connection.execute(update(META).values(checkpoint_height=header.height))
        for table in (BLOCKS, CHANGE_SETS, TXS, EVENTS):
            connection.execute(delete(table).where(table.c.height > header.height))
    return app_hash
