"""What clients send over HTTP: the bodies, decoded strictly where a value matters.

Fields that change nothing for one model and one answer (`user`, `metadata`, ...) are passed over. A field
that would change the answer and that we do not offer is refused instead: silence would be a wrong answer.
"""

from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from mlnode.errors import RequestInvalid

ANSWERS_MAX = 16
"""Answers to one request: prompts times n."""
STOPS_MAX = 16
TEXTS_MAX = 2048
"""Texts that one request has embedded."""
TOOLS_MAX = 128
TOP_LOGPROBS_MAX = 20

Penalty = Annotated[float, Meta(ge=-2.0, le=2.0)]
Tokens = Annotated[int, Meta(ge=1, le=2**31 - 1)]
TokenId = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Text = Annotated[str, Meta(min_length=1)]
Prompt = str | list[str | TokenId | list[TokenId]]
"""A text, several, the tokens of one, or the tokens of several; never mixed."""


class StreamOptions(msgspec.Struct, frozen=True):
    """OpenAI's `stream_options`."""

    include_usage: bool | None = None


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
    repeat_penalty: Annotated[float, Meta(ge=0.01, le=100.0)] | None = None
    repeat_last_n: Annotated[int, Meta(ge=0, le=4096)] | None = None
    logit_bias: dict[str, Annotated[float, Meta(ge=-100.0, le=100.0)]] | None = None
    seed: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    stop: Text | Annotated[list[Text], Meta(max_length=STOPS_MAX)] | None = None
    ignore_eos: bool | None = None
    grammar: str | None = None
    """GBNF, as llama.cpp takes it."""
    json_schema: dict[str, Any] | bool | None = None
    """A JSON schema for the answer, as llama.cpp takes it."""
    n: Annotated[int, Meta(ge=1, le=ANSWERS_MAX)] | None = None
    stream_options: StreamOptions | None = None

    @property
    def with_usage(self) -> bool:
        """A streamed answer ends with its token counts."""
        return bool(self.stream_options is not None and self.stream_options.include_usage)


class CompletionBody(Sampling, frozen=True, kw_only=True):
    """OpenAI's completion request."""

    prompt: Prompt
    stream: bool | None = None
    logprobs: Annotated[int, Meta(ge=0, le=TOP_LOGPROBS_MAX)] | None = None
    echo: bool | None = None
    suffix: str | None = None
    best_of: int | None = None


class PartBody(msgspec.Struct, frozen=True):
    """A part of a message; other kinds than text are refused."""

    type: str
    text: str = ""


class CalledBody(msgspec.Struct, frozen=True):
    """What an assistant wanted called."""

    name: str
    arguments: str


class CallBody(msgspec.Struct, frozen=True):
    """A call in an assistant's message."""

    id: str
    function: CalledBody
    type: Literal["function"] = "function"


class MessageBody(msgspec.Struct, frozen=True):
    """One message of a conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[PartBody] | None = None
    name: str | None = None
    tool_calls: list[CallBody] | None = None
    tool_call_id: str | None = None


class FunctionBody(msgspec.Struct, frozen=True):
    """A function that may be called."""

    name: Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_.-]{1,64}$")]
    description: str | None = None
    parameters: dict[str, Any] | None = None


class ToolBody(msgspec.Struct, frozen=True):
    """A tool; other kinds than functions are refused."""

    type: Literal["function"]
    function: FunctionBody


class NameBody(msgspec.Struct, frozen=True):
    """A function's name."""

    name: str


class ToolChoiceBody(msgspec.Struct, frozen=True):
    """The one function that is to be called."""

    type: Literal["function"]
    function: NameBody


class NamedSchema(msgspec.Struct, frozen=True):
    """OpenAI's `json_schema`."""

    name: str
    schema: dict[str, Any] | bool = True
    strict: bool | None = None


class ResponseFormat(msgspec.Struct, frozen=True):
    """OpenAI's `response_format`."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: NamedSchema | None = None


class ChatBody(Sampling, frozen=True, kw_only=True):
    """OpenAI's chat completion request."""

    messages: list[MessageBody]
    max_completion_tokens: Tokens | None = None
    stream: bool | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=TOP_LOGPROBS_MAX)] | None = None
    tools: Annotated[list[ToolBody], Meta(max_length=TOOLS_MAX)] | None = None
    tool_choice: Literal["none", "auto", "required"] | ToolChoiceBody | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    modalities: list[str] | None = None
    functions: list[Any] | None = None
    function_call: Any = None
    audio: Any = None
    web_search_options: Any = None


class InferBody(Sampling, frozen=True, kw_only=True):
    """The node's own plain request."""

    prompt: str | None = None
    messages: list[MessageBody] | None = None
    stream: bool = True


class EmbeddingBody(msgspec.Struct, frozen=True, kw_only=True):
    """OpenAI's embeddings request."""

    input: Prompt
    model: str | None = None
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None


Body = TypeVar("Body", bound=msgspec.Struct)


def decode_body(data: bytes, kind: type[Body]) -> Body:
    """The body as a request of this kind. Raises `RequestInvalid` that names the field."""
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        text, _, place = str(error).partition(" - at `")
        where = place.strip("`$.")
        sentence = f"{where or 'The body'} is wrong: {text[0].lower()}{text[1:]}."
        raise RequestInvalid("BAD_FIELD", sentence, where or None) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestInvalid("BAD_JSON", f"The body is not JSON: {error}.") from None
    except RecursionError:
        raise RequestInvalid("BAD_JSON", "The body is nested too deeply.") from None
