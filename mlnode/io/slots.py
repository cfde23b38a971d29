"""The sequences of a context, handed out one at a time."""

from mlnode.io.llama import Context


class Slots:
    """Sequences that are free, and those that nobody may have: a recurrent state that is no number. All are
    free again once none is in use, and everything can be cleared."""

    def __init__(self, context: Context, count: int) -> None:
        self._context = context
        self._free = list(range(count))[::-1]
        self._spoiled: list[int] = []

    @property
    def any_free(self) -> bool:
        return bool(self._free)

    def take(self) -> int:
        """An empty sequence."""
        return self._free.pop()

    def spoil(self, slot: int) -> None:
        """What this sequence computed is no number."""
        if self._context.is_recurrent:
            self._spoiled.append(slot)

    def is_spoiled(self, slot: int) -> bool:
        return slot in self._spoiled

    def give_back(self, slot: int, *, last: bool) -> None:
        """A sequence is of no use any more. `last`: there is no other in use."""
        if slot not in self._spoiled:
            self._context.drop(slot)
            self._free.append(slot)
        if self._spoiled and last:
            self._context.clear()
            self._free += self._spoiled
            self._spoiled.clear()
