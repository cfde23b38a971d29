"""Requests for inference, in OpenAI's words: what is accepted, and what of it goes to a node.

The body that a client sends is kept as it is, because it is what gets signed (`original`). What the node is
asked (`build_payload`) follows from it alone, so that transfer agent and executor come to the same text.
"""

import json
from dataclasses import dataclass
from enum import Enum
from typing import Any, NoReturn

from broker.errors import RequestRefused

BODY_BYTES_MAX = 256 * 1024
"""A transaction carries the body twice and may have 1 MiB."""
MODEL_CHARACTERS_MAX = 256
MESSAGES_MAX = 4096
TOKENS_MAX = 1_000_000
SEED_MAX = 2**63 - 1
TEMPLATE_TOKENS = 40
"""What a chat template puts around a message at most: role, marks, the beginning of the answer."""

Document = dict[str, Any]


class Kind(Enum):
    """What is asked for; the value is the path, here and at every node."""

    CHAT = "/v1/chat/completions"
    TEXT = "/v1/completions"


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """A request that is well formed.

    `prompt_tokens_max` counts bytes, since no token is shorter, and what a template adds; `max_tokens` and
    `seed` are None where the client leaves them open.
    """

    kind: Kind
    original: str
    body: Document
    model: str
    is_stream: bool
    wants_usage: bool
    max_tokens: int | None
    seed: int | None
    prompt_tokens_max: int


def parse_request(kind: Kind, raw: bytes) -> CompletionRequest:
    """Reads a body. RequestRefused names the field that is wrong."""
    if len(raw) > BODY_BYTES_MAX:
        raise RequestRefused(
            413, "request_too_large", f"the request has {len(raw)} bytes, at most {BODY_BYTES_MAX}"
        )
    original, body = _decode(raw)
    texts = _read_messages(body) if kind is Kind.CHAT else _read_prompt(body)
    options = _read(body, "stream_options", dict, "an object") or {}
    _check_choices(body)
    return CompletionRequest(
        kind=kind,
        original=original,
        body=body,
        model=_read_model(body),
        is_stream=_read(body, "stream", bool, "true or false") or False,
        wants_usage=options.get("include_usage") is True,
        max_tokens=_read_max_tokens(body),
        seed=_read_seed(body),
        prompt_tokens_max=max(1, sum(texts)),
    )


def build_payload(request: CompletionRequest, model_id: str, max_tokens: int, seed: int) -> str:
    """The request as the executor's node is to answer it: canonical JSON with everything decided.

    `max_tokens` and `seed` count only where the client has left them open.
    """
    body = {key: value for key, value in request.body.items() if key != "max_completion_tokens"}
    body["model"] = model_id
    body["max_tokens"] = max_tokens if request.max_tokens is None else request.max_tokens
    body["seed"] = seed if request.seed is None else request.seed
    if request.kind is Kind.CHAT:
        body["messages"] = [_flatten(message) for message in request.body["messages"]]
    return write_json(body)


def build_node_request(payload: str, served_model: str) -> bytes:
    """What a node is sent: the payload under the name that it serves, with counts at the end of a stream."""
    body = json.loads(payload)
    body["model"] = served_model
    if body.get("stream"):
        body["stream_options"] = {"include_usage": True}
    return write_json(body).encode()


def write_json(document: object) -> str:
    """Canonical JSON: keys sorted, no spaces, text as it is."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _decode(raw: bytes) -> tuple[str, Document]:
    try:
        original = raw.decode()
        body = json.loads(original, parse_constant=_reject_constant)
        write_json(body).encode()
    except (ValueError, RecursionError) as error:
        fault = "nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]
        raise RequestRefused(400, "invalid_json", f"the body is not valid JSON: {fault}") from None
    if not isinstance(body, dict):
        raise RequestRefused(400, "invalid_json", "the body must be a JSON object")
    return original, body


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _read(body: Document, name: str, kind: type[Any], said: str) -> Any:
    value = body.get(name)
    if value is not None and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
        raise RequestRefused(400, "invalid_type", f"{name} must be {said}", name)
    return value


def _read_model(body: Document) -> str:
    model = _read(body, "model", str, "a model's name")
    if not model:
        raise RequestRefused(
            400, "missing_model", "name a model; GET /v1/models lists those that are served", "model"
        )
    if len(model) > MODEL_CHARACTERS_MAX:
        raise RequestRefused(
            400, "invalid_value", f"model has at most {MODEL_CHARACTERS_MAX} characters", "model"
        )
    return str(model)


def _read_messages(body: Document) -> list[int]:
    messages = _read(body, "messages", list, "a list of messages")
    if not messages:
        raise RequestRefused(400, "missing_messages", "send at least one message", "messages")
    if len(messages) > MESSAGES_MAX:
        raise RequestRefused(400, "invalid_value", f"at most {MESSAGES_MAX} messages", "messages")
    return [_measure_message(index, message) for index, message in enumerate(messages)]


def _measure_message(index: int, message: object) -> int:
    place = f"messages[{index}]"
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        raise RequestRefused(400, "invalid_type", f"{place} needs a role and a content", place)
    text = _join_content(message.get("content"))
    if text is None:
        raise RequestRefused(
            400, "invalid_type", f"{place}.content must be text or a list of text parts", f"{place}.content"
        )
    return len(text.encode()) + TEMPLATE_TOKENS


def _join_content(content: object) -> str | None:
    """The text of a message, None when it holds anything but text."""
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list):
        return None
    parts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"]
    texts = [part for part in parts if isinstance(part, str)]
    return "".join(texts) if len(texts) == len(content) else None


def _flatten(message: Document) -> Document:
    content = message.get("content")
    return {**message, "content": _join_content(content)} if isinstance(content, list) else message


def _read_prompt(body: Document) -> list[int]:
    prompt = body.get("prompt")
    if isinstance(prompt, str) and prompt:
        return [len(prompt.encode()) + 1]
    if (
        isinstance(prompt, list)
        and prompt
        and all(isinstance(token, int) and not isinstance(token, bool) for token in prompt)
    ):
        return [len(prompt) + 1]
    raise RequestRefused(400, "missing_prompt", "prompt must be a text or a list of token ids", "prompt")


def _read_max_tokens(body: Document) -> int | None:
    for name in ("max_completion_tokens", "max_tokens"):
        tokens = _read(body, name, int, "a whole number")
        if tokens is not None:
            if not 1 <= tokens <= TOKENS_MAX:
                raise RequestRefused(400, "invalid_value", f"{name} must be from 1 to {TOKENS_MAX}", name)
            return int(tokens)
    return None


def _read_seed(body: Document) -> int | None:
    seed = _read(body, "seed", int, "a whole number")
    if seed is not None and abs(seed) > SEED_MAX:
        raise RequestRefused(400, "invalid_value", "seed must fit into 64 bits", "seed")
    return None if seed is None else int(seed)


def _check_choices(body: Document) -> None:
    """One answer to a request is recorded and paid."""
    for name in ("n", "best_of"):
        if _read(body, name, int, "a whole number") not in (None, 1):
            raise RequestRefused(400, "unsupported_value", f"only {name}=1 is offered", name)
