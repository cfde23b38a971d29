"""Which beginnings are kept and found, decided without a model."""

from array import array

from hypothesis import given
from hypothesis import strategies as st

from mlnode.prefixes import CUT, TAIL_MIN, TOKEN_BYTES, TOKENS_MIN, Match, Prefixes, count_common

WHOLE = 2**31
FEW = st.builds(
    lambda token, n, tail: [token] * n + tail,
    st.integers(0, 1),
    st.integers(0, 300),
    st.lists(st.integers(0, 2), max_size=60),
)
"""Sequences that have much in common."""
CASES = st.lists(FEW, max_size=8)


def pack(tokens: list[int] | range) -> bytes:
    return array("i", tokens).tobytes()


def kept(*sequences: bytes, cut_max: int = WHOLE, bytes_max: int = 1000) -> Prefixes:
    prefixes = Prefixes(bytes_max, cut_max)
    for tokens in sequences:
        prefixes.add(tokens, 1)
    return prefixes


@given(FEW, FEW)
def test_what_two_have_in_common_is_counted_in_tokens(one: list[int], other: list[int]) -> None:
    assert count_common(pack(one), pack(other)) == next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def test_a_longer_prompt_continues_a_whole_conversation() -> None:
    conversation = pack(range(777))
    assert kept(conversation).find(conversation + pack(range(20))) == Match(conversation, 777)


def test_the_same_prompt_again_is_cut_where_no_piece_becomes_short() -> None:
    prompt = pack(range(300))
    match = kept(prompt).find(prompt)
    assert match is not None
    assert (match.n_reused % CUT, match.n_reused) == (0, 288)


def test_a_window_is_only_of_use_whole() -> None:
    conversation = pack(range(777))
    prefixes = kept(conversation, cut_max=512)
    assert prefixes.find(pack(range(700))) is None
    assert prefixes.find(pack(range(800))) == Match(conversation, 777)


def test_a_window_that_holds_everything_can_be_cut() -> None:
    short = pack(range(400))
    assert kept(short, cut_max=512).find(pack([*range(200), *range(100)])) == Match(short, 192)


def test_what_saves_most_is_taken() -> None:
    short, long = pack(range(100)), pack(range(500))
    assert kept(long, short, cut_max=0).find(pack(range(600))) == Match(long, 500)
    assert kept(long, short, cut_max=0).find(pack(range(400))) == Match(short, 100)


def test_nothing_short_is_found() -> None:
    assert kept(pack(range(TOKENS_MIN - 1))).find(pack(range(600))) is None


def test_the_least_recently_used_goes_first() -> None:
    one, two, three = (pack([n] * 100) for n in (1, 2, 3))
    prefixes = kept(one, two, bytes_max=2)
    assert prefixes.find(one + pack([9] * 100)) is not None
    assert prefixes.add(three, 1) == [two]
    assert prefixes.oldest_first() == [one, three]


def test_what_is_too_large_drives_nothing_out() -> None:
    one, two = pack([1] * 100), pack([2] * 100)
    prefixes = kept(one, bytes_max=2)
    assert prefixes.add(two, 3) == [two]
    assert prefixes.oldest_first() == [one]


def test_a_conversation_takes_the_place_of_its_beginning() -> None:
    first, second = pack(range(100)), pack(range(300))
    assert kept(first).add(second, 1) == [first]
    assert kept(first, cut_max=0).add(second, 1) == []


def test_a_state_that_can_be_cut_needs_no_other_places() -> None:
    assert kept().plan(pack(range(3000)), 128) == ()


def test_a_window_is_kept_near_the_end_of_the_prompt() -> None:
    prefixes = kept(cut_max=512)
    assert prefixes.plan(pack(range(700)), 128) == (640,)
    assert prefixes.plan(pack(range(2012)), 128) == (1984,)


def test_a_window_is_kept_where_an_earlier_prompt_went_another_way() -> None:
    system = list(range(1000))
    prefixes = kept(pack([*system, *[1] * 900]), cut_max=512)
    assert prefixes.plan(pack([*system, *[2] * 1000]), 128) == (992, 1984)


@given(CASES, FEW, st.sampled_from([0, 100, WHOLE]))
def test_what_is_reused_is_what_the_prompt_begins_with(
    sequences: list[list[int]], prompt: list[int], cut_max: int
) -> None:
    prefixes = kept(*map(pack, sequences), cut_max=cut_max)
    match = prefixes.find(pack(prompt))
    if match is not None:
        n = match.n_reused
        assert TOKENS_MIN <= n <= len(prompt) - TAIL_MIN
        assert match.tokens[: n * TOKEN_BYTES] == pack(prompt[:n])
        whole = n * TOKEN_BYTES == len(match.tokens)
        assert whole or (n % CUT == 0 and len(match.tokens) <= cut_max * TOKEN_BYTES)


@given(CASES, FEW, st.sampled_from([0, 100, WHOLE]), st.sampled_from([16, 64, 128]))
def test_planned_places_leave_no_short_piece(
    sequences: list[list[int]], prompt: list[int], cut_max: int, piece: int
) -> None:
    for point in kept(*map(pack, sequences), cut_max=cut_max).plan(pack(prompt), piece):
        assert TOKENS_MIN <= point <= len(prompt) - TAIL_MIN
        assert point % min(piece, CUT) == 0


@given(st.lists(st.tuples(FEW, st.integers(0, 120)), max_size=30), st.sampled_from([0, 100, WHOLE]))
def test_the_bytes_are_never_more_than_allowed(entries: list[tuple[list[int], int]], cut_max: int) -> None:
    prefixes, sizes = Prefixes(100, cut_max), dict[bytes, int]()
    for tokens, size in entries:
        packed = pack(tokens)
        gone = prefixes.add(packed, size)
        sizes[packed] = size
        for key in gone:
            del sizes[key]
        assert prefixes.n_bytes == sum(sizes.values()) <= 100
        assert set(prefixes.oldest_first()) == set(sizes)
