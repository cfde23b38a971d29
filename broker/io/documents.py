"""Nodes as operators write and read them: the same fields in the admin API, the configuration and the CLI."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from broker.facts import HardwareItem
from broker.nodes import ModelConfig, NodeConfig
from broker.views import NodeView, StatusView

Port = Annotated[int, Field(ge=1, le=65535)]
Name = Annotated[str, Field(min_length=1, max_length=256)]


class ModelDocument(BaseModel):
    """Arguments with which the node runs a model."""

    model_config = ConfigDict(extra="forbid")

    args: tuple[Annotated[str, Field(max_length=512)], ...] = Field(default=(), max_length=64)


class HardwareDocument(BaseModel):
    """A kind of device and how many of it."""

    model_config = ConfigDict(extra="forbid")

    type: Name
    count: Annotated[int, Field(ge=1, le=1_000_000)] = 1


class NodeDocument(BaseModel):
    """A node. `models` maps file ids to their arguments; a plain list of ids is taken too."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9._:@+-]+$")]
    host: Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9._:\[\]-]+$")]
    port: Port = 8081
    http_port: Annotated[int, Field(ge=0, le=65535)] = 0
    models: Annotated[dict[Name, ModelDocument], Field(min_length=1, max_length=64)]
    max_concurrent: Annotated[int, Field(ge=1, le=100_000)] = 4
    hardware: Annotated[tuple[HardwareDocument, ...], Field(max_length=64)] = ()
    api_key: Annotated[SecretStr, Field(max_length=512)] | None = None
    """Key of the node's HTTP interface. Taken, never shown; left out it stays as it is, empty it is none."""

    @field_validator("models", mode="before")
    @classmethod
    def _accept_list(cls, value: object) -> object:
        if isinstance(value, list | tuple):
            return {name: {} for name in value}
        if isinstance(value, dict):
            return {name: {} if given is None else given for name, given in value.items()}
        return value

    @field_validator("api_key")
    @classmethod
    def _refuse_odd_key(cls, key: SecretStr | None) -> SecretStr | None:
        text = key.get_secret_value() if key else ""
        if not (text.isascii() and text.isprintable()) or text != text.strip():
            raise ValueError("a key is printable ASCII without blanks at its ends")
        return key

    @model_validator(mode="after")
    def _refuse_scheme(self) -> Self:
        if "//" in self.host:
            raise ValueError("host is a name or an address without a scheme")
        return self

    def to_config(self) -> NodeConfig:
        """The record that the controller keeps."""
        models = tuple(ModelConfig(name, model.args) for name, model in sorted(self.models.items()))
        hardware = tuple(HardwareItem(item.type, item.count) for item in self.hardware)
        key = None if self.api_key is None else self.api_key.get_secret_value()
        return NodeConfig(
            self.id, self.host, self.port, models, self.max_concurrent, hardware, self.http_port, key
        )


def write_config(config: NodeConfig) -> dict[str, Any]:
    """The node as it may be sent back: its key is not shown, and stays when it is not sent."""
    return {
        "id": config.id,
        "host": config.host,
        "port": config.port,
        "http_port": config.http_port,
        "models": {model.id: {"args": list(model.args)} for model in config.models},
        "max_concurrent": config.max_concurrent,
        "hardware": [{"type": item.type, "count": item.count} for item in config.hardware],
    }


def write_node(view: NodeView) -> dict[str, Any]:
    """A node with its state."""
    admin, counts = view.admin, view.batches
    state = {
        "admin_state": {"enabled": admin.enabled, "epoch": admin.epoch, "pending": admin.pending},
        "enabled": view.wanted_enabled,
        "operational": view.operational,
        "draining": view.draining,
        "intended": view.intended,
        "observed": view.observed,
        "why": view.why,
        "next_change_height": view.next_change_height,
        "published_status": view.published_status,
        "chain_status": view.chain_status,
        "command_in_flight": view.command_in_flight,
        "attempts": view.attempts,
        "last_error": view.last_error,
        "epoch_models": list(view.epoch_models),
        "lock_count": view.lock_count,
        "has_api_key": bool(view.config.api_key),
        "batches": {
            "sent": counts.sent,
            "accepted": counts.accepted,
            "refused": counts.refused,
            "last_refusal": counts.last_refusal,
        },
        "safe_to_power_off": view.safe_to_power_off,
    }
    return {"node": write_config(view.config), "state": state}


def write_status(view: StatusView) -> dict[str, Any]:
    """The broker with all of its nodes."""
    return {
        "participant": view.participant,
        "height": view.height,
        "phase": view.phase,
        "latest_epoch_index": view.latest_epoch_index,
        "effective_epoch_index": view.effective_epoch_index,
        "stale": view.stale,
        "sync_pending": view.sync_pending,
        "sync_error": view.sync_error,
        "alarms": list(view.alarms),
        "seed_submitted": view.seed_submitted,
        "votes_cast": view.votes_cast,
        "votes_open": view.votes_open,
        "abstentions": list(view.abstentions),
        "nodes": [write_node(node) for node in view.nodes],
    }
