"""All requests in the node: who waits, who has a slot, and whose client left before the worker stopped.

A request is open from its arrival until whoever asked has an answer, a refusal, or is gone. Its slot is
freed by the worker, which may be later.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mlnode.actions import Refuse
from mlnode.errors import Refusal
from mlnode.mode import Kind
from mlnode.waiting import Line, Request


@dataclass(slots=True)
class Requests:
    """The open ones, the lines they wait in, and the slots."""

    open: dict[int, Request] = field(default_factory=dict)
    lines: dict[str, Line] = field(default_factory=dict)
    slots: dict[int, str] = field(default_factory=dict)
    """Requests that a worker has, and their model."""

    def line(self, model: str) -> Line:
        return self.lines.setdefault(model, Line())

    def waits(self, model: str) -> bool:
        """Somebody waits for this model."""
        return model in self.lines and bool(self.lines[model].waiting)

    def waited_for(self) -> list[str]:
        """The models that somebody waits for, the longest wait first; of one moment, the earlier number."""
        lines = [
            (line.oldest_ms, line.waiting[0].id, model) for model, line in self.lines.items() if line.waiting
        ]
        return [model for *_, model in sorted(lines)]

    def add(self, request: Request) -> None:
        """To the end of its line."""
        self.open[request.id] = request
        self.line(request.model).waiting.append(request)

    def grant(self, model: str, now_ms: int) -> Request:
        """The first in line gets a slot."""
        request = self.line(model).waiting.popleft()
        request.granted_ms = now_ms
        self.slots[request.id] = model
        return request

    def leave(self, id: int) -> Request | None:
        """The client is gone. The request, when it was open."""
        request = self.open.pop(id, None)
        if request is not None and id not in self.slots:
            self.line(request.model).waiting.remove(request)
        return request

    def end(self, id: int, now_ms: int) -> str | None:
        """The worker is done with it; the model whose slot is free, None when it had none."""
        model = self.slots.pop(id, None)
        request = self.open.pop(id, None) if model is not None else None
        if request is not None:
            self.line(request.model).note_service(now_ms - request.granted_ms)
        return model

    def lose(self, ids: Iterable[int]) -> list[Request]:
        """A worker died with these; those that are open, the oldest last."""
        for id in ids:
            del self.slots[id]
        return [self.open[id] for id in sorted(ids, reverse=True) if id in self.open]

    def fail(self, request: Request, refusal: Refusal) -> Refuse:
        """Over, without a slot or with a lost one."""
        del self.open[request.id]
        return Refuse(request.id, refusal)

    def waiting_of(self, kinds: frozenset[Kind]) -> list[Request]:
        """Who waits for something of these kinds."""
        return [r for r in self.open.values() if r.kind in kinds and r.id not in self.slots]

    def dismiss(self, request: Request, refusal: Refusal) -> Refuse:
        """Out of the line."""
        self.line(request.model).waiting.remove(request)
        return self.fail(request, refusal)

    def pop_expired(self, now_ms: int) -> Iterator[Request]:
        """Take everybody out of the lines whose time is up; they are still open."""
        for line in self.lines.values():
            if line.waiting:
                yield from line.pop_expired(now_ms)

    def deadlines_ms(self) -> Iterator[int]:
        return (line.next_deadline_ms() for line in self.lines.values() if line.waiting)
