"""The one owner of the controller: inbox -> handle -> store -> dispatch.

Events come from any task through `post` and `ask`. One task takes them in order; what a decision stores
is durable before anything that follows from it is sent or answered. The ports perform actions without
making the loop wait, and post what came of them.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol, get_args

import structlog

from broker.actions import Action, Answer, ChainAction, NodeAction, Note, Refuse, StoreAction
from broker.controller import Controller
from broker.errors import ChainUnknown
from broker.events import Event, LeaseReleased
from broker.routing import Lease

_STORES = get_args(StoreAction)
_CHAIN = get_args(ChainAction)
_NODES = get_args(NodeAction)

log = structlog.get_logger("broker")


class ChainPort(Protocol):
    """Performs chain actions; returns at once and posts the outcome later."""

    def perform(self, action: ChainAction) -> None: ...


class NodePort(Protocol):
    """Performs node actions; returns at once and posts the outcome later."""

    def perform(self, action: NodeAction) -> None: ...


class MemoryPort(Protocol):
    """Writes what is to survive; returns when it is durable."""

    def write(self, stores: list[StoreAction]) -> None: ...


class Loop:
    """Owns a controller. `clock` gives seconds that never run backwards."""

    def __init__(self, controller: Controller, memory: MemoryPort, clock: Callable[[], float]) -> None:
        self._controller, self._memory, self._clock = controller, memory, clock
        self._inbox: asyncio.Queue[Event] = asyncio.Queue()
        self._calls: dict[int, asyncio.Future[object]] = {}
        self._last_call_id = 0
        self._chain: ChainPort | None = None
        self._nodes: NodePort | None = None

    def attach(self, chain: ChainPort | None, nodes: NodePort | None) -> None:
        """Say who performs the actions; before that they are dropped."""
        self._chain, self._nodes = chain, nodes

    def post(self, event: Event) -> None:
        """Queue an event; never waits."""
        self._inbox.put_nowait(event)

    async def ask(self, make_event: Callable[[int], Event]) -> object:
        """Queue an event that carries a call id and wait for its answer; a refusal is raised."""
        self._last_call_id += 1
        call_id = self._last_call_id
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._calls[call_id] = future
        self.post(make_event(call_id))
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                self._take_back(future.result())
            raise
        finally:
            self._calls.pop(call_id, None)

    async def run(self) -> None:
        """Take events until cancelled.

        An error in here ends the process: half a decision must not live on.
        """
        try:
            while True:
                await self._take(await self._inbox.get())
        finally:
            for future in self._calls.values():
                if not future.done():
                    future.set_exception(ChainUnknown("the broker is stopping; ask again after its restart"))

    async def _take(self, event: Event) -> None:
        actions = self._controller.handle(event, self._clock())
        stores = [action for action in actions if isinstance(action, _STORES)]
        if stores:
            await asyncio.to_thread(self._memory.write, stores)
        for action in actions:
            if not isinstance(action, _STORES):
                self._dispatch(action)

    def _dispatch(self, action: Action) -> None:
        if isinstance(action, Answer | Refuse):
            self._reply(action)
        elif isinstance(action, Note):
            known = {"node_id": action.node_id} if action.node_id else {}
            getattr(log, action.level)(action.message, **known)
        elif isinstance(action, _CHAIN) and self._chain is not None:
            self._chain.perform(action)
        elif isinstance(action, _NODES) and self._nodes is not None:
            self._nodes.perform(action)

    def _take_back(self, value: object) -> None:
        """Whoever asked is gone: a place on a node that was meant for it is free again."""
        if isinstance(value, Lease):
            self.post(LeaseReleased(value.lease_id))

    def _reply(self, action: Answer | Refuse) -> None:
        future = self._calls.get(action.call_id)
        if future is None or future.done():
            self._take_back(action.value if isinstance(action, Answer) else None)
            return
        if isinstance(action, Answer):
            future.set_result(action.value)
        else:
            future.set_exception(action.error)
