"""What the database does to its rows now and then: fold change sets into the checkpoint, forget blocks."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection, delete, func, insert, select, text, update

from chain.block import Header
from chain.changes import decode_changes
from chain.header import decode_header, encode_header
from chain.history import HISTORY_CHANGES_MAX, Step
from chain.io.tables import BLOCKS, CHANGE_SETS, EVENTS, KV, META, TXS

KEYS_PER_DELETE = 500
"""Keys in one DELETE of a checkpoint; below the parameter limits of both databases."""
ROWS_PER_INSERT = 10_000
"""Entries in one INSERT of a whole state."""
PRUNED_BLOCKS_MAX = 500
"""Blocks forgotten at a time, so that the blocks being written never wait long."""

Change = tuple[bytes, bytes | None]
Entries = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Durability:
    """When a checkpoint is written, and how hard SQLite waits for the disk."""

    checkpoint_blocks: int = 500
    """Blocks after which a checkpoint is due; bounds how much a start replays."""
    checkpoint_changes: int = 100_000
    """Changes after which a checkpoint is due."""
    history_blocks: int = 0
    """Newest blocks that a start can step back over; their change sets stay outside the checkpoint."""
    keep_blocks: int = 0
    """Newest blocks kept with their transactions and events; 0 keeps all."""
    sqlite_synchronous: str = "FULL"
    """FULL loses nothing at a power cut; NORMAL may lose the last blocks but never corrupts."""


class Window:
    """The newest blocks, whose change sets stay outside the checkpoint so that a start can step back over
    them: so many blocks, and not more changes than the machine keeps.
    """

    def __init__(self, blocks_max: int) -> None:
        self._blocks_max = blocks_max
        self._counts: deque[tuple[int, int]] = deque()
        self._changes = 0

    def push(self, height: int, changes: int) -> None:
        """Takes the newest block in."""
        self._counts.append((height, changes))
        self._changes += changes
        while self._counts and (len(self._counts) > self._blocks_max or self._changes > HISTORY_CHANGES_MAX):
            self._changes -= self._counts.popleft()[1]

    def below(self, height: int) -> int:
        """The height up to which the checkpoint may go after the block of `height`."""
        return self._counts[0][0] - 1 if self._counts else height


def hold_moment(connection: Connection) -> None:
    """Makes all that a new connection reads from now on of one moment."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    else:
        connection.execute(text("BEGIN"))


def read_change_sets(connection: Connection, above: int, up_to: int) -> Iterator[tuple[int, list[Change]]]:
    """Heights and their changes, in order; blocks that changed nothing are left out."""
    query = select(CHANGE_SETS.c.height, CHANGE_SETS.c.changes)
    query = query.where(CHANGE_SETS.c.height > above, CHANGE_SETS.c.height <= up_to)
    for height, changes in connection.execute(query.order_by(CHANGE_SETS.c.height)):
        yield height, list(decode_changes(bytes(changes)))


def lay_over(entries: dict[bytes, bytes], changes: list[Change]) -> tuple[Change, ...]:
    """Puts changes into a state; what was there before."""
    before = tuple((key, entries.get(key)) for key, _ in changes)
    for key, value in changes:
        if value is None:
            entries.pop(key, None)
        else:
            entries[key] = value
    return before


def build_steps(
    connection: Connection, before: dict[int, tuple[Change, ...]], above: int, last: int
) -> tuple[Step, ...]:
    """The steps back from the last block to the one at `above` at most, oldest first."""
    query = select(BLOCKS.c.height, BLOCKS.c.header, BLOCKS.c.app_hash, BLOCKS.c.results_hash)
    query = query.where(BLOCKS.c.height >= above, BLOCKS.c.height < last).order_by(BLOCKS.c.height)
    return tuple(
        Step(
            header=decode_header(bytes(header)),
            app_hash=bytes(app_hash),
            results_hash=bytes(results_hash),
            before=before.get(height + 1, ()),
            is_encoded=True,
        )
        for height, header, app_hash, results_hash in connection.execute(query)
    )


def write_beginning(
    connection: Connection, chain_id: str, genesis: bytes, app_hash: bytes, height: int, entries: Entries
) -> None:
    """Write which chain a database holds, and a whole state as its first checkpoint; the app hash is that of
    genesis.
    """
    beginning = {"chain_id": chain_id, "genesis": genesis, "genesis_app_hash": app_hash}
    connection.execute(insert(META).values(id=1, checkpoint_height=height, **beginning))
    write_entries(connection, entries)


def write_entries(connection: Connection, entries: Entries) -> None:
    """Write entries into an empty checkpoint."""
    rows = ({"key": key, "value": value} for key, value in entries)
    while page := list(islice(rows, ROWS_PER_INSERT)):
        connection.execute(insert(KV), page)


def describe_block(header: Header, app_hash: bytes, results_hash: bytes) -> dict[str, object]:
    """A block's row."""
    return {
        "height": header.height,
        "time_ns": header.time_ns,
        "block_hash": header.block_hash,
        "app_hash": app_hash,
        "results_hash": results_hash,
        "header": encode_header(header),
    }


def write_checkpoint(connection: Connection, height: int) -> None:
    """Fold the change sets since the last checkpoint, up to a height, into `kv`: each key is deleted, then
    written anew if it lives.
    """
    (below,) = connection.execute(select(META.c.checkpoint_height)).one()
    if height <= below:
        return
    folded = {
        key: value for _, changes in read_change_sets(connection, below, height) for key, value in changes
    }
    keys = sorted(folded)
    for start in range(0, len(keys), KEYS_PER_DELETE):
        connection.execute(delete(KV).where(KV.c.key.in_(keys[start : start + KEYS_PER_DELETE])))
    rows = [{"key": key, "value": value} for key in keys if (value := folded[key]) is not None]
    if rows:
        connection.execute(insert(KV), rows)
    connection.execute(update(META).values(checkpoint_height=height))


def find_first_block(connection: Connection) -> int:
    """Height of the oldest block that is there with its events; 0 before the first one. Of a chain that began
    with a snapshot, the block that gave it is not.
    """
    first = connection.execute(select(func.min(EVENTS.c.height))).scalar()
    last = connection.execute(select(func.max(BLOCKS.c.height))).scalar()
    return first or (last + 1 if last else 0)


def prune_blocks(connection: Connection, first: int, up_to: int) -> int:
    """Forget the blocks from `first` to a height, with their change sets, transactions and events. What the
    checkpoint does not hold must be above it. The height of the oldest block that is left.
    """
    up_to = min(up_to, first + PRUNED_BLOCKS_MAX - 1)
    if up_to < first:
        return first
    for table in (BLOCKS, CHANGE_SETS, TXS, EVENTS):
        connection.execute(delete(table).where(table.c.height <= up_to))
    return up_to + 1
