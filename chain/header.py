"""The head of a block as bytes, and the hashes made of it.

A header is its fields in order, each a 4-byte big-endian length and the field's bytes: text as UTF-8,
integers as 8 bytes, big-endian. The block hash is the SHA-256 of those bytes under the domain
`meshkeeper/header`.
"""

import hashlib
from collections.abc import Iterable

from chain.block import Header
from chain.records import replace

HEADER_DOMAIN = b"meshkeeper/header\0"
TXS_DOMAIN = b"meshkeeper/txs\0"
INTEGER_BYTES = 8


def encode_header(header: Header) -> bytes:
    """All fields but the block hash."""
    return _join(
        (
            header.chain_id.encode(),
            header.height.to_bytes(INTEGER_BYTES, "big"),
            header.time_ns.to_bytes(INTEGER_BYTES, "big"),
            header.previous_hash,
            header.app_hash,
            header.results_hash,
            header.txs_hash,
            header.proposer.encode(),
        )
    )


def decode_header(data: bytes) -> Header:
    """The header of `encode_header`, with its block hash."""
    fields, at = [], 0
    while at < len(data):
        end = at + 4 + int.from_bytes(data[at : at + 4], "big")
        fields.append(data[at + 4 : end])
        at = end
    chain_id, height, time_ns, previous_hash, app_hash, results_hash, txs_hash, proposer = fields
    return with_block_hash(
        Header(
            chain_id=chain_id.decode(),
            height=int.from_bytes(height, "big"),
            time_ns=int.from_bytes(time_ns, "big"),
            previous_hash=previous_hash,
            app_hash=app_hash,
            results_hash=results_hash,
            txs_hash=txs_hash,
            proposer=proposer.decode(),
        )
    )


def with_block_hash(header: Header) -> Header:
    """The header, named by its hash."""
    return replace(header, block_hash=compute_block_hash(header))


def compute_block_hash(header: Header) -> bytes:
    """The hash that names a block."""
    return hashlib.sha256(HEADER_DOMAIN + encode_header(header)).digest()


def compute_txs_hash(txs: Iterable[bytes]) -> bytes:
    """One hash over a block's transactions, in order."""
    return hashlib.sha256(TXS_DOMAIN + _join(hashlib.sha256(tx).digest() for tx in txs)).digest()


def compute_tx_hash(tx: bytes) -> str:
    """A transaction's hash as clients write it: SHA-256 of its bytes, upper-case hex."""
    return hashlib.sha256(tx).hexdigest().upper()


def _join(fields: Iterable[bytes]) -> bytes:
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)
