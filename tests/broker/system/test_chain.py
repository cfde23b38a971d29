"""The chain's client against a real chain that is killed and comes back."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path

import httpx
import pytest

from broker import actions, events
from broker.errors import ChainUnknown
from broker.facts import ChainNode, HardwareStatus, NodesDiff
from broker.io.chain import Chain
from broker.io.keys import AccountKey
from chain.v1.tx_pb2 import MsgSubmitNewParticipant
from tests.network import FILE, MODEL, Network

WITHIN_S = 60


class Inbox:
    """What the client posts."""

    def __init__(self) -> None:
        self.events: list[events.Event] = []
        self._news = asyncio.Event()

    def post(self, event: events.Event) -> None:
        self.events.append(event)
        self._news.set()

    async def find(self, kind: type[events.Event], count: int = 1) -> events.Event:
        """The count-th event of a kind."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                found = [event for event in self.events if isinstance(event, kind)]
                if len(found) >= count:
                    return found[count - 1]
                self._news.clear()
                await self._news.wait()


@pytest.fixture
def network(tmp_path: Path) -> Network:
    """A chain without brokers and nodes; blocks are made by the tests."""
    network = Network(tmp_path, {"ada": []})
    network.init_chain()
    return network


async def make_blocks(network: Network, count: int = 1) -> None:
    async with httpx.AsyncClient() as client:
        url = f"http://127.0.0.1:{network.chain.ports['http']}/blocks?count={count}"
        (await client.post(url, timeout=20)).raise_for_status()


def test_blocks_come_in_order_and_each_once_although_the_chain_is_killed(network: Network) -> None:
    async def main() -> None:
        inbox = Inbox()
        chain = Chain(network.chain_address, load_key(network), inbox.post)
        await chain.connect()
        following = asyncio.create_task(chain.run())
        await make_blocks(network)
        await inbox.find(events.BlockCommitted)  # who begins to follow is told the newest block only
        await make_blocks(network, 2)
        await inbox.find(events.BlockCommitted, 3)
        port = network.chain.ports["grpc"]
        network.chain.kill()
        await inbox.find(events.ChainLost)
        assert not chain.is_following
        network.chain.arguments += ["--grpc-port", str(port)]
        await asyncio.to_thread(network.chain.start)
        await make_blocks(network, 2)
        await inbox.find(events.BlockCommitted, 5)
        heights = [event.block.height for event in inbox.events if isinstance(event, events.BlockCommitted)]
        assert heights == [1, 2, 3, 4, 5]
        assert chain.is_following
        following.cancel()
        await chain.close()

    run(network, main)


def test_transactions_and_queries_are_answered_with_events(network: Network) -> None:
    async def main() -> None:
        inbox = Inbox()
        key = load_key(network)
        chain = Chain(network.chain_address, key, inbox.post)
        await chain.connect()
        following = asyncio.create_task(chain.run())
        await make_blocks(network)
        await inbox.find(events.BlockCommitted)
        registered = await chain.sender.hand_in(MsgSubmitNewParticipant(creator=key.address, url="http://x"))
        await make_blocks(network)
        assert await registered.committed == 2
        node = ChainNode("n1", HardwareStatus.INFERENCE, (FILE,), (), "127.0.0.1", "1")
        chain.perform(actions.SubmitHardwareDiff("good", NodesDiff((node,))))
        bad = ChainNode("n2", HardwareStatus.INFERENCE, ("no-such-model",), (), "127.0.0.1", "1")
        chain.perform(actions.SubmitHardwareDiff("bad", NodesDiff((bad,))))
        async with asyncio.timeout(WITHIN_S):
            while network.status().mempool_tx_count < 2:
                await asyncio.sleep(0.02)
        await make_blocks(network)
        committed, refused = await inbox.find(events.TxCommitted), await inbox.find(events.TxRefused)
        assert committed == events.TxCommitted("good", 3)
        assert isinstance(refused, events.TxRefused)
        assert (refused.key, refused.reason) == ("bad", "ErrInvalidModel")
        chain.perform(actions.QueryHardware())
        hardware = await inbox.find(events.HardwareReceived)
        assert hardware == events.HardwareReceived((node,), 3)
        chain.perform(actions.ResolveModels((FILE, MODEL, "nothing")))
        resolved = await inbox.find(events.ModelsResolved)
        assert isinstance(resolved, events.ModelsResolved)
        assert [one.model_id for one in resolved.resolutions] == [MODEL, MODEL, ""]
        chain.perform(actions.QueryPocStage(99, 1))
        failed = await inbox.find(events.QueryFailed)
        assert isinstance(failed, events.QueryFailed)
        assert failed.query == "QueryPocStage"
        chain.perform(actions.DrawSeed(1))
        drawn = await inbox.find(events.SeedDrawn)
        assert isinstance(drawn, events.SeedDrawn)
        assert 0 <= drawn.seed < 2**63
        assert drawn.signature == key.sign(drawn.seed.to_bytes(8, "big")).hex()
        following.cancel()
        await chain.drain()
        await chain.close()

    run(network, main)


def test_an_account_without_coins_is_told_so(network: Network, tmp_path: Path) -> None:
    async def main() -> None:
        stranger = AccountKey.create(tmp_path / "stranger.json", "stranger")
        chain = Chain(network.chain_address, stranger, Inbox().post)
        with pytest.raises(ChainUnknown, match="send coins to it first"):
            await chain.connect()
        await chain.close()

    run(network, main)


def test_chain_time_goes_on_between_blocks(network: Network) -> None:
    async def main() -> None:
        inbox = Inbox()
        chain = Chain(network.chain_address, load_key(network), inbox.post)
        await chain.connect()
        following = asyncio.create_task(chain.run())
        await make_blocks(network)
        await inbox.find(events.BlockCommitted)
        assert abs(chain.clock.now_ns() - time.time_ns()) < 5 * 10**9
        following.cancel()
        await chain.close()

    run(network, main)


def load_key(network: Network) -> AccountKey:
    return AccountKey.load(network.base / "broker-ada" / "key.json")


def run(network: Network, main: Callable[[], Coroutine[None, None, None]]) -> None:
    network.chain.start()
    try:
        asyncio.run(main())
    finally:
        network.stop()
