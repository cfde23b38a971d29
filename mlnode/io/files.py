"""The models' folder: which files lie there, and whether they can be models.

Files named *.gguf in the folder itself, whatever the case of the ending. A link is followed once; what lies
outside the folder is refused unless the settings allow it. A model split over several files is one entry,
named after the first. Nothing here fails because one file is bad: the entry says what is wrong.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from mlnode.catalog import ModelFile
from mlnode.gguf import GgufError, Header, read_header

_SHARD = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$", re.IGNORECASE)


def scan_models(folder: Path, outside_allowed: bool = False) -> tuple[ModelFile, ...]:
    """All entries, sorted by name. Raises `OSError` when the folder cannot be read."""
    root = folder.resolve(strict=True)
    names = sorted(path.name for path in root.iterdir() if path.name.lower().endswith(".gguf"))
    return tuple(_describe(root, name, outside_allowed) for name in names if not _is_later_shard(name))


def describe_model(path: Path) -> ModelFile:
    """One file, wherever it lies."""
    return _describe(path.absolute().parent, path.name, outside_allowed=True)


def _is_later_shard(name: str) -> bool:
    match = _SHARD.search(name)
    return match is not None and int(match[1]) > 1


def _describe(root: Path, name: str, outside_allowed: bool) -> ModelFile:
    try:
        return _inspect(root, name, outside_allowed)
    except GgufError as error:
        return ModelFile(name, str(root / name), 0, _fingerprint(root / name), None, error.text)
    except OSError as error:
        return ModelFile(name, str(root / name), 0, (0, 0, 0), None, error.strerror or "it cannot be read")


def _inspect(root: Path, name: str, outside_allowed: bool) -> ModelFile:
    path = (root / name).resolve(strict=True)
    if not outside_allowed and root not in path.parents:
        raise GgufError("OUTSIDE", "it is a link to a file outside the folder of models")
    if not path.is_file():
        raise GgufError("NOT_GGUF", "it is no file")
    header = _read(path)
    size_bytes = sum(shard.stat().st_size for shard in _shards(path, header.n_shards))
    return ModelFile(name, str(path), size_bytes, _fingerprint(path), header)


def _shards(path: Path, count: int) -> Iterator[Path]:
    """All files of the model that begins with this one. A missing one is an `OSError`."""
    match = _SHARD.search(path.name)
    if count == 1 or match is None:
        yield path
        return
    for number in range(1, count + 1):
        yield path.with_name(_SHARD.sub(f"-{number:05}-of-{match[2]}.gguf", path.name))


def _read(path: Path) -> Header:
    with path.open("rb") as file:
        return read_header(file, path.stat().st_size)


def _fingerprint(path: Path) -> tuple[int, int, int]:
    try:
        stat = path.stat()
    except OSError:
        return (0, 0, 0)
    return (stat.st_ino, stat.st_size, stat.st_mtime_ns)
