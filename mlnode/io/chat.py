"""Conversations to prompts, by the model's own chat template or by the plain one.

Templates come inside model files, from anybody: `sandbox.py` is where they run. A model without a template
gets this one, one line a message and the answer's beginning:

    user: What is a mesh?
    assistant:

and its answer ends where the model begins another message by itself. A base model continues text, so the
answer may ramble, but it is never empty: the first token is one that shows something.
"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mlnode.io.frames import ChatCall, ChatMessage, ChatTool
from mlnode.tools import CallFormat, find_format

if TYPE_CHECKING:
    from jinja2 import Template

    from mlnode.io.sandbox import MeteredEnvironment

PLAIN_STOP = ("\nuser:", "\nassistant:", "\nsystem:", "\nUser:", "\nAssistant:", "\nSystem:")
"""Where an answer to the plain template ends."""


class BadTemplate(Exception):
    """The template cannot render this conversation; the text says why, in the template's words."""


class ChatFormat:
    """How one model wants conversations written."""

    def __init__(self, template: str, bos: str, eos: str) -> None:
        """`template` empty: the plain one. `bos` and `eos` are the spellings that templates may write."""
        self.is_plain = not template
        self._source = template
        self._tokens = {"bos_token": bos, "eos_token": eos}
        self._compiled: tuple[MeteredEnvironment, Template, frozenset[str]] | None = None

    @property
    def stop(self) -> tuple[str, ...]:
        """Stop strings that belong to the format."""
        return PLAIN_STOP if self.is_plain else ()

    @property
    def calls(self) -> CallFormat:
        """How the template has its model write calls."""
        return find_format(self._source)

    def render(self, messages: Sequence[ChatMessage], tools: Sequence[ChatTool] = ()) -> str:
        """The prompt, up to where the assistant's answer begins."""
        if not messages:
            raise BadTemplate("A conversation needs at least one message.")
        if self.is_plain:
            return _render_plain(messages, tools)
        from mlnode.io import sandbox  # a template engine takes a tenth of a swap to import

        try:
            if self._compiled is None:
                environment = sandbox.MeteredEnvironment()
                self._compiled = (environment, *environment.compile_chat(self._source))
            environment, template, names = self._compiled
            if tools and "tools" not in names:
                raise ValueError("it knows of no tools; ask without tools, or ask another model")
            values = {"messages": [_turn(message) for message in messages], "add_generation_prompt": True}
            shown = {"tools": [_tool(tool) for tool in tools]} if tools else {}
            return environment.render_chat(template, {**values, **shown, **self._tokens})
        except Exception as error:  # whatever a template from anywhere may raise
            why = str(error).rstrip(".") or type(error).__name__
            raise BadTemplate(f"The model's chat template refuses the conversation: {why}.") from error


def _render_plain(messages: Sequence[ChatMessage], tools: Sequence[ChatTool]) -> str:
    """`role: content` lines, and `assistant:` for the model to go on from."""
    if tools or any(message.calls for message in messages):
        raise BadTemplate("The model has no chat template, so it takes no tools; ask without them.")
    lines = [f"{message.role}: {message.content.strip()}" for message in messages]
    return "\n".join([*lines, "assistant:"])


def _turn(message: ChatMessage) -> dict[str, Any]:
    """A message as templates know it: arguments are objects, not texts."""
    turn: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.name:
        turn["name"] = message.name
    if message.call_id:
        turn["tool_call_id"] = message.call_id
    if message.calls:
        turn["tool_calls"] = [_call(call) for call in message.calls]
    return turn


def _call(call: ChatCall) -> dict[str, Any]:
    arguments = json.loads(call.arguments) if call.arguments.strip() else {}
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _tool(tool: ChatTool) -> dict[str, Any]:
    about = {
        "name": tool.name,
        "description": tool.description,
        "parameters": json.loads(tool.parameters),
    }
    return {"type": "function", "function": about}
