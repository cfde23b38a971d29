"""A real chain process for tests: laid out, started, asked, killed."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

import grpc

from chain.bank.types import Coin, MsgSend
from chain.cosmos import auth_pb2, bank_pb2, tx_service_pb2
from chain.genesis import GenesisState
from chain.io.genesis_file import GENESIS_FILE, write_genesis
from chain.v1 import events_pb2
from tests.chain.kit import CHAIN_ID, Signer, build_genesis, build_tx
from tests.forks import FORKS, run_command

START_TIMEOUT_S = 60
ADA, BOB = Signer("ada"), Signer("bob")


@dataclass
class Daemon:
    """One home, and the process that runs it now and then."""

    home: Path
    genesis: GenesisState | None = field(default_factory=lambda: build_genesis(ADA, BOB))
    """Laid out in the home; None when there is a chain already."""
    options: tuple[str, ...] = ("--block-mode", "instant")
    program: Callable[[list[str], dict[str, str], Path], None] = run_command
    """What a process runs: this version of the program, or another one."""
    process: BaseProcess | None = None
    ports: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.genesis is not None:
            write_genesis(self.home / GENESIS_FILE, self.genesis)

    @property
    def address(self) -> str:
        """host:port for clients."""
        return f"127.0.0.1:{self.ports['grpc']}"

    @property
    def log(self) -> str:
        """All that the processes said."""
        return (self.home / "log").read_text()

    def launch(self, **environment: str) -> None:
        """Start a process, without waiting for it."""
        arguments = [
            "chain",
            "start",
            "--home",
            str(self.home),
            "--grpc-port",
            "0",
            "--http-port",
            "0",
            *self.options,
        ]
        self.process = FORKS.Process(
            target=self.program, args=(arguments, environment, self.home / "log"), daemon=True
        )
        self.process.start()

    def start(self, **environment: str) -> None:
        """Start a process and wait until it is ready."""
        self.launch(**environment)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._is_ready():
            assert self.process is not None
            assert self.process.is_alive(), self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.02)

    def kill(self) -> None:
        """End the process at once."""
        assert self.process is not None
        self.process.kill()
        self.process.join()

    def stop(self) -> int:
        """End the process as an operator does; its exit status."""
        assert self.process is not None
        self.process.terminate()
        return self.wait()

    def wait(self) -> int:
        """Until the process has ended; its exit status, negative for a signal."""
        assert self.process is not None
        self.process.join(START_TIMEOUT_S)
        assert self.process.exitcode is not None, self.log
        return self.process.exitcode

    def close(self) -> None:
        """Leave no process behind."""
        if self.process is not None and self.process.is_alive():
            self.kill()

    def _is_ready(self) -> bool:
        try:
            document = json.loads((self.home / "ready.json").read_text())
        except FileNotFoundError:
            return False
        assert self.process is not None
        self.ports = document["ports"]
        return document["pid"] == self.process.pid


class Client:
    """A client of a running chain, over gRPC."""

    def __init__(self, daemon: Daemon) -> None:
        self.channel = grpc.aio.insecure_channel(daemon.address)

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.channel.close()

    def call(self, path: str, request: object, answer: type, **options: object) -> grpc.aio.UnaryUnaryCall:
        """Call a method by its path."""
        method = self.channel.unary_unary(
            path, request_serializer=lambda m: m.SerializeToString(), response_deserializer=answer.FromString
        )
        return method(request, timeout=10, **options)

    async def status(self) -> events_pb2.ChainStatus:
        """How the chain stands."""
        path = "/chain.v1.EventStream/GetStatus"
        return await self.call(path, events_pb2.GetStatusRequest(), events_pb2.ChainStatus)

    async def block(self, height: int) -> events_pb2.BlockSummary:
        """One block."""
        request = events_pb2.GetBlockRequest(height=height)
        return await self.call("/chain.v1.EventStream/GetBlock", request, events_pb2.BlockSummary)

    def follow(self, from_height: int) -> grpc.aio.UnaryStreamCall:
        """The stream of blocks."""
        method = self.channel.unary_stream(
            "/chain.v1.EventStream/Subscribe",
            request_serializer=events_pb2.SubscribeRequest.SerializeToString,
            response_deserializer=events_pb2.BlockSummary.FromString,
        )
        return method(events_pb2.SubscribeRequest(from_height=from_height))

    async def account(self, address: str) -> auth_pb2.BaseAccount:
        """An account."""
        path = "/cosmos.auth.v1beta1.Query/Account"
        request = auth_pb2.QueryAccountRequest(address=address)
        answer = await self.call(path, request, auth_pb2.QueryAccountResponse)
        return auth_pb2.BaseAccount.FromString(answer.account.value)

    async def balance(self, address: str) -> int:
        """Coins of an account."""
        request = bank_pb2.QueryBalanceRequest(address=address, denom="umesh")
        path = "/cosmos.bank.v1beta1.Query/Balance"
        return int((await self.call(path, request, bank_pb2.QueryBalanceResponse)).balance.amount)

    async def broadcast(self, tx: bytes) -> tx_service_pb2.BroadcastTxResponse:
        """Hand a transaction in."""
        request = tx_service_pb2.BroadcastTxRequest(tx_bytes=tx, mode=tx_service_pb2.BROADCAST_MODE_SYNC)
        path = "/cosmos.tx.v1beta1.Service/BroadcastTx"
        return await self.call(path, request, tx_service_pb2.BroadcastTxResponse)

    async def find_tx(self, tx_hash: str) -> tx_service_pb2.GetTxResponse:
        """A committed transaction."""
        request = tx_service_pb2.GetTxRequest(hash=tx_hash)
        return await self.call("/cosmos.tx.v1beta1.Service/GetTx", request, tx_service_pb2.GetTxResponse)

    async def wait_tx(self, tx_hash: str) -> tx_service_pb2.GetTxResponse:
        """A transaction, as soon as it is in a block."""
        deadline = time.monotonic() + 10
        while True:
            try:
                return await self.find_tx(tx_hash)
            except grpc.aio.AioRpcError as error:
                if error.code() != grpc.StatusCode.NOT_FOUND:
                    raise
                assert time.monotonic() < deadline, f"{tx_hash} is in no block"
                await asyncio.sleep(0.01)


def payment(
    sequence: int, amount: int = 1, sender: Signer = ADA, number: int | None = None, **options: object
) -> bytes:
    """A signed transfer from ada to bob."""
    addresses = sorted((ADA.address, BOB.address))
    number = addresses.index(sender.address) if number is None else number
    receiver = BOB if sender is ADA else ADA
    message = MsgSend(sender.address, receiver.address, (Coin("umesh", str(amount)),))
    return build_tx([(sender, number, sequence)], message, chain_id=CHAIN_ID, **options)
