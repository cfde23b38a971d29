"""Signatures beyond the golden vectors, and the memory of good ones."""

from hypothesis import given
from hypothesis import strategies as st

from chain.auth import signatures
from chain.auth.addresses import ED25519, SECP256K1
from chain.auth.ripemd160 import compute_ripemd160
from chain.auth.signatures import SignatureCache, verify_signature
from tests.chain.kit import Signer

SIGNERS = st.sampled_from([Signer("ann"), Signer("eve", ED25519)])


@given(SIGNERS, st.binary(max_size=50))
def test_a_signature_verifies(signer: Signer, message: bytes) -> None:
    assert verify_signature(signer.key_type, signer.public_key, message, signer.sign(message))


@given(SIGNERS, st.integers(0, 511))
def test_a_signature_with_one_bit_turned_does_not(signer: Signer, bit: int) -> None:
    bent = bytearray(signer.sign(b"message"))
    bent[bit // 8] ^= 1 << bit % 8
    assert not verify_signature(signer.key_type, signer.public_key, b"message", bytes(bent))


@given(st.sampled_from([SECP256K1, ED25519, ""]), st.binary(max_size=70), st.binary(max_size=70))
def test_nothing_wrong_ever_raises(key_type: str, key: bytes, signature: bytes) -> None:
    assert not verify_signature(key_type, key, b"message", signature)


def test_the_memory_answers_as_the_library_does_and_stays_small(monkeypatch) -> None:
    monkeypatch.setattr(signatures, "VERIFIED_MAX", 3)
    cache, signer = SignatureCache(), Signer("ann")
    good = {message: signer.sign(message) for message in (b"1", b"2", b"3", b"4", b"5")}
    for _ in range(2):
        for message, signature in good.items():
            assert cache.verify(SECP256K1, signer.public_key, message, signature)
            assert not cache.verify(SECP256K1, signer.public_key, message + b"x", signature)
    assert len(cache._verified) == 3


def test_ripemd160_gives_the_digests_that_its_authors_published() -> None:
    published = {
        b"": "9c1185a5c5e9fc54612808977ee8f548b2258d31",
        b"a": "0bdc9d2d256b3ee9daae347be6f4dc835a467ffe",
        b"abc": "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc",
        b"message digest": "5d0689ef49d2fae572b881b123a85ffa21595f36",
        b"abcdefghijklmnopqrstuvwxyz": "f71c27109c692c1b56bbdceb5b9d2865b3708dbc",
        b"1234567890" * 8: "9b752e45573d4b39f4dbd3323cab82bf63326bfb",
    }
    assert {text: compute_ripemd160(text).hex() for text in published} == published
