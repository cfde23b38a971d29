"""From a client's body to orders for a worker: one for each answer that is to be written.

What can be refused without the model is refused here, before anybody waits in a line: schemas and grammars
are read to the end.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from mlnode.errors import RequestInvalid
from mlnode.grammar.gbnf import GrammarInvalid
from mlnode.grammar.keywords import SchemaUnsupported
from mlnode.grammar.schema import write_schema
from mlnode.grammar.states import Grammar
from mlnode.io.bodies import (
    ANSWERS_MAX,
    TEXTS_MAX,
    CallBody,
    ChatBody,
    CompletionBody,
    EmbeddingBody,
    InferBody,
    MessageBody,
    Prompt,
    Sampling,
    ToolBody,
    ToolChoiceBody,
)
from mlnode.io.frames import ChatCall, ChatMessage, ChatTool, Embed, Submit
from mlnode.tools import CALLS_MAX, CallFormat, Tool, write_calls

_SEED_MASK = 2**63 - 1
_PENALTIES = ("frequency_penalty", "presence_penalty", "repeat_penalty", "repeat_last_n")
_AS_GIVEN = ("top_k", "top_p", "min_p", *_PENALTIES, "ignore_eos")
_JSON_OBJECT = {"type": "object"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What one request wants of the model."""

    orders: list[Submit]
    """Prompt by prompt, `copies` of each."""
    copies: int = 1
    echoes: list[str] = field(default_factory=list)
    """For each order the text that its answer repeats first; none at all without `echo`."""
    tools: frozenset[str] = frozenset()
    """Names of the tools that the answer may call."""
    calls_max: int = CALLS_MAX


def ask_completion(body: CompletionBody) -> Asked:
    """Raises `RequestInvalid`, as all of these."""
    n = body.n or 1
    _refuse_unless(body.suffix in (None, ""), "suffix")
    _refuse_unless(body.best_of in (None, n), "best_of", "best_of is offered as large as n only.")
    prompts = read_prompts(body.prompt, "prompt")
    texts = [prompt for prompt in prompts if isinstance(prompt, str)]
    if body.echo:
        _refuse_unless(body.logprobs is None, "echo", "echo is not offered together with logprobs.")
        _refuse_unless(len(texts) == len(prompts), "echo", "echo is offered for texts, not for token ids.")
    if n * len(prompts) > ANSWERS_MAX:
        sentence = f"One request gets at most {ANSWERS_MAX} answers: prompts times n."
        raise RequestInvalid("BAD_FIELD", sentence, "n")
    top = -1 if body.logprobs is None else body.logprobs
    orders = []
    for prompt in prompts:
        text, tokens = (prompt, None) if isinstance(prompt, str) else (None, prompt)
        order = _order(body, body.max_tokens or 16, 1.0, text=text, tokens=tokens, top_logprobs=top)
        orders += _copies(order, n)
    return Asked(orders, n, [text for text in texts for _ in range(n)] if body.echo else [])


def ask_chat(body: ChatBody) -> Asked:
    """The next message of a conversation."""
    for name in ("functions", "function_call", "audio", "web_search_options"):
        _refuse_unless(not getattr(body, name), name)
    _refuse_unless(body.modalities in (None, ["text"]), "modalities")
    if body.top_logprobs is not None and not body.logprobs:
        raise RequestInvalid("BAD_FIELD", "top_logprobs needs logprobs to be true.", "top_logprobs")
    top = (body.top_logprobs or 0) if body.logprobs else -1
    limit = body.max_tokens if body.max_completion_tokens is None else body.max_completion_tokens
    tools, forced = _tools(body)
    parallel = body.parallel_tool_calls is not False
    order = _order(
        body,
        limit,
        1.0,
        messages=_messages(body.messages),
        top_logprobs=top,
        tools=tuple(tools),
        calls_min=int(forced),
        calls_max=CALLS_MAX if parallel and body.tool_choice == "required" else 1,
    )
    n = body.n or 1
    return Asked(
        _copies(order, n), n, tools=frozenset(t.name for t in tools), calls_max=CALLS_MAX if parallel else 1
    )


def ask_plainly(body: InferBody) -> Asked:
    """A plain request: a prompt or a conversation, greedy unless asked otherwise."""
    _refuse_unless(body.n in (None, 1), "n", "One answer a request is offered here: n must be 1.")
    if (body.prompt is None) == (body.messages is None):
        raise RequestInvalid("BAD_FIELD", "Give either prompt or messages.", "prompt")
    if body.messages is not None:
        return Asked([_order(body, body.max_tokens, 0.0, messages=_messages(body.messages))])
    (text,) = read_prompts(body.prompt or "", "prompt")
    return Asked([_order(body, body.max_tokens, 0.0, text=str(text))])


def ask_vectors(body: EmbeddingBody) -> Embed:
    """A vector for each text."""
    texts = read_prompts(body.input, "input")
    if len(texts) > TEXTS_MAX:
        raise RequestInvalid("BAD_FIELD", f"At most {TEXTS_MAX} texts are taken at once.", "input")
    return Embed(
        request_id=0,
        texts=tuple(text for text in texts if isinstance(text, str)),
        tokens=tuple(text for text in texts if not isinstance(text, str)),
    )


def read_prompts(given: Prompt, name: str) -> list[str | list[int]]:
    """Texts, or lists of token ids; a single one is a list of one."""
    prompts: list[Any] = [given]
    if isinstance(given, list) and not all(isinstance(token, int) for token in given):
        prompts = given
    texts = all(isinstance(prompt, str) for prompt in prompts)
    if not prompts or not (texts or all(isinstance(prompt, list) for prompt in prompts)):
        raise RequestInvalid(
            "BAD_FIELD", f"{name} is a text, texts, token ids or lists of them, not mixed.", name
        )
    if len(prompts) > ANSWERS_MAX and name == "prompt":
        raise RequestInvalid("BAD_FIELD", f"At most {ANSWERS_MAX} prompts are taken at once.", name)
    if not all(prompt.strip() if isinstance(prompt, str) else prompt for prompt in prompts):
        raise RequestInvalid("BLANK_PROMPT", f"{name} is blank.", name)
    return prompts


def _order(
    body: Sampling, max_tokens: int | None, temperature: float, *, calls_min: int = 0, **what: Any
) -> Submit:
    chosen = {name: value for name in _AS_GIVEN if (value := getattr(body, name)) is not None}
    stop = (body.stop,) if isinstance(body.stop, str) else tuple(body.stop or ())
    return Submit(
        request_id=0,
        max_tokens=max_tokens or 0,
        temperature=temperature if body.temperature is None else body.temperature,
        seed=None if body.seed is None else body.seed & _SEED_MASK,
        stop=tuple(text for text in stop if text),
        logit_bias=_biases(body.logit_bias or {}),
        grammar=_grammar(body, forced=bool(calls_min)),
        calls_min=calls_min,
        **chosen,
        **what,
    )


def _copies(order: Submit, n: int) -> list[Submit]:
    """The same question n times, each with random numbers of its own."""
    if order.seed is None:
        return [order] * n
    return [msgspec.structs.replace(order, seed=order.seed + copy & _SEED_MASK) for copy in range(n)]


def _biases(given: dict[str, float]) -> dict[int, float]:
    """Token ids are the keys of an object, and therefore texts."""
    if not all(key.isascii() and key.isdecimal() and len(key) <= 10 for key in given):
        raise RequestInvalid("BAD_FIELD", "The keys of logit_bias are token ids.", "logit_bias")
    return {int(key): bias for key, bias in given.items()}


def _grammar(body: Sampling, *, forced: bool) -> str:
    """What the answer has to follow, from the one field that says it."""
    format = body.response_format if isinstance(body, ChatBody) else None
    wanted = {"grammar": body.grammar, "json_schema": body.json_schema}
    if format is not None and format.type != "text":
        wanted["response_format"] = format.type
    given = [name for name, value in wanted.items() if value not in (None, "")]
    if len(given) + forced > 1:
        sentence = "grammar, json_schema, response_format and a tool that must be called exclude each other."
        raise RequestInvalid("BAD_FIELD", sentence, given[-1])
    if not given:
        return ""
    if format is not None and given == ["response_format"]:
        schema: Any = _JSON_OBJECT
        if format.type == "json_schema":
            if format.json_schema is None:
                raise RequestInvalid("BAD_FIELD", "json_schema is missing.", "response_format.json_schema")
            schema = format.json_schema.schema
        return _check_grammar(_write(schema, "response_format"), "response_format")
    if body.json_schema is not None:
        return _check_grammar(_write(body.json_schema, "json_schema"), "json_schema")
    return _check_grammar(body.grammar or "", "grammar")


def _write(schema: Any, name: str) -> str:
    try:
        return write_schema(schema)
    except SchemaUnsupported as refused:
        raise RequestInvalid("BAD_SCHEMA", str(refused), name) from None


def _check_grammar(text: str, name: str) -> str:
    try:
        Grammar.parse(text)
    except GrammarInvalid as refused:
        raise RequestInvalid("BAD_GRAMMAR", str(refused), name) from None
    return text


def _tools(body: ChatBody) -> tuple[list[ChatTool], bool]:
    """The tools that are on offer, and whether one of them must be called."""
    choice = body.tool_choice
    offered = [] if choice == "none" else [_tool(tool) for tool in body.tools or ()]
    names = [tool.name for tool in offered]
    if len(set(names)) < len(names):
        raise RequestInvalid("BAD_FIELD", "Two tools have the same name.", "tools")
    if isinstance(choice, ToolChoiceBody):
        offered = [tool for tool in offered if tool.name == choice.function.name]
    forced = choice == "required" or isinstance(choice, ToolChoiceBody)
    if forced and not offered:
        raise RequestInvalid(
            "BAD_FIELD", "tool_choice asks for a tool that tools does not hold.", "tool_choice"
        )
    if forced:
        tools = [Tool(tool.name, msgspec.json.decode(tool.parameters)) for tool in offered]
        try:
            _check_grammar(write_calls(tools, CallFormat.PLAIN, 1), "tools")
        except SchemaUnsupported as refused:
            raise RequestInvalid("BAD_SCHEMA", str(refused), "tools") from None
    return offered, forced


def _tool(tool: ToolBody) -> ChatTool:
    about = tool.function
    parameters = about.parameters if about.parameters is not None else _JSON_OBJECT
    return ChatTool(about.name, about.description or "", msgspec.json.encode(parameters).decode())


def _messages(messages: Sequence[MessageBody]) -> list[ChatMessage]:
    if not messages:
        raise RequestInvalid("BAD_FIELD", "messages must not be empty.", "messages")
    turns = [_message(message) for message in messages]
    if not any(turn.content.strip() or turn.calls for turn in turns):
        raise RequestInvalid("BLANK_PROMPT", "All messages are blank.", "messages")
    return turns


def _message(message: MessageBody) -> ChatMessage:
    """`developer` is the newer word for `system`; chat templates know the older."""
    role = "system" if message.role == "developer" else message.role
    calls = tuple(_call(call) for call in message.tool_calls or ())
    return ChatMessage(role, _content(message), message.name or "", calls, message.tool_call_id or "")


def _call(call: CallBody) -> ChatCall:
    """Templates are shown an object."""
    try:
        given: object = msgspec.json.decode(call.function.arguments.encode() or b"{}")
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise RequestInvalid("BAD_FIELD", "The arguments of a call are an object, as JSON.", "messages")
    return ChatCall(call.id, call.function.name, call.function.arguments)


def _content(message: MessageBody) -> str:
    if isinstance(message.content, str) or message.content is None:
        return message.content or ""
    if any(part.type != "text" for part in message.content):
        raise RequestInvalid("UNSUPPORTED", "Only text is offered in messages.", "messages")
    return "".join(part.text for part in message.content)


def _refuse_unless(fine: bool, name: str, sentence: str = "") -> None:
    if not fine:
        raise RequestInvalid("UNSUPPORTED", sentence or f"{name} is not offered here; leave it out.", name)
