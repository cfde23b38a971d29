"""Answers in the three shapes that clients read: OpenAI's chat, OpenAI's completion, our plain one.

A shape turns pieces into events, and a collected answer into one document.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from mlnode.io.frames import Done, Position, TokenLogprob
from mlnode.io.streams import Piece

Document = dict[str, Any]


@dataclass(slots=True)
class Answer:
    """One answer as it grows."""

    id: str
    created: int
    """Unix time."""
    model: str
    """The name that the client asked for."""
    with_usage: bool = False
    with_logprobs: bool = False
    texts: list[str] = field(default_factory=list)
    logprobs: list[Position] = field(default_factory=list)

    def add(self, piece: Piece) -> None:
        """Keep a piece for the whole."""
        self.texts.append(piece.text)
        self.logprobs.extend(piece.logprobs)

    @property
    def text(self) -> str:
        return "".join(self.texts)


class Shape(Protocol):
    """How an answer is written."""

    def begin(self, answer: Answer) -> Iterator[Document]:
        """Events before the first piece."""
        ...

    def piece(self, answer: Answer, piece: Piece) -> Document:
        """The event for a piece."""
        ...

    def end(self, answer: Answer, done: Done) -> Iterator[Document]:
        """Events after the last piece."""
        ...

    def whole(self, answer: Answer, done: Done) -> Document:
        """The answer as one document."""
        ...


class ChatShape:
    """OpenAI's chat completions."""

    def begin(self, answer: Answer) -> Iterator[Document]:
        yield self._chunk(answer, {"role": "assistant", "content": ""})

    def piece(self, answer: Answer, piece: Piece) -> Document:
        logprobs = {"content": _chat_logprobs(piece.logprobs)} if answer.with_logprobs else None
        return self._chunk(answer, {"content": piece.text}, logprobs=logprobs)

    def end(self, answer: Answer, done: Done) -> Iterator[Document]:
        yield self._chunk(answer, {}, finish_reason=_reason(done))
        if answer.with_usage:
            yield {**self._head(answer, "chat.completion.chunk"), "choices": [], "usage": _usage(done)}

    def whole(self, answer: Answer, done: Done) -> Document:
        message = {"role": "assistant", "content": answer.text, "refusal": None}
        logprobs = {"content": _chat_logprobs(answer.logprobs)} if answer.with_logprobs else None
        choice = {"index": 0, "message": message, "logprobs": logprobs, "finish_reason": _reason(done)}
        return {**self._head(answer, "chat.completion"), "choices": [choice], "usage": _usage(done)}

    def _chunk(
        self,
        answer: Answer,
        delta: Document,
        logprobs: Document | None = None,
        finish_reason: str | None = None,
    ) -> Document:
        choice = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish_reason}
        return {**self._head(answer, "chat.completion.chunk"), "choices": [choice]}

    def _head(self, answer: Answer, kind: str) -> Document:
        return {
            "id": f"chatcmpl-{answer.id}",
            "object": kind,
            "created": answer.created,
            "model": answer.model,
        }


class CompletionShape:
    """OpenAI's completions. Log-probabilities carry offsets into the text, so the shape counts along."""

    def __init__(self) -> None:
        self._offset = 0

    def begin(self, answer: Answer) -> Iterator[Document]:
        return iter(())

    def piece(self, answer: Answer, piece: Piece) -> Document:
        return self._document(answer, piece.text, piece.logprobs, None)

    def end(self, answer: Answer, done: Done) -> Iterator[Document]:
        yield self._document(answer, "", (), _reason(done))
        if answer.with_usage:
            yield {**self._head(answer), "choices": [], "usage": _usage(done)}

    def whole(self, answer: Answer, done: Done) -> Document:
        document = self._document(answer, answer.text, answer.logprobs, _reason(done))
        return {**document, "usage": _usage(done)}

    def _document(
        self, answer: Answer, text: str, positions: Sequence[Position], finish_reason: str | None
    ) -> Document:
        logprobs = self._logprobs(positions) if answer.with_logprobs else None
        choice = {"index": 0, "text": text, "logprobs": logprobs, "finish_reason": finish_reason}
        return {**self._head(answer), "choices": [choice]}

    def _head(self, answer: Answer) -> Document:
        return {
            "id": f"cmpl-{answer.id}",
            "object": "text_completion",
            "created": answer.created,
            "model": answer.model,
        }

    def _logprobs(self, positions: Sequence[Position]) -> Document:
        tokens = [_text(position.chosen) for position in positions]
        offsets = []
        for token in tokens:
            offsets.append(self._offset)
            self._offset += len(token)
        return {
            "tokens": tokens,
            "token_logprobs": [position.chosen.logprob for position in positions],
            "top_logprobs": [{_text(top): top.logprob for top in position.top} for position in positions],
            "text_offset": offsets,
        }


class PlainShape:
    """The node's own: a line for each piece, and a last one with everything."""

    def begin(self, answer: Answer) -> Iterator[Document]:
        return iter(())

    def piece(self, answer: Answer, piece: Piece) -> Document:
        return {"token": piece.text}

    def end(self, answer: Answer, done: Done) -> Iterator[Document]:
        yield {"done": True, **self.whole(answer, done)}

    def whole(self, answer: Answer, done: Done) -> Document:
        return {
            "model": answer.model,
            "content": answer.text,
            "finish_reason": _reason(done),
            "usage": _usage(done),
        }


def _reason(done: Done) -> str:
    return "stop" if done.finish_reason == "cancelled" else done.finish_reason


def _usage(done: Done) -> dict[str, int]:
    return {
        "prompt_tokens": done.n_prompt,
        "completion_tokens": done.n_completion,
        "total_tokens": done.n_prompt + done.n_completion,
    }


def _chat_logprobs(positions: Sequence[Position]) -> list[Document]:
    return [
        {**_token(position.chosen), "top_logprobs": [_token(top) for top in position.top]}
        for position in positions
    ]


def _token(token: TokenLogprob) -> Document:
    return {"token": _text(token), "logprob": token.logprob, "bytes": list(token.piece)}


def _text(token: TokenLogprob) -> str:
    """A token that is a part of a character reads as U+FFFD; its bytes are exact."""
    return token.piece.decode("utf-8", "replace")
