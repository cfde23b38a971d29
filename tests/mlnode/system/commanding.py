"""A broker's end of a node's control door."""

from collections.abc import Callable
from typing import Any

import grpc
import pytest

from mlnode.v1 import control_pb2 as pb
from mlnode.v1 import control_pb2_grpc
from tests.mlnode.system.nodes import Node, wait_until

KEY = b"\2" + b"k" * 32
TOKEN = "a-token-for-control"
STAGE = pb.PocStage(
    poc_start_block_height=10,
    block_hash=b"h" * 32,
    tokens_per_nonce=16,
    sequences_per_decode=8,
    vector_dimensions=64,
    r_target_micro=1_300_000,
)


class Broker:
    """What a broker sends to one node, with growing generations."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.channel = grpc.intercept_channel(grpc.insecure_channel(node.control), _Bearer(TOKEN))
        self.stub = control_pb2_grpc.ControlStub(self.channel)
        self.generation = self.state().generation

    def state(self) -> pb.NodeState:
        return self.stub.GetState(pb.GetStateRequest(), timeout=10)

    def _next(self) -> int:
        self.generation += 1
        return self.generation

    def stop(self) -> pb.NodeState:
        state = self.stub.Stop(pb.StopRequest(generation=self._next()), timeout=10)
        wait_until(lambda: not self.node.worker_pids(), "the workers' end", 10)
        return state

    def up(self, model: str = "a.gguf", served_name: str = "", args: tuple[str, ...] = ()) -> pb.NodeState:
        request = pb.InferenceUpRequest(
            generation=self._next(), model=model, served_name=served_name, args=args
        )
        return self.stub.InferenceUp(request, timeout=10)

    def mine(self, address: str, **fields: Any) -> pb.NodeState:
        job = {
            "stage": STAGE,
            "model": "a.gguf",
            "public_key": KEY,
            "node_rank": 1,
            "node_count": 3,
            "node_id": "node-1",
            "callback_address": address,
            "callback_token": "for-the-stage",
            "max_batch_nonces": 40,
        }
        request = pb.StartPocGenerateRequest(generation=self._next(), **{**job, **fields})
        return self.stub.StartPocGenerate(request, timeout=10)

    def get_ready_to_validate(self, stage: pb.PocStage = STAGE) -> pb.NodeState:
        request = pb.StartPocValidateRequest(generation=self._next(), stage=stage)
        return self.stub.StartPocValidate(request, timeout=10)

    def validate(self, nonces: list[int], dist_micro: list[int], timeout_s: float = 60, **fields: Any) -> Any:
        claim = {"stage": STAGE, "model": "a.gguf", "public_key": KEY, "tolerance_micro": 1000}
        request = pb.ValidatePocNoncesRequest(nonces=nonces, dist_micro=dist_micro, **{**claim, **fields})
        return self.stub.ValidatePocNonces(request, timeout=timeout_s)


class _Bearer(grpc.UnaryUnaryClientInterceptor):
    def __init__(self, token: str) -> None:
        self._token = token

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        metadata = (("authorization", f"Bearer {self._token}"),)
        return continuation(details._replace(metadata=metadata), request)


def assert_refused(code: grpc.StatusCode, reason: str, call: Callable[[], Any]) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    assert caught.value.code() is code
    assert reason in caught.value.details()
