"""Golden cases: files that say what a pure rule must answer. The format is described beside the cases."""

import json
from pathlib import Path

from broker.errors import HomeError
from broker.vectors import find_mismatch


def run_path(path: Path) -> tuple[int, list[str]]:
    """Run every case below a path: how many passed, and a line for each that did not."""
    files = sorted(path.rglob("*.json")) if path.is_dir() else [path]
    passed, failures = 0, []
    for file in files:
        for number, case in enumerate(_read_cases(file)):
            name = case.get("name", str(number)) if isinstance(case, dict) else str(number)
            mismatch = find_mismatch(case)
            if mismatch:
                failures.append(f"{file}: {name}: {mismatch}")
            else:
                passed += 1
    return passed, failures


def _read_cases(file: Path) -> list[object]:
    try:
        return list(json.loads(file.read_text())["cases"])
    except OSError as error:
        raise HomeError(f"cannot read {file}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise HomeError(f'{file} is not a file of cases: it needs {{"cases": [...]}}') from None
