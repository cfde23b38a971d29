"""How a round of decodes is divided."""

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
    assert widths.known_us()[1] == 11_250


def test_a_width_that_is_not_chosen_is_tried_again() -> None:
    widths = learned({1: 10.0, 2: 30.0})
    rounds = [widths.split(2) for _ in range(2 * REFRESH_ROUNDS)]
    assert rounds.count((2,)) == 2
    for _ in range(200):
        widths.note(2, 12_000)
    assert [widths.split(2) for _ in range(REFRESH_ROUNDS)][-1] == (2,)


def test_a_split_that_proves_slow_is_given_up_soon() -> None:
    widths = learned({1: 10.0, 8: 100.0})
    assert widths.split(8) == (1,) * 8
    for _ in range(50):
        widths.note(1, 30_000)
    assert (8,) in [widths.split(8) for _ in range(8)]


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
    known = n in table and (n < 4 or n - n % 4 in table)
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
