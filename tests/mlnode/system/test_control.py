"""A node under a broker's command, over gRPC; the broker's callback is a real server in this process."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from broker.v1 import callback_pb2, callback_pb2_grpc
from mlnode.v1 import control_pb2 as pb
from mlnode.v1 import control_pb2_grpc
from tests.mlnode.system.commanding import STAGE, TOKEN, Broker, assert_refused
from tests.mlnode.system.nodes import Node, launch, wait_until


@dataclass
class Callback(callback_pb2_grpc.NodeCallbackServicer):
    """A broker's callback: refuses as told, takes the rest."""

    refusals: list[grpc.StatusCode] = field(default_factory=list)
    reports: list[callback_pb2.ReportPocBatchRequest] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    calls: int = 0

    def ReportPocBatch(self, request: Any, context: Any) -> Any:
        self.calls += 1
        self.tokens.add(dict(context.invocation_metadata()).get("authorization", ""))
        if self.refusals:
            context.abort(self.refusals.pop(0), "not now")
        self.reports.append(request)
        return callback_pb2.ReportPocBatchResponse(accepted_count=len(request.nonces))

    def nonces(self) -> list[int]:
        return [nonce for report in self.reports for nonce in report.nonces]


@pytest.fixture
def callback() -> Iterator[tuple[Callback, str]]:
    servicer = Callback()
    server = grpc.server(ThreadPoolExecutor(4))
    callback_pb2_grpc.add_NodeCallbackServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield servicer, f"127.0.0.1:{port}"
    server.stop(0).wait()


@pytest.fixture(scope="module")
def managed_node(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    flags = ("--managed", "--control-token", TOKEN, "--vram-budget-mb", "300", "--vram-margin-mb", "20")
    node = launch(tmp_path_factory.mktemp("managed"), models_dir, *flags)
    yield node
    node.clean_up()


@pytest.fixture
def broker(managed_node: Node) -> Iterator[Broker]:
    broker = Broker(managed_node)
    broker.stop()
    yield broker
    broker.channel.close() if hasattr(broker.channel, "close") else None


class TestCommands:
    def test_a_managed_node_serves_only_when_told(self, broker: Broker) -> None:
        assert broker.state().mode == pb.MODE_STOPPED
        refused = broker.node.complete()
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "node_not_serving")
        broker.up(served_name="org/model")
        wait_until(lambda: not broker.state().loading, "the load")
        assert broker.state().model == "a.gguf"
        assert broker.node.complete("org/model").status_code == 200
        (model,) = (model for model in broker.state().models if model.id == "a.gguf")
        assert model.served_names == ["org/model"]
        assert model.measured_vram_mb > 0
        broker.stop()
        assert broker.node.complete("org/model").status_code == 503

    def test_a_stale_command_changes_nothing(self, broker: Broker) -> None:
        broker.up()
        stale = pb.StopRequest(generation=broker.generation - 1)
        assert_refused(
            grpc.StatusCode.FAILED_PRECONDITION, "STALE_GENERATION", lambda: broker.stub.Stop(stale)
        )
        assert broker.state().mode == pb.MODE_INFERENCE

    def test_arguments_change_how_the_model_is_loaded(self, broker: Broker) -> None:
        broker.up(args=("--parallel", "3", "--ctx-size=128"))
        wait_until(lambda: not broker.state().loading, "the load")
        assert broker.node.instance()["slots"] == 3

    def test_wrong_commands_are_refused_and_leave_the_node_as_it_was(self, broker: Broker) -> None:
        invalid = grpc.StatusCode.INVALID_ARGUMENT
        assert_refused(grpc.StatusCode.NOT_FOUND, "MODEL_UNKNOWN", lambda: broker.up("../x.gguf"))
        assert_refused(invalid, "--rope", lambda: broker.up(args=("--rope", "1")))
        assert_refused(invalid, "--parallel", lambda: broker.up(args=("--parallel", "0")))
        huge = ("--ctx-size", "4000", "--parallel", "64")
        assert_refused(
            grpc.StatusCode.RESOURCE_EXHAUSTED, "MODEL_TOO_LARGE", lambda: broker.up("slow.gguf", args=huge)
        )
        assert_refused(grpc.StatusCode.FAILED_PRECONDITION, "MODEL_BROKEN", lambda: broker.up("broken.gguf"))
        other = pb.PocStage(poc_start_block_height=10, block_hash=b"h", tokens_per_nonce=17)
        assert_refused(invalid, "tokens_per_nonce", lambda: broker.mine("x:1", stage=other))
        assert_refused(invalid, "node_rank", lambda: broker.mine("x:1", node_rank=3))
        assert_refused(invalid, "public_key", lambda: broker.mine("x:1", public_key=b"short"))
        assert_refused(invalid, "callback_token", lambda: broker.mine("x:1", callback_token="a\nb"))
        assert_refused(invalid, "callback_address", lambda: broker.mine(""))
        assert broker.state().mode == pb.MODE_STOPPED

    def test_stop_ends_a_load_under_way(self, broker: Broker) -> None:
        assert broker.up("slow.gguf").loading
        assert broker.stop().mode == pb.MODE_STOPPED
        assert broker.node.state("slow.gguf") == "unloaded"

    def test_without_the_token_nothing_is_obeyed_and_health_is_open(self, managed_node: Node) -> None:
        with grpc.insecure_channel(managed_node.control) as channel:
            stub = control_pb2_grpc.ControlStub(channel)
            assert_refused(
                grpc.StatusCode.UNAUTHENTICATED, "token", lambda: stub.GetState(pb.GetStateRequest())
            )
            health = health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(service="mlnode.v1.Control")
            )
            assert health.status == health_pb2.HealthCheckResponse.SERVING
            ask = reflection_pb2.ServerReflectionRequest(list_services="")
            (answer,) = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([ask]))
            names = [service.name for service in answer.list_services_response.service]
            assert "mlnode.v1.Control" in names


class TestProofOfCompute:
    def is_all_delivered(self, broker: Broker, servicer: Callback) -> bool:
        """The worker stopped, and the broker has as many nonces as were found."""
        state = broker.state()
        idle = "finished" in broker.node.log().rpartition("mining began")[2]
        return idle and state.nonces_found == state.nonces_delivered == len(servicer.nonces())

    def test_mined_nonces_reach_the_broker_and_are_found_valid(
        self, broker: Broker, callback: tuple[Callback, str]
    ) -> None:
        servicer, address = callback
        broker.mine(address)
        wait_until(lambda: len(servicer.nonces()) >= 60, "sixty nonces")
        assert broker.state().poc_status == pb.POC_STATUS_GENERATING
        assert broker.node.complete().status_code == 503

        broker.get_ready_to_validate()
        assert broker.state().poc_status == pb.POC_STATUS_VALIDATING
        wait_until(lambda: self.is_all_delivered(broker, servicer), "the delivery of the rest")
        assert len(servicer.nonces()) == len(set(servicer.nonces()))
        assert servicer.tokens == {"Bearer for-the-stage"}
        assert all(nonce % 3 == 1 for nonce in servicer.nonces())
        assert all(len(report.nonces) <= 40 for report in servicer.reports)
        assert all(max(report.dist_micro) < STAGE.r_target_micro for report in servicer.reports)
        resumes = [report.next_nonce for report in servicer.reports]
        assert resumes == sorted(resumes)
        assert all(max(report.nonces) < report.next_nonce for report in servicer.reports)

        nonces = servicer.nonces()[:60]
        claimed = [distance for report in servicer.reports for distance in report.dist_micro][:60]
        honest = broker.validate(nonces, claimed)
        assert (honest.n_invalid, list(honest.dist_micro)) == (0, claimed)
        invented = broker.validate(nonces, [1_100_000 + 7 * nonce for nonce in nonces])
        assert invented.n_invalid > 50
        other_model = broker.validate(nonces, claimed, model="b.gguf")
        assert other_model.n_invalid > 50
        repeated = broker.validate([nonces[0], nonces[0]], [claimed[0], claimed[0]])
        assert (repeated.n_invalid, repeated.dist_micro[0]) == (1, claimed[0])

    def test_reports_are_repeated_until_they_are_taken(
        self, broker: Broker, callback: tuple[Callback, str]
    ) -> None:
        servicer, address = callback
        servicer.refusals = [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL]
        broker.mine(address)
        wait_until(lambda: len(servicer.reports) >= 2, "reports after refusals")
        broker.get_ready_to_validate()
        wait_until(lambda: self.is_all_delivered(broker, servicer), "the delivery of the rest")
        assert servicer.calls == len(servicer.reports) + 2
        assert len(set(servicer.nonces())) == len(servicer.nonces())

    def test_mining_goes_on_by_itself_after_its_worker_was_killed(
        self, broker: Broker, callback: tuple[Callback, str]
    ) -> None:
        servicer, address = callback
        broker.mine(address)
        wait_until(lambda: servicer.reports, "a report")
        (pid,) = broker.node.worker_pids()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: broker.node.instance()["pid"] not in (None, pid), "another worker")
        before = len(servicer.nonces())
        wait_until(lambda: len(servicer.nonces()) > before + 80, "more nonces")
        nonces = servicer.nonces()
        assert nonces == sorted(set(nonces))

    def test_a_node_told_to_stop_delivers_what_it_had_mined(
        self, broker: Broker, callback: tuple[Callback, str]
    ) -> None:
        servicer, address = callback
        servicer.refusals = [grpc.StatusCode.UNAVAILABLE]
        broker.mine(address)
        wait_until(lambda: servicer.calls, "a first try")
        found = broker.state().nonces_found
        broker.stop()
        wait_until(lambda: len(servicer.nonces()) >= found > 0, "the delivery")

    def test_mining_goes_on_where_the_command_says(
        self, broker: Broker, callback: tuple[Callback, str]
    ) -> None:
        servicer, address = callback
        broker.mine(address, first_nonce=3000)
        wait_until(lambda: servicer.reports, "a report")
        broker.stop()
        assert min(servicer.nonces()) >= 3000

    def test_reports_end_when_the_broker_says_that_the_stage_is_over(
        self, broker: Broker, callback: tuple[Callback, str]
    ) -> None:
        servicer, address = callback
        servicer.refusals = [grpc.StatusCode.FAILED_PRECONDITION]
        broker.mine(address)
        wait_until(lambda: servicer.calls, "a report")
        found = broker.state().nonces_found
        wait_until(lambda: broker.state().nonces_found > found + 50, "more nonces")
        assert servicer.calls == 1

    def test_a_validation_whose_caller_left_is_given_up(self, broker: Broker) -> None:
        broker.get_ready_to_validate()
        nonces = list(range(10_000))
        assert_refused(
            grpc.StatusCode.DEADLINE_EXCEEDED,
            "",
            lambda: broker.validate(nonces, nonces, model="slow.gguf", timeout_s=2),
        )
        wait_until(lambda: broker.node.instance("slow.gguf")["inflight"] == 0, "a free slot", 5)
        assert broker.validate([1], [1], model="slow.gguf").n_invalid == 1

    def test_a_validation_in_line_is_shown_without_a_clients_name(self, broker: Broker) -> None:
        broker.get_ready_to_validate()
        nonces = list(range(10_000))

        def validate() -> None:
            with pytest.raises(grpc.RpcError):
                broker.validate(nonces, nonces, model="slow.gguf")

        def line() -> list[dict[str, Any]]:
            entry = broker.node.instance("slow.gguf")
            return list(entry["waiting"]) if entry["inflight"] else []

        with ThreadPoolExecutor(2) as pool:
            asked = [pool.submit(validate) for _ in range(2)]
            (waiter,) = wait_until(line, "one in line")
            assert (waiter["position"], waiter["request_id"]) == (1, None)
            broker.stop()
            for answer in asked:
                answer.result()

    def test_validation_needs_the_stage_and_a_file(self, broker: Broker) -> None:
        precondition = grpc.StatusCode.FAILED_PRECONDITION
        assert_refused(precondition, "WRONG_STAGE", lambda: broker.validate([1], [1]))
        broker.get_ready_to_validate()
        later = pb.PocStage(poc_start_block_height=11, block_hash=b"h" * 32)
        assert_refused(precondition, "WRONG_STAGE", lambda: broker.validate([1], [1], stage=later))
        assert_refused(
            grpc.StatusCode.NOT_FOUND, "MODEL_UNKNOWN", lambda: broker.validate([1], [1], model="none")
        )
        assert_refused(grpc.StatusCode.INVALID_ARGUMENT, "one distance", lambda: broker.validate([1, 2], [1]))
