"""Signatures that are verified before their block."""

import asyncio

import pytest

from chain.app import App
from chain.auth.types import Signed
from chain.io.verifier import FEWEST, Verifier
from chain.records import replace
from tests.chain.kit import Chain, Signer, build_tx
from tests.chain.market import Market

Trade = tuple[Chain, Market, dict[str, int]]


@pytest.fixture
def trade() -> Trade:
    """A chain with a market on it, and the numbers of its accounts."""
    market = Market()
    genesis = market.export()
    numbers = {account.address: account.account_number for account in genesis.accounts}
    return Chain(genesis, App("test")), market, numbers


def sign(trade: Trade, name: str, message: object) -> bytes:
    _, market, numbers = trade
    signer = market.signers[name]
    return build_tx([(signer, numbers[signer.address], 0)], message)


def test_each_signature_in_the_messages_of_a_block_is_listed_once_and_none_that_is_known(
    trade: Trade,
) -> None:
    """The requester's and the agent's, which start and finish both hold, and the executor's."""
    chain, market, _ = trade
    txs = [sign(trade, "agent", market.start()), b"no transaction", sign(trade, "exec", market.finish())]
    listed = chain.app.list_signatures(txs)
    assert len(listed) == 3
    chain.app.remember_signatures(asyncio.run(verify(listed)))
    assert chain.app.list_signatures(txs) == ()
    assert [result.code for result in chain.make_block(txs[0], txs[2]).tx_results] == [0, 0]


def test_a_bad_signature_is_refused_whether_verified_before_or_not(trade: Trade) -> None:
    chain, market, _ = trade
    forged = market.start(transfer_signature=market.sign("other", "something else"))
    txs = [sign(trade, "agent", forged), sign(trade, "exec", market.finish())]
    listed = chain.app.list_signatures(txs)
    good = asyncio.run(verify(listed))
    assert len(good) == len(listed) - 1
    chain.app.remember_signatures(good)
    assert [result.reason for result in chain.make_block(*txs).tx_results] == ["ErrInvalidSignature", ""]


def test_only_good_signatures_come_back_and_few_are_left_to_the_block() -> None:
    ann = Signer("ann")
    messages = [bytes([number]) for number in range(FEWEST + 8)]
    signed = [Signed(ann.key_type, ann.public_key, message, ann.sign(message)) for message in messages]
    spoilt = [replace(one, message=b"other") if at % 3 == 0 else one for at, one in enumerate(signed)]
    expected = [one for at, one in enumerate(signed) if at % 3]
    assert sorted(asyncio.run(run(spoilt)), key=lambda one: one.message) == expected
    assert asyncio.run(run(signed[: FEWEST - 1])) == []


async def run(signatures: list[Signed]) -> list[Signed]:
    verifier = Verifier(lanes=2)
    try:
        return await verifier.verify(signatures)
    finally:
        verifier.close()


async def verify(signatures: tuple[Signed, ...]) -> list[Signed]:
    """The same for however few."""
    filled = [*signatures, *(signatures[:1] * FEWEST)]
    return list(dict.fromkeys(await run(filled)))
