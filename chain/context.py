"""All that a handler may know: the header of its block, the state, and where events go."""

from dataclasses import dataclass, field

from chain.block import Event, Header
from chain.store import Store

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000


@dataclass(slots=True)
class Context:
    """The world of one handler. Time and height come from the header and from nowhere else."""

    header: Header
    store: Store
    events: list[Event] = field(default_factory=list)
    work: int = 0
    """Entries looked at in loops whose length the state decides, and that somebody has to pay for."""

    @property
    def height(self) -> int:
        """Height of the block."""
        return self.header.height

    @property
    def time_ns(self) -> int:
        """Block time, nanoseconds since the Unix epoch."""
        return self.header.time_ns

    @property
    def time_ms(self) -> int:
        """Block time, milliseconds since the Unix epoch, rounded down."""
        return self.header.time_ns // NS_PER_MS

    def emit(self, type_: str, **attributes: str | int | bool) -> None:
        """Records an event. Attributes keep the order in which they are given; values become text."""
        pairs = [(name, value if type(value) is str else _text(value)) for name, value in attributes.items()]
        self.events.append(Event(type_, tuple(pairs)))

    def branch(self) -> "Context":
        """A context over a branch of the state, with events of its own."""
        return Context(self.header, self.store.branch())

    def write(self, branch: "Context") -> None:
        """Keeps what a branch changed and emitted."""
        branch.store.write()
        self.events.extend(branch.events)


def _text(value: str | int | bool) -> str:
    if value is True or value is False:
        return "true" if value else "false"
    return str(value)
