"""Which models the node has, and what a name in a request means.

A model's identifier is its file's full name, `folder/name` for one in a folder below. Besides that a model is
found by an alias from the settings, by a name under which a broker had it served, and by a short form where
that is unique. Names are looked up, never joined to a path.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mlnode.errors import DefaultModelMissing, ModelUnknown
from mlnode.gguf import Header
from mlnode.instance import Fingerprint

UNSETTLED = "it is still being written"
"""The problem of a file that changes at this moment."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model file as the last scan found it."""

    id: str
    """The file's name, ending included; with its folder before it when it lies in one below."""
    path: str
    """Absolute, symlinks resolved."""
    size_bytes: int
    """All shards together."""
    fingerprint: Fingerprint
    """Inode, size and time of change: another file when one of them differs."""
    header: Header | None
    """None when the file is no model we can load."""
    problem: str = ""
    """Why it is none."""
    mmproj: str = ""
    """Path of the projector for images that belongs to it; empty when there is none."""


@dataclass(slots=True)
class Catalog:
    """The files and their names."""

    default_model: str = ""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """From the settings: name to identifier."""
    served: dict[str, str] = field(default_factory=dict)
    """From commands: name to identifier."""
    files: dict[str, ModelFile] = field(default_factory=dict)

    def replace(self, files: Iterable[ModelFile]) -> list[str]:
        """Take the result of a scan; the identifiers whose file is not the same any more, is new, or gone."""
        old, self.files = self.files, {file.id: file for file in sorted(files, key=lambda file: file.id)}
        known = {file.id: file.fingerprint for file in old.values()}
        found = {file.id: file.fingerprint for file in self.files.values()}
        return [id for id in {**known, **found} if known.get(id) != found.get(id)]

    def find(self, name: str | None) -> ModelFile:
        """The model that a request means. Raises `ModelUnknown` or `DefaultModelMissing`.

        1. Nothing said: the default model.
        2. An identifier. 3. A served name. 4. An alias. 5. A short form, when unique."""
        wanted = name or self.default_model
        if not wanted:
            raise DefaultModelMissing(self.names())
        for candidate in (wanted, self.served.get(wanted), self.aliases.get(wanted)):
            if candidate is not None and candidate in self.files:
                return self.files[candidate]
        meant = [file for id, file in self.files.items() if wanted.lower() in list_short_forms(id)]
        if len(meant) == 1:
            return meant[0]
        raise ModelUnknown(wanted, self.names())

    def names(self) -> tuple[str, ...]:
        """Every name that a request may use, identifiers first."""
        others = sorted({*self.served, *self.aliases} - set(self.files))
        return (*self.files, *(name for name in others if self._target(name) in self.files))

    def names_of(self, id: str) -> tuple[str, ...]:
        """The names of one model besides its identifier."""
        return tuple(name for name in self.names() if name != id and self._target(name) == id)

    def _target(self, name: str) -> str:
        return self.served.get(name) or self.aliases.get(name) or name


_PART = re.compile(r"-\d{5}-of-\d{5}$")


def list_short_forms(id: str) -> frozenset[str]:
    """What else an identifier may be called, in lower case: its name without ending and number of part; for
    one in a folder below also without the folder, or the folder alone."""
    folder, _, name = id.lower().rpartition("/")
    stem = name.removesuffix(".gguf")
    short = {stem, _PART.sub("", stem)}
    return frozenset({*short, *(f"{folder}/{form}" for form in short), folder, name} if folder else short)
