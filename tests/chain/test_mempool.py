"""Transactions that wait for a block, in front of the real machine."""

import pytest

from chain.bank.types import Coin, MsgSend
from chain.header import compute_tx_hash
from chain.mempool import TX_BYTES_MAX, Mempool
from tests.chain.kit import Chain, Signer, build_genesis, build_tx

ADA, BOB = Signer("ada"), Signer("bob")


@pytest.fixture
def chain() -> Chain:
    return Chain(build_genesis(ADA, BOB))


def pay(chain: Chain, ahead: int = 0, amount: int = 1, **options: object) -> bytes:
    message = MsgSend(ADA.address, BOB.address, (Coin("umesh", str(amount)),))
    return chain.sign(ADA, message, ahead=ahead, **options)


def block_of(chain: Chain, mempool: Mempool) -> None:
    txs = mempool.txs()
    result = chain.make_block(*txs)
    mempool.update(zip(txs, result.tx_results, strict=True))


def test_transactions_leave_in_the_order_in_which_they_came(chain: Chain) -> None:
    mempool = Mempool(chain.app)
    txs = tuple(pay(chain, ahead) for ahead in range(5))
    assert [mempool.add(tx).code for tx in txs] == [0] * 5
    assert mempool.txs() == txs
    assert mempool.size_bytes == sum(map(len, txs))


def test_a_transaction_waits_once(chain: Chain) -> None:
    mempool = Mempool(chain.app)
    tx = pay(chain)
    mempool.add(tx)
    refused = mempool.add(tx)
    assert (refused.code, refused.reason) == (19, "ErrTxInMempoolCache")
    assert compute_tx_hash(tx) in refused.log
    assert len(mempool) == 1


def test_a_committed_transaction_does_not_come_in_again(chain: Chain) -> None:
    mempool = Mempool(chain.app)
    tx = pay(chain)
    mempool.add(tx)
    block_of(chain, mempool)
    assert (len(mempool), mempool.size_bytes) == (0, 0)
    assert mempool.add(tx).reason == "ErrTxInMempoolCache"


def test_one_that_the_machine_refuses_may_come_again_when_its_time_has_come(chain: Chain) -> None:
    mempool = Mempool(chain.app)
    second = pay(chain, ahead=1)
    assert mempool.add(second).reason == "ErrWrongSequence"
    assert len(mempool) == 0
    assert mempool.add(pay(chain)).code == 0
    assert mempool.add(second).code == 0


def test_one_that_failed_in_its_block_may_come_again(chain: Chain) -> None:
    mempool = Mempool(chain.app)
    tx = pay(chain, amount=10**30)
    mempool.add(tx)
    block_of(chain, mempool)
    assert mempool.add(tx).reason == "ErrWrongSequence", "asked of the machine, not of the memory"


def test_after_a_block_what_has_become_invalid_is_dropped_and_the_rest_stays(chain: Chain) -> None:
    mempool = Mempool(chain.app)
    expiring, lasting = pay(chain, timeout_height=chain.height + 1), pay(chain, ahead=1)
    mempool.add(expiring)
    mempool.add(lasting)
    chain.make_block()
    mempool.update([])
    assert mempool.txs() == ()
    again = pay(chain)
    assert mempool.add(again).code == 0
    chain.make_block()
    mempool.update([])
    assert mempool.txs() == (again,)


def test_no_more_waits_than_the_limits_allow(chain: Chain) -> None:
    mempool = Mempool(chain.app, txs_max=2)
    for ahead in range(2):
        assert mempool.add(pay(chain, ahead)).code == 0
    full = mempool.add(pay(chain, 2))
    assert (full.code, full.reason) == (20, "ErrMempoolFull")
    narrow = Mempool(chain.app, bytes_max=100)
    assert narrow.add(pay(chain, 2)).reason == "ErrMempoolFull"


def test_an_oversized_transaction_is_refused_unread(chain: Chain) -> None:
    assert Mempool(chain.app).add(bytes(TX_BYTES_MAX + 1)).reason == "ErrTxTooLarge"


def test_what_is_no_transaction_is_refused(chain: Chain) -> None:
    mempool = Mempool(chain.app)
    assert mempool.add(b"\xff\xff").reason == "ErrTxDecode"
    assert len(mempool) == 0


def test_one_payer_takes_half_of_all_places_at_most_and_the_others_still_find_room(chain: Chain) -> None:
    mempool = Mempool(chain.app, txs_max=4, payer_txs_max=2)
    assert [mempool.add(pay(chain, ahead)).code for ahead in range(2)] == [0, 0]
    refused = mempool.add(pay(chain, 2))
    assert (refused.code, refused.reason) == (1303, "ErrTooManyWaiting")
    message = MsgSend(BOB.address, ADA.address, (Coin("umesh", "1"),))
    assert [mempool.add(chain.sign(BOB, message, ahead=ahead)).code for ahead in range(2)] == [0, 0]
    assert len(mempool) == 4
    block_of(chain, mempool)
    assert mempool.add(pay(chain)).code == 0, "room again after the block"


def test_a_sender_for_nothing_fills_its_half_and_no_more(chain: Chain) -> None:
    """Without a fee, as fast as it can: what is bounded is what waits, and every block empties it."""
    mempool = Mempool(chain.app, txs_max=100, payer_txs_max=50)
    reasons = [mempool.add(pay(chain, ahead)).reason for ahead in range(60)]
    assert reasons[:51] == [""] * 50 + ["ErrTooManyWaiting"]
    assert "" not in reasons[50:]
    assert (len(mempool), chain.app.info().height) == (50, 0)


def test_who_pays_for_another_uses_its_own_share(chain: Chain) -> None:
    mempool = Mempool(chain.app, payer_txs_max=1)
    message = MsgSend(ADA.address, BOB.address, (Coin("umesh", "1"),))
    names = sorted((ADA.address, BOB.address))
    numbers = [(signer, names.index(signer.address)) for signer in (ADA, BOB)]
    paid = build_tx([(signer, number, 0) for signer, number in numbers], message, payer=BOB.address)
    assert mempool.add(paid).code == 0
    assert mempool.add(pay(chain, ahead=1)).code == 0
    back = MsgSend(BOB.address, ADA.address, (Coin("umesh", "1"),))
    assert mempool.add(chain.sign(BOB, back, ahead=1)).reason == "ErrTooManyWaiting"
