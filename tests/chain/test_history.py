"""Earlier heights: asked, proven, gone back to; and blocks that nobody needs to make."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.app import App
from chain.bank.keeper import BALANCES
from chain.bank.types import Coin, MsgSend
from chain.block import Header
from chain.codec import decode, encode
from chain.errors import ErrInvalidRequest, Fatal
from chain.history import History, Step
from chain.merkle import verify
from chain.queries.account_types import QueryBalanceRequest, QueryBalanceResponse
from chain.records import replace
from tests.chain.kit import BLOCK_TIME_NS, RICH, Chain, Signer, build_genesis

ANN, BEN = Signer("ann"), Signer("ben")
PATH = "/cosmos.bank.v1beta1.Query/Balance"


def send(amount: int) -> MsgSend:
    return MsgSend(ANN.address, BEN.address, (Coin("umesh", str(amount)),))


def balance(chain: Chain, height: int) -> str:
    result = chain.app.query(PATH, encode(QueryBalanceRequest(BEN.address, "umesh")), height)
    assert (result.code, result.height) == (0, height or chain.height), result.log
    coin = decode(QueryBalanceResponse, result.value).balance
    assert coin is not None
    return coin.amount


@pytest.fixture
def chain() -> Chain:
    """Five blocks: each gives Ben its own height in coins."""
    chain = Chain(build_genesis(ANN))
    for height in range(1, 6):
        assert chain.send(ANN, send(height)).code == 0
    return chain


def test_every_kept_height_is_asked_as_it_was(chain: Chain) -> None:
    assert [balance(chain, height) for height in range(1, 6)] == ["1", "3", "6", "10", "15"]
    assert balance(chain, 0) == "15"
    assert encode(chain.app.export(5)) == encode(chain.app.export())
    assert chain.app.export(3).exported_height == 3


def test_a_height_that_is_not_there_yet_or_not_kept_any_more_is_refused() -> None:
    chain = Chain(build_genesis(ANN), App("test", history_blocks=2))
    chain.run_to(6)
    assert balance(chain, 4) == "0"
    for height, why in (
        (7, "not there yet: the last one is 6"),
        (3, "not kept any more: the first one is 4"),
    ):
        result = chain.app.query(PATH, b"", height)
        assert (result.reason, result.height) == ("ErrInvalidRequest", 6)
        assert why in result.log
    assert chain.app.query(PATH, b"", -1).reason == "ErrInvalidRequest"


def test_what_an_earlier_height_held_is_proven_against_its_own_app_hash(chain: Chain) -> None:
    key = BALANCES.encode(BEN.address, "umesh")
    before = chain.app.info()
    hashes = {block.header.height - 1: block.header.app_hash for block in chain.blocks}
    for height, value in ((0, None), (1, b"1"), (3, b"6"), (5, b"15")):
        proven = chain.app.prove(key, height) if height else chain.app.prove(b"\x02\x01nobody\0umesh\0")
        assert proven.value == value
        if height:
            assert proven.height == height
            assert proven.app_hash == hashes.get(height, before.app_hash)
        proved_key = key if height else b"\x02\x01nobody\0umesh\0"
        assert verify(proven.app_hash, proved_key, value, proven.proof)
        assert not verify(proven.app_hash, proved_key, b"16", proven.proof)
    assert chain.app.info() == before
    assert chain.send(ANN, send(1)).code == 0


def test_a_proof_of_too_many_changes_ago_is_refused(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chain.history.PROOF_CHANGES_MAX", 3)
    with pytest.raises(ErrInvalidRequest, match="changes ago"):
        chain.app.prove(b"\x02\x01", 1)


def test_going_back_is_as_if_the_blocks_since_had_never_been(chain: Chain) -> None:
    at_three, header = encode(chain.app.export(3)), chain.blocks[2].header
    last = chain.app.info()
    for _ in range(2):
        chain.app.revert(3)
        assert chain.app.info().height == 3
        assert encode(chain.app.export()) == at_three
        assert chain.app.query(PATH, b"", 4).reason == "ErrInvalidRequest"
        again = Header("mesh-test", 4, header.time_ns + BLOCK_TIME_NS)
        for block in (replace(chain.blocks[3], header=again), chain.blocks[4]):
            chain.app.finalize_block(block)
            chain.app.commit()
        assert chain.app.info() == last
    with pytest.raises(ErrInvalidRequest):
        chain.app.revert(6)


def test_history_is_bounded_in_heights_and_in_changes() -> None:
    history = History(blocks_max=3, changes_max=5)
    for height in range(6):
        changes = tuple((bytes([at]), None) for at in range(height))
        history.push(Step(Header("c", height, 0), b"", b"", changes))
    assert [step.header.height for step in history.find(5, 6)] == [5]
    with pytest.raises(ErrInvalidRequest):
        history.find(4, 6)


def build_idle(runs_quiet_ends: bool = True) -> Chain:
    """A chain on which nothing waits but the clock, and two unordered transactions to be forgotten."""
    chain = Chain(build_genesis(ANN, BEN), App("test", runs_quiet_ends=runs_quiet_ends))
    now = chain.header.time_ns
    for wait in (9, 33):
        until = now + wait * BLOCK_TIME_NS + 5
        entry = chain.sign(
            ANN, send(wait), ahead=-chain.account(ANN).sequence, unordered=True, timeout_ns=until
        )
        assert chain.make_block(entry).tx_results[0].code == 0
    return chain


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(3, 200), min_size=1, max_size=4))
def test_skipping_gives_the_same_as_stepping(heights: list[int]) -> None:
    stepped, quiet, skipped = build_idle(), build_idle(runs_quiet_ends=False), build_idle()
    for height in sorted(heights):
        assert quiet.run_to(height) == stepped.run_to(height)
        skipped.skip_to(height)
        assert skipped.app.info() == quiet.app.info() == stepped.app.info()
        assert encode(skipped.app.export()) == encode(quiet.app.export()) == encode(stepped.app.export())


def test_few_blocks_of_many_are_made_when_nothing_happens() -> None:
    assert build_idle().skip_to(400) < 40


def test_a_block_that_does_something_cannot_be_skipped() -> None:
    chain = build_idle()
    wakeup = chain.app.find_wakeup()
    last = chain.header
    assert wakeup.height == 18
    for height, time_ns in (
        (18, last.time_ns),
        (3, wakeup.time_ns),
        (2, last.time_ns),
        (3, last.time_ns - 1),
    ):
        with pytest.raises(Fatal, match="cannot skip"):
            chain.app.skip(Header(last.chain_id, height, time_ns))
    assert chain.app.info().height == 2


def test_a_height_that_was_passed_over_is_refused_and_the_ends_are_kept() -> None:
    chain = build_idle()
    chain.app.skip(Header("mesh-test", 7, chain.header.time_ns))
    assert balance(chain, 2) == str(9 + 33 + RICH)
    result = chain.app.query(PATH, b"", 5)
    assert "passed over" in result.log
