"""Answers on their way: marked for the client, kept for the chain."""

import hashlib
import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.answers import AnswerMalformed, Marks, Transcript
from broker.completions import Kind, parse_request

MARKS = Marks("id-1", "asked-model", "mesh1exec", "mesh1agent")
WHO = {"inference_id": "id-1", "executor": "mesh1exec", "transfer_agent": "mesh1agent"}


def chunk(text: str | None = None, reason: str | None = None) -> dict[str, Any]:
    delta = {} if text is None else {"content": text}
    return {
        "id": "n",
        "model": "file.gguf",
        "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
    }


USAGE = {"id": "n", "choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}}
STREAM = [chunk("Hel"), chunk("lo €"), chunk(None, "stop"), USAGE]


def encode(documents: list[dict[str, Any]], ended: bool = True) -> bytes:
    lines = [b"data: " + json.dumps(document).encode() + b"\n\n" for document in documents]
    return b"".join(lines) + (b"data: [DONE]\n\n" if ended else b"")


def make(stream: bool = True, **body: Any) -> Transcript:
    asked = {"model": "asked-model", "messages": [{"role": "user", "content": "x"}], "stream": stream, **body}
    return Transcript(parse_request(Kind.CHAT, json.dumps(asked).encode()), MARKS)


def decode(raw: bytes) -> list[dict[str, Any]]:
    lines = [line for line in raw.decode().split("\n\n") if line]
    assert lines[-1] == "data: [DONE]"
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]


def test_each_chunk_bears_the_inference_and_the_last_one_says_who_answered() -> None:
    documents = decode(make().take_bytes(encode(STREAM)))
    assert [document["id"] for document in documents] == ["id-1"] * 3
    assert {document["model"] for document in documents} == {"asked-model"}
    assert [document.get("meshkeeper") for document in documents] == [None, None, WHO]


def test_counts_are_passed_on_only_to_a_client_that_asked_for_them() -> None:
    documents = decode(make(stream_options={"include_usage": True}).take_bytes(encode(STREAM)))
    assert documents[-1]["usage"]["total_tokens"] == 7
    assert [document.get("meshkeeper") for document in documents] == [None, None, None, WHO]


def test_the_record_holds_text_hash_and_counts() -> None:
    transcript = make()
    transcript.take_bytes(encode(STREAM))
    record = transcript.build_record()
    assert record.response_hash == hashlib.sha256("Hello €".encode()).hexdigest()
    assert (record.prompt_tokens, record.completion_tokens) == (5, 2)
    payload = json.loads(record.response_payload)
    assert payload["choices"][0] == {
        "finish_reason": "stop",
        "index": 0,
        "message": {"content": "Hello €", "role": "assistant"},
    }
    assert "partial" not in payload


@given(st.lists(st.integers(0, len(encode(STREAM))), max_size=8))
def test_a_stream_is_the_same_however_it_is_cut(cuts: list[int]) -> None:
    raw, whole, pieces = encode(STREAM), make(), make()
    edges = [0, *sorted(cuts), len(raw)]
    parts = [raw[begin:end] for begin, end in itertools.pairwise(edges)]
    assert b"".join(map(pieces.take_bytes, parts)) == whole.take_bytes(raw)
    assert pieces.build_record() == whole.build_record()


def test_a_stream_that_broke_off_is_recorded_as_partial_with_what_came() -> None:
    transcript = make()
    transcript.take_bytes(encode(STREAM[:2], ended=False))
    record = transcript.build_record()
    assert not transcript.is_complete
    assert record.completion_tokens == 2
    payload = json.loads(record.response_payload)
    assert payload["partial"] is True
    assert payload["choices"][0]["message"]["content"] == "Hello €"


def test_a_whole_answer_is_marked_and_kept() -> None:
    transcript = make(stream=False)
    answer = {
        "id": "n",
        "choices": [{"index": 0, "message": {"content": "ok"}, "finish_reason": "stop"}],
        "usage": {},
    }
    document = json.loads(transcript.take_document(json.dumps(answer).encode()))
    assert (document["id"], document["meshkeeper"]) == ("id-1", WHO)
    assert transcript.build_record().response_hash == hashlib.sha256(b"ok").hexdigest()


def test_an_empty_answer_is_an_answer() -> None:
    transcript = make()
    transcript.take_bytes(encode([chunk(None, "stop")]))
    record = transcript.build_record()
    assert record.response_hash == hashlib.sha256(b"").hexdigest()
    assert record.completion_tokens == 0
    assert record.response_payload


def test_a_refusal_of_the_node_is_recorded_without_tokens() -> None:
    transcript = make()
    transcript.take_error(400, b'{"error": "too long"}')
    record = transcript.build_record()
    assert record.completion_tokens == 0
    assert json.loads(record.response_payload)["error"] == {"body": '{"error": "too long"}', "status": 400}


@pytest.mark.parametrize("raw", [b"data: nonsense\n", b"data: [1]\n", b"data: " + b"x" * (2 << 20)])
def test_rejects_a_stream_that_cannot_be_read(raw: bytes) -> None:
    with pytest.raises(AnswerMalformed):
        make().take_bytes(raw)


@pytest.mark.parametrize("raw", [b"", b"nonsense", b"[1]"])
def test_rejects_a_whole_answer_that_cannot_be_read(raw: bytes) -> None:
    with pytest.raises(AnswerMalformed):
        make(stream=False).take_document(raw)


def test_comments_are_passed_on() -> None:
    assert make().take_bytes(b": still there\n\n") == b": still there\n\n"
