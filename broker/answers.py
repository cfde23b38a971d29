"""An answer on its way from a node to whoever asked: renamed, marked, and kept for the record.

Each object bears the inference's id, and the last one says who answered. What is kept is what the chain
records: the text, the counts, and the answer as one document.
"""

import json
from dataclasses import dataclass
from typing import Any

from broker.completions import CompletionRequest, Kind, write_json
from broker.handover import hash_text

LINE_BYTES_MAX = 1024 * 1024
"""A longer line of a stream is no answer of a language model."""
DONE = b"data: [DONE]\n\n"

Document = dict[str, Any]


class AnswerMalformed(Exception):
    """The node's answer cannot be read."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What is written into an answer. `model` is the name that the client used."""

    inference_id: str
    model: str
    executor: str
    transfer_agent: str

    def apply(self, document: Document, is_last: bool) -> Document:
        """The document, marked."""
        marked = {**document, "id": self.inference_id, "model": self.model}
        if is_last:
            marked["meshkeeper"] = {
                "inference_id": self.inference_id,
                "executor": self.executor,
                "transfer_agent": self.transfer_agent,
            }
        return marked


@dataclass(frozen=True, slots=True)
class Record:
    """What the chain is told. `prompt_tokens` 0 means not counted."""

    response_hash: str
    response_payload: str
    prompt_tokens: int
    completion_tokens: int


class Transcript:
    """One answer as it passes by."""

    def __init__(self, request: CompletionRequest, marks: Marks) -> None:
        self._request = request
        self._marks = marks
        self._texts: list[str] = []
        self._pieces = 0
        self._finish_reason: str | None = None
        self._usage: Document = {}
        self._error: Document = {}
        self._rest = b""
        self.is_complete = False

    @property
    def has_begun(self) -> bool:
        """Whether any text came."""
        return bool(self._texts)

    def take_document(self, raw: bytes) -> bytes:
        """A whole answer, as it is to be relayed. AnswerMalformed."""
        document = _read_object(raw)
        self._note(document)
        self.is_complete = True
        return write_json(self._marks.apply(document, is_last=True)).encode()

    def take_error(self, status: int, raw: bytes) -> None:
        """The node refused the request as such; that is the answer then."""
        self._error = {"status": status, "body": raw[:LINE_BYTES_MAX].decode("utf-8", "replace")}

    def take_bytes(self, chunk: bytes) -> bytes:
        """Bytes of a stream, as they are to be relayed: whole events only. AnswerMalformed."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > LINE_BYTES_MAX:
            raise AnswerMalformed("a line of the node's stream is too long")
        return b"".join(self._take_line(line.strip()) for line in lines)

    def build_record(self) -> Record:
        """What there is, complete or not."""
        text = "".join(self._texts)
        counted = self._usage.get("completion_tokens")
        completion_tokens = counted if isinstance(counted, int) and counted >= 0 else self._pieces
        prompt_tokens = self._usage.get("prompt_tokens")
        return Record(
            response_hash=hash_text(text),
            response_payload=write_json(self._build_document(text, completion_tokens)),
            prompt_tokens=prompt_tokens if isinstance(prompt_tokens, int) and prompt_tokens > 0 else 0,
            completion_tokens=completion_tokens,
        )

    def _take_line(self, line: bytes) -> bytes:
        if not line.startswith(b"data:"):
            return line + b"\n\n" if line.startswith(b":") else b""
        content = line.removeprefix(b"data:").strip()
        if content == b"[DONE]":
            self.is_complete = True
            return DONE
        document = _read_object(content)
        self._note(document)
        if not document.get("choices") and "usage" in document and not self._request.wants_usage:
            return b""
        marked = self._marks.apply(document, is_last=self._is_last(document))
        return b"data: " + write_json(marked).encode() + b"\n\n"

    def _is_last(self, document: Document) -> bool:
        """The one with the counts where they were asked for, else the one that says why it ended."""
        if self._request.wants_usage:
            return not document.get("choices")
        return any(choice.get("finish_reason") for choice in _choices(document))

    def _note(self, document: Document) -> None:
        for choice in _choices(document):
            text = self._read_text(choice)
            if text:
                self._texts.append(text)
                self._pieces += 1
            self._finish_reason = choice.get("finish_reason") or self._finish_reason
        if isinstance(document.get("usage"), dict):
            self._usage = document["usage"]
        if "error" in document:
            self._error = {"status": 500, "body": write_json(document["error"])}

    def _read_text(self, choice: Document) -> str:
        if self._request.kind is Kind.TEXT:
            text = choice.get("text")
        else:
            message = choice.get("delta") or choice.get("message")
            text = message.get("content") if isinstance(message, dict) else None
        return text if isinstance(text, str) else ""

    def _build_document(self, text: str, completion_tokens: int) -> Document:
        choice: Document = {"index": 0, "finish_reason": self._finish_reason}
        if self._request.kind is Kind.CHAT:
            choice["message"] = {"role": "assistant", "content": text}
        else:
            choice["text"] = text
        document: Document = {
            "id": self._marks.inference_id,
            "object": "chat.completion" if self._request.kind is Kind.CHAT else "text_completion",
            "model": self._marks.model,
            "choices": [choice],
            "usage": {**self._usage, "completion_tokens": completion_tokens},
        }
        if self._error:
            document["error"] = self._error
        if not self.is_complete:
            document["partial"] = True
        return document


def _read_object(raw: bytes) -> Document:
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        raise AnswerMalformed("the node's answer is not JSON") from None
    if not isinstance(document, dict):
        raise AnswerMalformed("the node's answer is not a JSON object")
    return document


def _choices(document: Document) -> list[Document]:
    choices = document.get("choices")
    return [one for one in choices if isinstance(one, dict)] if isinstance(choices, list) else []
