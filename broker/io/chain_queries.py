"""What can be asked of the chain by whoever answers requests. ChainUnknown when there is no answer."""

from collections.abc import Awaitable, Sequence
from typing import TypeVar

import grpc

from broker.errors import ChainUnknown
from broker.facts import ModelResolution
from broker.io import chain_facts
from chain.cosmos import auth_pb2, auth_pb2_grpc, bank_pb2, bank_pb2_grpc
from chain.v1 import inference_pb2, models_pb2, nodes_pb2, params_pb2, query_pb2, query_pb2_grpc

QUERY_TIMEOUT_S = 10.0
DENOM = "umesh"
_SILENT = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.UNKNOWN,
)
"""Statuses with which the transport speaks; all others are the chain's own."""

Reply = TypeVar("Reply")


async def call(asked: Awaitable[Reply]) -> Reply:
    """The answer. ChainUnknown when there is none, for whatever reason."""
    try:
        return await asked
    except grpc.aio.AioRpcError as error:
        raise _despair(error) from None


def _despair(error: grpc.aio.AioRpcError) -> ChainUnknown:
    told = error.details() or error.code().name
    if error.code() in _SILENT:
        return ChainUnknown(f"the chain does not answer now ({told}); try again soon")
    return ChainUnknown(f"the chain refuses the question: {told}")


async def find(asked: Awaitable[Reply]) -> Reply | None:
    """The answer, None where the chain says NOT_FOUND, or that there can be no such thing."""
    try:
        return await asked
    except grpc.aio.AioRpcError as error:
        if error.code() in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT):
            return None
        raise _despair(error) from None


class ChainQueries:
    """Questions about the last committed state."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._query = query_pb2_grpc.QueryStub(channel)
        self._auth = auth_pb2_grpc.QueryStub(channel)
        self._bank = bank_pb2_grpc.QueryStub(channel)
        self._public_keys: dict[str, bytes] = {}
        self._participants: set[str] = set()

    async def fetch_params(self) -> params_pb2.Params:
        """The chain's parameters."""
        request = query_pb2.QueryParamsRequest()
        reply: query_pb2.QueryParamsResponse = await call(
            self._query.Params(request, timeout=QUERY_TIMEOUT_S)
        )
        return reply.params

    async def fetch_model(self, model_id: str) -> models_pb2.Model | None:
        """A governance model, None when there is none of that name."""
        request = query_pb2.QueryModelRequest(id=model_id)
        reply = await find(self._query.Model(request, timeout=QUERY_TIMEOUT_S))
        return reply.model if reply else None

    async def fetch_price(self, model_id: str) -> query_pb2.TokenPrice:
        """What tokens of a model cost at this height, umesh."""
        request = query_pb2.QueryGetModelPerTokenPriceRequest(model_id=model_id)
        reply: query_pb2.QueryGetModelPerTokenPriceResponse = await call(
            self._query.GetModelPerTokenPrice(request, timeout=QUERY_TIMEOUT_S)
        )
        return reply.token_price

    async def resolve_model(self, name: str) -> str:
        """The governance model that a name stands for, "" when none."""
        return (await self.resolve(name)).model_id

    async def fetch_served_models(self) -> tuple[str, ...]:
        """Governance models that somebody serves in the epoch in effect, sorted."""
        request = query_pb2.QueryCurrentEpochGroupDataRequest()
        reply = await find(self._query.CurrentEpochGroupData(request, timeout=QUERY_TIMEOUT_S))
        return tuple(sorted(reply.epoch_group_data.sub_group_models)) if reply else ()

    async def choose_executor(
        self, model_id: str, request_id: str, exclude: Sequence[str]
    ) -> nodes_pb2.Participant | None:
        """The participant that the chain draws for a request, None when nobody is left."""
        request = query_pb2.QueryGetRandomExecutorRequest(
            model=model_id, request_id=request_id, exclude=exclude
        )
        try:
            reply = await self._query.GetRandomExecutor(request, timeout=QUERY_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if error.code() in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION):
                return None
            raise _despair(error) from None
        executor: nodes_pb2.Participant = reply.executor
        return executor

    async def fetch_public_key(self, address: str) -> bytes:
        """An account's key; none when the account is unknown or has never signed. Keys never change."""
        if address not in self._public_keys:
            request = auth_pb2.QueryAccountRequest(address=address)
            reply = await find(self._auth.Account(request, timeout=QUERY_TIMEOUT_S))
            public_key = chain_facts.read_public_key(reply.account) if reply else b""
            if not public_key:
                return b""
            self._public_keys[address] = public_key
        return self._public_keys[address]

    async def fetch_balance_umesh(self, address: str) -> int:
        """What an account can spend."""
        request = bank_pb2.QueryBalanceRequest(address=address, denom=DENOM)
        reply = await call(self._bank.Balance(request, timeout=QUERY_TIMEOUT_S))
        return int(reply.balance.amount or "0")

    async def is_participant(self, address: str) -> bool:
        """Whether an account is registered as a participant. Participants stay; a yes is remembered."""
        if address not in self._participants:
            request = query_pb2.QueryParticipantRequest(index=address)
            if not await find(self._query.Participant(request, timeout=QUERY_TIMEOUT_S)):
                return False
            self._participants.add(address)
        return True

    async def fetch_inference(self, inference_id: str) -> inference_pb2.Inference | None:
        """The record of an inference, None when there is none."""
        request = query_pb2.QueryInferenceRequest(index=inference_id)
        reply = await find(self._query.Inference(request, timeout=QUERY_TIMEOUT_S))
        return reply.inference if reply else None

    async def resolve(self, name: str) -> ModelResolution:
        """Where the registry leads a declared model id."""
        request = query_pb2.QueryResolveModelRequest(model_id=name)
        reply = await find(self._query.ResolveModel(request, timeout=QUERY_TIMEOUT_S))
        if reply is None:
            return ModelResolution(name, "")
        nearest_first = dict.fromkeys((reply.model_id, *reply.reachable_model_ids))
        return ModelResolution(name, reply.model_id, tuple(nearest_first))
