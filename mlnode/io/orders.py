"""What the front asks of a worker. Units are in the names or beside the fields."""

import msgspec

from mlnode.contexts import KvType
from mlnode.io.frame import Frame


class Open(Frame, frozen=True, kw_only=True, tag="open"):
    """Open a model ahead: a `Load` of the same file is then only the context. Without a GPU, before `Load`,
    once at most. It is not answered; what cannot be opened is told when it is to be loaded."""

    path: str
    """As in `Load`."""
    check_tensors: bool = False


class Load(Frame, frozen=True, kw_only=True, tag="load"):
    """Open a model and a context for it. Sent once, before everything but `Open`."""

    path: str
    """Absolute path of the GGUF file (the first shard, when there are several)."""
    n_ctx: int = 4096
    """Tokens that one request may use, prompt and answer together. The context holds `n_ctx` x `slots` cells.
    Reduced to the model's trained context where that is smaller."""
    slots: int = 1
    """Requests decoded at the same time, 1 to 64."""
    n_ubatch: int = 128
    """Tokens of a prompt evaluated in one go. Fixed per worker, so that the same prompt always takes the same
    arithmetic. Larger is faster for long prompts and makes others wait longer between two tokens."""
    n_threads: int = 1
    """CPU threads of the arithmetic."""
    n_gpu_layers: int = 0
    """Layers placed on the GPU; -1 means all. Without a GPU back end it has no effect."""
    devices: tuple[str, ...] = ()
    """The GPUs to use, as CUDA_VISIBLE_DEVICES names them; no other is touched. Empty: all visible ones."""
    tensor_split: tuple[float, ...] = ()
    """Each device's share of the layers, in proportion. Fewer than two: llama.cpp decides."""
    kv_type: KvType = "f16"
    """How keys and values are kept. Quantised ones need heads of whole blocks of 32."""
    use_mmap: bool = True
    """Map the file instead of reading it. A mapped file that is truncated in place kills the worker."""
    check_tensors: bool = False
    """Refuse tensors with impossible values."""
    cache_dir: str = ""
    """Directory for what is computed once per model file (the PoC profile, the time of a step). Empty: keep
    nothing on disk."""
    prefix_cache_mb: int = 0
    """Memory for the keys and values of prompts that may come again; 0: none are kept."""
    kv_dir: str = ""
    """Directory for these prompts when the worker is told to go. Empty: they go with it."""
    kv_cache_mb: int = 0
    """Bytes in that directory at most, MiB; the least recently used go first."""


class ChatCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call of a tool that an assistant made."""

    id: str
    name: str
    arguments: str
    """JSON."""


class ChatMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One message of a conversation, as in OpenAI's chat API, text only."""

    role: str
    content: str
    name: str = ""
    calls: tuple[ChatCall, ...] = ()
    call_id: str = ""
    """The call that a tool's message answers."""


class ChatTool(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tool that the model may call."""

    name: str
    description: str = ""
    parameters: str = "true"
    """JSON schema of the arguments, as JSON."""


class Submit(Frame, frozen=True, kw_only=True, tag="submit"):
    """Generate. Exactly one of `text`, `tokens` and `messages` is given; otherwise `RequestFailed`."""

    request_id: int
    text: str | None = None
    """A raw prompt. The model's begin-of-text token is put before it where the model wants one; spellings of
    special tokens in it are ordinary text."""
    tokens: list[int] | None = None
    """A prompt as token ids, used as they are."""
    messages: list[ChatMessage] | None = None
    """A conversation, rendered with the model's own chat template, or the plain one where it has none."""
    tools: tuple[ChatTool, ...] = ()
    """Shown to the model by its template; refused where that knows of none."""
    calls_min: int = 0
    """1: the answer is calls of these tools and nothing else, by a grammar."""
    calls_max: int = 1
    """Calls that this grammar allows."""
    max_tokens: int = 0
    """Tokens to generate at most; 0 means as many as the context has room for."""
    temperature: float = 0.0
    """0 takes the most likely token each time. Above 0 the distribution is divided by it, then sampled."""
    top_k: int = 40
    """Sample among this many most likely tokens; 0 means all."""
    top_p: float = 1.0
    """Sample among the smallest set of tokens whose probabilities reach this, 0 < p <= 1."""
    min_p: float = 0.0
    """Drop tokens less likely than this fraction of the likeliest, 0 <= p < 1."""
    frequency_penalty: float = 0.0
    """Subtracted from a token's logit for each time it was generated already."""
    presence_penalty: float = 0.0
    """Subtracted once from the logit of every token generated already."""
    repeat_penalty: float = 1.0
    """Logits of the last `repeat_last_n` tokens, prompt included, are divided by it; negative ones are
    multiplied."""
    repeat_last_n: int = 64
    logit_bias: dict[int, float] = msgspec.field(default_factory=dict)
    """Added to the logits of these tokens."""
    grammar: str = ""
    """GBNF that the answer follows from its first character; empty: any text. Ends the answer where nothing
    can follow."""
    seed: int | None = None
    """Start of this request's own random numbers; the same seed and prompt repeat the answer. None: any."""
    stop: tuple[str, ...] = ()
    """The answer ends before the first of these strings that appears; at most 16, none empty."""
    top_logprobs: int = -1
    """-1: no log-probabilities. 0 to 20: the chosen token's, and this many alternatives'."""
    ignore_eos: bool = False
    """Do not stop at the model's end-of-text tokens (for measuring)."""
    priority: int = 0
    """Larger goes first among the requests that wait inside the worker; equal ones in order of arrival."""


class Embed(Frame, frozen=True, kw_only=True, tag="embed"):
    """Make a vector of each text. Answered by `Embedded` or `RequestFailed`."""

    request_id: int
    texts: tuple[str, ...] = ()
    tokens: tuple[list[int], ...] = ()
    """Texts as token ids, used as they are; given instead of `texts`."""


class Cancel(Frame, frozen=True, kw_only=True, tag="cancel"):
    """Give up one request or validation: its slot is free within milliseconds, in a decode too.
    Answered by `Done` with reason `cancelled`; an unknown or finished id is ignored."""

    request_id: int
    """Of a `Submit`, or the `validation_id` of a `PocValidate`."""


class Hold(Frame, frozen=True, kw_only=True, tag="hold"):
    """Stop writing one answer; it keeps its slot. The others go on. Unknown ids are ignored."""

    request_id: int


class Resume(Frame, frozen=True, kw_only=True, tag="resume"):
    """Go on with an answer that was held."""

    request_id: int


class SetThreads(Frame, frozen=True, kw_only=True, tag="set_threads"):
    """Use this many CPU threads from the next step on."""

    n_threads: int


class Tokenize(Frame, frozen=True, kw_only=True, tag="tokenize"):
    """Count before asking. Same choice of prompt as in `Submit`. Answered by `Tokenized` or
    `RequestFailed`."""

    request_id: int
    text: str | None = None
    messages: list[ChatMessage] | None = None


class PocStart(Frame, frozen=True, kw_only=True, tag="poc_start"):
    """Mine nonces until `PocStop`, `nonces_max` or another `PocStart`. Requests on the same worker go on:
    when both have work, they share the time equally.

    The nonces tried are `node_rank + k * node_count` for k = 0, 1, ..., from `start_nonce` on."""

    stage_id: int
    """The PoC stage: height at which it began. Copied into every `PocBatch`."""
    block_hash: bytes
    """Hash of the block at that height. With the public key it seeds all arithmetic of the stage."""
    public_key: bytes
    """The participant's public key (compressed, 33 bytes for secp256k1)."""
    node_rank: int
    """0 <= rank < node_count: this node's place among the participant's nodes, frozen for the stage."""
    node_count: int
    batch_size: int = 100
    """Nonces tried between two `PocBatch` frames at most, rounded up to whole decodes of 8. What was found is
    reported after two seconds or a tenth of the run in any case."""
    r_target_micro: int
    """A nonce counts when its distance, in millionths, is below this."""
    start_nonce: int = 0
    """Lowest nonce to try; `next_nonce` of the last batch continues an interrupted stage."""
    nonces_max: int = 0
    """Stop by itself after trying this many; 0: go on until told."""


class PocStop(Frame, frozen=True, kw_only=True, tag="poc_stop"):
    """Stop mining. Answered by a last `PocBatch` with `final` set when mining was going on."""


class PocValidate(Frame, frozen=True, kw_only=True, tag="poc_validate"):
    """Recompute a sample of somebody's batch and judge it. Answered by `PocValidated`, whatever the batch
    holds. Several may wait; each is interleaved with mining and requests decode by decode."""

    validation_id: int
    block_hash: bytes
    public_key: bytes
    """Of the participant who claims the batch."""
    nonces: list[int]
    dist_micro: list[int]
    """Claimed distances, millionths, in the order of `nonces`."""
    node_rank: int = 0
    node_count: int = 0
    """The claimant node's place; nonces outside its residue class are invalid. `node_count` 0: unchecked."""
    r_target_micro: int
    tolerance_micro: int
    """Largest difference between a claimed and a recomputed distance that different hardware may cause."""
    mismatch_ppm: int
    """Probability, in millionths, that one honest nonce is judged invalid."""
    fraud_threshold_ppb: int
    """Fraud is said when honest work would look this bad with a smaller probability, in billionths."""
    sample_size: int = 200
    """Nonces to recompute at most; 0: all."""
    sample_seed: bytes = b""
    """Chooses the sample; must be unknown to the claimant when the batch was made."""


class Stop(Frame, frozen=True, kw_only=True, tag="stop"):
    """End at once: requests under way are answered `cancelled`, then the process exits with status 0."""


FrontFrame = (
    Open
    | Load
    | Submit
    | Embed
    | Cancel
    | Hold
    | Resume
    | SetThreads
    | Tokenize
    | PocStart
    | PocStop
    | PocValidate
    | Stop
)
