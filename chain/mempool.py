"""Transactions that wait for a block: first in, first out, bounded, each checked before it may wait.

Fees may be zero, so that nothing but these bounds keeps out whoever sends for nothing: no payer may have more
than half of all places and bytes.

Nothing waits twice: hashes of what was seen lately are remembered, and forgotten again when a transaction is
refused, so that it can be sent once more when its reason is gone. After each block everything left is checked
again, without signatures.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from chain.block import TxResult
from chain.errors import (
    ErrBlockFull,
    ErrMempoolFull,
    ErrTooManyWaiting,
    ErrTxInMempoolCache,
    ErrTxTooLarge,
    Refusal,
)

TXS_MAX = 5_000
"""Transactions that may wait; what a block can hold several times over."""
BYTES_MAX = 64 * 1024 * 1024
"""Bytes that may wait."""
TX_BYTES_MAX = 1_048_576
"""Largest transaction; the machine's own limit may be smaller."""
PAYER_TXS_MAX = TXS_MAX // 2
PAYER_BYTES_MAX = BYTES_MAX // 2
"""What may wait of one payer of fees, whether it pays any or not: the others always find room."""
SEEN_MAX = 10_000
"""Hashes that are remembered."""


class Checker(Protocol):
    """The machine, as far as a waiting transaction is concerned."""

    def check_tx(self, tx: bytes, recheck: bool = False) -> TxResult:
        """Whether a transaction may wait for a block."""


@dataclass(slots=True)
class Share:
    """What waits of one payer."""

    txs: int = 0
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A transaction that waits, and who pays for it."""

    tx: bytes
    payer: str


class Mempool:
    """The queue. One owner; every method returns at once."""

    def __init__(
        self,
        checker: Checker,
        txs_max: int = TXS_MAX,
        bytes_max: int = BYTES_MAX,
        payer_txs_max: int = PAYER_TXS_MAX,
    ) -> None:
        self._checker = checker
        self._txs_max = txs_max
        self._bytes_max = bytes_max
        self._payer_txs_max = payer_txs_max
        self._waiting: OrderedDict[bytes, Waiting] = OrderedDict()
        self._shares: dict[str, Share] = {}
        self._seen: OrderedDict[bytes, None] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def size_bytes(self) -> int:
        """Bytes of all that waits."""
        return self._bytes

    def txs(self) -> tuple[bytes, ...]:
        """All that waits, oldest first."""
        return tuple(one.tx for one in self._waiting.values())

    def add(self, tx: bytes) -> TxResult:
        """Takes a transaction in when nothing speaks against it; the result says what became of it."""
        key = hashlib.sha256(tx).digest()
        try:
            self._admit(key, tx)
            result = self._checker.check_tx(tx)
            if result.code == 0:
                self._take(key, Waiting(tx, _find_payer(result)))
        except Refusal as refusal:
            return TxResult(
                code=refusal.code, codespace=refusal.codespace, reason=refusal.reason, log=str(refusal)
            )
        return result

    def update(self, committed: Iterable[tuple[bytes, TxResult]]) -> None:
        """After a block: drops what it held, each with its result, and what has become invalid. What was in
        the block and found it full goes on waiting.
        """
        for tx, result in committed:
            if result.reason == ErrBlockFull.__name__:
                continue
            key = hashlib.sha256(tx).digest()
            self._drop(key)
            if result.code == 0:
                self._remember(key)
            else:
                self._seen.pop(key, None)
        for key, one in list(self._waiting.items()):
            if self._checker.check_tx(one.tx, recheck=True).code != 0:
                self._drop(key)
                self._seen.pop(key, None)

    def _admit(self, key: bytes, tx: bytes) -> None:
        if len(tx) > TX_BYTES_MAX:
            raise ErrTxTooLarge(size=len(tx), limit=TX_BYTES_MAX)
        if key in self._seen:
            raise ErrTxInMempoolCache(hash=key.hex().upper())
        if len(self._waiting) >= self._txs_max or self._bytes + len(tx) > self._bytes_max:
            raise ErrMempoolFull(count=len(self._waiting), limit=self._txs_max)

    def _take(self, key: bytes, one: Waiting) -> None:
        share = self._shares.get(one.payer) or Share()
        if share.txs >= self._payer_txs_max or share.size_bytes + len(one.tx) > PAYER_BYTES_MAX:
            raise ErrTooManyWaiting(payer=one.payer, count=share.txs, limit=self._payer_txs_max)
        share.txs += 1
        share.size_bytes += len(one.tx)
        self._shares[one.payer] = share
        self._waiting[key] = one
        self._bytes += len(one.tx)
        self._remember(key)

    def _remember(self, key: bytes) -> None:
        self._seen[key] = None
        self._seen.move_to_end(key)
        while len(self._seen) > SEEN_MAX:
            self._seen.popitem(last=False)

    def _drop(self, key: bytes) -> None:
        one = self._waiting.pop(key, None)
        if one is None:
            return
        self._bytes -= len(one.tx)
        share = self._shares[one.payer]
        share.txs -= 1
        share.size_bytes -= len(one.tx)
        if share.txs == 0:
            del self._shares[one.payer]


def _find_payer(result: TxResult) -> str:
    """Who pays for a transaction that has passed its check."""
    told = (dict(event.attributes) for event in result.events if event.type == "tx")
    return next((event["fee_payer"] for event in told), "")
