"""Golden cases: what the machine must answer to agreed questions, so that another implementation can check
itself.

A case has a kind, a name, what is given and what is expected; `tests/vectors/README.md` describes the
kinds. Bytes are hex, decimal numbers text, refusals {"refused": NAME}.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any as Anything

from chain import codec, fixed, router
from chain.app import App
from chain.auth.addresses import address_of, decode_address
from chain.auth.signatures import verify_signature
from chain.block import Block, Header
from chain.context import NS_PER_S
from chain.errors import Refusal
from chain.genesis import GenesisState
from chain.machine import build_keepers
from chain.merkle import MerkleTree, Proof, verify
from chain.tx import TxBody, TxRaw
from chain.vectors_block import find_difference, run_blocks
from chain.vectors_consensus import CONSENSUS_KINDS
from chain.vectors_formation import FORMATION_KINDS
from chain.vectors_rewards import REWARD_KINDS
from chain.vectors_rooms import ROOM_KINDS
from chain.vectors_story import STORY_KINDS
from chain.vectors_validation import VALIDATION_KINDS

Case = Mapping[str, Anything]


def read_cases(document: Mapping[str, Anything]) -> Iterator[dict[str, Anything]]:
    """The cases of one file, each with the file's kind; a state that is named is put in its place."""
    states = document.get("states", {})
    for case in document["cases"]:
        given = case["given"]
        if states and isinstance(given.get("state"), str):
            given = {**given, "state": states.get(given["state"], given["state"])}
        yield {"kind": document["kind"], **case, "given": given}


def run_case(case: Case) -> str | None:
    """Runs one case: None when the machine answers as expected, else a sentence with both answers. A case
    that expects nothing must be refused; one that cannot be read fails.
    """
    run = KINDS.get(case["kind"])
    if run is None:
        return f"{case['name']}: kind {case['kind']!r} is not known; there are {', '.join(KINDS)}"
    try:
        got = run(case["given"])
    except Refusal as refusal:
        got = {"refused": refusal.reason}
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        return f"{case['name']}: cannot be run: {type(error).__name__}: {error}"
    if "expect" not in case:
        refused = isinstance(got, dict) and [*got] == ["refused"]
        return None if refused else f"{case['name']}: must be refused, got {got}"
    if got == case["expect"]:
        return None
    if case["kind"] == "block":
        return f"{case['name']}: {find_difference(case['expect'], got)}"
    return f"{case['name']}: expected {case['expect']}, got {got}"


def _run_address(given: Case) -> object:
    if "address" in given:
        return {"bytes": decode_address(given["address"]).hex()}
    return {"address": address_of(given["key_type"], bytes.fromhex(given["public_key"]))}


def _run_signature(given: Case) -> object:
    key, message, signature = (bytes.fromhex(given[name]) for name in ("public_key", "message", "signature"))
    return {"valid": verify_signature(given["key_type"], key, message, signature)}


def _run_fixed(given: Case) -> object:
    arguments = [fixed.parse(text) for text in given["arguments"]]
    if given["operation"] == "truncate":
        return {"result": str(fixed.truncate(*arguments))}
    return {"result": fixed.text_of(FIXED_OPERATIONS[given["operation"]](*arguments))}


def _run_record(given: Case) -> object:
    record_class = RECORDS[given["record"]]
    data = bytes.fromhex(given["bytes"])
    return {"canonical": codec.encode(codec.decode_strict(record_class, data)) == data}


def _run_merkle(given: Case) -> object:
    tree, roots = MerkleTree(), []
    for block in given["blocks"]:
        tree.update([(bytes.fromhex(key), _optional(value)) for key, value in block])
        roots.append(tree.root().hex())
    return {"app_hashes": roots}


def _run_merkle_proof(given: Case) -> object:
    proof = Proof(
        bucket=tuple((bytes.fromhex(key), bytes.fromhex(value)) for key, value in given["bucket"]),
        siblings=tuple(bytes.fromhex(sibling) for sibling in given["siblings"]),
        room_siblings=tuple(bytes.fromhex(sibling) for sibling in given["room_siblings"]),
    )
    key, value = bytes.fromhex(given["key"]), _optional(given["value"])
    return {"holds": verify(bytes.fromhex(given["app_hash"]), key, value, proof)}


def _run_gas(given: Case) -> object:
    """Gas that a transaction with one message uses, by the message's name; the first of each counts. A block
    for each second after genesis, with one transaction or none.
    """
    app = App("vectors")
    genesis = codec.decode_strict(GenesisState, bytes.fromhex(given["genesis"]))
    app.init_chain(genesis)
    app.commit()
    used: dict[str, int] = {}
    for at, data in enumerate(given["blocks"]):
        tx = bytes.fromhex(data)
        time_ns = genesis.genesis_time_ns + (at + 1) * NS_PER_S
        header = Header(genesis.chain_id, genesis.initial_height + at, time_ns)
        result = app.finalize_block(Block(header, (tx,) if tx else ()))
        app.commit()
        if tx:
            (packed,) = codec.decode(TxBody, codec.decode(TxRaw, tx).body_bytes).messages
            if result.tx_results[0].code:
                return {"refused": result.tx_results[0].reason}
            used.setdefault(packed.type_url[1:], result.tx_results[0].gas_used)
    return used


def _optional(value: str | None) -> bytes | None:
    return None if value is None else bytes.fromhex(value)


FIXED_OPERATIONS: Mapping[str, Callable[..., int]] = {
    "mul": fixed.mul,
    "mul_truncate": fixed.mul_truncate,
    "quo": fixed.quo,
}
RECORDS: Mapping[str, type] = {
    "TxRaw": TxRaw,
    **{route.message.__name__: route.message for route in router.build_routes(build_keepers()).values()},
}
"""Records that come from outside, by name."""
KINDS: Mapping[str, Callable[[Case], object]] = {
    "address": _run_address,
    "signature": _run_signature,
    "fixed": _run_fixed,
    "record": _run_record,
    "merkle": _run_merkle,
    "merkle_proof": _run_merkle_proof,
    "block": run_blocks,
    "gas": _run_gas,
    **ROOM_KINDS,
    **VALIDATION_KINDS,
    **FORMATION_KINDS,
    **REWARD_KINDS,
    **CONSENSUS_KINDS,
    **STORY_KINDS,
}
