"""Attacks a machine with inputs gone wrong, and says what must be true of it all the same.

Transactions come in four kinds: broken as bytes, which hardly ever gets past the decoder; broken inside and
signed again by whoever should sign, in the message, in the body or in the signers, which gets as far as the
handlers. Each goes through `check_tx`, `simulate` and a delivery; many together through proposals and
through a block.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from chain.ante import Mode
from chain.app import App
from chain.auth.addresses import FEE_COLLECTOR, module_address
from chain.auth.keeper import ACCOUNTS, NEXT_ACCOUNT_NUMBER, UNORDERED_NONCES
from chain.bank.keeper import BALANCES
from chain.block import TxResult
from chain.codec import decode, encode, message_class, type_url
from chain.errors import Refusal
from chain.io.telling import describe_tx
from chain.tx import Any, SignDoc, TxBody, TxRaw
from tests.chain.everyday import SIGNERS, Step
from tests.chain.kit import Chain
from tests.chain.mutations import Mutator

BLOCK_TXS = 100
"""Refused transactions that are put into one block."""
SEQUEL_BLOCKS = 90
"""Blocks that must be possible after any transaction that was accepted: two epochs of the tests."""
SEQUELS = 10
"""Of so many transactions that get through, one is followed so far."""
WAYS = ("bytes", "message", "message", "message", "message", "body", "signers")
"""What goes wrong in a transaction; all but the first are signed again."""
HEIGHTS = (*(0,) * 40, 1, 7, -1, 10**9, 2**63, 2**64)
KEPT = (ACCOUNTS.prefix, NEXT_ACCOUNT_NUMBER.prefix, UNORDERED_NONCES.prefix, BALANCES.prefix)
"""Collections that a refused transaction may have changed when it got past the ante."""


def list_refusals() -> dict[str, tuple[str, int]]:
    """Codespace and code of every refusal, by its name."""
    found, left = {}, [Refusal]
    while left:
        kind = left.pop()
        left += kind.__subclasses__()
        found[kind.__name__] = (kind.codespace, kind.code)
    return found


@dataclass
class Tally:
    """What was tried and what came of it."""

    inputs: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    slowest_s: float = 0.0
    slowest: str = ""

    def count(self, kind: str, reason: str, spent_s: float) -> None:
        """Counts an input."""
        self.inputs += 1
        self.reasons[reason] = self.reasons.get(reason, 0) + 1
        if spent_s > self.slowest_s:
            self.slowest_s, self.slowest = spent_s, kind


class Onslaught:
    """One machine under attack."""

    def __init__(self, chain: Chain, mutator: Mutator, tally: Tally) -> None:
        self.chain = chain
        self.app: App = chain.app
        self.mutator = mutator
        self.tally = tally
        self.known = list_refusals()
        self.refused: list[bytes] = []

    def attack_with_transactions(self, steps: list[Step], count: int) -> None:
        """So many inputs made from what could be sent now."""
        whole = [(step, self.chain.sign(*step)) for step in steps]
        for _ in range(count):
            step, tx = self.mutator.random.choice(whole)
            way = self.mutator.random.choice(WAYS)
            wrong = self.mutator.mutate(tx) if way == "bytes" else self.resign(step, tx, way)
            self._try(wrong, type(step[1]).__name__)
        self._make_blocks()

    def attack_with_queries(self, requests: list[tuple[str, bytes]], count: int) -> None:
        """So many reads, of paths that exist and of others."""
        store, choose = self.app._store, self.mutator.random
        entries = dict(store._entries)
        for _ in range(count):
            path, data = choose.choice(requests)
            if choose.random() < 0.03:
                path = self.mutator.mutate(path.encode()).decode("utf-8", "replace")
            bend = self.mutator.mutate if choose.random() < 0.3 else self.mutator.bend_fields
            wrong, height = bend(data), choose.choice(HEIGHTS)
            began = time.process_time()
            result = self.app.query(path, wrong, height)
            self.tally.count(path, result.reason, time.process_time() - began)
            self._judge(result.reason, result.codespace, result.code, path, wrong)
        assert store._entries == entries, "a query has written"

    def resign(self, step: Step, tx: bytes, way: str) -> bytes:
        """A transaction that went wrong inside and has good signatures."""
        signer, message = step
        raw = decode(TxRaw, tx)
        body, auth_info = raw.body_bytes, raw.auth_info_bytes
        if way == "message":
            packed = Any(type_url(type(message)), self.mutator.bend_fields(encode(message)))
            body = encode(TxBody((packed,)))
        elif way == "body":
            body = self.mutator.mutate(body)
        else:
            auth_info = self.mutator.mutate(auth_info)
        account = ACCOUNTS.get(self.app._store, signer.address)
        assert account is not None
        document = SignDoc(body, auth_info, self.chain.genesis.chain_id, account.account_number)
        return encode(TxRaw(body, auth_info, (signer.sign(encode(document)),)))

    def _try(self, tx: bytes, kind: str) -> None:
        app = self.app
        began = time.process_time()
        before = dict(app._check.store._entries)
        checked = app.check_tx(tx)
        if checked.code:
            assert app._check.store._entries == before, f"a refused check has written: {tx.hex()}"
        app._check = app._next_block()
        tried, ctx = app.simulate(tx), app._next_block()
        delivered = app._executor.run(ctx, tx, Mode.DELIVER)
        self.tally.count(kind, delivered.reason, time.process_time() - began)
        for result in (checked, tried, delivered):
            self._judge(result.reason, result.codespace, result.code, kind, tx)
            describe_tx(tx, result).SerializeToString()
        changes = ctx.store.changes()
        if delivered.code:
            self._judge_changes(delivered, [key for key, _ in changes], tx)
        elif self.tally.reasons[""] % SEQUELS == 0:
            self._live_on(tx)
        if not changes:
            self.refused.append(tx)
        if len(self.refused) >= BLOCK_TXS:
            self._make_blocks()

    def _judge(self, reason: str, codespace: str, code: int, what: str, data: bytes) -> None:
        assert reason != "ErrPanic", f"{what} failed inside the machine: {data.hex()}"
        expected = self.known[reason] if reason else ("", 0)
        assert (codespace, code) == expected, f"{what}: {reason} has the number {codespace} {code}"

    def _judge_changes(self, result: TxResult, keys: list[bytes], tx: bytes) -> None:
        """A refused transaction may have changed its signers' accounts, and balances by its fee."""
        own = {key for signer in SIGNERS for key in (ACCOUNTS.encode(signer.address),)}
        own.add(ACCOUNTS.encode(module_address(FEE_COLLECTOR)))
        paid = any(event.type == "transfer" for event in result.events)
        for key in keys:
            assert key[:2] in KEPT, f"{result.reason} changed {key!r}: {tx.hex()}"
            assert key[:2] != ACCOUNTS.prefix or key in own, f"{result.reason} changed {key!r}: {tx.hex()}"
            assert key[:2] != BALANCES.prefix or paid, f"{result.reason} moved coins: {tx.hex()}"

    def _live_on(self, tx: bytes) -> None:
        """What was accepted must not stop the chain later, but in front of an upgrade that it plans: there it
        stops on purpose. Afterwards nothing of it has happened.
        """
        header, last, entries = self.chain.header, self.chain.last, dict(self.chain.entries)
        try:
            assert self.chain.make_block(tx).tx_results[0].code == 0
            plan = self.app._keepers.upgrades.get_plan(self.app._committed())
            planned = plan.height - 1 if plan is not None else 2**63
            self.chain.skip_to(min(header.height + SEQUEL_BLOCKS, planned))
        except Exception as error:
            raise AssertionError(f"the chain stopped some time after {tx.hex()}") from error
        self.app.revert(header.height)
        self.chain.header, self.chain.last, self.chain.entries = header, last, entries

    def _make_blocks(self) -> None:
        """All that was refused without a trace, in one block: the state after it is that of an empty one."""
        txs, self.refused = tuple(self.refused), []
        block = self.chain.next_block(*txs)
        assert isinstance(self.app.process_proposal(block), bool)
        fitting = self.app.prepare_proposal(txs, 10_000_000)
        assert set(fitting) <= set(txs)
        assert self.app.process_proposal(self.chain.next_block(*fitting))
        empty = self.app.finalize_block(self.chain.next_block())
        full = self.app.finalize_block(block)
        assert len(full.tx_results) == len(txs)
        assert all(result.code for result in full.tx_results)
        assert (full.app_hash, full.changes) == (empty.app_hash, empty.changes)


def build_requests(app: App) -> Iterator[tuple[str, bytes]]:
    """A request for every path that can be read, with every field filled."""
    for path, query in app._queries.items():
        message = message_class(query.request)()
        _fill(message)
        yield path, message.SerializeToString(deterministic=True)


def _fill(message: object) -> None:
    for at, column in enumerate(message.DESCRIPTOR.fields):  # type: ignore[attr-defined]
        repeated = column.is_repeated
        if column.message_type is not None:
            _fill(getattr(message, column.name).add() if repeated else getattr(message, column.name))
            continue
        kinds = {column.CPPTYPE_STRING: "gemma", column.CPPTYPE_BOOL: True}
        value = kinds.get(column.cpp_type, at)
        if column.type == column.TYPE_BYTES:
            value = b"\x10\0"
        elif column.type == column.TYPE_STRING and ("address" in column.name or "particip" in column.name):
            value = SIGNERS[1].address
        if repeated:
            getattr(message, column.name).append(value)
        else:
            setattr(message, column.name, value)
