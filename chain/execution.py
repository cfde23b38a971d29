"""Runs one transaction: ante, then messages, each on a branch of the state that is kept or dropped whole.

    ante refuses        nothing changes
    a message refuses   fee, sequence and public key are kept, everything else is dropped
    all succeed         everything is kept

Gas is the size of the transaction, its signatures, a flat amount for each message, one for each entry that
the messages changed, one for each byte of it, and one for each turn of a loop over what the state holds of
others: members that may vote, inferences that a claim is checked against. It is part of what validators agree
on, so it never depends on caches or on how fast anything was.

A block has a budget (`auth.max_block_gas`). What would use more than is left of it is refused as if it had
not been in the block (`ErrBlockFull`), and so is everything behind it that cannot fit; the first transaction
of a block always has all of it, and pays for what it uses.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from chain.ante import Ante, GasMeter, Mode, run_ante
from chain.auth.types import AuthParams
from chain.block import TxResult
from chain.codec import encode, type_url
from chain.context import Context
from chain.envelope import open_tx
from chain.errors import ErrBlockFull, ErrPanic, Fatal, Refusal
from chain.layout import BlockEncoder
from chain.machine import Keepers
from chain.router import Route
from chain.tx import Any, Tx, TxMsgData

MESSAGE_GAS = 5_000
"""Gas for handling one message."""
WRITE_GAS = 1_000
"""Gas for each entry that the messages changed."""
WORK_GAS = 200
"""Gas for each entry that a message looked at where the state decides how many there are."""
WRITE_BYTE_GAS = 1
"""Gas for each byte of the entries that the messages wrote."""
ESTIMATE_FACTOR = 2
"""A transaction is expected to use so many times what it uses at least, when a block is put together."""
RUNS_MESSAGES = (Mode.DELIVER, Mode.SIMULATE)
OPENED_BYTES_MAX = 64 * 1024 * 1024
"""Bytes of transactions whose decoded form is remembered: as many as may wait for a block."""

Outcome = TypeVar("Outcome")


class OpenedTxs:
    """Decodes a transaction once between its check and its block. What is remembered stands under all of its
    bytes, so that nothing else can be taken for it; the oldest is forgotten first.
    """

    def __init__(self, decode: Callable[[bytes], Tx], bytes_max: int = OPENED_BYTES_MAX) -> None:
        self._decode = decode
        self._bytes_max = bytes_max
        self._opened: dict[bytes, Tx] = {}
        self._bytes = 0

    def open(self, data: bytes) -> Tx:
        """The transaction in the bytes. Refuses what is none, every time anew."""
        known = self._opened.get(data)
        if known is not None:
            return known
        tx = self._decode(data)
        self._opened[data] = tx
        self._bytes += len(data)
        while self._bytes > self._bytes_max:
            oldest = next(iter(self._opened))
            del self._opened[oldest]
            self._bytes -= len(oldest)
        return tx


class Executor:
    """Runs transactions against whatever context it is given."""

    def __init__(self, keepers: Keepers, routes: Mapping[str, Route], encoder: BlockEncoder) -> None:
        self._keepers = keepers
        self._routes = routes
        self._encoder = encoder
        self._opened = OpenedTxs(lambda data: open_tx(data, routes))

    def run(self, ctx: Context, data: bytes, mode: Mode, gas_left: int | None = None) -> TxResult:
        """What becomes of a transaction; what it changes is written to the context's store. Never raises
        for what a transaction holds; a `Fatal`, and a machine out of memory or stack, goes through.
        `gas_left` is what its block may still use.
        """
        tx, refusal = attempt(lambda: self._opened.open(data))
        if tx is None:
            return _build_result(None, refusal, ())
        ante = self._enter(ctx, tx, mode, gas_left)
        _, refusal = attempt(lambda: self._run_ante(ante))
        if refusal is not None:
            ante.ctx.events.clear()  # what the ante told of has not happened
            return _build_result(ante, refusal, ())
        answers: tuple[Any, ...] | None = ()
        if mode in RUNS_MESSAGES:
            branch = ante.ctx.branch()
            answers, refusal = attempt(lambda: self._handle(branch, ante))
            if refusal is None:
                ante.ctx.write(branch)
        if isinstance(refusal, ErrBlockFull):
            ante.ctx.events.clear()
        else:
            ante.ctx.store.write()
        return _build_result(ante, refusal, answers or ())

    def run_block(self, ctx: Context, txs: Iterable[bytes]) -> tuple[TxResult, ...]:
        """What becomes of the transactions of a block, in order, within its budget."""
        left, results = self._get_budget(ctx), []
        for tx in txs:
            result = self.run(ctx, tx, Mode.DELIVER, left)
            left = None if left is None else max(left - result.gas_used, 0)
            results.append(result)
        return tuple(results)

    def choose(self, ctx: Context, txs: Iterable[bytes], bytes_max: int) -> tuple[bytes, ...]:
        """Transactions for a block, in the order given, as many as fit by size and by the gas that is to be
        expected of them; one that does not fit is passed over.
        """
        chosen: list[bytes] = []
        auth = self._keepers.governance.get_params(ctx).auth
        left = self._get_budget(ctx)
        for data in dict.fromkeys(txs):
            tx = self.find_tx(data) if len(data) <= bytes_max else None
            if tx is None:
                continue
            gas = _compute_least(auth, tx)
            gas = max(gas, min(ESTIMATE_FACTOR * gas, tx.auth_info.fee.gas_limit))
            if left is None or gas <= left or not chosen:
                chosen.append(data)
                bytes_max -= len(data)
                left = None if left is None else left - gas
        return tuple(chosen)

    def is_within_budget(self, ctx: Context, txs: Iterable[bytes]) -> bool:
        """Whether all of these are transactions, and may use together what they use at least."""
        budget, least = self._get_budget(ctx), 0
        auth = self._keepers.governance.get_params(ctx).auth
        for data in txs:
            tx = self.find_tx(data)
            if tx is None:
                return False
            least += _compute_least(auth, tx)
        return budget is None or least <= budget

    def find_tx(self, data: bytes) -> Tx | None:
        """The transaction in the bytes, or None."""
        return attempt(lambda: self._opened.open(data))[0]

    def _get_budget(self, ctx: Context) -> int | None:
        """Most gas that a block may use; None for no limit."""
        return self._keepers.governance.get_params(ctx).auth.max_block_gas or None

    def _run_ante(self, ante: Ante) -> None:
        block = ante.gas.block_limit
        auth = ante.params.auth
        if block is not None and block < _compute_least(auth, ante.tx) <= auth.max_block_gas:
            raise ErrBlockFull(gas_left=block)
        run_ante(ante)

    def _enter(self, ctx: Context, tx: Tx, mode: Mode, gas_left: int | None) -> Ante:
        keepers = self._keepers
        return Ante(
            gas=GasMeter(None, gas_left),
            ctx=ctx.branch(),
            tx=tx,
            mode=mode,
            params=keepers.governance.get_params(ctx),
            accounts=keepers.accounts,
            bank=keepers.bank,
        )

    def _handle(self, branch: Context, ante: Ante) -> tuple[Any, ...]:
        answers = []
        for packed, message in zip(ante.tx.body.messages, ante.tx.messages, strict=True):
            route = self._routes[packed.type_url]
            ante.gas.consume(MESSAGE_GAS)
            branch.emit("message", action=packed.type_url, sender=getattr(message, route.signer))
            answer = self._work(route, branch, message, ante)
            ante.gas.consume(0)
            answers.append(Any(type_url(type(answer)), encode(answer)))
        ante.gas.consume(WRITE_GAS * branch.store.count_changes())
        for key, value in branch.store.changes():
            # a value that cannot be stored fails its transaction, not the block
            written = self._encoder.encode(key, value)
            ante.gas.consume(WRITE_BYTE_GAS * len(written) if written else 0)
        return tuple(answers)

    def _work(self, route: Route, branch: Context, message: object, ante: Ante) -> object:
        """What a handler answers. It pays for the work that it did also when it refuses; that there was not
        enough gas for it comes before what it says.
        """
        try:
            return route.handle(branch, message)
        except (Fatal, MemoryError, RecursionError):
            branch.work = 0
            raise
        finally:
            work, branch.work = branch.work, 0
            ante.gas.consume(WORK_GAS * work)


def _compute_least(auth: AuthParams, tx: Tx) -> int:
    """Gas that a transaction uses at least when it gets past the ante."""
    by_size = tx.size * auth.tx_size_cost_per_byte + len(tx.signers) * auth.sig_verify_cost
    return by_size + MESSAGE_GAS * len(tx.messages)


def attempt(action: Callable[[], Outcome]) -> tuple[Outcome | None, Refusal | None]:
    """What an action gives, or why it was refused. Any other error becomes ErrPanic, the same on every
    machine; what depends on this machine alone goes through.
    """
    try:
        return action(), None
    except (Fatal, MemoryError, RecursionError):
        raise
    except Refusal as refusal:
        return None, refusal
    except Exception as error:
        return None, ErrPanic(what=f"{type(error).__name__}: {error}")


def _build_result(ante: Ante | None, refusal: Refusal | None, answers: tuple[Any, ...]) -> TxResult:
    gas_wanted = 0 if ante is None else min(ante.tx.auth_info.fee.gas_limit, 2**63 - 1)
    gas_used = 0 if ante is None else ante.gas.used
    if refusal is None:
        data = encode(TxMsgData(answers)) if answers else b""
        events = () if ante is None else tuple(ante.ctx.events)
        return TxResult(data=data, gas_wanted=gas_wanted, gas_used=gas_used, events=events)
    return TxResult(
        code=refusal.code,
        codespace=refusal.codespace,
        reason=refusal.reason,
        log=str(refusal),
        gas_wanted=gas_wanted,
        gas_used=gas_used,
        events=() if ante is None else tuple(ante.ctx.events),
    )
