"""Deposits, withdrawals under way, and what is taken from both."""

from collections.abc import Iterator

from chain.bank.types import Coin
from chain.collateral import rules
from chain.collateral.types import Collateral, Jail, ParamsSource, Purse, UnbondingCollateral
from chain.context import Context
from chain.errors import (
    ErrInsufficientCollateral,
    ErrInvalidRecord,
    ErrInvalidSlashFraction,
    ErrNoCollateralFound,
)
from chain.fixed import Decimal, from_decimal, text_of
from chain.genesis import GenesisState
from chain.nodes.types import Participant
from chain.store import Map

DEPOSITS = Map(b"\x15\x00", "collateral/deposits", (str,), Collateral)
UNBONDINGS = Map(b"\x15\x01", "collateral/unbondings", (int, str), UnbondingCollateral)
"""By completion epoch and participant; withdrawals of one participant in one epoch are one entry."""
CURRENT_EPOCH = Map(b"\x15\x02", "collateral/current_epoch", (), int)
COLLECTIONS = (DEPOSITS, UNBONDINGS, CURRENT_EPOCH)

DENOM = "umesh"
"""The only denomination that can be deposited."""
MODULE = "collateral"
"""Module account that holds deposits until they are paid out or burnt."""
DOWNTIME = "downtime"
"""Reason of a slash, and of a jailing, for missed requests."""


class Deposits:
    """Collateral of participants."""

    def __init__(self, params: ParamsSource, bank: Purse, jail: Jail) -> None:
        self._params = params
        self._bank = bank
        self._jail = jail

    def get_deposit(self, ctx: Context, participant: str) -> int:
        """What a participant has deposited, umesh; 0 when nothing."""
        record = DEPOSITS.get(ctx.store, participant)
        return int(record.amount.amount) if record else 0

    def get_unbondings(self, ctx: Context, participant: str) -> tuple[UnbondingCollateral, ...]:
        """A participant's withdrawals under way, by epoch. Looks into each epoch in which somebody's ends, so
        it does not take longer the more participants withdraw.
        """
        found, epoch = [], UNBONDINGS.find_first(ctx.store, 0)
        while epoch is not None:
            found.append(UNBONDINGS.get(ctx.store, epoch, participant))
            epoch = UNBONDINGS.find_first(ctx.store, epoch + 1)
        return tuple(entry for entry in found if entry is not None)

    def get_all_unbondings(self, ctx: Context) -> Iterator[UnbondingCollateral]:
        """All withdrawals under way, by epoch and participant."""
        return UNBONDINGS.values(ctx.store)

    def get_current_epoch(self, ctx: Context) -> int:
        """The epoch that withdrawals count from; 0 at genesis."""
        return CURRENT_EPOCH.get(ctx.store) or 0

    def get_owed(self, ctx: Context) -> int:
        """What the module account owes: all deposits and withdrawals under way, umesh."""
        deposits = sum(int(record.amount.amount) for record in DEPOSITS.values(ctx.store))
        return deposits + sum(int(entry.amount.amount) for entry in self.get_all_unbondings(ctx))

    def deposit(self, ctx: Context, participant: str, amount: int) -> None:
        """Takes coins from an account and adds them to its deposit."""
        self._bank.send_coins_from_account_to_module(ctx, participant, MODULE, amount, DENOM)
        self._set_deposit(ctx, participant, self.get_deposit(ctx, participant) + amount)
        ctx.emit("collateral_deposited", participant=participant, amount=amount)

    def withdraw(self, ctx: Context, participant: str, amount: int) -> int:
        """Starts to pay out a part of a deposit; the epoch at whose end it is paid.

        What is on its way out can still be slashed. A deposit that reaches 0 has no record any more.
        """
        have = self.get_deposit(ctx, participant)
        if not DEPOSITS.has(ctx.store, participant):
            raise ErrNoCollateralFound(participant=participant)
        if amount > have:
            raise ErrInsufficientCollateral(participant=participant, have=have, want=amount)
        if amount == have:
            DEPOSITS.delete(ctx.store, participant)
        else:
            self._set_deposit(ctx, participant, have - amount)
        period = self._params.get_params(ctx).collateral.unbonding_period_epochs
        epoch = self.get_current_epoch(ctx) + period
        entry = UNBONDINGS.get(ctx.store, epoch, participant)
        self._set_unbonding(ctx, epoch, participant, amount + (int(entry.amount.amount) if entry else 0))
        ctx.emit("collateral_withdrawn", participant=participant, amount=amount, completion_epoch=epoch)
        return epoch

    def advance_epoch(self, ctx: Context, completed_epoch: int) -> None:
        """Pays out every withdrawal whose epoch has ended, this one or an earlier one."""
        for _, entry in UNBONDINGS.items_before(ctx.store, completed_epoch + 1):
            UNBONDINGS.delete(ctx.store, entry.completion_epoch, entry.participant)
            amount = int(entry.amount.amount)
            self._bank.send_coins_from_module_to_account(ctx, MODULE, entry.participant, amount, DENOM)
            ctx.emit(
                "collateral_released",
                participant=entry.participant,
                amount=amount,
                completion_epoch=entry.completion_epoch,
            )
        CURRENT_EPOCH.set(ctx.store, completed_epoch + 1)

    def slash(self, ctx: Context, participant: str, fraction: Decimal, reason: str) -> int:
        """Burns a fraction of a participant's deposit and of each of its withdrawals; how much.

        Every entry is rounded down by itself. A deposit slashed to 0 keeps its record, a withdrawal loses it.
        Nothing deposited, nothing burnt: that is no error.
        """
        if not rules.is_fraction(fraction):
            raise ErrInvalidSlashFraction(fraction=f"{fraction.value}e{fraction.exponent}")
        burnt = self._slash_deposit(ctx, participant, fraction)
        for entry in self.get_unbondings(ctx, participant):
            burnt += self._slash_unbonding(ctx, entry, fraction)
        if burnt > 0:
            self._bank.burn_coins(ctx, MODULE, burnt, DENOM)
            ctx.emit(
                "collateral_slashed",
                participant=participant,
                amount=burnt,
                reason=reason,
                fraction=text_of(from_decimal(fraction)),
            )
        return burnt

    def check_and_slash_for_downtime(self, ctx: Context, participant: Participant) -> int:
        """Slashes a participant that missed too many requests of the epoch, and jails it when they were many;
        how much was burnt.

        Independent of standing and membership; see `rules.is_downtime` for what is too many.
        """
        params, stats = self._params.get_params(ctx).collateral, participant.current_epoch_stats
        if not rules.is_downtime_under(params, stats.inference_count, stats.missed_requests):
            return 0
        burnt = self.slash(ctx, participant.address, params.slash_fraction_downtime, DOWNTIME)
        if 0 < params.jail_missed_requests <= stats.missed_requests:
            self._jail.set_jailed(ctx, participant.address, DOWNTIME)
        return burnt

    def import_genesis(self, ctx: Context, genesis: GenesisState) -> None:
        """Takes deposits and withdrawals of a genesis document; the bank holds their coins already."""
        for record in genesis.collaterals:
            _refuse_malformed(record.participant, record.amount)
            DEPOSITS.set(ctx.store, record, record.participant)
        for entry in genesis.unbonding_collaterals:
            _refuse_malformed(entry.participant, entry.amount)
            UNBONDINGS.set(ctx.store, entry, entry.completion_epoch, entry.participant)
        CURRENT_EPOCH.set(ctx.store, genesis.collateral_current_epoch)

    def export_genesis(self, ctx: Context) -> dict[str, object]:
        """The fields of a genesis document that this room keeps."""
        return {
            "collaterals": tuple(DEPOSITS.values(ctx.store)),
            "unbonding_collaterals": tuple(self.get_all_unbondings(ctx)),
            "collateral_current_epoch": self.get_current_epoch(ctx),
        }

    def _slash_deposit(self, ctx: Context, participant: str, fraction: Decimal) -> int:
        have = self.get_deposit(ctx, participant)
        taken = rules.compute_slash(have, fraction)
        if taken > 0:
            self._set_deposit(ctx, participant, have - taken)
        return taken

    def _slash_unbonding(self, ctx: Context, entry: UnbondingCollateral, fraction: Decimal) -> int:
        have = int(entry.amount.amount)
        taken = rules.compute_slash(have, fraction)
        if taken == have:
            UNBONDINGS.delete(ctx.store, entry.completion_epoch, entry.participant)
        elif taken > 0:
            self._set_unbonding(ctx, entry.completion_epoch, entry.participant, have - taken)
        return taken

    def _set_deposit(self, ctx: Context, participant: str, amount: int) -> None:
        record = Collateral(participant, Coin(DENOM, str(amount)))
        DEPOSITS.set(ctx.store, record, participant)

    def _set_unbonding(self, ctx: Context, epoch: int, participant: str, amount: int) -> None:
        record = UnbondingCollateral(participant, Coin(DENOM, str(amount)), epoch)
        UNBONDINGS.set(ctx.store, record, epoch, participant)


def _refuse_malformed(participant: str, coin: Coin) -> None:
    if coin.denom != DENOM or (coin.amount != "0" and rules.parse_amount(coin.amount) is None):
        why = f"{coin.amount[:80]!r} {coin.denom[:40]!r} is not an amount of {DENOM}"
        raise ErrInvalidRecord(what=f"genesis collateral of {participant}", why=why)
