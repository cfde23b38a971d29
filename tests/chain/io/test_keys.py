"""Account keys on disk."""

import json
from pathlib import Path

import pytest

from chain.auth.addresses import SECP256K1, address_of
from chain.auth.signatures import verify_signature
from chain.io.keys import KEYS_FOLDER, KeyRefused, create_key, find_key, is_key_name, list_keys, load_key


def test_a_key_comes_back_as_it_was_made(tmp_path: Path) -> None:
    key = create_key(tmp_path / "ada", "ada")
    assert load_key(tmp_path / "ada") == key
    assert key.address == address_of(SECP256K1, key.public_key)


def test_the_file_is_for_its_owner_only_and_has_the_documented_fields(tmp_path: Path) -> None:
    key = create_key(tmp_path, "ada")
    path = tmp_path / "key.json"
    assert path.stat().st_mode & 0o777 == 0o600
    document = json.loads(path.read_text())
    assert document == {
        "name": "ada",
        "address": key.address,
        "public_key": key.public_key.hex(),
        "private_key": key.private_key.hex(),
    }


def test_the_machine_accepts_its_signatures(tmp_path: Path) -> None:
    key = create_key(tmp_path, "ada")
    signature = key.sign(b"message")
    assert verify_signature(SECP256K1, key.public_key, b"message", signature)
    assert not verify_signature(SECP256K1, key.public_key, b"other", signature)


def test_no_key_is_ever_overwritten(tmp_path: Path) -> None:
    key = create_key(tmp_path, "ada")
    with pytest.raises(KeyRefused, match="exists already"):
        create_key(tmp_path, "bob")
    assert load_key(tmp_path) == key


def test_a_private_key_is_not_shown(tmp_path: Path) -> None:
    key = create_key(tmp_path, "ada")
    assert key.private_key.hex() not in repr(key) and "private_key" not in repr(key)


def test_a_key_is_found_by_name_or_by_folder(tmp_path: Path) -> None:
    named = create_key(tmp_path / KEYS_FOLDER / "ada", "ada")
    elsewhere = create_key(tmp_path / "broker", "broker")
    assert find_key(tmp_path, "ada") == named
    assert find_key(tmp_path, str(tmp_path / "broker")) == elsewhere
    assert list_keys(tmp_path) == [named]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "is not a key file"),
        ("[]", "is not a key file"),
        ("{}", "is not a key file"),
        ('{"private_key": "zz", "address": "x"}', "is not a key file"),
        ('{"private_key": "' + "00" * 32 + '", "address": "x"}', "is not a key file"),
        ('{"private_key": "' + "01" * 32 + '", "address": "mesh1x"}', "is not that of its key"),
        (None, "cannot read the key"),
    ],
)
def test_what_is_no_key_is_refused(text: str | None, why: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "key.json").write_text(text)
    with pytest.raises(KeyRefused, match=why):
        load_key(tmp_path)


@pytest.mark.parametrize("name", ["", "..", "a/b", "a b", "ä", "x" * 65])
def test_a_name_that_cannot_be_a_folder_is_no_name(name: str) -> None:
    assert not is_key_name(name)
    assert is_key_name("ada-1_b")
