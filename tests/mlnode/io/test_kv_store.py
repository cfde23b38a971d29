"""States on disk: whole or absent, and nobody else's."""

import os
import stat
from pathlib import Path

import pytest

from mlnode.io.kv_store import KvStore, empty, make_fingerprint

TOKENS, STATE = bytes(range(200)), os.urandom(5000)


@pytest.fixture
def store(tmp_path: Path) -> KvStore:
    empty(tmp_path / "kv")
    return KvStore(tmp_path / "kv", 20_000, "model")


def only_file(store: KvStore) -> Path:
    (path,) = store.folder.iterdir()
    return path


def test_a_state_is_found_by_the_next_worker(store: KvStore) -> None:
    store.write(TOKENS, STATE)
    again = KvStore(store.folder, 20_000, "model")
    assert list(again.list()) == [(TOKENS, len(STATE))]
    assert again.read(TOKENS) == STATE


def test_only_the_node_can_look_at_it(store: KvStore) -> None:
    store.write(TOKENS, STATE)
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(only_file(store).stat().st_mode) == 0o600


def test_another_model_does_not_see_it(store: KvStore) -> None:
    store.write(TOKENS, STATE)
    other = KvStore(store.folder, 20_000, "other")
    assert list(other.list()) == []
    assert other.read(TOKENS) is None


def test_a_file_of_another_model_under_our_name_is_ignored(store: KvStore) -> None:
    other = KvStore(store.folder, 20_000, "other")
    other.write(TOKENS, STATE)
    only_file(store).rename(store._path(TOKENS))
    assert store.read(TOKENS) is None


@pytest.mark.parametrize("at", [0, 10, 100, 300, -1])
def test_a_damaged_file_is_ignored_and_removed(store: KvStore, at: int) -> None:
    store.write(TOKENS, STATE)
    path = only_file(store)
    data = bytearray(path.read_bytes())
    data[at] ^= 0x55
    path.write_bytes(data)
    assert store.read(TOKENS) is None
    assert not path.exists()


@pytest.mark.parametrize("size", [0, 3, 16, 40, 290, 5200])
def test_a_truncated_file_is_ignored(store: KvStore, size: int) -> None:
    store.write(TOKENS, STATE)
    os.truncate(only_file(store), size)
    list(store.list())
    assert store.read(TOKENS) is None


def test_what_is_no_state_at_all_is_ignored(store: KvStore) -> None:
    (store.folder / "notes.kv").write_bytes(b"MESHKV1\n" + b"\xff" * 8 + b"x" * 100)
    (store.folder / "more.kv").write_bytes(os.urandom(3000))
    store.write(TOKENS, STATE)
    assert list(store.list()) == [(TOKENS, len(STATE))]


def test_the_oldest_goes_when_there_is_no_room(store: KvStore) -> None:
    for i in range(4):
        store.write(bytes([i]) * 40, STATE)
        path = store._path(bytes([i]) * 40)
        if path.exists():
            os.utime(path, (1000 + i, 1000 + i))
    assert [tokens[0] for tokens, _ in store.list()] == [1, 2, 3]
    assert store.read(b"\1" * 40) == STATE
    assert [tokens[0] for tokens, _ in store.list()] == [2, 3, 1]


def test_what_is_larger_than_all_room_is_not_written(store: KvStore) -> None:
    store.write(TOKENS, bytes(20_001))
    assert list(store.folder.iterdir()) == []


def test_a_folder_that_cannot_be_written_costs_only_the_state(tmp_path: Path) -> None:
    store = KvStore(tmp_path / "missing", 20_000, "model")
    store.write(TOKENS, STATE)
    assert (list(store.list()), store.read(TOKENS)) == ([], None)


def test_a_start_forgets_everything(store: KvStore) -> None:
    store.write(TOKENS, STATE)
    (store.folder / "half.1234").write_bytes(b"x")
    empty(store.folder)
    assert list(store.folder.iterdir()) == []


def test_a_changed_file_has_another_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"one")
    first = make_fingerprint(path, 512)
    assert make_fingerprint(path, 512) == first != make_fingerprint(path, 1024)
    path.write_bytes(b"four")
    assert make_fingerprint(path, 512) != first
