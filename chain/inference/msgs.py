"""Handlers of start and finish, which may come in either order."""

from collections.abc import Iterable
from hashlib import sha256

from chain.auth.types import Claim
from chain.context import Context
from chain.errors import (
    ErrExecutorNotInGroup,
    ErrInferenceExpired,
    ErrInferenceHasInvalidModel,
    ErrInferenceIdExists,
    ErrInvalidRecord,
    ErrInvalidSignature,
    ErrInvalidSigner,
    ErrTimestampOutsideWindow,
    ErrWrongExecutor,
)
from chain.inference import rules
from chain.inference.executor import Executors
from chain.inference.keeper import Inferences
from chain.inference.types import (
    EpochGroups,
    Inference,
    InferenceStatus,
    ModelRegistry,
    MsgFinishInference,
    MsgFinishInferenceResponse,
    MsgStartInference,
    MsgStartInferenceResponse,
    ParamsSource,
    ParticipantRecords,
    SignatureVerifier,
    TokenPrices,
)
from chain.limits import IDENTIFIER_LENGTH_MAX, is_blank, lower_ascii
from chain.records import replace


class Msgs:
    """Handlers of this room."""

    def __init__(
        self,
        inferences: Inferences,
        executors: Executors,
        params: ParamsSource,
        accounts: SignatureVerifier,
        nodes: ParticipantRecords,
        models: ModelRegistry,
        epochs: EpochGroups,
        prices: TokenPrices,
    ) -> None:
        self._inferences = inferences
        self._executors = executors
        self._params = params
        self._accounts = accounts
        self._nodes = nodes
        self._models = models
        self._epochs = epochs
        self._prices = prices

    def start_inference(self, ctx: Context, msg: MsgStartInference) -> MsgStartInferenceResponse:
        """Announces an inference and puts its price in escrow.

        When the finish came first only its cost is taken, at most what the escrow would have been, and the
        inference is completed at once; otherwise it expires unless it is finished in time.
        """
        _check_start(msg)
        self._check_window(ctx, msg.request_timestamp)
        self._nodes.require_participant(ctx, msg.creator)
        self._nodes.require_participant(ctx, msg.requested_by)
        self._check_claims(ctx, list_start_claims(msg))
        known = self._inferences.get_inference(ctx, msg.inference_id)
        _check_not_started(msg, known)
        model_id = self._match_model(ctx, msg.model, known)
        self._check_assigned(ctx, model_id, msg.assigned_to)
        inference = self._price(ctx, known or self._build(ctx, msg.inference_id, model_id))
        self._start(ctx, _record_start(ctx, inference, msg), msg)
        return MsgStartInferenceResponse(inference_index=msg.inference_id)

    def finish_inference(self, ctx: Context, msg: MsgFinishInference) -> MsgFinishInferenceResponse:
        """Records the answer. When the start is known its executor is paid and the inference completed."""
        _check_finish(msg)
        self._check_not_ahead(ctx, msg.request_timestamp)
        for address in (msg.executed_by, msg.requested_by, msg.transferred_by):
            self._nodes.require_participant(ctx, address)
        self._check_claims(ctx, list_finish_claims(msg))
        known = self._inferences.get_inference(ctx, msg.inference_id)
        if known is None:
            self._check_not_forgotten(ctx, msg.request_timestamp)
        _check_not_finished(msg, known)
        model_id = self._match_model(ctx, msg.model, known)
        inference = self._price(ctx, known or self._build(ctx, msg.inference_id, model_id))
        finished = _record_finish(ctx, inference, msg)
        if rules.is_started(finished):
            cost = min(finished.actual_cost, finished.escrow_amount)
            self._inferences.complete(ctx, replace(finished, actual_cost=cost))
        else:
            self._inferences.set_inference(ctx, finished)
        return MsgFinishInferenceResponse(inference_index=msg.inference_id)

    def _start(self, ctx: Context, inference: Inference, msg: MsgStartInference) -> None:
        prices = rules.Prices(inference.prompt_token_price, inference.per_token_price)
        tokens = msg.max_tokens or self._params.get_params(ctx).inference.default_max_tokens
        escrow = rules.compute_cost(prices, msg.prompt_token_count, tokens)
        ctx.emit(
            "inference_started",
            inference_id=inference.inference_id,
            model=inference.model,
            assigned_to=inference.assigned_to,
        )
        if rules.is_finished(inference):
            spent = rules.compute_cost(prices, inference.prompt_token_count, inference.completion_token_count)
            cost = min(spent, escrow)
            self._inferences.take_escrow(ctx, inference.requested_by, cost)
            self._inferences.complete(ctx, replace(inference, actual_cost=cost, escrow_amount=cost))
        else:
            self._inferences.take_escrow(ctx, inference.requested_by, escrow)
            self._inferences.set_inference(ctx, replace(inference, escrow_amount=escrow))
            self._inferences.set_timeout(ctx, inference.inference_id)

    def _build(self, ctx: Context, inference_id: str, model_id: str) -> Inference:
        epoch = self._epochs.get_effective(ctx)
        return Inference(
            index=inference_id,
            inference_id=inference_id,
            model=model_id,
            epoch_id=epoch.index,
            epoch_poc_start_block_height=epoch.poc_start_block_height,
        )

    def _price(self, ctx: Context, inference: Inference) -> Inference:
        """The inference with its prices, which whoever came first has fixed."""
        if rules.is_started(inference) or rules.is_finished(inference):
            return inference
        current = self._prices.get_price(ctx, inference.model)
        prices = rules.compute_prices(self._models.get_model(ctx, inference.model), current)
        return replace(
            inference, per_token_price=prices.completion_token, prompt_token_price=prices.prompt_token
        )

    def _check_window(self, ctx: Context, timestamp: int) -> None:
        params = self._params.get_params(ctx).inference
        first, last = rules.compute_window(ctx.time_ns, params.timestamp_expiration, params.timestamp_advance)
        first = max(first, self._inferences.get_forgotten_until(ctx) + 1)
        if not first <= timestamp <= last:
            raise ErrTimestampOutsideWindow(timestamp=timestamp, first=first, last=last)

    def _check_not_forgotten(self, ctx: Context, timestamp: int) -> None:
        """An answer to a request that may have been answered, paid and forgotten already is none."""
        first = self._inferences.get_forgotten_until(ctx) + 1
        if timestamp < first:
            raise ErrTimestampOutsideWindow(timestamp=timestamp, first=first, last=ctx.time_ns)

    def _check_not_ahead(self, ctx: Context, timestamp: int) -> None:
        """A finish may come late, but not for a request that is still to be signed: such a record would never
        be pruned.
        """
        advance_s = self._params.get_params(ctx).inference.timestamp_advance
        _, last = rules.compute_window(ctx.time_ns, 0, advance_s)
        if timestamp > last:
            raise ErrTimestampOutsideWindow(timestamp=timestamp, first=0, last=last)

    def _check_assigned(self, ctx: Context, model_id: str, executor: str) -> None:
        group = self._epochs.require_effective_group(ctx, model_id)
        if self._epochs.find_member(group, executor) is None:
            raise ErrExecutorNotInGroup(executor=executor, model=model_id, epoch_index=group.epoch_index)

    def _check_claims(self, ctx: Context, claims: Iterable[Claim]) -> None:
        for claim in claims:
            if claim.signature is None:
                raise ErrInvalidSignature(whose=claim.whose, why="it is not 64 bytes in base64")
            if not self._accounts.verify(ctx, claim.address, claim.message, claim.signature):
                why = f"it is not the account key's of {claim.address}"
                raise ErrInvalidSignature(whose=claim.whose, why=why)

    def _match_model(self, ctx: Context, model: str, known: Inference | None) -> str:
        """The governance model of a message: what came first has fixed it, and then it must be the same."""
        if known is None:
            return self._executors.resolve_model(ctx, model)
        if model != known.model and self._executors.resolve_model(ctx, model) != known.model:
            raise ErrInferenceHasInvalidModel(
                inference_id=known.inference_id, known=known.model, got=model[:IDENTIFIER_LENGTH_MAX]
            )
        return known.model


def list_start_claims(msg: MsgStartInference) -> tuple[Claim, ...]:
    """The inference's name must be the requester's signature, and the agent must have signed the executor."""
    return _list_claims(msg, msg.creator, msg.assigned_to)


def list_finish_claims(msg: MsgFinishInference) -> tuple[Claim, ...]:
    """The same, and the executor must have signed what the agent has."""
    claims = _list_claims(msg, msg.transferred_by, msg.executed_by)
    signature = rules.decode_signature(msg.executor_signature)
    return (*claims, Claim("executor's", msg.executed_by, claims[-1].message, signature))


def _list_claims(msg: MsgStartInference | MsgFinishInference, agent: str, executor: str) -> tuple[Claim, ...]:
    request = rules.build_request_bytes(msg.original_prompt, msg.request_timestamp, agent)
    transfer = rules.build_transfer_bytes(msg.original_prompt, msg.request_timestamp, agent, executor)
    return (
        Claim("requester's", msg.requested_by, request, rules.decode_signature(msg.inference_id)),
        Claim("transfer agent's", agent, transfer, rules.decode_signature(msg.transfer_signature)),
    )


def _check_start(msg: MsgStartInference) -> None:
    texts = {
        "model": msg.model,
        "prompt_hash": msg.prompt_hash,
        "prompt_payload": msg.prompt_payload,
        "original_prompt": msg.original_prompt,
        "assigned_to": msg.assigned_to,
    }
    _check_texts(msg.inference_id, texts)
    _check_tokens(msg.inference_id, msg.max_tokens, msg.prompt_token_count)
    if sha256(msg.prompt_payload.encode()).hexdigest() != lower_ascii(msg.prompt_hash):
        raise _refuse(msg.inference_id, "prompt_hash is not the SHA-256 of prompt_payload in hex")


def _check_finish(msg: MsgFinishInference) -> None:
    texts = {
        "model": msg.model,
        "response_hash": msg.response_hash,
        "response_payload": msg.response_payload,
        "original_prompt": msg.original_prompt,
    }
    _check_texts(msg.inference_id, texts)
    _check_tokens(msg.inference_id, msg.prompt_token_count, msg.completion_token_count)
    if msg.creator != msg.executed_by:
        raise ErrInvalidSigner(signer=msg.creator, expected=f"the executor {msg.executed_by}")


def _check_texts(inference_id: str, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        if is_blank(text):
            raise _refuse(inference_id, f"{name} is blank")


def _check_tokens(inference_id: str, *counts: int) -> None:
    if not all(0 <= count <= rules.TOKENS_MAX for count in counts):
        raise _refuse(inference_id, f"a token count is not between 0 and {rules.TOKENS_MAX}")


def _check_not_started(msg: MsgStartInference, known: Inference | None) -> None:
    if known is None:
        return
    if rules.is_started(known):
        raise ErrInferenceIdExists(inference_id=msg.inference_id)
    _check_same(known, msg.requested_by, msg.creator)
    if known.executed_by != msg.assigned_to:
        raise ErrWrongExecutor(
            inference_id=known.inference_id, expected=known.executed_by, got=msg.assigned_to
        )


def _check_not_finished(msg: MsgFinishInference, known: Inference | None) -> None:
    if known is None:
        return
    if known.status == InferenceStatus.EXPIRED:
        raise ErrInferenceExpired(inference_id=known.inference_id, height=known.end_block_height)
    if rules.is_finished(known):
        raise ErrInferenceIdExists(inference_id=known.inference_id)
    _check_same(known, msg.requested_by, msg.transferred_by)
    if known.assigned_to != msg.executed_by:
        raise ErrWrongExecutor(
            inference_id=known.inference_id, expected=known.assigned_to, got=msg.executed_by
        )


def _check_same(known: Inference, requester: str, agent: str) -> None:
    if (known.requested_by, known.transferred_by) != (requester, agent):
        raise _refuse(known.inference_id, "start and finish name different requesters or transfer agents")


def _refuse(inference_id: str, why: str) -> ErrInvalidRecord:
    return ErrInvalidRecord(what=f"inference {inference_id[:96]}", why=why)


def _record_start(ctx: Context, inference: Inference, msg: MsgStartInference) -> Inference:
    return replace(
        inference,
        prompt_hash=lower_ascii(msg.prompt_hash),
        prompt_payload=msg.prompt_payload,
        prompt_token_count=inference.prompt_token_count or msg.prompt_token_count,
        requested_by=msg.requested_by,
        start_block_height=ctx.height,
        start_block_timestamp=ctx.time_ms,
        max_tokens=msg.max_tokens,
        assigned_to=msg.assigned_to,
        node_version=msg.node_version,
        transferred_by=msg.creator,
        request_timestamp=msg.request_timestamp,
        transfer_signature=msg.transfer_signature,
        original_prompt=msg.original_prompt,
    )


def _record_finish(ctx: Context, inference: Inference, msg: MsgFinishInference) -> Inference:
    prompt_tokens = msg.prompt_token_count or inference.prompt_token_count
    prices = rules.Prices(inference.prompt_token_price, inference.per_token_price)
    return replace(
        inference,
        response_hash=msg.response_hash,
        response_payload=msg.response_payload,
        prompt_token_count=prompt_tokens,
        completion_token_count=msg.completion_token_count,
        requested_by=msg.requested_by,
        executed_by=msg.executed_by,
        status=InferenceStatus.FINISHED,
        end_block_height=ctx.height,
        end_block_timestamp=ctx.time_ms,
        actual_cost=rules.compute_cost(prices, prompt_tokens, msg.completion_token_count),
        transferred_by=msg.transferred_by,
        request_timestamp=msg.request_timestamp,
        transfer_signature=msg.transfer_signature,
        execution_signature=msg.executor_signature,
        original_prompt=msg.original_prompt,
    )
