"""The control door: a broker's commands over gRPC, as `mlnode.v1.Control` says."""

import hmac
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import grpc

from mlnode.arguments import apply_arguments
from mlnode.errors import (
    ArgumentInvalid,
    GenerationStale,
    ModelBroken,
    ModelTooLarge,
    ModelUnavailable,
    ModelUnknown,
    ModelUnsettled,
    NodeBusy,
    NodeDraining,
    NodeNotServing,
    QueueFull,
    Refusal,
    RequestInvalid,
    StageWrong,
    WaitExpired,
    WorkerLost,
)
from mlnode.events import Event, InferenceUpAsked, PocGenerateAsked, PocValidateAsked, StopAsked
from mlnode.instance import InstanceState
from mlnode.io.frames import PocValidate, PocValidated
from mlnode.io.loop import Loop
from mlnode.io.streams import Item
from mlnode.mode import Activity, PocJob, PocStage
from mlnode.poc import DIMS, SEQUENCES, TOKENS_PER_NONCE
from mlnode.v1 import control_pb2 as pb
from mlnode.v1 import control_pb2_grpc

NONCES_MAX = 10_000
"""Nonces in one validation."""
_MISMATCH_PPM, _FRAUD_PPB = 1_000, 1_000
"""The worker judges a batch by these. The broker draws the verdict over all of a participant's nodes, so that
only the counts leave this file."""

_CODES: dict[type[Refusal], grpc.StatusCode] = {
    ModelUnknown: grpc.StatusCode.NOT_FOUND,
    ModelTooLarge: grpc.StatusCode.RESOURCE_EXHAUSTED,
    QueueFull: grpc.StatusCode.RESOURCE_EXHAUSTED,
    NodeBusy: grpc.StatusCode.RESOURCE_EXHAUSTED,
    WaitExpired: grpc.StatusCode.DEADLINE_EXCEEDED,
    ArgumentInvalid: grpc.StatusCode.INVALID_ARGUMENT,
    GenerationStale: grpc.StatusCode.FAILED_PRECONDITION,
    StageWrong: grpc.StatusCode.FAILED_PRECONDITION,
    NodeNotServing: grpc.StatusCode.FAILED_PRECONDITION,
    ModelBroken: grpc.StatusCode.FAILED_PRECONDITION,
    ModelUnavailable: grpc.StatusCode.UNAVAILABLE,
    ModelUnsettled: grpc.StatusCode.UNAVAILABLE,
    NodeDraining: grpc.StatusCode.UNAVAILABLE,
    WorkerLost: grpc.StatusCode.UNAVAILABLE,
    RequestInvalid: grpc.StatusCode.INTERNAL,
}

_MODES = {
    Activity.STOPPED: (pb.MODE_STOPPED, pb.POC_STATUS_IDLE),
    Activity.INFERENCE: (pb.MODE_INFERENCE, pb.POC_STATUS_IDLE),
    Activity.GENERATING: (pb.MODE_POC, pb.POC_STATUS_GENERATING),
    Activity.VALIDATING: (pb.MODE_POC, pb.POC_STATUS_VALIDATING),
}

_STATES = {
    InstanceState.UNLOADED: pb.INSTANCE_STATE_UNLOADED,
    InstanceState.LOADING: pb.INSTANCE_STATE_LOADING,
    InstanceState.READY: pb.INSTANCE_STATE_READY,
    InstanceState.DRAINING: pb.INSTANCE_STATE_DRAINING,
    InstanceState.ENDING: pb.INSTANCE_STATE_DRAINING,
    InstanceState.FAILED: pb.INSTANCE_STATE_FAILED,
}

Context = Any
"""grpc.aio's ServicerContext, which carries no types."""


class Control(control_pb2_grpc.ControlServicer):
    """One method a command. Each returns as soon as the scheduler has taken it."""

    def __init__(self, loop: Loop, version: str, http_port: int) -> None:
        self._loop = loop
        self._version = version
        self._http_port = http_port

    async def GetState(self, request: pb.GetStateRequest, context: Context) -> pb.NodeState:
        return self._describe()

    async def Stop(self, request: pb.StopRequest, context: Context) -> pb.NodeState:
        return await self._obey(context, lambda: StopAsked(request.generation))

    async def InferenceUp(self, request: pb.InferenceUpRequest, context: Context) -> pb.NodeState:
        return await self._obey(context, lambda: self._read_up(request))

    async def StartPocGenerate(self, request: pb.StartPocGenerateRequest, context: Context) -> pb.NodeState:
        return await self._obey(context, lambda: PocGenerateAsked(request.generation, _read_job(request)))

    async def StartPocValidate(self, request: pb.StartPocValidateRequest, context: Context) -> pb.NodeState:
        return await self._obey(
            context, lambda: PocValidateAsked(request.generation, _read_stage(request.stage).height)
        )

    async def ValidatePocNonces(
        self, request: pb.ValidatePocNoncesRequest, context: Context
    ) -> pb.ValidatePocNoncesResponse:
        try:
            order = self._read_validation(request)
        except Refusal as refusal:
            await _abort(context, refusal)
        stream = self._loop.open(request.model, order)
        try:
            item = await stream.next()
        finally:
            self._loop.leave(stream)
        return await _answer_validation(request, item, context)

    def _read_up(self, request: pb.InferenceUpRequest) -> InferenceUpAsked:
        params = apply_arguments(self._loop.scheduler.limits.params, request.args)
        return InferenceUpAsked(request.generation, request.model, request.served_name, params)

    def _read_validation(self, request: pb.ValidatePocNoncesRequest) -> PocValidate:
        stage = _read_stage(request.stage)
        scheduler = self._loop.scheduler
        validating = scheduler.mission.height if scheduler.mission.activity is Activity.VALIDATING else 0
        if validating != stage.height:
            raise StageWrong(stage.height, validating)
        if not 0 < len(request.nonces) <= NONCES_MAX:
            raise ArgumentInvalid(f"From 1 to {NONCES_MAX} nonces can be validated at once.")
        if len(request.nonces) != len(request.dist_micro):
            raise ArgumentInvalid("There must be one distance for each nonce.")
        _check_key(request.public_key)
        return PocValidate(
            validation_id=0,
            block_hash=stage.block_hash,
            public_key=request.public_key,
            nonces=list(request.nonces),
            dist_micro=list(request.dist_micro),
            r_target_micro=stage.r_target_micro,
            tolerance_micro=max(0, request.tolerance_micro),
            mismatch_ppm=_MISMATCH_PPM,
            fraud_threshold_ppb=_FRAUD_PPB,
            sample_size=0,
        )

    async def _obey(self, context: Context, read: Callable[[], Event]) -> pb.NodeState:
        try:
            self._loop.command(read())
        except Refusal as refusal:
            await _abort(context, refusal)
        return self._describe()

    def _describe(self) -> pb.NodeState:
        scheduler = self._loop.scheduler
        mode, poc_status = _MODES[scheduler.mission.activity]
        model = scheduler.mission.model
        instance = scheduler.residents.instances.get(model)
        mining = self._loop.mining
        error = (instance.broken or instance.last_error) if instance else ""
        if mining is not None and scheduler.mission.activity is Activity.GENERATING:
            error = error or mining.error
        current = mining if mining and mining.job.stage.height == scheduler.mission.height else None
        return pb.NodeState(
            mode=mode,
            poc_status=poc_status,
            generation=scheduler.mission.generation,
            model=model,
            loading=bool(model) and (instance is None or instance.state is not InstanceState.READY),
            last_error=error,
            poc_start_block_height=scheduler.mission.height,
            models=[self._describe_model(id) for id in scheduler.catalog.files],
            nonces_found=current.found if current else 0,
            nonces_delivered=current.delivered if current else 0,
            inflight=len(scheduler.requests.open),
            version=self._version,
            http_port=self._http_port,
        )

    def _describe_model(self, id: str) -> pb.ModelState:
        scheduler = self._loop.scheduler
        instance = scheduler.instance_of(id)
        file = scheduler.catalog.files[id]
        return pb.ModelState(
            id=id,
            state=pb.INSTANCE_STATE_FAILED if file.problem else _STATES[instance.state],
            est_vram_mb=scheduler.compute_need_mb(id),
            measured_vram_mb=instance.measured_mb,
            last_error=file.problem or instance.broken or instance.last_error,
            served_names=scheduler.catalog.names_of(id),
        )


class TokenCheck(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    """Lets control calls through that carry the token. Health and reflection are open."""

    def __init__(self, token: str) -> None:
        self._expected = f"Bearer {token}"

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler]],
        details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler:
        given = str(dict(details.invocation_metadata).get("authorization", ""))
        guarded = details.method.startswith("/mlnode.v1.Control/")
        if guarded and not hmac.compare_digest(given.encode(), self._expected.encode()):
            return grpc.unary_unary_rpc_method_handler(_reject)
        return await continuation(details)


async def _reject(request: object, context: Context) -> NoReturn:
    await context.abort(
        grpc.StatusCode.UNAUTHENTICATED, "Send the control token: metadata authorization, Bearer TOKEN."
    )
    raise AssertionError("abort raises")


async def _abort(context: Context, refusal: Refusal) -> NoReturn:
    code = _CODES.get(type(refusal), grpc.StatusCode.UNKNOWN)
    await context.abort(code, f"{refusal.reason}: {refusal.sentence}")
    raise AssertionError("abort raises")


def _read_stage(stage: pb.PocStage) -> PocStage:
    """The stage, when its arithmetic is the one that this node computes. A number of 0 leaves it to us."""
    fixed = (
        ("tokens_per_nonce", stage.tokens_per_nonce, TOKENS_PER_NONCE),
        ("sequences_per_decode", stage.sequences_per_decode, SEQUENCES),
        ("vector_dimensions", stage.vector_dimensions, DIMS),
    )
    for name, given, ours in fixed:
        if given not in (0, ours):
            raise ArgumentInvalid(f"{name} must be {ours}, which this version computes with, not {given}.")
    if stage.poc_start_block_height <= 0 or not 0 < len(stage.block_hash) <= 64:
        raise ArgumentInvalid("A stage has a positive height and a block hash of 1 to 64 bytes.")
    if stage.r_target_micro < 0:
        raise ArgumentInvalid("r_target_micro must not be negative.")
    return PocStage(stage.poc_start_block_height, stage.block_hash, stage.r_target_micro)


def _read_job(request: pb.StartPocGenerateRequest) -> PocJob:
    stage = _read_stage(request.stage)
    _check_key(request.public_key)
    if not 0 <= request.node_rank < request.node_count:
        raise ArgumentInvalid("node_rank must be at least 0 and below node_count.")
    if not 0 <= request.first_nonce <= 2**62:
        raise ArgumentInvalid("first_nonce is out of range.")
    if not request.callback_address or not request.node_id:
        raise ArgumentInvalid("callback_address and node_id must be given.")
    if not (request.callback_token.isascii() and request.callback_token.isprintable()):
        raise ArgumentInvalid("callback_token must be printable ASCII: it travels in a header.")
    return PocJob(
        stage=stage,
        model=request.model,
        public_key=request.public_key,
        node_rank=request.node_rank,
        node_count=request.node_count,
        node_id=request.node_id,
        callback_address=request.callback_address,
        callback_token=request.callback_token,
        first_nonce=request.first_nonce,
        max_batch_nonces=request.max_batch_nonces if request.max_batch_nonces > 0 else 100,
    )


def _check_key(public_key: bytes) -> None:
    if len(public_key) != 33:
        raise ArgumentInvalid("public_key must be a compressed key of 33 bytes.")


async def _answer_validation(
    request: pb.ValidatePocNoncesRequest, item: Item, context: Context
) -> pb.ValidatePocNoncesResponse:
    if isinstance(item, Refusal):
        await _abort(context, item)
    assert isinstance(item, PocValidated)
    recomputed = dict(zip(item.nonces, item.dist_micro, strict=True))
    return pb.ValidatePocNoncesResponse(
        nonces=request.nonces,
        dist_micro=[recomputed.get(nonce, -1) for nonce in request.nonces],
        n_invalid=item.n_invalid,
    )
