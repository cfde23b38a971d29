"""The gRPC server for the chain's clients: queries, the stream of blocks, health and reflection.

Queries go through one handler, bytes in and bytes out, for every path that the machine answers; a refusal
becomes a gRPC status, with the error's code, codespace and reason as trailing metadata (`code`, `codespace`,
`reason`). The Cosmos services that need more than the machine are in `cosmos_clients.py`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from grpc_reflection.v1alpha.reflection_pb2_grpc import add_ServerReflectionServicer_to_server

from chain.block import QueryResult
from chain.cosmos import consensus_pb2_grpc, tendermint_pb2_grpc, tx_service_pb2_grpc
from chain.io.cosmos_clients import ConsensusService, NodeService, TxService
from chain.io.feed import Feed
from chain.io.guard import Guarded
from chain.io.metrics import Metrics
from chain.io.node import HEIGHT_HEADER
from chain.io.producer import Machine, Producer
from chain.io.sql import Database
from chain.v1 import epochs_pb2, events_pb2, events_pb2_grpc, query_pb2

QUERY_SERVICES = ("chain.v1.Query", "cosmos.auth.v1beta1.Query", "cosmos.bank.v1beta1.Query")
"""Services that the machine itself answers."""
OWN_SERVICES = (
    "chain.v1.EventStream",
    "cosmos.tx.v1beta1.Service",
    "cosmos.base.tendermint.v1beta1.Service",
    "cosmos.consensus.v1.Query",
)
MESSAGE_BYTES_MAX = 16 * 1024 * 1024
"""Largest gRPC message either way."""
STOP_GRACE_S = 2.0
"""How long open calls may go on when the server stops."""

STATUS_BY_REASON = {
    "ErrKeyNotFound": grpc.StatusCode.NOT_FOUND,
    "ErrNotFound": grpc.StatusCode.NOT_FOUND,
    "ErrInvalidModel": grpc.StatusCode.NOT_FOUND,
    "ErrUnknownAddress": grpc.StatusCode.NOT_FOUND,
    "ErrUnknownRequest": grpc.StatusCode.UNIMPLEMENTED,
    "ErrPanic": grpc.StatusCode.INTERNAL,
    "ErrTxDecode": grpc.StatusCode.INVALID_ARGUMENT,
}
"""Statuses of refusals whose name does not tell; others by the beginning or the end of their name."""


@dataclass(frozen=True, slots=True)
class Served:
    """What the server answers from."""

    machine: Machine
    producer: Producer
    database: Database
    feed: Feed
    metrics: Metrics
    version: str
    authority: str
    """Account that acts for governance."""


def compute_status(result: QueryResult) -> grpc.StatusCode:
    """The gRPC status of a refused query."""
    named = STATUS_BY_REASON.get(result.reason)
    if named is not None:
        return named
    if result.reason.endswith("NotFound"):
        return grpc.StatusCode.NOT_FOUND
    if result.reason.startswith("ErrInvalid"):
        return grpc.StatusCode.INVALID_ARGUMENT
    return grpc.StatusCode.FAILED_PRECONDITION


class QueryHandler(grpc.GenericRpcHandler):  # type: ignore[misc] # grpc has no types
    """Answers every method of the query services with the machine."""

    def __init__(self, machine: Machine, metrics: Metrics) -> None:
        self._machine = machine
        self._metrics = metrics

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        """The handler of a method; None for what belongs to another service."""
        path = handler_call_details.method
        if path.split("/")[1] not in QUERY_SERVICES:
            return None
        return grpc.unary_unary_rpc_method_handler(self._answer(path))

    def _answer(self, path: str) -> Callable[[bytes, grpc.aio.ServicerContext], Awaitable[bytes]]:
        async def answer(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
            result = self._machine.query(path, request, await _read_height(context))
            known = result.reason != "ErrUnknownRequest"
            self._metrics.queried(path if known else "unknown", result.reason)
            await context.send_initial_metadata(((HEIGHT_HEADER, str(result.height)),))
            if result.code != 0:
                metadata = (
                    ("code", str(result.code)),
                    ("codespace", result.codespace),
                    ("reason", result.reason),
                )
                await context.abort(compute_status(result), result.log, metadata)
            return result.value

        return answer


async def _read_height(context: grpc.aio.ServicerContext) -> int:
    """The height that the client asks for; 0 for the last one."""
    for key, value in context.invocation_metadata() or ():
        if key == HEIGHT_HEADER:
            try:
                return int(value)
            except ValueError:
                await context.abort(
                    grpc.StatusCode.INVALID_ARGUMENT, f"{HEIGHT_HEADER} {value!r} is not a number"
                )
    return 0


class EventStream(events_pb2_grpc.EventStreamServicer):
    """Tells what happened, block by block."""

    def __init__(self, served: Served) -> None:
        self._served = served

    async def Subscribe(
        self, request: events_pb2.SubscribeRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[bytes]:
        """Streams every block from a height on."""
        feed = self._served.feed
        ahead = feed.height + 1
        is_forgotten = feed.is_pruned and 0 < request.from_height < feed.first_height
        if not 0 <= request.from_height <= ahead or is_forgotten:
            await context.abort(
                grpc.StatusCode.OUT_OF_RANGE,
                f"height {request.from_height} is out of range: blocks exist from {feed.first_height} to "
                f"{feed.height}, the stream may start at most at {ahead}",
            )
        self._served.metrics.follower(1)
        try:
            await context.send_initial_metadata(((HEIGHT_HEADER, str(feed.height)),))
            async for summary in feed.follow(request.from_height or ahead):
                yield summary
        finally:
            self._served.metrics.follower(-1)

    async def GetBlock(self, request: events_pb2.GetBlockRequest, context: grpc.aio.ServicerContext) -> bytes:
        """Finds one block."""
        feed = self._served.feed
        if not feed.first_height <= request.height <= feed.height:
            await context.abort(
                grpc.StatusCode.NOT_FOUND,
                f"block {request.height} not found: blocks exist from {feed.first_height} to {feed.height}",
            )
        return (await feed.read(request.height, 1))[0]

    async def GetStatus(
        self, request: events_pb2.GetStatusRequest, context: grpc.aio.ServicerContext
    ) -> events_pb2.ChainStatus:
        """Tells how the chain stands."""
        served, tip = self._served, self._served.producer.tip
        answer = served.machine.query("/chain.v1.Query/CurrentEpoch", b"")
        epoch = query_pb2.QueryCurrentEpochResponse.FromString(answer.value).epoch
        return events_pb2.ChainStatus(
            chain_id=tip.chain_id,
            version=served.version,
            height=tip.height,
            block_hash=tip.block_hash,
            time_ns=tip.time_ns,
            app_hash=tip.app_hash,
            epoch=epoch if answer.code == 0 else epochs_pb2.EpochInfo(),
            mempool_tx_count=len(served.producer.mempool),
            authority=served.authority,
        )


class ClientServer:
    """The server, from its address to its end."""

    def __init__(self, served: Served) -> None:
        self._served = served
        limits = [
            ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
            ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
            ("grpc.so_reuseport", 0),
        ]
        self._server = grpc.aio.server(options=limits)
        self._health = health.aio.HealthServicer()

    async def start(self, host: str, port: int) -> int:
        """Listen; the port, chosen by the system when 0 was given. Raises OSError when it is taken."""
        served, server = self._served, self._server
        server.add_generic_rpc_handlers((QueryHandler(served.machine, served.metrics),))
        guarded = Guarded(server)
        _add_event_stream(EventStream(served), guarded)
        tx_service_pb2_grpc.add_ServiceServicer_to_server(
            TxService(served.machine, served.producer, served.database), guarded
        )
        tendermint_pb2_grpc.add_ServiceServicer_to_server(
            NodeService(served.machine, served.producer, served.database, served.version), guarded
        )
        consensus_pb2_grpc.add_QueryServicer_to_server(ConsensusService(served.machine), guarded)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, guarded)
        names = (*QUERY_SERVICES, *OWN_SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME)
        add_ServerReflectionServicer_to_server(reflection.aio.ReflectionServicer(names), guarded)
        try:
            bound: int = server.add_insecure_port(f"{host}:{port}")
        except RuntimeError as error:
            raise OSError(f"cannot listen on {host}:{port}; is the port in use?") from error
        await server.start()
        for name in ("", *QUERY_SERVICES, *OWN_SERVICES):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        return bound

    async def stop(self) -> None:
        """Say that we go, then let open calls end within the grace."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(STOP_GRACE_S)


def _add_event_stream(servicer: EventStream, server: Guarded) -> None:
    """Registers the stream by hand: its summaries are encoded once, when their block is written."""
    handlers = {
        "Subscribe": grpc.unary_stream_rpc_method_handler(
            servicer.Subscribe, request_deserializer=events_pb2.SubscribeRequest.FromString
        ),
        "GetBlock": grpc.unary_unary_rpc_method_handler(
            servicer.GetBlock, request_deserializer=events_pb2.GetBlockRequest.FromString
        ),
        "GetStatus": grpc.unary_unary_rpc_method_handler(
            servicer.GetStatus,
            request_deserializer=events_pb2.GetStatusRequest.FromString,
            response_serializer=events_pb2.ChainStatus.SerializeToString,
        ),
    }
    server.add_registered_method_handlers("chain.v1.EventStream", handlers)
