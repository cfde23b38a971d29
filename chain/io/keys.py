"""Account keys on disk: `key.json` in a folder of its own, readable by its owner only.

The file is a JSON document `{"name", "address", "public_key", "private_key"}`, keys in hex; the broker keeps
its account in the same form.
"""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import coincurve

from chain.auth.addresses import SECP256K1, address_of
from chain.io.refused import Refused

DEFAULT_HOME = Path("~/.meshkeeper/chain")
KEY_FILE = "key.json"
KEYS_FOLDER = "keys"
"""Folder in a chain's home that holds one folder for each key."""


class KeyRefused(Refused):
    """A key that cannot be used, in one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class AccountKey:
    """A secp256k1 account key."""

    name: str
    address: str
    public_key: bytes
    """Compressed point, 33 bytes."""
    private_key: bytes = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """Signature over sha256(message): r and s, 64 bytes, low s."""
        return coincurve.PrivateKey(self.private_key).sign_recoverable(message)[:64]


def create_key(folder: Path, name: str) -> AccountKey:
    """Draw a key and write it; an existing one is never replaced."""
    secret = coincurve.PrivateKey()
    key = _build_key(name, secret)
    document = {
        "name": key.name,
        "address": key.address,
        "public_key": key.public_key.hex(),
        "private_key": key.private_key.hex(),
    }
    path = folder / KEY_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(json.dumps(document, indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        raise KeyRefused(f"{path} exists already; remove it first if that account is to be lost") from error
    except OSError as error:
        raise KeyRefused(f"cannot write {path}: {error.strerror}") from error
    return key


def load_key(folder: Path) -> AccountKey:
    """The key in a folder. Refuses a file whose parts do not belong together."""
    path = folder / KEY_FILE
    try:
        document = json.loads(path.read_text())
        key = _build_key(
            str(document.get("name", "")), coincurve.PrivateKey(bytes.fromhex(document["private_key"]))
        )
        address = str(document["address"])
    except OSError as error:
        raise KeyRefused(
            f"cannot read the key {path}: {error.strerror}; `meshkeeper chain keys add` makes one"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise KeyRefused(f"{path} is not a key file: it needs address and private_key in hex") from error
    if key.address != address:
        raise KeyRefused(f"the address in {path} is not that of its key; restore the file from a copy")
    return key


def find_key(home: Path, name: str) -> AccountKey:
    """The key that a name stands for: one in the home, or, where the name is a folder, the one in there."""
    folder = home / KEYS_FOLDER / name
    if is_key_name(name) and (folder / KEY_FILE).exists():
        return load_key(folder)
    return load_key(Path(name).expanduser())


def list_keys(home: Path) -> list[AccountKey]:
    """All keys in a home, by name."""
    return [load_key(path.parent) for path in sorted((home / KEYS_FOLDER).glob(f"*/{KEY_FILE}"))]


def is_key_name(name: str) -> bool:
    """Whether a text can name a key: it becomes a folder's name."""
    return 0 < len(name) <= 64 and name.isascii() and name.replace("-", "").replace("_", "").isalnum()


def _build_key(name: str, secret: coincurve.PrivateKey) -> AccountKey:
    public_key = secret.public_key.format(compressed=True)
    return AccountKey(name, address_of(SECP256K1, public_key), public_key, secret.secret)
