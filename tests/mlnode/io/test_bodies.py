"""What a request may say, and the clear refusal of what it may not."""

import pytest

from mlnode.errors import RequestInvalid
from mlnode.io.asking import Asked, ask_chat, ask_completion, ask_plainly
from mlnode.io.bodies import ChatBody, CompletionBody, InferBody, decode_body
from mlnode.io.frames import ChatCall, ChatMessage, ChatTool

TOOL = b'{"type": "function", "function": {"name": "f"}}'
ODD_TOOL = b'{"type": "function", "function": {"name": "f", "parameters": {"not": {}}}}'
DEEP = b"[" * 100_000 + b"]" * 100_000


def read_completion(body: bytes) -> Asked:
    return ask_completion(decode_body(body, CompletionBody))


def read_chat(body: bytes) -> Asked:
    return ask_chat(decode_body(body, ChatBody))


def read_infer(body: bytes) -> Asked:
    return ask_plainly(decode_body(body, InferBody))


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        (b"", "BAD_JSON", None),
        (b"\xff", "BAD_JSON", None),
        (b'{"prompt": "a", "temperature": NaN}', "BAD_JSON", None),
        (b'{"prompt": "\\ud800"}', "BAD_JSON", None),
        (b'{"prompt": ' + DEEP + b"}", "BAD_FIELD", "prompt[0][0]"),
        (b'{"prompt": "a", "metadata": ' + DEEP + b"}", "BAD_JSON", None),
        (b"null", "BAD_FIELD", None),
        (b"{}", "BAD_FIELD", None),
        (b'{"prompt": {}}', "BAD_FIELD", "prompt"),
        (b'{"prompt": []}', "BLANK_PROMPT", "prompt"),
        (b'{"prompt": [true]}', "BAD_FIELD", "prompt[0]"),
        (b'{"prompt": [[]]}', "BLANK_PROMPT", "prompt"),
        (b'{"prompt": [[1], "a"]}', "BAD_FIELD", "prompt"),
        (b'{"prompt": "a", "best_of": 2}', "UNSUPPORTED", "best_of"),
        (b'{"prompt": "a", "n": 17}', "BAD_FIELD", "n"),
        (b'{"prompt": ["a", "b", "c"], "n": 8}', "BAD_FIELD", "n"),
        (b'{"prompt": [1], "echo": true}', "UNSUPPORTED", "echo"),
        (b'{"prompt": "a", "echo": true, "logprobs": 1}', "UNSUPPORTED", "echo"),
        (b'{"prompt": "a", "logit_bias": {"word": 1}}', "BAD_FIELD", "logit_bias"),
        (b'{"prompt": "a", "logit_bias": {"1": 101}}', "BAD_FIELD", "logit_bias[...]"),
        (b'{"prompt": "a", "repeat_penalty": 0}', "BAD_FIELD", "repeat_penalty"),
        (b'{"prompt": "a", "grammar": "root ::= root"}', "BAD_GRAMMAR", "grammar"),
        (b'{"prompt": "a", "json_schema": {"not": {}}}', "BAD_SCHEMA", "json_schema"),
        (b'{"prompt": "a", "json_schema": {}, "grammar": "root ::= [a]"}', "BAD_FIELD", "json_schema"),
        (b'{"prompt": "a", "stop": ""}', "BAD_FIELD", "stop"),
        (b'{"prompt": [["a"]]}', "BAD_FIELD", "prompt[0][0]"),
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
        (b'"tools": [{}]', "BAD_FIELD", "tools[0]"),
        (b'"tools": [' + TOOL + b", " + TOOL + b"]", "BAD_FIELD", "tools"),
        (b'"tool_choice": "required"', "BAD_FIELD", "tool_choice"),
        (b'"tools": [' + TOOL + b'], "tool_choice": "always"', "BAD_FIELD", "tool_choice"),
        (
            b'"tools": [' + TOOL + b'], "tool_choice": {"type": "function", "function": {"name": "g"}}',
            "BAD_FIELD",
            "tool_choice",
        ),
        (b'"tools": [' + ODD_TOOL + b'], "tool_choice": "required"', "BAD_SCHEMA", "tools"),
        (
            b'"tools": [' + TOOL + b'], "tool_choice": "required", "grammar": "root ::= [a]"',
            "BAD_FIELD",
            "grammar",
        ),
        (b'"functions": [{}]', "UNSUPPORTED", "functions"),
        (b'"modalities": ["audio"]', "UNSUPPORTED", "modalities"),
        (b'"audio": {"voice": "x"}', "UNSUPPORTED", "audio"),
        (b'"web_search_options": {"a": 1}', "UNSUPPORTED", "web_search_options"),
        (b'"response_format": {"type": "xml"}', "BAD_FIELD", "response_format.type"),
        (b'"response_format": {"type": "json_schema"}', "BAD_FIELD", "response_format.json_schema"),
        (
            b'"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": false}}',
            "BAD_SCHEMA",
            "response_format",
        ),
        (b'"top_logprobs": 2', "BAD_FIELD", "top_logprobs"),
        (b'"logprobs": true, "top_logprobs": 21', "BAD_FIELD", "top_logprobs"),
        (b'"n": 0', "BAD_FIELD", "n"),
        (b'"max_completion_tokens": 0', "BAD_FIELD", "max_completion_tokens"),
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
    (order,) = read_completion(b'{"prompt": ["a\\u0000b"], "user": "me", "x": [1]}').orders
    assert (order.text, order.max_tokens, order.temperature) == ("a\0b", 16, 1.0)
    body = b'{"messages": [{"role": "developer", "content": [{"type": "text", "text": "x"}]}]}'
    (chat,) = read_chat(body).orders
    assert chat.messages == [ChatMessage("system", "x")]


def test_every_answer_is_an_order_of_its_own_with_its_own_seed() -> None:
    asked = read_completion(b'{"prompt": ["a", "b"], "n": 2, "seed": 5, "echo": true, "max_tokens": 3}')
    assert [(order.text, order.seed) for order in asked.orders] == [("a", 5), ("a", 6), ("b", 5), ("b", 6)]
    assert (asked.copies, asked.echoes) == (2, ["a", "a", "b", "b"])


def test_how_tokens_are_picked_is_passed_on() -> None:
    (order,) = read_completion(
        b'{"prompt": [1, 2], "logit_bias": {"7": -100}, "repeat_penalty": 1.1, "repeat_last_n": 9,'
        b' "ignore_eos": true, "top_k": 0, "min_p": 0.1, "stop": ["x", "y"]}'
    ).orders
    assert (order.tokens, order.logit_bias, order.stop) == ([1, 2], {7: -100.0}, ("x", "y"))
    assert (order.repeat_penalty, order.repeat_last_n, order.top_k, order.min_p) == (1.1, 9, 0, 0.1)
    assert order.ignore_eos


@pytest.mark.parametrize(
    "extra",
    [
        b'"response_format": {"type": "json_object"}',
        b'"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}}',
        b'"json_schema": {"type": "object"}',
    ],
)
def test_a_schema_is_a_grammar_for_the_worker(extra: bytes) -> None:
    (order,) = read_chat(b'{"messages": [{"role": "user", "content": "x"}], ' + extra + b"}").orders
    assert order.grammar.startswith(("root ::= object\n", "root ::= value\n"))


def test_tools_and_their_calls_are_passed_on() -> None:
    asked = read_chat(
        b'{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [{"id": "1",'
        b' "type": "function", "function": {"name": "f", "arguments": "{}"}}]}, {"role": "tool", "content":'
        b' "y", "tool_call_id": "1"}], "tools": [' + TOOL + b'], "tool_choice": "required",'
        b' "parallel_tool_calls": false}'
    )
    (order,) = asked.orders
    assert order.messages is not None
    assert order.messages[1:] == [
        ChatMessage("assistant", "", calls=(ChatCall("1", "f", "{}"),)),
        ChatMessage("tool", "y", call_id="1"),
    ]
    assert order.tools == (ChatTool("f", "", '{"type":"object"}'),)
    assert (order.calls_min, order.calls_max, asked.tools, asked.calls_max) == (1, 1, {"f"}, 1)
    (without,) = read_chat(
        b'{"messages": [{"role": "user", "content": "x"}], "tools": [' + TOOL + b'], "tool_choice": "none"}'
    ).orders
    assert without.tools == ()


@pytest.mark.parametrize("arguments", [b"{", b"[1]", b"\\ud800"])
def test_a_call_with_arguments_that_are_no_object_is_refused(arguments: bytes) -> None:
    call = b'{"id": "1", "function": {"name": "f", "arguments": "' + arguments + b'"}}'
    with pytest.raises(RequestInvalid):
        read_chat(b'{"messages": [{"role": "assistant", "tool_calls": [' + call + b"]}]}")
