"""The words that a grammar allows next are found without trying all of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlnode.grammar.lexicon import Lexicon
from mlnode.grammar.states import Grammar

GRAMMARS = [
    'root ::= "{" [ \\n]* "\\"" [a-c]+ "\\"" "}"',
    'root ::= "ab" | "abc" root | "é" [0-9]*',
    'root ::= [^a] "b"? root | "aa"',
]
words = st.lists(st.one_of(st.text('abc{}" 019é\n', max_size=5).map(str.encode), st.binary(max_size=3)))


@given(words, st.sampled_from(GRAMMARS), st.text('abc{}" 0é', max_size=6).map(str.encode))
def test_they_are_those_that_could_be_read(vocabulary: list[bytes], source: str, before: bytes) -> None:
    grammar = Grammar.parse(source)
    state = grammar.read(grammar.start, before) or grammar.start
    found = Lexicon(vocabulary).find_allowed(grammar, state, 10_000)
    assert found is not None
    readable = [n for n, word in enumerate(vocabulary) if word and grammar.read(state, word) is not None]
    assert sorted(found) == readable


@pytest.mark.parametrize(("turns", "enough"), [(5, False), (2000, True)])
def test_the_search_ends_where_much_is_allowed(turns: int, enough: bool) -> None:
    grammar = Grammar.parse("root ::= [a-z]+")
    vocabulary = [bytes((a, b)) for a in range(97, 123) for b in range(97, 123)]
    found = Lexicon(vocabulary).find_allowed(grammar, grammar.start, turns)
    assert (found is not None) == enough
