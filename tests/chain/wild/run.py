"""Runs stories on the real machine and looks at it after every block."""

import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from chain.app import App
from chain.auth.keeper import ACCOUNTS
from chain.auth.types import Account
from chain.bank.types import Coin
from chain.block import Block, BlockResult, Header
from chain.codec import encode, type_url
from chain.context import Context
from chain.envelope import pack_public_key
from chain.errors import Fatal
from chain.genesis import GenesisState
from chain.header import compute_txs_hash, with_block_hash
from chain.inference.keeper import INFERENCES
from chain.inference.types import InferenceStatus
from chain.invariants import INVARIANTS
from chain.tx import Any, AuthInfo, Fee, ModeInfo, SignDoc, SignerInfo, Single, Timestamp, TxBody, TxRaw
from tests.chain.wild.formation import find_executor_faults, find_formation_faults
from tests.chain.wild.laws import LAWS
from tests.chain.wild.passage import Passage, Watch
from tests.chain.wild.people import (
    BLOCK_TIME_NS,
    BRISK,
    CHAIN_ID,
    GENESIS_TIME_NS,
    STRICT,
    build_bare,
    build_settled,
    find_person,
)
from tests.chain.wild.story import Beat, Sent, Story

WORLDS: dict[str, Callable[[], GenesisState]] = {
    "bare": lambda: build_bare(BRISK),
    "settled": lambda: build_settled(BRISK),
    "strict": lambda: build_settled(STRICT),
}
KEPT_BLOCKS = 6
"""Blocks that can be taken back and made again."""
GAS = 10_000_000
EXECUTOR_EVERY = 5


@dataclass(frozen=True)
class Fault:
    """What was wrong, and where."""

    height: int
    name: str
    """Name of the law: what a shorter story must still break."""
    says: str


@cache
def lay_out(world: str) -> GenesisState:
    """The document with which a world begins."""
    return WORLDS[world]()


@dataclass
class Run:
    """The machine in a world, and what it came to."""

    world: str
    start: GenesisState | None = None
    faults: list[Fault] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By message and reason of refusal ("" for none), how often."""
    told: Counter[str] = field(default_factory=Counter)
    """By kind of event, how often."""

    def __post_init__(self) -> None:
        genesis = self.start or lay_out(self.world)
        self.app = App("wild")
        result = self.app.init_chain(genesis)
        self.app.commit()
        self.entries = {key: value for key, value in result.changes if value is not None}
        self.header = Header(CHAIN_ID, result.height, genesis.genesis_time_ns)
        self.results_hash = b""
        self.kept: list[tuple[Block, bytes]] = []
        self.undone: list[dict[bytes, bytes | None]] = []
        self.ended: dict[str, int] = {}
        self.last: BlockResult = result
        self._watch()

    @property
    def height(self) -> int:
        """The last height."""
        return self.header.height

    @property
    def keepers(self) -> Any:
        """The machine's keepers."""
        return self.app._keepers

    def look(self) -> Context:
        """The committed state, to be read, in the time of the next block."""
        return Context(self._next_header(()), self.app._store.branch())

    def play(self, story: Story) -> Fault | None:
        """Runs a story; the first fault ends it."""
        for beat in story.beats:
            if beat.height > self.height:
                self.step(beat)
            if self.faults:
                return self.faults[0]
        self.advance(story.last)
        return self.faults[0] if self.faults else None

    def step(self, beat: Beat) -> None:
        """Empty blocks up to a beat, the deed, its block."""
        if beat.deed == "skip":
            self._skip_beside(beat.height - 1)
        self.advance(beat.height - 1)
        if self.faults:
            return
        if beat.deed and beat.deed != "skip":
            self._do(beat.deed)
        if not self.faults:
            self.make_block(beat.sent)

    def advance(self, height: int) -> None:
        """Empty blocks up to a height."""
        while self.height < height and not self.faults:
            self.make_block(())

    def make_block(self, sent: tuple[Sent, ...]) -> None:
        """One block, and everything that must be true after it."""
        txs = self._sign(sent)
        block = Block(self._next_header(txs), txs)
        try:
            result = self.app.finalize_block(block)
            passage = self.watch.take(block.header, result)
            found = self._judge(passage)
        except Fatal:
            self._report(block.header.height, "halt", traceback.format_exc(limit=-6))
            return
        self._count(sent, result)
        self.app.commit()
        self.header, self.results_hash, self.last = block.header, result.results_hash, result
        self._take(block, result)
        if self.height % EXECUTOR_EVERY == 0:
            ctx = Context(self.header, self.app._store.branch())
            found += [("executor", fault) for fault in find_executor_faults(self.app, self.keepers, ctx)]
        for name, says in found:
            self._report(self.height, name, says)

    def _judge(self, passage: Passage) -> list[tuple[str, str]]:
        found = [(fault.partition(":")[0], fault) for fault in passage.faults]
        for name, find in LAWS.items():
            found += [(name, fault) for fault in find(passage)]
        found += [("formation", fault) for fault in find_formation_faults(passage)]
        for name, find_in_state in INVARIANTS.items():
            found += [(name, fault) for fault in find_in_state(self.keepers, passage.after)]
        return found + [("again", fault) for fault in self._find_returned(passage)]

    def _find_returned(self, passage: Passage) -> list[str]:
        """An inference that ended is never started, hence paid for, again, forgotten or not."""
        faults = []
        for key, old, new in passage.changes(INFERENCES.prefix):
            name = str(INFERENCES.decode(key)[0])
            if old is None and name in self.ended and new is not None and new.prompt_hash:
                faults.append(f"inference {name} ended at height {self.ended[name]} and begins again")
            if new is not None and new.status != InferenceStatus.STARTED and new.prompt_hash:
                self.ended.setdefault(name, passage.after.height)
        return faults

    def _report(self, height: int, name: str, says: str) -> None:
        self.faults.append(Fault(height, name, says))

    def _watch(self) -> None:
        self.watch = Watch(self.app)

    def _next_header(self, txs: tuple[bytes, ...]) -> Header:
        height = self.height + 1
        return with_block_hash(
            Header(
                chain_id=CHAIN_ID,
                height=height,
                time_ns=GENESIS_TIME_NS + height * BLOCK_TIME_NS,
                previous_hash=self.header.block_hash,
                app_hash=self.app.info().app_hash,
                results_hash=self.results_hash,
                txs_hash=compute_txs_hash(txs),
                proposer="wild",
            )
        )

    def _count(self, sent: tuple[Sent, ...], result: BlockResult) -> None:
        for one, tx in zip(sent, result.tx_results, strict=True):
            for message in one.messages or (None,):
                kind = "bytes" if message is None else type_url(type(message))
                self.counts[kind, tx.reason] += 1
            self.told.update(event.type for event in tx.events)
        self.told.update(event.type for event in result.events)

    def _take(self, block: Block, result: BlockResult) -> None:
        self.undone.append({key: self.entries.get(key) for key, _ in result.changes})
        _apply(self.entries, result.changes)
        self.kept.append((block, result.app_hash))
        del self.kept[:-KEPT_BLOCKS], self.undone[:-KEPT_BLOCKS]

    # Signing

    def _sign(self, sent: tuple[Sent, ...]) -> tuple[bytes, ...]:
        used: Counter[str] = Counter()
        txs = []
        for one in sent:
            txs.append(self.sign(one, used))
            if not _breaks_ante(one):
                used.update(one.signers)
        return tuple(txs)

    def sign(self, sent: Sent, used: Counter[str]) -> bytes:
        """The bytes of a transaction; `used` counts those of the same block before it."""
        options = sent.options
        if "bytes" in options:
            return bytes.fromhex(options["bytes"])
        timeout = options.get("unordered")
        body = TxBody(
            tuple(Any(type_url(type(message)), encode(message)) for message in sent.messages),
            options.get("memo", ""),
            options.get("timeout_height", 0),
            timeout is not None,
            None if timeout is None else Timestamp(*divmod(timeout, 10**9)),
        )
        accounts = [self._find_account(name) for name in sent.signers]
        infos = []
        for name, account in zip(sent.signers, accounts, strict=True):
            person = find_person(name)
            sequence = 0 if timeout else account.sequence + used[name] + options.get("sequence", 0)
            key = pack_public_key(person.key_type, person.public_key) if options.get("keyed", True) else None
            infos.append(SignerInfo(key, ModeInfo(Single(1)), max(sequence, 0)))
        coins = (Coin(options.get("denom", "umesh"), str(options["fee"])),) if "fee" in options else ()
        payer = find_person(options["payer"]).address if "payer" in options else ""
        auth_info = AuthInfo(tuple(infos), Fee(coins, options.get("gas", GAS), payer))
        body_bytes, auth_bytes = encode(body), encode(auth_info)
        signatures = [
            find_person(name).sign(encode(SignDoc(body_bytes, auth_bytes, CHAIN_ID, account.account_number)))
            for name, account in zip(sent.signers, accounts, strict=True)
        ]
        if options.get("forged") and signatures:
            signatures[-1] = bytes(reversed(signatures[-1]))
        if options.get("unsigned"):
            signatures.clear()
        return encode(TxRaw(body_bytes, auth_bytes, tuple(signatures)))

    def _find_account(self, name: str) -> Account:
        return ACCOUNTS.get(self.app._store, find_person(name).address) or Account()

    # Deeds: none of them changes the state

    def _do(self, deed: str) -> None:
        kind, _, number = deed.partition(" ")
        try:
            if kind == "restore":
                self._restore()
            elif kind == "import":
                self._import()
            else:
                self._revert(int(number))
        except (Fatal, AssertionError) as error:
            self._report(self.height, kind, str(error) or traceback.format_exc(limit=-3))

    def _restore(self) -> None:
        """A machine from what was stored."""
        info, app = self.app.info(), App("wild")
        app.restore(self.height, info.app_hash, sorted(self.entries.items()), self.header)
        assert app.info() == info, "the restored machine stands elsewhere"
        assert encode(app.export()) == encode(self.app.export()), "the restored state is another one"
        self.app = app
        self.kept.clear()
        self.undone.clear()
        self._watch()

    def _import(self) -> None:
        """A machine from the exported document."""
        document, app = self.app.export(), App("wild")
        result = app.init_chain(document)
        app.commit()
        assert encode(app.export()) == encode(document), "the document exported again is another one"
        stored = {(key, value) for key, value in result.changes if value is not None}
        differing = sorted(self.entries.items() ^ stored)
        assert not differing, f"the imported state is another one: {differing[:4]}"
        assert result.app_hash == self.app.info().app_hash, "the imported state has another app hash"
        self.app = app
        self.kept.clear()
        self.undone.clear()
        self._watch()

    def _revert(self, blocks: int) -> None:
        """Goes back some blocks and makes them again."""
        again = self.kept[-blocks:]
        if not again:
            return
        self.watch.is_open = False
        self.app.revert(again[0][0].header.height - 1)
        for block, app_hash in again:
            result = self.app.finalize_block(block)
            assert result.app_hash == app_hash, f"block {block.header.height} gives another app hash again"
            self.app.commit()
        self.watch.is_open = True

    def _skip_beside(self, height: int) -> None:
        """Another machine passes over the empty blocks that this one makes, and comes to the same."""
        other = App("wild")
        other.restore(self.height, self.app.info().app_hash, sorted(self.entries.items()), self.header)
        at = self.header
        while at.height < height:
            wakeup = other.find_wakeup()
            by_time = at.height + (wakeup.time_ns - at.time_ns - 1) // BLOCK_TIME_NS
            quiet = min(wakeup.height - 1, by_time, height)
            to = max(quiet, at.height + 1)
            at = Header(CHAIN_ID, to, GENESIS_TIME_NS + to * BLOCK_TIME_NS)
            if quiet >= to:
                other.skip(at)
            else:
                other.finalize_block(Block(at))
                other.commit()
        self.advance(height)
        if not self.faults and other.info() != self.app.info():
            says = f"skipping comes to {other.info()}, stepping to {self.app.info()}"
            self._report(self.height, "skip", says)


def _apply(entries: dict[bytes, bytes], changes: tuple[tuple[bytes, bytes | None], ...]) -> None:
    for key, value in changes:
        if value is None:
            entries.pop(key, None)
        else:
            entries[key] = value


def _breaks_ante(sent: Sent) -> bool:
    odd = ("forged", "unsigned", "bytes", "unordered", "breaks")
    return any(name in sent.options for name in odd) or sent.options.get("sequence", 0) != 0
