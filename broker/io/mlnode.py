"""The participant's nodes, over gRPC: one client each, commands of one node in order of their generation.

A newer command cancels an older one that is still under way; what came of each is posted with its generation.
Polls and validations do not wait behind commands, and no node waits for another.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, TypeVar

import grpc

from broker import actions, events
from broker.facts import PocStage
from broker.nodes import Mode, ModelFile, ModelFileState, Observation, PocStatus
from mlnode.v1 import control_pb2 as pb
from mlnode.v1 import control_pb2_grpc

POLL_TIMEOUT_S = 5.0
COMMAND_TIMEOUT_S = 15.0
"""Commands return as soon as they are accepted."""
VALIDATE_TIMEOUT_S = 300.0
"""Recomputing a sample takes as long as mining it took."""
CHANNEL_OPTIONS = (
    ("grpc.max_reconnect_backoff_ms", 2000),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_receive_message_length", 16 * 1024 * 1024),
)
NOT_CONNECTED = "NOT_CONNECTED"

Kind = TypeVar("Kind", bound=IntEnum)
Post = Callable[[events.Event], None]
Command = actions.StopNode | actions.InferenceUp | actions.StartPocGenerate | actions.StartPocValidate


@dataclass(slots=True)
class Client:
    """A node's control interface, and what is under way with it."""

    target: str
    channel: grpc.aio.Channel
    stub: control_pb2_grpc.ControlStub
    command: asyncio.Task[None] | None = None
    others: set[asyncio.Task[None]] = field(default_factory=set)

    def cancel(self) -> None:
        """Cancels everything that is under way."""
        for task in (self.command, *self.others):
            if task is not None:
                task.cancel()


class Nodes:
    """Performs what the controller asks of nodes. `callback_address` is where nodes reach this broker."""

    def __init__(self, post: Post, callback_address: str, control_token: str = "") -> None:
        self._post = post
        self._callback_address = callback_address
        self._metadata = (("authorization", f"Bearer {control_token}"),) if control_token else ()
        self._clients: dict[str, Client] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def perform(self, action: actions.NodeAction) -> None:
        """Begins what is asked and returns at once; the answer is posted."""
        match action:
            case actions.ConnectNode():
                self._connect(action)
            case actions.ForgetNode():
                self._forget(action.node_id)
            case actions.PollNode():
                self._start_other(action.node_id, lambda client: self._poll(action, client))
            case actions.ValidateNonces():
                self._start_other(action.node_id, lambda client: self._validate(action, client))
            case _:
                self._start_command(action)

    async def close(self) -> None:
        """Cancels everything and disconnects."""
        for node_id in list(self._clients):
            self._forget(node_id)
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _connect(self, action: actions.ConnectNode) -> None:
        target = _join_address(action.host, action.port)
        known = self._clients.get(action.node_id)
        if known is not None and known.target == target:
            return
        self._forget(action.node_id)
        channel = grpc.aio.insecure_channel(target, options=CHANNEL_OPTIONS)
        self._clients[action.node_id] = Client(target, channel, control_pb2_grpc.ControlStub(channel))

    def _forget(self, node_id: str) -> None:
        client = self._clients.pop(node_id, None)
        if client is not None:
            client.cancel()
            _start(client.channel.close(), self._closing)

    def _start_command(self, action: Command) -> None:
        client = self._clients.get(action.node_id)
        if client is None:
            self._post(_fail(action, NOT_CONNECTED, "the node is not known here"))
            return
        if client.command is not None:
            client.command.cancel()
        client.command = asyncio.get_running_loop().create_task(self._command(action, client))

    def _start_other(self, node_id: str, work: Callable[[Client], Coroutine[Any, Any, None]]) -> None:
        client = self._clients.get(node_id)
        if client is not None:
            _start(work(client), client.others)

    async def _command(self, action: Command, client: Client) -> None:
        try:
            state = await self._send(action, client.stub)
        except grpc.aio.AioRpcError as error:
            self._post(_fail(action, *_explain(error)))
        else:
            self._post(events.CommandDone(action.node_id, action.generation, read_state(state)))

    async def _send(self, action: Command, stub: control_pb2_grpc.ControlStub) -> pb.NodeState:
        limits: dict[str, Any] = {"timeout": COMMAND_TIMEOUT_S, "metadata": self._metadata}
        match action:
            case actions.StopNode():
                call = stub.Stop(pb.StopRequest(generation=action.generation), **limits)
            case actions.InferenceUp():
                call = stub.InferenceUp(
                    pb.InferenceUpRequest(
                        generation=action.generation,
                        model=action.model,
                        served_name=action.served_name,
                        args=action.args,
                    ),
                    **limits,
                )
            case actions.StartPocGenerate():
                call = stub.StartPocGenerate(self._write_generate(action), **limits)
            case actions.StartPocValidate():
                request = pb.StartPocValidateRequest(
                    generation=action.generation, stage=write_stage(action.stage)
                )
                call = stub.StartPocValidate(request, **limits)
        state: pb.NodeState = await call
        return state

    def _write_generate(self, action: actions.StartPocGenerate) -> pb.StartPocGenerateRequest:
        return pb.StartPocGenerateRequest(
            generation=action.generation,
            stage=write_stage(action.stage),
            model=action.model,
            public_key=action.public_key,
            node_rank=action.node_rank,
            node_count=action.node_count,
            node_id=action.node_id,
            callback_address=self._callback_address,
            callback_token=action.callback_token,
            first_nonce=action.first_nonce,
            max_batch_nonces=action.stage.params.max_batch_nonces,
        )

    async def _poll(self, action: actions.PollNode, client: Client) -> None:
        try:
            state = await client.stub.GetState(
                pb.GetStateRequest(), timeout=POLL_TIMEOUT_S, metadata=self._metadata
            )
        except grpc.aio.AioRpcError as error:
            reason, detail = _explain(error)
            self._post(events.NodeUnreachable(action.node_id, f"{reason}: {detail}"))
        else:
            self._post(events.NodeObserved(action.node_id, read_state(state)))

    async def _validate(self, action: actions.ValidateNonces, client: Client) -> None:
        request = pb.ValidatePocNoncesRequest(
            stage=write_stage(action.stage),
            model=action.model,
            public_key=action.public_key,
            nonces=action.nonces,
            dist_micro=action.dist_micro,
            tolerance_micro=action.stage.params.tolerance_micro,
        )
        try:
            reply = await client.stub.ValidatePocNonces(
                request, timeout=VALIDATE_TIMEOUT_S, metadata=self._metadata
            )
        except grpc.aio.AioRpcError as error:
            self._post(events.NoncesNotValidated(action.job_id, action.node_id, *_explain(error)))
            return
        if tuple(reply.nonces) != action.nonces or len(reply.dist_micro) != len(action.nonces):
            detail = "it answered for other nonces than it was asked"
            self._post(events.NoncesNotValidated(action.job_id, action.node_id, "MALFORMED", detail))
            return
        recomputed = tuple(reply.dist_micro)
        self._post(events.NoncesValidated(action.job_id, action.node_id, recomputed, reply.n_invalid))


def read_state(state: pb.NodeState) -> Observation:
    """What a node says of itself. Modes that this version does not know read as unspecified."""
    return Observation(
        mode=_read_enum(Mode.UNSPECIFIED, state.mode),
        poc_status=_read_enum(PocStatus.IDLE, state.poc_status),
        generation=state.generation,
        model=state.model,
        loading=state.loading,
        last_error=state.last_error,
        poc_start_block_height=state.poc_start_block_height,
        models=tuple(map(_read_file, state.models)),
        nonces_found=state.nonces_found,
        nonces_delivered=state.nonces_delivered,
        inflight=state.inflight,
        version=state.version,
        http_port=state.http_port,
    )


def _read_enum(otherwise: Kind, value: int) -> Kind:
    try:
        return type(otherwise)(value)
    except ValueError:
        return otherwise


def _read_file(file: pb.ModelState) -> ModelFile:
    state = _read_enum(ModelFileState.UNSPECIFIED, file.state)
    return ModelFile(file.id, state, file.last_error, tuple(file.served_names))


def write_stage(stage: PocStage) -> pb.PocStage:
    """The proof of compute as nodes take it."""
    return pb.PocStage(
        poc_start_block_height=stage.start_height,
        block_hash=stage.block_hash,
        tokens_per_nonce=stage.params.tokens_per_nonce,
        sequences_per_decode=stage.params.sequences_per_decode,
        vector_dimensions=stage.params.vector_dimensions,
        r_target_micro=stage.params.r_target_micro,
    )


def _fail(action: Command, reason: str, detail: str) -> events.CommandFailed:
    return events.CommandFailed(action.node_id, action.generation, reason, detail)


def _explain(error: grpc.aio.AioRpcError) -> tuple[str, str]:
    """Reason and sentence of a refusal: the node's own reason where it leads the text, else the status."""
    text = str(error.details() or "")
    name, _, rest = text.partition(": ")
    if rest and name.isupper() and name.replace("_", "").isalnum():
        return name, rest
    return error.code().name, text


def _join_address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _start(work: Coroutine[Any, Any, None], tasks: set[asyncio.Task[None]]) -> None:
    task = asyncio.get_running_loop().create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
