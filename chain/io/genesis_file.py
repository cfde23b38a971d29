"""The genesis document on disk: the proto JSON form of chain.v1.GenesisState, or lines."""

import os
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from google.protobuf import json_format

from chain.auth.types import Account
from chain.bank.types import Balance, Coin
from chain.codec import from_message, to_message
from chain.epochs.types import GenesisMember
from chain.errors import Refusal
from chain.genesis import GenesisState
from chain.io.genesis_lines import is_lines, parse_lines
from chain.io.refused import GenesisRefused as GenesisRefused
from chain.io.refused import first_line
from chain.params import Params, validate
from chain.upgrades.plan import UPGRADES, build_upgrades
from chain.v1 import genesis_pb2

GENESIS_FILE = "genesis.json"
DENOM = "umesh"


def format_genesis(genesis: GenesisState) -> str:
    """The document as JSON, with the proto's field names."""
    message = to_message(genesis)
    text: str = json_format.MessageToJson(message, preserving_proto_field_name=True, indent=2)
    return text + "\n"


def parse_genesis(text: str, source: str) -> GenesisState:
    """The document of a JSON text. Unknown fields are refused."""
    try:
        return from_message(GenesisState, json_format.Parse(text, genesis_pb2.GenesisState()))
    except json_format.ParseError as error:
        raise GenesisRefused(f"{source} is not a genesis document: {first_line(error)}") from error
    except Refusal as error:
        raise GenesisRefused(f"{source} is not a genesis document: {error}") from error


def read_genesis(path: Path) -> GenesisState | None:
    """The document in a file, in either of its forms; None when there is no such file."""
    try:
        with path.open(encoding="utf-8") as file:
            first = file.readline()
            if is_lines(first):
                return parse_lines(chain((first,), file), str(path))
            text = first + file.read()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise GenesisRefused(f"cannot read {path}: {error}") from error
    return parse_genesis(text, str(path))


def write_genesis(path: Path, genesis: GenesisState) -> None:
    """Write a new document; an existing one is never replaced."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "w") as file:
            file.write(format_genesis(genesis))
    except FileExistsError as error:
        raise GenesisRefused(f"{path} exists already; choose another --home or remove it") from error
    except OSError as error:
        raise GenesisRefused(f"cannot write {path}: {error.strerror}") from error


def build_genesis(
    chain_id: str,
    time_ns: int,
    authority: str,
    params: Params,
    balances: Mapping[str, int],
    weights: Mapping[str, int],
) -> GenesisState:
    """A new chain's document: coins in umesh by address, and the weights of those who vote on the first proof
    of compute. The authority has an account even without coins.
    """
    addresses = sorted({authority, *balances, *weights})
    applied, versions = build_upgrades(UPGRADES).describe_law(0)
    return GenesisState(
        chain_id=chain_id,
        genesis_time_ns=time_ns,
        initial_height=1,
        authority=authority,
        params=params,
        accounts=tuple(Account(address=address) for address in addresses),
        balances=tuple(
            Balance(address, (Coin(DENOM, str(balances[address])),))
            for address in sorted(balances)
            if balances[address]
        ),
        genesis_members=tuple(GenesisMember(address, weights[address]) for address in sorted(weights)),
        applied_upgrades=applied,
        room_versions=versions,
    )


def change_params(params: Params, document: dict[str, Any]) -> Params:
    """Parameters with those of a JSON object in place of their own. All that is wrong is named at once."""
    try:
        changed = from_message(Params, json_format.ParseDict(document, to_message(params)))
    except json_format.ParseError as error:
        raise GenesisRefused(f"--params: {first_line(error)}") from error
    if wrong := validate(changed):
        raise GenesisRefused(f"--params: {'; '.join(wrong)}")
    return changed
