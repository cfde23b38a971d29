"""The chain on the command line."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from typer.testing import CliRunner, Result

from chain.__main__ import app
from chain.io.commands import QUERIES, SERVICES, TXS, explain, get_path
from chain.io.genesis_file import read_genesis
from chain.machine import build_keepers
from chain.queries.table import build_queries
from chain.router import build_routes
from chain.v1 import epochs_pb2, events_pb2
from tests.chain.io.daemon import Daemon

Run = Callable[..., Result]


def run_in(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments], env={"MESHKEEPER_CHAIN_HOME": str(home)})


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return lambda *arguments: run_in(tmp_path, *arguments)


@dataclass
class Network:
    """A running chain, and the command line beside it."""

    daemon: Daemon

    def __call__(self, *arguments: str) -> Result:
        """A command that talks to the chain."""
        return run_in(self.daemon.home, *arguments, "--node", self.daemon.address)

    def address(self, name: str) -> str:
        """Address of a key in the chain's home."""
        return run_in(self.daemon.home, "keys", "show", name).stdout.strip()


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """A chain that was laid out by `init`."""
    home = tmp_path_factory.mktemp("cli")
    laid_out = run_in(
        home, "init", "--chain-id", "cli-1", "--profile", "devnet", "--key", "ada", "--key", "bob",
        "--account", "ada=1000umesh", "--account", "authority=1umesh", "--member", "ada=10",
    )  # fmt: skip
    assert laid_out.exit_code == 0, laid_out.output
    daemon = Daemon(home, genesis=None)
    daemon.start()
    yield Network(daemon)
    assert daemon.stop() == 0, daemon.log


def answer(result: Result) -> dict:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_every_message_and_every_query_of_the_machine_has_a_command() -> None:
    keepers = build_keepers()
    sent = {f"/{message.DESCRIPTOR.full_name}" for room in TXS.values() for message in room.values()}
    assert sent == set(build_routes(keepers))
    asked = {get_path(method) for room in QUERIES.values() for method in room.values()}
    of_the_node = {"/chain.v1.EventStream/GetBlock", "/cosmos.tx.v1beta1.Service/GetTx"}
    assert asked == {*build_queries(keepers), *of_the_node}


def test_every_field_that_a_command_takes_is_explained_by_the_contract() -> None:
    paths = [get_path(method)[1:].split("/") for room in QUERIES.values() for method in room.values()]
    services = [SERVICES[path].DESCRIPTOR.services_by_name[path.split(".")[-1]] for path, _ in paths]
    asked = [
        service.methods_by_name[method].input_type
        for service, (_, method) in zip(services, paths, strict=True)
    ]
    sent = [message.DESCRIPTOR for room in TXS.values() for message in room.values()]
    assert len(asked) > 40 and len(sent) > 20
    fields = [field.full_name for message in (*asked, *sent) for field in message.fields]
    assert [name for name in fields if not explain(name)] == []


def test_the_help_of_a_command_says_what_to_write(run: Run) -> None:
    shown = " ".join(run("tx", "models", "register", "--help").stdout.split())
    assert "Registers or replaces a governance model. Authority only." in shown
    assert "Similarity above which an answer is valid, 0 to 1. Written like 0.05." in shown
    assert "Only there: new_or_modified: Machines to add" in " ".join(
        run("tx", "nodes", "submit-hardware-diff", "--help").stdout.split()
    )
    assert "the parent (model_id empty) or a model's" in run("query", "epochs", "group", "--help").stdout


def test_init_lays_out_the_chain_that_was_asked_for(run: Run, tmp_path: Path) -> None:
    result = run(
        "init", "--chain-id", "x-1", "--profile", "production",
        "--params", '{"epoch": {"epoch_length": 20000}}', "--key", "ada",
        "--authority", "ada", "--account", "ada=5umesh", "--member", "ada=3",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    genesis = read_genesis(tmp_path / "genesis.json")
    assert genesis is not None
    ada = run("keys", "show", "ada").stdout.strip()
    assert (genesis.chain_id, genesis.authority) == ("x-1", ada)
    assert (genesis.params.epoch.epoch_length, genesis.params.epoch.poc_stage_duration) == (20_000, 60)
    assert [(b.address, b.coins[0].amount) for b in genesis.balances] == [(ada, "5")]
    assert [(m.address, m.weight) for m in genesis.genesis_members] == [(ada, 3)]
    assert run("keys", "list").stdout == f"ada\t{ada}\n"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["init", "--profile", "huge"], "profile 'huge'"),
        (["init", "--params", '{"epoch": {"colour": 1}}'], "--params"),
        (["init", "--params", "[1]"], "--params is not an object"),
        (["init", "--params", "{"], "--params is not JSON"),
        (["init", "--params", "@nowhere.json"], "--params: cannot read nowhere.json: No such file"),
        (["init", "--params", '{"epoch": {"epoch_length": 3}}'], "the stages must fit into epoch_length"),
        (["init", "--params", '{"poc": {"poc_admission": "all"}}'], "must be one of snapshot"),
        (["init", "--chain-id", ""], "--chain-id is empty"),
        (["init", "--key", "ada", "--account", "ada=5uother"], "is not an amount of umesh"),
        (["init", "--key", "ada", "--account", f"ada={2**256}umesh"], "between 0 and 2^256 - 1"),
        (["init", "--key", "ada", "--member", f"ada={10**15}"], "weight '1000000000000000'"),
        (["init", "--key", "ada", "--account", "ada=1umesh", "--account", "ada=2umesh"], "named twice"),
        (["init", "--authority", "mesh1x"], "'mesh1x' is not an address"),
        (["init", "--key", "a/b"], "is no name of a key"),
        (["init", "--account", "ada"], "write WHO=5umesh"),
        (["init", "--key", "ada", "--account", "ada=5"], "'5' is not an amount"),
        (["init", "--key", "ada", "--member", "ada=0"], "weight '0'"),
        (["init", "--member", "nobody=1"], "cannot read the key"),
        (["keys", "show", "nobody"], "cannot read the key"),
        (["keys", "add", ".."], "is no name of a key"),
        (["export"], "no chain in this database"),
        (["start"], "no chain here yet"),
        (["start", "--block-mode", "never"], "setting block_mode"),
        (["start", "--config", "nowhere.toml"], "cannot read nowhere.toml"),
        (["start", "--database-url", "mysql://x/y"], "neither sqlite"),
        (["start", "--home", "/proc/nowhere"], "cannot write /proc/nowhere"),
        (["migrate", "--database-url", "postgresql://x@127.0.0.1:1/y"], "cannot use the database"),
        (["status", "--node", "127.0.0.1:1"], "no chain answers at 127.0.0.1:1"),
        (["vectors", "nowhere"], "nowhere does not exist"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_sentence(
    arguments: list[str], why: str, run: Run, tmp_path: Path
) -> None:
    result = run(*arguments)
    assert result.exit_code == 1
    assert why in result.stderr
    assert len(result.stderr.splitlines()) <= 2 and "Traceback" not in result.stderr
    assert not (tmp_path / "genesis.json").exists()


def test_what_init_refuses_leaves_no_key_behind(run: Run, tmp_path: Path) -> None:
    assert run("init", "--key", "ada", "--member", "ada=1", "--account", "bob=1umesh").exit_code == 1
    assert not (tmp_path / "keys").exists()
    made = run("keys", "add", "bob").stdout.strip()
    laid_out = run("init", "--key", "ada", "--member", "ada=1", "--account", "bob=1umesh")
    assert laid_out.exit_code == 0, laid_out.output
    genesis = read_genesis(tmp_path / "genesis.json")
    assert genesis is not None
    assert [balance.address for balance in genesis.balances] == [made]


def test_init_warns_of_a_chain_that_nobody_can_join(run: Run) -> None:
    result = run("init")
    assert (result.exit_code, "name at least one --member" in result.stderr) == (0, True)


WRONG = ("start --port 1", "nonsense", "tx bank send", "query nodes stats", "query poc count-batches ten")
WRONG_OPTIONS = ("query epochs groups --limit -1", "query params show --height -1")


@pytest.mark.parametrize("line", [*WRONG, *WRONG_OPTIONS])
def test_wrong_usage_ends_with_2(line: str, run: Run) -> None:
    assert run(*line.split()).exit_code == 2


def test_init_never_overwrites_a_chain(run: Run, tmp_path: Path) -> None:
    assert run("init").exit_code == 0
    before = (tmp_path / "genesis.json").read_bytes()
    again = run("init", "--chain-id", "other")
    assert (again.exit_code, "exists already" in again.stderr) == (1, True)
    assert (tmp_path / "genesis.json").read_bytes() == before


def test_migrate_makes_a_database_and_says_its_schema(run: Run, tmp_path: Path) -> None:
    assert run("migrate").stdout == "the database has schema 0001\n"
    assert (tmp_path / "chain.db").exists()


def test_a_coin_is_sent_and_asked_for(network: Network) -> None:
    to = network.address("bob")
    sent = answer(network("tx", "bank", "send", "--to-address", to, "--amount", "5umesh", "--from", "ada"))
    assert sent["code"] == 0 and int(sent["height"]) > 0
    assert answer(network("query", "bank", "balance", to))["balance"] == {"denom": "umesh", "amount": "5"}
    assert int(answer(network("status"))["height"]) >= int(sent["height"])


def test_nested_fields_come_as_json_and_decimals_as_text(network: Network) -> None:
    answer(
        network(
            "tx", "models", "register", "--id", "m1", "--units-of-compute-per-token", "1", "--v-ram", "100",
            "--throughput-per-nonce", "5", "--validation-threshold", "0.95", "--alternative-models", "m1-a",
            "--alternative-models", "m1-b", "--from", "authority",
        )
    )  # fmt: skip
    model = answer(network("query", "models", "show", "m1"))["model"]
    assert model["alternative_models"] == ["m1-a", "m1-b"]
    assert model["validation_threshold"] == {"value": "95", "exponent": -2}
    assert answer(network("query", "models", "resolve", "m1-b"))["model_id"] == "m1"
    answer(network("tx", "nodes", "submit-new-participant", "--url", "http://ada", "--from", "ada"))
    machine = {"local_id": "n1", "status": "HARDWARE_NODE_STATUS_INFERENCE", "models": ["m1-a"]}
    node = json.dumps({"new_or_modified": [machine]})
    answer(network("tx", "nodes", "submit-hardware-diff", "--json", node, "--from", "ada"))
    hardware = answer(network("query", "nodes", "hardware", network.address("ada")))
    assert hardware["nodes"]["hardware_nodes"][0]["local_id"] == "n1"
    page = answer(network("query", "models", "list", "--limit", "1"))
    assert len(page["models"]) == 1


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (
            ["tx", "bank", "send", "--to-address", "x", "--amount", "5umesh", "--from", "ada"],
            "ErrInvalidAddress",
        ),
        (["tx", "bank", "send", "--amount", "five", "--from", "ada"], "'five' is not an amount"),
        (["tx", "models", "retire", "--id", "m", "--from", "ada"], "ErrInvalidSigner"),
        (["tx", "models", "register", "--validation-threshold", "x", "--from", "ada"], "not a decimal"),
        (["tx", "params", "update", "--json", "{", "--from", "ada"], "--json"),
        (["tx", "params", "update", "--json", '{"colour": 1}', "--from", "ada"], "colour"),
        (["tx", "poc", "submit-batch", "--from", "ada"], "Err"),
        (["tx", "bank", "send", "--from", "nobody"], "cannot read the key"),
        (["query", "models", "show", "nope"], "ErrNotFound: model 'nope' does not exist"),
        (["query", "models", "list", "--page-key", "%%%"], "--page-key '%%%' is not base64"),
        (["query", "models", "list", "--page-key", "YWJj"], "use next_key of the page before"),
        (["query", "blocks", "show", "999999"], "block 999999 not found"),
        (["query", "txs", "show", "abc"], "hash is not the 64 hex digits"),
        (["tx", "models", "register", "--units-of-compute-per-token", "-1", "--from", "ada"], "out of range"),
        (["query", "bank", "balance", "x"], "ErrInvalidAddress"),
        (["query", "epochs", "participants", "99"], "Err"),
    ],
)
def test_a_refusal_of_the_chain_is_told_in_one_sentence(
    arguments: list[str], why: str, network: Network
) -> None:
    result = network(*arguments)
    assert result.exit_code == 1
    assert why in result.stderr and "Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_answers_are_in_the_order_of_the_contract_and_hashes_are_hex(network: Network) -> None:
    status = answer(network("status"))
    assert list(status) == [field.name for field in events_pb2.ChainStatus.DESCRIPTOR.fields]
    assert list(status["epoch"]) == [field.name for field in epochs_pb2.EpochInfo.DESCRIPTOR.fields]
    block = answer(network("query", "blocks", "show", status["height"]))
    assert (block["height"], block["app_hash"]) == (status["height"], status["app_hash"])
    assert len(bytes.fromhex(block["block_hash"])) == len(bytes.fromhex(block["app_hash"])) == 32


def test_a_committed_transaction_is_found_by_its_hash(network: Network) -> None:
    to = network.address("bob")
    sent = answer(network("tx", "bank", "send", "--to-address", to, "--amount", "1umesh", "--from", "ada"))
    found = answer(network("query", "txs", "show", sent["txhash"]))
    assert found["tx_response"] == sent
    (message,) = found["tx"]["body"]["messages"]
    assert list(message) == ["@type", "from_address", "to_address", "amount"]


def test_what_is_no_chain_is_called_that(run: Run) -> None:
    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        result = run("status", "--node", f"127.0.0.1:{port}")
    finally:
        server.stop(None)
    assert (result.exit_code, f"what answers at 127.0.0.1:{port} is no chain" in result.stderr) == (1, True)


def test_the_state_of_a_running_chain_is_exported(network: Network) -> None:
    height = int(answer(network("status"))["height"])
    document = answer(run_in(network.daemon.home, "export"))
    assert document["chain_id"] == "cli-1"
    assert int(document["exported_height"]) >= height


def test_golden_vectors_are_counted(run: Run, tmp_path: Path) -> None:
    cases = [
        {"name": "right", "given": {"operation": "mul", "arguments": ["1", "2"]}, "expect": {"result": "2"}},
        {"name": "wrong", "given": {"operation": "mul", "arguments": ["1", "2"]}, "expect": {"result": "3"}},
    ]
    (tmp_path / "a.json").write_text(json.dumps({"kind": "fixed", "cases": cases[:1]}))
    assert run("vectors", str(tmp_path)).stdout == "1 passed, 0 failed\n"
    (tmp_path / "b.json").write_text(json.dumps({"kind": "fixed", "cases": cases}))
    (tmp_path / "c.json").write_text("{}")
    result = run("vectors", str(tmp_path / "a.json"), str(tmp_path))
    assert (result.exit_code, result.stdout) == (1, "3 passed, 2 failed\n")
    assert "wrong: expected {'result': '3'}, got {'result': '2'}" in result.stderr
    assert "c.json: not a file of vectors" in result.stderr


def test_the_module_runs_by_itself() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "chain", "--help"], capture_output=True, text=True, check=True
    )
    assert "The state machine" in shown.stdout


def test_an_earlier_height_is_asked_and_an_entry_is_proven(network: Network) -> None:
    ada, to = network.address("ada"), network.address("bob")
    before = answer(network("query", "bank", "balance", ada))["balance"]["amount"]
    height = int(answer(network("status"))["height"])
    answer(network("tx", "bank", "send", "--to-address", to, "--amount", "2umesh", "--from", "ada"))
    for at, amount in ((0, int(before) - 2), (height, int(before))):
        if height == 0:
            continue
        told = answer(network("query", "bank", "balance", ada, "--height", str(at)))
        assert int(told["balance"]["amount"]) == amount
        entry = answer(network("query", "state", "show", "bank/balances", ada, "umesh", "--height", str(at)))
        assert (entry["value"], entry["proven"]) == (str(amount), True)
        assert at in (0, entry["height"])
    absent = answer(network("query", "state", "show", "bank/balances", ada, "ucoin"))
    assert (absent["value"], absent["proven"]) == (None, True)
    account = answer(network("query", "state", "show", "auth/accounts", ada))["value"]
    assert account["address"] == ada


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["query", "params", "show", "--height", "9999"], "height 9999 is not there yet: the last one is"),
        (["query", "state", "show", "bank/balances", "a", "b", "--height", "9999"], "is not there yet"),
        (
            ["query", "state", "show", "bank/nothing"],
            "there is no collection 'bank/nothing'; there are: auth/",
        ),
        (
            ["query", "state", "show", "bank/balances", "a"],
            "the key of bank/balances has the parts: text, text",
        ),
    ],
)
def test_a_height_or_an_entry_that_cannot_be_asked_is_refused(
    network: Network, arguments: list[str], why: str
) -> None:
    result = network(*arguments)
    assert (result.exit_code, why in result.stderr) == (1, True), result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_home_without_snapshots_says_when_there_will_be_one(run: Run) -> None:
    listed = run("snapshot", "list")
    assert (listed.exit_code, listed.stdout) == (0, "")
    assert "yet: one is kept when an epoch takes effect" in listed.stderr
