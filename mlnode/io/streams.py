"""One request at the edge: what was asked, and the pieces of the answer on their way to the client."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from mlnode.errors import Refusal
from mlnode.io.frames import Done, PocValidate, PocValidated, Position, Submit


@dataclass(frozen=True, slots=True)
class Piece:
    """New text of an answer."""

    text: str
    n_tokens: int
    """Tokens so far."""
    logprobs: tuple[Position, ...] = ()


Item = Piece | Done | PocValidated | Refusal
"""What a stream carries. Everything but a piece is its end."""


@dataclass(slots=True)
class Stream:
    """Written by the loop, read by one door. Its length is bounded by the answer's `max_tokens`."""

    request: int
    order: Submit | PocValidate
    """What to send to the worker; `request_id` is filled in then."""
    opened_s: float
    """Monotonic time of the arrival."""
    model: str = ""
    """Identifier of the model that is to answer; empty when there is none of the name."""
    granted: bool = False
    """It had a slot."""
    streamed: bool = False
    n_tokens: int = 0
    """Tokens so far."""
    last_token_s: float | None = None
    """Monotonic time of the newest."""
    _items: deque[Item] = field(default_factory=deque)
    _waiter: asyncio.Future[None] | None = None

    def push(self, item: Item) -> None:
        """Give the reader something."""
        self._items.append(item)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def next(self) -> Item:
        """The next item; pieces that have piled up come as one."""
        while not self._items:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        item = self._items.popleft()
        if not isinstance(item, Piece):
            return item
        pieces = [item]
        while self._items and isinstance(more := self._items[0], Piece):
            pieces.append(more)
            self._items.popleft()
        return _joined(pieces)


def _joined(pieces: list[Piece]) -> Piece:
    if len(pieces) == 1:
        return pieces[0]
    text = "".join(piece.text for piece in pieces)
    return Piece(text, pieces[-1].n_tokens, tuple(p for piece in pieces for p in piece.logprobs))
