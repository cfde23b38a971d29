"""The newest output of a model's workers."""

import asyncio

from mlnode.io.tail import Tail


def test_only_the_newest_bytes_are_kept() -> None:
    tail = Tail(10)
    for word in (b"one ", b"two ", b"three ", b"four"):
        tail.append(word)
    assert tail.read() == b"three four"
    assert tail.read(4) == b"four"
    tail.append(b"x" * 100)
    assert tail.read() == b"x" * 10


async def test_who_follows_gets_what_is_kept_and_then_what_comes() -> None:
    tail = Tail(10)
    tail.append(b"before the beginning")
    pieces = tail.follow()
    assert await anext(pieces) == b" beginning"
    coming = asyncio.ensure_future(anext(pieces))
    await asyncio.sleep(0)
    tail.append(b"new")
    assert await coming == b"new"
    await pieces.aclose()


async def test_a_slow_reader_misses_the_oldest_and_nothing_else() -> None:
    tail = Tail(4)
    pieces = tail.follow()
    tail.append(b"ab")
    assert await anext(pieces) == b"ab"
    tail.append(b"cdefgh")
    assert await anext(pieces) == b"efgh"
    await pieces.aclose()
