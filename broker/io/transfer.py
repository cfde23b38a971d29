"""The transfer agent's part in an inference: the chain draws an executor and is told, the answer is relayed.

An inference's id is the requester's signature, and its executor is fixed with its start. So when an executor
cannot be reached the request gets a new id for the next one; what was started before stays on record, and
expires there.
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

import httpx
import structlog

from broker.completions import CompletionRequest, build_payload
from broker.errors import RequestRefused
from broker.handover import (
    INFERENCE_ID,
    SEED_MAX,
    Handover,
    build_request_bytes,
    build_transfer_bytes,
    encode_signature,
    hash_text,
)
from broker.io.chain import Chain
from broker.io.chain_tx import Pending, TxLost, TxRejected
from broker.io.executor import RETRY_AFTER_S, Executor, Order, Relay, write_stream_error
from broker.io.keys import AccountKey
from broker.routing import Lease
from chain.v1 import nodes_pb2, tx_pb2

EXECUTORS_MAX = 3
"""How many participants a request is offered to."""
START_ATTEMPTS = 2
EXECUTOR_TIMEOUT = httpx.Timeout(connect=5.0, read=600.0, write=30.0, pool=5.0)
EXECUTOR_LIMITS = httpx.Limits(max_connections=512, max_keepalive_connections=64)
REFUSAL_BYTES_MAX = 256 * 1024
PASSED_HEADERS = ("content-type", "retry-after")
EXECUTOR_HEADER = "x-executor-address"

log = structlog.get_logger("broker.transfer")


@dataclass(frozen=True, slots=True)
class Claim:
    """Who asks and pays, and its signature, which is the inference's id."""

    requester: str
    timestamp_ns: int
    inference_id: str


@dataclass(slots=True)
class Attempt:
    """One request on its way to somebody who answers it."""

    request: CompletionRequest
    model_id: str
    payload: str
    seed: int
    max_tokens: int
    claim: Claim
    executor: nodes_pb2.Participant = field(default_factory=nodes_pb2.Participant)


class ExecutorLost(Exception):
    """An executor could not be reached, or had no place, before the answer began."""


class TransferAgent:
    """Finds executors for requests and passes their answers through."""

    def __init__(self, chain: Chain, key: AccountKey, executor: Executor) -> None:
        self._chain = chain
        self._key = key
        self._executor = executor
        self._last_timestamp_ns = 0
        self._client = httpx.AsyncClient(timeout=EXECUTOR_TIMEOUT, limits=EXECUTOR_LIMITS, trust_env=False)

    async def close(self) -> None:
        """Ends the connections to executors."""
        await self._client.aclose()

    def sign_claim(self, request: CompletionRequest) -> Claim:
        """A claim in the participant's own name, for a request that nobody has signed."""
        self._last_timestamp_ns = max(self._last_timestamp_ns + 1, self._chain.clock.now_ns())
        timestamp_ns = self._last_timestamp_ns
        signed = build_request_bytes(request.original, timestamp_ns, self._key.address)
        return Claim(self._key.address, timestamp_ns, encode_signature(self._key.sign(signed)))

    async def transfer(self, request: CompletionRequest, claim: Claim | None) -> Relay:
        """Offers a request to one executor after the other. RequestRefused when none answers."""
        attempt = await self._prepare(request, claim or self.sign_claim(request))
        await self._check_balance(attempt)
        lost: list[str] = []
        for _ in range(EXECUTORS_MAX):
            executor = await self._chain.queries.choose_executor(
                attempt.model_id, attempt.claim.inference_id, lost
            )
            if executor is None:
                break
            attempt.executor = executor
            try:
                return await self._offer(attempt)
            except ExecutorLost as error:
                log.warning("executor passed over", executor=executor.address, error=str(error))
                lost.append(executor.address)
                if claim is not None:
                    raise RequestRefused(
                        503,
                        "executor_unreachable",
                        "the executor could not be reached; sign the request again for another one",
                        "",
                        1,
                    ) from None
                attempt.claim = self.sign_claim(request)
        raise await self._explain_nobody(attempt, lost)

    async def _prepare(self, request: CompletionRequest, claim: Claim) -> Attempt:
        queries = self._chain.queries
        model_id, params = await asyncio.gather(queries.resolve_model(request.model), queries.fetch_params())
        if not model_id:
            raise RequestRefused(
                404,
                "model_not_found",
                f"the model {request.model!r} does not exist; served are: {await self._list_served()}",
                "model",
            )
        max_tokens = request.max_tokens or params.inference.default_max_tokens
        seed = secrets.randbelow(SEED_MAX + 1)
        payload = build_payload(request, model_id, max_tokens, seed)
        return Attempt(request, model_id, payload, seed, max_tokens, claim)

    async def _check_balance(self, attempt: Attempt) -> None:
        """Whether the requester can pay what the chain will hold for the request."""
        queries, requester = self._chain.queries, attempt.claim.requester
        price, balance, is_participant = await asyncio.gather(
            queries.fetch_price(attempt.model_id),
            queries.fetch_balance_umesh(requester),
            queries.is_participant(requester),
        )
        if not is_participant:
            raise RequestRefused(
                403, "requester_unknown", f"{requester} is not a participant; register it on the chain first"
            )
        prompt_cost = attempt.request.prompt_tokens_max * price.input_token_price
        needed = prompt_cost + attempt.max_tokens * price.output_token_price
        if balance < needed:
            raise RequestRefused(
                402,
                "insufficient_balance",
                f"{requester} has {balance} umesh, the request holds {needed} umesh; ask for fewer tokens",
            )

    async def _offer(self, attempt: Attempt) -> Relay:
        """One executor. ExecutorLost when it could not begin."""
        handover = self._hand_over(attempt)
        if attempt.executor.address == self._key.address:
            relay = await self._execute_here(attempt, handover)
        else:
            await self._start(attempt, handover)
            relay = await self._ask_executor(attempt, handover)
        headers = {
            **relay.headers,
            INFERENCE_ID: handover.inference_id,
            EXECUTOR_HEADER: attempt.executor.address,
        }
        return Relay(relay.status, headers, relay.chunks, relay.close)

    def _hand_over(self, attempt: Attempt) -> Handover:
        claim = attempt.claim
        signed = build_transfer_bytes(
            attempt.request.original, claim.timestamp_ns, self._key.address, attempt.executor.address
        )
        return Handover(
            inference_id=claim.inference_id,
            timestamp_ns=claim.timestamp_ns,
            requester=claim.requester,
            transfer_agent=self._key.address,
            transfer_signature=encode_signature(self._key.sign(signed)),
            seed=attempt.seed,
            prompt_hash=hash_text(attempt.payload),
        )

    async def _execute_here(self, attempt: Attempt, handover: Handover) -> Relay:
        """Own nodes answer. Without a free one nothing is started, so nothing is missed."""
        try:
            lease = await self._executor.reserve(attempt.model_id)
        except RequestRefused as error:
            raise ExecutorLost(str(error)) from None
        await self._start_with(lease, attempt, handover)
        order = Order(attempt.request, handover, attempt.model_id, attempt.payload)
        return await self._executor.execute(order, lease)

    async def _start_with(self, lease: Lease, attempt: Attempt, handover: Handover) -> None:
        try:
            await self._start(attempt, handover)
        except BaseException:
            self._executor.release(lease)
            raise

    async def _start(self, attempt: Attempt, handover: Handover) -> None:
        """Has the start in the hands of the chain before anyone is asked; its block is not waited for."""
        message = tx_pb2.MsgStartInference(
            creator=self._key.address,
            inference_id=handover.inference_id,
            prompt_hash=handover.prompt_hash,
            prompt_payload=attempt.payload,
            model=attempt.model_id,
            requested_by=handover.requester,
            assigned_to=attempt.executor.address,
            max_tokens=attempt.max_tokens,
            prompt_token_count=attempt.request.prompt_tokens_max,
            request_timestamp=handover.timestamp_ns,
            transfer_signature=handover.transfer_signature,
            original_prompt=attempt.request.original,
        )
        try:
            pending = await self._chain.sender.hand_in(message)
        except TxRejected as error:
            raise RequestRefused(502, error.reason, f"the chain refused the request: {error.log}") from None
        except TxLost as error:
            raise RequestRefused(
                503, "chain_unavailable", f"the chain does not take the request: {error}", "", RETRY_AFTER_S
            ) from None
        self._chain.spawn(self._follow_start(message, pending))

    async def _follow_start(self, message: tx_pb2.MsgStartInference, pending: Pending) -> None:
        try:
            try:
                height = await pending.committed
            except TxLost:
                height = await self._chain.sender.send_until_known(message, START_ATTEMPTS)
        except (TxRejected, TxLost) as error:
            reason = getattr(error, "reason", "LOST")
            log.error(
                "start not recorded", inference_id=message.inference_id, reason=reason, error=str(error)
            )
        else:
            log.info("start recorded", inference_id=message.inference_id, height=height)

    async def _ask_executor(self, attempt: Attempt, handover: Handover) -> Relay:
        request = self._client.build_request(
            "POST",
            attempt.executor.inference_url.rstrip("/") + attempt.request.kind.value,
            content=attempt.request.original.encode(),
            headers={"content-type": "application/json", **handover.write_headers()},
        )
        try:
            response = await self._client.send(request, stream=True)
        except (httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise ExecutorLost(f"it cannot be reached: {type(error).__name__}") from None
        except httpx.TimeoutException:
            raise RequestRefused(504, "executor_timeout", "the executor did not answer in time") from None
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise ExecutorLost(f"it cannot be reached: {type(error).__name__}") from None
        if response.status_code == 503:
            await response.aclose()
            raise ExecutorLost("it has no place for the request")
        headers = {name: response.headers[name] for name in PASSED_HEADERS if name in response.headers}
        return Relay(response.status_code, headers, self._pass_through(attempt, response), response.aclose)

    async def _pass_through(self, attempt: Attempt, response: httpx.Response) -> AsyncGenerator[bytes, None]:
        try:
            async for chunk in response.aiter_bytes():
                yield chunk
        except httpx.TransportError as error:
            log.warning("executor broke off", executor=attempt.executor.address, error=type(error).__name__)
            if not attempt.request.is_stream:
                raise
            yield write_stream_error("executor_lost", "the executor broke off while it answered")

    async def _explain_nobody(self, attempt: Attempt, lost: list[str]) -> RequestRefused:
        served = await self._chain.queries.fetch_served_models()
        told = f"nobody serves {attempt.model_id} now; served are: {_list_names(served)}"
        if lost:
            told = f"{len(lost)} who serve {attempt.model_id} were asked, none could answer; try again soon"
        elif attempt.model_id in served:
            told = f"all who serve {attempt.model_id} are in the proof of compute now; try again soon"
        return RequestRefused(503, "no_executor", told, "model", RETRY_AFTER_S)

    async def _list_served(self) -> str:
        return _list_names(await self._chain.queries.fetch_served_models())


def _list_names(names: Sequence[str]) -> str:
    return ", ".join(names) or "none yet"
