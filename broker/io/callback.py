"""Where the participant's own nodes report: gRPC, each call with the bearer token of its stage.

What a report is worth is the controller's decision; here its form is checked.
"""

from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from broker.errors import BrokerError, HomeError, ReportRefused, ReportUnauthenticated
from broker.events import Event, PocBatchReported
from broker.v1 import callback_pb2, callback_pb2_grpc

SERVICE = "broker.v1.NodeCallback"
NONCES_MAX = 10_000
"""Most nonces in one report; ten times what the chain takes in a message by default."""
MESSAGE_BYTES_MAX = 1024 * 1024
CALLS_MAX = 64
"""Reports that may be under way at once; more are refused with RESOURCE_EXHAUSTED."""
BEARER = "Bearer "

Ask = Callable[[Callable[[int], Event]], Awaitable[object]]
Context = Any
"""grpc.aio's ServicerContext, which carries no types."""


class Callback(callback_pb2_grpc.NodeCallbackServicer):
    """Takes reports and asks the loop what to make of them."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def ReportPocBatch(
        self, request: callback_pb2.ReportPocBatchRequest, context: Context
    ) -> callback_pb2.ReportPocBatchResponse:
        """Takes mined nonces."""
        token = _read_token(context)
        if not token:
            await context.abort(
                grpc.StatusCode.UNAUTHENTICATED,
                "send the stage's token: metadata authorization, Bearer TOKEN",
            )
        fault = find_fault(request)
        if fault:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, fault)
        try:
            accepted = await self._ask(lambda call_id: _read_report(call_id, token, request))
        except BrokerError as error:
            await _abort(context, error)
        assert isinstance(accepted, int)
        return callback_pb2.ReportPocBatchResponse(accepted_count=accepted)


def find_fault(request: callback_pb2.ReportPocBatchRequest) -> str:
    """What is malformed in a report, empty when nothing is."""
    if not request.node_id:
        return "node_id is empty"
    if len(request.nonces) != len(request.dist_micro):
        return f"{len(request.nonces)} nonces but {len(request.dist_micro)} distances; send one for each"
    if len(request.nonces) > NONCES_MAX:
        return f"{len(request.nonces)} nonces, at most {NONCES_MAX} in a report"
    if any(nonce < 0 for nonce in request.nonces) or request.next_nonce < 0:
        return "a nonce is negative"
    if any(distance < 0 for distance in request.dist_micro):
        return "a distance is negative"
    return ""


class CallbackServer:
    """The server, from its address to its end."""

    def __init__(self, ask: Ask, host: str, port: int) -> None:
        self._address, self._port = host, port
        options = (("grpc.max_receive_message_length", MESSAGE_BYTES_MAX), ("grpc.so_reuseport", 0))
        self._server = grpc.aio.server(options=options, maximum_concurrent_rpcs=CALLS_MAX)
        self._health = health.aio.HealthServicer()
        callback_pb2_grpc.add_NodeCallbackServicer_to_server(Callback(ask), self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection(
            (SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME), self._server
        )

    async def start(self) -> int:
        """Listens; the port, chosen by the system when 0 was asked for."""
        target = f"{self._address}:{self._port}"
        try:
            port = self._server.add_insecure_port(target)
        except RuntimeError:
            port = 0
        if not port:
            raise HomeError(f"cannot listen on {target}: another program uses it, or it is not ours")
        await self._server.start()
        for service in ("", SERVICE):
            await self._health.set(service, health_pb2.HealthCheckResponse.SERVING)
        return int(port)

    async def stop(self, grace_s: float) -> None:
        """Takes no new reports and lets those under way end."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace_s)


def _read_token(context: Context) -> str:
    for key, value in context.invocation_metadata() or ():
        if key == "authorization" and isinstance(value, str) and value.startswith(BEARER):
            return value.removeprefix(BEARER)
    return ""


def _read_report(call_id: int, token: str, request: callback_pb2.ReportPocBatchRequest) -> PocBatchReported:
    return PocBatchReported(
        call_id=call_id,
        token=token,
        node_id=request.node_id,
        start_height=request.poc_start_block_height,
        block_hash=request.block_hash,
        public_key=request.public_key,
        nonces=tuple(request.nonces),
        dist_micro=tuple(request.dist_micro),
        next_nonce=request.next_nonce,
    )


async def _abort(context: Context, error: BrokerError) -> NoReturn:
    status = grpc.StatusCode.UNAVAILABLE
    if isinstance(error, ReportUnauthenticated):
        status = grpc.StatusCode.UNAUTHENTICATED
    elif isinstance(error, ReportRefused):
        status = grpc.StatusCode.FAILED_PRECONDITION
    await context.abort(status, f"{error.reason}: {error}")
    raise AssertionError("abort raises")
