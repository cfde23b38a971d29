"""What the installer says while it works: one readable line per step, on a terminal or in a log.

On a terminal a counting line is rewritten in place. Elsewhere (a pipe, a log file, CI) whole lines are
printed, seldom enough to be read. No colour codes are used, so there is nothing to strip.
"""

import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

LINE_EVERY_S = 15.0
"""Without a terminal a step that is still running says so this often."""

TURN_S = 0.5
"""On a terminal the clock of a silent step moves this often."""

TAIL_LINES = 25
"""How much of a failed program's output is shown; the whole of it is in the log file."""

_COUNT = re.compile(r"^\[(\d+)/(\d+)\]")


class StepFailed(Exception):
    """A step could not be done; the text is for the person at the keyboard and says what to do."""


def say(text: str) -> None:
    """Print one line at once, also into a pipe."""
    print(text, flush=True)


class Counter:
    """Shows one step: its label, how far it is (`57/193  29 %`) and its seconds."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._far = ""
        self._terminal = sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self._started = self._printed = time.monotonic()
        self._width = 0
        if not self._terminal:
            say(f"  {label} ...")

    def count(self, line: str) -> None:
        """Take the state of the step from a line that begins with `[n/m]`, as ninja's lines do."""
        match = _COUNT.match(line)
        if match:
            done, total = int(match[1]), int(match[2])
            self._far = f"  {done}/{total}  {100 * done // total} %"

    def show(self) -> None:
        """Show the state of the step; without a terminal only every LINE_EVERY_S seconds."""
        now = time.monotonic()
        text = f"  {self._label}{self._far}  {now - self._started:.0f} s"
        if self._terminal:
            text = text[: shutil.get_terminal_size().columns - 1]
            print("\r" + text.ljust(self._width), end="", flush=True)
            self._width = len(text)
        elif now - self._printed >= LINE_EVERY_S:
            say(text)
            self._printed = now

    def close(self) -> None:
        """Leave the cursor on a line of its own."""
        if self._width:
            print(flush=True)


def run_quietly(label: str, command: Sequence[str | Path], log: Path, env: Mapping[str, str]) -> None:
    """Run a program with its output in `log`, showing progress; StepFailed with the tail of it on failure."""
    log.parent.mkdir(parents=True, exist_ok=True)
    counter = Counter(label)
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    child = subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=dict(env),
    )
    try:
        assert child.stdout is not None
        with log.open("a", encoding="utf-8") as file:
            for line in _lines_or_ticks(child.stdout):
                if line is not None:
                    file.write(line)
                    tail.append(line.rstrip())
                    counter.count(line)
                counter.show()
        code = child.wait()
    except BaseException:
        child.terminate()
        child.wait()
        raise
    finally:
        counter.close()
    if code != 0:
        shown = "\n".join(f"    {line}" for line in tail)
        program = Path(str(command[0])).name
        raise StepFailed(f"{label}: failed, {program} exited with {code}.\n{shown}\n  Whole output: {log}")


def _lines_or_ticks(stream: IO[str]) -> Iterator[str | None]:
    """The lines of a stream as they come, and None whenever TURN_S passes without one."""
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        for line in stream:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=TURN_S)
        except queue.Empty:
            yield None
            continue
        if line is None:
            return
        yield line
