"""Requests as clients send them: what is read, what is refused, and what a node is asked."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.completions import (
    BODY_BYTES_MAX,
    TEMPLATE_TOKENS,
    Kind,
    build_node_request,
    build_payload,
    parse_request,
)
from broker.errors import RequestRefused

MESSAGES = [{"role": "user", "content": "hi"}]


def encode(**body: Any) -> bytes:
    return json.dumps({"model": "m", "messages": MESSAGES, **body}).encode()


def test_a_plain_request_is_read_and_its_text_kept_as_it_came() -> None:
    raw = b'{ "model": "m",  "messages": [{"role": "user", "content": "\xc3\xa4b"}], "stream": true }'
    request = parse_request(Kind.CHAT, raw)
    assert request.original.encode() == raw
    assert (request.model, request.is_stream, request.max_tokens, request.seed) == ("m", True, None, None)
    assert request.prompt_tokens_max == 3 + TEMPLATE_TOKENS
    assert not request.wants_usage


def test_text_parts_are_joined_for_the_node() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    request = parse_request(Kind.CHAT, encode(messages=[{"role": "user", "content": parts}]))
    payload = json.loads(build_payload(request, "canonical", 7, 5))
    assert payload["messages"] == [{"role": "user", "content": "ab"}]
    assert request.prompt_tokens_max == 2 + TEMPLATE_TOKENS


def test_what_the_client_leaves_open_is_decided_in_the_payload() -> None:
    request = parse_request(Kind.CHAT, encode())
    payload = json.loads(build_payload(request, "canonical", 7, 5))
    assert (payload["model"], payload["max_tokens"], payload["seed"]) == ("canonical", 7, 5)


def test_what_the_client_decides_stays() -> None:
    request = parse_request(Kind.CHAT, encode(max_completion_tokens=3, seed=1))
    payload = json.loads(build_payload(request, "canonical", 7, 5))
    assert (payload["max_tokens"], payload["seed"]) == (3, 1)
    assert "max_completion_tokens" not in payload


def test_two_brokers_build_the_same_payload_whatever_the_order_of_the_fields() -> None:
    one = parse_request(Kind.CHAT, b'{"model":"m","messages":[{"role":"user","content":"x"}],"top_p":0.5}')
    two = parse_request(Kind.CHAT, b'{"top_p":0.5,"messages":[{"content":"x","role":"user"}],"model":"m"}')
    assert build_payload(one, "m", 1, 2) == build_payload(two, "m", 1, 2)


def test_a_streaming_node_is_always_asked_for_its_counts() -> None:
    request = parse_request(Kind.CHAT, encode(stream=True, stream_options={"include_usage": False}))
    sent = json.loads(build_node_request(build_payload(request, "m", 1, 2), "served"))
    assert (sent["model"], sent["stream_options"]) == ("served", {"include_usage": True})


@pytest.mark.parametrize(
    ("raw", "code", "param"),
    [
        (b"", "invalid_json", ""),
        (b"{", "invalid_json", ""),
        (b"\xff\xfe", "invalid_json", ""),
        (b"[]", "invalid_json", ""),
        (b'{"model": NaN}', "invalid_json", ""),
        (b'{"model": "m", "messages": [{"role": "user", "content": "\\ud800"}]}', "invalid_json", ""),
        (b"[" * 100_000, "invalid_json", ""),
        (b'{"messages": []}', "missing_messages", "messages"),
        (encode(model=""), "missing_model", "model"),
        (encode(model=None), "missing_model", "model"),
        (encode(model=["m"]), "invalid_type", "model"),
        (encode(model="m" * 257), "invalid_value", "model"),
        (encode(messages="hi"), "invalid_type", "messages"),
        (encode(messages=["hi"]), "invalid_type", "messages[0]"),
        (encode(messages=[{"content": "hi"}]), "invalid_type", "messages[0]"),
        (encode(messages=[{"role": "user", "content": 5}]), "invalid_type", "messages[0].content"),
        (
            encode(messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]),
            "invalid_type",
            "messages[0].content",
        ),
        (encode(stream="yes"), "invalid_type", "stream"),
        (encode(stream_options=5), "invalid_type", "stream_options"),
        (encode(max_tokens=0), "invalid_value", "max_tokens"),
        (encode(max_tokens=True), "invalid_type", "max_tokens"),
        (encode(max_tokens="8"), "invalid_type", "max_tokens"),
        (encode(max_completion_tokens=10**9), "invalid_value", "max_completion_tokens"),
        (encode(seed=2**70), "invalid_value", "seed"),
        (encode(n=2), "unsupported_value", "n"),
    ],
)
def test_rejects_a_malformed_request_by_the_name_of_its_field(raw: bytes, code: str, param: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        parse_request(Kind.CHAT, raw)
    assert (refused.value.http_status, refused.value.reason, refused.value.param) == (400, code, param)


def test_rejects_a_body_that_would_not_fit_into_a_transaction() -> None:
    with pytest.raises(RequestRefused) as refused:
        parse_request(Kind.CHAT, b" " * (BODY_BYTES_MAX + 1))
    assert refused.value.http_status == 413


@pytest.mark.parametrize("prompt", [None, "", [], [True], ["a", "b"], 5])
def test_rejects_a_completion_without_a_prompt(prompt: Any) -> None:
    with pytest.raises(RequestRefused, match="prompt"):
        parse_request(Kind.TEXT, json.dumps({"model": "m", "prompt": prompt}).encode())


@pytest.mark.parametrize(("prompt", "tokens"), [("abc", 4), ([1, 2, 3], 4)])
def test_a_prompt_is_a_text_or_token_ids(prompt: Any, tokens: int) -> None:
    request = parse_request(Kind.TEXT, json.dumps({"model": "m", "prompt": prompt}).encode())
    assert request.prompt_tokens_max == tokens


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        parse_request(Kind.CHAT, raw)
    except RequestRefused as refused:
        assert refused.http_status in (400, 413)
