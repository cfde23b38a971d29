"""A block has a budget of gas: what does not fit leaves no trace, and waits for the next one."""

import pytest

from chain.bank.types import Coin, MsgSend, MsgSendResponse
from chain.block import BlockResult
from chain.codec import type_url
from chain.context import Context
from chain.errors import ErrInvalidRequest
from chain.execution import WORK_GAS
from chain.mempool import Mempool
from chain.profiles import PROFILES
from chain.records import replace
from chain.router import Route
from tests.chain.everyday import begin, live
from tests.chain.kit import RICH, SHORT, Chain, Signer, build_genesis

ANN, BEN = Signer("ann"), Signer("ben")
BUDGET = 60_000
SEND = "/cosmos.bank.v1beta1.MsgSend"
LIMITED = replace(SHORT, auth=replace(SHORT.auth, max_block_gas=BUDGET))


@pytest.fixture
def chain() -> Chain:
    return Chain(build_genesis(ANN, BEN, params=LIMITED))


def pay(chain: Chain, ahead: int = 0, count: int = 1, signer: Signer = ANN, **options: object) -> bytes:
    """A transaction with so many transfers."""
    to = BEN if signer is ANN else ANN
    messages = [MsgSend(signer.address, to.address, (Coin("umesh", "1"),)) for _ in range(count)]
    return chain.sign(signer, *messages, ahead=ahead, **options)


def reasons(result: BlockResult) -> list[str]:
    return [tx.reason for tx in result.tx_results]


def test_every_profile_has_a_budget() -> None:
    assert all(params.auth.max_block_gas == 300_000_000 for _, params in PROFILES)


def test_what_succeeds_in_a_block_never_uses_more_than_its_budget(chain: Chain) -> None:
    txs = [pay(chain, ahead) for ahead in range(12)]
    result = chain.make_block(*txs)
    fitting = reasons(result).count("")
    assert 0 < fitting < 12
    assert reasons(result) == [""] * fitting + ["ErrBlockFull"] * (12 - fitting)
    assert sum(tx.gas_used for tx in result.tx_results if not tx.code) <= BUDGET
    assert chain.balance(BEN.address) == RICH + fitting
    assert chain.account(ANN).sequence == fitting


def test_what_did_not_fit_costs_nothing_and_fits_the_next_time(chain: Chain) -> None:
    options = {"fee": (Coin("umesh", "5"),)}
    txs = [pay(chain, ahead, **options) for ahead in range(12)]
    left = [tx for tx, of in zip(txs, chain.make_block(*txs).tx_results, strict=True) if of.code]
    paid = RICH - chain.balance(ANN.address)
    assert paid == 6 * (12 - len(left))
    assert reasons(chain.make_block(*left[:4])) == [""] * 4


def test_one_that_no_block_could_hold_runs_out_of_gas_and_pays(chain: Chain) -> None:
    """It would come again for ever if it cost nothing."""
    huge = pay(chain, count=30, fee=(Coin("umesh", "5"),))
    result = chain.make_block(huge, pay(chain, signer=BEN))
    assert reasons(result) == ["ErrOutOfGas", "ErrBlockFull"]
    assert (chain.balance(ANN.address), chain.account(ANN).sequence) == (RICH - 5, 1)
    assert reasons(chain.make_block(pay(chain, signer=BEN))) == [""]


def test_a_block_that_is_full_does_no_more_work(chain: Chain) -> None:
    """Not even a sequence is looked at."""
    result = chain.make_block(pay(chain, count=8), pay(chain, ahead=77, signer=BEN))
    assert reasons(result) == ["", "ErrBlockFull"]
    assert result.tx_results[1].gas_used == 0


def test_a_proposal_fits_into_the_budget_and_one_that_cannot_is_refused(chain: Chain) -> None:
    txs = [pay(chain, ahead, gas_limit=100_000) for ahead in range(12)]
    chosen = chain.app.prepare_proposal(txs, 10**6)
    assert 0 < len(chosen) < 12 and list(chosen) == txs[: len(chosen)]
    assert chain.app.process_proposal(chain.next_block(*chosen))
    assert not chain.app.process_proposal(chain.next_block(*txs))
    assert reasons(chain.make_block(*chosen)) == [""] * len(chosen)


def test_a_block_beyond_its_budget_gives_the_same_everywhere(chain: Chain) -> None:
    """Whoever voted for it: it is executed as far as its budget goes."""
    other = Chain(chain.genesis)
    block = chain.next_block(*[pay(chain, ahead) for ahead in range(12)])
    results = [one.app.finalize_block(block) for one in (chain, other)]
    assert results[0].app_hash == results[1].app_hash
    assert results[0].results_hash == results[1].results_hash


def test_what_did_not_fit_waits_on(chain: Chain) -> None:
    mempool = Mempool(chain.app)
    txs = [pay(chain, ahead) for ahead in range(12)]
    assert [mempool.add(tx).code for tx in txs] == [0] * 12
    for _ in range(12):
        chosen = chain.app.prepare_proposal(mempool.txs(), 10**6)
        result = chain.make_block(*chosen)
        mempool.update(zip(chosen, result.tx_results, strict=True))
    assert (len(mempool), chain.balance(BEN.address)) == (0, RICH + 12)


def test_one_that_was_refused_because_its_block_was_full_is_not_forgotten(chain: Chain) -> None:
    mempool = Mempool(chain.app)
    txs = [pay(chain, ahead) for ahead in range(12)]
    for tx in txs:
        mempool.add(tx)
    result = chain.make_block(*txs)
    mempool.update(zip(txs, result.tx_results, strict=True))
    assert len(mempool) == reasons(result).count("ErrBlockFull")


def test_a_trial_is_bounded_as_well(chain: Chain) -> None:
    assert chain.app.simulate(pay(chain, count=30)).reason == "ErrOutOfGas"


def test_without_a_budget_there_is_none() -> None:
    params = replace(SHORT, auth=replace(SHORT.auth, max_block_gas=0))
    chain = Chain(build_genesis(ANN, BEN, params=params))
    assert reasons(chain.make_block(*[pay(chain, ahead) for ahead in range(12)])) == [""] * 12
    assert chain.app.simulate(pay(chain, count=30)).code == 0


def work(ctx: Context, message: object) -> MsgSendResponse:
    """A handler that looks at a hundred entries of others."""
    ctx.work += 100
    if denom_of(message) == "refuse":
        raise ErrInvalidRequest(why="after all that work")
    return MsgSendResponse()


def denom_of(message: object) -> str:
    return message.amount[0].denom  # type: ignore[attr-defined]


def test_work_on_what_others_have_is_paid_for_also_when_nothing_comes_of_it(chain: Chain) -> None:
    chain.app._executor._routes = {SEND: Route(MsgSend, "from_address", work)}
    for denom, reason in (("umesh", ""), ("refuse", "ErrInvalidRequest")):
        message = MsgSend(ANN.address, BEN.address, (Coin(denom, "1"),))
        result = chain.send(ANN, message)
        assert result.reason == reason
        assert result.gas_used > 100 * WORK_GAS


def test_work_ends_with_the_gas_of_the_transaction_and_of_the_block(chain: Chain) -> None:
    chain.app._executor._routes = {SEND: Route(MsgSend, "from_address", work)}
    assert chain.make_block(pay(chain, gas_limit=20_000)).tx_results[0].reason == "ErrOutOfGas"
    results = reasons(chain.make_block(*[pay(chain, ahead) for ahead in range(4)]))
    assert results == ["", "", "ErrBlockFull", "ErrBlockFull"]


def test_a_claim_and_a_vote_pay_for_each_entry_that_they_are_checked_against() -> None:
    """Three answers were given in the epoch that is claimed, and three members may vote."""
    counted: dict[str, int] = {}
    chain = begin()
    for signer, message in live(chain):
        ctx = chain.app._next_block()
        chain.app._routes[type_url(type(message))].handle(ctx, message)
        counted.setdefault(type(message).__name__, ctx.work)
        chain.send(signer, message)
    assert {name: count for name, count in counted.items() if count} == {"MsgVote": 3, "MsgClaimRewards": 3}
