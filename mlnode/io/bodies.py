"""What clients send over HTTP: the bodies, decoded strictly where a value matters, and turned into orders.

Fields that change nothing for one model and one answer (`user`, `metadata`, ...) are passed over. A field
that would change the answer and that we do not offer is refused instead: silence would be a wrong answer.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from mlnode.errors import RequestInvalid
from mlnode.io.frames import ChatMessage, Submit

Penalty = Annotated[float, Meta(ge=-2.0, le=2.0)]
Tokens = Annotated[int, Meta(ge=0, le=2**31 - 1)]

STOPS_MAX = 16
TOP_LOGPROBS_MAX = 20
_SEED_MASK = 2**63 - 1


class StreamOptions(msgspec.Struct, frozen=True):
    """OpenAI's `stream_options`."""

    include_usage: bool = False


class Sampling(msgspec.Struct, frozen=True, kw_only=True):
    """What all kinds of requests have in common."""

    model: str | None = None
    max_tokens: Tokens | None = None
    temperature: Annotated[float, Meta(ge=0.0, le=100.0)] | None = None
    top_p: Annotated[float, Meta(gt=0.0, le=1.0)] | None = None
    top_k: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    min_p: Annotated[float, Meta(ge=0.0, lt=1.0)] | None = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    seed: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    stop: str | list[str] | None = None
    n: int | None = None
    stream_options: StreamOptions | None = None
    logit_bias: dict[str, float] | None = None

    @property
    def with_usage(self) -> bool:
        """A streamed answer ends with its token counts."""
        return self.stream_options is not None and self.stream_options.include_usage


class CompletionBody(Sampling, frozen=True, kw_only=True):
    """OpenAI's completion request."""

    prompt: str | list[Any]
    stream: bool | None = None
    logprobs: Annotated[int, Meta(ge=0, le=TOP_LOGPROBS_MAX)] | None = None
    echo: bool | None = None
    suffix: str | None = None
    best_of: int | None = None


class TextPart(msgspec.Struct, frozen=True):
    """A part of a message; other kinds than text are refused."""

    type: str
    text: str = ""


class MessageBody(msgspec.Struct, frozen=True):
    """One message of a conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[TextPart] | None = None


class ChatBody(Sampling, frozen=True, kw_only=True):
    """OpenAI's chat completion request."""

    messages: list[MessageBody]
    max_completion_tokens: Tokens | None = None
    stream: bool | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=TOP_LOGPROBS_MAX)] | None = None
    tools: list[Any] | None = None
    functions: list[Any] | None = None
    response_format: dict[str, Any] | None = None


class InferBody(Sampling, frozen=True, kw_only=True):
    """The node's own plain request."""

    prompt: str | None = None
    messages: list[MessageBody] | None = None
    stream: bool = True


Body = TypeVar("Body", bound=Sampling)


def decode_body(data: bytes, kind: type[Body]) -> Body:
    """The body as a request of this kind. Raises `RequestInvalid` that names the field."""
    try:
        body = msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        text, _, where = str(error).partition(" - at `")
        raise RequestInvalid("BAD_FIELD", f"{text}.", where.strip("`$.") or None) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestInvalid("BAD_JSON", f"The body is not JSON: {error}.") from None
    except RecursionError:
        raise RequestInvalid("BAD_JSON", "The body is nested too deeply.") from None
    if body.n not in (None, 1):
        raise RequestInvalid("UNSUPPORTED", "Only one answer a request is offered: n must be 1.", "n")
    if body.logit_bias:
        raise RequestInvalid("UNSUPPORTED", "logit_bias is not offered.", "logit_bias")
    return body


def order_completion(body: CompletionBody) -> Submit:
    """The order for a completion. Raises `RequestInvalid`."""
    for name, value, neutral in (
        ("echo", body.echo, (None, False)),
        ("suffix", body.suffix, (None, "")),
        ("best_of", body.best_of, (None, 1)),
    ):
        if value not in neutral:
            raise RequestInvalid("UNSUPPORTED", f"{name} is not offered.", name)
    text, tokens = _prompt(body.prompt)
    top = -1 if body.logprobs is None else body.logprobs
    max_tokens = 16 if body.max_tokens is None else body.max_tokens
    return _order(body, max_tokens, 1.0, text=text, tokens=tokens, top_logprobs=top)


def order_chat(body: ChatBody) -> Submit:
    """The order for the next message of a conversation. Raises `RequestInvalid`."""
    if body.tools or body.functions:
        raise RequestInvalid("UNSUPPORTED", "Tools are not offered.", "tools")
    if body.response_format and body.response_format.get("type") != "text":
        raise RequestInvalid("UNSUPPORTED", "Only the response format text is offered.", "response_format")
    if body.top_logprobs is not None and not body.logprobs:
        raise RequestInvalid("BAD_FIELD", "top_logprobs needs logprobs to be true.", "top_logprobs")
    top = (body.top_logprobs or 0) if body.logprobs else -1
    limit = body.max_tokens if body.max_completion_tokens is None else body.max_completion_tokens
    return _order(body, limit, 1.0, messages=_messages(body.messages), top_logprobs=top)


def order_infer(body: InferBody) -> Submit:
    """The order for a plain request: a prompt or a conversation, greedy unless asked otherwise."""
    if (body.prompt is None) == (body.messages is None):
        raise RequestInvalid("BAD_FIELD", "Give either prompt or messages.", "prompt")
    if body.messages is not None:
        return _order(body, body.max_tokens, 0.0, messages=_messages(body.messages))
    text, _ = _prompt(body.prompt or "")
    return _order(body, body.max_tokens, 0.0, text=text)


def _order(
    body: Sampling,
    max_tokens: int | None,
    temperature: float,
    *,
    text: str | None = None,
    tokens: list[int] | None = None,
    messages: list[ChatMessage] | None = None,
    top_logprobs: int = -1,
) -> Submit:
    if max_tokens == 0:
        raise RequestInvalid("BAD_FIELD", "max_tokens must be at least 1.", "max_tokens")
    return Submit(
        request_id=0,
        text=text,
        tokens=tokens,
        messages=messages,
        max_tokens=max_tokens or 0,
        temperature=temperature if body.temperature is None else body.temperature,
        top_k=40 if body.top_k is None else body.top_k,
        top_p=1.0 if body.top_p is None else body.top_p,
        min_p=body.min_p or 0.0,
        frequency_penalty=body.frequency_penalty or 0.0,
        presence_penalty=body.presence_penalty or 0.0,
        seed=None if body.seed is None else body.seed & _SEED_MASK,
        stop=_stops(body.stop),
        top_logprobs=top_logprobs,
    )


def _stops(stop: str | list[str] | None) -> tuple[str, ...]:
    stops = (stop,) if isinstance(stop, str) else tuple(stop or ())
    if len(stops) > STOPS_MAX or not all(stops):
        raise RequestInvalid("BAD_FIELD", f"stop takes up to {STOPS_MAX} strings, none empty.", "stop")
    return stops


def _prompt(prompt: str | Sequence[Any]) -> tuple[str | None, list[int] | None]:
    """The text, or the token ids. A list with one prompt in it is that prompt."""
    if len(prompt) == 1 and isinstance(prompt[0], (str, list)):
        prompt = prompt[0]
    if isinstance(prompt, str):
        if not prompt.strip():
            raise RequestInvalid("BLANK_PROMPT", "The prompt is blank.", "prompt")
        return prompt, None
    tokens = [token for token in prompt if type(token) is int]
    if tokens and len(tokens) == len(prompt):
        if min(tokens) < 0 or max(tokens) >= 2**31:
            raise RequestInvalid("BAD_FIELD", "A token id is out of range.", "prompt")
        return None, tokens
    raise RequestInvalid(
        "BAD_FIELD", "prompt must be one text or one list of token ids; one prompt a request.", "prompt"
    )


def _messages(messages: Sequence[MessageBody]) -> list[ChatMessage]:
    if not messages:
        raise RequestInvalid("BAD_FIELD", "messages must not be empty.", "messages")
    rendered = [ChatMessage(_role(message.role), _content(message)) for message in messages]
    if not any(message.content.strip() for message in rendered):
        raise RequestInvalid("BLANK_PROMPT", "All messages are blank.", "messages")
    return rendered


def _role(role: str) -> str:
    """`developer` is the newer word for `system`; chat templates know the older."""
    return "system" if role == "developer" else role


def _content(message: MessageBody) -> str:
    if isinstance(message.content, str) or message.content is None:
        return message.content or ""
    if any(part.type != "text" for part in message.content):
        raise RequestInvalid("UNSUPPORTED", "Only text is offered in messages.", "messages")
    return "".join(part.text for part in message.content)
