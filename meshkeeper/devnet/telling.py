"""How the story is told: one line for each thing that happens, readable on a plain terminal too."""

import time
from collections.abc import Iterable

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from chain.v1 import events_pb2


class Teller:
    """Prints the story. Colours and bold only where the terminal has them; no line depends on them."""

    def __init__(self, names: dict[str, str]) -> None:
        self._console = Console(highlight=False, soft_wrap=True, emoji=False, markup=False)
        self.names = names
        self._began = time.monotonic()
        self._told: set[str] = set()
        self._open_line = False

    @property
    def elapsed_s(self) -> float:
        """Seconds since the story began."""
        return time.monotonic() - self._began

    def step(self, number: int, count: int, title: str) -> None:
        """The heading of a step."""
        self._console.print(f"\n[{number}/{count}] {title}", style="bold")

    def say(self, line: str) -> None:
        """One line, with the time since the beginning."""
        self._console.print(f"  {self.elapsed_s:6.1f}s  {line}")

    def aside(self, line: str) -> None:
        """A line without a time, for what goes before or after the story."""
        self._console.print(line)

    def piece(self, text: str) -> None:
        """A piece of an answer, as it comes."""
        self._open_line = True
        self._console.print(text, end="", style="cyan")
        self._console.file.flush()

    def end_line(self) -> None:
        """Ends the line of pieces, if one is open."""
        if self._open_line:
            self._console.print()
        self._open_line = False

    def table(self, title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
        """A table."""
        table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE, pad_edge=False)
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(str(cell) for cell in row))
        self._console.print()
        self._console.print(table)

    def name(self, address: str) -> str:
        """The name of an account, or its address when nobody knows it."""
        return self.names.get(address, address)

    def event(self, height: int, event: events_pb2.Event) -> None:
        """Tells an event of the chain, once, if it belongs to the story."""
        fields = {pair.key: pair.value for pair in event.attributes}
        phrase = PHRASES.get(event.type)
        if phrase is None:
            return
        for key in ("participant", "validator", "assigned_to", "executed_by"):
            if key in fields:
                fields[key] = self.name(fields[key])
        line = phrase.format_map(_Lenient(fields | _words(event.type, fields)))
        if event.type in ONCE and line in self._told:
            return
        self._told.add(line)
        self.say(f"block {height:>3}  {line}")


PHRASES = {
    "participant_registered": "{participant} is a participant",
    "model_registered": "governance registers the model {model_id}",
    "hardware_updated": "{participant}'s node {node_id} is on chain",
    "collateral_deposited": "{participant} deposits {amount} umesh as collateral",
    "seed_submitted": "{participant} commits to a secret seed for epoch {epoch_index}",
    "poc_started": "proof of compute for epoch {epoch_index} begins: {admitted} nodes may mine",
    "poc_batch": "{participant}'s node {node_id} hands in {nonces} nonces",
    "poc_validation": "{validator} recomputed {participant}'s nonces: {verdict}",
    "node_excluded": "{participant}'s node {node_id} stays out of epoch {epoch_index}: {reason}",
    "participant_excluded": "{participant} stays out of epoch {epoch_index}: {reason}",
    "epoch_formed": "epoch {epoch_index} is formed: {participants} participants, weight {total_weight}",
    "epoch_effective": "epoch {epoch_index} takes effect",
    "epoch_settled": "epoch {epoch_index} is settled",
    "rewards_claimed": "{participant} claims epoch {epoch_index}: {work} umesh for work, {reward} as reward",
    "inference_started": "inference {short_id} is announced, {assigned_to} is to answer",
    "inference_finished": "inference {short_id} is finished: {completion_tokens} tokens, {cost} umesh",
    "inference_expired": "inference {short_id} expired",
    "collateral_slashed": "{participant} loses {amount} umesh of collateral: {reason}",
}
"""What is said of each kind of event. Kinds that are not here are not told."""


ONCE = frozenset({"hardware_updated"})
"""Kinds of events that are told the first time only: a node's status changes with every phase."""


class _Lenient(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"


def _words(kind: str, fields: dict[str, str]) -> dict[str, str]:
    if kind == "poc_validation":
        return {"verdict": "fraud" if fields.get("fraud_detected") == "true" else "honest"}
    if "inference_id" in fields:
        return {"short_id": fields["inference_id"][:10] + "…"}
    return {}
