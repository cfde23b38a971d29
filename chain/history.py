"""The states before the last one, as far as they are kept: what each block replaced.

The state at an earlier height is the last state with the replaced entries laid over it, newest block first.
That costs as much as was changed since, and nothing while nobody asks. Heights, and changes in all of them
together, are bounded; the oldest are forgotten first.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any as Anything

from chain.block import Header
from chain.errors import ErrInvalidRequest
from chain.layout import decode_value
from chain.records import Record

HISTORY_BLOCKS = 1_000
"""Heights kept behind the last one unless the machine is told otherwise."""
HISTORY_CHANGES_MAX = 200_000
"""Changes kept in all of them together, so that the oldest one can be asked in a fraction of a second."""

PROOF_CHANGES_MAX = 20_000
"""Changes that a proof of an earlier height may have to take back: about half a second's work."""


class Step(Record, frozen=True):
    """The way back from one block to the state before it."""

    header: Header
    """Head of the block before: the height that this step leads back to."""
    app_hash: bytes
    """State at that height."""
    results_hash: bytes
    """Results of that block."""
    before: tuple[tuple[bytes, Anything], ...]
    """Keys that the block changed, and what was there before; None for nothing."""
    is_encoded: bool = False
    """Whether the values are bytes, as in the durable copy."""

    def values(self) -> Iterable[tuple[bytes, Anything]]:
        """Keys and the values before."""
        if not self.is_encoded:
            return self.before
        return ((key, None if data is None else decode_value(key, data)) for key, data in self.before)


class History:
    """The steps back, by height."""

    def __init__(self, blocks_max: int, changes_max: int = HISTORY_CHANGES_MAX) -> None:
        self._blocks_max = blocks_max
        self._changes_max = changes_max
        self._steps: deque[Step] = deque()
        self._changes = 0

    def push(self, step: Step) -> None:
        """Remembers how to get back over the newest block."""
        self._steps.append(step)
        self._changes += len(step.before)
        while self._steps and (len(self._steps) > self._blocks_max or self._changes > self._changes_max):
            self._changes -= len(self._steps.popleft().before)

    def pop(self) -> Step:
        """Takes the newest step out."""
        step = self._steps.pop()
        self._changes -= len(step.before)
        return step

    def find(self, height: int, last: int) -> list[Step]:
        """The steps from the last height back to an earlier one, newest first. Refuses a height that is not
        there yet, not kept any more, or was passed over.
        """
        if height < 0:
            raise ErrInvalidRequest(why=f"height {height} is negative")
        if height > last:
            raise ErrInvalidRequest(why=f"height {height} is not there yet: the last one is {last}")
        if height == last:
            return []
        steps = list(self._steps)
        at = bisect_left(steps, height, key=lambda step: step.header.height)
        if at == 0 and (not steps or steps[0].header.height > height):
            first = steps[0].header.height if steps else last
            raise ErrInvalidRequest(why=f"height {height} is not kept any more: the first one is {first}")
        if at == len(steps) or steps[at].header.height != height:
            raise ErrInvalidRequest(why=f"height {height} was passed over: nothing happened in its block")
        return steps[at:][::-1]


def refuse_far_proof(steps: Sequence[Step]) -> None:
    """Refuses to prove what lies too many changes back."""
    changed = sum(len(step.before) for step in steps)
    if changed > PROOF_CHANGES_MAX:
        why = f"that height is {changed} changes ago; proofs reach {PROOF_CHANGES_MAX} back"
        raise ErrInvalidRequest(why=why)


def merge(steps: Iterable[Step]) -> dict[bytes, Anything]:
    """What lay under each key at the height that the last of the steps leads back to; newest step first."""
    merged: dict[bytes, Anything] = {}
    for step in steps:
        merged.update(step.values())
    return merged
