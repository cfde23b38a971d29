"""The executor's part in an inference: an own node answers, and the chain is told.

Whatever happens after a node has begun, a finish is recorded: with the whole answer, with what there was when
the client left, or with the node's refusal of a request that was wrong. It is kept on the disk until the
chain has it.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field

import httpx
import structlog

from broker.actions import StoreFinish
from broker.answers import AnswerMalformed, Marks, Record, Transcript
from broker.completions import CompletionRequest, build_node_request
from broker.errors import ChainUnknown, NoNodeAvailable, RequestRefused
from broker.events import Event, FinishOwed, FinishSettled, LeaseReleased, NodeWanted
from broker.handover import Handover, build_transfer_bytes, encode_signature
from broker.io.chain import Chain
from broker.io.chain_tx import TxLost, TxRejected
from broker.io.keys import AccountKey
from broker.routing import Lease
from chain.v1 import tx_pb2

ANSWER_BYTES_MAX = 8 * 1024 * 1024
PAYLOAD_BYTES_MAX = 400 * 1024
"""Most of an answer that fits into a transaction beside the request."""
FINISH_ATTEMPTS = 5
RETRY_AFTER_S = 5
NODE_TIMEOUT = httpx.Timeout(connect=3.0, read=600.0, write=30.0, pool=5.0)
"""A node that is thinking is left to think; one that cannot be reached is passed over soon."""
NODE_LIMITS = httpx.Limits(max_connections=512, max_keepalive_connections=64)
CLIENT_FAULTS = frozenset({400, 413, 422})
"""Statuses with which a node says that the request is wrong; other refusals are its own trouble."""
EVENT_STREAM = "text/event-stream; charset=utf-8"
JSON = "application/json"

Post = Callable[[Event], None]
Ask = Callable[[Callable[[int], Event]], Awaitable[object]]
log = structlog.get_logger("broker.executor")


@dataclass(frozen=True, slots=True)
class Relay:
    """An answer to be passed on. `close` is called once, whether all chunks were taken, some or none."""

    status: int
    headers: dict[str, str]
    chunks: AsyncGenerator[bytes, None]
    close: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Order:
    """An inference that this participant is to answer; `payload` is the request as the node is to take it."""

    request: CompletionRequest
    handover: Handover
    model_id: str
    payload: str


@dataclass(slots=True)
class Work:
    """An order with its place on a node, until both are given back."""

    order: Order
    lease: Lease
    transcript: Transcript
    tried: set[str] = field(default_factory=set)
    is_broken: bool = False


class Executor:
    """Answers orders with the participant's own nodes."""

    def __init__(self, chain: Chain, key: AccountKey, ask: Ask, post: Post) -> None:
        self._chain = chain
        self._key = key
        self._ask = ask
        self._post = post
        self._client = httpx.AsyncClient(timeout=NODE_TIMEOUT, limits=NODE_LIMITS, trust_env=False)

    async def close(self) -> None:
        """Ends the connections to nodes."""
        await self._client.aclose()

    async def reserve(self, model_id: str, exclude: frozenset[str] = frozenset()) -> Lease:
        """A place on an own node. RequestRefused when there is none."""
        try:
            lease = await self._ask(lambda call_id: NodeWanted(call_id, model_id, exclude))
        except NoNodeAvailable as error:
            raise RequestRefused(503, error.reason, str(error), "", RETRY_AFTER_S) from None
        assert isinstance(lease, Lease)
        return lease

    def release(self, lease: Lease) -> None:
        """Gives a place back."""
        self._post(LeaseReleased(lease.lease_id))

    async def execute(self, order: Order, lease: Lease) -> Relay:
        """Has a node answer; the lease is given back in the end, whatever the end is.

        A client that leaves before the answer begins is recorded as an empty answer.
        """
        marks = Marks(
            order.handover.inference_id,
            order.request.model,
            self._key.address,
            order.handover.transfer_agent,
        )
        work = Work(order, lease, Transcript(order.request, marks))
        try:
            response = await self._open(work)
            return await self._relay(work, response)
        except asyncio.CancelledError:
            self._finish(work)
            raise
        except BaseException:
            self.release(work.lease)
            raise

    async def _open(self, work: Work) -> httpx.Response:
        """The beginning of a node's answer; another node is tried as long as none has begun."""
        while True:
            fault = "refused the connection"
            try:
                response = await self._send(work)
                if response.status_code == 200 or response.status_code in CLIENT_FAULTS:
                    return response
                fault = f"answered {response.status_code}"
                await response.aclose()
            except httpx.TimeoutException as error:
                if not isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
                    raise RequestRefused(504, "node_timeout", "the node did not answer in time") from None
            except httpx.TransportError as error:
                fault = f"broke the connection ({type(error).__name__})"
            log.warning("node passed over", node_id=work.lease.node_id, fault=fault)
            await self._move(work)

    async def _send(self, work: Work) -> httpx.Response:
        key = work.lease.api_key
        request = self._client.build_request(
            "POST",
            work.lease.base_url + work.order.request.kind.value,
            content=build_node_request(work.order.payload, work.lease.served_model),
            headers={"content-type": JSON, **({"authorization": f"Bearer {key}"} if key else {})},
        )
        return await self._client.send(request, stream=True)

    async def _move(self, work: Work) -> None:
        work.tried.add(work.lease.node_id)
        lease = await self.reserve(work.order.model_id, frozenset(work.tried))
        self.release(work.lease)
        work.lease = lease

    async def _relay(self, work: Work, response: httpx.Response) -> Relay:
        if response.status_code != 200:
            return await self._relay_refusal(work, response)
        if work.order.request.is_stream:
            chunks = self._relay_stream(work, response)
            return Relay(
                200, {"content-type": EVENT_STREAM}, chunks, lambda: self._end_stream(work, response)
            )
        raw = await self._read_all(response)
        try:
            document = work.transcript.take_document(raw)
        except AnswerMalformed as error:
            raise RequestRefused(502, "node_answer_malformed", str(error)) from None
        self._finish(work)
        return Relay(200, {"content-type": JSON}, _once(document), _nothing)

    async def _relay_refusal(self, work: Work, response: httpx.Response) -> Relay:
        raw = await self._read_all(response)
        work.transcript.take_error(response.status_code, raw)
        self._finish(work)
        return Relay(response.status_code, {"content-type": JSON}, _once(raw), _nothing)

    async def _read_all(self, response: httpx.Response) -> bytes:
        """A whole body."""
        body = bytearray()
        try:
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > ANSWER_BYTES_MAX:
                    raise RequestRefused(502, "node_answer_too_large", "the node's answer is too large")
        except httpx.TransportError as error:
            raise RequestRefused(502, "node_lost", f"the node broke off: {type(error).__name__}") from None
        finally:
            await response.aclose()
        return bytes(body)

    async def _relay_stream(self, work: Work, response: httpx.Response) -> AsyncGenerator[bytes, None]:
        """The stream as it comes."""
        try:
            async for chunk in response.aiter_bytes():
                relayed = work.transcript.take_bytes(chunk)
                if relayed:
                    yield relayed
            if not work.transcript.is_complete:
                raise AnswerMalformed("the node's stream ended too early")
        except (httpx.TransportError, AnswerMalformed) as error:
            work.is_broken = True
            log.warning(
                "node broke off", node_id=work.lease.node_id, error=str(error) or type(error).__name__
            )
            yield write_stream_error("node_lost", "the node broke off while it answered")

    async def _end_stream(self, work: Work, response: httpx.Response) -> None:
        """A node that broke off before any text has missed the request; everything else is recorded."""
        if work.is_broken and not work.transcript.has_begun:
            self.release(work.lease)
        else:
            self._finish(work)
        await response.aclose()

    def _finish(self, work: Work) -> None:
        """Gives the place back and has the chain told, in the background."""
        self.release(work.lease)
        self._chain.spawn(self._record(work.order, work.transcript.build_record()))

    def resume(self, owed: Iterable[StoreFinish]) -> None:
        """Has the chain told what an earlier process still owed it."""
        for kept in owed:
            message = tx_pb2.MsgFinishInference.FromString(kept.message)
            self._chain.spawn(self._deliver(message, is_repeated=True))

    async def _record(self, order: Order, record: Record) -> None:
        """Kept first, then told: what was answered is recorded, whenever this process ends."""
        message = self._build_finish(order, record)
        encoded, inference_id = message.SerializeToString(deterministic=True), message.inference_id
        with contextlib.suppress(ChainUnknown):
            await self._ask(lambda call_id: FinishOwed(call_id, inference_id, encoded))
        await self._deliver(message, is_repeated=False)

    async def _deliver(self, message: tx_pb2.MsgFinishInference, is_repeated: bool) -> None:
        """Until the chain has the finish, or refuses it for good."""
        inference_id = message.inference_id
        while True:
            try:
                if is_repeated and await self._is_finished(inference_id):
                    log.info("finish was recorded before", inference_id=inference_id)
                    break
                height = await self._chain.sender.send_until_known(message, FINISH_ATTEMPTS)
                log.info("finish recorded", inference_id=inference_id, height=height)
                break
            except TxRejected as error:
                log.error(
                    "finish not recorded", inference_id=inference_id, reason=error.reason, error=str(error)
                )
                break
            except (TxLost, ChainUnknown) as error:
                log.warning("finish is tried again", inference_id=inference_id, error=str(error))
                is_repeated = True
                await asyncio.sleep(RETRY_AFTER_S)
        self._post(FinishSettled(inference_id))

    async def _is_finished(self, inference_id: str) -> bool:
        record = await self._chain.queries.fetch_inference(inference_id)
        return record is not None and bool(record.executed_by)

    def _build_finish(self, order: Order, record: Record) -> tx_pb2.MsgFinishInference:
        handover, original = order.handover, order.request.original
        signed = build_transfer_bytes(
            original, handover.timestamp_ns, handover.transfer_agent, self._key.address
        )
        return tx_pb2.MsgFinishInference(
            creator=self._key.address,
            inference_id=handover.inference_id,
            response_hash=record.response_hash,
            response_payload=record.response_payload.encode()[:PAYLOAD_BYTES_MAX].decode("utf-8", "ignore"),
            prompt_token_count=record.prompt_tokens,
            completion_token_count=record.completion_tokens,
            executed_by=self._key.address,
            transferred_by=handover.transfer_agent,
            request_timestamp=handover.timestamp_ns,
            transfer_signature=handover.transfer_signature,
            executor_signature=encode_signature(self._key.sign(signed)),
            requested_by=handover.requester,
            original_prompt=original,
            model=order.model_id,
        )


def write_stream_error(code: str, message: str) -> bytes:
    """An error in the middle of a stream."""
    told = f'{{"error":{{"code":"{code}","message":"{message}","param":null,"type":"server_error"}}}}'
    return f"data: {told}\n\n".encode()


async def _once(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body


async def _nothing() -> None:
    """Nothing is left to be ended."""
