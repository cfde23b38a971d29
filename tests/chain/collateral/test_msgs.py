"""Deposits, withdrawals, slashing."""

import pytest

from chain.auth.addresses import module_address
from chain.bank.types import Coin
from chain.collateral.keeper import MODULE
from chain.collateral.types import MsgDepositCollateral, MsgWithdrawCollateral
from chain.errors import (
    ErrInsufficientCollateral,
    ErrInsufficientFunds,
    ErrInvalidCoins,
    ErrInvalidDenom,
    ErrInvalidSlashFraction,
    ErrNoCollateralFound,
    Refusal,
)
from chain.fixed import Decimal
from tests.chain.kit import RICH
from tests.chain.world import World


class Vault(World):
    def __init__(self, **fields: object) -> None:
        super().__init__("alice", "bob", **fields)
        self.begin(1)
        self.join("alice")
        self.join("bob")
        self.deposits = self.keepers.deposits

    def deposit(self, amount: str | int, denom: str = "umesh") -> None:
        self.deliver(MsgDepositCollateral(self.address("alice"), Coin(denom, str(amount))))

    def withdraw(self, amount: str | int, denom: str = "umesh") -> int:
        message = MsgWithdrawCollateral(self.address("alice"), Coin(denom, str(amount)))
        return self.deliver(message).completion_epoch  # type: ignore[attr-defined]

    def active(self) -> int:
        return self.deposits.get_deposit(self.context(), self.address("alice"))

    def leaving(self) -> list[tuple[int, int]]:
        """Withdrawals under way: epoch and amount."""
        entries = self.deposits.get_unbondings(self.context(), self.address("alice"))
        return [(entry.completion_epoch, int(entry.amount.amount)) for entry in entries]

    def held(self) -> int:
        return self.keepers.bank.get_balance(self.context(), module_address(MODULE))

    def slash(self, value: int, exponent: int = 0) -> int:
        fraction = Decimal(value, exponent)
        return self.deposits.slash(self.context(), self.address("alice"), fraction, "test")

    def refuses(self, error: type[Refusal], message: object) -> None:
        before = self.digest()
        with pytest.raises(error):
            self.deliver(message)
        assert self.digest() == before


@pytest.fixture
def vault() -> Vault:
    return Vault()


class TestDeposits:
    """B1, B2: deposits add up; umesh only."""

    def test_deposits_add_up(self, vault: Vault) -> None:
        vault.deposit(100)
        vault.deposit(50)
        assert (vault.active(), vault.held()) == (150, 150)

    @pytest.mark.parametrize(
        ("amount", "denom", "error"),
        [
            ("5", "faketoken", ErrInvalidDenom),
            ("0", "umesh", ErrInvalidCoins),
            ("-5", "umesh", ErrInvalidCoins),
            ("", "umesh", ErrInvalidCoins),
            ("1.5", "umesh", ErrInvalidCoins),
            ("٣", "umesh", ErrInvalidCoins),
            ("9" * 79, "umesh", ErrInvalidCoins),
            (str(RICH + 1), "umesh", ErrInsufficientFunds),
        ],
    )
    def test_refused(self, vault: Vault, amount: str, denom: str, error: type[Refusal]) -> None:
        vault.refuses(error, MsgDepositCollateral(vault.address("alice"), Coin(denom, amount)))


class TestWithdrawals:
    """B3 to B7: what is withdrawn leaves at the end of a later epoch."""

    def test_a_part_leaves_one_epoch_later(self, vault: Vault) -> None:
        vault.deposits.advance_epoch(vault.context(), 9)
        vault.deposit(1000)
        assert vault.withdraw(400) == 11
        assert (vault.active(), vault.leaving()) == (600, [(11, 400)])

    def test_before_the_first_epoch_ends_it_counts_from_0(self, vault: Vault) -> None:
        vault.deposit(10)
        assert vault.withdraw(1) == 1

    def test_two_withdrawals_in_one_epoch_are_one_entry(self, vault: Vault) -> None:
        vault.deposit(10)
        vault.withdraw(1)
        vault.withdraw(2)
        assert vault.leaving() == [(1, 3)]

    def test_everything_may_leave_and_then_nothing_is_left_to_withdraw(self, vault: Vault) -> None:
        vault.deposit(1000)
        vault.withdraw(1000)
        message = MsgWithdrawCollateral(vault.address("alice"), Coin("umesh", "1"))
        vault.refuses(ErrNoCollateralFound, message)

    def test_no_more_than_is_there(self, vault: Vault) -> None:
        vault.deposit(100)
        message = MsgWithdrawCollateral(vault.address("alice"), Coin("umesh", "200"))
        vault.refuses(ErrInsufficientCollateral, message)

    def test_nothing_deposited_nothing_withdrawn(self, vault: Vault) -> None:
        message = MsgWithdrawCollateral(vault.address("alice"), Coin("umesh", "1"))
        vault.refuses(ErrNoCollateralFound, message)

    def test_what_is_due_is_paid_and_the_rest_stays(self, vault: Vault) -> None:
        vault.deposit(350)
        ctx = vault.context()
        vault.deposits.advance_epoch(ctx, 40)
        vault.withdraw(300)
        vault.deposits.advance_epoch(ctx, 41)
        vault.withdraw(50)
        vault.deposits.advance_epoch(ctx, 42)
        assert vault.leaving() == [(43, 50)]
        assert vault.deposits.get_current_epoch(ctx) == 43
        assert vault.keepers.bank.get_balance(ctx, vault.address("alice")) == RICH - 50

    def test_a_skipped_epoch_strands_nothing(self, vault: Vault) -> None:
        vault.deposit(10)
        vault.withdraw(10)
        vault.deposits.advance_epoch(vault.context(), 7)
        assert (vault.leaving(), vault.held()) == ([], 0)


class TestSlashing:
    """Each entry is rounded down by itself; what is taken is burnt."""

    def test_both_the_deposit_and_what_is_leaving(self, vault: Vault) -> None:
        vault.deposit(1333)
        vault.withdraw(333)
        supply = vault.keepers.bank.get_supply(vault.context())
        assert vault.slash(1, -1) == 133
        assert (vault.active(), vault.leaving(), vault.held()) == (900, [(1, 300)], 1200)
        assert vault.keepers.bank.get_supply(vault.context()) == supply - 133

    def test_all_of_it_leaves_a_record_of_nothing(self, vault: Vault) -> None:
        vault.deposit(1500)
        vault.withdraw(500)
        assert vault.slash(1) == 1500
        assert (vault.active(), vault.leaving(), vault.held()) == (0, [], 0)
        message = MsgWithdrawCollateral(vault.address("alice"), Coin("umesh", "1"))
        vault.refuses(ErrInsufficientCollateral, message)

    def test_less_than_one_coin_is_not_taken(self, vault: Vault) -> None:
        vault.deposit(18)
        vault.withdraw(9)
        assert vault.slash(1, -1) == 0
        assert (vault.active(), vault.leaving()) == (9, [(1, 9)])

    def test_nothing_deposited_is_no_error(self, vault: Vault) -> None:
        assert vault.slash(1) == 0

    @pytest.mark.parametrize("fraction", [(-1, 0), (2, 0), (11, -1), (1, 1)])
    def test_fractions_outside_0_to_1(self, vault: Vault, fraction: tuple[int, int]) -> None:
        vault.deposit(1000)
        before = vault.digest()
        with pytest.raises(ErrInvalidSlashFraction):
            vault.slash(*fraction)
        assert vault.digest() == before
