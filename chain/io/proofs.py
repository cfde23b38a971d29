"""Reads of single entries of the state as clients of CometBFT ask for them, and how proofs travel."""

import re
from typing import Protocol

from chain.block import Info
from chain.cosmos import tendermint_pb2
from chain.errors import ErrInvalidRequest, Refusal
from chain.io.refused import Refused
from chain.layout import ROOMS
from chain.merkle import Proof, Proven, verify
from chain.v1 import proof_pb2

PROOF_TYPE = "meshkeeper:bucket"
"""Type of the one step that a proof has."""
STORE_PATH = re.compile("/store/([a-z]+)/key")


class Prover(Protocol):
    """The machine, as far as proofs are concerned."""

    def info(self) -> Info:
        """Where it stands."""

    def prove(self, key: bytes, height: int = 0) -> Proven:
        """What the state holds under a key, with a proof."""


class ProofRefused(Refused):
    """A proof that does not show what it came with, in one sentence."""


def answer_state(
    prover: Prover, request: tendermint_pb2.ABCIQueryRequest
) -> tendermint_pb2.ABCIQueryResponse:
    """The entry that is asked for. Refusals are part of the answer, as CometBFT has them."""
    try:
        _check_path(request.path, request.data)
        proven = prover.prove(request.data, request.height)
    except Refusal as refusal:
        return tendermint_pb2.ABCIQueryResponse(
            code=refusal.code,
            codespace=refusal.codespace,
            info=refusal.reason,
            log=str(refusal),
            height=prover.info().height,
        )
    answer = tendermint_pb2.ABCIQueryResponse(
        key=request.data, value=proven.value or b"", height=proven.height
    )
    if request.prove:
        data = encode_proof(proven.proof)
        answer.proof_ops.ops.append(tendermint_pb2.ProofOp(type=PROOF_TYPE, key=request.data, data=data))
    return answer


def encode_proof(proof: Proof) -> bytes:
    """The proof as chain.v1.StateProof."""
    bucket = [proof_pb2.BucketEntry(key_hash=key, value_hash=value) for key, value in proof.bucket]
    message = proof_pb2.StateProof(bucket=bucket, siblings=proof.siblings, room_siblings=proof.room_siblings)
    encoded: bytes = message.SerializeToString(deterministic=True)
    return encoded


def decode_proof(data: bytes) -> Proof:
    """The proof of `encode_proof`. Raises DecodeError for other bytes."""
    message = proof_pb2.StateProof.FromString(data)
    bucket = tuple((entry.key_hash, entry.value_hash) for entry in message.bucket)
    return Proof(bucket, tuple(message.siblings), tuple(message.room_siblings))


def check_answer(answer: tendermint_pb2.ABCIQueryResponse, app_hash: bytes) -> None:
    """Refuses an answer whose proof does not lead from its key and value to the app hash. An empty value is
    proven to be absent.
    """
    ops = answer.proof_ops.ops
    if len(ops) != 1 or ops[0].type != PROOF_TYPE:
        raise ProofRefused(f"the answer carries no proof of type {PROOF_TYPE}")
    if not verify(app_hash, answer.key, answer.value or None, decode_proof(ops[0].data)):
        raise ProofRefused(
            f"the proof does not lead to the app hash {app_hash.hex()}: do not trust this node"
        )


def _check_path(path: str, key: bytes) -> None:
    match = STORE_PATH.fullmatch(path)
    bytes_by_room = {name: first for name, first, _ in ROOMS}
    if match is None or match[1] not in bytes_by_room:
        raise ErrInvalidRequest(
            why=f"path {path[:128]!r} is not /store/ROOM/key of {', '.join(bytes_by_room)}"
        )
    if len(key) < 2 or key[0] != bytes_by_room[match[1]]:
        raise ErrInvalidRequest(why=f"key {key[:64].hex()} is not one of room {match[1]}")
