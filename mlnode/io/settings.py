"""What an operator can set: flag, then environment `MESHKEEPER_MLNODE_<KEY>`, then file, then default."""

import json
import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml  # type: ignore[import-untyped]
from pydantic import Field, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from mlnode.budgets import Budget, parse_budget
from mlnode.contexts import KvType

Port = Annotated[int, Field(ge=0, le=65535)]
Count = Annotated[int, Field(ge=0)]

_READERS: Mapping[str, Callable[[str], Any]] = {
    ".toml": tomllib.loads,
    ".yaml": yaml.safe_load,
    ".yml": yaml.safe_load,
    ".json": json.loads,
}


def default_cache_dir() -> Path:
    """The user's cache, where `XDG_CACHE_HOME` says or below the home directory."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "meshkeeper" / "mlnode"


class Settings(BaseSettings):
    """All settings of a node. The same key in every source; on the command line with dashes."""

    model_config = SettingsConfigDict(
        env_prefix="MESHKEEPER_MLNODE_", extra="forbid", frozen=True, use_attribute_docstrings=True
    )

    home: Path = Field(default=Path("~/.meshkeeper/mlnode"), validate_default=True)
    """Folder for what the node keeps: ready.json."""
    cache_dir: Path = Field(default_factory=lambda: default_cache_dir(), validate_default=True)
    """Folder for what is computed once for each model file; the nodes of a machine may share it."""
    host: str = "127.0.0.1"
    """Address to listen on, HTTP and control."""
    port: Port = 8080
    """HTTP port; 0 takes any free one."""
    control_port: Port = 8081
    """gRPC control port; 0 takes any free one."""
    models_dir: Path = Field(default=Path("~/models/llm"), validate_default=True)
    """Folder that holds the *.gguf files."""
    links_outside: bool = False
    """Serve files outside of the folder that links in it lead to."""
    watch: Literal["auto", "poll", "off"] = "auto"
    """How changes in it are noticed: by the kernel, by a look every second, or only when asked for."""
    managed: bool = False
    """Start stopped, and serve only when a broker says so."""
    default_model: str = ""
    """Model of requests that name none; empty: such requests are refused."""
    preload: Annotated[tuple[str, ...], NoDecode] = ()
    """Models to load at the start, as far as they fit."""
    pin: Annotated[tuple[str, ...], NoDecode] = ()
    """Models that are never evicted for others once they are loaded."""
    ttl_s: Count = 0
    """A model that had nothing to do for this long is unloaded; 0: never."""
    model_ttl: Annotated[dict[str, Count], NoDecode] = Field(default_factory=dict)
    """The same for one model: ID=SECONDS."""
    max_loads: Annotated[int, Field(ge=1, le=64)] = 2
    """Models that load at the same time."""
    load_stall_s: Annotated[int, Field(ge=1, le=3600)] = 60
    """A load without progress for this long is given up."""
    step_stall_s: Annotated[int, Field(ge=5, le=3600)] = 30
    """A worker that has work and makes no step for this long is killed. A step reads 128 tokens of a prompt:
    more time for a large model on a slow machine."""
    alias: Annotated[dict[str, str], NoDecode] = Field(default_factory=dict)
    """More names for models: ID=NAME."""
    vram_budget_mb: Annotated[Budget, NoDecode] = 0
    """Memory for models, MiB; 0: what is free on the GPUs, or half of the available host memory without one.
    One number is shared out among several GPUs; NUMBER=MIB,NUMBER=MIB says it for each."""
    vram_margin_mb: Count = 64
    """Part of the budget that is never given away, MiB."""
    probe: bool = True
    """Work out in quiet times what each model will take, without loading it."""
    max_queue_depth: Count = 32
    """Requests waiting for one model."""
    max_wait_ms: Annotated[int, Field(ge=1, le=3_600_000)] = 30_000
    """How long a request waits for a slot at most."""
    wait_pauses_for_load: bool = True
    """That clock stands still while the requested model itself loads, for ten minutes at most."""
    max_inflight: Count = 0
    """Requests in the whole node; 0: no limit."""
    slots: Annotated[int, Field(ge=1, le=64)] = 1
    """Requests that one model answers at the same time."""
    ctx_size: Annotated[int, Field(ge=16, le=2**22)] = 4096
    """Tokens of one request, prompt and answer."""
    threads: Annotated[int, Field(ge=0, le=512)] = 0
    """CPU threads of one model; 0: half of the cores."""
    n_gpu_layers: Annotated[int, Field(ge=-1)] = -1
    """Layers on the GPU; -1: all. Without a GPU it has no effect."""
    kv_type: KvType = "f16"
    """How keys and values are kept: f16, q8_0 or q4_0, which take 100, 53 and 28 percent."""
    prepared_workers: Annotated[int, Field(ge=0, le=8)] = 1
    """Processes kept ready for the next load, about 30 MiB each, so that it need not wait for one."""
    prepared_model_mb: Annotated[int, Field(ge=0, le=2**20)] = 128
    """What each of them may take on top to open a model that went from memory, the last one first, MiB: its
    vocabulary and the weights that llama.cpp copies. 0: none is opened, as where there is a GPU."""
    check_tensors: bool = False
    """Look at every weight while loading, and refuse a file that holds impossible ones."""
    prefix_cache_mb: Annotated[int, Field(ge=0, le=2**20)] = 64
    """Memory for prompts that may come again, of each model, MiB; at most four times its keys and values."""
    kv_cache_mb: Annotated[int, Field(ge=0, le=2**20)] = 512
    """Disk for such prompts of models that were unloaded, of all together, MiB; 0: they are forgotten."""
    max_body_bytes: Annotated[int, Field(ge=1024, le=32 * 1024 * 1024)] = 1024 * 1024
    """Largest request: half of what a frame to a worker holds at most."""
    patience_s: Annotated[int, Field(ge=1, le=3600)] = 30
    """How long a client may send nothing of its request or take nothing of its answer."""
    api_key: Annotated[tuple[str, ...], NoDecode] = ()
    """Keys of which an HTTP request must carry one, as bearer token or x-api-key. A flag shows in lists of
    processes: prefer the file or the environment."""
    api_key_file: str = ""
    """File with such keys, one a line, read again at SIGHUP."""
    open_metrics: bool = False
    """Answer /metrics without a key."""
    control_token: str = ""
    """Token that control calls must carry as bearer token; empty: none."""
    drain_s: Annotated[int, Field(ge=0, le=3600)] = 20
    """Time that running requests have left when the node is told to end."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """debug, info, warning or error."""

    @field_validator("home", "models_dir", "cache_dir")
    @classmethod
    def _expand(cls, path: Path) -> Path:
        try:
            return path.expanduser()
        except RuntimeError:
            raise ValueError("there is no home directory for ~; give an absolute path") from None

    @field_validator("preload", "api_key", "pin", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Commas separate names in one string, and a list may hold several such strings."""
        given = [value] if isinstance(value, str) else value
        if not isinstance(given, (tuple, list)):
            return value
        return tuple(name for item in given for name in str(item).split(",") if name)

    @field_validator("alias", mode="before")
    @classmethod
    def _pair(cls, value: object) -> object:
        """`ID=NAME,ID=NAME` becomes name to identifier; a mapping is that already."""
        if isinstance(value, str):
            value = tuple(filter(None, value.split(",")))
        if isinstance(value, (tuple, list)):
            pairs = [str(item).rpartition("=") for item in value]
            if any(not id or not name for id, _, name in pairs):
                raise ValueError("an alias is written ID=NAME")
            return {name: id for id, _, name in pairs}
        return value

    @field_validator("vram_budget_mb", mode="before")
    @classmethod
    def _read_budget(cls, value: object) -> object:
        return parse_budget(value) if isinstance(value, str) else value

    @field_validator("vram_budget_mb")
    @classmethod
    def _check_budget(cls, budget: Budget) -> Budget:
        if any(mib < 0 for mib in (budget.values() if isinstance(budget, dict) else (budget,))):
            raise ValueError("a budget must not be negative")
        return budget

    @field_validator("model_ttl", mode="before")
    @classmethod
    def _pair_seconds(cls, value: object) -> object:
        """`ID=SECONDS,ID=SECONDS` becomes identifier to seconds; a mapping is that already."""
        if isinstance(value, str):
            value = tuple(filter(None, value.split(",")))
        if isinstance(value, (tuple, list)):
            pairs = [str(item).rpartition("=") for item in value]
            if any(not id or not seconds.isdigit() for id, _, seconds in pairs):
                raise ValueError("the time of a model is written ID=SECONDS")
            return {id: seconds for id, _, seconds in pairs}
        return value

    @model_validator(mode="after")
    def _leave_room(self) -> Self:
        budget = self.vram_budget_mb
        for mib in budget.values() if isinstance(budget, dict) else (budget,):
            if 0 < mib <= self.vram_margin_mb:
                raise ValueError(
                    f"a margin of {self.vram_margin_mb} leaves nothing of the budget of {mib} MiB"
                )
        return self

    @property
    def n_threads(self) -> int:
        """Threads of one model, decided."""
        return self.threads or max(1, (os.cpu_count() or 1) // 2)


def read_config(config: Path) -> dict[str, Any]:
    """The keys and values of a configuration file. Raises `OSError` and `ValueError`."""
    read = _READERS.get(config.suffix.lower())
    if read is None:
        raise ValueError(f"{config} must end in .toml, .yaml, .yml or .json.")
    try:
        given = read(config.read_text("utf-8"))
    except (ValueError, yaml.YAMLError) as error:
        raise ValueError(f"{config} is no {config.suffix[1:]}: {' '.join(str(error).split())}.") from None
    if not isinstance(given, dict):
        raise ValueError(f"{config} must hold settings by name, not a {type(given).__name__}.")
    return {str(key): value for key, value in given.items()}


def load_settings(flags: dict[str, Any], config: Path | None = None) -> Settings:
    """Settings from all sources. Raises `ValueError` (pydantic's, or ours) for what is no setting, and
    `OSError` when the file cannot be read."""
    given = read_config(config) if config is not None else {}

    class Sourced(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return (init_settings, env_settings, InitSettingsSource(settings_cls, given))

    return Sourced(**flags)
