"""What a running chain does beside making blocks: it keeps snapshots of its epochs and forgets old blocks."""

import asyncio

import structlog
from sqlalchemy.exc import SQLAlchemyError

from chain.app import App
from chain.io.feed import Feed
from chain.io.settings import Settings
from chain.io.snapshots import FOLDER, SnapshotRefused, keep_snapshot
from chain.io.sql import Database


async def keep_house(machine: App, database: Database, feed: Feed, settings: Settings) -> None:
    """After each block: forget a batch of old blocks, write a new snapshot into the home. What fails is told
    of and does not stop the chain.
    """
    log, height = structlog.get_logger("chain"), 0
    while True:
        async for _ in feed.follow(feed.height + 1):
            try:
                if database.is_prunable:
                    await asyncio.to_thread(database.prune)
            except SQLAlchemyError as error:
                log.warning("old blocks stay", why=str(error))
            taken = machine.taken[-1] if machine.taken else None
            if taken is None or taken.header.height == height or settings.keep_snapshots == 0:
                continue
            height, folder = taken.header.height, settings.home / FOLDER
            try:
                path = await asyncio.to_thread(keep_snapshot, taken, folder, settings.keep_snapshots)
                log.info("snapshot", height=height, path=str(path))
            except SnapshotRefused as refused:
                log.warning("no snapshot", height=height, why=str(refused))
