"""The models' folder: which files lie there, and whether they can be models.

Files named *.gguf, whatever the case of the ending, in the folder itself and in the folders right below.
A file's identifier is its name, in a folder below `folder/name`. A model split over several files is one
entry, named after the first. A projector for images (mmproj) is no model: it is shown with the models that
it belongs to. A link is followed once; what lies outside is refused unless the settings allow it. Two names
of one file are two entries; an alias is what gives one model a second name. Nothing here fails because one
file is bad: the entry says what is wrong.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from mlnode.catalog import UNSETTLED, ModelFile
from mlnode.gguf import GgufError, Header, read_header

Fingerprint = tuple[int, int, int]
"""Inode, size, time of change in ns."""
Stock = Mapping[str, Fingerprint]
"""What lies in the folder, without a look inside: identifiers and fingerprints."""

GONE: Fingerprint = (0, 0, 0)

_SHARD = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$", re.IGNORECASE)
_PROJECTOR = re.compile(r"(?:^|[-_.])mmproj(?:[-_.]|$)", re.IGNORECASE)
_PRECISION = re.compile(r"[-_.](?:b?f16|f32|q8_0)$", re.IGNORECASE)


def scan_models(
    folder: Path,
    outside_allowed: bool = False,
    known: Iterable[ModelFile] = (),
    unsettled: Iterable[str] = (),
) -> tuple[ModelFile, ...]:
    """All entries, sorted by name. What is `known` and has not changed is not read again; what is `unsettled`
    is not read at all. Raises `OSError` when the folder cannot be read."""
    root = folder.resolve(strict=True)
    names = [name for name, _ in _walk(root)]
    known_by_id = {file.id: file for file in known}
    growing = frozenset(_first_part(name) for name in unsettled)
    files = [
        _describe(root, name, outside_allowed, known_by_id.get(name), name in growing)
        for name in sorted({_first_part(name) for name in names if not is_projector(name)})
    ]
    projectors = [name for name in names if is_projector(name)]
    return tuple(_pair(root, file, projectors) for file in files)


def take_stock(folder: Path) -> Stock:
    """Every model file with its fingerprint; nothing when the folder cannot be read."""
    try:
        return {name: _fingerprint(path) for name, path in _walk(folder)}
    except OSError:
        return {}


def describe_model(path: Path) -> ModelFile:
    """One file, wherever it lies."""
    return _describe(path.absolute().parent, path.name, outside_allowed=True)


def is_projector(name: str) -> bool:
    """Whether a file holds what turns images into input for a model, by its name."""
    return _PROJECTOR.search(name.rpartition("/")[2][: -len(".gguf")]) is not None


def _walk(root: Path) -> Iterator[tuple[str, Path]]:
    """Names and paths of all files that end like models, one level deep. Hidden folders are left alone."""
    folders = []
    with os.scandir(root) as entries:
        for entry in entries:
            if entry.name.lower().endswith(".gguf"):
                yield entry.name, root / entry.name
            elif entry.is_dir() and not entry.name.startswith("."):
                folders.append(entry.name)
    for name in folders:
        yield from ((f"{name}/{file}", root / name / file) for file in _list(root / name))


def _list(folder: Path) -> list[str]:
    try:
        return [name for name in os.listdir(folder) if name.lower().endswith(".gguf")]
    except OSError:
        return []


def _first_part(name: str) -> str:
    """The name of the first file of a model that is split, otherwise the name itself."""
    return _SHARD.sub(lambda match: f"-00001-of-{match[2]}.gguf", name)


def _describe(
    root: Path, name: str, outside_allowed: bool, known: ModelFile | None = None, growing: bool = False
) -> ModelFile:
    """`known`: what the last scan said of it. `growing`: it changes at this moment."""
    shown = os.fsencode(name).decode("utf-8", "replace")
    if shown != name:
        return ModelFile(shown, str(root / shown), 0, GONE, None, "its name is no UTF-8; rename it")
    path = root / name
    try:
        if growing:
            raise GgufError("UNSETTLED", UNSETTLED)
        return _inspect(root, name, outside_allowed, known)
    except GgufError as error:
        return ModelFile(name, str(path), 0, _fingerprint(path), None, error.text)
    except OSError as error:
        return ModelFile(name, str(path), 0, GONE, None, error.strerror or "it cannot be read")


def _inspect(root: Path, name: str, outside_allowed: bool, known: ModelFile | None) -> ModelFile:
    path = _find(root, name, outside_allowed)
    if not path.is_file():
        raise GgufError("NOT_GGUF", "it is no file")
    stats = [(inode, size, changed) for inode, size, changed in map(_fingerprint, _parts(path))]
    fingerprint = (stats[0][0], sum(size for _, size, _ in stats), max(changed for *_, changed in stats))
    if known is not None and known.header and (known.fingerprint, known.path) == (fingerprint, str(path)):
        return replace(known, mmproj="")
    header = _read(path)
    if header.n_shards != len(stats):
        raise GgufError("CORRUPT", f"it says that it has {header.n_shards} parts and its name {len(stats)}")
    return ModelFile(name, str(path), fingerprint[1], fingerprint, header)


def _find(root: Path, name: str, outside_allowed: bool) -> Path:
    try:
        path = (root / name).resolve(strict=True)
    except FileNotFoundError:
        if _SHARD.search(name):
            raise GgufError("FILE_MISSING", "its first part is missing") from None
        raise
    except RuntimeError:  # what Python before 3.13 says of links in a circle
        raise GgufError("NOT_GGUF", "it is a link that leads in a circle") from None
    if not outside_allowed and root not in path.parents:
        raise GgufError("OUTSIDE", "it is a link to a file outside the folder of models")
    return path


def _parts(path: Path) -> list[Path]:
    """All files of the model that begins with this one."""
    match = _SHARD.search(path.name)
    if match is None:
        return [path]
    numbers = range(1, int(match[2]) + 1)
    parts = [path.with_name(_SHARD.sub(f"-{n:05}-of-{match[2]}.gguf", path.name)) for n in numbers]
    missing = [n for n, part in enumerate(parts, 1) if not part.is_file()]
    if missing:
        raise GgufError("FILE_MISSING", f"its part {missing[0]} of {len(parts)} is missing")
    return parts


def _pair(root: Path, file: ModelFile, projectors: Iterable[str]) -> ModelFile:
    """With the projector that lies in the model's own folder, or that is named like the model."""
    fitting = [name for name in sorted(projectors) if _fits(name, file.id)]
    return replace(file, mmproj=str(root / fitting[0])) if fitting else file


def _fits(projector: str, model: str) -> bool:
    folder, _, name = projector.rpartition("/")
    model_folder, _, model_name = model.rpartition("/")
    if folder != model_folder:
        return False
    named_for = _PRECISION.sub("", "-" + _PROJECTOR.sub("-", name[: -len(".gguf")])).strip("-_.").lower()
    return model_name.lower().startswith(named_for) if named_for else bool(folder)


def _read(path: Path) -> Header:
    with path.open("rb") as file:
        return read_header(file, path.stat().st_size)


def _fingerprint(path: Path) -> Fingerprint:
    try:
        stat = path.stat()
    except OSError:
        return GONE
    return (stat.st_ino, stat.st_size, stat.st_mtime_ns)
