"""What a worker answers. Units are in the names or beside the fields."""

from typing import Literal

import msgspec

from mlnode.io.frame import Frame

FinishReason = Literal["stop", "length", "cancelled"]
"""`stop`: the model ended its turn or a stop string appeared. `length`: `max_tokens` or the context is used
up. `cancelled`: the front asked. A request that fails ends with `RequestFailed` instead of `Done`."""


class Progress(Frame, frozen=True, kw_only=True, tag="progress"):
    """How much of the model is loaded; sent some ten times a second at most, and never after `Loaded`."""

    permille: int


class Loaded(Frame, frozen=True, kw_only=True, tag="loaded"):
    """The model answers: weights mapped, context made, one token decoded as warm-up."""

    name: str
    """`general.name` of the file, or an empty string."""
    architecture: str
    n_ctx: int
    """Tokens that one request may use (after the reduction to the trained context)."""
    n_ctx_train: int
    slots: int
    n_vocab: int
    n_layers: int
    n_embd: int
    has_chat_template: bool
    """False: conversations are rendered with the plain template."""
    model_bytes: int
    """Sum of the tensors."""
    kv_bytes: int
    """Key-value cells of all slots, as llama.cpp tells them."""
    compute_bytes: int
    """Buffers of the computation and of its results, as llama.cpp tells them."""
    rss_bytes: int
    """Memory of the host after the warm-up: the process's own and the model's mapped pages. Libraries, which
    all workers share, do not count."""
    load_ms: int
    """From the `Load` frame to here."""
    step_us: int
    """Time of the warm-up's last single-token decode, microseconds."""


class LoadFailed(Frame, frozen=True, kw_only=True, tag="load_failed"):
    """The model cannot be served; the worker exits with status 3 after this frame.

    Codes: `FILE_MISSING`, `FILE_UNREADABLE`, `NOT_GGUF`, `CORRUPT`, `UNSUPPORTED`, `OUT_OF_MEMORY`,
    `BAD_PARAMETERS`, `ENGINE`."""

    code: str
    text: str
    """One sentence for the operator."""


class TokenLogprob(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token, its bytes (which need not be whole characters) and its natural-log probability."""

    token: int
    piece: bytes
    logprob: float


class Position(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Log-probabilities at one generated position: the chosen token, and the likeliest, best first. They are
    the model's own, before temperature, penalties and truncation."""

    chosen: TokenLogprob
    top: tuple[TokenLogprob, ...] = ()


class Delta(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one step added to one request."""

    request_id: int
    text: str
    """New text, whole characters only; may be empty while a character or a possible stop string is open."""
    n_tokens: int
    """Tokens generated for this request so far, this step included."""
    logprobs: tuple[Position, ...] = ()
    """One entry per new token when asked for."""


class Step(Frame, frozen=True, kw_only=True, tag="step"):
    """One engine step: what it added to every request that was decoding. The end is said by `Done`."""

    deltas: list[Delta]


class Done(Frame, frozen=True, kw_only=True, tag="done"):
    """The request is over and its slot is free. Every `Submit` ends with exactly one `Done` or one
    `RequestFailed`."""

    request_id: int
    finish_reason: FinishReason
    n_prompt: int
    """Tokens of the prompt (0 when it was never tokenised)."""
    n_completion: int
    """Tokens generated, an end-of-text token included."""
    queue_us: int
    """Waiting inside the worker for a slot, microseconds."""
    prefill_us: int
    """From the slot to the first token."""
    decode_us: int
    """From the first token to the end."""
    stop_string: str = ""
    """The stop string that ended it, where one did."""
    n_cached: int = 0
    """Tokens of the prompt that were not computed again."""


class Embedded(Frame, frozen=True, kw_only=True, tag="embedded"):
    """The vectors of a request, in the order of its texts."""

    request_id: int
    vectors: list[bytes]
    """Of length 1; 32-bit numbers, little-endian."""
    n_prompt: int
    """Tokens of all texts."""


class RequestFailed(Frame, frozen=True, kw_only=True, tag="request_failed"):
    """The request was refused, or failed under way; nothing else follows for it.

    Codes: `BAD_PROMPT`, `PROMPT_TOO_LONG`, `BAD_PARAMETERS`, `BAD_TEMPLATE`, `BAD_GRAMMAR`, `BAD_SCHEMA`,
    `UNSUPPORTED`, `QUEUE_FULL`, `NO_KV_ROOM`, `ENGINE`."""

    request_id: int
    code: str
    text: str
    """A sentence for the client; with `BAD_PARAMETERS`, `QUEUE_FULL`, `NO_KV_ROOM` and `ENGINE` only
    the reason."""


class Tokenized(Frame, frozen=True, kw_only=True, tag="tokenized"):
    """Answer to `Tokenize`."""

    request_id: int
    tokens: list[int]


class PocStarted(Frame, frozen=True, kw_only=True, tag="poc_started"):
    """Mining began: the profile is at hand and the seed material derived."""

    stage_id: int
    profile_digest: str
    """Hex SHA-256 of the model's calibration profile: equal on nodes that serve the same file and compute
    alike. Informative: small differences between kinds of hardware change it."""
    profile_ms: int
    """Time that computing or reading the profile took."""


class PocBatch(Frame, frozen=True, kw_only=True, tag="poc_batch"):
    """Nonces that count, found since the last batch, with their distances in millionths."""

    stage_id: int
    nonces: list[int]
    dist_micro: list[int]
    tried: int
    """Nonces computed for this batch, counting or not."""
    next_nonce: int
    """Lowest nonce of this node not tried yet."""
    elapsed_us: int
    """Time spent in arithmetic for this batch."""
    final: bool = False
    """No more batches of this stage follow."""


class PocFailed(Frame, frozen=True, kw_only=True, tag="poc_failed"):
    """Mining or a validation could not be done; the worker goes on.

    Codes: `BAD_PARAMETERS`, `ENGINE`. `validation_id` is -1 when mining failed."""

    stage_id: int
    validation_id: int
    code: str
    text: str


class PocValidated(Frame, frozen=True, kw_only=True, tag="poc_validated"):
    """The verdict on one batch."""

    validation_id: int
    n_checked: int
    """Nonces looked at: the sample, or the whole batch when its form alone condemns it."""
    n_invalid: int
    fraud: bool
    probability_honest_ppb: int
    """Probability that honest work shows at least this many invalid nonces, billionths, rounded down."""
    reason: str
    """`OK`, or the first ground: `LENGTH_MISMATCH`, `EMPTY`, `REPEATED_NONCE`, `OUT_OF_RANGE`,
    `FOREIGN_NONCE`, `DISTANCE`."""
    nonces: list[int]
    """The sample that was recomputed."""
    dist_micro: list[int]
    """The recomputed distances, in the order of `nonces`."""


class Heartbeat(Frame, frozen=True, kw_only=True, tag="heartbeat"):
    """Sent once a second by the worker's I/O thread, also while the engine computes or loads."""

    steps: int
    """Decodes finished since the start. Standing still while there is work means that the engine hangs."""
    active: int
    """Requests in a slot, without those that are held."""
    waiting: int
    """Requests inside the worker without a slot; 0 while every slot is held."""
    poc: bool
    """Mining or validating."""


WorkerFrame = (
    Progress
    | Loaded
    | LoadFailed
    | Step
    | Done
    | Embedded
    | RequestFailed
    | Tokenized
    | PocStarted
    | PocBatch
    | PocFailed
    | PocValidated
    | Heartbeat
)
