"""What decodes of each width took, by the number of threads: kept for a model file, for its next worker."""

import contextlib
import json
import os
from pathlib import Path

from mlnode.widths import Widths


class StepTimes:
    """The widths learned with each number of threads."""

    def __init__(self, path: Path | None) -> None:
        """`path`: the file that they are read from and written to; None keeps nothing."""
        self._path = path
        self._by_threads = _read(path) if path else {}

    def of(self, n_threads: int) -> Widths:
        """What is known, and will be learned, with so many threads."""
        return self._by_threads.setdefault(n_threads, Widths())

    def write(self) -> None:
        """Whole or not at all; a folder that cannot be written costs the next worker a few odd steps."""
        if self._path is None:
            return
        known = {str(threads): widths.known_us() for threads, widths in self._by_threads.items()}
        fresh = self._path.with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(json.dumps(known), "utf-8")
            fresh.rename(self._path)


def _read(path: Path) -> dict[int, Widths]:
    """Nothing where the file is missing or damaged."""
    try:
        table = json.loads(path.read_text("utf-8"))
        return {
            int(threads): Widths(
                {int(width): max(1, int(us)) for width, us in widths.items() if int(width) > 0}
            )
            for threads, widths in table.items()
        }
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
