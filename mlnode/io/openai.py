"""Answers in the three shapes that clients read: OpenAI's chat, OpenAI's completion, our plain one.

A shape turns pieces into events, and collected choices into one document.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from mlnode.io.frames import Done, Position, TokenLogprob
from mlnode.io.streams import Piece
from mlnode.tools import Call, CallReader

Document = dict[str, Any]


@dataclass(slots=True)
class Choice:
    """One of the texts that answer a request, as it grows."""

    index: int
    counts_prompt: bool = True
    """Its prompt is not that of the choice before."""
    reader: CallReader | None = None
    """Finds calls of tools, where any are on offer."""
    texts: list[str] = field(default_factory=list)
    calls: list[Document] = field(default_factory=list)
    logprobs: list[Position] = field(default_factory=list)
    offset: int = 0
    """Characters before the next log-probability."""
    done: Done | None = None

    def add(self, piece: Piece) -> list[str | Document]:
        """Keep a piece for the whole; the texts and calls that can be shown now."""
        self.logprobs.extend(piece.logprobs)
        if self.reader is None:
            self.texts.append(piece.text)
            return [piece.text]
        return self._keep(self.reader.push(piece.text))

    def end(self, done: Done) -> list[str | Document]:
        """It is over; what was held back."""
        self.done = done
        return self._keep(self.reader.finish()) if self.reader is not None else []

    def _keep(self, found: list[str | Call]) -> list[str | Document]:
        shown: list[str | Document] = []
        for item in found:
            if isinstance(item, Call):
                function = {"name": item.name, "arguments": item.arguments}
                call = {"id": f"call_{secrets.token_hex(12)}", "type": "function", "function": function}
                self.calls.append(call)
                shown.append({"index": len(self.calls) - 1, **call})
            else:
                self.texts.append(item)
                shown.append(item)
        return shown

    @property
    def text(self) -> str:
        return "".join(self.texts)

    @property
    def reason(self) -> str:
        """Why it ended, in OpenAI's words."""
        reason = self.done.finish_reason if self.done is not None else "stop"
        if self.calls and reason == "stop":
            return "tool_calls"
        return "stop" if reason == "cancelled" else reason


@dataclass(slots=True)
class Answer:
    """All choices of one request, and what they have in common."""

    id: str
    created: int
    """Unix time."""
    model: str
    """The name that the client asked for."""
    choices: list[Choice]
    with_usage: bool = False
    with_logprobs: bool = False

    @property
    def usage(self) -> Document:
        """A prompt that several choices answer is counted once."""
        ends = [(choice, choice.done) for choice in self.choices if choice.done is not None]
        n_prompt = sum(done.n_prompt for choice, done in ends if choice.counts_prompt)
        n_cached = sum(done.n_cached for choice, done in ends if choice.counts_prompt)
        n_completion = sum(done.n_completion for _, done in ends)
        return {
            "prompt_tokens": n_prompt,
            "completion_tokens": n_completion,
            "total_tokens": n_prompt + n_completion,
            "prompt_tokens_details": {"cached_tokens": n_cached},
        }


class Shape(Protocol):
    """How an answer is written."""

    def begin(self, answer: Answer) -> Iterator[Document]:
        """Events before the first piece."""
        ...

    def piece(self, answer: Answer, choice: Choice, piece: Piece) -> Iterator[Document]:
        """The events for a piece."""
        ...

    def close(self, answer: Answer, choice: Choice, done: Done) -> Iterator[Document]:
        """Events after the last piece of a choice."""
        ...

    def end(self, answer: Answer) -> Iterator[Document]:
        """Events after all choices."""
        ...

    def whole(self, answer: Answer) -> Document:
        """The answer as one document, when all choices are done."""
        ...


class ChatShape:
    """OpenAI's chat completions."""

    def begin(self, answer: Answer) -> Iterator[Document]:
        for choice in answer.choices:
            yield self._chunk(answer, choice, {"role": "assistant", "content": ""})

    def piece(self, answer: Answer, choice: Choice, piece: Piece) -> Iterator[Document]:
        logprobs = {"content": _chat_logprobs(piece.logprobs)} if answer.with_logprobs else None
        shown = choice.add(piece)
        if logprobs and piece.logprobs and not shown:
            shown = [""]
        for item in shown:
            yield self._chunk(answer, choice, _delta(item), logprobs)
            logprobs = {"content": []} if answer.with_logprobs else None

    def close(self, answer: Answer, choice: Choice, done: Done) -> Iterator[Document]:
        for item in choice.end(done):
            yield self._chunk(answer, choice, _delta(item))
        yield self._chunk(answer, choice, {}, finish_reason=choice.reason)

    def end(self, answer: Answer) -> Iterator[Document]:
        if answer.with_usage:
            yield {**self._head(answer, "chat.completion.chunk"), "choices": [], "usage": answer.usage}

    def whole(self, answer: Answer) -> Document:
        choices = [self._whole(answer, choice) for choice in answer.choices]
        return {**self._head(answer, "chat.completion"), "choices": choices, "usage": answer.usage}

    def _whole(self, answer: Answer, choice: Choice) -> Document:
        content = choice.text if choice.text or not choice.calls else None
        message: Document = {"role": "assistant", "content": content, "refusal": None}
        if choice.calls:
            message["tool_calls"] = choice.calls
        logprobs = {"content": _chat_logprobs(choice.logprobs)} if answer.with_logprobs else None
        return {
            "index": choice.index,
            "message": message,
            "logprobs": logprobs,
            "finish_reason": choice.reason,
        }

    def _chunk(
        self,
        answer: Answer,
        choice: Choice,
        delta: Document,
        logprobs: Document | None = None,
        finish_reason: str | None = None,
    ) -> Document:
        part = {"index": choice.index, "delta": delta, "logprobs": logprobs, "finish_reason": finish_reason}
        return {**self._head(answer, "chat.completion.chunk"), "choices": [part]}

    def _head(self, answer: Answer, kind: str) -> Document:
        return {
            "id": f"chatcmpl-{answer.id}",
            "object": kind,
            "created": answer.created,
            "model": answer.model,
        }


class CompletionShape:
    """OpenAI's completions. Log-probabilities carry offsets into the text."""

    def begin(self, answer: Answer) -> Iterator[Document]:
        for choice in answer.choices:
            if choice.text:  # an echo
                yield self._document(answer, [self._part(answer, choice, choice.text, (), None)])

    def piece(self, answer: Answer, choice: Choice, piece: Piece) -> Iterator[Document]:
        choice.add(piece)
        yield self._document(answer, [self._part(answer, choice, piece.text, piece.logprobs, None)])

    def close(self, answer: Answer, choice: Choice, done: Done) -> Iterator[Document]:
        choice.end(done)
        yield self._document(answer, [self._part(answer, choice, "", (), choice.reason)])

    def end(self, answer: Answer) -> Iterator[Document]:
        if answer.with_usage:
            yield {**self._document(answer, []), "usage": answer.usage}

    def whole(self, answer: Answer) -> Document:
        parts = [
            self._part(answer, choice, choice.text, choice.logprobs, choice.reason)
            for choice in answer.choices
        ]
        return {**self._document(answer, parts), "usage": answer.usage}

    def _part(
        self,
        answer: Answer,
        choice: Choice,
        text: str,
        positions: Sequence[Position],
        finish_reason: str | None,
    ) -> Document:
        logprobs = _completion_logprobs(choice, positions) if answer.with_logprobs else None
        return {"index": choice.index, "text": text, "logprobs": logprobs, "finish_reason": finish_reason}

    def _document(self, answer: Answer, parts: list[Document]) -> Document:
        return {
            "id": f"cmpl-{answer.id}",
            "object": "text_completion",
            "created": answer.created,
            "model": answer.model,
            "choices": parts,
        }


class PlainShape:
    """The node's own: a line for each piece, and a last one with everything. It has one choice."""

    def begin(self, answer: Answer) -> Iterator[Document]:
        return iter(())

    def piece(self, answer: Answer, choice: Choice, piece: Piece) -> Iterator[Document]:
        choice.add(piece)
        yield {"token": piece.text}

    def close(self, answer: Answer, choice: Choice, done: Done) -> Iterator[Document]:
        choice.end(done)
        yield {"done": True, **self.whole(answer)}

    def end(self, answer: Answer) -> Iterator[Document]:
        return iter(())

    def whole(self, answer: Answer) -> Document:
        (choice,) = answer.choices
        return {
            "model": answer.model,
            "content": choice.text,
            "finish_reason": choice.reason,
            "usage": answer.usage,
        }


def _delta(item: str | Document) -> Document:
    return {"content": item} if isinstance(item, str) else {"tool_calls": [item]}


def _chat_logprobs(positions: Sequence[Position]) -> list[Document]:
    return [
        {**_token(position.chosen), "top_logprobs": [_token(top) for top in position.top]}
        for position in positions
    ]


def _completion_logprobs(choice: Choice, positions: Sequence[Position]) -> Document:
    tokens = [_text(position.chosen) for position in positions]
    offsets = []
    for token in tokens:
        offsets.append(choice.offset)
        choice.offset += len(token)
    return {
        "tokens": tokens,
        "token_logprobs": [position.chosen.logprob for position in positions],
        "top_logprobs": [{_text(top): top.logprob for top in position.top} for position in positions],
        "text_offset": offsets,
    }


def _token(token: TokenLogprob) -> Document:
    return {"token": _text(token), "logprob": token.logprob, "bytes": list(token.piece)}


def _text(token: TokenLogprob) -> str:
    """A token that is a part of a character reads as U+FFFD; its bytes are exact."""
    return token.piece.decode("utf-8", "replace")
