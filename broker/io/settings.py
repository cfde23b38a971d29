"""What an operator can set: flag, then environment `MESHKEEPER_BROKER_<KEY>`, then file, then default."""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml  # type: ignore[import-untyped]
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    JsonConfigSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
    YamlConfigSettingsSource,
)

from broker.errors import HomeError
from broker.io.documents import NodeDocument

DEFAULT_HOME = Path("~/.meshkeeper/broker")
DATABASE_FILE = "broker.db"
CONFIG_NAMES = ("broker.toml", "broker.yaml", "broker.yml", "broker.json")
Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(ge=0.05, le=86_400)]

_SOURCES = {
    ".toml": TomlConfigSettingsSource,
    ".yaml": YamlConfigSettingsSource,
    ".yml": YamlConfigSettingsSource,
    ".json": JsonConfigSettingsSource,
}


class Settings(BaseSettings):
    """All settings of a broker. The same key in every source; on the command line with dashes."""

    model_config = SettingsConfigDict(env_prefix="MESHKEEPER_BROKER_", extra="forbid", frozen=True)

    home: Path = Field(default=DEFAULT_HOME, validate_default=True)
    """Folder of key.json, admin.token, the SQLite database and ready.json."""
    chain: str = "127.0.0.1:9090"
    """Address of the chain's gRPC interface, host:port."""
    chain_wait_s: Seconds = 120.0
    """How long a start waits for the chain, seconds."""
    database_url: SecretStr = SecretStr("")
    """Where nodes and decisions are kept; empty: SQLite in the home."""
    public_host: str = "127.0.0.1"
    """Address to listen on for users and other brokers."""
    public_port: Port = 9000
    """Port of the OpenAI-compatible interface; 0 takes any free one."""
    public_url: str = ""
    """URL under which others reach that interface, as registered on chain; empty: from host and port."""
    callback_host: str = "127.0.0.1"
    """Address to listen on for reports of nodes."""
    callback_port: Port = 9100
    """Port for reports of nodes; 0 takes any free one."""
    callback_address: str = ""
    """host:port that nodes are told to report to; empty: from host and port."""
    admin_host: str = "127.0.0.1"
    """Address to listen on for operators."""
    admin_port: Port = 9200
    """Port for operators; 0 takes any free one."""
    admin_token: SecretStr = SecretStr("")
    """Bearer token of operators; empty: the one in the home's admin.token."""
    control_token: SecretStr = SecretStr("")
    """Bearer token that our nodes ask of whoever commands them; empty: none."""
    validator_key: str = ""
    """Consensus key as registered on chain, ed25519, base64; empty: the home's validator.json."""
    drain_s: Seconds = 10.0
    """Time that running requests have left when the broker is told to end, seconds."""
    sync_s: Seconds = 60.0
    """Period of the hardware comparison that needs no reason, seconds."""
    poll_s: Seconds = 15.0
    """Period in which every node is asked how it is, seconds."""
    tick_s: Seconds = 1.0
    """Period in which waiting retries are looked at, seconds."""
    stale_after_s: Seconds = 30.0
    """Silence of the chain after which nothing is decided, seconds."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least level that is logged."""
    nodes: tuple[NodeDocument, ...] = ()
    """Nodes to begin with.

    Those that the database does not know are added at every start; what it knows wins.
    """

    @field_validator("home")
    @classmethod
    def _expand(cls, path: Path) -> Path:
        return path.expanduser()

    @field_validator("chain")
    @classmethod
    def _refuse_no_port(cls, address: str) -> str:
        host, _, port = address.rpartition(":")
        if not host or not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
            raise ValueError("write it as host:port, for example 127.0.0.1:9090")
        return address

    @field_validator("public_url")
    @classmethod
    def _refuse_no_url(cls, url: str) -> str:
        if url and not url.startswith(("http://", "https://")):
            raise ValueError("begin it with http:// or https://")
        return url

    @field_validator("nodes")
    @classmethod
    def _refuse_twins(cls, nodes: tuple[NodeDocument, ...]) -> tuple[NodeDocument, ...]:
        ids = [node.id for node in nodes]
        twins = sorted({node_id for node_id in ids if ids.count(node_id) > 1})
        if twins:
            raise ValueError(f"two nodes have the id {twins[0]}; give each its own")
        return nodes

    @property
    def url(self) -> str:
        """The database, decided."""
        return self.database_url.get_secret_value() or f"sqlite:///{self.home.absolute() / DATABASE_FILE}"


def find_config(home: Path) -> Path | None:
    """The configuration file in the home, when there is one."""
    return next((home / name for name in CONFIG_NAMES if (home / name).is_file()), None)


def load_settings(flags: dict[str, Any], config: Path | None = None) -> Settings:
    """Settings from all sources; flags that are None were not given. HomeError says what cannot be used."""
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
            raise HomeError(f"there is no setting {key!r}; see meshkeeper broker start --help") from None
        raise HomeError(f"setting {key}: {first['msg'].removeprefix('Value error, ')}") from None
    except (ValueError, yaml.YAMLError) as error:
        raise HomeError(f"cannot read {config}: {' '.join(str(error).split())}") from None
    except TypeError:
        raise HomeError(f"cannot read {config}: it must hold keys with values") from None


def _find_source(config: Path) -> type[Any]:
    source = _SOURCES.get(config.suffix.lower())
    if source is None:
        raise HomeError(f"{config} must end in .toml, .yaml, .yml or .json")
    try:
        config.open("rb").close()
    except OSError as error:
        raise HomeError(f"cannot read {config}: {error.strerror}") from None
    return source
