"""Bytes from outside mean the same to every protobuf library, or nothing to any."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from chain import wire
from chain.bank.types import Coin, MsgSend
from chain.codec import decode_strict, encode, message_class
from chain.errors import ErrTxDecode
from chain.fixed import Decimal
from chain.nodes.types import HardwareNode
from chain.poc.types import MsgSubmitPocBatch, MsgSubmitPocValidation
from chain.proposals.types import MsgVote, VoteOption
from tests.chain.everyday import begin, live, send
from tests.chain.mutations import Field, Mutator, collect_pieces, encode_varint

ROOT = Path(__file__).resolve().parents[2]
INPUTS = int(os.environ.get("MESHKEEPER_FUZZ_VERDICTS", "300"))
SEED = os.environ.get("MESHKEEPER_FUZZ_SEED", "1")
SEND = encode(MsgSend("from", "to", (Coin("umesh", "5"),)))
VOTE = encode(MsgVote("voter", 3, VoteOption.YES))
BATCH = encode(MsgSubmitPocBatch("creator", 18, "b", (1, 300), (2, 3), "n"))

WELL_FORMED = {
    "nothing": (MsgSend, b""),
    "a message as it is written": (MsgSend, SEND),
    "fields in another order": (MsgVote, Field(2, 0, 3).encode() + Field(1, 2, b"voter").encode()),
    "a field twice": (MsgVote, VOTE + Field(2, 0, 4).encode()),
    "a default written out": (MsgVote, VOTE + Field(3, 0, 0).encode()),
    "a list one by one": (MsgSubmitPocBatch, Field(4, 0, 1).encode() + Field(4, 0, 300).encode()),
    "a list packed twice": (
        MsgSubmitPocBatch,
        Field(4, 2, b"\x01").encode() + Field(4, 2, b"\x02\x03").encode(),
    ),
    "a number below zero": (MsgSubmitPocBatch, Field(2, 0, 2**64 - 1).encode()),
    "an exponent below zero": (Decimal, Field(2, 0, 2**64 - 18).encode()),
}
MALFORMED = {
    "a field that is not known": (MsgSend, SEND + Field(9, 0, 1).encode(), "not known"),
    "one that is not known, inside": (MsgSend, Field(3, 2, Field(9, 0, 1).encode()).encode(), "not known"),
    "a wasteful tag": (MsgVote, encode_varint(2 << 3, 1) + b"\x03", "more bytes"),
    "a wasteful length": (MsgVote, b"\x0a" + encode_varint(1, 3) + b"v", "more bytes"),
    "a wasteful number": (MsgVote, b"\x10" + encode_varint(3, 2), "more bytes"),
    "eleven bytes of a number": (MsgVote, b"\x10" + b"\x80" * 10 + b"\x01", "ten bytes"),
    "a number of 65 bits": (MsgVote, b"\x10" + encode_varint(2**64), "too large"),
    "an enumerator of 32 bits": (MsgVote, Field(3, 0, 2**31).encode(), "too large"),
    "two as a truth": (MsgSubmitPocValidation, Field(11, 0, 2).encode(), "too large"),
    "an exponent of 32 bits": (Decimal, Field(2, 0, 2**31).encode(), "too large"),
    "a number where text belongs": (MsgVote, Field(1, 0, 3).encode(), "another kind"),
    "text where a number belongs": (MsgVote, Field(2, 2, b"\x03").encode(), "another kind"),
    "eight bytes where a number belongs": (MsgVote, Field(2, 1, b"12345678").encode(), "another kind"),
    "text that is not UTF-8": (MsgVote, Field(1, 2, b"\xff").encode(), "UTF-8"),
    "text with half a pair": (MsgVote, Field(1, 2, b"\xed\xa0\x80").encode(), "UTF-8"),
    "a length beyond the end": (MsgVote, b"\x0a\x7fx", "too large|ends within"),
    "an end within a number": (MsgVote, b"\x10\x80", "ends within"),
    "an end within a packed list": (MsgSubmitPocBatch, Field(4, 2, b"\x80").encode(), "ends within"),
    "a tag alone": (MsgVote, b"\x10", "ends within"),
    "field zero": (MsgVote, b"\x00\x00", "not known"),
    "a group": (MsgVote, b"\x13\x14", "another kind"),
}


@pytest.mark.parametrize("name", WELL_FORMED)
def test_what_libraries_agree_about_is_well_formed(name: str) -> None:
    kind, data = WELL_FORMED[name]
    wire.check(data, message_class(kind).DESCRIPTOR)
    decode_strict(kind, data)


@pytest.mark.parametrize("name", MALFORMED)
def test_what_they_may_differ_about_is_refused(name: str) -> None:
    kind, data, why = MALFORMED[name]
    with pytest.raises(wire.Malformed, match=why):
        wire.check(data, message_class(kind).DESCRIPTOR)
    with pytest.raises(ErrTxDecode):
        decode_strict(kind, data)


def test_what_is_long_is_taken_in_canonical_form_only() -> None:
    """Looking at a megabyte of two-byte fields would take a second, before anybody has paid or signed."""
    long = encode(MsgSubmitPocBatch("creator", 18, "b", tuple(range(wire.LOOSE_BYTES_MAX)), (), "n"))
    assert decode_strict(MsgSubmitPocBatch, long).batch_id == "b"
    began = time.process_time()
    with pytest.raises(ErrTxDecode, match="canonical form only"):
        decode_strict(MsgSubmitPocBatch, Field(4, 0, 1).encode() * 500_000)
    assert time.process_time() - began < 1
    with pytest.raises(ErrTxDecode, match="canonical form only"):
        decode_strict(MsgSubmitPocBatch, Field(4, 2, b"\x01" * 500_000).encode() * 2)


def test_every_message_of_a_life_is_well_formed() -> None:
    chain = begin()
    for step in live(chain):
        wire.check(encode(step[1]), message_class(type(step[1])).DESCRIPTOR)
        send(chain, step)


@given(st.integers(0, 10**9))
def test_what_is_well_formed_can_be_read(seed: int) -> None:
    """The library refuses nothing that passes here."""
    corpus = [SEND, VOTE, BATCH, encode(HardwareNode("n", models=("a", "b")))]
    mutator = Mutator(str(seed), corpus, collect_pieces(corpus))
    for kind, data in zip((MsgSend, MsgVote, MsgSubmitPocBatch, HardwareNode), corpus, strict=True):
        bent = mutator.bend_fields(data)
        try:
            wire.check(bent, message_class(kind).DESCRIPTOR)
        except wire.Malformed:
            continue
        try:
            message_class(kind)().ParseFromString(bent)
        except DecodeError as error:
            raise AssertionError(f"{kind.__name__} cannot be read: {bent.hex()}") from error


def test_two_libraries_say_the_same_of_broken_transactions_and_requests() -> None:
    """A difference would split a network whose validators do not all have the same one."""
    told = []
    for library in ("upb", "python"):
        environment = {**os.environ, "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": library}
        command = [sys.executable, "-m", "tests.chain.verdicts", str(INPUTS), SEED]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        told.append(done.stdout.splitlines())
    assert len(told[0]) == len(told[1]) == 2 * INPUTS
    assert [pair for pair in zip(*told, strict=True) if pair[0] != pair[1]][:3] == []
    assert len({line.split(" ")[0] for line in told[0]}) > 15, "many reasons, or nothing was tried in depth"
