"""A grammar at work: which bytes may come next, step by step.

A state holds every way in which the text so far can be read, and is kept with the steps from it, so that what
repeats (the inside of a string, say) costs a look-up. Ambiguity can make states grow without limit: a step
that needs more than `STEPS_MAX` turns ends the request instead of holding up everybody else.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from mlnode.grammar.gbnf import GrammarInvalid, Ref, Rules, Symbol, left_edges, parse_gbnf

STEPS_MAX = 10_000
"""Turns of one step, some microseconds each."""
KEPT_MAX = 200_000
"""Threads of all states that are kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Where to go on when a rule is through. Frames are made once each, and compared by identity."""

    place: int
    parent: "Frame | None"


Thread = tuple[int, Frame | None]
"""A place before a byte, and what follows after its rule."""


@dataclass(slots=True, eq=False)
class State:
    """The readings of a text."""

    threads: frozenset[Thread]
    ends: bool
    """The text may end here."""
    steps: dict[int, "State | None"] = field(default_factory=dict)
    """By byte, as far as they were asked for; None: not allowed."""


class Grammar:
    """All states that a grammar has been in."""

    def __init__(self, rules: Rules) -> None:
        """Raises `GrammarInvalid` where a rule begins with itself, or the beginning is too ambiguous."""
        if rules.root not in (finite := _find_rules(rules, bytes_count=True)):
            raise GrammarInvalid("The grammar allows no text that ever ends.")
        rules = _without_endless(rules, finite)
        _check_recursion(rules)
        self._symbols: list[Symbol | None] = []
        self._starts = [tuple(self._lay_out(row) for row in rows) for rows in rules.rows]
        self._frames: dict[Thread, Frame] = {}
        self._states: dict[tuple[frozenset[Thread], bool], State] = {}
        self._kept = 0
        self.start = self._close((place, None) for place in self._starts[rules.root])

    @classmethod
    def parse(cls, text: str) -> "Grammar":
        """From GBNF. Raises `GrammarInvalid`."""
        return cls(parse_gbnf(text))

    def read(self, state: State, data: bytes) -> State | None:
        """The state after these bytes, None where they are not allowed. Raises `GrammarInvalid` where it
        becomes too ambiguous to follow."""
        for byte in data:
            following = state.steps[byte] if byte in state.steps else self._step(state, byte)
            if following is None:
                return None
            state = following
        return state

    def possible(self, state: State) -> int:
        """The set of bytes that may come next, as a mask."""
        mask = 0
        for place, _ in state.threads:
            symbol = self._symbols[place]
            assert isinstance(symbol, int)
            mask |= symbol
        return mask

    def _lay_out(self, row: tuple[Symbol, ...]) -> int:
        place = len(self._symbols)
        self._symbols += (*row, None)
        return place

    def _step(self, state: State, byte: int) -> State | None:
        moved = [
            (place + 1, parent)
            for place, parent in state.threads
            if isinstance(symbol := self._symbols[place], int) and symbol >> byte & 1
        ]
        following = self._close(moved) if moved else None
        state.steps[byte] = following
        return following

    def _close(self, threads: Iterable[Thread]) -> State:
        """Follow rules and ends of rules until only bytes are left."""
        todo = list(threads)
        seen: set[Thread] = set()
        found, ends = [], False
        while todo:
            thread = todo.pop()
            if thread in seen:
                continue
            seen.add(thread)
            if len(seen) > STEPS_MAX:
                raise GrammarInvalid("The grammar is too ambiguous: it can be read in too many ways.")
            place, parent = thread
            symbol = self._symbols[place]
            if isinstance(symbol, int):
                found.append(thread)
            elif isinstance(symbol, Ref):
                after = self._return_to(place + 1, parent)
                todo += ((start, after) for start in self._starts[symbol.rule])
            elif parent is None:
                ends = True
            else:
                todo.append((parent.place, parent.parent))
        return self._keep(frozenset(found), ends)

    def _return_to(self, place: int, parent: Frame | None) -> Frame | None:
        """The frame for what follows a rule; its parent where nothing does, so that lists do not pile up."""
        if self._symbols[place] is None:
            return parent
        key = (place, parent)
        frame = self._frames.get(key)
        if frame is None:
            frame = self._frames[key] = Frame(place, parent)
        return frame

    def _keep(self, threads: frozenset[Thread], ends: bool) -> State:
        state = self._states.get((threads, ends))
        if state is None:
            if self._kept > KEPT_MAX:
                self._forget()
            self._kept += len(threads) + 1
            state = self._states[threads, ends] = State(threads, ends)
        return state

    def _forget(self) -> None:
        """Begin anew; the states that somebody is in go on being true."""
        for state in self._states.values():
            state.steps.clear()
        self._states.clear()
        self._frames.clear()
        self._kept = 0


def _check_recursion(rules: Rules) -> None:
    """Refuse a rule that can begin with itself and go on after that."""
    edges = list(left_edges(rules, _find_rules(rules, bytes_count=False)))
    component = _find_components(len(rules.rows), edges)
    for rule, other, followed in edges:
        if followed and component[rule] == component[other]:
            name = rules.names[rule]
            raise GrammarInvalid(f"The rule {name!r} begins with itself (left recursion); begin with a text.")


def _without_endless(rules: Rules, finite: frozenset[int]) -> Rules:
    """Without the rows that can never be finished: nobody is led into them."""
    rows = (
        tuple(row for row in rows if all(isinstance(s, int) or s.rule in finite for s in row))
        for rows in rules.rows
    )
    return Rules(tuple(rows), rules.names, rules.root)


def _find_rules(rules: Rules, *, bytes_count: bool) -> frozenset[int]:
    """The rules that nothing at all may stand for; with `bytes_count`, those that some text may stand for.
    Each is looked at again only when one that it uses was found."""
    users: dict[int, list[int]] = {}
    for rule, rows in enumerate(rules.rows):
        for row in rows:
            for symbol in row:
                if isinstance(symbol, Ref):
                    users.setdefault(symbol.rule, []).append(rule)
    found: set[int] = set()
    todo = list(range(len(rules.rows)))
    while todo:
        rule = todo.pop()
        if rule not in found and any(
            all(s.rule in found if isinstance(s, Ref) else bytes_count for s in row)
            for row in rules.rows[rule]
        ):
            found.add(rule)
            todo += users.get(rule, ())
    return frozenset(found)


def _find_components(n: int, edges: list[tuple[int, int, bool]]) -> list[int]:
    """A number for each rule; rules that reach each other have the same (Kosaraju)."""
    forward: list[list[int]] = [[] for _ in range(n)]
    backward: list[list[int]] = [[] for _ in range(n)]
    for rule, other, _ in edges:
        forward[rule].append(other)
        backward[other].append(rule)
    order: list[int] = []
    visited = [False] * n
    for start in range(n):
        todo = [(start, False)]
        while todo:
            rule, done = todo.pop()
            if done:
                order.append(rule)
            elif not visited[rule]:
                visited[rule] = True
                todo.append((rule, True))
                todo += ((other, False) for other in forward[rule])
    component = [-1] * n
    for start in reversed(order):
        todo_back = [start]
        while todo_back:
            rule = todo_back.pop()
            if component[rule] < 0:
                component[rule] = start
                todo_back += backward[rule]
    return component
