"""Answers that follow a grammar, on a tiny model that would say anything else."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from mlnode.grammar.schema import write_schema
from mlnode.io.frames import Done, RequestFailed, Submit
from mlnode.io.grammar import Grammars
from mlnode.io.model import Model
from mlnode.io.sampling import Sampler, Sampling

Bench = Any

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 12},
        "age": {"type": "integer", "minimum": 0, "maximum": 130},
        "tags": {"type": "array", "items": {"enum": ["old", "new"]}, "maxItems": 3},
    },
    "required": ["name", "age"],
    "additionalProperties": False,
}


def ends(run: Bench) -> dict[int, str]:
    return {frame.request_id: frame.finish_reason for frame in run.replies if isinstance(frame, Done)}


@pytest.mark.parametrize("temperature", [0.0, 0.8, 3.0])
@pytest.mark.parametrize("penalty", [0.0, 1.5])
def test_an_answer_is_valid_by_its_schema(
    bench: Callable[..., Bench], temperature: float, penalty: float
) -> None:
    run = bench()
    grammar = write_schema(PERSON)
    orders = [
        Submit(
            request_id=seed,
            text="the day",
            grammar=grammar,
            temperature=temperature,
            frequency_penalty=penalty,
            seed=seed,
        )
        for seed in range(6)
    ]
    texts = run.run(*orders)
    assert set(ends(run).values()) == {"stop"}
    for text in texts.values():
        jsonschema.validate(json.loads(text), PERSON)
    assert (len(set(texts.values())) == 1) == (temperature == 0.0)


def test_an_answer_ends_where_nothing_can_follow(bench: Callable[..., Bench]) -> None:
    run = bench()
    assert run.run(Submit(request_id=1, text="the", grammar='root ::= "yes" | "no"'))[1] in ("yes", "no")
    assert ends(run) == {1: "stop"}


def test_an_answer_is_cut_at_its_length(bench: Callable[..., Bench]) -> None:
    run = bench()
    text = run.run(Submit(request_id=1, text="the", grammar="root ::= [ a-z]+", max_tokens=7))[1]
    assert text.replace(" ", "").isalpha()
    assert ends(run) == {1: "length"}


def test_a_stop_string_ends_an_answer_that_follows_a_grammar(bench: Callable[..., Bench]) -> None:
    run = bench()
    text = run.run(Submit(request_id=1, text="the", grammar='root ::= "abcdef"', stop=("d",)))[1]
    assert text == "abc"
    assert ends(run) == {1: "stop"}


def test_characters_that_the_vocabulary_has_only_as_bytes_are_written_whole(
    bench: Callable[..., Bench],
) -> None:
    assert bench().run(Submit(request_id=1, text="the", grammar='root ::= "é" "漢" "🙂"'))[1] == "é漢🙂"


def test_a_conversation_follows_a_grammar_from_the_first_character(bench: Callable[..., Bench]) -> None:
    from mlnode.io.frames import ChatMessage

    order = Submit(request_id=1, messages=[ChatMessage("user", "hi")], grammar='root ::= " \\n" "user:"')
    assert bench().run(order)[1] == " \nuser:"


def test_others_are_not_touched_by_a_grammar_beside_them(bench: Callable[..., Bench]) -> None:
    plain = Submit(request_id=1, text="the day", max_tokens=20)
    alone = bench().run(plain)[1]
    beside = bench().run(plain, Submit(request_id=2, text="a", grammar="root ::= [0-9]{20}"))
    assert beside[1] == alone
    assert beside[2].isdecimal()


@pytest.mark.parametrize(
    ("grammar", "why"),
    [
        ("root ::= ", "no text that ever ends|ends"),
        ('start ::= "a"', "no rule 'root'"),
        ('root ::= root "a" | "b"', "left recursion"),
        ('root ::= "a"{1000000}', "line 1"),
        ("root ::= " + "(" * 60 + '"a"' + ")" * 60, "nested"),
        ('root ::= "' + "a" * 70_000 + '"', "characters"),
        ('root ::= "a" root', "no text that ever ends"),
    ],
)
def test_a_grammar_that_cannot_be_is_refused(bench: Callable[..., Bench], grammar: str, why: str) -> None:
    run = bench()
    run.run(Submit(request_id=1, text="the", grammar=grammar))
    if grammar == "root ::= ":
        assert ends(run) == {1: "stop"}
        return
    (failed,) = run.replies
    assert isinstance(failed, RequestFailed)
    assert failed.code == "BAD_GRAMMAR"
    assert why in failed.text


def test_a_grammar_that_becomes_too_ambiguous_ends_its_request_and_no_other(
    bench: Callable[..., Bench],
) -> None:
    doubling = "\n".join(f'r{i} ::= r{i + 1} "a" | r{i + 1} "b"' for i in range(30))
    grammar = f'root ::= "x" r0\n{doubling}\nr30 ::= "z"'
    run = bench()
    texts = run.run(
        Submit(request_id=1, text="the", grammar=grammar), Submit(request_id=2, text="the day", max_tokens=9)
    )
    failed = [frame for frame in run.replies if isinstance(frame, RequestFailed)]
    assert [(frame.request_id, frame.code) for frame in failed] == [(1, "BAD_GRAMMAR")]
    assert len(texts[2]) > 5


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_choices_are_the_best_allowed_ones_of_the_whole_row(
    load_model: Callable[[Path], Model], tiny_path: Path, temperature: float
) -> None:
    """Against the obvious: ask about every token."""
    model = load_model(tiny_path)
    grammars = Grammars(model)
    random = np.random.default_rng(5)
    for text in ("root ::= [a-c]+", 'root ::= "th" [a-z]+ | "1"', 'root ::= [^a-z ]{3} "."'):
        follower = grammars.follow(text)
        row = random.normal(0, 4, model.n_vocab).astype(np.float32)
        allowed = [token for token in range(model.n_vocab) if follower.allows(token)]
        allowed.sort(key=lambda token: -row[token])
        tokens, logits = follower.choices(row, len(allowed) + 1, np.inf)
        assert tokens.tolist() == allowed
        assert logits.tolist() == [row[token] for token in allowed]
        picked = Sampler(Sampling(temperature=temperature, top_k=1)).pick_by(row, follower)
        assert picked == allowed[0]


def test_a_draw_under_a_rule_has_the_model_s_own_proportions(
    load_model: Callable[[Path], Model], tiny_path: Path
) -> None:
    model = load_model(tiny_path)
    follower = Grammars(model).follow("root ::= [ab]")
    a, b = (model.tokenize("xa", add_special=False, parse_special=False)[-1], 0)
    tokens = [token for token in range(model.n_vocab) if follower.allows(token)]
    assert a in tokens
    b = next(token for token in tokens if model.piece(token) == b"b")
    row = np.full(model.n_vocab, -2.0, np.float32)
    row[a], row[b] = 1.0, 0.0
    sampler = Sampler(Sampling(temperature=1.0, top_k=0, seed=3))
    drawn = [sampler.pick_by(row, follower) for _ in range(2000)]
    weight = sum(np.exp(row[token]) for token in tokens)
    assert drawn.count(a) / 2000 == pytest.approx(float(np.e / weight), abs=0.05)
