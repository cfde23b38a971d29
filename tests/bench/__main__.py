"""Measures how near we are to the limit: `make bench`, or one row with `make bench only=NAME`.

Each row is measured side by side with its reference in one run, in turns, and the median of the ratios
counts. The table goes to the terminal and, as a list, to `.meshkeeper/bench/latest.json`. The exit status
says only whether it could be measured.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Column, Table

from tests.bench import chain_rows, engine_rows, formation_rows, inference_rows, mlnode_rows

TURNS = 5
RESULT = Path(".meshkeeper/bench/latest.json")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. A ratio of 1 is the limit itself."""

    name: str
    ours: float
    reference: float
    ratio: float
    goal: float
    met: bool


Rate = Callable[[], float]
ROWS: dict[str, tuple[Callable[[], tuple[Rate, Rate]], float]] = {
    "transfers_per_s_vs_signature_checks": (chain_rows.prepare_transfers, 0.33),
    "inference_txs_per_s_vs_decode_and_verify": (inference_rows.prepare_signed, 0.35),
    "inference_txs_per_s_vs_5000": (inference_rows.prepare_signed_alone, 1.0),
    "inference_msgs_per_s_vs_20000": (inference_rows.prepare_unsigned, 1.0),
    "empty_blocks_per_s_last_vs_first_thousand_of_100000": (chain_rows.prepare_empty_blocks, 0.9),
    "empty_blocks_per_s_vs_20000": (chain_rows.prepare_stepping, 1.0),
    "quiet_months_per_s_vs_1": (chain_rows.prepare_quiet_months, 1.0),
    "formations_per_s_of_1000_participants_vs_2": (formation_rows.prepare_formation, 1.0),
    "formed_participants_per_s_of_10000_vs_of_1000": (formation_rows.prepare_growth, 0.8),
    "roots_per_s_of_1000_changes_at_a_million_vs_25": (chain_rows.prepare_roots, 1.0),
    "grpc_broadcasts_per_s_vs_1000": (chain_rows.prepare_broadcasts, 1.0),
    "commits_per_s_vs_one_fsync": (chain_rows.prepare_commits, 0.05),
    "http_tokens_per_s_vs_llama_bench": (engine_rows.prepare_decode, 0.97),
    "tokens_per_s_of_2_clients_vs_llama_server": (partial(engine_rows.prepare_clients, 2), 1.15),
    "tokens_per_s_of_4_clients_vs_llama_server": (partial(engine_rows.prepare_clients, 4), 1.05),
    "tokens_per_s_of_8_clients_vs_llama_server": (partial(engine_rows.prepare_clients, 8), 1.0),
    "tokens_per_s_of_16_clients_vs_llama_server": (partial(engine_rows.prepare_clients, 16), 1.0),
    "tokens_per_s_of_4_clients_vs_bare_decode": (partial(engine_rows.prepare_clients_bare, 4), 0.95),
    "tokens_per_s_of_16_clients_vs_bare_decode": (partial(engine_rows.prepare_clients_bare, 16), 0.95),
    "tokens_per_s_of_8_clients_vs_llama_cpp_python": (engine_rows.prepare_python_server, 3.0),
    "first_tokens_per_s_of_300_vs_bare_prefill_and_step": (engine_rows.prepare_first_token, 0.952),
    "cancels_per_s_p95_in_prefill_vs_50_ms": (engine_rows.prepare_cancel, 1.0),
    "swaps_per_s_cold_vs_800_ms": (partial(engine_rows.prepare_swap, 0), 1.0),
    "swaps_per_s_cold_vs_llama_server_start": (engine_rows.prepare_swap_against_start, 1.0),
    "swaps_per_s_prepared_vs_500_ms": (partial(engine_rows.prepare_swap, 1), 1.0),
    "first_tokens_per_s_after_swap_vs_prefill_of_2000": (engine_rows.prepare_prefix, 20.0),
    "own_tokens_per_s_at_4096_vs_at_64": (engine_rows.prepare_flatness, 0.909),
    "refusals_per_s_p99_vs_20_ms": (engine_rows.prepare_refusal, 1.0),
    "compute_buffers_in_40_mib_vs_1": (engine_rows.prepare_buffer, 1.0),
    "nonces_per_s_vs_bare_prefill": (mlnode_rows.prepare_nonces, 0.8),
    "nonces_per_s_vs_bare_prefill_2_threads": (mlnode_rows.prepare_nonces_two_threads, 0.8),
}
"""Name, what prepares (ours, reference), each a call that returns a rate, and the ratio to be reached."""


def measure(name: str) -> Row:
    """Measures one row: ours and the reference in turns."""
    prepare, goal = ROWS[name]
    ours, reference = prepare()
    pairs = [_measure_pair(ours, reference, ours_first=not turn % 2) for turn in range(TURNS)]
    ratio = statistics.median(a / b for a, b in pairs)
    medians = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    return Row(name, *(round(value, 1) for value in medians), round(ratio, 3), goal, ratio >= goal)


def _measure_pair(ours: Rate, reference: Rate, *, ours_first: bool) -> tuple[float, float]:
    """Each side is first in every other turn: a machine that becomes slower meanwhile favours neither."""
    if ours_first:
        return ours(), reference()
    other = reference()
    return ours(), other


def main() -> int:
    """Measures the rows that are asked for and shows them."""
    parser = argparse.ArgumentParser(prog="make bench", description="Measure against the limits.")
    parser.add_argument("only", nargs="?", default="", help="part of a row's name")
    wanted = parser.parse_args().only
    names = [name for name in ROWS if wanted in name]
    if not names:
        print(f"no row is named {wanted!r}; there are: {', '.join(ROWS)}", file=sys.stderr)
        return 2
    rows = []
    figures = [Column(name, no_wrap=True, justify="right") for name in ("ours", "reference", "ratio", "goal")]
    table = Table(Column("name", overflow="fold"), *figures, Column("met", no_wrap=True), box=SIMPLE)
    for name in names:
        rows.append(measure(name))
        table.add_row(*(str(value) for value in asdict(rows[-1]).values()))
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
