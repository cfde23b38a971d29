"""A running chain changes its law: the old program stops in front of the height, the next one goes on."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import grpc
import pytest

from chain.header import compute_tx_hash
from chain.io.recorded import verify_chain
from chain.upgrades.types import MsgSoftwareUpgrade
from chain.v1 import query_pb2
from tests.chain.io.daemon import ADA, Client, Daemon, payment
from tests.chain.io.next_version import MODEL, NAME, run_next_version
from tests.chain.kit import CHAIN_ID, build_tx
from tests.forks import run_command

HEIGHT = 5


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon(tmp_path)
    yield made
    made.close()


async def send(client: Client, tx: bytes) -> int:
    """The height of the block that the transaction got into."""
    assert (await client.broadcast(tx)).tx_response.code == 0
    found = (await client.wait_tx(compute_tx_hash(tx))).tx_response
    assert found.code == 0, found.raw_log
    return found.height


async def live_up_to_the_height(daemon: Daemon) -> bytes:
    """Plan the upgrade, make every block before it, and hand in one transaction more; the last app hash."""
    message = MsgSoftwareUpgrade(ADA.address, NAME, HEIGHT, "meshkeeper 0.3, from the usual place")
    async with Client(daemon) as client:
        number = (await client.account(ADA.address)).account_number
        assert await send(client, build_tx([(ADA, number, 0)], message, chain_id=CHAIN_ID)) == 1
        for sequence in range(1, HEIGHT - 1):
            assert await send(client, payment(sequence)) == sequence + 1
        app_hash = (await client.status()).app_hash
        with suppress(grpc.aio.AioRpcError):  # it may die before it has answered
            await client.broadcast(payment(HEIGHT - 1))
    return app_hash


async def test_the_old_program_stops_and_the_next_one_goes_on(daemon: Daemon) -> None:
    daemon.start()
    app_hash = await live_up_to_the_height(daemon)
    why = (
        "the upgrade 'v3' begins with block 5 and this version does not bring it; start a version that does "
        "(meshkeeper 0.3, from the usual place): nothing is lost, the chain stands at height 4"
    )
    assert daemon.wait() == 1
    assert daemon.log.rstrip().endswith(why) and "Traceback" not in daemon.log
    daemon.launch()
    assert daemon.wait() == 1 and daemon.log.count(why) == 2
    daemon.program = run_next_version
    daemon.start()
    async with Client(daemon) as client:
        assert (await client.status()).app_hash == app_hash
        assert await send(client, payment(HEIGHT - 1)) == HEIGHT
        block = await client.block(HEIGHT)
        assert [(a.key, a.value) for event in block.events for a in event.attributes][:2] == [
            ("name", NAME),
            ("changed", "1"),
        ]
        model = await client.call(
            "/chain.v1.Query/Model", query_pb2.QueryModelRequest(id=MODEL), query_pb2.QueryModelResponse
        )
        assert model.model.id == MODEL
        request, answer = query_pb2.QueryRoomVersionAllRequest(), query_pb2.QueryRoomVersionAllResponse
        versions = await client.call("/chain.v1.Query/RoomVersionAll", request, answer)
        assert {one.room: one.version for one in versions.versions} == {"models": 2, "nodes": 2}
    assert daemon.stop() == 0
    daemon.program = run_command
    daemon.launch()
    assert daemon.wait() == 1
    assert "has had the upgrade 'v3' since height 5 and this version does not know it" in daemon.log


async def test_a_program_that_comes_too_early_refuses_to_start(daemon: Daemon) -> None:
    daemon.program = run_next_version
    daemon.start()
    assert daemon.stop() == 0
    other = Daemon(daemon.home / "other")
    other.start()
    assert other.stop() == 0
    other.program = run_next_version
    other.launch()
    assert other.wait() == 1
    assert "this version brings the upgrade 'v3', which is not planned" in other.log
    assert "Traceback" not in other.log
    assert verify_chain(f"sqlite:///{other.home / 'chain.db'}", "test")[0] == 0
