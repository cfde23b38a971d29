"""Reads of what developers - accounts that request - asked for and paid."""

from collections.abc import Iterable, Iterator

from chain.context import Context
from chain.epochs.keeper import Epochs
from chain.errors import ErrInvalidRequest
from chain.inference.developers import DEVELOPER_STATS, EPOCHS_KEPT, Developers
from chain.inference.types import DeveloperStats
from chain.queries import listing_types as q
from chain.queries.keys import require_name, require_number
from chain.queries.pages import check_page, cut_page
from chain.queries.types import PageResponse

SUMMED = (
    "inference_count",
    "prompt_tokens",
    "completion_tokens",
    "spent",
    "refunded",
    "expired_count",
    "invalidated_count",
)
"""Fields of which the total is the sum."""


class DeveloperQueries:
    """Answers from the inference room."""

    def __init__(self, developers: Developers, epochs: Epochs) -> None:
        self._developers = developers
        self._epochs = epochs

    def developer_stats(
        self, ctx: Context, request: q.QueryDeveloperStatsRequest
    ) -> q.QueryDeveloperStatsResponse:
        """A developer's figures, by epoch and model, and their total. Epochs from `epoch_from` to `epoch_to`,
        both included (0: up to the one in effect), at most as many as are kept; of these only what reaches
        into the time from `time_from` to `time_to` (0: without an end).
        """
        developer = require_name("developer", request.developer)
        first, last = self._find_epochs(ctx, request)
        rows = {
            key: stats
            for key, stats in self._developers.get_stats(ctx, developer, first, last)
            if _reaches_into(stats, request.time_from, request.time_to)
        }
        prefixes = (DEVELOPER_STATS.encode(epoch, developer) for epoch in range(first, last + 1))
        check_page(request.pagination, prefixes)
        entries, next_key = cut_page(_from_key(rows, request.pagination.key, request), request.pagination)
        total = len(rows) if request.pagination.count_total and not request.pagination.key else 0
        return q.QueryDeveloperStatsResponse(
            developer_stats=tuple(rows[key] for key, _ in entries),
            total=_sum(developer, rows.values()),
            pagination=PageResponse(next_key=next_key, total=total),
        )

    def _find_epochs(self, ctx: Context, request: q.QueryDeveloperStatsRequest) -> tuple[int, int]:
        effective = self._epochs.get_effective(ctx).index
        asked = require_number("epoch_to", request.epoch_to) or effective
        last = min(asked, effective)
        first = max(require_number("epoch_from", request.epoch_from), last - EPOCHS_KEPT)
        if asked < request.epoch_from or 0 < request.time_to < request.time_from:
            raise ErrInvalidRequest(why="the range ends before it begins")
        return first, last


def _reaches_into(stats: DeveloperStats, first_ms: int, last_ms: int) -> bool:
    return stats.last_block_timestamp >= first_ms and (last_ms == 0 or stats.first_block_timestamp <= last_ms)


def _from_key(
    rows: dict[bytes, DeveloperStats], key: bytes, request: q.QueryDeveloperStatsRequest
) -> Iterator[tuple[bytes, object]]:
    """The rows in the order asked for, from a key on."""
    if request.pagination.reverse:
        return ((row, rows[row]) for row in reversed(rows) if not key or row <= key)
    return ((row, rows[row]) for row in rows if row >= key)


def _sum(developer: str, rows: Iterable[DeveloperStats]) -> DeveloperStats:
    """All rows as one, of no epoch and no model."""
    listed = list(rows)
    sums = {name: sum(getattr(row, name) for row in listed) for name in SUMMED}
    return DeveloperStats(
        developer=developer,
        first_block_timestamp=min((row.first_block_timestamp for row in listed), default=0),
        last_block_timestamp=max((row.last_block_timestamp for row in listed), default=0),
        **{name: min(value, 2**64 - 1) for name, value in sums.items()},
    )
