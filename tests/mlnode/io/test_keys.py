"""The keys of a node: which are known, and how they change."""

from pathlib import Path

import pytest

from mlnode.io.keys import Keys


def test_any_of_the_keys_is_known_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("# ours\none\n\n two \n")
    keys = Keys(("zero",), file)
    assert [keys.know(key) for key in (b"zero", b"one", b"two")] == [True] * 3
    assert not any(keys.know(key) for key in (b"", b"on", b"# ours", b"one\n", "ü".encode()))


def test_without_keys_none_is_wanted() -> None:
    assert not Keys((), None).wanted


def test_a_file_without_a_key_does_not_open_the_door(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("# none yet\n")
    with pytest.raises(ValueError, match="holds no key"):
        Keys((), file)


def test_the_file_is_read_again_and_a_bad_one_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("old")
    keys = Keys((), file)
    file.write_text("new")
    keys.reload()
    assert (keys.know(b"old"), keys.know(b"new")) == (False, True)
    for spoil in (lambda: file.write_text(""), file.unlink):
        spoil()
        keys.reload()
        assert keys.know(b"new")
