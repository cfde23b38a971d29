"""Builds golden blocks from stories: a small chain lives, and at any moment what would come of some blocks is
written down, with the state in which they are made.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chain.auth.types import Account
from chain.bank.types import Balance, Coin
from chain.epochs.types import GenesisMember, PowerParams
from chain.fixed import Decimal
from chain.genesis import GenesisState
from chain.json_form import from_json, to_json
from chain.params import Params
from chain.profiles import DEFAULT
from chain.records import replace
from chain.vectors_block import describe_tx, run_blocks
from tests.chain.kit import GENESIS_TIME_NS, Chain, Signer

CHAIN_ID = "mesh-vectors"
GOV, ANN, BEN, CAT, DEV = (Signer(name) for name in ("gov", "ann", "ben", "cat", "dev"))
PEOPLE = (GOV, ANN, BEN, CAT, DEV)
OWNED = 1_000_000
WIDTH = 160
"""Longest line of a file of vectors, where it can be helped."""
FOLDER = Path(__file__).parents[2] / "vectors" / "chain"
SHORT = replace(
    DEFAULT,
    epoch=replace(
        DEFAULT.epoch,
        epoch_length=12,
        epoch_shift=8,
        poc_stage_duration=2,
        poc_exchange_duration=1,
        poc_validation_delay=1,
        poc_validation_duration=2,
        set_new_validators_delay=1,
    ),
    poc=replace(DEFAULT.poc, r_target_micro=1_270_000),
    inference=replace(
        DEFAULT.inference, expiration_blocks=3, base_per_token_price=10, timestamp_expiration=5
    ),
    collateral=replace(DEFAULT.collateral, jail_missed_requests=1),
    validation=replace(DEFAULT.validation, voting_period_blocks=3, min_ramp_up_measurements=1),
    pricing=replace(DEFAULT.pricing, grace_period_end_epoch=0, utilization_window_blocks=4),
    power=PowerParams(),
    rewards=replace(DEFAULT.rewards, initial_epoch_reward=1000, decay_rate=Decimal()),
    governance=replace(DEFAULT.governance, voting_period_blocks=3, deposit=1000),
)
"""Everything happens soon: P at 4, nonces at 5 to 7, votes at 8 and 9, formation at 9, switch at 10, and the
next P at 16."""
START, VOTE, END, SWITCH, LENGTH = 4, 8, 9, 10, 12

Signed = tuple[Any, ...]
"""A signer and a message, perhaps with options; or the bytes of a transaction."""
Made = Sequence[Signed | bytes]
"""The transactions of a block."""


def build_genesis(params: Params = SHORT, **fields: object) -> GenesisState:
    """Five accounts with a million umesh each and known keys; Ann, Ben and Cat vote first, equally."""
    people = sorted(PEOPLE, key=lambda one: one.address)
    members = sorted(one.address for one in (ANN, BEN, CAT))
    genesis = GenesisState(
        chain_id=CHAIN_ID,
        genesis_time_ns=GENESIS_TIME_NS,
        initial_height=1,
        authority=GOV.address,
        params=params,
        accounts=tuple(
            Account(one.address, one.key_type, one.public_key, at) for at, one in enumerate(people)
        ),
        balances=tuple(Balance(one.address, (Coin("umesh", str(OWNED)),)) for one in people),
        genesis_members=tuple(GenesisMember(address, 10) for address in members),
    )
    return replace(genesis, **fields)  # type: ignore[arg-type]


@dataclass
class File:
    """A file of cases."""

    name: str
    about: str
    states: dict[str, Any] = field(default_factory=dict)
    cases: list[dict[str, Any]] = field(default_factory=list)

    def write(self) -> None:
        """Writes the file."""
        document = {"kind": "block", "about": self.about, "states": self.states, "cases": self.cases}
        (FOLDER / f"block_{self.name}.json").write_text(format_json(document) + "\n", "utf-8")


def format_json(value: Any, indent: int = 0) -> str:
    """JSON in which what fits on a line stands on one."""
    text = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or indent + len(text) <= WIDTH:
        return text
    inner, end = "\n" + " " * (indent + 1), "\n" + " " * indent
    if isinstance(value, list):
        return f"[{inner}{(',' + inner).join(format_json(one, indent + 1) for one in value)}{end}]"
    pairs = (
        f"{json.dumps(key, ensure_ascii=False)}: {format_json(one, indent + 1)}" for key, one in value.items()
    )
    return "{" + inner + f",{inner}".join(pairs) + end + "}"


class Scene:
    """A chain that lives, and a file into which cases go."""

    def __init__(self, file: File, genesis: GenesisState | None = None) -> None:
        self.file = file
        self.chain = Chain(genesis or build_genesis())

    @property
    def height(self) -> int:
        """The last height."""
        return self.chain.height

    def live(self, *signed: Signed) -> None:
        """A block in which everything is accepted."""
        result = self.chain.make_block(*_sign(self.chain, signed))
        assert [tx.log for tx in result.tx_results if tx.code] == []

    def run_to(self, height: int) -> None:
        """Empty blocks."""
        self.chain.run_to(height)

    def fork(self) -> "Scene":
        """Another chain from here, for the same file."""
        return Scene(self.file, self.chain.app.export())

    def case(
        self,
        name: str,
        state: str,
        *blocks: Made,
        reasons: Sequence[str] | None = None,
        tells: Sequence[str] = (),
        **odd: Any,
    ) -> None:
        """Writes down what comes of blocks that follow the state as it is. `reasons` are the refusals of all
        transactions in order, none unless said; `tells` are kinds of events that must be among what happened;
        `odd` replaces fields of the last block's head.
        """
        document = to_json(self.chain.app.export())
        known = self.file.states.setdefault(state, document)
        assert known == document, f"two states are called {state!r}"
        chain = Chain(from_json(GenesisState, document))
        made = []
        for signed in blocks:
            txs = _sign(chain, signed)
            block = chain.next_block(*txs)
            described = [{"bytes": tx.hex(), "messages": describe_tx(tx)} for tx in txs]
            made.append({"height": block.header.height, "time_ns": block.header.time_ns, "txs": described})
            if not odd or len(made) < len(blocks):
                chain.make_block(*txs)
        made[-1].update(odd)
        expect = run_blocks({"state": document, "blocks": made})
        results = [tx for block in expect["blocks"] for tx in block.get("results", ())]
        assert [tx["reason"] for tx in results] == list(reasons or [""] * len(results)), (name, results)
        told = [event for block in expect["blocks"] for event in block.get("events", ())]
        told += [event for tx in results for event in tx["events"]]
        missing = [kind for kind in tells if kind not in [event[0] for event in told]]
        assert not missing, f"{name}: nothing tells of {missing}, but of {[event[0] for event in told]}"
        self.file.cases.append({"name": name, "given": {"state": state, "blocks": made}, "expect": expect})


def empty(blocks: int) -> list[Made]:
    """So many blocks without a transaction."""
    return [() for _ in range(blocks)]


def _sign(chain: Chain, signed: Made) -> list[bytes]:
    used: dict[str, int] = {}
    txs = []
    for one in signed:
        if isinstance(one, bytes):
            txs.append(one)
            continue
        signer, *messages = one
        options: dict[str, Any] = dict(messages.pop()) if isinstance(messages[-1], dict) else {}
        ahead = used.get(signer.name, 0) + options.pop("ahead", 0)
        counted = not options.pop("uncounted", False)
        txs.append(chain.sign(signer, *messages, ahead=ahead, **options))
        used[signer.name] = used.get(signer.name, 0) + counted
    return txs
