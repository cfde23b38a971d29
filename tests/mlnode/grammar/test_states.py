"""Grammars: what is read, what is allowed step by step, what is refused."""

import pytest

from mlnode.grammar.byteranges import complement, mask_of, split_to_bytes
from mlnode.grammar.gbnf import GrammarInvalid
from mlnode.grammar.states import Grammar

ARITHMETIC = r"""
# sums, one a line
root  ::= (expr "=" ws term "\n")+
expr  ::= term ([-+*/] term)*   # from left to right
term  ::= ident | num | "(" ws expr ")" ws
ident ::= [a-z] [a-z0-9_]* ws
num   ::= [0-9]+ ws
ws    ::= [ \t]*
"""


def fits(grammar: Grammar, text: str) -> bool:
    state = grammar.read(grammar.start, text.encode())
    return state is not None and state.ends


def test_a_text_fits_or_not():
    grammar = Grammar.parse(ARITHMETIC)
    assert fits(grammar, "a1 +2*(b -3)=7\n")
    assert fits(grammar, "1=1\n2=2\n")
    assert not fits(grammar, "1=1")
    assert grammar.read(grammar.start, b"1==") is None


def test_a_character_may_be_cut_anywhere():
    grammar = Grammar.parse('root ::= [α-ωé] "€"')
    data = "λ€".encode()
    for cut in range(len(data) + 1):
        first = grammar.read(grammar.start, data[:cut])
        assert first is not None
        last = grammar.read(first, data[cut:])
        assert last is not None
        assert last.ends
    assert grammar.read(grammar.start, "Ω".encode()) is None
    assert grammar.read(grammar.start, b"\xff") is None


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        ('root ::= "a"{2,4}', ["aa", "aaaa"], ["a", "aaaaa"]),
        ('root ::= ("ab")? "c"{0}', ["", "ab"], ["a", "abc"]),
        ('root ::= [^\\n"]{1,}', ["x", "é-"], ["", '"', "\n"]),
        ('root ::= "\\x41\\u00e9\\U0001F642" | .', ["Aé🙂", "x", "🙂"], ["Aé", "xy"]),
        ('root ::= a\na ::= "x" a | ""', ["", "xxx"], ["y"]),
        ("root ::= ([ ]*)* [a\\]\\-]", ["  a", "]", "-"], ["  "]),
        ('root ::= (\n  "a" |\n  "b"\n)+', ["ab"], [""]),
    ],
)
def test_the_notation(text: str, good: list[str], bad: list[str]):
    grammar = Grammar.parse(text)
    assert [text for text in good if not fits(grammar, text)] == []
    assert [text for text in bad if fits(grammar, text)] == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no rule 'root'"),
        ("root = 1", "in line 1: '::=' is expected, before '= 1'\\."),
        ("root", "in line 1: '::=' is expected, at its end\\."),
        ('root ::= "a', "ends too early"),
        ('root ::= "\\q"', "escape"),
        ("root ::= [b-a]", "range of characters"),
        ("root ::= []", "ends too early|no characters"),
        ('root ::= ("a"', "'\\)'"),
        ('root ::= "a")', "end of the line"),
        ("root ::= * ", "something to repeat"),
        ('root ::= "a"{3,2}', "ends before it begins"),
        ('root ::= "a"{2001}', "more than 2000"),
        ('root ::= "a"{99999999999999999999}', "six digits"),
        ("root ::= other", "'other' and does not define"),
        ('root ::= "a"\nroot ::= "b"', "twice"),
        ('root ::= "\\ud800"', "no character's number"),
        ("root ::= <[12]>", "tokens by name"),
        ('root ::= e\ne ::= ws e "+" | "1"\nws ::= " "*', "'e' begins with itself"),
        ('root ::= "a" root', "no text that ever ends"),
        ("root ::= " + '("a"{2000}){2000} ' * 60, "too large|characters"),
        ("root ::= " + "(" * 30_000, "nested more than"),
        ("root ::= " + "a " * 40_000, "characters"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(text: str, why: str):
    with pytest.raises(GrammarInvalid, match=why):
        Grammar.parse(text)


def test_a_chain_of_rules_that_all_begin_alike_is_read_in_no_time():
    """Whoever follows every path of this one never returns."""
    rules = "\n".join(f"r{i} ::= r{i + 1} | r{i + 1}" for i in range(200))
    assert fits(Grammar.parse(f'root ::= r0\n{rules}\nr200 ::= "z"'), "z")


def test_readings_without_limit_are_given_up():
    rules = "\n".join(f'r{i} ::= r{i + 1} "x" | r{i + 1} "y"' for i in range(40))
    with pytest.raises(GrammarInvalid, match="too ambiguous"):
        Grammar.parse(f'root ::= r0\n{rules}\nr40 ::= "z"')


def test_states_are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mlnode.grammar.states.KEPT_MAX", 50)
    grammar = Grammar.parse('root ::= "(" root ")" | "x"')
    state = grammar.start
    for _ in range(500):
        following = grammar.read(state, b"(")
        assert following is not None
        state = following
    end = grammar.read(state, b"x" + b")" * 500)
    assert end is not None
    assert end.ends
    assert grammar.read(state, b"x" + b")" * 501) is None


def test_the_bytes_of_characters_are_exactly_their_utf8():
    for ranges in [((0x7E, 0x801),), ((0x20AC, 0x20AC), (0xFFFE, 0x10001)), complement(((0x22, 0x22),))]:
        rows = list(split_to_bytes(ranges))
        for point in [*range(0x7D, 0x803), 0x20AB, 0x20AC, 0xFFFD, 0xFFFE, 0x10001, 0x10002, 0x10FFFF, 0x22]:
            data = chr(point).encode()
            inside = any(low <= point <= high for low, high in ranges)
            found = sum(
                len(row) == len(data)
                and all(mask_of(*pair) >> byte & 1 for pair, byte in zip(row, data, strict=True))
                for row in rows
            )
            assert found == inside
