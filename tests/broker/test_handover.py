"""What transfer agent and executor pass on and sign, and that each request counts once."""

import pytest

from broker.errors import RequestRefused
from broker.handover import (
    Handover,
    build_request_bytes,
    build_transfer_bytes,
    decode_signature,
    encode_signature,
    hash_text,
    read_handover,
)
from broker.replay import NS_PER_S, Replays

SIGNATURE = encode_signature(bytes(range(64)))
HANDOVER = Handover(SIGNATURE, 1_700_000_000_000_000_000, "mesh1asker", "mesh1agent", SIGNATURE, 7, "ab" * 32)
NOW = 1_700_000_000 * NS_PER_S


def test_a_handover_survives_its_headers() -> None:
    assert read_handover(HANDOVER.write_headers()) == HANDOVER


@pytest.mark.parametrize("name", sorted(HANDOVER.write_headers()))
def test_rejects_a_handover_without_one_of_its_headers(name: str) -> None:
    headers = HANDOVER.write_headers()
    del headers[name]
    with pytest.raises(RequestRefused, match=name):
        read_handover(headers)


@pytest.mark.parametrize("text", ["-1", "1.5", "07", " 7", "7 ", "x", "²", "9" * 19, "1" * 300])
def test_rejects_a_timestamp_that_is_no_number(text: str) -> None:
    with pytest.raises(RequestRefused, match="x-timestamp"):
        read_handover({**HANDOVER.write_headers(), "x-timestamp": text})


def test_a_signature_has_one_spelling() -> None:
    assert decode_signature(SIGNATURE) == bytes(range(64))
    last = SIGNATURE[:-3] + chr(ord(SIGNATURE[-3]) + 1) + "=="
    for other in ("", "x", SIGNATURE + "\n", SIGNATURE.rstrip("="), last, encode_signature(bytes(63)), "ä"):
        assert decode_signature(other) == b""


def test_each_role_signs_all_that_binds_it() -> None:
    asked = build_request_bytes("prompt", 12, "agent")
    assert asked == b"prompt12agent"
    assert build_transfer_bytes("prompt", 12, "agent", "executor") == asked + b"executor"
    assert hash_text("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def admit(replays: Replays, signature: str, age_s: int = 0, now_ns: int = NOW) -> None:
    replays.admit(signature, now_ns - age_s * NS_PER_S, now_ns, 60, 30)


def test_a_request_counts_once() -> None:
    replays = Replays()
    admit(replays, "a")
    admit(replays, "b")
    with pytest.raises(RequestRefused) as refused:
        admit(replays, "a")
    assert (refused.value.http_status, refused.value.reason) == (400, "signature_reused")


@pytest.mark.parametrize(("age_s", "code"), [(61, "timestamp_expired"), (-31, "timestamp_in_future")])
def test_rejects_a_request_outside_its_window(age_s: int, code: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        admit(Replays(), "a", age_s)
    assert refused.value.reason == code


@pytest.mark.parametrize("age_s", [60, -30])
def test_the_ends_of_the_window_are_inside(age_s: int) -> None:
    admit(Replays(), "a", age_s)


def test_a_signature_is_remembered_for_as_long_as_it_could_be_used() -> None:
    replays = Replays()
    admit(replays, "a", age_s=-30)
    later = NOW + 90 * NS_PER_S
    with pytest.raises(RequestRefused, match="used already"):
        replays.admit("a", NOW + 30 * NS_PER_S, later, 60, 30)
    admit(replays, "b", now_ns=NOW + 200 * NS_PER_S)
    assert len(replays._expires_ns) == 1
