"""What an operator can set: flag, then environment `MESHKEEPER_CHAIN_<KEY>`, then file, then default."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    JsonConfigSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
    YamlConfigSettingsSource,
)

from chain.history import HISTORY_BLOCKS
from chain.io.keys import DEFAULT_HOME
from chain.io.refused import Refused
from chain.snapshots import KEPT

Port = Annotated[int, Field(ge=0, le=65535)]
Positive = Annotated[int, Field(ge=1)]

_SOURCES = {
    ".toml": TomlConfigSettingsSource,
    ".yaml": YamlConfigSettingsSource,
    ".yml": YamlConfigSettingsSource,
    ".json": JsonConfigSettingsSource,
}


class SettingsRefused(Refused):
    """Settings that cannot be used, in one sentence for the operator."""


class Settings(BaseSettings):
    """All settings of a chain process. The same key in every source; on the command line with dashes."""

    model_config = SettingsConfigDict(env_prefix="MESHKEEPER_CHAIN_", extra="forbid", frozen=True)

    home: Path = Field(default=DEFAULT_HOME, validate_default=True)
    """Folder of genesis.json, the keys, the SQLite database and ready.json."""
    database_url: str = ""
    """Where the chain is kept; empty: SQLite in the home. postgresql://user@host/name for PostgreSQL."""
    host: str = "127.0.0.1"
    """Address to listen on, gRPC and HTTP."""
    grpc_port: Port = 9090
    """Port for clients; 0 takes any free one."""
    http_port: Port = 9091
    """Port for health and metrics; 0 takes any free one."""
    block_mode: Literal["interval", "instant", "manual"] = "interval"
    """interval: a block every block_time_s; instant: when a transaction waits; manual: on POST /blocks."""
    block_time_s: Annotated[float, Field(ge=0.01, le=3600)] = 1.0
    """Seconds from block to block in interval mode."""
    checkpoint_blocks: Positive = 500
    """Blocks after which the state is written out, so that a start replays little."""
    checkpoint_changes: Positive = 100_000
    """Changes after which the same happens."""
    history_blocks: Annotated[int, Field(ge=0)] = HISTORY_BLOCKS
    """Heights behind the last one at which the state can be asked."""
    keep_blocks: Annotated[int, Field(ge=0)] = 0
    """Newest blocks kept with their transactions and events; 0 keeps all."""
    keep_snapshots: Annotated[int, Field(ge=0)] = KEPT
    """Snapshots kept in the home, of the states with which the last epochs took effect; 0 keeps none."""
    sqlite_synchronous: Literal["FULL", "NORMAL"] = "FULL"
    """FULL loses nothing at a power cut; NORMAL is faster and may lose the last blocks, never more."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least level that is logged."""

    @field_validator("home")
    @classmethod
    def _expand(cls, path: Path) -> Path:
        return path.expanduser()

    @property
    def url(self) -> str:
        """The database, decided."""
        return self.database_url or f"sqlite:///{self.home.absolute() / 'chain.db'}"


def load_settings(flags: dict[str, Any], config: Path | None = None) -> Settings:
    """Settings from all sources; flags that are None were not given."""
    given = {key: value for key, value in flags.items() if value is not None}
    source = None if config is None else _find_source(config)

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
            files = (source(settings_cls, config),) if source else ()
            return (init_settings, env_settings, *files)

    try:
        return Sourced(**given)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            text = f"there is no setting {key!r}; see meshkeeper chain start --help"
            raise SettingsRefused(text) from error
        raise SettingsRefused(f"setting {key}: {first['msg']}") from error
    except ValueError as error:
        raise SettingsRefused(f"cannot read {config}: {error}") from error


def _find_source(config: Path) -> type[Any]:
    source = _SOURCES.get(config.suffix.lower())
    if source is None:
        raise SettingsRefused(f"{config} must end in .toml, .yaml, .yml or .json")
    try:
        config.open("rb").close()
    except OSError as error:
        raise SettingsRefused(f"cannot read {config}: {error.strerror}") from error
    return source
