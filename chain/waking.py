"""When the end of a block does something again, so that the blocks before need not be made.

Each room that acts at the end of blocks says the next height or block time at which it would, as the state is
now. Until then an empty block changes nothing, and whoever drives the machine may pass over it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from chain.block import Header
from chain.context import Context
from chain.records import Record

NEVER = 2**63 - 1


class Wakeup(Record, frozen=True):
    """The first block that does something: whichever comes first, the height or the time."""

    height: int = NEVER
    time_ns: int = NEVER
    """Block time, nanoseconds since the Unix epoch; a block at this time or later is meant."""

    def is_ahead(self, header: Header) -> bool:
        """Whether a block with this header comes before it."""
        return header.height < self.height and header.time_ns < self.time_ns


def wake_next_block(ctx: Context) -> Wakeup:
    """For what acts in every block, or cannot tell."""
    return Wakeup(height=ctx.height + 1)


@dataclass(frozen=True, slots=True)
class Ending:
    """One thing that is done at the end of blocks."""

    process: Callable[[Context], None]
    find_wakeup: Callable[[Context], Wakeup] = wake_next_block
    """The next block in which `process` changes the state or tells of something, if nothing else happens. The
    context is that of the last block, after its end.
    """


def find_first(wakeups: Iterable[Wakeup]) -> Wakeup:
    """The earliest height and the earliest time."""
    height, time_ns = NEVER, NEVER
    for wakeup in wakeups:
        height, time_ns = min(height, wakeup.height), min(time_ns, wakeup.time_ns)
    return Wakeup(height, time_ns)
