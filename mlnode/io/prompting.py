"""From an order to what the engine starts with: the prompt's tokens, and the grammar of the answer."""

import msgspec

from mlnode.grammar.gbnf import GrammarInvalid
from mlnode.grammar.keywords import SchemaUnsupported
from mlnode.io.answer import BadRequest
from mlnode.io.chat import BadTemplate, ChatFormat
from mlnode.io.frames import Submit, Tokenize
from mlnode.io.grammar import Follower, Grammars
from mlnode.io.model import Model
from mlnode.tools import Tool, write_calls


class Prompts:
    """The prompts and grammars of one model's requests."""

    def __init__(self, model: Model, chat: ChatFormat) -> None:
        self._model = model
        self._chat = chat
        self._grammars = Grammars(model)
        self._written: dict[int, str | BadRequest] = {}
        """Conversations of requests that are about to be submitted."""

    def write_ahead(self, order: Submit | Tokenize) -> None:
        """Render a conversation, in any thread but one at a time; `tokenize` of the same order takes it."""
        if order.messages is not None:
            self._written[order.request_id] = self._render(order)

    def tokenize(self, order: Submit | Tokenize) -> list[int]:
        """The prompt's tokens, never none. Raises `BadRequest`."""
        given = order.tokens if isinstance(order, Submit) else None
        if sum(part is not None for part in (order.text, order.messages, given)) != 1:
            raise BadRequest("BAD_PROMPT", "Give exactly one of text, tokens and messages.")
        if given is not None:
            tokens = given
            if not all(0 <= token < self._model.n_vocab for token in tokens):
                last = self._model.n_vocab - 1
                raise BadRequest(
                    "BAD_PROMPT", f"Token ids of this model go from 0 to {last}; the prompt has others."
                )
        elif order.text is not None:
            tokens = self._model.tokenize(order.text, add_special=True, parse_special=False)
        else:
            tokens = self._tokenize_chat(order)
        if not tokens:
            raise BadRequest("BAD_PROMPT", "The prompt has no tokens; send text.")
        return tokens

    def open_grammar(self, order: Submit) -> Follower | None:
        """What the answer has to follow, None where it is free. Raises `BadRequest`."""
        try:
            text = self._write_calls(order) if order.calls_min else order.grammar
            return self._grammars.follow(text) if text else None
        except SchemaUnsupported as refused:
            raise BadRequest("BAD_SCHEMA", str(refused)) from refused
        except GrammarInvalid as refused:
            raise BadRequest("BAD_GRAMMAR", str(refused)) from refused

    def _write_calls(self, order: Submit) -> str:
        """A grammar of calls, written as this model writes them."""
        tools = [Tool(tool.name, msgspec.json.decode(tool.parameters)) for tool in order.tools]
        return write_calls(tools, self._chat.calls, order.calls_max)

    def _tokenize_chat(self, order: Submit | Tokenize) -> list[int]:
        """Templates write special tokens by their spelling, often the begin-of-text token too: it is then
        not added a second time."""
        text = self._written.pop(order.request_id, None) or self._render(order)
        if isinstance(text, BadRequest):
            raise text
        bos = self._model.bos
        adds = not (bos and text.startswith(bos))
        return self._model.tokenize(text, add_special=adds, parse_special=not self._chat.is_plain)

    def _render(self, order: Submit | Tokenize) -> str | BadRequest:
        try:
            return self._chat.render(order.messages or (), order.tools if isinstance(order, Submit) else ())
        except BadTemplate as refused:
            return BadRequest("BAD_TEMPLATE", str(refused))
