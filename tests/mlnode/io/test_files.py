"""The scan of the models' folder: one bad entry never spoils the others."""

import shutil
from pathlib import Path

import pytest

from mlnode.io.files import scan_models


def problems(folder: Path, **options: bool) -> dict[str, str]:
    return {file.id: file.problem for file in scan_models(folder, **options)}


@pytest.fixture
def folder(tmp_path: Path, tiny_path: Path) -> Path:
    made = tmp_path / "models"
    made.mkdir()
    shutil.copy(tiny_path, made / "a.gguf")
    return made


def test_files_are_named_as_they_are_and_the_ending_may_be_in_capitals(folder: Path, tiny_path: Path) -> None:
    shutil.copy(tiny_path, folder / "B.GGUF")
    (folder / "notes.txt").write_text("no model")
    (folder / "deeper").mkdir()
    shutil.copy(tiny_path, folder / "deeper" / "c.gguf")
    assert problems(folder) == {"B.GGUF": "", "a.gguf": ""}
    assert all(Path(file.path).is_absolute() and file.header for file in scan_models(folder))


def test_what_is_no_model_says_so_and_the_others_are_there(folder: Path) -> None:
    (folder / "empty.gguf").write_bytes(b"")
    (folder / "text.gguf").write_text("hello")
    (folder / "cut.gguf").write_bytes((folder / "a.gguf").read_bytes()[:-10])
    (folder / "folder.gguf").mkdir()
    (folder / "dangling.gguf").symlink_to(folder / "gone")
    found = problems(folder)
    assert found.pop("a.gguf") == ""
    assert len(found) == 5
    assert all(found.values())


def test_a_link_inside_the_folder_is_followed_and_one_out_of_it_only_when_allowed(
    folder: Path, tiny_path: Path
) -> None:
    (folder / "inside.gguf").symlink_to(folder / "a.gguf")
    (folder / "outside.gguf").symlink_to(tiny_path)
    found = problems(folder)
    assert found["inside.gguf"] == ""
    assert "outside" in found["outside.gguf"]
    assert problems(folder, outside_allowed=True)["outside.gguf"] == ""


def test_a_changed_file_has_another_fingerprint(folder: Path, other_path: Path) -> None:
    (before,) = scan_models(folder)
    shutil.copy(other_path, folder / "new")
    (folder / "new").replace(folder / "a.gguf")
    (after,) = scan_models(folder)
    assert before.fingerprint != after.fingerprint


def test_later_shards_are_no_entries_of_their_own(folder: Path) -> None:
    (folder / "m-00002-of-00002.gguf").write_bytes(b"GGUF")
    assert list(problems(folder)) == ["a.gguf"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        scan_models(tmp_path / "none")
