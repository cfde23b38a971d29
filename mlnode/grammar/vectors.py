"""Golden cases of grammars, schemas and calls of tools: what fits, what is refused, what is found."""

from collections.abc import Mapping
from typing import Any as Anything

from mlnode.grammar.gbnf import GrammarInvalid
from mlnode.grammar.keywords import SchemaUnsupported
from mlnode.grammar.schema import write_schema
from mlnode.grammar.states import Grammar
from mlnode.tools import Call, CallReader

Case = Mapping[str, Anything]


def run_grammar(given: Case) -> object:
    """Whether a text may be read so far, and whether it may end there."""
    try:
        grammar = Grammar.parse(given["gbnf"])
    except GrammarInvalid as refused:
        return {"refused": str(refused)}
    state = grammar.read(grammar.start, given["text"].encode())
    return {"reads": state is not None, "ends": state is not None and state.ends}


def run_schema(given: Case) -> object:
    """Whether an answer that follows the schema may be this text."""
    try:
        return run_grammar({"gbnf": write_schema(given["schema"]), "text": given["text"]})
    except SchemaUnsupported as refused:
        return {"refused": str(refused)}


def run_calls(given: Case) -> object:
    """Text and calls of an answer."""
    reader = CallReader(frozenset(given["names"]))
    found = [*reader.push(given["text"]), *reader.finish()]
    return {
        "text": "".join(item for item in found if isinstance(item, str)),
        "calls": [[item.name, item.arguments] for item in found if isinstance(item, Call)],
    }
