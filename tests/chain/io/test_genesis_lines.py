"""A genesis document as lines: the same state, entry by entry, in memory that does not grow with it."""

import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chain.__main__ import app as commands
from chain.auth.addresses import SECP256K1, address_of
from chain.auth.types import Account
from chain.bank.types import Balance, Coin, MsgSend
from chain.block import Block, Header
from chain.codec import encode
from chain.genesis import GenesisState
from chain.header import with_block_hash
from chain.io.checkpoints import Durability
from chain.io.genesis_file import GENESIS_FILE, format_genesis, read_genesis
from chain.io.genesis_lines import format_lines, parse_lines
from chain.io.opening import open_chain
from chain.io.refused import GenesisRefused
from chain.io.sql import BlockRows, Database, DatabaseRefused
from chain.io.streaming import stream_state
from chain.records import replace
from tests.chain.kit import Chain, Signer, build_genesis
from tests.chain.test_story import live

ADA, BOB = Signer("ada"), Signer("bob")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'chain.db'}"
    return request.getfixturevalue("postgres_url")


def head_of(genesis: GenesisState) -> Header:
    return Header(genesis.chain_id, genesis.exported_height, genesis.genesis_time_ns)


def lines_of(chain: Chain) -> list[str]:
    return list(format_lines(head_of(chain.app.export()), chain.app.read_entries()))


def test_the_lines_of_a_rich_state_are_its_document(tmp_path: Path) -> None:
    chain = live().chain
    lines, document = lines_of(chain), chain.app.export()
    assert parse_lines(lines, "lines") == document
    path = tmp_path / GENESIS_FILE
    for text in ("".join(lines), format_genesis(document)):
        path.write_text(text)
        assert encode(read_genesis(path)) == encode(document)
    assert len(dict.fromkeys(json.loads(line).get("collection") for line in lines)) > 15
    assert all(
        line == json.dumps(json.loads(line), sort_keys=True, separators=(",", ":")) + "\n" for line in lines
    )


def test_a_database_is_streamed_at_every_height_as_the_machine_has_it(url: str) -> None:
    chain = Chain(build_genesis(ADA))
    database = Database(url, Durability(checkpoint_blocks=3, history_blocks=2))
    database.open()
    with pytest.raises(DatabaseRefused, match="no chain in this database"), stream_state(url):
        pass
    open_chain(database, chain.genesis, "test")
    for _ in range(9):
        with stream_state(url) as (header, entries):
            assert (header.height, header.chain_id) == (chain.height, chain.genesis.chain_id)
            assert list(entries) == list(chain.app.read_entries())
        tx = chain.sign(ADA, MsgSend(ADA.address, BOB.address, (Coin("umesh", "1"),)))
        result = chain.make_block(tx)
        database.commit(chain.blocks[-1], result, BlockRows(b"", ()))
    database.close()


def refuse(url: str, height: int, why: str) -> None:
    with pytest.raises(DatabaseRefused, match=why), stream_state(url, height):
        pass


def test_every_height_is_exported_as_long_as_its_blocks_are_kept(url: str) -> None:
    chain = Chain(build_genesis(ADA))
    database = Database(url, Durability(checkpoint_blocks=3, history_blocks=2, keep_blocks=4))
    database.open()
    open_chain(database, chain.genesis, "test")
    for _ in range(9):
        tx = chain.sign(ADA, MsgSend(ADA.address, BOB.address, (Coin("umesh", "1"),)))
        result = chain.make_block(tx)
        database.commit(chain.blocks[-1], result, BlockRows(b"", ()))
    for height in range(10):
        document = chain.app.export(height)
        with stream_state(url, height) as (header, entries):
            lines = list(format_lines(header, entries))
        assert parse_lines(lines, "lines") == (document if height else chain.app.export())
    refuse(url, 10, "no block 10 in this database")
    database.prune()
    refuse(url, 5, "no block 5 in this database")
    refuse(url, 6, "blocks before 6 are forgotten, and with them the state of height 6")
    with stream_state(url, 8) as (header, entries):
        assert parse_lines(format_lines(header, entries), "lines") == chain.app.export(8)
    database.close()


def build_large(accounts: int) -> GenesisState:
    """A chain with so many accounts, each with coins: two entries of the state for one account."""
    genesis = build_genesis(ADA)
    addresses = sorted(
        [ADA.address, *(address_of(SECP256K1, b"\2" + at.to_bytes(32, "big")) for at in range(accounts - 1))]
    )
    return replace(
        genesis,
        accounts=tuple(Account(address, account_number=at) for at, address in enumerate(addresses)),
        balances=tuple(Balance(address, (Coin("umesh", "7"),)) for address in addresses),
    )


def measure_export(folder: Path, accounts: int) -> tuple[int, int]:
    """Bytes that streaming takes at most, and how many entries there were."""
    folder.mkdir()
    url = f"sqlite:///{folder / 'chain.db'}"
    database = Database(url)
    database.open()
    app, tip, genesis = open_chain(database, build_large(accounts), "test")
    block = Block(with_block_hash(Header(genesis.chain_id, 1, tip.time_ns)))
    database.commit(block, app.finalize_block(block), BlockRows(b"", ()))
    database.close()
    tracemalloc.start()
    with stream_state(url) as (header, entries):
        count = sum(1 for _ in format_lines(header, entries)) - 2
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak, count


def test_writing_takes_no_more_memory_for_a_larger_state(tmp_path: Path) -> None:
    small, few = measure_export(tmp_path / "small", 1_000)
    large, many = measure_export(tmp_path / "large", 3_000)
    assert many > 6_000 > 2_000 < few
    assert large < 1.2 * small


@pytest.fixture
def lines() -> list[str]:
    return lines_of(Chain(build_genesis(ADA, BOB)))


def change(lines: list[str], at: int, **fields: object) -> list[str]:
    changed = json.dumps({**json.loads(lines[at]), **fields})
    return [*lines[:at], changed, *lines[at + 1 :]]


def find(lines: list[str], collection: str) -> int:
    return next(at for at, line in enumerate(lines) if f'"{collection}"' in line)


def bent(lines: list[str]) -> Iterator[tuple[list[str], str]]:
    yield [], "first line is no head"
    yield ["{}"], "first line is no head"
    yield change(lines, 0, format="meshkeeper/genesis/2"), "first line is no head"
    yield change(lines, 0, initial_height="9"), "first line is no head"
    yield lines[:-1], "ends after .* entries, without their count"
    yield [*lines[:3], *lines[4:]], "it counts .* entries"
    yield [*lines, lines[-1]], "it counts"
    yield [lines[0], lines[2], lines[1], *lines[3:]], "line 3 of lines .* not in order"
    yield [lines[0], lines[1], *lines[1:]], "line 3 of lines .* not in order"
    yield change(lines, 1, collection="bank/gold"), "there is no collection 'bank/gold'"
    yield change(lines, 1, colour="red"), "an entry has collection, key and value"
    yield change(lines, 1, key=[]), "line 2 of lines cannot be used"
    yield change(lines, 1, value={"colour": "red"}), 'no field named "colour"'
    yield change(lines, 1, value=7), "line 2 of lines cannot be used"
    yield [lines[0], "{", *lines[2:]], "line 2 of lines cannot be used"
    supply = find(lines, "bank/supply")
    yield change(lines, supply, value="8"), "bank/supply.*not what the other entries give"
    without = [*lines[:supply], *lines[supply + 1 : -1]]
    yield [*without, json.dumps({"entries": str(len(without) - 1)})], "bank/supply.*it is missing"
    params = find(lines, "params/params")
    without = [*lines[:params], *lines[params + 1 : -1]]
    yield [*without, json.dumps({"entries": str(len(without) - 1)})], "the state holds no parameters"
    yield change(lines, find(lines, "params/authority"), value="nobody"), "is not an address"


def test_lines_that_are_none_or_describe_no_state_are_refused(lines: list[str]) -> None:
    assert parse_lines(lines, "lines") is not None
    for at, (wrong, why) in enumerate(bent(lines)):
        with pytest.raises(GenesisRefused, match=why):
            parse_lines(wrong, "lines")
        assert at < 40


def test_the_command_writes_both_forms_and_a_chain_begins_with_either(tmp_path: Path) -> None:
    chain = Chain(build_genesis(ADA, BOB))
    home = tmp_path / "home"
    database = Database(f"sqlite:///{home / 'chain.db'}")
    database.open()
    open_chain(database, chain.genesis, "test")
    result = chain.make_block(chain.sign(ADA, MsgSend(ADA.address, BOB.address, (Coin("umesh", "1"),))))
    database.commit(chain.blocks[-1], result, BlockRows(b"", ()))
    database.close()
    for flags, name in ((("--lines",), "lines"), ((), "document")):
        written = CliRunner().invoke(commands, ["export", *flags, "--home", str(home)])
        assert written.exit_code == 0, written.output
        path = tmp_path / name / GENESIS_FILE
        path.parent.mkdir()
        path.write_text(written.stdout)
        other = Database(f"sqlite:///{path.parent / 'chain.db'}")
        other.open()
        app, tip, _ = open_chain(other, read_genesis(path), "test")
        assert (tip.height, app.info().app_hash) == (1, result.app_hash)
        other.close()
        first = CliRunner().invoke(commands, ["export", *flags, "--home", str(path.parent), "--height", "1"])
        assert first.stdout == written.stdout, first.output
        again = CliRunner().invoke(commands, ["export", *flags, "--home", str(path.parent)])
        assert again.stdout == written.stdout
