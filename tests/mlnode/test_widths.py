"""How a round of decodes is divided."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlnode.widths import GAIN_MIN, REFRESH_ROUNDS, SAMPLES_MIN, ReadingPace, Widths

MEASURED_MS = {1: 16.7, 2: 40.0, 3: 46.0, 4: 52.0, 5: 75.0, 6: 80.0, 7: 88.0, 8: 78.0, 12: 105.0, 16: 122.0}
"""Gemma 3 270M with one thread."""

TABLES = st.dictionaries(st.integers(1, 24), st.integers(1, 10**6), max_size=24)


def learned(table_ms: dict[int, float]) -> Widths:
    widths = Widths()
    for width, ms in table_ms.items():
        for _ in range(SAMPLES_MIN):
            widths.note(width, 1000 * ms)
    return widths


def test_two_that_are_slower_together_take_turns() -> None:
    assert learned(MEASURED_MS).split(2) == (1, 1)


def test_what_is_quickest_together_stays_together() -> None:
    widths = learned(MEASURED_MS)
    assert [widths.split(n) for n in (1, 3, 4, 8, 16)] == [(1,), (3,), (4,), (8,), (16,)]


def test_an_odd_one_goes_by_itself() -> None:
    assert sorted(learned(MEASURED_MS).split(5)) == [1, 4]


def test_an_unknown_width_is_tried_until_it_is_known() -> None:
    widths = learned({1: 10.0})
    for _ in range(SAMPLES_MIN):
        assert widths.split(2) == (2,)
        widths.note(2, 30_000)
    assert widths.split(2) == (1, 1)


def test_the_quickest_of_the_first_measurements_counts() -> None:
    widths = Widths()
    for us in (90_000, 16_000, 17_000):
        widths.note(1, us)
    assert widths.known_us() == {1: 16_000}


def test_one_slow_decode_does_not_change_much() -> None:
    widths = learned({1: 10.0})
    widths.note(1, 10_000_000)
    assert widths.known_us()[1] <= 10_700


def run(widths: Widths, n: int, table_ms: dict[int, float], rounds: int) -> list[tuple[int, ...]]:
    """So many rounds on a machine with these times."""
    splits = []
    for _ in range(rounds):
        splits.append(widths.split(n))
        for width in splits[-1]:
            widths.note(width, 1000 * table_ms[width])
    return splits


def test_a_machine_that_becomes_slower_changes_no_split() -> None:
    widths = learned({1: 10.0, 2: 30.0})
    for slowness in (1.0, 1.7, 0.8, 1.4):
        table = {width: slowness * ms for width, ms in {1: 10.0, 2: 30.0}.items()}
        splits = run(widths, 2, table, 500)
        assert splits.count((2,)) <= 500 // REFRESH_ROUNDS + 4


def test_one_by_one_is_tried_where_only_the_whole_is_known() -> None:
    widths = learned({2: 30.0})
    splits = run(widths, 2, {1: 10.0, 2: 30.0}, 20)
    assert splits.count((2,)) <= 2
    widths = learned({2: 15.0})
    splits = run(widths, 2, {1: 10.0, 2: 15.0}, 20)
    assert splits.count((1, 1)) <= SAMPLES_MIN + 2


def test_what_was_first_measured_wrong_is_found_out() -> None:
    for first, then in (({1: 10.0, 2: 30.0}, {1: 10.0, 2: 15.0}), ({1: 20.0, 2: 30.0}, {1: 10.0, 2: 30.0})):
        widths = learned(first)
        before = widths.split(2)
        assert before != run(widths, 2, then, 4 * REFRESH_ROUNDS + 5)[-1]


def test_no_other_way_is_tried_where_there_is_none() -> None:
    assert set(run(learned({1: 10.0, 4: 15.0}), 4, {1: 10.0, 4: 15.0}, 2 * REFRESH_ROUNDS)) == {(4,)}


def test_what_is_known_survives_in_a_table() -> None:
    widths = learned(MEASURED_MS)
    assert Widths(widths.known_us()).split(5) == widths.split(5)


@given(TABLES, st.integers(1, 24))
def test_every_sequence_gets_its_token_in_every_round(table: dict[int, int], n: int) -> None:
    widths = Widths(table)
    for _ in range(REFRESH_ROUNDS + 1):
        split = widths.split(n)
        assert sum(split) == n
        assert all(width > 0 for width in split)


@given(TABLES, st.integers(1, 24))
def test_a_split_round_is_quicker_than_the_whole(table: dict[int, int], n: int) -> None:
    split = Widths(table).split(n)
    known = n in table and (n - n % 4 or 1) in table
    if known and split != (n,):
        assert sum(table[width] for width in split) < (1 - GAIN_MIN) * table[n]


@given(st.floats(1, 1e6), st.floats(1, 1e7), st.sampled_from([32, 64]), st.integers(64, 512))
def test_a_piece_takes_its_time_and_no_longer(us_per_row: float, us: float, least: int, most: int) -> None:
    pace = ReadingPace()
    assert pace.rows_within(us, least, most) == least
    pace.note(100, 100 * us_per_row)
    rows = pace.rows_within(us, least, most)
    assert least <= rows <= most
    assert rows % least == 0
    assert rows == least or rows * us_per_row <= us * 1.001


@pytest.mark.parametrize("widths", [(1,), (1, 2, 4)])
def test_times_stay_what_decodes_take_however_long_a_noisy_machine_works(widths: tuple[int, ...]) -> None:
    chance = random.Random(1)
    learned = Widths()
    for turn in range(200_000):
        width = widths[turn // 64 % len(widths)]
        learned.note(width, 100.0 * (1 + width) * chance.lognormvariate(0, 0.3))
    for width, us in learned.known_us().items():
        assert 50 * (1 + width) < us < 200 * (1 + width)
