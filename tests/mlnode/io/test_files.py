"""The scan of the models' folder: one bad entry never spoils the others."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mlnode.catalog import UNSETTLED
from mlnode.io.files import scan_models, take_stock
from mlnode.io.made_gguf import write_tiny_gguf
from mlnode.io.model import Model


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
    assert problems(folder) == {"B.GGUF": "", "a.gguf": "", "deeper/c.gguf": ""}
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


def test_folders_are_looked_into_once_and_hidden_ones_not_at_all(folder: Path, tiny_path: Path) -> None:
    for name in ("one/two", ".hidden"):
        (folder / name).mkdir(parents=True)
        shutil.copy(tiny_path, folder / name / "c.gguf")
    shutil.copy(tiny_path, folder / "one" / "d.gguf")
    assert list(problems(folder)) == ["a.gguf", "one/d.gguf"]


def test_a_model_of_several_parts_is_one_entry_that_loads(
    folder: Path, load_model: Callable[[Path], Model]
) -> None:
    write_tiny_gguf(folder / "m-00001-of-00003.gguf", parts=3)
    write_tiny_gguf(folder / "whole.gguf")
    _, split, whole = scan_models(folder)
    assert (split.id, split.problem) == ("m-00001-of-00003.gguf", "")
    assert split.size_bytes > whole.size_bytes
    parts, one = load_model(Path(split.path)), load_model(Path(whole.path))
    assert (parts.n_layers, parts.size_bytes) == (one.n_layers, one.size_bytes)


def test_a_model_with_a_missing_part_says_which(folder: Path) -> None:
    write_tiny_gguf(folder / "m-00001-of-00003.gguf", parts=3)
    (folder / "m-00002-of-00003.gguf").unlink()
    assert "part 2 of 3 is missing" in problems(folder)["m-00001-of-00003.gguf"]
    (folder / "m-00001-of-00003.gguf").unlink()
    assert "first part is missing" in problems(folder)["m-00001-of-00003.gguf"]
    shutil.copy(folder / "a.gguf", folder / "m-00001-of-00003.gguf")
    shutil.copy(folder / "a.gguf", folder / "m-00002-of-00003.gguf")
    assert "1 parts and its name 3" in problems(folder)["m-00001-of-00003.gguf"]


def test_a_change_of_any_part_changes_the_model(folder: Path) -> None:
    path = folder / "m-00001-of-00002.gguf"
    write_tiny_gguf(path, parts=2)
    before = scan_models(folder)[1].fingerprint
    later = folder / "m-00002-of-00002.gguf"
    os.utime(later, ns=(0, later.stat().st_mtime_ns + 10**9))
    assert scan_models(folder)[1].fingerprint != before


def test_projectors_are_shown_with_their_models_and_not_as_models(folder: Path, tiny_path: Path) -> None:
    (folder / "vision").mkdir()
    for name in ("gemma-4b-Q4_K_M.gguf", "mmproj-Gemma-4b-f16.gguf", "vision/m.gguf", "vision/mmproj.gguf"):
        shutil.copy(tiny_path, folder / name)
    assert {file.id: Path(file.mmproj).name for file in scan_models(folder)} == {
        "a.gguf": "",
        "gemma-4b-Q4_K_M.gguf": "mmproj-Gemma-4b-f16.gguf",
        "vision/m.gguf": "mmproj.gguf",
    }


def test_two_names_of_one_file_are_two_entries(folder: Path) -> None:
    os.link(folder / "a.gguf", folder / "b.gguf")
    assert problems(folder) == {"a.gguf": "", "b.gguf": ""}


def test_what_has_not_changed_is_not_read_again(folder: Path) -> None:
    known = scan_models(folder)
    (again,) = scan_models(folder, known=known)
    assert again.header is known[0].header
    os.utime(folder / "a.gguf", ns=(0, 0))
    (changed,) = scan_models(folder, known=known)
    assert changed.header is not known[0].header


def test_what_is_being_written_is_not_read(folder: Path) -> None:
    write_tiny_gguf(folder / "m-00001-of-00002.gguf", parts=2)
    found = {file.id: file.problem for file in scan_models(folder, unsettled=("m-00002-of-00002.gguf",))}
    assert found == {"a.gguf": "", "m-00001-of-00002.gguf": UNSETTLED}


def test_the_stock_tells_every_file_and_every_change(folder: Path) -> None:
    before = take_stock(folder)
    with (folder / "a.gguf").open("ab") as file:
        file.write(b"more")
    after = take_stock(folder)
    assert list(before) == list(after) == ["a.gguf"]
    assert before != after
    assert take_stock(folder / "none") == {}


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        scan_models(tmp_path / "none")
