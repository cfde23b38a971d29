"""The chain, over gRPC: queries, the blocks as they come, and the participant's transactions.

The loop asks through `perform` and is answered with events; whoever answers requests asks `queries`.
"""

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from typing import Any

import grpc

from broker import actions, events
from broker.errors import ChainUnknown
from broker.facts import ClaimedBatch, MinerWork, OpenClaim, PocStage
from broker.io import chain_facts
from broker.io.chain_queries import QUERY_TIMEOUT_S, ChainQueries, call, find
from broker.io.chain_stream import BlockFollower
from broker.io.chain_tx import ChainClock, TxLost, TxRejected, TxSender
from broker.io.keys import AccountKey
from chain.cosmos import auth_pb2, auth_pb2_grpc, tx_service_pb2_grpc
from chain.v1 import events_pb2, events_pb2_grpc, query_pb2, query_pb2_grpc

CONNECT_RETRY_S = 0.5
DRAIN_S = 10.0
"""How long a stopping broker waits for transactions under way."""
SEED_BITS = 63
MESSAGE_BYTES_MAX = 64 * 1024 * 1024
"""Largest answer accepted: all batches of a proof of compute come in one."""
CHANNEL_OPTIONS = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.max_reconnect_backoff_ms", 2000),
    ("grpc.initial_reconnect_backoff_ms", 200),
)

Post = Callable[[events.Event], None]


class Chain:
    """One connection to the chain, in the name of one account."""

    def __init__(self, address: str, key: AccountKey, post: Post) -> None:
        self._channel = grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS)
        self._query = query_pb2_grpc.QueryStub(self._channel)
        self._events = events_pb2_grpc.EventStreamStub(self._channel)
        self._auth = auth_pb2_grpc.QueryStub(self._channel)
        self._key = key
        self._post = post
        self._tasks: set[asyncio.Task[None]] = set()
        self.queries = ChainQueries(self._channel)
        self._follower = BlockFollower(self._events, self._take_block, self._lose)
        self._listeners: list[Callable[[events_pb2.BlockSummary], None]] = []
        self.clock = ChainClock()
        self.is_following = False
        self.sender = TxSender(tx_service_pb2_grpc.ServiceStub(self._channel), key, self.clock)

    @property
    def address(self) -> str:
        """The participant's account."""
        return self._key.address

    async def connect(self) -> None:
        """Waits for the chain and learns its name and the account's number. The caller sets the limit."""
        while True:
            try:
                status = await self._events.GetStatus(events_pb2.GetStatusRequest(), timeout=QUERY_TIMEOUT_S)
                self.clock.observe(status.time_ns)
                self.sender.chain_id = status.chain_id
                self.sender.account_number = (await self._get_account(self.address)).account_number
                return
            except grpc.aio.AioRpcError as error:
                if error.code() == grpc.StatusCode.NOT_FOUND:
                    raise ChainUnknown(
                        f"account {self.address} does not exist on the chain; send coins to it first"
                    ) from None
                await asyncio.sleep(CONNECT_RETRY_S)

    async def run(self) -> None:
        """Follows the blocks until cancelled."""
        await self._follower.run()

    async def drain(self) -> None:
        """Waits a bounded time for what is under way; the blocks must still be followed."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=DRAIN_S)
            for task in late:
                task.cancel()

    async def close(self) -> None:
        """Disconnects."""
        await self._channel.close()

    def listen(self, listener: Callable[[events_pb2.BlockSummary], None]) -> None:
        """Has a listener called with every block."""
        self._listeners.append(listener)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs something in the background that `drain` waits for."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def perform(self, action: actions.ChainAction) -> None:
        """Does what the controller asks; the answer is posted."""
        match action:
            case actions.DrawSeed():
                self._post(self._draw_seed(action.epoch_index))
            case (
                actions.SubmitHardwareDiff()
                | actions.SubmitSeed()
                | actions.SubmitClaim()
                | actions.SubmitPocBatch()
                | actions.SubmitPocValidation()
            ):
                self.spawn(self._submit(action))
            case _:
                self.spawn(self._ask(action))

    # --- answers to the controller

    def _take_block(self, block: events_pb2.BlockSummary, is_behind: bool) -> None:
        self.is_following = not is_behind
        self.sender.observe_block(block)
        for pending in self.sender.find_overdue():
            self.spawn(self.sender.repeat(pending))
        for listener in self._listeners:
            listener(block)
        self._post(events.BlockCommitted(chain_facts.read_block(block), catching_up=is_behind))

    def _lose(self, reason: str) -> None:
        self.is_following = False
        self._post(events.ChainLost(reason))

    def _draw_seed(self, epoch_index: int) -> events.SeedDrawn:
        seed = secrets.randbits(SEED_BITS)
        signature = self._key.sign(seed.to_bytes(8, "big"))
        return events.SeedDrawn(epoch_index, seed, signature.hex())

    async def _submit(self, action: chain_facts.Submission) -> None:
        message = chain_facts.write_submission(self.address, action)
        try:
            height = await self.sender.send(message)
        except TxRejected as error:
            self._post(events.TxRefused(action.key, error.reason, error.log))
        except TxLost as error:
            self._post(events.TxFailed(action.key, str(error)))
        else:
            self._post(events.TxCommitted(action.key, height))

    async def _ask(self, action: actions.ChainAction) -> None:
        try:
            self._post(await self._answer(action))
        except ChainUnknown as error:
            self._post(events.QueryFailed(type(action).__name__, str(error)))

    async def _answer(self, action: actions.ChainAction) -> events.Event:
        match action:
            case actions.QueryEpochData():
                return await self._fetch_epoch_data(action.epoch_index)
            case actions.QueryHardware():
                return await self._fetch_hardware()
            case actions.QueryClaim():
                return events.ClaimReceived(await self._find_claim())
            case actions.ResolveModels():
                found = await asyncio.gather(*map(self.queries.resolve, action.local_ids))
                return events.ModelsResolved(tuple(found))
            case actions.QueryPocStage():
                return await self._fetch_stage(action.epoch_index, action.start_height)
            case actions.QueryPocBatches():
                return await self._fetch_batches(action.start_height)
        raise AssertionError(f"{action} is not a query")

    async def _fetch_epoch_data(self, epoch_index: int) -> events.EpochDataReceived:
        request = query_pb2.QueryEpochGroupDataRequest(epoch_index=epoch_index)
        parent = await find(self._query.EpochGroupData(request, timeout=QUERY_TIMEOUT_S))
        groups = []
        for model_id in parent.epoch_group_data.sub_group_models if parent else ():
            request = query_pb2.QueryEpochGroupDataRequest(epoch_index=epoch_index, model_id=model_id)
            reply = await call(self._query.EpochGroupData(request, timeout=QUERY_TIMEOUT_S))
            groups.append(chain_facts.read_group(reply.epoch_group_data))
        return events.EpochDataReceived(epoch_index, tuple(groups))

    async def _fetch_hardware(self) -> events.HardwareReceived:
        """The height is that of the last block before the question, so the records are at least that new."""
        height = self._follower.last_height or 0
        request = query_pb2.QueryHardwareNodesRequest(participant=self.address)
        reply = await find(self._query.HardwareNodes(request, timeout=QUERY_TIMEOUT_S))
        nodes = reply.nodes.hardware_nodes if reply else ()
        return events.HardwareReceived(tuple(map(chain_facts.read_chain_node, nodes)), height)

    async def _find_claim(self) -> OpenClaim | None:
        request = query_pb2.QuerySettleAmountRequest(participant=self.address)
        reply = await find(self._query.SettleAmount(request, timeout=QUERY_TIMEOUT_S))
        return (
            OpenClaim(reply.settle_amount.epoch_index, reply.settle_amount.seed_signature) if reply else None
        )

    async def _fetch_stage(self, epoch_index: int, start_height: int) -> events.PocStageReceived:
        request = query_pb2.QueryPocAdmissionsRequest(epoch_index=epoch_index)
        reply = await call(self._query.PocAdmissions(request, timeout=QUERY_TIMEOUT_S))
        block_request = events_pb2.GetBlockRequest(height=start_height)
        block = await call(self._events.GetBlock(block_request, timeout=QUERY_TIMEOUT_S))
        params = await self.queries.fetch_params()
        stage = PocStage(
            epoch_index=epoch_index,
            start_height=start_height,
            block_hash=block.block_hash,
            params=chain_facts.read_poc_params(params.poc),
            admissions=chain_facts.read_admissions(reply.admissions),
        )
        return events.PocStageReceived(stage)

    async def _fetch_batches(self, start_height: int) -> events.PocBatchesReceived:
        by_miner: dict[str, list[ClaimedBatch]] = {}
        request = query_pb2.QueryPocBatchesForStageRequest(poc_stage_start_block_height=start_height)
        is_more = True
        while is_more:
            reply = await call(self._query.PocBatchesForStage(request, timeout=QUERY_TIMEOUT_S))
            for batch in reply.batches:
                claimed = ClaimedBatch(batch.node_id, tuple(batch.nonces), tuple(batch.dist_micro))
                by_miner.setdefault(batch.participant_address, []).append(claimed)
            request.pagination.key = reply.pagination.next_key
            is_more = bool(reply.pagination.next_key)
        miners = [
            MinerWork(miner, await self.queries.fetch_public_key(miner), tuple(batches))
            for miner, batches in sorted(by_miner.items())
        ]
        return events.PocBatchesReceived(start_height, tuple(miners))

    async def _get_account(self, address: str) -> auth_pb2.BaseAccount:
        request = auth_pb2.QueryAccountRequest(address=address)
        reply = await self._auth.Account(request, timeout=QUERY_TIMEOUT_S)
        account = auth_pb2.BaseAccount()
        reply.account.Unpack(account)
        return account
