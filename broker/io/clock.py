"""The clock: posts what is due by time alone."""

from collections.abc import Callable

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from broker.events import Event, PollDue, SyncDue, Tick


def start_clock(
    post: Callable[[Event], None], tick_s: float, poll_s: float, sync_s: float
) -> AsyncIOScheduler:
    """Start posting Tick, PollDue and SyncDue with these periods, in seconds; stop it with `shutdown`.

    A period that passes while the process is busy is made up for once, not many times.
    """
    scheduler = AsyncIOScheduler(job_defaults={"coalesce": True, "misfire_grace_time": None})
    for event, period_s in ((Tick(), tick_s), (PollDue(), poll_s), (SyncDue(), sync_s)):
        scheduler.add_job(_post, "interval", seconds=period_s, args=(post, event))
    scheduler.start()
    return scheduler


async def _post(post: Callable[[Event], None], event: Event) -> None:
    post(event)
