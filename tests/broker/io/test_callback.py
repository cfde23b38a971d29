"""Reports of nodes over real gRPC: what is wrong is refused with a status that tells the node what to do."""

import asyncio
from collections.abc import Awaitable, Callable

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from broker.errors import ChainUnknown, HomeError, ReportRefused, ReportUnauthenticated
from broker.events import Event, PocBatchReported
from broker.io.callback import NONCES_MAX, CallbackServer
from broker.v1 import callback_pb2, callback_pb2_grpc

REPORT = callback_pb2.ReportPocBatchRequest(
    node_id="n1",
    poc_start_block_height=30,
    block_hash=b"h" * 32,
    public_key=b"\x02" * 33,
    nonces=[1, 3],
    dist_micro=[10, 20],
    next_nonce=5,
)
TOKEN = (("authorization", "Bearer token"),)
Ask = Callable[[Callable[[int], Event]], Awaitable[object]]


async def take(make_event: Callable[[int], Event]) -> object:
    event = make_event(1)
    assert isinstance(event, PocBatchReported)
    return len(event.nonces)


def serve(ask: Ask, run: Callable[[grpc.aio.Channel], Awaitable[None]]) -> None:
    async def main() -> None:
        server = CallbackServer(ask, "127.0.0.1", 0)
        port = await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            await run(channel)
        await server.stop(0)

    asyncio.run(main())


def refuse_with(error: Exception) -> Ask:
    async def ask(make_event: Callable[[int], Event]) -> object:
        raise error

    return ask


async def expect(
    channel: grpc.aio.Channel,
    status: grpc.StatusCode,
    request: callback_pb2.ReportPocBatchRequest,
    metadata: tuple[tuple[str, str], ...] = TOKEN,
) -> str:
    stub = callback_pb2_grpc.NodeCallbackStub(channel)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.ReportPocBatch(request, metadata=metadata, timeout=5)
    assert refused.value.code() == status
    return str(refused.value.details())


def test_a_report_reaches_the_loop_whole_and_its_answer_the_node() -> None:
    seen: list[Event] = []

    async def ask(make_event: Callable[[int], Event]) -> object:
        seen.append(make_event(9))
        return 2

    async def run(channel: grpc.aio.Channel) -> None:
        stub = callback_pb2_grpc.NodeCallbackStub(channel)
        assert (await stub.ReportPocBatch(REPORT, metadata=TOKEN, timeout=5)).accepted_count == 2

    serve(ask, run)
    assert seen == [
        PocBatchReported(9, "token", "n1", 30, b"h" * 32, b"\x02" * 33, (1, 3), (10, 20), 5),
    ]


@pytest.mark.parametrize("metadata", [(), (("authorization", "token"),), (("authorization", "Bearer "),)])
def test_rejects_a_report_without_a_token(metadata: tuple[tuple[str, str], ...]) -> None:
    async def run(channel: grpc.aio.Channel) -> None:
        assert "token" in await expect(channel, grpc.StatusCode.UNAUTHENTICATED, REPORT, metadata)

    serve(take, run)


MALFORMED = {
    "node_id is empty": callback_pb2.ReportPocBatchRequest(nonces=[1], dist_micro=[1]),
    "2 nonces but 1": callback_pb2.ReportPocBatchRequest(node_id="n", nonces=[1, 2], dist_micro=[1]),
    "a nonce is negative": callback_pb2.ReportPocBatchRequest(node_id="n", nonces=[-1], dist_micro=[1]),
    "a distance is negative": callback_pb2.ReportPocBatchRequest(node_id="n", nonces=[1], dist_micro=[-1]),
    "at most": callback_pb2.ReportPocBatchRequest(
        node_id="n", nonces=range(NONCES_MAX + 1), dist_micro=range(NONCES_MAX + 1)
    ),
}


@pytest.mark.parametrize("said", MALFORMED)
def test_rejects_a_malformed_report(said: str) -> None:
    async def run(channel: grpc.aio.Channel) -> None:
        assert said in await expect(channel, grpc.StatusCode.INVALID_ARGUMENT, MALFORMED[said])

    serve(take, run)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ReportRefused("the stage is over"), grpc.StatusCode.FAILED_PRECONDITION),
        (ReportUnauthenticated("another token"), grpc.StatusCode.UNAUTHENTICATED),
        (ChainUnknown("the broker is stopping"), grpc.StatusCode.UNAVAILABLE),
    ],
)
def test_the_controllers_refusal_tells_the_node_whether_to_try_again(
    error: Exception, status: grpc.StatusCode
) -> None:
    async def run(channel: grpc.aio.Channel) -> None:
        assert str(error) in await expect(channel, status, REPORT)

    serve(refuse_with(error), run)


def test_health_and_reflection_answer() -> None:
    async def run(channel: grpc.aio.Channel) -> None:
        health = health_pb2_grpc.HealthStub(channel)
        reply = await health.Check(health_pb2.HealthCheckRequest(service="broker.v1.NodeCallback"), timeout=5)
        assert reply.status == health_pb2.HealthCheckResponse.SERVING
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        async for answer in stub.ServerReflectionInfo(iter([asked]), timeout=5):
            names = {service.name for service in answer.list_services_response.service}
            assert "broker.v1.NodeCallback" in names

    serve(take, run)


def test_rejects_a_port_that_is_in_use() -> None:
    async def main() -> None:
        first = CallbackServer(take, "127.0.0.1", 0)
        port = await first.start()
        with pytest.raises(HomeError, match="cannot listen"):
            await CallbackServer(take, "127.0.0.1", port).start()
        await first.stop(0)

    asyncio.run(main())
