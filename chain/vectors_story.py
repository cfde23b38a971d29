"""Golden stories: a state, messages and heights that pass, and what becomes of them.

Messages go to their handlers without envelopes: signatures, fees and gas have kinds of their own. Everything
else is the machine: a refused message changes nothing, and blocks end as they do in `endings.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any as Anything

from chain.auth.addresses import SECP256K1, address_of
from chain.auth.types import Account
from chain.bank.types import Balance, Coin
from chain.block import Event, Header
from chain.context import Context
from chain.enactment import Enactment
from chain.endings import build_endings
from chain.errors import ErrInvalidRecord, ErrNotFound
from chain.execution import attempt
from chain.genesis import GenesisState
from chain.layout import COLLECTIONS, encode_value
from chain.machine import build_keepers, import_genesis
from chain.merkle import MerkleTree
from chain.profiles import get_profile
from chain.queries.table import OWN, build_queries
from chain.records import Record, get_columns, replace
from chain.router import build_routes, find_governed
from chain.store import Store
from chain.vectors_notation import address_of_name, find_names, read, write

Json = Anything
Entry = Mapping[str, Json]
CHAIN_ID = "mesh-vectors"
GENESIS_TIME_NS = 1_700_000_000 * 10**9
BLOCK_TIME_NS = 10**9
AUTHORITY = "authority"
"""Name of the account that acts for governance."""


class Stage:
    """A chain without envelopes, one second a block."""

    def __init__(self, genesis: GenesisState, addresses: Mapping[str, str]) -> None:
        keepers = build_keepers()
        self._routes = build_routes(keepers)
        self._messages = {route.message.__name__: route for route in self._routes.values()}
        self._queries = build_queries(keepers)
        self._endings = build_endings(keepers, Enactment(keepers.proposals, find_governed(self._routes)))
        self._store = Store()
        self._first, self._height = genesis.initial_height, genesis.initial_height - 1
        self._events: list[Event] = []
        self._addresses = addresses
        self._names = {address: name for name, address in addresses.items()}
        import_genesis(keepers, self._context(), genesis)

    def go_to(self, height: int) -> None:
        """Ends every block before a height and opens that one."""
        while self._height < height:
            if self._height >= self._first:
                self._end_block()
            self._height += 1

    def send(self, name: str, fields: Entry) -> Json:
        """Handles a message: "ok", or the refusal."""
        route = self._messages[name]
        branch = self._context().branch()
        message = read(route.message, fields, self._addresses)
        _, refusal = attempt(lambda: route.handle(branch, message))
        if refusal is not None:
            return {"refused": refusal.reason}
        branch.store.write()
        self._events += branch.events
        return "ok"

    def ask(self, name: str, fields: Entry) -> Json:
        """Answers a question, or refuses it."""
        query = self._queries[OWN + name]
        request = read(query.request, fields, self._addresses)
        answer, refusal = attempt(lambda: query.answer(self._context(), request))
        return {"refused": refusal.reason} if refusal is not None else write(answer, self._names)

    def look(self, name: str, key: Sequence[Json]) -> Json:
        """An entry of the state, or null; where the key is only the beginning of one, a list of entries."""
        collection = next((entry for entry in COLLECTIONS if entry.name == name), None)
        if collection is None:
            raise ErrNotFound(what=f"collection {name!r}")
        parts = tuple(
            read(kind, part, self._addresses) for kind, part in zip(collection.key, key, strict=False)
        )
        if len(parts) == len(collection.key):
            return write(collection.get(self._store, *parts), self._names)
        return [write(entry, self._names) for entry in collection.values(self._store, *parts)]

    def tell(self, kinds: Sequence[str]) -> Json:
        """Events of these kinds since the last time, each as kind and attributes."""
        told = [event for event in self._events if event.type in kinds]
        self._events = []
        return [
            [event.type, {name: write(value, self._names) for name, value in event.attributes}]
            for event in told
        ]

    def hash(self) -> str:
        """The app hash of the state as it is."""
        tree = MerkleTree()
        tree.update([(key, encode_value(key, value)) for key, value in self._store.iterate()])
        return tree.root().hex()

    def _end_block(self) -> None:
        ctx = self._context()
        for ending in self._endings:
            ending.process(ctx)
        self._events += ctx.events

    def _context(self) -> Context:
        time_ns = GENESIS_TIME_NS + self._height * BLOCK_TIME_NS
        return Context(Header(CHAIN_ID, self._height, time_ns), self._store)


def run_story(
    genesis: Entry, steps: Sequence[Entry], params: Entry | None = None, keys: Entry | None = None
) -> Json:
    """What each step gave that gives something, in order. `keys` has public keys of names that sign."""
    names = sorted({AUTHORITY, *(keys or {}), *find_names([genesis, params, *steps])})
    addresses = {name: address_of_name(name) for name in names}
    for name, key in (keys or {}).items():
        addresses[name] = address_of(SECP256K1, bytes.fromhex(key))
    stage = Stage(_build_genesis(genesis, params or {}, keys or {}, addresses), addresses)
    given = (_run_step(stage, step) for step in steps)
    return [answer for answer in given if answer is not None]


def _run_step(stage: Stage, step: Entry) -> Json:
    kind: str = next(iter(step), "")
    about: Json = step.get(kind)
    if kind == "height":
        stage.go_to(about)
        return None
    if kind == "send":
        return {about: stage.send(about, step["fields"])}
    if kind == "ask":
        return {about: stage.ask(about, step.get("fields", {}))}
    if kind == "look":
        found = stage.look(about, step.get("key", ()))
        return {about: _pick(found, step["only"]) if "only" in step else found}
    if kind == "events":
        return {"events": stage.tell(about)}
    if kind == "app_hash":
        return {"app_hash": stage.hash()}
    raise ErrInvalidRecord(what="story", why=f"there is no step {kind!r}")


def _pick(found: Json, only: Sequence[str]) -> Json:
    """Of a record, or of each in a list, these fields."""
    if isinstance(found, list):
        return [_pick(entry, only) for entry in found]
    return found and {name: found[name] for name in only if name in found}


def _build_genesis(written: Entry, params: Entry, keys: Entry, addresses: Mapping[str, str]) -> GenesisState:
    """The document, with an account for each name; `coins` says what they own, umesh."""
    fields = {name: entry for name, entry in written.items() if name != "coins"}
    genesis: GenesisState = read(GenesisState, fields, addresses)
    coins = {read(str, name, addresses): str(own) for name, own in written.get("coins", {}).items()}
    return replace(
        genesis,
        chain_id=CHAIN_ID,
        genesis_time_ns=GENESIS_TIME_NS,
        initial_height=genesis.initial_height or 1,
        authority=addresses[AUTHORITY],
        params=_overlay(get_profile("default"), params, addresses),
        accounts=_build_accounts(keys, addresses),
        balances=tuple(Balance(address, (Coin("umesh", coins[address]),)) for address in sorted(coins)),
    )


def _build_accounts(keys: Entry, addresses: Mapping[str, str]) -> tuple[Account, ...]:
    accounts = []
    for at, name in enumerate(sorted(addresses, key=addresses.__getitem__)):
        account = Account(addresses[name], account_number=at)
        if name in keys:
            account = replace(account, key_type=SECP256K1, public_key=bytes.fromhex(keys[name]))
        accounts.append(account)
    return tuple(accounts)


def _overlay(record: Record, changes: Entry, addresses: Mapping[str, str]) -> Anything:
    """A record with other values in some fields, at any depth."""
    columns = {name: kind for name, _, kind in get_columns(type(record))}
    changed = {}
    for name, entry in changes.items():
        own = getattr(record, name)
        if isinstance(own, Record):
            changed[name] = _overlay(own, entry, addresses)
        else:
            changed[name] = read(columns[name], entry, addresses)
    return replace(record, **changed)


STORY_KINDS: Mapping[str, Callable[[Entry], Json]] = {"story": lambda given: run_story(**given)}
"""The kind of golden stories."""
