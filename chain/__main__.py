"""The chain on the command line: make one, run it, ask it, change it."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as read_version
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

import chain
from chain.errors import Fatal, Refusal
from chain.io.answers import format_message
from chain.io.beginning import Wanted, lay_out, make_key
from chain.io.genesis_file import GENESIS_FILE, GenesisRefused, format_genesis, write_genesis
from chain.io.keys import (
    DEFAULT_HOME,
    find_key,
    list_keys,
)
from chain.io.log import set_up_log
from chain.io.node import Node, run_on
from chain.io.refused import Refused
from chain.io.snapshot_terminal import build_snapshot_app
from chain.io.terminal import (
    DEFAULT_NODE,
    HomeFolder,
    NodeAddress,
    build_query_app,
    build_tx_app,
)

CRASH_VARIABLE = "MESHKEEPER_CHAIN_CRASH_AT"
"""For tests: "before_sql:12" kills the process at that point of block 12."""
EXPLAINED = (Refused, Refusal, Fatal, OSError)
"""What goes wrong outside the program: told in one sentence, exit 1."""


class _Explaining(typer.core.TyperGroup):
    """A group whose commands end with a sentence where others end with a stack trace."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except EXPLAINED as error:
            print(error, file=sys.stderr)
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=_Explaining,
    help="The state machine: make, run, ask and change a chain.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    no_args_is_help=True,
)
keys_app = typer.Typer(help="Account keys in a chain's home.", no_args_is_help=True)
app.add_typer(keys_app, name="keys")
app.add_typer(build_query_app(), name="query")
app.add_typer(build_tx_app(), name="tx")

Text = str | None
Number = int | None
Config = Annotated[Path | None, typer.Option(help="File with settings: .toml, .yaml or .json.")]
Home = Annotated[Text, typer.Option(help="Folder of the chain. [~/.meshkeeper/chain]")]
Url = Annotated[Text, typer.Option(help="Where the chain is kept. [SQLite in the home]")]
app.add_typer(build_snapshot_app(Config, Home, Url), name="snapshot")


def find_version() -> str:
    """The installed distribution's version, or the source tree's."""
    try:
        return read_version("meshkeeper")
    except PackageNotFoundError:
        return chain.__version__


@app.command()
def init(
    home: HomeFolder = DEFAULT_HOME,
    chain_id: Annotated[str, typer.Option(help="Name of the chain.")] = "meshkeeper-1",
    profile: Annotated[str, typer.Option(help="Parameters: devnet, default or production.")] = "default",
    params: Annotated[str, typer.Option(help="Parameters to differ from the profile, JSON or @file.")] = "",
    authority: Annotated[
        Text, typer.Option(help="Governance account, address or key. [a new key: authority]")
    ] = None,
    key: Annotated[list[str] | None, typer.Option(help="Make a key of this name. Repeatable.")] = None,
    account: Annotated[
        list[str] | None, typer.Option(help="Coins of an address or key: WHO=5umesh. Repeatable.")
    ] = None,
    member: Annotated[
        list[str] | None, typer.Option(help="Voter of the first epoch: WHO=WEIGHT. Repeatable.")
    ] = None,
) -> None:
    """Make a chain: its genesis document, and keys when asked."""
    home = home.expanduser()
    if (home / GENESIS_FILE).exists():
        raise GenesisRefused(f"{home / GENESIS_FILE} exists already; choose another --home or remove it")
    wanted = Wanted(chain_id, profile, params, authority, key or [], account or [], member or [])
    genesis = lay_out(home, wanted, time.time_ns())
    write_genesis(home / GENESIS_FILE, genesis)
    print(f"chain {chain_id} is laid out in {home}; `meshkeeper chain start --home {home}` runs it")
    if not genesis.genesis_members:
        print(
            "nobody votes on the first proof of compute, so nobody can join this chain; "
            "name at least one --member",
            file=sys.stderr,
        )


@app.command()
def start(
    config: Config = None,
    home: Home = None,
    database_url: Url = None,
    host: Annotated[Text, typer.Option(help="Address to listen on. [127.0.0.1]")] = None,
    grpc_port: Annotated[Number, typer.Option(help="Port for clients, 0 for any. [9090]")] = None,
    http_port: Annotated[Number, typer.Option(help="Port for health and metrics, 0 for any. [9091]")] = None,
    block_mode: Annotated[Text, typer.Option(help="interval, instant or manual. [interval]")] = None,
    block_time_s: Annotated[
        float | None, typer.Option(help="Seconds from block to block in interval mode. [1.0]")
    ] = None,
    checkpoint_blocks: Annotated[Number, typer.Option(help="Blocks between checkpoints. [500]")] = None,
    checkpoint_changes: Annotated[Number, typer.Option(help="Changes between checkpoints. [100000]")] = None,
    history_blocks: Annotated[
        Number, typer.Option(help="Heights behind the last one that can be asked. [1000]")
    ] = None,
    keep_blocks: Annotated[Number, typer.Option(help="Newest blocks kept, 0 for all. [0]")] = None,
    keep_snapshots: Annotated[
        Number, typer.Option(help="Newest snapshots kept in the home, one an epoch, 0 for none. [2]")
    ] = None,
    sqlite_synchronous: Annotated[Text, typer.Option(help="FULL or NORMAL. [FULL]")] = None,
    log_level: Annotated[Text, typer.Option(help="debug, info, warning or error. [info]")] = None,
) -> None:
    """Run a chain until SIGTERM."""
    flags = {key: value for key, value in locals().items() if key != "config"}
    from chain.io.serve import serve
    from chain.io.settings import load_settings

    settings = load_settings(flags, config)
    set_up_log(settings.log_level)
    asyncio.run(serve(settings, find_version(), _build_crash(os.environ.get(CRASH_VARIABLE, ""))))


@app.command()
def status(node: NodeAddress = DEFAULT_NODE) -> None:
    """How a running chain stands."""

    async def ask(connection: Node) -> Any:
        return await connection.status()

    print(format_message(run_on(node, ask)))


@app.command()
def export(
    config: Config = None,
    home: Home = None,
    database_url: Url = None,
    lines: Annotated[
        bool, typer.Option("--lines", help="One line for each entry: for states of any size.")
    ] = False,
    height: Annotated[int, typer.Option(help="The state after this block; 0 for the last one.")] = 0,
) -> None:
    """Print the state as a genesis document, with which a chain can begin; the chain may be running."""
    from chain.genesis_entries import gather_genesis
    from chain.io.genesis_lines import format_lines
    from chain.io.opening import read_chain
    from chain.io.settings import load_settings
    from chain.io.streaming import stream_state
    from chain.layout import decode_value

    settings = load_settings({"home": home, "database_url": database_url}, config)
    if not lines and height == 0:
        sys.stdout.write(format_genesis(read_chain(settings.url, find_version()).export()))
        return
    with stream_state(settings.url, height) as (header, entries):
        if lines:
            sys.stdout.writelines(format_lines(header, entries))
        else:
            values = ((key, decode_value(key, data)) for key, data in entries)
            sys.stdout.write(format_genesis(gather_genesis(header, values)))


@app.command()
def revert(
    height: Annotated[int, typer.Argument(help="The block that becomes the last one.")],
    config: Config = None,
    home: Home = None,
    database_url: Url = None,
) -> None:
    """Take a chain that does not run back to an earlier block, for development."""
    from chain.io.reverting import revert_chain
    from chain.io.serve import open_database
    from chain.io.settings import load_settings
    from chain.io.snapshots import FOLDER, forget_above

    settings = load_settings({"home": home, "database_url": database_url}, config)
    database = open_database(settings)
    try:
        app_hash = revert_chain(database, height)
        forget_above(settings.home / FOLDER, height)
    finally:
        database.close()
    print(f"the chain stands at height {height} again, app hash {app_hash.hex()}")


@app.command()
def verify(config: Config = None, home: Home = None, database_url: Url = None) -> None:
    """Run every stored block again, from genesis, and compare every hash; the chain may be running."""
    from chain.io.recorded import verify_chain
    from chain.io.settings import load_settings

    settings = load_settings({"home": home, "database_url": database_url}, config)
    height, app_hash = verify_chain(settings.url, find_version())
    print(f"every block up to height {height} gives what was recorded; app hash {app_hash.hex()}")


@app.command()
def migrate(config: Config = None, home: Home = None, database_url: Url = None) -> None:
    """Bring the database to the newest schema; `start` does so too."""
    import migrations
    from chain.io.serve import open_database
    from chain.io.settings import load_settings

    settings = load_settings({"home": home, "database_url": database_url}, config)
    open_database(settings).close()
    print(f"the database has schema {migrations.current('chain', settings.url)}")


@app.command()
def vectors(
    paths: Annotated[list[Path], typer.Argument(help="Files or folders of golden vectors.")],
) -> None:
    """Run golden vectors; exit 1 when one fails."""
    from chain.io.vector_files import run_vectors

    passed, failed = run_vectors(paths)
    for line in failed:
        print(line, file=sys.stderr)
    print(f"{passed} passed, {len(failed)} failed")
    if failed:
        raise typer.Exit(1)


@keys_app.command("add")
def add_key(
    name: Annotated[str, typer.Argument(help="Name of the key.")], home: HomeFolder = DEFAULT_HOME
) -> None:
    """Make a key, and print its address."""
    print(make_key(home.expanduser(), name))


@keys_app.command("show")
def show_key(
    name: Annotated[str, typer.Argument(help="Name of a key in the home, or a folder with a key.json.")],
    home: HomeFolder = DEFAULT_HOME,
) -> None:
    """Print a key's address."""
    print(find_key(home.expanduser(), name).address)


@keys_app.command("list")
def show_keys(home: HomeFolder = DEFAULT_HOME) -> None:
    """Print the names and addresses of all keys in the home."""
    for key in list_keys(home.expanduser()):
        print(f"{key.name}\t{key.address}")


def _build_crash(crash_at: str) -> Callable[[str, int], None]:
    """Kills this process at the named point and height, and nowhere when none is named."""

    def reached(point: str, height: int) -> None:
        if crash_at == f"{point}:{height}":
            os.kill(os.getpid(), signal.SIGKILL)

    return reached


def main() -> None:
    """Run the command line."""
    app(prog_name="meshkeeper chain")


if __name__ == "__main__":
    main()
