"""A real chain process under garbage: bytes that are no request, requests that make no sense, bytes that are
not even HTTP/2. It answers with a status that says so, or not at all, and goes on as if nothing had been.
"""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Iterator

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection

from chain.cosmos import consensus_pb2, tendermint_pb2, tx_service_pb2
from chain.io.clients import STATUS_BY_REASON
from chain.v1 import events_pb2
from tests.chain.io.daemon import ADA, Client, Daemon, payment
from tests.chain.kit import RICH, Chain, build_genesis
from tests.chain.mutations import Field, Mutator, collect_pieces
from tests.chain.onslaught import build_requests

INPUTS = int(os.environ.get("MESHKEEPER_FUZZ_REQUESTS", "640"))
SEED = os.environ.get("MESHKEEPER_FUZZ_SEED", "1")
AT_ONCE = 32
EXPECTED = {
    grpc.StatusCode.OK,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.OUT_OF_RANGE,
    grpc.StatusCode.UNIMPLEMENTED,
}
"""Statuses of a server that knows what it refuses; UNKNOWN and INTERNAL are those of one that failed."""


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    made = Daemon(tmp_path_factory.mktemp("garbage"))
    made.start()
    yield made
    assert made.stop() == 0, made.log
    assert "Traceback" not in made.log


def list_calls() -> list[tuple[str, bytes]]:
    """Every unary method of the server, with a request that makes some sense."""
    chain = Chain(build_genesis(ADA))
    calls = list(build_requests(chain.app))
    own = (
        (events_pb2, "GetBlock", events_pb2.GetBlockRequest(height=1)),
        (events_pb2, "GetStatus", events_pb2.GetStatusRequest()),
        (tx_service_pb2, "BroadcastTx", tx_service_pb2.BroadcastTxRequest(tx_bytes=payment(0), mode=2)),
        (tx_service_pb2, "GetTx", tx_service_pb2.GetTxRequest(hash="ab" * 32)),
        (tx_service_pb2, "Simulate", tx_service_pb2.SimulateRequest(tx_bytes=payment(0))),
        (tendermint_pb2, "GetBlockByHeight", tendermint_pb2.GetBlockByHeightRequest(height=1)),
        (tendermint_pb2, "GetLatestBlock", tendermint_pb2.GetLatestBlockRequest()),
        (tendermint_pb2, "GetNodeInfo", tendermint_pb2.GetNodeInfoRequest()),
        (tendermint_pb2, "GetSyncing", tendermint_pb2.GetSyncingRequest()),
        (
            tendermint_pb2,
            "ABCIQuery",
            tendermint_pb2.ABCIQueryRequest(path="/store/bank/key", data=b"\x02\x01a\0b\0", prove=True),
        ),
        (consensus_pb2, "Params", consensus_pb2.QueryParamsRequest()),
        (health_pb2, "Check", health_pb2.HealthCheckRequest()),
    )
    for module, method, request in own:
        for service in module.DESCRIPTOR.services_by_name.values():
            if method in service.methods_by_name:
                calls.append((f"/{service.full_name}/{method}", request.SerializeToString()))
    return calls


async def call(client: Client, path: str, data: bytes, height: str) -> grpc.StatusCode:
    """The status of a request made of bytes."""
    metadata = (("x-cosmos-block-height", height),) if height else ()
    try:
        await client.channel.unary_unary(path)(data, timeout=20, metadata=metadata)
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


async def test_every_method_answers_garbage_with_a_status_that_says_so(daemon: Daemon) -> None:
    calls = list_calls()
    corpus = [data for _, data in calls]
    mutator = Mutator(f"grpc/{SEED}", corpus, collect_pieces(corpus))
    found: dict[grpc.StatusCode, int] = {}
    began = time.monotonic()
    async with Client(daemon) as client:
        for _ in range(0, INPUTS, AT_ONCE):
            chosen = [mutator.random.choice(calls) for _ in range(AT_ONCE)]
            bent = [(path, mutator.mutate(data)) for path, data in chosen]
            heights = [mutator.random.choice(("",) * 20 + ("0", "-1", "x", "9" * 30)) for _ in chosen]
            asked = [call(client, path, data, of) for (path, data), of in zip(bent, heights, strict=True)]
            for (path, data), status in zip(bent, await asyncio.gather(*asked), strict=True):
                assert status in EXPECTED, f"{path} answers {status}: {data.hex()}"
                found[status] = found.get(status, 0) + 1
        assert await client.balance(ADA.address) in (RICH, RICH - 1), "one payment is good as it is"
    print(f"{INPUTS} requests, {INPUTS / (time.monotonic() - began):.0f}/s, {found}")
    assert len(found) >= 3, "many statuses, or nothing was tried in depth"
    assert STATUS_BY_REASON["ErrPanic"] not in found


async def test_streams_refuse_what_is_no_request(daemon: Daemon) -> None:
    async with Client(daemon) as client:
        for path in ("/chain.v1.EventStream/Subscribe", "/grpc.health.v1.Health/Watch"):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                async for _ in client.channel.unary_stream(path)(b"\xff", timeout=20):
                    raise AssertionError(f"{path} answers")
            assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        stream = client.channel.stream_stream(f"/{reflection.SERVICE_NAME}/ServerReflectionInfo")(timeout=20)
        await stream.write(b"\xff")
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stream.read()
        assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


async def test_methods_that_do_not_exist_are_unimplemented(daemon: Daemon) -> None:
    async with Client(daemon) as client:
        for path in ("/chain.v1.Query/Nothing", "/chain.v1.Nothing/Params", "/a/b", "/chain.v1.Query/"):
            assert await call(client, path, b"", "") == grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("port", ["grpc", "http"])
async def test_bytes_that_are_no_protocol_harm_nobody(daemon: Daemon, port: str) -> None:
    openings = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET /healthz HTTP/1.1\r\n\r\n"]
    mutator = Mutator(f"port/{SEED}", openings, [b""])
    for opening in openings * 40:
        with (
            socket.create_connection(("127.0.0.1", daemon.ports[port]), timeout=5) as connection,
            contextlib.suppress(OSError),
        ):
            connection.sendall(mutator.mutate(opening)[:100_000])
            if mutator.random.random() < 0.5:
                connection.shutdown(socket.SHUT_WR)
    async with Client(daemon) as client:
        assert (await client.status()).chain_id
    async with httpx.AsyncClient() as web:
        answer = await web.get(f"http://127.0.0.1:{daemon.ports['http']}/healthz")
        assert answer.status_code == 200


async def test_a_request_larger_than_allowed_is_refused_unread(daemon: Daemon) -> None:
    async with Client(daemon) as client:
        status = await call(client, "/chain.v1.Query/Params", bytes(17 * 1024 * 1024), "")
        assert status == grpc.StatusCode.RESOURCE_EXHAUSTED
        for path in ("/chain.v1.Query/Params", "/cosmos.tx.v1beta1.Service/Simulate"):
            large = Field(2, 2, bytes(2 * 1024 * 1024)).encode()
            assert await call(client, path, large, "") == grpc.StatusCode.INVALID_ARGUMENT
        assert (await client.status()).chain_id
