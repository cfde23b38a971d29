"""Sends transactions: signs them, hands them in, and learns from the blocks what became of them.

Every transaction is unordered (it carries a timeout instead of a sequence), so that none waits for another, a
refused one blocks none, and the same bytes may be handed in again without counting twice. Once block time has
passed the timeout and no block held it, the transaction is known to be lost.
"""

import asyncio
import hashlib
import secrets
import time
from dataclasses import dataclass

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from broker.io.keys import AccountKey
from chain.cosmos import keys_pb2, tx_pb2, tx_service_pb2, tx_service_pb2_grpc
from chain.v1 import events_pb2

NS_PER_S = 10**9
LIFETIME_NS = 60 * NS_PER_S
"""How long a transaction may wait for a block."""
LIFETIME_NS_MAX = 590 * NS_PER_S
"""Just under the ten minutes after block time that the chain accepts."""
GAS_LIMIT = 250_000_000
"""More than any transaction uses, also a claim that is checked against a million requests of an epoch. The
chain takes the budget of a block where that is less.
"""
PENDING_MAX = 10_000
"""Transactions that may wait at once; more are refused, since the chain does not keep up."""
HAND_IN_TIMEOUT_S = 5.0
RETRY_S_FIRST, RETRY_S_MAX = 0.1, 2.0
REPEAT_AFTER_BLOCKS = 3
"""Blocks without a transaction after which it is handed in again: the chain may have forgotten it."""
DELIVERY_S_MAX = 120.0
"""How long an unreachable chain is tried."""
IN_MEMPOOL, MEMPOOL_FULL = ("sdk", 19), ("sdk", 20)
_RETRYABLE = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.CANCELLED,
)


class TxRejected(Exception):
    """The chain refused a transaction for good. `reason` is the stable name of the error."""

    def __init__(self, reason: str, log: str) -> None:
        super().__init__(log)
        self.reason = reason
        self.log = log


class TxLost(Exception):
    """A transaction is in no block and will not be, or nobody knows what became of it."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A transaction that is ready to be handed in. `timeout_ns` is block time after which it is void."""

    tx_bytes: bytes
    tx_hash: str
    timeout_ns: int


@dataclass(slots=True)
class Pending:
    """A transaction on its way: `committed` becomes the height of its block, or an error.

    `blocks` counts those that came without it.
    """

    signed: Signed
    committed: asyncio.Future[int]
    blocks: int = 0


class ChainClock:
    """Block time, carried on between blocks."""

    def __init__(self) -> None:
        self.block_time_ns = 0
        self._heard_at_ns = 0

    def observe(self, block_time_ns: int) -> None:
        """A block arrived, or the chain's status."""
        if block_time_ns > self.block_time_ns:
            self.block_time_ns = block_time_ns
            self._heard_at_ns = time.monotonic_ns()

    def now_ns(self) -> int:
        """Block time if a block were made now, as far as can be known."""
        return self.block_time_ns + time.monotonic_ns() - self._heard_at_ns


def sign_transaction(
    key: AccountKey, chain_id: str, account_number: int, message: Message, timeout_ns: int
) -> Signed:
    """One message in an unordered transaction without a fee, signed in SIGN_MODE_DIRECT."""
    packed = Any(type_url=f"/{message.DESCRIPTOR.full_name}", value=message.SerializeToString(True))
    timeout = Timestamp(seconds=timeout_ns // NS_PER_S, nanos=timeout_ns % NS_PER_S)
    body = tx_pb2.TxBody(messages=[packed], unordered=True, timeout_timestamp=timeout)
    public_key = keys_pb2.PubKey(key=key.public_key)
    signer = tx_pb2.SignerInfo(
        public_key=Any(type_url=f"/{public_key.DESCRIPTOR.full_name}", value=public_key.SerializeToString()),
        mode_info=tx_pb2.ModeInfo(single=tx_pb2.ModeInfo.Single(mode=tx_pb2.SIGN_MODE_DIRECT)),
    )
    auth_info = tx_pb2.AuthInfo(signer_infos=[signer], fee=tx_pb2.Fee(gas_limit=GAS_LIMIT))
    document = tx_pb2.SignDoc(
        body_bytes=body.SerializeToString(True),
        auth_info_bytes=auth_info.SerializeToString(True),
        chain_id=chain_id,
        account_number=account_number,
    )
    raw = tx_pb2.TxRaw(
        body_bytes=document.body_bytes,
        auth_info_bytes=document.auth_info_bytes,
        signatures=[key.sign(document.SerializeToString(True))],
    )
    tx_bytes = raw.SerializeToString(True)
    return Signed(tx_bytes, hashlib.sha256(tx_bytes).hexdigest().upper(), timeout_ns)


class TxSender:
    """Owns the participant's transactions from signing to their block."""

    def __init__(self, service: tx_service_pb2_grpc.ServiceStub, key: AccountKey, clock: ChainClock) -> None:
        self._service = service
        self._key = key
        self._clock = clock
        self._pending: dict[str, Pending] = {}
        self.chain_id = ""
        self.account_number = 0

    async def hand_in(self, message: Message) -> Pending:
        """Signs a message and returns once it waits for a block. TxRejected, TxLost."""
        if len(self._pending) >= PENDING_MAX:
            raise TxLost(f"{PENDING_MAX} transactions wait already; the chain does not keep up")
        signed = sign_transaction(
            self._key, self.chain_id, self.account_number, message, self._choose_timeout_ns()
        )
        committed: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        committed.add_done_callback(_take_note_of_error)
        pending = self._pending[signed.tx_hash] = Pending(signed, committed)
        try:
            await self._deliver(pending)
        except BaseException:
            self._pending.pop(signed.tx_hash, None)
            raise
        return pending

    async def send(self, message: Message) -> int:
        """Signs a message, hands it in and waits for its block; the height. TxRejected, TxLost."""
        return await (await self.hand_in(message)).committed

    async def send_until_known(self, message: Message, attempts: int) -> int:
        """The same, signed anew when a transaction is known to be lost."""
        for _ in range(attempts - 1):
            try:
                return await self.send(message)
            except TxLost:
                continue
        return await self.send(message)

    def observe_block(self, block: events_pb2.BlockSummary) -> None:
        """Settles what the block holds, and what it shows to be lost."""
        self._clock.observe(block.time_ns)
        for tx in block.txs:
            pending = self._pending.pop(tx.hash, None)
            if pending is None or pending.committed.done():
                continue
            if tx.code == 0:
                pending.committed.set_result(block.height)
            else:
                pending.committed.set_exception(TxRejected(tx.reason or f"{tx.codespace}/{tx.code}", tx.log))
        for tx_hash, pending in list(self._pending.items()):
            pending.blocks += 1
            if pending.signed.timeout_ns <= block.time_ns:
                del self._pending[tx_hash]
                if not pending.committed.done():
                    pending.committed.set_exception(TxLost("no block took the transaction in time"))

    def find_overdue(self) -> tuple[Pending, ...]:
        """Those that the last block should have held; ask once after each block."""
        return tuple(
            one for one in self._pending.values() if one.blocks and not one.blocks % REPEAT_AFTER_BLOCKS
        )

    async def repeat(self, pending: Pending) -> None:
        """Hands the same bytes in again: a chain that was killed forgets what was in no block yet."""
        try:
            await self._try_hand_in(pending, is_repeated=True)
        except TxRejected as error:
            self._pending.pop(pending.signed.tx_hash, None)
            if not pending.committed.done():
                pending.committed.set_exception(error)

    def _choose_timeout_ns(self) -> int:
        """Unique among the account's transactions, whoever else signs with its key."""
        now_ns = max(self._clock.now_ns(), time.time_ns())
        latest_ns = self._clock.block_time_ns + LIFETIME_NS_MAX
        return min(now_ns + LIFETIME_NS, latest_ns) + secrets.randbelow(NS_PER_S)

    async def _deliver(self, pending: Pending) -> None:
        retry_s, give_up_at, tries = RETRY_S_FIRST, time.monotonic() + DELIVERY_S_MAX, 0
        while not pending.committed.done():
            failure = await self._try_hand_in(pending, is_repeated=tries > 0)
            if not failure:
                return
            if time.monotonic() > give_up_at:
                raise TxLost(f"the chain could not be reached: {failure}")
            await asyncio.wait({pending.committed}, timeout=retry_s)
            retry_s, tries = min(2 * retry_s, RETRY_S_MAX), tries + 1

    async def _try_hand_in(self, pending: Pending, is_repeated: bool) -> str:
        """Empty when the transaction waits for a block, otherwise why to try again. TxRejected."""
        request = tx_service_pb2.BroadcastTxRequest(
            tx_bytes=pending.signed.tx_bytes, mode=tx_service_pb2.BROADCAST_MODE_SYNC
        )
        try:
            reply = await self._service.BroadcastTx(request, timeout=HAND_IN_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if error.code() in _RETRYABLE:
                return str(error.details() or error.code().name)
            raise TxRejected(error.code().name, error.details() or "") from None
        checked = reply.tx_response
        kind = (checked.codespace, checked.code)
        if checked.code == 0 or kind == IN_MEMPOOL:
            return ""
        if kind == MEMPOOL_FULL:
            return str(checked.raw_log)
        if is_repeated and await self._is_committed(pending):
            return ""
        raise TxRejected(checked.info or f"{checked.codespace}/{checked.code}", checked.raw_log)

    async def _is_committed(self, pending: Pending) -> bool:
        """Whether an earlier try got through although its answer was lost; its block then tells the rest."""
        request = tx_service_pb2.GetTxRequest(hash=pending.signed.tx_hash)
        try:
            await self._service.GetTx(request, timeout=HAND_IN_TIMEOUT_S)
        except grpc.aio.AioRpcError:
            return False
        return True


def _take_note_of_error(future: asyncio.Future[int]) -> None:
    """Nobody may wait for this future; its error is no accident then."""
    if not future.cancelled():
        future.exception()
