"""Calls of tools: read out of answers however they are cut, and written by grammars for the reader."""

import json
import random

import pytest

from mlnode.grammar.states import Grammar
from mlnode.tools import Call, CallFormat, CallReader, Tool, find_format, write_calls

NAMES = frozenset({"f", "g"})
F, G = Call("f", '{"a": 1}'), Call("g", "{}")


def read(text: str, cut: int, most: int = 16) -> tuple[str, list[Call]]:
    """The text and the calls of an answer that comes in random pieces."""
    choose, reader = random.Random(cut), CallReader(NAMES, most)
    found, at = [], 0
    while at < len(text):
        n = choose.randint(1, 9) if cut else len(text)
        found += reader.push(text[at : at + n])
        at += n
    found += reader.finish()
    said = "".join(item for item in found if isinstance(item, str))
    return said, [item for item in found if isinstance(item, Call)]


@pytest.mark.parametrize(
    ("text", "said", "calls"),
    [
        ('<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>', "", [F]),
        (
            '<tool_call>{"name":"f","arguments":{"a":1}}</tool_call>\n'
            '<tool_call>{"name":"g","arguments":{}}</tool_call>',
            "",
            [F, G],
        ),
        ('Sure. <tool_call>{"name": "g"}</tool_call> done', "Sure.  done", [G]),
        ('[TOOL_CALLS] [{"name":"f","arguments":{"a":1}},{"name":"g","arguments":"{}"}]', "", [F, G]),
        ('[TOOL_CALLS]f{"a":1}', "", [F]),
        ('[TOOL_CALLS]f[ARGS]{"a":1}', "", [F]),
        ('{"name":"f","parameters":{"a":1}}; {"name":"g","parameters":{}}', "", [F, G]),
        ('<|python_tag|>{"name":"g","parameters":{}}', "", [G]),
        ('{"name":"g","arguments":{"t":"}{\\""}}', "", [Call("g", '{"t": "}{\\""}')]),
        ('{"name":"h","arguments":{}} and so on', '{"name":"h","arguments":{}} and so on', []),
        ("{ no json } x", "{ no json } x", []),
        ("<tool_call>no", "<tool_call>no", []),
        ('<tool_call>{"name":"f"', '<tool_call>{"name":"f"', []),
        ('  \n {"a":1}', '  \n {"a":1}', []),
        ("[1,2] is a list, a < b and [", "[1,2] is a list, a < b and [", []),
        ('{"name":"f","arguments":3}', '{"name":"f","arguments":3}', []),
        ('I would call {"name":"f"}', 'I would call {"name":"f"}', []),
        ("a <tool", "a <tool", []),
        ("", "", []),
    ],
)
def test_calls_are_found_and_text_is_left_as_it_was(text: str, said: str, calls: list[Call]):
    assert {(text, tuple(found)) for text, found in (read(text, cut) for cut in range(30))} == {
        (said, tuple(calls))
    }


def test_text_is_not_held_back_longer_than_it_may_be_a_call():
    reader = CallReader(NAMES)
    assert reader.push("Hello wor") == ["Hello wor"]
    assert reader.push("ld <to") == ["ld "]
    assert reader.push("y>") == ["<toy>"]


def test_calls_beyond_the_most_are_dropped():
    twice = '{"name":"f","arguments":{"a":1}}\n{"name":"g"}'
    assert read(twice, 0, most=1) == ("", [F])


@pytest.mark.parametrize("format", CallFormat)
def test_what_the_grammar_writes_is_read_as_calls(format: CallFormat):
    tools = [
        Tool("f", {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}),
        Tool("g", {"type": "object", "additionalProperties": False}),
    ]
    grammar = Grammar.parse(write_calls(tools, format, 3))
    for seed in range(40):
        choose, state, data = random.Random(seed), grammar.start, bytearray()
        while not state.ends or (grammar.possible(state) and choose.random() < 0.7):
            mask = grammar.possible(state)
            data.append(choose.choice([byte for byte in range(256) if mask >> byte & 1]))
            following = grammar.read(state, data[-1:])
            assert following is not None
            state = following
        said, calls = read(data.decode(), seed)
        assert said == ""
        assert 1 <= len(calls) <= 3
        for call in calls:
            assert set(json.loads(call.arguments)) == ({"a"} if call.name == "f" else set())


@pytest.mark.parametrize(
    ("template", "format"),
    [
        ("... <tool_call>{{ x }}</tool_call>", CallFormat.HERMES),
        ("[TOOL_CALLS] {{ x }}", CallFormat.MISTRAL),
        ('{"name": {{ n }}, "parameters": {{ p }}}', CallFormat.LLAMA),
        ("{{ tools }}", CallFormat.PLAIN),
    ],
)
def test_a_template_tells_how_its_model_writes_calls(template: str, format: CallFormat):
    assert find_format(template) is format
