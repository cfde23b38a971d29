"""The head of a block as bytes, and the hashes made of it.

A header is its fields in order, each a 4-byte big-endian length and the field's bytes: text as UTF-8,
integers as 8 bytes, big-endian. The block hash is the SHA-256 of those bytes under the domain
`meshkeeper/header`.
"""

import hashlib
from collections.abc import Iterable

from chain.block import Header, TxResult
from chain.records import replace

HEADER_DOMAIN = b"meshkeeper/header\0"
TXS_DOMAIN = b"meshkeeper/txs\0"
RESULTS_DOMAIN = b"meshkeeper/results\0"
INTEGER_BYTES = 8


def encode_header(header: Header) -> bytes:
    """All fields but the block hash."""
    return join_fields(
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
    chain_id, height, time_ns, previous_hash, app_hash, results_hash, txs_hash, proposer = split_fields(data)
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
    return hashlib.sha256(TXS_DOMAIN + join_fields(hashlib.sha256(tx).digest() for tx in txs)).digest()


def compute_results_hash(tx_results: Iterable[TxResult]) -> bytes:
    """One hash over code, data, gas wanted and gas used of a block's transactions, in order."""
    digest = hashlib.sha256(RESULTS_DOMAIN)
    for result in tx_results:
        for number in (result.code, len(result.data), result.gas_wanted, result.gas_used):
            digest.update(number.to_bytes(8, "big"))
        digest.update(result.data)
    return digest.digest()


def compute_tx_hash(tx: bytes) -> str:
    """A transaction's hash as clients write it: SHA-256 of its bytes, upper-case hex."""
    return hashlib.sha256(tx).hexdigest().upper()


def join_fields(fields: Iterable[bytes]) -> bytes:
    """Fields one behind the other, each with its length before it."""
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)


def split_fields(data: bytes) -> list[bytes]:
    """The fields of `join_fields`."""
    fields, at = [], 0
    while at < len(data):
        end = at + 4 + int.from_bytes(data[at : at + 4], "big")
        fields.append(data[at + 4 : end])
        at = end
    return fields


def find_header_fault(header: Header, last: Header, app_hash: bytes) -> str:
    """Why a header cannot follow another one, which left this app hash, in words; empty when it can."""
    if header.chain_id != last.chain_id:
        return f"it is of chain {header.chain_id!r}, not {last.chain_id!r}"
    if header.height != last.height + 1:
        return f"its height is {header.height}"
    if header.time_ns < last.time_ns:
        return "its time lies before the last block's"
    if header.app_hash and header.app_hash != app_hash:
        return "its app hash is not the state's"
    return ""
