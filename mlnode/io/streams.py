"""One request at the edge: what was asked, and the pieces of the answer on their way to the client."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from mlnode.errors import Refusal
from mlnode.io.frames import (
    Done,
    Embed,
    Embedded,
    Frame,
    Hold,
    PocValidate,
    PocValidated,
    Position,
    Resume,
    Submit,
)

PIECES_MAX = 256
"""Pieces that a client has not taken. With so many its answer is held until it has; no other is."""


@dataclass(frozen=True, slots=True)
class Piece:
    """New text of an answer."""

    text: str
    n_tokens: int
    """Tokens so far."""
    logprobs: tuple[Position, ...] = ()


Item = Piece | Done | Embedded | PocValidated | Refusal
"""What a stream carries. Everything but a piece is its end."""


@dataclass(slots=True)
class Stream:
    """Written by the loop, read by one door. When the door falls behind, the worker is told to wait."""

    request: int
    order: Submit | Embed | PocValidate
    """What to send to the worker; `request_id` is filled in then."""
    opened_s: float
    """Monotonic time of the arrival."""
    name: str | None = None
    """The `x-request-id` of the client's request; None where it came by another way."""
    model: str = ""
    """Identifier of the model that is to answer; empty when there is none of the name."""
    granted: bool = False
    """It had a slot."""
    granted_s: float | None = None
    first_s: float | None = None
    """Monotonic times of the newest slot and of the first text; None before."""
    load_s: tuple[float, float] | None = None
    """Monotonic times of the load that it waited for; None when the model was there."""
    n_prompt: int | None = None
    outcome: str = ""
    """How it ended: `ok`, `cancelled`, or a refusal's reason."""
    streamed: bool = False
    n_tokens: int = 0
    """Tokens so far."""
    last_token_s: float | None = None
    """Monotonic time of the newest."""
    tell_worker: Callable[[Frame], None] = field(default=lambda frame: None)
    """To whoever computes the answer, known from the grant of a slot on."""
    _held: bool = False
    _items: deque[Item] = field(default_factory=deque)
    _waiter: asyncio.Future[None] | None = None

    def push(self, item: Item) -> None:
        """Give the reader something."""
        self._items.append(item)
        if len(self._items) >= PIECES_MAX and not self._held:
            self._held = True
            self.tell_worker(Hold(request_id=self.request))
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
        if self._held:
            self._held = False
            self.tell_worker(Resume(request_id=self.request))
        return _joined(pieces)


def _joined(pieces: list[Piece]) -> Piece:
    if len(pieces) == 1:
        return pieces[0]
    text = "".join(piece.text for piece in pieces)
    return Piece(text, pieces[-1].n_tokens, tuple(p for piece in pieces for p in piece.logprobs))
