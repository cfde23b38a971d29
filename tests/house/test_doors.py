"""Every HTTP door sends small answers at once."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from broker.io.serve import _bind
from chain.io.http import _listen
from mlnode.io.listening import listen
from mlnode.io.settings import Settings


@contextmanager
def open_door(part: str) -> Iterator[socket.socket]:
    if part == "mlnode":
        with listen(Settings(port=0)) as door:
            yield door
    else:
        with closing(_listen("127.0.0.1", 0) if part == "chain" else _bind("127.0.0.1", 0, "port")) as door:
            yield door


@pytest.mark.parametrize("part", ["chain", "broker", "mlnode"])
async def test_what_is_accepted_there_does_not_wait_for_more_to_send(part: str) -> None:
    """With Nagle's delay each answer after the first on a kept connection came 40 ms late."""
    accepted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def look(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken = writer.get_extra_info("socket")
        accepted.set_result(taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    with open_door(part) as door:
        server = await asyncio.start_server(look, sock=door)
        _, writer = await asyncio.open_connection(*door.getsockname()[:2])
        assert await asyncio.wait_for(accepted, 30)
        writer.close()
        server.close()
