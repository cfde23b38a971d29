"""A chain process from start to end: open, restore, serve, make blocks, drain.

Everything is started in one order and stopped in the other. SIGTERM and SIGINT let the block under way be
finished; a block that cannot be written, or a machine in doubt, ends the process with an error.
"""

import asyncio
import contextlib
import gc
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import structlog

from chain.genesis import GenesisState
from chain.io.checkpoints import Durability
from chain.io.clients import ClientServer, Served
from chain.io.feed import Feed
from chain.io.genesis_file import GENESIS_FILE, read_genesis
from chain.io.housekeeping import keep_house
from chain.io.http import Health, HttpServer, build_app
from chain.io.metrics import Metrics
from chain.io.opening import open_chain
from chain.io.producer import Producer
from chain.io.settings import Settings
from chain.io.sql import Database

READY_FILE = "ready.json"
YOUNG_MAX = 50_000
"""Objects that may come into being before the collector looks for cycles among them. The state's records hold
none, so looking more often only takes time from blocks.
"""
Reached = Callable[[str, int], None]
"""Told each point of a block's making, and its height."""


async def serve(settings: Settings, version: str, reached: Reached) -> None:
    """Run a chain until it is told to stop."""
    log = structlog.get_logger("chain")
    genesis = read_genesis(settings.home / GENESIS_FILE)
    database = open_database(settings)
    try:
        await _serve(settings, version, reached, database, genesis, log)
    finally:
        database.close()
    log.info("stopped")


def open_database(settings: Settings) -> Database:
    """The chain's database, locked for this process, with the newest schema."""
    durability = Durability(
        checkpoint_blocks=settings.checkpoint_blocks,
        checkpoint_changes=settings.checkpoint_changes,
        history_blocks=settings.history_blocks,
        keep_blocks=settings.keep_blocks,
        sqlite_synchronous=settings.sqlite_synchronous,
    )
    database = Database(settings.url, durability)
    database.open()
    return database


def calm_collector() -> None:
    """Lets the garbage collector leave alone what has been loaded, and look at new objects less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_MAX, 20, 100)


async def _serve(
    settings: Settings,
    version: str,
    reached: Reached,
    database: Database,
    genesis: GenesisState | None,
    log: structlog.stdlib.BoundLogger,
) -> None:
    machine, tip, genesis = open_chain(database, genesis, version, settings.history_blocks)
    log.info("opened", chain_id=tip.chain_id, height=tip.height, app_hash=tip.app_hash.hex())
    calm_collector()
    metrics, health = Metrics(), Health()
    metrics.standing(tip.height)
    feed = Feed(database, tip.height, genesis.initial_height)
    producer = Producer(machine, database, tip, feed, metrics, reached)
    http = HttpServer(
        build_app(health, producer, metrics, settings.block_mode == "manual"),
        settings.host,
        settings.http_port,
    )
    clients = ClientServer(Served(machine, producer, database, feed, metrics, version, genesis.authority))
    http.start()
    try:
        grpc_port = await clients.start(settings.host, settings.grpc_port)
        making = asyncio.create_task(_make_blocks(producer, settings))
        keeping = asyncio.create_task(keep_house(machine, database, feed, settings))
        ports = {"grpc": grpc_port, "http": http.port}
        try:
            async with _announced(settings.home / READY_FILE, ports, version):
                health.why_not = ""
                log.info("ready", height=tip.height, mode=settings.block_mode, **ports)
                await _until_stopped(making)
        finally:
            health.why_not = "stopping"
            await producer.finish()
            making.cancel()
            keeping.cancel()
            await asyncio.gather(making, keeping, return_exceptions=True)
            await clients.stop()
    finally:
        await http.stop()


async def _make_blocks(producer: Producer, settings: Settings) -> None:
    if settings.block_mode == "interval":
        await producer.run_interval(settings.block_time_s)
    elif settings.block_mode == "instant":
        await producer.run_instant()
    else:
        await producer.run_by_hand()


async def _until_stopped(making: asyncio.Task[None]) -> None:
    """Wait for a signal. What ends the making of blocks is raised."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((making, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if making.done():
        making.result()


@contextlib.asynccontextmanager
async def _announced(path: Path, ports: dict[str, int], version: str) -> AsyncIterator[None]:
    """The file that says where we listen, there from now on until the end."""
    document = {"pid": os.getpid(), "ports": ports, "version": version}
    unfinished = path.with_suffix(".tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished.write_text(json.dumps(document) + "\n")
    unfinished.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
