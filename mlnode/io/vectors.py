"""Golden cases on disk: run every file below some paths. The format is described beside the cases."""

import json
from collections.abc import Iterable
from pathlib import Path

from mlnode.vectors import read_cases, run_case


def run_paths(paths: Iterable[Path]) -> tuple[int, list[str]]:
    """How many cases passed, and a line for each that did not. A file that cannot be read is one."""
    passed, failures = 0, []
    for path in paths:
        for file in sorted(path.rglob("*.json")) if path.is_dir() else [path]:
            for fault in _run_file(file):
                if fault is None:
                    passed += 1
                else:
                    failures.append(f"{file}: {fault}")
    return passed, failures


def _run_file(file: Path) -> list[str | None]:
    try:
        cases = list(read_cases(json.loads(file.read_text())))
        return [run_case(case) for case in cases]
    except OSError as error:
        return [f"cannot be read: {error.strerror}"]
    except (ValueError, KeyError, TypeError):
        return ['is no file of cases: it needs {"kind": ..., "cases": [...]}']
