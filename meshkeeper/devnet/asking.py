"""Asks a broker for a completion, as any OpenAI client would, and measures what the asker feels."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx


class NotAnswered(Exception):
    """A broker refused or broke off."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for a prompt."""

    text: str
    inference_id: str
    first_piece_s: float
    """Seconds from the request to the first piece of text."""
    pieces_per_second: float
    """Pieces of text a second after the first one; 0 with fewer than two."""


def ask(base_url: str, model: str, prompt: str, max_tokens: int, on_piece: Callable[[str], None]) -> Answer:
    """Streams a completion and hands each piece on as it comes."""
    body = {"model": model, "prompt": prompt, "max_tokens": max_tokens, "stream": True, "temperature": 0}
    pieces: list[str] = []
    times: list[float] = []
    began = time.monotonic()
    try:
        with httpx.stream("POST", f"{base_url}/v1/completions", json=body, timeout=60) as response:
            if response.status_code != 200:
                raise NotAnswered(_explain(response))
            inference_id = response.headers.get("x-inference-id", "")
            for chunk in _chunks(response):
                text = "".join(choice.get("text") or "" for choice in chunk.get("choices", []))
                if text:
                    pieces.append(text)
                    times.append(time.monotonic())
                    on_piece(text)
    except httpx.HTTPError as problem:
        raise NotAnswered(f"{base_url} broke off: {type(problem).__name__}") from problem
    if not pieces:
        raise NotAnswered(f"{base_url} answered without text")
    spent_s = times[-1] - times[0]
    rate = (len(times) - 1) / spent_s if spent_s > 0 else 0.0
    return Answer("".join(pieces), inference_id, times[0] - began, rate)


def _chunks(response: httpx.Response) -> Iterator[dict[str, Any]]:
    for line in response.iter_lines():
        if not line.startswith("data:") or line.endswith("[DONE]"):
            continue
        chunk = json.loads(line[len("data:") :])
        if "error" in chunk:
            raise NotAnswered(str(chunk["error"].get("message", chunk["error"])))
        yield chunk


def _explain(response: httpx.Response) -> str:
    response.read()
    try:
        return f"{response.status_code}: {response.json()['error']['message']}"
    except (ValueError, KeyError, TypeError):
        return f"{response.status_code}: {response.text[:200]}"
