"""The chain as its clients meet it: one real process, blocks made as soon as a transaction waits."""

import asyncio
import socket
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import grpc
import httpx
import pytest
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from chain.cosmos import auth_pb2, tendermint_pb2, tx_pb2, tx_service_pb2
from chain.epochs.types import GenesisMember
from chain.header import compute_tx_hash
from chain.nodes.types import Participant
from chain.v1 import query_pb2
from tests.chain.io.daemon import ADA, BOB, Client, Daemon, payment
from tests.chain.kit import CHAIN_ID, RICH, build_genesis
from tests.chain.world import VALIDATOR_KEY

NODE = "/cosmos.base.tendermint.v1beta1.Service"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    ada = Participant(index=ADA.address, address=ADA.address, validator_key=VALIDATOR_KEY)
    member = GenesisMember(ADA.address, 7)
    genesis = build_genesis(ADA, BOB, participants=(ada,), genesis_members=(member,))
    made = Daemon(tmp_path_factory.mktemp("chain"), genesis)
    made.start()
    yield made
    assert made.stop() == 0, made.log
    assert not (made.home / "ready.json").exists()


@pytest.fixture
async def client(daemon: Daemon) -> AsyncIterator[Client]:
    async with Client(daemon) as made:
        yield made


async def pay(client: Client, count: int = 1, **options: object) -> list[str]:
    """So many payments, each in a block of its own; their hashes."""
    hashes = []
    for _ in range(count):
        tx = payment((await client.account(ADA.address)).sequence, **options)
        response = (await client.broadcast(tx)).tx_response
        assert response.code == 0, response.raw_log
        await client.wait_tx(response.txhash)
        hashes.append(response.txhash)
    return hashes


async def refusal(call: grpc.aio.UnaryUnaryCall) -> tuple[grpc.StatusCode, str, dict[str, str]]:
    """Status, sentence and metadata of a refused call."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    return refused.value.code(), refused.value.details(), dict(refused.value.trailing_metadata())


async def test_a_payment_is_checked_committed_and_found(client: Client) -> None:
    before = await client.balance(BOB.address)
    (tx_hash,) = await pay(client, amount=7)
    found = await client.find_tx(tx_hash.lower())
    assert await client.balance(BOB.address) == before + 7
    assert (found.tx_response.txhash, found.tx_response.code) == (tx_hash, 0)
    assert found.tx_response.height == (await client.status()).height
    assert found.tx_response.timestamp.endswith("Z")
    assert compute_tx_hash(found.tx_response.tx.value) == tx_hash
    assert found.tx.body.messages[0].type_url == "/cosmos.bank.v1beta1.MsgSend"
    assert {event.type for event in found.tx_response.events} >= {"tx", "message", "transfer"}


async def test_a_transaction_that_its_check_refuses_is_told_why_and_changes_nothing(client: Client) -> None:
    status = await client.status()
    response = (await client.broadcast(payment(10_000))).tx_response
    assert (response.code, response.codespace, response.info) == (32, "sdk", "ErrWrongSequence")
    assert "account sequence mismatch, expected" in response.raw_log
    assert (await client.status()).app_hash == status.app_hash


async def test_one_that_its_block_refuses_takes_the_sequence_and_says_why(client: Client) -> None:
    sequence = (await client.account(ADA.address)).sequence
    response = (await client.broadcast(payment(sequence, amount=10**30))).tx_response
    found = (await client.wait_tx(response.txhash)).tx_response
    assert (found.code, found.codespace, found.info) == (5, "sdk", "ErrInsufficientFunds")
    assert (await client.account(ADA.address)).sequence == sequence + 1
    block = await client.block(found.height)
    assert (block.txs[0].code, block.txs[0].reason) == (5, "ErrInsufficientFunds")


async def test_a_transaction_that_nobody_sent_is_not_found(client: Client) -> None:
    status, details, _ = await refusal(client.find_tx("AB" * 32))
    assert (status, details) == (grpc.StatusCode.NOT_FOUND, f"tx not found: {'AB' * 32}")


@pytest.mark.parametrize("tx_hash", ["", "AB", "Z" * 64, "AB" * 33])
async def test_what_is_no_hash_is_refused(client: Client, tx_hash: str) -> None:
    assert (await refusal(client.find_tx(tx_hash)))[0] == grpc.StatusCode.INVALID_ARGUMENT


async def test_a_broadcast_of_nothing_is_refused(client: Client) -> None:
    assert (await refusal(client.broadcast(b"")))[0] == grpc.StatusCode.INVALID_ARGUMENT


async def test_an_asynchronous_broadcast_answers_with_the_hash_alone(client: Client) -> None:
    tx = payment(10_000)
    request = tx_service_pb2.BroadcastTxRequest(tx_bytes=tx, mode=tx_service_pb2.BROADCAST_MODE_ASYNC)
    answer = await client.call(
        "/cosmos.tx.v1beta1.Service/BroadcastTx", request, tx_service_pb2.BroadcastTxResponse
    )
    assert (answer.tx_response.txhash, answer.tx_response.code) == (compute_tx_hash(tx), 0)


@pytest.mark.parametrize("decoded", [False, True])
async def test_a_trial_tells_the_gas_and_changes_nothing(client: Client, decoded: bool) -> None:
    before = await client.status()
    tx = payment((await client.account(ADA.address)).sequence)
    given: dict[str, object] = {"tx": tx_pb2.Tx.FromString(tx)} if decoded else {"tx_bytes": tx}
    answer = await client.call(
        "/cosmos.tx.v1beta1.Service/Simulate",
        tx_service_pb2.SimulateRequest(**given),
        tx_service_pb2.SimulateResponse,
    )
    assert answer.gas_info.gas_used > 5_000
    assert await client.status() == before


async def test_a_trial_of_what_would_fail_says_why(client: Client) -> None:
    tx = payment((await client.account(ADA.address)).sequence, amount=10**30)
    call = client.call(
        "/cosmos.tx.v1beta1.Service/Simulate",
        tx_service_pb2.SimulateRequest(tx_bytes=tx),
        tx_service_pb2.SimulateResponse,
    )
    status, _, metadata = await refusal(call)
    assert (status, metadata["reason"]) == (grpc.StatusCode.INVALID_ARGUMENT, "ErrInsufficientFunds")


@pytest.mark.parametrize(
    ("path", "request_", "status", "reason"),
    [
        ("/chain.v1.Query/Model", query_pb2.QueryModelRequest(id="no"), "NOT_FOUND", "ErrNotFound"),
        (
            "/cosmos.auth.v1beta1.Query/Account",
            auth_pb2.QueryAccountRequest(address="x"),
            "INVALID_ARGUMENT",
            "ErrInvalidAddress",
        ),
        (
            "/chain.v1.Query/GetRandomExecutor",
            query_pb2.QueryGetRandomExecutorRequest(model="no"),
            "NOT_FOUND",
            None,
        ),
        ("/chain.v1.Query/Nonsense", query_pb2.QueryParamsRequest(), "UNIMPLEMENTED", "ErrUnknownRequest"),
        ("/chain.v1.Nonsense/Params", query_pb2.QueryParamsRequest(), "UNIMPLEMENTED", None),
        (
            "/chain.v1.Query/Model",
            query_pb2.QueryParamsResponse(params={}),
            "INVALID_ARGUMENT",
            "ErrInvalidRequest",
        ),
    ],
)
async def test_a_query_that_cannot_be_answered_has_a_status_and_a_reason(
    client: Client, path: str, request_: Message, status: str, reason: str | None
) -> None:
    got, details, metadata = await refusal(client.call(path, request_, query_pb2.QueryParamsResponse))
    assert got.name == status
    assert details
    if reason:
        assert metadata["reason"] == reason
        assert int(metadata["code"]) > 0


async def test_a_query_tells_the_height_of_its_answer_and_refuses_another(client: Client) -> None:
    path, request = "/chain.v1.Query/Params", query_pb2.QueryParamsRequest()
    call = client.call(path, request, query_pb2.QueryParamsResponse)
    height = dict(await call.initial_metadata())["x-cosmos-block-height"]
    assert int(height) == (await client.status()).height
    for asked, status in (("1000000", "INVALID_ARGUMENT"), ("high", "INVALID_ARGUMENT")):
        other = client.call(
            path, request, query_pb2.QueryParamsResponse, metadata=(("x-cosmos-block-height", asked),)
        )
        assert (await refusal(other))[0].name == status


async def test_the_stream_has_every_block_once_from_the_past_into_the_present(client: Client) -> None:
    await pay(client, 3)
    last = (await client.status()).height
    stream = client.follow(1)
    past = [await stream.read() for _ in range(last)]
    following = asyncio.create_task(stream.read())
    await pay(client, 1)
    blocks = [*past, await following]
    assert [block.height for block in blocks] == list(range(1, last + 2))
    assert [block.epoch.block_height for block in blocks] == list(range(1, last + 2))
    times = [block.time_ns for block in blocks]
    assert times == sorted(set(times))
    assert blocks[-1] == await client.block(last + 1)


async def test_the_stream_begins_with_the_next_block_when_no_height_is_asked_for(client: Client) -> None:
    height = (await client.status()).height
    stream = client.follow(0)
    await stream.initial_metadata()
    await pay(client)
    assert (await stream.read()).height == height + 1


@pytest.mark.parametrize("ahead", [2, 1_000_000])
async def test_the_stream_does_not_begin_in_the_future(client: Client, ahead: int) -> None:
    height = (await client.status()).height
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await client.follow(height + ahead).read()
    assert refused.value.code() == grpc.StatusCode.OUT_OF_RANGE
    assert f"to {height}, the stream may start at most at" in refused.value.details()


@pytest.mark.parametrize("height", [0, -1, 1_000_000])
async def test_a_block_that_does_not_exist_is_not_found(client: Client, height: int) -> None:
    assert (await refusal(client.block(height)))[0] == grpc.StatusCode.NOT_FOUND


async def test_the_status_names_the_chain_and_where_it_stands(client: Client) -> None:
    await pay(client)
    status = await client.status()
    block = await client.block(status.height)
    assert (status.chain_id, status.authority) == (CHAIN_ID, ADA.address)
    assert (status.block_hash, status.app_hash) == (block.block_hash, block.app_hash)
    assert (status.time_ns, status.epoch) == (block.time_ns, block.epoch)
    assert status.mempool_tx_count == 0


async def test_cosmos_clients_find_the_node_and_its_blocks(client: Client) -> None:
    (tx_hash,) = await pay(client)
    info = await client.call(
        f"{NODE}/GetNodeInfo", tendermint_pb2.GetNodeInfoRequest(), tendermint_pb2.GetNodeInfoResponse
    )
    assert info.default_node_info.network == CHAIN_ID
    latest = await client.call(
        f"{NODE}/GetLatestBlock",
        tendermint_pb2.GetLatestBlockRequest(),
        tendermint_pb2.GetLatestBlockResponse,
    )
    height = latest.sdk_block.header.height
    before = await client.call(
        f"{NODE}/GetBlockByHeight",
        tendermint_pb2.GetBlockByHeightRequest(height=height - 1),
        tendermint_pb2.GetBlockByHeightResponse,
    )
    assert latest.sdk_block.header.last_block_id.hash == before.block_id.hash
    assert latest.sdk_block.header.app_hash == (await client.block(height - 1)).app_hash
    assert [compute_tx_hash(tx) for tx in latest.block.data.txs] == [tx_hash]
    missing = client.call(
        f"{NODE}/GetBlockByHeight",
        tendermint_pb2.GetBlockByHeightRequest(height=height + 1),
        tendermint_pb2.GetBlockByHeightResponse,
    )
    assert (await refusal(missing))[0] == grpc.StatusCode.NOT_FOUND


async def test_cosmos_clients_find_the_validators(client: Client) -> None:
    found = await client.call(
        f"{NODE}/GetLatestValidatorSet",
        tendermint_pb2.GetLatestValidatorSetRequest(),
        tendermint_pb2.GetLatestValidatorSetResponse,
    )
    assert [(entry.pub_key.type_url, entry.voting_power) for entry in found.validators] == [
        ("/cosmos.crypto.ed25519.PubKey", 7)
    ]
    assert found.validators[0].address.startswith("meshvalcons1")
    assert found.block_height == (await client.status()).height


async def test_health_and_reflection_know_every_service(client: Client) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(client.channel)
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    async for answer in stub.ServerReflectionInfo(iter([asked])):
        names = {service.name for service in answer.list_services_response.service}
    assert {"chain.v1.Query", "chain.v1.EventStream", "cosmos.tx.v1beta1.Service"} <= names
    for name in ("", *(name for name in names if not name.startswith("grpc."))):
        health = await client.call(
            "/grpc.health.v1.Health/Check",
            health_pb2.HealthCheckRequest(service=name),
            health_pb2.HealthCheckResponse,
        )
        assert health.status == health_pb2.HealthCheckResponse.SERVING


async def test_the_supply_is_told(client: Client) -> None:
    assert await client.balance(ADA.address) + await client.balance(BOB.address) == 2 * RICH


async def test_health_and_metrics_over_http(daemon: Daemon, client: Client) -> None:
    await pay(client)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{daemon.ports['http']}") as http:
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/readyz")).text == "ok\n"
        metrics = (await http.get("/metrics")).text
        assert f"meshkeeper_chain_height {(await client.status()).height}.0" in metrics
        assert 'meshkeeper_chain_txs_total{reason=""}' in metrics
        assert (await http.post("/blocks")).status_code == 404


def test_a_port_in_use_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for option in ("--grpc-port", "--http-port"):
            daemon = Daemon(tmp_path / option, options=(option, str(port)))
            daemon.launch()
            assert daemon.wait() == 1
            assert f"cannot listen on 127.0.0.1:{port}" in daemon.log
            assert "Traceback" not in daemon.log


async def test_blocks_by_hand(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, options=("--block-mode", "manual"))
    daemon.start()
    async with (
        Client(daemon) as client,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{daemon.ports['http']}") as http,
    ):
        tx_hash = (await client.broadcast(payment(0))).tx_response.txhash
        assert ((await client.status()).height, (await client.status()).mempool_tx_count) == (0, 1)
        made = (await http.post("/blocks?count=3")).json()
        assert made == {"height": 3, "app_hash": (await client.status()).app_hash.hex()}
        assert (await client.find_tx(tx_hash)).tx_response.height == 1
        for count in ("0", "x", "-1", "10001", "9" * 5000):
            assert (await http.post(f"/blocks?count={count}")).status_code == 400
        assert (await client.status()).height == 3
    assert daemon.stop() == 0


@pytest.mark.parametrize("mode", [("--block-mode", "manual"), ("--block-time-s", "0.2")])
async def test_a_block_that_cannot_be_written_ends_the_process_whoever_asked_for_it(
    mode: tuple[str, ...], tmp_path: Path
) -> None:
    daemon = Daemon(tmp_path, options=mode)
    daemon.start()
    with sqlite3.connect(tmp_path / "chain.db") as connection:
        connection.execute("DROP TABLE events")
    if "manual" in mode:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{daemon.ports['http']}") as http:
            assert (await http.post("/blocks")).status_code == 500
    assert daemon.wait() == 1
    assert "the database did not take the block: no such table: events" in daemon.log
