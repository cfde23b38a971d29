"""Wrong input at every door of a running network: the refusal that it gets, and that nothing has changed."""

import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from chain.bank.types import Coin, MsgSend
from chain.collateral.types import MsgDepositCollateral
from chain.epochs.types import MsgSubmitSeed
from chain.inference.types import MsgFinishInference, MsgStartInference
from chain.models.types import MsgRegisterModel
from chain.nodes.types import HardwareNode, MsgSubmitHardwareDiff
from chain.poc.types import MsgSubmitPocBatch
from chain.v1 import inference_pb2
from mlnode.io.made_gguf import write_tiny_gguf
from tests.daemon import wait_until
from tests.network import FILE, MODEL, Network
from tests.system.refusals import World

Give = Callable[[World], str]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two participants with a node each, which serve, and a broken file among their models."""
    network = Network(tmp_path_factory.mktemp("refusals"), {"ada": ["ada-1"], "bob": ["bob-1"]})
    network.models.mkdir(parents=True)
    write_tiny_gguf(network.models / "broken.gguf", seed=2)
    whole = (network.models / "broken.gguf").read_bytes()
    (network.models / "broken.gguf").write_bytes(whole[: len(whole) // 2])
    try:
        network.start()
        network.wait_served()
        world = World(network)
        world.wait_quiet()
        yield world
    finally:
        network.stop()


def pay(world: World, amount: str = "1", to: str = "") -> MsgSend:
    return MsgSend(world.developer.address, to or world.ada.address, (Coin("umesh", amount),))


def start_chain(world: World, port: int, *words: str, genesis: str = "") -> str:
    """What a second chain says when it starts."""
    home = world.at(f"chain-{time.monotonic_ns()}")
    assert world.cli("chain", "init", "--home", home, "--account", "authority=1umesh").startswith("0 ")
    if genesis:
        (Path(home) / "genesis.json").write_text(genesis)
    return world.cli("chain", "start", "--home", home, "--grpc-port", str(port), "--http-port", "0", *words)


def start_node(world: World, port: int) -> str:
    """What a second node says when it starts."""
    folders = ("--home", world.at("node"), "--models-dir", str(world.network.models))
    return world.cli("mlnode", "serve", *folders, "--port", str(port), "--control-port", "0")


def start_message(world: World) -> MsgStartInference:
    return MsgStartInference(
        creator=world.developer.address,
        inference_id="x",
        prompt_hash=sha256(b"{}").hexdigest(),
        prompt_payload="{}",
        original_prompt="{}",
        assigned_to=world.ada.address,
        max_tokens=1,
        request_timestamp=time.time_ns(),
        model="nobody",
        requested_by=world.developer.address,
    )


TRANSACTIONS: list[tuple[str, Give, str]] = [
    ("bytes that are no transaction", lambda w: w.broadcast(b"\xff\xfe\xfd"), "ErrTxDecode"),
    ("an empty transaction", lambda w: w.broadcast(b""), "tx_bytes is empty"),
    ("a field nobody knows", lambda w: w.broadcast(w.sign(pay(w)) + b"\x7a\x01x"), "ErrTxDecode"),
    ("more bytes than allowed", lambda w: w.broadcast(w.sign(pay(w), memo="m" * 3_000_000)), "ErrTxTooLarge"),
    ("a transaction without messages", lambda w: w.broadcast(w.sign()), "no message"),
    ("a message that is none", lambda w: w.broadcast(w.sign(Coin("umesh", "1"))), "ErrUnknownRequest"),
    ("a broken signature", lambda w: w.broadcast(w.sign(pay(w))[:-1] + b"\0"), "signature verification"),
    (
        "another chain's name",
        lambda w: w.broadcast(w.sign(pay(w), chain_id="other-1")),
        "signature verification",
    ),
    ("a sequence ahead", lambda w: w.broadcast(w.sign(pay(w), ahead=5)), "ErrWrongSequence"),
    ("somebody else's coins", lambda w: w.broadcast(w.sign(pay(w), by=w.ada)), "ErrInvalidPubKey"),
    ("no gas", lambda w: w.broadcast(w.sign(pay(w), gas_limit=1)), "ErrOutOfGas"),
    ("a height gone by", lambda w: w.broadcast(w.sign(pay(w), timeout_height=1)), "ErrTxTimeoutHeight"),
    ("a memo too long", lambda w: w.broadcast(w.sign(pay(w), memo="m" * 5000)), "ErrMemoTooLarge"),
    ("unordered without an end", lambda w: w.broadcast(w.sign(pay(w), unordered=True)), "timeout"),
]
"""What the check refuses: nothing is taken, not even the sequence."""

MESSAGES: list[tuple[str, Callable[[World], object], str]] = [
    ("more coins than owned", lambda w: pay(w, "999999999"), "ErrInsufficientFunds"),
    ("coins below zero", lambda w: pay(w, "-1"), "amount"),
    ("an address of nowhere", lambda w: pay(w, to="mesh1nowhere"), "address"),
    (
        "a model without authority",
        lambda w: MsgRegisterModel(authority=w.developer.address, id="m", units_of_compute_per_token=1),
        "ErrInvalidSigner",
    ),
    (
        "hardware with a model that nobody governs",
        lambda w: MsgSubmitHardwareDiff(
            w.developer.address, (HardwareNode(local_id="n", models=("nobody",), host="h", port="1"),)
        ),
        "ErrInvalidModel",
    ),
    (
        "a batch of no node",
        lambda w: MsgSubmitPocBatch(w.developer.address, 30, "b", (1,), (1,), ""),
        "ErrPocNodeIdEmpty",
    ),
    (
        "a batch for somebody else's node, too late",
        lambda w: MsgSubmitPocBatch(w.developer.address, 30, "b", (1,), (1,), "ada-1"),
        "Err",
    ),
    ("a seed that is no signature", lambda w: MsgSubmitSeed(w.developer.address, 30, "zz"), "Err"),
    ("an inference that nobody signed", start_message, "ErrInvalidSignature"),
    (
        "the finish of another's inference",
        lambda w: MsgFinishInference(creator=w.developer.address, inference_id="x", model=MODEL),
        "Err",
    ),
    (
        "collateral in no coin of ours",
        lambda w: MsgDepositCollateral(w.developer.address, Coin("gold", "1")),
        "ErrInvalidDenom",
    ),
]
"""What only its block refuses: the sequence is taken, nothing else."""

QUESTIONS: list[tuple[str, Give, str]] = [
    ("an inference that is not", lambda w: w.query("Inference", index="nobody"), "NOT_FOUND"),
    ("a participant that is not", lambda w: w.query("Participant", index="mesh1nowhere"), "mesh1nowhere"),
    ("a model that is not", lambda w: w.query("ResolveModel", model_id="../etc"), "NOT_FOUND"),
    ("an executor for an unknown model", lambda w: w.query("GetRandomExecutor", model="nobody"), "NOT_FOUND"),
    ("a method that is not", lambda w: w.call("/chain.v1.Query/Everything"), "UNIMPLEMENTED"),
    ("bytes that are no question", lambda w: w.call("/chain.v1.Query/Model", b"\xff\xff"), "I"),
    ("a hash that is none", lambda w: w.cli("chain", "query", "txs", "show", "zz", *w.where), "64"),
]

COMMANDS: list[tuple[str, Give, str]] = [
    ("a command that is not", lambda w: w.cli("chain", "stat"), "No such command"),
    (
        "a chain where none is",
        lambda w: w.cli("chain", "status", "--node", "127.0.0.1:1"),
        "no chain answers",
    ),
    ("a key that is not", lambda w: w.tx("bank", "send", by="nobody"), "nobody"),
    ("an amount without a coin", lambda w: w.tx("bank", "send", "--amount", "5"), "5umesh"),
    ("JSON that is none", lambda w: w.tx("bank", "send", "--json", "{"), "JSON"),
    ("a field that is not", lambda w: w.tx("bank", "send", "--json", '{"nothing": 1}'), "nothing"),
    (
        "a profile that is not",
        lambda w: w.cli("chain", "init", "--home", w.at("n"), "--profile", "x"),
        "production",
    ),
    ("a home below a file", lambda w: w.cli("chain", "init", "--home", w.place("f", "x") + "/home"), "f"),
    ("a home that has a chain", lambda w: w.cli("chain", "init", "--home", w.home("chain")), "already"),
    ("a start without a genesis", lambda w: w.cli("chain", "start", "--home", w.at("none")), "init"),
    ("a chain's port in use", lambda w: start_chain(w, w.network.chain.ports["grpc"]), "in use"),
    ("a node's port in use", lambda w: start_node(w, w.network.chain.ports["grpc"]), "in use"),
    ("a broken genesis", lambda w: start_chain(w, 0, genesis="{"), "genesis"),
    ("a database of no kind", lambda w: start_chain(w, 0, "--database-url", "paper://ledger"), "paper"),
    (
        "a setting that is not",
        lambda w: w.cli("chain", "start", "--config", w.place("s.toml", "x = 1")),
        "no setting 'x'",
    ),
    (
        "a setting of another kind",
        lambda w: w.cli("chain", "start", MESHKEEPER_CHAIN_GRPC_PORT="many"),
        "grpc_port",
    ),
    (
        "a broken key",
        lambda w: w.cli("broker", "start", "--home", w.folder_with("key.json", "{}")),
        "not a key file",
    ),
    ("a broker's home that is none", lambda w: w.cli("broker", "start", "--home", w.at("nobroker")), "init"),
    ("an unknown node, at the command line", lambda w: w.nodes("disable", "ghost"), "ghost"),
    ("a folder of models that is not", lambda w: w.cli("mlnode", "serve", "--models-dir", w.at("no")), "no"),
    ("a port out of range", lambda w: w.cli("mlnode", "serve", "--port", "70000"), "65535"),
    (
        "a model of no size",
        lambda w: w.cli("mlnode", "models", "make", w.at("m.gguf"), "--layers", "0"),
        "layers",
    ),
    (
        "a file that is no model",
        lambda w: w.cli("devnet", "up", "--root", w.at("d"), "--model", w.place("a", "")),
        "GGUF",
    ),
]

PUBLIC: list[tuple[str, Give, str]] = [
    ("no JSON", lambda w: w.broker("POST", "/v1/chat/completions", content=b"{"), "400"),
    ("a list for a request", lambda w: w.broker("POST", "/v1/chat/completions", json=[]), "400"),
    ("no messages", lambda w: w.chat(messages=[]), "400"),
    ("an unknown model", lambda w: w.chat(model="nobody"), "404"),
    ("a path as a model", lambda w: w.chat(model="../../etc/passwd"), "404"),
    ("a model that is no text", lambda w: w.chat(model=7), "400"),
    ("a length below zero", lambda w: w.chat(max_tokens=-1), "400"),
    ("two answers", lambda w: w.chat(n=2), "400"),
    (
        "a body above the limit",
        lambda w: w.chat(messages=[{"role": "user", "content": "a" * 9_000_000}]),
        "413",
    ),
    ("an unknown inference", lambda w: w.broker("GET", "/v1/inferences/nobody"), "404"),
    ("an unknown path", lambda w: w.broker("GET", "/v2/models"), "404"),
    ("a wrong method", lambda w: w.broker("DELETE", "/v1/models"), "405"),
]

OPERATORS: list[tuple[str, Give, str]] = [
    ("no token", lambda w: w.admin("GET", "/nodes", token=""), "401"),
    ("a wrong token", lambda w: w.admin("POST", "/nodes/ada-1/disable", token="guess"), "401"),
    ("a foreign node", lambda w: w.admin("POST", "/nodes/bob-1/disable"), "404"),
    ("a node without a host", lambda w: w.admin("POST", "/nodes", json={"id": "n"}), "host"),
    (
        "a node with a port of nowhere",
        lambda w: w.admin("POST", "/nodes", json={**NODE, "port": 99999}),
        "port",
    ),
    (
        "a node with an unknown model",
        lambda w: w.admin("POST", "/nodes", json={**NODE, "models": ["no"]}),
        "neither a governance model",
    ),
    (
        "a node with an unknown setting",
        lambda w: w.admin("POST", "/nodes", json={**NODE, "colour": 1}),
        "colour",
    ),
    ("a node named as none may be", lambda w: w.admin("POST", "/nodes", json={**NODE, "id": ""}), "id"),
    ("no JSON from an operator", lambda w: w.admin("POST", "/nodes", content=b"{", kind=JSON), "JSON"),
]
JSON = "application/json"
NODE = {"id": "new", "host": "127.0.0.1", "port": 1, "models": [FILE]}

NODES: list[tuple[str, Give, str]] = [
    ("no key", lambda w: w.node("GET", "/models", key=""), "401"),
    ("an unknown model at a node", lambda w: w.infer(model="nobody"), "404"),
    ("a path as a model at a node", lambda w: w.infer(model="../broken.gguf"), "404"),
    ("a broken file", lambda w: w.infer(model="broken.gguf"), "broken"),
    ("a blank prompt", lambda w: w.infer(prompt=" "), "blank"),
    ("a prompt too long for a node", lambda w: w.infer(prompt="a " * 4000), "too_long"),
    ("no number for a number", lambda w: w.infer(temperature="hot"), "temperature"),
    ("JSON nested too deeply", lambda w: w.node("POST", "/infer", content=b"[" * 100_000, kind=JSON), "400"),
    ("an order out of time", lambda w: w.control("Stop", generation=0), "STALE_GENERATION"),
    (
        "an order for an unknown model",
        lambda w: w.control("InferenceUp", generation=10**6, model="../x"),
        "MODEL_UNKNOWN",
    ),
    (
        "an order to mine without a key",
        lambda w: w.control("StartPocGenerate", generation=10**6, model=FILE),
        "I",
    ),
]

TABLE = [*TRANSACTIONS, *QUESTIONS, *COMMANDS, *PUBLIC, *OPERATORS, *NODES]


def test_the_table_covers_every_door() -> None:
    assert len(TABLE) + len(MESSAGES) >= 40


@pytest.mark.parametrize(("give", "said"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_wrong_input_is_refused_and_changes_nothing(world: World, give: Give, said: str) -> None:
    before = world.snapshot()
    answer = give(world)
    assert said in answer
    assert "Traceback" not in answer
    assert not answer.startswith("0 ")
    assert world.snapshot() == before


@pytest.mark.parametrize(("make", "said"), [row[1:] for row in MESSAGES], ids=[row[0] for row in MESSAGES])
def test_a_message_that_its_block_refuses_changes_nothing(
    world: World, make: Callable[[World], object], said: str
) -> None:
    before = world.snapshot()
    answer = world.deliver(world.sign(make(world)))
    assert said in answer
    after = world.snapshot()
    assert after.pop("sequence") == before.pop("sequence") + 1
    assert after == before


def test_a_prompt_that_only_the_node_can_refuse_is_refused_and_recorded(world: World) -> None:
    """How many tokens a prompt has is known where the model is: the refusal is the answer then."""
    messages = [{"role": "user", "content": "a " * 4000}]
    reply = httpx.post(
        f"{world.network.url('ada')}/v1/chat/completions",
        json={"model": MODEL, "messages": messages, "max_tokens": 4},
        timeout=60,
    )
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "prompt_too_long")

    def find() -> bool:
        record = world.network.inference(reply.headers["x-inference-id"])
        return record is not None and record.status == inference_pb2.INFERENCE_STATUS_FINISHED

    wait_until(find, "the refusal on record")
