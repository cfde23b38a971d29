"""A broker's home: its keys, the operators' token, its configuration, and the file that says it is ready."""

import base64
import contextlib
import json
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import nacl.signing

from broker.errors import HomeError
from broker.io.keys import AccountKey

KEY_FILE, TOKEN_FILE, VALIDATOR_FILE, CALLBACK_FILE = (
    "key.json",
    "admin.token",
    "validator.json",
    "callback.secret",
)
CONFIG_TEXT = """\
# Settings of this broker. Environment variables MESHKEEPER_BROKER_<KEY> and flags override them.
chain = "{chain}"
{public}
# Nodes to begin with; those added later through the admin interface are kept in the database.
# [[nodes]]
# id = "node1"
# host = "127.0.0.1"
# port = 8081                     # control interface of `meshkeeper mlnode serve --managed`
# models = ["model.gguf"]         # file names; each must lead to a governance model
# max_concurrent = 4
# hardware = [{{ type = "CPU", count = 1 }}]
# api_key = ""                    # what the node's HTTP interface asks for (`mlnode serve --api-key`)
"""


def create_home(home: Path, name: str, chain: str, public_url: str) -> AccountKey:
    """Make a home: account key, operators' token, consensus key, configuration.

    What is there already is kept.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        key_path = home / KEY_FILE
        key = AccountKey.load(key_path) if key_path.exists() else AccountKey.create(key_path, name)
        load_token(home)
        load_validator_key(home)
        config = home / "broker.toml"
        if not config.exists():
            keep_private(config)
            public = f'public_url = "{public_url}"\n' if public_url else ""
            config.write_text(CONFIG_TEXT.format(chain=chain, public=public))
    except OSError as error:
        raise _unusable(home, error) from None
    return key


def load_token(home: Path) -> str:
    """The operators' token, made at the first need."""
    return _load_or_make(home / TOKEN_FILE, lambda: secrets.token_urlsafe(32))


def load_callback_secret(home: Path) -> bytes:
    """What the nodes' tokens are made from; kept, so that they stay good over a restart."""
    return _load_or_make(home / CALLBACK_FILE, lambda: secrets.token_hex(32)).encode()


def load_validator_key(home: Path) -> str:
    """The public consensus key, ed25519, base64; the pair is made at the first need."""
    document = _load_or_make(home / VALIDATOR_FILE, _make_validator_key)
    try:
        return str(json.loads(document)["public_key"])
    except (ValueError, KeyError, TypeError):
        raise HomeError(f"{home / VALIDATOR_FILE} is not a consensus key; restore it from a copy") from None


def _make_validator_key() -> str:
    pair = nacl.signing.SigningKey.generate()
    public = base64.b64encode(bytes(pair.verify_key)).decode()
    return json.dumps({"type": "ed25519", "public_key": public, "private_key": bytes(pair).hex()}, indent=2)


def _load_or_make(path: Path, make: Callable[[], str]) -> str:
    """The text of a file that only its owner may read; made whole or not at all when it is not there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            partial = path.with_name(f".{path.name}.{os.getpid()}")
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(make() + "\n")
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        text = path.read_text().strip()
    except OSError as error:
        raise _unusable(path, error) from None
    if not text:
        raise HomeError(f"{path} is empty; remove it to have a new one made")
    return text


def keep_private(path: Path) -> None:
    """Have a file that only its owner may read, empty when it was not there: it will hold secrets."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise _unusable(path, error) from None


def _unusable(path: Path, error: OSError) -> HomeError:
    return HomeError(f"cannot use {path}: {error.strerror}; choose another --home or mend its permissions")


@contextlib.contextmanager
def announce(home: Path, ports: dict[str, int], version: str) -> Iterator[None]:
    """ready.json, there while the broker serves, whole or not at all."""
    ready, partial = home / "ready.json", home / f".ready.json.{os.getpid()}"
    try:
        partial.write_text(json.dumps({"pid": os.getpid(), "ports": ports, "version": version}) + "\n")
        partial.replace(ready)
    except OSError as error:
        raise _unusable(ready, error) from None
    try:
        yield
    finally:
        ready.unlink(missing_ok=True)
