"""Signatures that are verified before their block."""

import asyncio

import pytest

from chain.app import App
from chain.auth.types import Signed
from chain.io.verifier import FEWEST, Verifier
from chain.records import replace
from tests.chain.kit import Chain, Signer, build_tx
from tests.chain.market import Market


@pytest.fixture
def trade() -> tuple[Chain, list[bytes]]:
    """A chain, and a start and a finish on it, signed."""
    market = Market()
    genesis = market.export()
    numbers = {account.address: account.account_number for account in genesis.accounts}
    chain = Chain(genesis, App("test"))
    agent, executor = market.signers["agent"], market.signers["exec"]
    start, finish = market.start(), market.finish()
    return chain, [
        build_tx([(agent, numbers[agent.address], 0)], start),
        build_tx([(executor, numbers[executor.address], 0)], finish),
    ]


def test_each_signature_of_a_block_is_listed_once_and_none_that_is_known(
    trade: tuple[Chain, list[bytes]],
) -> None:
    """Two transactions, and inside them the requester's, the agent's twice over, the executor's."""
    chain, txs = trade
    listed = chain.app.list_signatures(txs)
    assert len(listed) == 5
    chain.app.remember_signatures(asyncio.run(verify(listed)))
    assert chain.app.list_signatures(txs) == ()
    assert [result.code for result in chain.make_block(*txs).tx_results] == [0, 0]


def test_what_is_checked_on_its_way_in_is_not_listed_for_the_block(trade: tuple[Chain, list[bytes]]) -> None:
    chain, txs = trade
    assert [chain.app.check_tx(tx).code for tx in txs] == [0, 0]
    assert len(chain.app.list_signatures(txs)) == 3


def test_a_bad_signature_is_refused_whether_verified_before_or_not(trade: tuple[Chain, list[bytes]]) -> None:
    chain, (start, finish) = trade
    spoilt = start[:-10] + bytes(10)
    listed = chain.app.list_signatures([spoilt, b"no transaction", finish])
    good = asyncio.run(verify(listed))
    assert len(good) == len(listed) - 1
    chain.app.remember_signatures(good)
    results = chain.make_block(spoilt, finish).tx_results
    assert [result.reason for result in results] == ["ErrUnauthorized", ""]


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
