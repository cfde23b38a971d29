"""What requesters asked for and paid, summed up for each epoch and model: it outlives the inferences.

Figures stand in the epoch in which they came about: an answer in that of its completion, an expiry in that of
its height, a refund for a wrong answer in that of the answer.
"""

from collections.abc import Iterator

from chain.context import Context
from chain.genesis import GenesisState
from chain.inference.types import DeveloperStats, Inference
from chain.records import replace
from chain.store import Map

DEVELOPER_STATS = Map(b"\x14\x04", "inference/developer_stats", (int, str, str), DeveloperStats)
"""By epoch, developer and model."""
EPOCHS_KEPT = 100
"""Epochs after which figures are forgotten."""
SUM_MAX = 2**64 - 1
"""Where a sum of umesh stays once it has reached it."""


class Developers:
    """Keeps the figures."""

    def count_completed(self, ctx: Context, inference: Inference) -> None:
        """Counts an inference that was both started and finished, in the epoch that it names."""
        stats = self._get(ctx, inference.epoch_id, inference)
        self._set(
            ctx,
            replace(
                stats,
                inference_count=stats.inference_count + 1,
                prompt_tokens=stats.prompt_tokens + inference.prompt_token_count,
                completion_tokens=stats.completion_tokens + inference.completion_token_count,
                spent=min(stats.spent + inference.actual_cost, SUM_MAX),
                last_block_timestamp=ctx.time_ms,
            ),
        )

    def count_expired(self, ctx: Context, epoch_index: int, inference: Inference) -> None:
        """Counts an inference that nobody finished in time."""
        stats = self._get(ctx, epoch_index, inference)
        self._set(
            ctx, replace(stats, expired_count=stats.expired_count + 1, last_block_timestamp=ctx.time_ms)
        )

    def count_invalidated(self, ctx: Context, inference: Inference, refunded: int) -> None:
        """Counts an answer that was wrong, and what the requester got back of what it had paid."""
        stats = self._get(ctx, inference.epoch_id, inference)
        self._set(
            ctx,
            replace(
                stats,
                invalidated_count=stats.invalidated_count + 1,
                refunded=min(stats.refunded + refunded, SUM_MAX),
                last_block_timestamp=ctx.time_ms,
            ),
        )

    def get_stats(
        self, ctx: Context, developer: str, first_epoch: int, last_epoch: int
    ) -> Iterator[tuple[bytes, DeveloperStats]]:
        """Keys and figures of a developer in some epochs, by epoch and model."""
        for epoch_index in range(first_epoch, last_epoch + 1):
            yield from ctx.store.walk(DEVELOPER_STATS.encode(epoch_index, developer))

    def process_pruning(self, ctx: Context, upcoming_index: int) -> None:
        """Forgets the figures of old epochs."""
        for key, _ in list(DEVELOPER_STATS.items_before(ctx.store, max(upcoming_index - EPOCHS_KEPT, 0))):
            DEVELOPER_STATS.delete(ctx.store, *key)

    def import_genesis(self, ctx: Context, genesis: GenesisState) -> None:
        """Takes the figures of a genesis document."""
        for stats in genesis.developer_stats:
            DEVELOPER_STATS.set(ctx.store, stats, stats.epoch_index, stats.developer, stats.model)

    def export_genesis(self, ctx: Context) -> dict[str, object]:
        """The field of a genesis document that holds the figures."""
        return {"developer_stats": tuple(DEVELOPER_STATS.values(ctx.store))}

    def _get(self, ctx: Context, epoch_index: int, inference: Inference) -> DeveloperStats:
        developer, model = inference.requested_by, inference.model
        known = DEVELOPER_STATS.get(ctx.store, epoch_index, developer, model)
        return known or DeveloperStats(developer, epoch_index, model, first_block_timestamp=ctx.time_ms)

    def _set(self, ctx: Context, stats: DeveloperStats) -> None:
        DEVELOPER_STATS.set(ctx.store, stats, stats.epoch_index, stats.developer, stats.model)
