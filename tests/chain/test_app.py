"""The machine in its verbs."""

import pytest

from chain.app import App
from chain.bank.types import Coin, MsgSend
from chain.block import Block, Header
from chain.codec import encode
from chain.errors import Fatal
from tests.chain.kit import RICH, Chain, Signer, build_genesis

ALICE, BOB = Signer("alice"), Signer("bob")


@pytest.fixture
def chain() -> Chain:
    return Chain(build_genesis(ALICE))


def send(amount: int = 5, to: str = BOB.address, frm: str = ALICE.address) -> MsgSend:
    return MsgSend(frm, to, (Coin("umesh", str(amount)),))


def test_coins_move_and_the_receivers_account_comes_into_being(chain: Chain) -> None:
    result = chain.send(ALICE, send(7))
    assert (result.code, result.reason) == (0, "")
    assert chain.balance(BOB.address) == 7
    assert chain.balance(ALICE.address) == RICH - 7
    assert chain.account(BOB).account_number == 1
    assert chain.account(ALICE).sequence == 1


def test_the_changes_of_every_block_add_up_to_the_exported_state(chain: Chain) -> None:
    chain.send(ALICE, send(7))
    again = App("test")
    again.restore(chain.height, chain.app.info().app_hash, sorted(chain.entries.items()), chain.header)
    assert again.export() == chain.app.export()
    assert again.info().app_hash == chain.app.info().app_hash


def test_an_export_imported_and_exported_again_is_the_same_bytes(chain: Chain) -> None:
    chain.send(ALICE, send(7))
    document = chain.app.export()
    assert document.exported_height == 1
    again = App("test")
    result = again.init_chain(document)
    again.commit()
    assert encode(again.export()) == encode(document)
    assert result.app_hash == chain.app.info().app_hash


def test_a_block_finalised_and_not_committed_leaves_no_trace(chain: Chain) -> None:
    before = chain.app.info()
    first = chain.app.finalize_block(chain.next_block(chain.sign(ALICE, send(1))))
    assert chain.app.info() == before
    assert chain.balance(BOB.address) == 0
    empty = chain.app.finalize_block(chain.next_block())
    assert empty.app_hash == before.app_hash != first.app_hash
    assert chain.app.finalize_block(chain.next_block(chain.sign(ALICE, send(1)))) == first


def test_what_was_checked_is_counted_until_the_next_commit(chain: Chain) -> None:
    assert chain.app.check_tx(chain.sign(ALICE, send())).code == 0
    assert chain.app.check_tx(chain.sign(ALICE, send())).reason == "ErrWrongSequence"
    assert chain.app.check_tx(chain.sign(ALICE, send(), ahead=1)).code == 0
    chain.make_block()
    assert chain.app.check_tx(chain.sign(ALICE, send()), recheck=True).code == 0


@pytest.mark.parametrize(
    "header",
    [
        Header("other", 1, 1_700_000_001 * 10**9),
        Header("mesh-test", 2, 1_700_000_001 * 10**9),
        Header("mesh-test", 1, 1),
        Header("mesh-test", 1, 1_700_000_001 * 10**9, app_hash=b"\1" * 32),
    ],
    ids=["chain", "height", "time", "app hash"],
)
def test_a_block_that_does_not_follow_stops_the_machine_and_is_not_voted_for(
    chain: Chain, header: Header
) -> None:
    assert chain.app.process_proposal(Block(header)) is False
    with pytest.raises(Fatal):
        chain.app.finalize_block(Block(header))


def test_restore_refuses_entries_that_do_not_give_the_app_hash(chain: Chain) -> None:
    entries = sorted(chain.entries.items())
    with pytest.raises(Fatal):
        App("test").restore(0, chain.app.info().app_hash, entries[1:], chain.header)


def test_a_proposal_holds_what_fits_and_can_be_read(chain: Chain) -> None:
    good, other = chain.sign(ALICE, send()), chain.sign(ALICE, send(2))
    assert chain.app.prepare_proposal([good, b"junk", good, other], 10**6) == (good, other)
    assert chain.app.prepare_proposal([good, other], len(good)) == (good,)
    assert chain.app.process_proposal(chain.next_block(good))
    assert not chain.app.process_proposal(chain.next_block(b"junk"))


def test_a_query_answers_the_committed_height_only(chain: Chain) -> None:
    chain.make_block()
    path = "/chain.v1.Query/Params"
    assert chain.app.query(path, b"", 1).code == 0
    assert chain.app.query(path, b"", 7).reason == "ErrInvalidRequest"
    assert chain.app.query("/no.such/Path", b"").reason == "ErrUnknownRequest"
    assert chain.app.query(path, b"\xff").reason == "ErrTxDecode"


def test_a_trial_run_tells_the_gas_and_changes_nothing(chain: Chain) -> None:
    tx = chain.sign(ALICE, send())
    trial = chain.app.simulate(tx)
    assert trial.code == 0 and trial.gas_used > 0
    assert chain.app.check_tx(tx).code == 0
    assert chain.make_block(tx).tx_results[0].gas_used == trial.gas_used
