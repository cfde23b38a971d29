"""Golden vectors on disk: every JSON file below a path, run against the machine."""

import json
from collections.abc import Iterable
from pathlib import Path

from chain.io.refused import Refused
from chain.vectors import read_cases, run_case


def run_vectors(paths: Iterable[Path]) -> tuple[int, list[str]]:
    """How many cases pass, and a line for each that does not. A file that cannot be read counts as one."""
    passed, failed = 0, []
    for file in _find_files(paths):
        try:
            cases = list(read_cases(json.loads(file.read_text("utf-8"))))
        except (OSError, ValueError, KeyError, TypeError) as error:
            failed.append(f"{file}: not a file of vectors: {error}")
            continue
        for case in cases:
            fault = run_case(case)
            if fault is None:
                passed += 1
            else:
                failed.append(f"{file}: {fault}")
    return passed, failed


def _find_files(paths: Iterable[Path]) -> list[Path]:
    files = []
    for path in paths:
        if not path.exists():
            raise Refused(f"{path} does not exist")
        files += [path] if path.is_file() else sorted(path.rglob("*.json"))
    return files
