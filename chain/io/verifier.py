"""Verifies signatures on all processors: the library leaves Python's lock while it computes."""

import asyncio
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from chain.auth.signatures import verify_signature
from chain.auth.types import Signed

FEWEST = 32
"""Fewer are not worth waking threads for."""


class Verifier:
    """Threads that verify, one for each processor."""

    def __init__(self, lanes: int | None = None) -> None:
        self._lanes = lanes or os.cpu_count() or 1
        self._threads = ThreadPoolExecutor(self._lanes, thread_name_prefix="verifier")

    async def verify(self, signatures: Sequence[Signed]) -> list[Signed]:
        """Those that are good; none when there are too few to be worth it."""
        if self._lanes < 2 or len(signatures) < FEWEST:
            return []
        loop = asyncio.get_running_loop()
        parts = [signatures[lane :: self._lanes] for lane in range(self._lanes)]
        found = await asyncio.gather(
            *(loop.run_in_executor(self._threads, _verify_all, part) for part in parts)
        )
        return [signed for part in found for signed in part]

    def close(self) -> None:
        """Ends the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _verify_all(signatures: Sequence[Signed]) -> list[Signed]:
    return [
        signed
        for signed in signatures
        if verify_signature(signed.key_type, signed.public_key, signed.message, signed.signature)
    ]
