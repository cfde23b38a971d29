"""Transactions that wait for a block: first in, first out, bounded, each checked before it may wait.

Nothing waits twice: hashes of what was seen lately are remembered, and forgotten again when a transaction is
refused, so that it can be sent once more when its reason is gone. After each block everything left is checked
again, without signatures.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from typing import Protocol

from chain.block import TxResult
from chain.errors import ErrMempoolFull, ErrTxInMempoolCache, ErrTxTooLarge, Refusal

TXS_MAX = 5_000
"""Transactions that may wait; what a block can hold several times over."""
BYTES_MAX = 64 * 1024 * 1024
"""Bytes that may wait."""
TX_BYTES_MAX = 1_048_576
"""Largest transaction; the machine's own limit may be smaller."""
SEEN_MAX = 10_000
"""Hashes that are remembered."""


class Checker(Protocol):
    """The machine, as far as a waiting transaction is concerned."""

    def check_tx(self, tx: bytes, recheck: bool = False) -> TxResult:
        """Whether a transaction may wait for a block."""


class Mempool:
    """The queue. One owner; every method returns at once."""

    def __init__(self, checker: Checker, txs_max: int = TXS_MAX, bytes_max: int = BYTES_MAX) -> None:
        self._checker = checker
        self._txs_max = txs_max
        self._bytes_max = bytes_max
        self._waiting: OrderedDict[bytes, bytes] = OrderedDict()
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
        return tuple(self._waiting.values())

    def add(self, tx: bytes) -> TxResult:
        """Takes a transaction in when nothing speaks against it; the result says what became of it."""
        key = hashlib.sha256(tx).digest()
        try:
            self._admit(key, tx)
        except Refusal as refusal:
            return TxResult(
                code=refusal.code, codespace=refusal.codespace, reason=refusal.reason, log=str(refusal)
            )
        result = self._checker.check_tx(tx)
        if result.code == 0:
            self._waiting[key] = tx
            self._bytes += len(tx)
            self._remember(key)
        return result

    def update(self, committed: Iterable[tuple[bytes, bool]]) -> None:
        """After a block: drops what it held (each transaction, and whether it succeeded) and what has become
        invalid.
        """
        for tx, succeeded in committed:
            key = hashlib.sha256(tx).digest()
            self._drop(key)
            if succeeded:
                self._remember(key)
            else:
                self._seen.pop(key, None)
        for key, tx in list(self._waiting.items()):
            if self._checker.check_tx(tx, recheck=True).code != 0:
                self._drop(key)
                self._seen.pop(key, None)

    def _admit(self, key: bytes, tx: bytes) -> None:
        if len(tx) > TX_BYTES_MAX:
            raise ErrTxTooLarge(size=len(tx), limit=TX_BYTES_MAX)
        if key in self._seen:
            raise ErrTxInMempoolCache(hash=key.hex().upper())
        if len(self._waiting) >= self._txs_max or self._bytes + len(tx) > self._bytes_max:
            raise ErrMempoolFull(count=len(self._waiting), limit=self._txs_max)

    def _remember(self, key: bytes) -> None:
        self._seen[key] = None
        self._seen.move_to_end(key)
        while len(self._seen) > SEEN_MAX:
            self._seen.popitem(last=False)

    def _drop(self, key: bytes) -> None:
        tx = self._waiting.pop(key, None)
        if tx is not None:
            self._bytes -= len(tx)
