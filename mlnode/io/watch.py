"""The models' folder as it changes: files that come, go and are written while the node runs.
A change is noticed by the kernel, where it can tell, and by a look every few seconds, which also finds what
it cannot tell (a network file system, the target of a link). A file is read when it has rested for half a
second; until then its entry says that it is still being written. A folder that is gone has no models, and
has them again when it is back."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import structlog

from mlnode.catalog import ModelFile
from mlnode.io.files import Stock, scan_models, take_stock
from mlnode.io.inotify import Inotify

Watching = Literal["auto", "poll", "off"]

SETTLE_S = 0.5
POLL_S = 1.0
"""From one look to the next where the kernel tells nothing."""
LOOK_S = 10.0
"""The same where it does."""

_log = structlog.get_logger("mlnode.models")


@dataclass(frozen=True, slots=True)
class Changes:
    """What a scan found other than the one before: identifiers."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


class ModelFolder:
    """The folder, and what the last scan found in it. `take` is told of each scan that found a difference."""

    def __init__(
        self, path: Path, outside_allowed: bool, take: Callable[[tuple[ModelFile, ...]], None]
    ) -> None:
        self._path = path
        self._outside_allowed = outside_allowed
        self._take = take
        self._files: tuple[ModelFile, ...] = ()
        self._stock: Stock = {}
        self._moving: frozenset[str] = frozenset()
        self._scanning = asyncio.Lock()

    def load(self) -> None:
        """The first scan. Raises `OSError` when the folder cannot be read."""
        self._stock = take_stock(self._path)
        self._files = scan_models(self._path, self._outside_allowed)
        self._take(self._files)

    async def rescan(self) -> Changes:
        """Look now; what changed since the last scan."""
        async with self._scanning:
            stock = await asyncio.to_thread(take_stock, self._path)
            return await self._scan(stock)

    async def watch(self, how: Watching) -> None:
        """Follow the folder until cancelled."""
        inotify = _open_inotify() if how == "auto" else None
        try:
            while how != "off":
                told = inotify is not None and inotify.watch(await asyncio.to_thread(self._list_folders))
                await self._follow()
                if inotify is not None and told:
                    await inotify.wait(LOOK_S)
                else:
                    await asyncio.sleep(POLL_S)
        finally:
            if inotify is not None:
                inotify.close()

    async def _follow(self) -> None:
        """Scan until what is there is what was scanned, and nothing moves."""
        while True:
            async with self._scanning:
                before = await asyncio.to_thread(take_stock, self._path)
                if before == self._stock and not self._moving:
                    return
                await asyncio.sleep(SETTLE_S)
                stock = await asyncio.to_thread(take_stock, self._path)
                self._moving = frozenset(name for name in stock if before.get(name) != stock[name])
                await self._scan(stock)

    async def _scan(self, stock: Stock) -> Changes:
        files = await asyncio.to_thread(self._read)
        self._stock = stock
        changes = _compare(self._files, files)
        if changes:
            self._files = files
            self._take(files)
            _log.info("models changed", added=changes.added, removed=changes.removed, changed=changes.changed)
        return changes

    def _read(self) -> tuple[ModelFile, ...]:
        """All entries. A folder that is not there holds none; one that cannot be read, those of before."""
        try:
            return scan_models(self._path, self._outside_allowed, self._files, self._moving)
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except OSError as error:
            _log.warning("folder cannot be read", folder=str(self._path), why=error.strerror)
            return self._files

    def _list_folders(self) -> list[Path]:
        try:
            below = [path for path in self._path.iterdir() if path.is_dir() and not path.name.startswith(".")]
        except OSError:
            below = []
        return [self._path, *below]


def _open_inotify() -> Inotify | None:
    try:
        return Inotify()
    except OSError:
        return None


def _compare(old: tuple[ModelFile, ...], new: tuple[ModelFile, ...]) -> Changes:
    before, after = ({file.id: file for file in files} for files in (old, new))
    return Changes(
        added=tuple(id for id in after if id not in before),
        removed=tuple(id for id in before if id not in after),
        changed=tuple(id for id in after if id in before and after[id] != before[id]),
    )
