"""`meshkeeper broker`: make a broker's home, run it, and command its nodes."""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as read_version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

import broker
from broker.errors import BrokerError
from broker.io import home as home_files
from broker.io.operator import Operator, get_node_path
from broker.io.settings import DEFAULT_HOME, find_config, load_settings

app = typer.Typer(
    help="The daemon of one participant: run it, and command its nodes.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    no_args_is_help=True,
)
nodes_app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)
app.add_typer(nodes_app, name="nodes", help="List, show, add, update, remove, enable and disable nodes.")

Text = str | None
Number = int | None
Seconds = float | None
Home = Annotated[Path, typer.Option(help="Folder of the broker.", envvar="MESHKEEPER_BROKER_HOME")]
AdminUrl = Annotated[str, typer.Option(help="Address of the admin interface; empty: from the home.")]
Token = Annotated[
    str,
    typer.Option(help="The operators' token; empty: from the home.", envvar="MESHKEEPER_BROKER_ADMIN_TOKEN"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
NodeId = Annotated[str, typer.Argument(help="The node's id.")]


def _version() -> str:
    """The installed distribution's version, or this source tree's."""
    try:
        return read_version("meshkeeper")
    except PackageNotFoundError:
        return broker.__version__


@contextmanager
def _sentences() -> Iterator[None]:
    """A refusal is one sentence on stderr and exit status 1."""
    try:
        yield
    except BrokerError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"meshkeeper {_version()}")
        raise typer.Exit


@app.callback()
def _root(
    _shown: bool = typer.Option(
        False, "--version", help="Print the version and leave.", callback=_show_version, is_eager=True
    ),
) -> None:
    """The daemon of one participant: run it, and command its nodes."""


@app.command()
def init(
    home: Home = DEFAULT_HOME,
    name: Annotated[str, typer.Option(help="Name of the account key.")] = "broker",
    chain: Annotated[str, typer.Option(help="Address of the chain's gRPC interface.")] = "127.0.0.1:9090",
    public_url: Annotated[str, typer.Option(help="URL under which others reach this broker.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a home: account key, consensus key, operators' token, configuration. What is there is kept."""
    with _sentences():
        key = home_files.create_home(home.expanduser(), name, chain, public_url)
    told = {"home": str(home.expanduser()), "address": key.address, "public_key": key.public_key.hex()}
    typer.echo(json.dumps(told) if as_json else f"{key.address}\nhome: {told['home']}")


@app.command()
def start(
    config: Annotated[Path | None, typer.Option(help="File with settings: .toml, .yaml or .json.")] = None,
    home: Annotated[Path | None, typer.Option(help="Folder of the broker. [~/.meshkeeper/broker]")] = None,
    chain: Annotated[
        Text, typer.Option(help="Address of the chain's gRPC interface. [127.0.0.1:9090]")
    ] = None,
    database_url: Annotated[Text, typer.Option(help="Database; empty: SQLite in the home.")] = None,
    public_host: Annotated[Text, typer.Option(help="Address for users and brokers. [127.0.0.1]")] = None,
    public_port: Annotated[Number, typer.Option(help="Port for users and brokers, 0 for any. [9000]")] = None,
    public_url: Annotated[Text, typer.Option(help="URL that others reach it under.")] = None,
    callback_host: Annotated[Text, typer.Option(help="Address for nodes' reports. [127.0.0.1]")] = None,
    callback_port: Annotated[Number, typer.Option(help="Port for nodes' reports, 0 for any. [9100]")] = None,
    callback_address: Annotated[
        Text, typer.Option(help="host:port that nodes are told to report to.")
    ] = None,
    admin_host: Annotated[Text, typer.Option(help="Address for operators. [127.0.0.1]")] = None,
    admin_port: Annotated[Number, typer.Option(help="Port for operators, 0 for any. [9200]")] = None,
    validator_key: Annotated[Text, typer.Option(help="Consensus key, ed25519, base64.")] = None,
    sync_s: Annotated[Seconds, typer.Option(help="Seconds between hardware comparisons. [60]")] = None,
    poll_s: Annotated[Seconds, typer.Option(help="Seconds between polls of a node. [15]")] = None,
    tick_s: Annotated[Seconds, typer.Option(help="Seconds between looks at retries. [1]")] = None,
    stale_after_s: Annotated[Seconds, typer.Option(help="Silence that stops decisions. [30]")] = None,
    drain_s: Annotated[Seconds, typer.Option(help="Seconds for running requests at the end. [10]")] = None,
    log_level: Annotated[Text, typer.Option(help="debug, info, warning or error. [info]")] = None,
) -> None:
    """Run the broker until SIGTERM."""
    from broker.io.log import set_up_log
    from broker.io.serve import serve

    flags = {key: value for key, value in locals().items() if key not in ("config", "set_up_log", "serve")}
    with _sentences():
        settings = load_settings(flags, config)
        if config is None and (found := find_config(settings.home)) is not None:
            settings = load_settings(flags, found)
        set_up_log(settings.log_level)
        asyncio.run(serve(settings, _version()))


@app.command()
def status(
    home: Home = DEFAULT_HOME, admin_url: AdminUrl = "", token: Token = "", as_json: AsJson = False
) -> None:
    """Where the broker stands: chain, phase, alarms and nodes."""
    with _sentences():
        told = Operator(home.expanduser(), admin_url, token).call("GET", "/status")
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    for key in ("participant", "height", "phase", "latest_epoch_index", "effective_epoch_index"):
        typer.echo(f"{key.replace('_', ' '):<22} {told[key]}")
    for key in ("stale", "sync_error"):
        if told[key]:
            typer.echo(f"{key.replace('_', ' '):<22} {told[key]}")
    for alarm in told["alarms"]:
        typer.echo(f"ALARM                  {alarm}")
    for abstention in told["abstentions"]:
        typer.echo(f"abstention             {abstention}")
    _print_nodes(told["nodes"])


@app.command()
def vectors(path: Annotated[Path, typer.Argument(help="File or folder with golden cases.")]) -> None:
    """Run golden cases and print how many passed."""
    from broker.io.vectors import run_path

    with _sentences():
        passed, failures = run_path(path)
    for failure in failures:
        print(failure, file=sys.stderr)
    typer.echo(f"{passed} passed, {len(failures)} failed")
    if failures:
        raise typer.Exit(1)


@nodes_app.command("list")
def list_nodes(
    home: Home = DEFAULT_HOME, admin_url: AdminUrl = "", token: Token = "", as_json: AsJson = False
) -> None:
    """All nodes and what they are doing."""
    with _sentences():
        told = Operator(home.expanduser(), admin_url, token).call("GET", "/nodes")
    if as_json:
        typer.echo(json.dumps(told, indent=2))
    else:
        _print_nodes(told)


@nodes_app.command("show")
def show_node(
    node_id: NodeId, home: Home = DEFAULT_HOME, admin_url: AdminUrl = "", token: Token = ""
) -> None:
    """One node, everything known of it, as JSON."""
    _command(home, admin_url, token, "GET", node_id)


@nodes_app.command("add")
def add_node(
    node_id: NodeId,
    host: Annotated[str, typer.Option(help="Host of the node's control interface.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of the node's control interface.")] = 8081,
    http_port: Annotated[int, typer.Option(help="Port for inference; 0: as the node says.")] = 0,
    model: Annotated[list[str] | None, typer.Option(help="Model file; repeat for more.")] = None,
    max_concurrent: Annotated[int, typer.Option(help="Requests at the same time.")] = 4,
    hardware: Annotated[list[str] | None, typer.Option(help="TYPE=COUNT; repeat for more.")] = None,
    api_key: Annotated[Text, typer.Option(help="Key of its HTTP interface; kept when not given.")] = None,
    home: Home = DEFAULT_HOME,
    admin_url: AdminUrl = "",
    token: Token = "",
) -> None:
    """Add a node, or update the one with this id."""
    devices = [item.rpartition("=") for item in hardware or ()]
    if any(not kind or not count.isdecimal() for kind, _, count in devices):
        raise typer.BadParameter("write --hardware as TYPE=COUNT, for example CPU=1")
    document = {
        "id": node_id,
        "host": host,
        "port": port,
        "http_port": http_port,
        "models": {name: {} for name in model or ()},
        "max_concurrent": max_concurrent,
        "hardware": [{"type": kind, "count": int(count)} for kind, _, count in devices],
    }
    if api_key is not None:
        document["api_key"] = api_key
    _call(home, admin_url, token, "POST", "/nodes", document)


@nodes_app.command("update")
def update_node(
    node_id: NodeId,
    file: Annotated[Path, typer.Argument(help="JSON document of the node; - for standard input.")],
    home: Home = DEFAULT_HOME,
    admin_url: AdminUrl = "",
    token: Token = "",
) -> None:
    """Replace a node's configuration; whether it is enabled stays as it is."""
    try:
        document = json.loads(sys.stdin.read() if str(file) == "-" else file.read_text())
    except (OSError, ValueError) as error:
        print(f"cannot read {file}: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    _command(home, admin_url, token, "PUT", node_id, document=document)


@nodes_app.command("remove")
def remove_node(
    node_id: NodeId, home: Home = DEFAULT_HOME, admin_url: AdminUrl = "", token: Token = ""
) -> None:
    """Forget a node at once; disable it first to let it finish its epoch."""
    _command(home, admin_url, token, "DELETE", node_id)


@nodes_app.command("enable")
def enable_node(
    node_id: NodeId, home: Home = DEFAULT_HOME, admin_url: AdminUrl = "", token: Token = ""
) -> None:
    """Let a node take part, from the next inference phase on."""
    _command(home, admin_url, token, "POST", node_id, "/enable")


@nodes_app.command("disable")
def disable_node(
    node_id: NodeId, home: Home = DEFAULT_HOME, admin_url: AdminUrl = "", token: Token = ""
) -> None:
    """Take a node out when its epoch ends."""
    _command(home, admin_url, token, "POST", node_id, "/disable")


def _command(
    home: Path, admin_url: str, token: str, method: str, node_id: str, what: str = "", document: object = None
) -> None:
    with _sentences():
        path = get_node_path(node_id) + what
    _call(home, admin_url, token, method, path, document)


def _call(home: Path, admin_url: str, token: str, method: str, path: str, document: object = None) -> None:
    with _sentences():
        told = Operator(home.expanduser(), admin_url, token).call(method, path, document)
    typer.echo(json.dumps(told, indent=2))


def _print_nodes(nodes: list[dict[str, Any]]) -> None:
    table = Table("id", "enabled", "intended", "observed", "on chain", "batches", "next change", "why")
    for item in nodes:
        state = item["state"]
        counts = state["batches"]
        table.add_row(
            item["node"]["id"],
            ("yes" if state["enabled"] else "no")
            + (", may be switched off" if state["safe_to_power_off"] else ""),
            state["intended"],
            state["observed"],
            state["chain_status"],
            f"{counts['accepted']}/{counts['sent']}",
            str(state["next_change_height"] or "-"),
            state["last_error"] or state["why"],
        )
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def main() -> None:
    """Run the command line. Leaves with 0, 1 (refused or failed) or 2 (wrong usage)."""
    app(prog_name="meshkeeper broker")


if __name__ == "__main__":
    main()
