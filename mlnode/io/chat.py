"""Conversations to prompts, by the model's own chat template or by the plain one.

Templates come inside model files, from anybody: they run in jinja2's immutable sandbox, in the worker's own
process. A model without a template gets this one, one line a message and the answer's beginning:

    user: What is a mesh?
    assistant:

and its answer ends where the model begins another message by itself. A base model continues text, so the
answer may ramble, but it is never empty: the first token is one that shows something.
"""

from collections.abc import Sequence
from datetime import datetime

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mlnode.io.frames import ChatMessage

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
        self._environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        self._environment.globals["raise_exception"] = _refuse
        self._environment.globals["strftime_now"] = _strftime_now

    @property
    def stop(self) -> tuple[str, ...]:
        """Stop strings that belong to the format."""
        return PLAIN_STOP if self.is_plain else ()

    def render(self, messages: Sequence[ChatMessage]) -> str:
        """The prompt, up to where the assistant's answer begins."""
        if not messages:
            raise BadTemplate("a conversation needs at least one message")
        if self.is_plain:
            return render_plain(messages)
        turns = [{"role": message.role, "content": message.content} for message in messages]
        try:
            template = self._environment.from_string(self._source)
            return template.render(messages=turns, add_generation_prompt=True, **self._tokens)
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise BadTemplate(f"the model's chat template refuses the conversation: {error}") from error


def render_plain(messages: Sequence[ChatMessage]) -> str:
    """`role: content` lines, and `assistant:` for the model to go on from."""
    lines = [f"{message.role}: {message.content.strip()}" for message in messages]
    return "\n".join([*lines, "assistant:"])


def _refuse(text: str) -> None:
    raise TemplateError(text)


def _strftime_now(pattern: str) -> str:
    return datetime.now().astimezone().strftime(pattern)
