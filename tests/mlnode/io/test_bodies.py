"""What a request may say, and the clear refusal of what it may not."""

import pytest

from mlnode.errors import RequestInvalid
from mlnode.io.bodies import (
    ChatBody,
    CompletionBody,
    InferBody,
    decode_body,
    order_chat,
    order_completion,
    order_infer,
)
from mlnode.io.frames import ChatMessage

DEEP = b"[" * 100_000 + b"]" * 100_000


def read_completion(body: bytes) -> object:
    return order_completion(decode_body(body, CompletionBody))


def read_chat(body: bytes) -> object:
    return order_chat(decode_body(body, ChatBody))


def read_infer(body: bytes) -> object:
    return order_infer(decode_body(body, InferBody))


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        (b"", "BAD_JSON", None),
        (b"\xff", "BAD_JSON", None),
        (b'{"prompt": "a", "temperature": NaN}', "BAD_JSON", None),
        (b'{"prompt": "\\ud800"}', "BAD_JSON", None),
        (b'{"prompt": ' + DEEP + b"}", "BAD_JSON", None),
        (b'{"prompt": "a", "metadata": ' + DEEP + b"}", "BAD_JSON", None),
        (b"null", "BAD_FIELD", None),
        (b"{}", "BAD_FIELD", None),
        (b'{"prompt": {}}', "BAD_FIELD", "prompt"),
        (b'{"prompt": []}', "BAD_FIELD", "prompt"),
        (b'{"prompt": [true]}', "BAD_FIELD", "prompt"),
        (b'{"prompt": [["a"]]}', "BAD_FIELD", "prompt"),
        (b'{"prompt": [1, "a"]}', "BAD_FIELD", "prompt"),
        (b'{"prompt": [""]}', "BLANK_PROMPT", "prompt"),
        (b'{"prompt": "a", "seed": 99999999999999999999}', "BAD_FIELD", "seed"),
        (b'{"prompt": "a", "model": 5}', "BAD_FIELD", "model"),
        (b'{"prompt": "a", "suffix": "b"}', "UNSUPPORTED", "suffix"),
    ],
)
def test_a_wrong_completion_is_refused_by_the_field(body: bytes, code: str, param: str | None) -> None:
    with pytest.raises(RequestInvalid) as refused:
        read_completion(body)
    assert (refused.value.code, refused.value.param) == (code, param)


@pytest.mark.parametrize(
    ("rest", "code", "param"),
    [
        (b'"messages": []', "BAD_FIELD", "messages"),
        (b'"messages": "hi"', "BAD_FIELD", "messages"),
        (b'"messages": [{"role": "king", "content": "x"}]', "BAD_FIELD", "messages[0].role"),
        (b'"messages": [{"role": "user", "content": " "}]', "BLANK_PROMPT", "messages"),
        (b'"messages": [{"role": "user", "content": [{"type": "image_url"}]}]', "UNSUPPORTED", "messages"),
    ],
)
def test_a_wrong_conversation_is_refused_in_every_place(rest: bytes, code: str, param: str) -> None:
    for read in (read_chat, read_infer):
        with pytest.raises(RequestInvalid) as refused:
            read(b"{" + rest + b"}")
        assert (refused.value.code, refused.value.param) == (code, param)


@pytest.mark.parametrize(
    ("extra", "code", "param"),
    [
        (b'"tools": [{}]', "UNSUPPORTED", "tools"),
        (b'"response_format": {"type": "json_object"}', "UNSUPPORTED", "response_format"),
        (b'"top_logprobs": 2', "BAD_FIELD", "top_logprobs"),
        (b'"logprobs": true, "top_logprobs": 21', "BAD_FIELD", "top_logprobs"),
        (b'"n": 2', "UNSUPPORTED", "n"),
        (b'"max_completion_tokens": 0', "BAD_FIELD", "max_tokens"),
    ],
)
def test_what_a_chat_asks_beyond_what_is_offered_is_refused(extra: bytes, code: str, param: str) -> None:
    with pytest.raises(RequestInvalid) as refused:
        read_chat(b'{"messages": [{"role": "user", "content": "x"}], ' + extra + b"}")
    assert (refused.value.code, refused.value.param) == (code, param)


def test_a_plain_request_has_a_prompt_or_a_conversation() -> None:
    for body in (b"{}", b'{"prompt": "a", "messages": []}'):
        with pytest.raises(RequestInvalid, match="either prompt or messages"):
            read_infer(body)


def test_what_changes_nothing_is_passed_over_and_texts_are_kept_whole() -> None:
    order = order_completion(
        decode_body(b'{"prompt": ["a\\u0000b"], "user": "me", "x": [1]}', CompletionBody)
    )
    assert (order.text, order.max_tokens, order.temperature) == ("a\0b", 16, 1.0)
    body = b'{"messages": [{"role": "developer", "content": [{"type": "text", "text": "x"}]}]}'
    assert order_chat(decode_body(body, ChatBody)).messages == [ChatMessage("system", "x")]
