"""Mining through every interruption: the broker has exactly what was mined, each nonce once.

The broker's side applies the broker's own law to what arrives. What should be there is computed again from
the model: every nonce of a node's share below its `next_nonce` whose distance counts, no other.
"""

import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest

from broker.events import PocBatchReported
from broker.facts import ExactDecimal, PocParams
from broker.facts import PocStage as BrokerStage
from broker.poc import Assignment, Mining, compute_callback_token, take_report
from broker.v1 import callback_pb2, callback_pb2_grpc
from mlnode.io.made_gguf import write_tiny_gguf
from mlnode.v1 import control_pb2 as pb
from tests.mlnode.system.commanding import KEY, TOKEN, Broker
from tests.mlnode.system.nodes import Node, http, launch, wait_until
from tests.mlnode.system.recount import Recount

MODEL = "mine.gguf"
SECRET = b"the broker's"
TARGET = 1_400_000
STAGE = pb.PocStage(poc_start_block_height=10, block_hash=b"m" * 32, r_target_micro=TARGET)
PARAMS = PocParams(200, TARGET, 80_000, ExactDecimal(5, -4), ExactDecimal(1, -7), 16, 8, 64, 50)
FATES = ("taken", "request lost", "answer lost", "taken twice", "answer late", "taken")


class Callback(callback_pb2_grpc.NodeCallbackServicer):
    """A broker behind a bad line: requests and answers are lost, doubled and late, in turn."""

    def __init__(self, *nodes: str, bad_line: bool = False) -> None:
        shares = {id: Assignment(id, rank, len(nodes), "m", MODEL) for rank, id in enumerate(nodes)}
        self.mining = Mining(BrokerStage(1, 10, STAGE.block_hash, PARAMS), shares)
        self.shares = shares
        self.calls = 0
        self._bad_line = bad_line
        self._lock = threading.Lock()
        self._server: grpc.Server | None = None
        self._port = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    def open(self) -> None:
        self._server = grpc.server(ThreadPoolExecutor(4), options=(("grpc.so_reuseport", 0),))
        callback_pb2_grpc.add_NodeCallbackServicer_to_server(self, self._server)
        self._port = self._server.add_insecure_port(f"127.0.0.1:{self._port}")
        self._server.start()

    def close(self) -> None:
        if self._server is not None:
            self._server.stop(0).wait()
            self._server = None

    def ReportPocBatch(self, request: Any, context: Any) -> Any:
        token = dict(context.invocation_metadata())["authorization"].removeprefix("Bearer ")
        with self._lock:
            fate = FATES[self.calls % len(FATES)] if self._bad_line else "taken"
            self.calls += 1
            accepted = 0 if fate == "request lost" else self._take(token, request)
            if fate == "taken twice":
                assert self._take(token, request) == 0
        if fate == "answer late":
            time.sleep(0.5)
        if fate.endswith("lost"):
            context.abort(grpc.StatusCode.UNAVAILABLE, "the line is bad")
        return callback_pb2.ReportPocBatchResponse(accepted_count=accepted)

    def _take(self, token: str, request: Any) -> int:
        report = PocBatchReported(
            1,
            token,
            request.node_id,
            request.poc_start_block_height,
            request.block_hash,
            request.public_key,
            tuple(request.nonces),
            tuple(request.dist_micro),
            request.next_nonce,
        )
        return take_report(self.mining, report, KEY, SECRET, 11, 100, True)[0]

    def counted(self, node_id: str) -> list[tuple[int, int]]:
        """What the broker would send to the chain for a node, in order."""
        with self._lock:
            batches = [batch for batch in self.mining.batches.values() if batch.node_id == node_id]
        return sorted(pair for batch in batches for pair in zip(batch.nonces, batch.dist_micro, strict=True))

    def mine_with(self, broker: Broker, node_id: str) -> None:
        """Order what is left of the node's share, as far as the broker knows."""
        share = self.shares[node_id]
        broker.mine(
            self.address,
            stage=STAGE,
            model=MODEL,
            node_id=node_id,
            node_rank=share.rank,
            node_count=share.count,
            first_nonce=share.next_nonce,
            callback_token=compute_callback_token(SECRET, 10, node_id),
            max_batch_nonces=50,
        )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models that mine some hundred nonces a second."""
    folder = tmp_path_factory.mktemp("mined")
    write_tiny_gguf(folder / MODEL, seed=11, layers=3, dim=192, name="mine")
    write_tiny_gguf(folder / "b.gguf", seed=1, name="b")
    return folder


@pytest.fixture(scope="module")
def recount(folder: Path) -> Iterator[Recount]:
    recount = Recount(folder / MODEL, STAGE.block_hash, KEY)
    yield recount
    recount.close()


@pytest.fixture
def start(folder: Path, tmp_path: Path) -> Iterator[Callable[[], Broker]]:
    """Nodes with a cache of profiles of their own, under a broker's command."""
    nodes: list[Node] = []

    def start() -> Broker:
        home = tmp_path / f"home{len(nodes)}"
        home.mkdir()
        cache = str(tmp_path / "cache")
        flags = ("--managed", "--control-token", TOKEN, "--cache-dir", cache, "--vram-budget-mb", "400")
        nodes.append(launch(home, folder, *flags))
        return Broker(nodes[-1])

    yield start
    for node in nodes:
        node.clean_up()


@pytest.fixture
def open_callback() -> Iterator[Callable[..., Callback]]:
    opened: list[Callback] = []

    def make(*nodes: str, bad_line: bool = False) -> Callback:
        opened.append(Callback(*nodes, bad_line=bad_line))
        opened[-1].open()
        return opened[-1]

    yield make
    for callback in opened:
        callback.close()


def wait_for_more(callback: Callback, node_id: str = "n", count: int = 20) -> None:
    before = len(callback.counted(node_id))
    wait_until(lambda: len(callback.counted(node_id)) >= before + count, f"{count} more nonces", 60)


def wait_for_delivery(node: Node) -> None:
    """Nothing that was found is left with the node."""

    def is_over() -> bool:
        text = http.get(f"{node.url}/metrics").text
        counts = re.findall(r"^\w*poc_nonces_(?:found|delivered)\S* (\S+)$", text, re.MULTILINE)
        log = node.log()
        ended = log.count("mining began") == log.count("mining finished")
        return ended and len(counts) == 2 and counts[0] == counts[1]

    wait_until(is_over, "the delivery of everything found", 60)


def assert_exact(callback: Callback, recount: Recount, node_id: str = "n") -> None:
    """Delivered and counted once is what was mined: no gap, no repetition, nothing else."""
    share, counted = callback.shares[node_id], callback.counted(node_id)
    truth = recount.distances(share.next_nonce)
    mine = range(share.rank, share.next_nonce, share.count)
    assert counted == [(nonce, truth[nonce]) for nonce in mine if truth[nonce] < TARGET] != []


def test_a_bad_line_and_a_broker_that_is_away_lose_and_double_nothing(
    start: Callable[[], Broker], open_callback: Callable[..., Callback], recount: Recount
) -> None:
    broker, callback = start(), open_callback("n", bad_line=True)
    callback.mine_with(broker, "n")
    wait_for_more(callback)
    callback.close()
    found = broker.state().nonces_found
    wait_until(lambda: broker.state().nonces_found > found, "more nonces while the broker is away", 60)
    callback.open()
    wait_for_more(callback)
    broker.get_ready_to_validate(STAGE)
    wait_for_delivery(broker.node)
    assert_exact(callback, recount)
    assert callback.calls > len(FATES)


def test_a_worker_killed_while_it_mines_leaves_no_gap(
    start: Callable[[], Broker], open_callback: Callable[..., Callback], recount: Recount
) -> None:
    broker, callback = start(), open_callback("n", bad_line=True)
    callback.mine_with(broker, "n")
    for _ in range(2):
        wait_for_more(callback)
        (pid,) = broker.node.worker_pids()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda pid=pid: broker.node.instance(MODEL)["pid"] not in (None, pid), "another worker")
    wait_for_more(callback)
    broker.get_ready_to_validate(STAGE)
    wait_until(lambda: broker.state().nonces_found == broker.state().nonces_delivered > 0, "the rest", 60)
    assert_exact(callback, recount)


def test_a_node_killed_while_it_mines_goes_on_where_the_broker_knows(
    start: Callable[[], Broker], open_callback: Callable[..., Callback], recount: Recount
) -> None:
    callback = open_callback("n", bad_line=True)
    for _ in range(2):
        broker = start()
        callback.mine_with(broker, "n")
        wait_for_more(callback)
        broker.node.process.kill()
        broker.node.process.wait()
    broker = start()
    callback.mine_with(broker, "n")
    wait_for_more(callback)
    broker.stop()
    wait_for_delivery(broker.node)
    assert_exact(callback, recount)


def test_every_other_command_is_obeyed_in_the_middle_and_mining_goes_on_afterwards(
    start: Callable[[], Broker], open_callback: Callable[..., Callback], recount: Recount
) -> None:
    """Told to stop, to serve and to validate while it mines, and while it computes the model's profile."""
    broker, callback = start(), open_callback("n")

    def serve(model: str) -> None:
        broker.up(model)
        wait_until(lambda: broker.node.complete(model).status_code == 200, "an answer")

    def validate() -> None:
        broker.get_ready_to_validate(STAGE)
        assert broker.validate([1], [1], stage=STAGE, model=MODEL).n_invalid == 1

    interruptions: list[Callable[[], object]] = [
        broker.stop,
        lambda: serve(MODEL),
        lambda: serve("b.gguf"),
        validate,
        lambda: broker.stub.Stop(pb.StopRequest(generation=broker.state().generation + 1), timeout=10),
    ]
    for interrupt in interruptions:
        callback.mine_with(broker, "n")
        wait_until(lambda: "mining began" in broker.node.log(), "the order at the worker")
        interrupt()
        broker.generation = broker.state().generation
    for interrupt in interruptions:
        callback.mine_with(broker, "n")
        wait_for_more(callback, count=10)
        interrupt()
        broker.generation = broker.state().generation
        wait_for_delivery(broker.node)
    assert_exact(callback, recount)


def test_three_nodes_of_a_participant_mine_side_by_side_without_a_common_nonce(
    start: Callable[[], Broker], open_callback: Callable[..., Callback], recount: Recount
) -> None:
    ids = ("x", "y", "z")
    callback, brokers = open_callback(*ids, bad_line=True), {id: start() for id in ids}
    for id, broker in brokers.items():
        callback.mine_with(broker, id)
    for id in ids:
        wait_for_more(callback, id, 20)
    for broker in brokers.values():
        broker.stop()
        wait_for_delivery(broker.node)
    for rank, id in enumerate(ids):
        assert all(nonce % 3 == rank for nonce, _ in callback.counted(id))
        assert_exact(callback, recount, id)
    every = [nonce for id in ids for nonce, _ in callback.counted(id)]
    assert len(every) == len(set(every)) == len(callback.mining.taken)
