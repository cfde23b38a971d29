"""Money: it moves, it comes and goes by mint and burn alone, and it always adds up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.auth.addresses import COLLATERAL, INFERENCE, module_address
from chain.auth.keeper import Accounts
from chain.bank.invariants import find_bad_balances, find_supply_gaps
from chain.bank.keeper import BALANCES, Bank
from chain.bank.msgs import Msgs
from chain.bank.types import Balance, Coin, MsgSend
from chain.block import Header
from chain.context import Context
from chain.errors import (
    ErrInsufficientFunds,
    ErrInvalidAddress,
    ErrInvalidCoins,
    ErrInvalidRecord,
    ErrUnauthorized,
    Refusal,
)
from chain.genesis import GenesisState
from chain.store import Store
from tests.chain.kit import Signer

ANN, BEN = Signer("ann").address, Signer("ben").address
PLACES = (ANN, BEN, module_address(INFERENCE))
BANK = Bank(Accounts())


def fresh(amount: int = 100) -> Context:
    ctx = Context(Header("test", 1, 1), Store())
    first, second = sorted((ANN, BEN))
    coins = (Coin("aaa", "7"), Coin("umesh", str(amount)))
    BANK.import_genesis(ctx, GenesisState(balances=(Balance(first, coins), Balance(second, coins))))
    return ctx


moves = st.lists(
    st.tuples(
        st.sampled_from(["send", "mint", "burn"]),
        st.sampled_from(PLACES),
        st.sampled_from(PLACES),
        st.integers(0, 150),
        st.sampled_from(["umesh", "aaa"]),
    ),
    max_size=30,
)


@given(moves)
def test_money_always_adds_up(history: list[tuple[str, str, str, int, str]]) -> None:
    ctx = fresh()
    made = {"umesh": 200, "aaa": 14}
    for kind, frm, to, amount, denom in history:
        try:
            if kind == "send":
                BANK.send_coins(ctx, frm, to, amount, denom)
            elif kind == "mint":
                BANK.mint_coins(ctx, INFERENCE, amount, denom)
                made[denom] += amount
            else:
                BANK.burn_coins(ctx, INFERENCE, amount, denom)
                made[denom] -= amount
        except ErrInsufficientFunds:
            continue
    assert {denom: BANK.get_supply(ctx, denom) for denom in made} == made
    assert find_supply_gaps(ctx.store) == find_bad_balances(ctx.store) == []


def test_the_invariants_see_what_is_wrong() -> None:
    ctx = fresh()
    BALANCES.set(ctx.store, -1, ANN, "umesh")
    assert find_supply_gaps(ctx.store) == ["umesh: accounts own 99, the supply is 200"]
    assert find_bad_balances(ctx.store) == [f"{ANN} owns -1umesh"]


def message(to: str = BEN, *coins: Coin) -> MsgSend:
    return MsgSend(ANN, to, coins or (Coin("umesh", "1"),))


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (MsgSend(ANN, BEN), ErrInvalidCoins),
        (message(BEN, Coin("umesh", "0")), ErrInvalidCoins),
        (message(BEN, Coin("umesh", "-1")), ErrInvalidCoins),
        (message(BEN, Coin("umesh", "01")), ErrInvalidCoins),
        (message(BEN, Coin("umesh", "1.5")), ErrInvalidCoins),
        (message(BEN, Coin("umesh", "٣")), ErrInvalidCoins),
        (message(BEN, Coin("umesh", "9" * 5000)), ErrInvalidCoins),
        (message(BEN, Coin("umesh", str(2**256))), ErrInvalidCoins),
        (message(BEN, Coin("u", "1")), ErrInvalidCoins),
        (message(BEN, Coin("umesh", "1"), Coin("aaa", "1")), ErrInvalidCoins),
        (message(BEN, Coin("aaa", "1"), Coin("aaa", "1")), ErrInvalidCoins),
        (message("mesh1nobody"), ErrInvalidAddress),
        (message(""), ErrInvalidAddress),
        (message(module_address(COLLATERAL)), ErrUnauthorized),
        (message(BEN, Coin("umesh", "101")), ErrInsufficientFunds),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)
def test_transfers_that_are_refused(bad: MsgSend, error: type[Refusal]) -> None:
    ctx = fresh()
    before = dict(ctx.store.iterate())
    with pytest.raises(error):
        Msgs(BANK).send(ctx, bad)
    assert dict(ctx.store.iterate()) == before


def test_a_transfer_to_oneself_changes_nothing() -> None:
    ctx = fresh()
    Msgs(BANK).send(ctx, message(ANN))
    assert BANK.get_balance(ctx, ANN) == 100


@pytest.mark.parametrize(
    "balances",
    [
        (Balance(max(ANN, BEN)), Balance(min(ANN, BEN))),
        (Balance(ANN), Balance(ANN)),
        (Balance(ANN, (Coin("umesh", "1"), Coin("aaa", "1"))),),
    ],
    ids=["addresses unsorted", "an address twice", "coins unsorted"],
)
def test_a_genesis_out_of_order_is_refused(balances: tuple[Balance, ...]) -> None:
    with pytest.raises(ErrInvalidRecord):
        BANK.import_genesis(Context(Header("test", 1, 1), Store()), GenesisState(balances=balances))


def test_the_sentence_names_what_there_is_and_what_is_needed() -> None:
    refusal = ErrInsufficientFunds(address="ann", have=3, need=5, denom="umesh")
    with pytest.raises(ErrInsufficientFunds) as raised:
        BANK.burn_coins(fresh(), INFERENCE, 5)
    assert str(refusal) == "ann has 3umesh, needs 5umesh"
    assert str(raised.value).endswith(" has 0umesh, needs 5umesh")
