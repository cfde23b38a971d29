"""The nodes' client against a real node."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from broker import actions, events
from broker.facts import ExactDecimal, PocParams, PocStage
from broker.io.callback import CallbackServer
from broker.io.mlnode import Nodes
from broker.nodes import Mode, PocStatus
from mlnode.io.made_gguf import write_tiny_gguf
from tests.daemon import Daemon

PARAMS = PocParams(16, 1_270_000, 60_000, ExactDecimal(1, -2), ExactDecimal(1, -7), 16, 8, 64, 100)
STAGE = PocStage(1, 30, b"h" * 32, PARAMS)
KEY = b"\x02" + bytes(32)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    base = tmp_path_factory.mktemp("node")
    (base / "models").mkdir()
    write_tiny_gguf(base / "models" / "tiny.gguf", seed=1)
    flags = ["--port", "0", "--control-port", "0", "--threads", "1", "--ctx-size", "512"]
    serve = ["mlnode", "serve", "--managed", "--models-dir", str(base / "models"), *flags]
    daemon = Daemon("node", base / "home", serve)
    daemon.start()
    yield daemon
    daemon.end()


class Inbox:
    """What the client posts, to be awaited."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[events.Event] = asyncio.Queue()

    def post(self, event: events.Event) -> None:
        self.queue.put_nowait(event)

    async def next(self) -> events.Event:
        async with asyncio.timeout(30):
            return await self.queue.get()


def play(
    node: Daemon, run: Callable[[Nodes, Inbox], Awaitable[None]], callback_address: str = "127.0.0.1:1"
) -> None:
    async def main() -> None:
        inbox = Inbox()
        nodes = Nodes(inbox.post, callback_address)
        nodes.perform(actions.ConnectNode("n1", "127.0.0.1", node.ports["control"]))
        try:
            await run(nodes, inbox)
        finally:
            await nodes.close()

    asyncio.run(main())


async def poll_until(
    nodes: Nodes, inbox: Inbox, condition: Callable[[events.NodeObserved], bool]
) -> events.NodeObserved:
    async with asyncio.timeout(30):
        while True:
            nodes.perform(actions.PollNode("n1"))
            event = await inbox.next()
            if isinstance(event, events.NodeObserved) and condition(event):
                return event
            await asyncio.sleep(0.05)


def test_a_node_says_what_it_is_and_does_as_told(node: Daemon) -> None:
    async def run(nodes: Nodes, inbox: Inbox) -> None:
        nodes.perform(actions.InferenceUp("n1", 10, "tiny.gguf", "served", ("--ctx-size", "256")))
        done = await inbox.next()
        assert isinstance(done, events.CommandDone)
        assert (done.generation, done.observation.mode) == (10, Mode.INFERENCE)
        seen = await poll_until(nodes, inbox, lambda event: not event.observation.loading)
        assert seen.observation.http_port == node.ports["http"]
        assert [file.id for file in seen.observation.models] == ["tiny.gguf"]
        nodes.perform(actions.StopNode("n1", 11))
        stopped = await inbox.next()
        assert isinstance(stopped, events.CommandDone)
        assert stopped.observation.mode == Mode.STOPPED

    play(node, run)


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (actions.StopNode("n1", 1), "STALE"),
        (actions.InferenceUp("n1", 20, "missing.gguf", "", ()), "MODEL_UNKNOWN"),
        (actions.InferenceUp("n1", 21, "tiny.gguf", "", ("--bogus", "1")), "ARGUMENT"),
    ],
)
def test_a_refusal_of_the_node_keeps_its_reason(
    node: Daemon, action: actions.NodeAction, reason: str
) -> None:
    async def run(nodes: Nodes, inbox: Inbox) -> None:
        nodes.perform(actions.StopNode("n1", 19))
        await inbox.next()
        nodes.perform(action)
        failed = await inbox.next()
        assert isinstance(failed, events.CommandFailed)
        assert reason in failed.reason
        assert failed.detail

    play(node, run)


def test_a_node_that_is_not_there_is_unreachable_and_its_commands_fail(node: Daemon) -> None:
    async def run(nodes: Nodes, inbox: Inbox) -> None:
        nodes.perform(actions.ConnectNode("gone", "127.0.0.1", 1))
        nodes.perform(actions.PollNode("gone"))
        unreachable = await inbox.next()
        assert isinstance(unreachable, events.NodeUnreachable)
        nodes.perform(actions.StopNode("gone", 5))
        failed = await inbox.next()
        assert isinstance(failed, events.CommandFailed)
        assert (failed.generation, failed.reason) == (5, "UNAVAILABLE")

    play(node, run)


def test_a_newer_command_silences_an_older_one(node: Daemon) -> None:
    async def run(nodes: Nodes, inbox: Inbox) -> None:
        nodes.perform(actions.InferenceUp("n1", 30, "tiny.gguf", "", ()))
        nodes.perform(actions.StopNode("n1", 31))
        done = await inbox.next()
        assert isinstance(done, events.CommandDone)
        assert done.generation == 31
        await poll_until(nodes, inbox, lambda event: event.observation.mode == Mode.STOPPED)

    play(node, run)


def test_a_forgotten_node_says_nothing_more(node: Daemon) -> None:
    async def run(nodes: Nodes, inbox: Inbox) -> None:
        nodes.perform(actions.PollNode("n1"))
        nodes.perform(actions.ForgetNode("n1"))
        nodes.perform(actions.StopNode("n1", 40))
        failed = await inbox.next()
        assert isinstance(failed, events.CommandFailed)
        assert failed.reason == "NOT_CONNECTED"
        assert inbox.queue.empty()

    play(node, run)


def test_nonces_are_mined_reported_and_found_right_again(node: Daemon) -> None:
    async def main() -> None:
        inbox = Inbox()
        reports: asyncio.Queue[events.PocBatchReported] = asyncio.Queue()

        async def take(make_event: Callable[[int], events.Event]) -> object:
            event = make_event(1)
            assert isinstance(event, events.PocBatchReported)
            reports.put_nowait(event)
            return len(event.nonces)

        server = CallbackServer(take, "127.0.0.1", 0)
        nodes = Nodes(inbox.post, f"127.0.0.1:{await server.start()}")
        nodes.perform(actions.ConnectNode("n1", "127.0.0.1", node.ports["control"]))
        try:
            nodes.perform(actions.StartPocGenerate("n1", 50, STAGE, "tiny.gguf", KEY, 1, 2, "secret", 0))
            assert isinstance(await inbox.next(), events.CommandDone)
            async with asyncio.timeout(60):
                report = await reports.get()
                while not report.nonces:
                    report = await reports.get()
            assert (report.token, report.node_id, report.start_height) == ("secret", "n1", 30)
            assert {nonce % 2 for nonce in report.nonces} == {1}
            nodes.perform(actions.StartPocValidate("n1", 51, STAGE))
            done = await inbox.next()
            assert isinstance(done, events.CommandDone)
            assert done.observation.poc_status == PocStatus.VALIDATING
            await check(nodes, inbox, report.nonces[:4], report.dist_micro[:4], fraud=False)
            await check(nodes, inbox, report.nonces[:4], (1,) * len(report.nonces[:4]), fraud=True)
        finally:
            await nodes.close()
            await server.stop(1)

    asyncio.run(main())


async def check(
    nodes: Nodes, inbox: Inbox, nonces: tuple[int, ...], claimed: tuple[int, ...], fraud: bool
) -> None:
    nodes.perform(actions.ValidateNonces("job", "n1", STAGE, "tiny.gguf", KEY, nonces, claimed))
    async with asyncio.timeout(60):
        event = await inbox.queue.get()
    assert isinstance(event, events.NoncesValidated)
    assert event.n_invalid == (len(nonces) if fraud else 0)
    assert len(event.dist_micro) == len(nonces)
