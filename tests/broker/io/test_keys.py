"""The account key: its file, its address and its signatures."""

import hashlib
import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import HomeError
from broker.io.keys import AccountKey, address_of, is_signed_by
from broker.ripemd160 import compute_ripemd160, ripemd160

VECTORS = [
    (b"", "9c1185a5c5e9fc54612808977ee8f548b2258d31"),
    (b"abc", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"),
    (b"message digest", "5d0689ef49d2fae572b881b123a85ffa21595f36"),
    (b"12345678901234567890" * 4, "9b752e45573d4b39f4dbd3323cab82bf63326bfb"),
]
"""From the authors' paper."""


@pytest.mark.parametrize(("data", "digest"), VECTORS)
def test_ripemd160_gives_the_digests_of_its_paper(data: bytes, digest: str) -> None:
    assert compute_ripemd160(data).hex() == digest


@given(st.binary(max_size=200))
def test_both_ways_to_compute_ripemd160_agree(data: bytes) -> None:
    assert compute_ripemd160(data) == ripemd160(data)


def test_an_address_is_that_of_every_cosmos_chain() -> None:
    generator = bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
    assert ripemd160(hashlib.sha256(generator).digest()).hex() == "751e76e8199196d454941c45d1b3a323f1433bd6"
    assert address_of(generator) == "mesh1w508d6qejxtdg4y5r3zarvary0c5xw7ks4md2r"


def test_a_created_key_is_read_back_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    created = AccountKey.create(tmp_path / "home" / "key.json", "alice")
    path = tmp_path / "home" / "key.json"
    assert AccountKey.load(path) == created
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(json.loads(path.read_text())) == {"name", "address", "public_key", "private_key"}
    assert created.private_key.hex() not in repr(created)


def test_an_existing_key_is_never_replaced(tmp_path: Path) -> None:
    created = AccountKey.create(tmp_path / "key.json", "alice")
    with pytest.raises(HomeError, match="exists already"):
        AccountKey.create(tmp_path / "key.json", "bob")
    assert AccountKey.load(tmp_path / "key.json") == created


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"address": "x", "private_key": "zz"}', '"text"'])
def test_rejects_a_file_that_is_no_key(tmp_path: Path, text: str) -> None:
    (tmp_path / "key.json").write_text(text)
    with pytest.raises(HomeError, match="is not a key file"):
        AccountKey.load(tmp_path / "key.json")


def test_rejects_a_missing_key_and_one_with_a_foreign_address(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    with pytest.raises(HomeError, match="cannot read"):
        AccountKey.load(path)
    AccountKey.create(path, "alice")
    document = json.loads(path.read_text())
    document["address"] = AccountKey.create(tmp_path / "other.json", "bob").address
    path.write_text(json.dumps(document))
    with pytest.raises(HomeError, match="not that of its key"):
        AccountKey.load(path)


def test_a_signature_binds_key_and_payload(tmp_path: Path) -> None:
    alice = AccountKey.create(tmp_path / "a.json", "alice")
    bob = AccountKey.create(tmp_path / "b.json", "bob")
    signature = alice.sign(b"payload")
    assert len(signature) == 64
    assert is_signed_by(alice.public_key, b"payload", signature)
    assert not is_signed_by(bob.public_key, b"payload", signature)
    assert not is_signed_by(alice.public_key, b"other", signature)
    assert not is_signed_by(b"\x02" * 5, b"payload", signature)
    assert not is_signed_by(alice.public_key, b"payload", b"\xff" * 64)
    assert not is_signed_by(alice.public_key, b"payload", signature + b"\0")


def test_a_signature_with_high_s_is_refused(tmp_path: Path) -> None:
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    alice = AccountKey.create(tmp_path / "a.json", "alice")
    signature = alice.sign(b"payload")
    high = order - int.from_bytes(signature[32:], "big")
    assert not is_signed_by(alice.public_key, b"payload", signature[:32] + high.to_bytes(32, "big"))
