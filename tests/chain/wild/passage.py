"""What a block did, seen from inside: the state before it, after its transactions, before the epoch's stages
and after it, and what each transaction changed.

The machine runs as it is. It is only asked to work on one branch more, so that there is something to look at.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from chain.ante import Mode
from chain.app import App
from chain.auth.addresses import FEE_COLLECTOR, module_address
from chain.auth.keeper import ACCOUNTS, NEXT_ACCOUNT_NUMBER, UNORDERED_NONCES
from chain.auth.types import Account
from chain.bank.keeper import BALANCES
from chain.block import BlockResult, Header, TxResult
from chain.context import Context
from chain.epochs import rules as epoch_rules
from chain.machine import Keepers
from chain.nodes.rules import is_active
from chain.poc.types import MsgSubmitPocBatch
from chain.records import replace
from chain.store import Store
from chain.tx import Tx
from chain.waking import Ending

STAGES = ("poc_started", "epoch_formed", "epoch_effective")
"""What tells of a stage."""
Changes = list[tuple[bytes, Any]]


@dataclass
class Passage:
    """One block."""

    keepers: Keepers
    before: Context
    """The state of the block before, in this block's time."""
    sent: Context
    """After the transactions."""
    staged: Context
    """Before the epoch's stages: all else at the end of the block is done."""
    after: Context
    result: BlockResult
    faults: list[str]
    """What was wrong with single transactions."""

    @cached_property
    def events(self) -> dict[str, list[dict[str, str]]]:
        """Attributes of all that happened in the block, by kind."""
        found: dict[str, list[dict[str, str]]] = {}
        for tx in (*self.result.tx_results, self.result):
            for event in tx.events:
                found.setdefault(event.type, []).append(dict(event.attributes))
        return found

    def find(self, kind: str) -> list[dict[str, str]]:
        """Attributes of all events of a kind."""
        return self.events.get(kind, [])

    @property
    def has_stages(self) -> bool:
        """Whether the epoch's stages did anything."""
        return any(event.type in STAGES for event in self.result.events)

    def changes(self, prefix: bytes) -> list[tuple[bytes, Any, Any]]:
        """Changed entries of a collection: key, before and after."""
        return [
            (key, self.before.store.get(key), value)
            for key, value in self.after.store.changes()
            if key.startswith(prefix)
        ]


@dataclass
class Watch:
    """Looks at a machine while it runs a block."""

    app: App
    faults: list[str] = field(default_factory=list)
    views: dict[str, Context] = field(default_factory=dict)
    is_open: bool = True

    def __post_init__(self) -> None:
        self.keepers: Keepers = self.app._keepers
        self._executor = self.app._executor
        self._run = self._executor.run
        self._executor.run = self.run  # type: ignore[method-assign]
        first, last = self.app._end_block[0], self.app._end_block[-1]
        self.app._end_block = (
            self._keep("sent", first),
            *self.app._end_block[1:-1],
            self._keep("staged", last),
        )

    def run(self, ctx: Context, data: bytes, mode: Mode, *budget: Any) -> TxResult:
        """What the executor does, on a branch more."""
        if mode is not Mode.DELIVER or not self.is_open:
            return self._run(ctx, data, mode, *budget)
        branch = ctx.branch()
        result = self._run(branch, data, mode, *budget)
        unread = result.reason == "ErrTxDecode" and not branch.store.changes()
        tx = None if unread else self._executor.find_tx(data)
        found = find_tx_faults(self.keepers, ctx, tx, result, branch.store.changes())
        self.faults += [f"{fault} ({result.reason}: {result.log})" for fault in found]
        branch.store.write()
        return result

    def take(self, header: Header, result: BlockResult) -> Passage:
        """What the block that was just finalised did. Ask before it is committed."""
        store: Store = self.app._store
        after = self.app._pending.ctx  # type: ignore[union-attr]
        views, self.views = self.views, {}
        faults, self.faults = self.faults, []
        return Passage(
            self.keepers,
            Context(header, store.branch()),
            views.get("sent", after),
            views.get("staged", after),
            after,
            result,
            faults,
        )

    def _keep(self, name: str, ending: Ending) -> Ending:
        def process(ctx: Context) -> None:
            if self.is_open:
                frozen = self.app._store.lay_over(dict(ctx.store.changes()))
                self.views[name] = Context(ctx.header, frozen)
            ending.process(ctx)

        return Ending(process, ending.find_wakeup)


def find_tx_faults(
    keepers: Keepers, before: Context, tx: Tx | None, result: TxResult, changes: Changes
) -> list[str]:
    """A transaction is done whole, or it leaves nothing but what the ante took, or nothing at all."""
    faults = []
    if result.reason == "ErrPanic":
        faults.append("panic: a message made an error that is no refusal")
    if result.code == 0 and result.gas_used > result.gas_wanted:
        faults.append(f"gas: {result.gas_used} used of {result.gas_wanted}")
    if tx is None or not changes:
        if changes or result.code == 0:
            faults.append("atomic: what is no transaction changed something, or one that is counted nothing")
        if result.events:
            faults.append(f"atomic: it changed nothing and tells {[event.type for event in result.events]}")
        return faults
    after = dict(changes)
    faults += [fault for address in tx.signers if (fault := _find_count_fault(before, after, tx, address))]
    if result.code:
        faults += _find_leftovers(before, after, tx)
    elif len(tx.messages) == 1 and isinstance(tx.messages[0], MsgSubmitPocBatch):
        faults += _find_batch_faults(keepers, before, tx.messages[0])
    return faults


def _find_count_fault(before: Context, after: dict[bytes, Any], tx: Tx, address: str) -> str:
    """Each signer's transaction is counted, once."""
    if tx.body.unordered and tx.body.timeout_timestamp is not None:
        stamp = tx.body.timeout_timestamp
        key = UNORDERED_NONCES.encode(stamp.seconds * 10**9 + stamp.nanos, address)
        counted = before.store.get(key) is None and after.get(key) is not None
    else:
        key = ACCOUNTS.encode(address)
        old, new = before.store.get(key), after.get(key)
        counted = old is not None and new is not None and new.sequence == old.sequence + 1
    return "" if counted else f"sequence: the transaction is not counted for {address}"


def _find_leftovers(before: Context, after: dict[bytes, Any], tx: Tx) -> list[str]:
    """A refused transaction keeps sequences, public keys, nonces and the fee, to the last unit."""
    fee, payer = tx.auth_info.fee, tx.auth_info.fee.payer or tx.signers[0]
    moves: dict[bytes, int] = {}
    for coin in fee.amount:
        for address, sign in ((payer, -1), (module_address(FEE_COLLECTOR), 1)):
            key = BALANCES.encode(address, coin.denom)
            moves[key] = moves.get(key, 0) + sign * int(coin.amount)
    own = {ACCOUNTS.encode(address): address for address in tx.signers}
    collector = (ACCOUNTS.encode(module_address(FEE_COLLECTOR)), NEXT_ACCOUNT_NUMBER.encode())
    faults = []
    for key, value in after.items():
        old = before.store.get(key)
        if key in moves:
            allowed = (value or 0) == (old or 0) + moves[key]
        elif key in own:
            blank = Account(own[key], sequence=0, account_number=value.account_number)
            allowed = replace(value, key_type="", public_key=b"", sequence=0) == blank
        else:
            allowed = key.startswith(UNORDERED_NONCES.prefix) or (fee.amount != () and key in collector)
        if not allowed:
            faults.append(f"atomic: it was refused and left {key!r}: {old!r} became {value!r}")
    missing = [key for key, amount in moves.items() if amount and key not in after]
    return faults + [f"atomic: the fee did not move {key!r}" for key in missing]


def _find_batch_faults(keepers: Keepers, ctx: Context, message: MsgSubmitPocBatch) -> list[str]:
    """Nonces are accepted in their window only, of a machine that is registered and enabled."""
    record = keepers.nodes.get_hardware(ctx, message.creator)
    nodes = {node.local_id: node for node in (record.hardware_nodes if record else ())}
    upcoming = keepers.epochs.get_upcoming(ctx)
    faults = []
    if message.node_id not in nodes or not is_active(nodes[message.node_id]):
        faults.append(f"batch: machine {message.node_id!r} is not there or not enabled")
    if upcoming is None or not epoch_rules.is_batch_height(
        keepers.epochs.get_boundaries(ctx, upcoming), ctx.height
    ):
        faults.append(f"batch: accepted outside the window, at height {ctx.height}")
    return faults
