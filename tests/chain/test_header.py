import pytest
from msgspec.structs import fields

from chain.block import Header
from chain.header import (
    compute_block_hash,
    compute_tx_hash,
    compute_txs_hash,
    decode_header,
    encode_header,
    with_block_hash,
)
from chain.records import replace

HEADER = Header(
    "mesh-1", 7, 1_700_000_000_000_000_000, b"p" * 32, b"a" * 32, b"r" * 32, b"t" * 32, "embedded"
)


def test_a_header_comes_back_with_its_hash() -> None:
    assert decode_header(encode_header(HEADER)) == with_block_hash(HEADER)


@pytest.mark.parametrize("name", [field.name for field in fields(Header) if field.name != "block_hash"])
def test_every_field_is_under_the_block_hash(name: str) -> None:
    value = getattr(HEADER, name)
    other = value + 1 if isinstance(value, int) else value[:-1]
    assert compute_block_hash(replace(HEADER, **{name: other})) != compute_block_hash(HEADER)


def test_the_block_hash_is_not_under_itself() -> None:
    assert compute_block_hash(replace(HEADER, block_hash=b"x")) == compute_block_hash(HEADER)


def test_the_order_of_transactions_is_under_the_hash() -> None:
    assert compute_txs_hash([b"a", b"b"]) != compute_txs_hash([b"b", b"a"])


def test_a_tx_hash_is_upper_case_hex_of_its_sha256() -> None:
    assert compute_tx_hash(b"") == "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"
