"""A crowd that asks as it likes and leaves when it likes, and somebody who breaks things meanwhile."""

import contextlib
import json
import os
import random
import shutil
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.mlnode.system.nodes import Node, http

CLIENTS = 12
HANG_S = 60.0
"""A request without an end for this long hangs."""
KILLS_MAX, KILLS_WINDOW_S = 2, 61.0
"""Of one model, so that its breaker stays closed and there is something to break."""


@dataclass
class Witness:
    """What was seen of the node's memory, all the time."""

    samples: int = 0
    reserved_mb_max: int = 0
    resident_mb_max: float = 0.0

    def look(self, node: Node) -> None:
        status = node.status()
        room_mb = status["budget_mb"] - status["margin_mb"]
        assert status["used_est_mb"] <= room_mb, status
        resident_mb = sum(_resident_mb(entry["pid"]) for entry in status["instances"] if entry["pid"])
        assert resident_mb <= status["budget_mb"], status
        self.samples += 1
        self.reserved_mb_max = max(self.reserved_mb_max, status["used_est_mb"])
        self.resident_mb_max = max(self.resident_mb_max, resident_mb)


def _resident_mb(pid: int) -> float:
    """What a process really holds: pages of its own, and the part of shared ones that falls to it."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024


@dataclass
class Chaos:
    """The run. `models` are files that may be replaced by their `spares`."""

    node: Node
    folder: Path
    models: list[str]
    seed: int
    outcomes: Counter[str] = field(default_factory=Counter)
    """One for each request: `ok`, `left`, or the error's code."""
    broken: Counter[str] = field(default_factory=Counter)
    """What was done to the node."""
    witness: Witness = field(default_factory=Witness)
    _over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _kills: dict[str, deque[float]] = field(default_factory=dict)

    def run(self, seconds: float) -> None:
        """Ask, break and watch for so long, then wait until every client has its end."""
        with ThreadPoolExecutor(CLIENTS + 2) as pool:
            work: list[Future[None]] = [pool.submit(self._ask_on, number) for number in range(CLIENTS)]
            work += [pool.submit(self._break_on), pool.submit(self._watch)]
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline and not any(each.done() for each in work):
                time.sleep(0.1)
            self._over.set()
            for each in work:
                each.result()

    def _ask_on(self, number: int) -> None:
        chance = random.Random(f"{self.seed} client {number}")
        with httpx.Client(base_url=self.node.url, timeout=HANG_S, verify=False) as client:
            while not self._over.is_set():
                favourite = self.models[number // 3 % len(self.models)]
                model = favourite if chance.random() < 0.8 else chance.choice(self.models)
                outcome = _ask(client, chance, model)
                with self._lock:
                    self.outcomes[outcome] += 1

    def _break_on(self) -> None:
        chance = random.Random(f"{self.seed} breaker")
        deeds: list[Callable[[random.Random], str]] = [self._kill, self._kill, self._swap, self._reload]
        while not self._over.wait(chance.uniform(0.2, 1.0)):
            self.broken[chance.choice(deeds)(chance)] += 1

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            self.witness.look(self.node)

    def _kill(self, chance: random.Random) -> str:
        running = [entry for entry in self.node.status()["instances"] if entry["pid"]]
        if not running:
            return "nothing to kill"
        entry = chance.choice(running)
        kills = self._kills.setdefault(entry["model"], deque())
        while kills and time.monotonic() - kills[0] > KILLS_WINDOW_S:
            kills.popleft()
        if len(kills) >= KILLS_MAX:
            return "killed enough"
        kills.append(time.monotonic())
        with contextlib.suppress(ProcessLookupError):
            os.kill(entry["pid"], signal.SIGKILL)
        return "kill"

    def _swap(self, chance: random.Random) -> str:
        model = chance.choice(self.models)
        shutil.copy(self.folder.parent / "spare" / chance.choice(self.models), self.folder / "partial")
        os.replace(self.folder / "partial", self.folder / model)
        return "swap"

    def _reload(self, chance: random.Random) -> str:
        http.post(f"{self.node.url}/models/reload", timeout=HANG_S).raise_for_status()
        return "reload"


def _ask(client: httpx.Client, chance: random.Random, model: str) -> str:
    """One request and its one outcome. An answer that ends in no way that is foreseen fails the run."""
    plain, streamed = chance.random() < 0.5, chance.random() < 0.7
    leaves_after = chance.randint(0, 40) if chance.random() < 0.3 else None
    body = {
        "model": model,
        "prompt": "the day " * chance.choice([1, 5, 60]),
        "max_tokens": chance.choice([1, 20, 200]),
        "temperature": chance.choice([0, 1]),
        "stream": streamed,
    }
    with client.stream("POST", "/infer" if plain else "/v1/completions", json=body) as answer:
        if answer.status_code != 200:
            return str(json.loads(answer.read())["error"]["code"])
        if not streamed:
            document = json.loads(answer.read())
            assert document["usage"]["completion_tokens"] > 0
            return "ok"
        return _read_stream(answer, plain, leaves_after)


def _read_stream(answer: httpx.Response, plain: bool, leaves_after: int | None) -> str:
    last = ""
    try:
        for count, line in enumerate(line for line in answer.iter_lines() if line):
            last = line
            if count == leaves_after:
                return "left"
    except httpx.RemoteProtocolError:
        error = json.loads(last.removeprefix("data: "))
        return str(error["reason"].lower() if plain else error["error"]["code"])
    assert (json.loads(last)["done"] is True) if plain else last == "data: [DONE]"
    return "ok"
