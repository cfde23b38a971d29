"""What `init` makes of its options: keys and a genesis document.

Whatever can be refused is refused before the first key is made, so that a second try starts from nothing.
"""

from dataclasses import dataclass
from pathlib import Path

from chain.auth.addresses import decode_address
from chain.bank.keeper import BASE_DENOM
from chain.bank.rules import check_amount
from chain.genesis import GenesisState
from chain.io.genesis_file import build_genesis, change_params
from chain.io.keys import KEY_FILE, KEYS_FOLDER, KeyRefused, create_key, find_key, is_key_name
from chain.io.parameters import InputRefused, parse_coin, read_json
from chain.profiles import get_profile

AUTHORITY = "authority"
"""Name of the governance account's key, where nobody else is named."""
WEIGHT_DIGITS_MAX = 15
"""Longest weight of a voter: sums of them fit into 64 bits."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options, as they were written."""

    chain_id: str
    profile: str
    params: str
    """JSON or @file; empty for the profile's own."""
    authority: str | None
    """Address or key; None for a key of its own."""
    keys: list[str]
    """Names of keys to make."""
    accounts: list[str]
    """WHO=5umesh each."""
    members: list[str]
    """WHO=WEIGHT each."""


def lay_out(home: Path, wanted: Wanted, time_ns: int) -> GenesisState:
    """Make the keys that are wanted, and the genesis document, which is not written yet."""
    if not wanted.chain_id.strip():
        raise InputRefused("--chain-id is empty; name the chain")
    params = change_params(get_profile(wanted.profile), read_json(wanted.params, "--params"))
    coins = [(who, _parse_umesh(coin)) for who, coin in _split(wanted.accounts, "5umesh")]
    votes = [(who, _parse_weight(weight)) for who, weight in _split(wanted.members, "WEIGHT")]
    new = _choose_keys(home, wanted)
    for who in (*(who for who, _ in (*coins, *votes)), wanted.authority or AUTHORITY):
        if who not in new:
            _resolve(home, who)
    for name in new:
        make_key(home, name)
    authority = _resolve(home, wanted.authority or AUTHORITY)
    balances, weights = _by_address(home, coins), _by_address(home, votes)
    return build_genesis(wanted.chain_id, time_ns, authority, params, balances, weights)


def make_key(home: Path, name: str) -> str:
    """Make a key in a home; its address."""
    _check_key_name(name)
    return create_key(home / KEYS_FOLDER / name, name).address


def _choose_keys(home: Path, wanted: Wanted) -> list[str]:
    """Names of the keys to make. The authority's own key is taken up when it is there already."""
    for name in wanted.keys:
        _check_key_name(name)
        if _is_made(home, name):
            raise KeyRefused(f"the key {name!r} exists already in {home}; leave --key {name} out to use it")
    own = [] if wanted.authority or _is_made(home, AUTHORITY) else [AUTHORITY]
    return list(dict.fromkeys([*wanted.keys, *own]))


def _check_key_name(name: str) -> None:
    if not is_key_name(name):
        raise KeyRefused(f"{name!r} is no name of a key; use letters, digits, - and _, at most 64")


def _is_made(home: Path, name: str) -> bool:
    return (home / KEYS_FOLDER / name / KEY_FILE).exists()


def _resolve(home: Path, who: str) -> str:
    """The address that an address, a key's name or a key's folder stands for."""
    if who.startswith("mesh1"):
        decode_address(who)
        return who
    return find_key(home, who).address


def _split(items: list[str], form: str) -> list[tuple[str, str]]:
    pairs = [item.rpartition("=") for item in items]
    if any(not who or not what for who, _, what in pairs):
        raise InputRefused(f"write WHO={form}")
    names = [who for who, _, _ in pairs]
    for at, name in enumerate(names):
        if name in names[:at]:
            raise InputRefused(f"{name} is named twice")
    return [(who, what) for who, _, what in pairs]


def _by_address(home: Path, pairs: list[tuple[str, int]]) -> dict[str, int]:
    return {_resolve(home, who): number for who, number in pairs}


def _parse_umesh(text: str) -> int:
    coin = parse_coin(text)
    if coin["denom"] != BASE_DENOM:
        raise InputRefused(f"{text!r} is not an amount of {BASE_DENOM}, the only coin of a new chain")
    return check_amount(coin["amount"], BASE_DENOM)


def _parse_weight(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > WEIGHT_DIGITS_MAX or int(text) < 1:
        raise InputRefused(f"weight {text!r} is not a whole number of 1 to {WEIGHT_DIGITS_MAX} digits")
    return int(text)
