"""Records and messages of the model registry."""

from typing import TYPE_CHECKING, Protocol

from chain.context import Context
from chain.fixed import Decimal
from chain.records import Record

if TYPE_CHECKING:
    from chain.params import Params


class ModelParams(Record, frozen=True):
    """How alternatives of models are followed."""

    alternative_resolution: str = ""
    """"nearest" (default): the registered model fewest steps away; "terminal": the end of the chain."""


class Model(Record, frozen=True):
    """A model that the network may serve. The record itself is the governance registry: a model is
    governed while its record exists.
    """

    proposed_by: str = ""
    """Account that proposed the model, bech32."""
    id: str = ""
    """Identifier under which requests name the model, unique, 1 to 256 printable ASCII characters."""
    units_of_compute_per_token: int = 0
    """Units of compute that one token costs, at least 1."""
    context_window: int = 0
    """Longest context in tokens; 0 when not stated."""
    quantization: str = ""
    """Quantisation of the reference weights, free text, for example "Q4_K_M"."""
    coins_per_input_token: int = 0
    """Price of one prompt token in umesh; 0 means the network's base price."""
    coins_per_output_token: int = 0
    """Price of one completion token in umesh; 0 means the network's base price."""
    alternative_models: tuple[str, ...] = ()
    """Other identifiers that count as this model when a node declares them. None may lead back to this
    model, and no identifier may belong to two models.
    """
    hf_repo: str = ""
    """Repository of the reference weights, free text."""
    hf_commit: str = ""
    """Commit of the reference weights, free text."""
    model_args: tuple[str, ...] = ()
    """Arguments that every host passes to its engine, in order."""
    v_ram: int = 0
    """Memory that the model needs, in MiB."""
    throughput_per_nonce: int = 0
    """Throughput that one accepted nonce stands for, in tokens per second."""
    validation_threshold: Decimal = Decimal()
    """Similarity above which a re-executed answer counts as valid, from 0 to 1."""


class MsgRegisterModel(Record, frozen=True):
    """Registers or replaces a governance model."""

    authority: str = ""
    """The governance account, bech32. Signs."""
    proposed_by: str = ""
    """Account that proposed the model, bech32; may be empty."""
    id: str = ""
    """Identifier, 1 to 256 printable ASCII characters."""
    units_of_compute_per_token: int = 0
    """Units of compute of one token, at least 1."""
    hf_repo: str = ""
    """Repository of the reference weights."""
    hf_commit: str = ""
    """Commit of the reference weights."""
    model_args: tuple[str, ...] = ()
    """Arguments for every engine, in order."""
    v_ram: int = 0
    """Memory that the model needs, MiB."""
    throughput_per_nonce: int = 0
    """Tokens per second that one nonce stands for."""
    validation_threshold: Decimal = Decimal()
    """Similarity above which an answer is valid, 0 to 1."""
    alternative_models: tuple[str, ...] = ()
    """Identifiers that count as this model. ErrCircularAlternative when one leads back here,
    ErrAmbiguousAlternative when one belongs to another model already.
    """
    context_window: int = 0
    """Longest context in tokens; 0 when not stated."""
    quantization: str = ""
    """Quantisation of the reference weights."""
    coins_per_input_token: int = 0
    """Price of a prompt token, umesh; 0 for the base price."""
    coins_per_output_token: int = 0
    """Price of a completion token, umesh; 0 for the base price."""


class MsgRegisterModelResponse(Record, frozen=True):
    """Answers MsgRegisterModel."""


class MsgRetireModel(Record, frozen=True):
    """Retires a governance model."""

    authority: str = ""
    """The governance account, bech32. Signs."""
    id: str = ""
    """The model."""


class MsgRetireModelResponse(Record, frozen=True):
    """Answers MsgRetireModel."""


class Resolver(Protocol):
    """Says what identifiers stand for, over one unchanging registry."""

    def resolve(self, identifier: str) -> str | None:
        """The governance model that an identifier stands for, or None."""

    def list_valid(self) -> tuple[str, ...]:
        """Identifiers of all governance models, sorted."""


class ParamsSource(Protocol):
    """What this room expects of the parameters."""

    def get_params(self, ctx: Context) -> "Params":
        """The parameters in effect."""

    def get_authority(self, ctx: Context) -> str:
        """The account that acts for governance, bech32."""
