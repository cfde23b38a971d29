"""Who holds what of which device."""

import pytest

from mlnode.ledger import Device, Ledger


def test_more_than_is_free_cannot_be_reserved() -> None:
    ledger = Ledger((Device("host", 100, 20),))
    ledger.reserve(1, (50,))
    with pytest.raises(AssertionError):
        ledger.reserve(2, (31,))
    assert ledger.free() == [30]
    assert not ledger.grow(1, (81,))
    assert ledger.grow(1, (80,))
    ledger.release(1)
    assert ledger.free() == [80]


def test_every_device_has_a_ledger_of_its_own() -> None:
    ledger = Ledger((Device("gpu0", 100, 20, 0), Device("gpu1", 50, 10, 1)))
    ledger.reserve(1, (50, 0))
    with pytest.raises(AssertionError):
        ledger.reserve(2, (31, 0))
    ledger.reserve(2, (0, 31))
    assert not ledger.grow(1, (50, 10))
    assert ledger.used() == [50, 31]
    assert (ledger.budget_mb, ledger.margin_mb, ledger.used_mb) == (150, 30, 81)


def test_what_was_measured_below_the_reservation_frees_nothing() -> None:
    ledger = Ledger((Device("gpu0", 100, 20, 0), Device("gpu1", 50, 10, 1)))
    ledger.reserve(1, (50, 20))
    assert ledger.grow(1, (60, 5))
    assert ledger.share_of(1) == (60, 20)
    assert ledger.share_of(2) == (0, 0)
