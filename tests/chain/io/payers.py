"""Clients of a chain that is killed again and again. They remember what they were told is in a block, and
hand in once more what they do not know the fate of.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field

import grpc

from chain.header import compute_tx_hash
from chain.nodes.types import MsgSubmitNewParticipant
from chain.v1 import events_pb2
from tests.chain.io.daemon import ADA, BOB, Client, payment
from tests.chain.kit import CHAIN_ID, Signer, build_tx

ACCOUNTS = tuple(sorted((ADA.address, BOB.address)))
BURST = 5
"""Transactions handed in before the first one is waited for."""
UNORDERED_TIMEOUT_S = 500
DONE_OR_WAITING = (0, 19, 32, 42)
"""Taken, waiting already, sequence used, timeout used: what a transaction may be answered that is handed in
twice.
"""


@dataclass
class Told:
    """Everything that clients were told, over all lives of the chain."""

    blocks: dict[int, events_pb2.BlockSummary] = field(default_factory=dict)
    committed: dict[str, int] = field(default_factory=dict)
    """Heights of transactions that somebody was told are in a block, by hash."""
    unsure: dict[Signer, list[bytes]] = field(default_factory=dict)
    """Handed in, and nothing heard of since."""
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def follow(self, client: Client) -> None:
        """Take every block from the stream until the chain dies."""
        with suppress(grpc.aio.AioRpcError):
            async for block in client.follow(len(self.blocks) + 1):
                known = self.blocks.setdefault(block.height, block)
                assert known == block, f"block {block.height} was told twice, differently"
                for tx in block.txs:
                    assert tx.code == 0, tx.log
                    self.acknowledge(tx.hash, block.height)
                if block.txs:
                    self.news.set()

    def acknowledge(self, tx_hash: str, height: int) -> None:
        """Remember that a transaction is in a block, and in no other one."""
        known = self.committed.setdefault(tx_hash, height)
        assert known == height, f"transaction {tx_hash} is in block {known} and in block {height}"


async def load(client: Client, signer: Signer, told: Told) -> None:
    """Hand transactions in, burst by burst, until the chain dies; first those of unknown fate."""
    with suppress(grpc.aio.AioRpcError):
        unsure = told.unsure.setdefault(signer, [])
        makers = make_ordered(client, signer) if signer is ADA else make_unordered(client, signer)
        for tx in unsure:
            response = (await client.broadcast(tx)).tx_response
            assert response.code in DONE_OR_WAITING, response.raw_log
        await settle(client, unsure, told)
        async for tx in makers:
            unsure.append(tx)
            response = (await client.broadcast(tx)).tx_response
            assert response.code == 0, response.raw_log
            if len(unsure) >= BURST:
                await settle(client, unsure, told)


async def settle(client: Client, unsure: list[bytes], told: Told) -> None:
    """Wait until each is in a block: whatever the chain has taken gets there while it lives."""
    while unsure:
        tx_hash = compute_tx_hash(unsure[0])
        found = await client.wait_tx(tx_hash)
        told.acknowledge(tx_hash, found.tx_response.height)
        unsure.pop(0)


async def make_ordered(client: Client, signer: Signer) -> AsyncIterator[bytes]:
    """Payments with one sequence after the other."""
    sequence = (await client.account(signer.address)).sequence
    while True:
        yield payment(sequence)
        sequence += 1


async def make_unordered(client: Client, signer: Signer) -> AsyncIterator[bytes]:
    """Registrations under ever new URLs, in no order; from the first block on, which has the time of now."""
    number = ACCOUNTS.index(signer.address)
    while (await client.status()).height == 0:
        await asyncio.sleep(0.01)
    while True:
        timeout_ns = time.time_ns() + UNORDERED_TIMEOUT_S * 10**9
        message = MsgSubmitNewParticipant(signer.address, f"http://{timeout_ns}.example:9000")
        options = {"chain_id": CHAIN_ID, "unordered": True, "timeout_ns": timeout_ns}
        yield build_tx([(signer, number, 0)], message, **options)
