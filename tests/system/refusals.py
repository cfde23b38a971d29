"""The doors of a running network, and what each says to wrong input."""

import json
import re
import time
from dataclasses import dataclass
from itertools import count
from typing import Any

import grpc
import httpx

from broker.io.keys import AccountKey
from chain.cosmos import auth_pb2, bank_pb2, tx_service_pb2
from chain.header import compute_tx_hash
from chain.v1 import query_pb2, query_pb2_grpc
from mlnode.v1 import control_pb2, control_pb2_grpc
from tests.chain.kit import build_tx
from tests.daemon import wait_until
from tests.forks import FORKS, run_command
from tests.network import MODEL, NODE_KEY, Network

TIMEOUT_S = 60
PLAIN = {"COLUMNS": "200", "NO_COLOR": "1"}
EVERYTHING = (
    "ModelsAll",
    "HardwareNodesAll",
    "InferenceAll",
    "Params",
    "CurrentEpochGroupData",
    "ParticipantAll",
)
"""Questions whose answers are all that the doors could change."""
HEIGHT = re.compile(r"^block_height: [0-9]+\n", re.MULTILINE)
"""Of the answer, not of the state."""


@dataclass(frozen=True)
class Account:
    """A key of the network in the form that signs transactions by hand."""

    key: AccountKey
    key_type: str = "secp256k1"

    @property
    def address(self) -> str:
        return self.key.address

    @property
    def public_key(self) -> bytes:
        return self.key.public_key

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message)


class World:
    """A network that serves, and what is at hand to do wrong in it."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.channel = grpc.insecure_channel(network.chain_address)
        self.ada = Account(AccountKey.load(network.base / "broker-ada" / "key.json"))
        self.developer = Account(AccountKey.load(network.base / "developer" / "key.json"))
        self.chain_id: str = network.status().chain_id
        self.folder = network.base / "wrong"
        self.folder.mkdir()
        self._numbers = count()

    def account(self, address: str) -> auth_pb2.BaseAccount:
        call = self.channel.unary_unary(
            "/cosmos.auth.v1beta1.Query/Account",
            request_serializer=auth_pb2.QueryAccountRequest.SerializeToString,
            response_deserializer=auth_pb2.QueryAccountResponse.FromString,
        )
        answer = call(auth_pb2.QueryAccountRequest(address=address), timeout=10)
        return auth_pb2.BaseAccount.FromString(answer.account.value)

    def sign(self, *messages: object, by: Account | None = None, ahead: int = 0, **options: Any) -> bytes:
        """A transaction of the developer, unless somebody else is named."""
        signer = by or self.developer
        known = self.account(signer.address)
        options.setdefault("chain_id", self.chain_id)
        return build_tx([(signer, known.account_number, known.sequence + ahead)], *messages, **options)  # type: ignore[list-item]

    def broadcast(self, tx: bytes) -> str:
        """What the check says to a transaction."""
        call = self.channel.unary_unary(
            "/cosmos.tx.v1beta1.Service/BroadcastTx",
            request_serializer=tx_service_pb2.BroadcastTxRequest.SerializeToString,
            response_deserializer=tx_service_pb2.BroadcastTxResponse.FromString,
        )
        request = tx_service_pb2.BroadcastTxRequest(tx_bytes=tx, mode=tx_service_pb2.BROADCAST_MODE_SYNC)
        try:
            answer = call(request, timeout=10).tx_response
        except grpc.RpcError as error:
            return f"{error.code().name} {error.details()}"
        return f"{answer.code} {answer.info}: {answer.raw_log}"

    def deliver(self, tx: bytes) -> str:
        """What its block says to a transaction that the check lets in."""
        checked = self.broadcast(tx)
        assert checked.startswith("0 "), checked
        call = self.channel.unary_unary(
            "/cosmos.tx.v1beta1.Service/GetTx",
            request_serializer=tx_service_pb2.GetTxRequest.SerializeToString,
            response_deserializer=tx_service_pb2.GetTxResponse.FromString,
        )
        request = tx_service_pb2.GetTxRequest(hash=compute_tx_hash(tx))

        def find() -> str:
            try:
                answer = call(request, timeout=10).tx_response
            except grpc.RpcError:
                return ""
            return f"{answer.code} {answer.info}: {answer.raw_log}"

        return wait_until(find, "the transaction in a block")

    def query(self, method: str, **fields: Any) -> str:
        """What the chain says to a question."""
        request = getattr(query_pb2, f"Query{method}Request")(**fields)
        try:
            return str(getattr(query_pb2_grpc.QueryStub(self.channel), method)(request, timeout=10))
        except grpc.RpcError as error:
            return f"{error.code().name} {error.details()}"

    def call(self, path: str, request: bytes = b"") -> str:
        """What the chain says to a call by its path."""
        call = self.channel.unary_unary(path, request_serializer=bytes, response_deserializer=bytes)
        try:
            return repr(call(request, timeout=10))
        except grpc.RpcError as error:
            return f"{error.code().name} {error.details()}"

    def control(self, method: str, **fields: Any) -> str:
        """What the node ada-1 says to an order."""
        request = getattr(control_pb2, f"{method}Request")(**fields)
        with grpc.insecure_channel(f"127.0.0.1:{self.network.nodes['ada-1'].ports['control']}") as channel:
            try:
                return str(getattr(control_pb2_grpc.ControlStub(channel), method)(request, timeout=10))
            except grpc.RpcError as error:
                return f"{error.code().name} {error.details()}"

    def cli(self, *words: str, **environment: str) -> str:
        """What a command says; "0" before it when it succeeds, which no wrong input may."""
        log = self.folder / f"said-{next(self._numbers)}"
        process = FORKS.Process(target=run_command, args=(list(words), {**PLAIN, **environment}, log))
        process.start()
        process.join(TIMEOUT_S)
        if process.exitcode is None:
            process.kill()
        return f"{process.exitcode} {log.read_text()}"

    def tx(self, *words: str, by: str = "developer") -> str:
        """What `chain tx` says in a name."""
        home = str(self.network.chain.home)
        sender = str(self.network.base / by) if by == "developer" else by
        where = ["--from", sender, "--home", home, "--node", self.network.chain_address]
        return self.cli("chain", "tx", *words, *where)

    def broker(self, method: str, path: str, **options: Any) -> str:
        """What ada's broker says to the public."""
        return _tell(httpx.request(method, self.network.url("ada") + path, timeout=TIMEOUT_S, **options))

    def chat(self, **changes: Any) -> str:
        """What ada's broker says to a request for a chat."""
        body = {"model": MODEL, "messages": [{"role": "user", "content": "say"}], "max_tokens": 4, **changes}
        return self.broker("POST", "/v1/chat/completions", json=body)

    def admin(self, method: str, path: str, token: str | None = None, kind: str = "", **options: Any) -> str:
        """What ada's broker says to its operator."""
        daemon = self.network.brokers["ada"]
        known = (daemon.home / "admin.token").read_text().strip()
        headers = {"authorization": f"Bearer {token or known}"} if token != "" else {}
        headers |= {"content-type": kind} if kind else {}
        url = f"http://127.0.0.1:{daemon.ports['admin']}/admin/v1{path}"
        return _tell(httpx.request(method, url, headers=headers, timeout=TIMEOUT_S, **options))

    def node(self, method: str, path: str, key: str = NODE_KEY, kind: str = "", **options: Any) -> str:
        """What the node ada-1 says."""
        url = f"http://127.0.0.1:{self.network.nodes['ada-1'].ports['http']}{path}"
        headers = {"authorization": f"Bearer {key}"} if key else {}
        headers |= {"content-type": kind} if kind else {}
        return _tell(httpx.request(method, url, headers=headers, timeout=TIMEOUT_S, **options))

    def infer(self, **changes: Any) -> str:
        """What the node ada-1 says to a request."""
        return self.node("POST", "/infer", json={"model": MODEL, "prompt": "say", "max_tokens": 4, **changes})

    def nodes(self, *words: str) -> str:
        """What `broker nodes` says to ada."""
        return self.cli("broker", "nodes", *words, "--home", self.home("broker-ada"))

    @property
    def where(self) -> tuple[str, str]:
        """The flag that names the chain."""
        return ("--node", self.network.chain_address)

    def home(self, name: str) -> str:
        """The home of a daemon of the network."""
        return str(self.network.base / name)

    def at(self, name: str) -> str:
        """A path at which there is nothing."""
        return str(self.folder / name)

    def place(self, name: str, content: str | bytes) -> str:
        """The path of a new file."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    def folder_with(self, name: str, content: str) -> str:
        """A new folder with one file."""
        folder = self.folder / f"with-{name}"
        folder.mkdir()
        (folder / name).write_text(content)
        return str(folder)

    def wait_quiet(self) -> None:
        """Until the network has said all that it had to say about itself."""

        def is_quiet() -> bool:
            before = self.snapshot()
            time.sleep(2.0)
            return self.snapshot() == before

        wait_until(is_quiet, "a network that rests")

    def snapshot(self) -> dict[str, Any]:
        """All that wrong input could have changed."""
        network = self.network
        owners = sorted([network.address("ada"), network.address("bob"), self.developer.address])
        balance = self.channel.unary_unary(
            "/cosmos.bank.v1beta1.Query/Balance",
            request_serializer=bank_pb2.QueryBalanceRequest.SerializeToString,
            response_deserializer=bank_pb2.QueryBalanceResponse.FromString,
        )
        wanted = [bank_pb2.QueryBalanceRequest(address=owner, denom="umesh") for owner in owners]
        node = json.loads(self.node("GET", "/status").partition(" ")[2])
        return {
            "sequence": self.account(self.developer.address).sequence,
            "balances": [balance(request, timeout=10).balance.amount for request in wanted],
            "chain": [HEIGHT.sub("", self.query(method)) for method in EVERYTHING],
            "brokers": [
                (one["node"], one["state"]["enabled"], one["state"]["intended"])
                for name in ("ada", "bob")
                for one in network.admin(name, "GET", "/nodes")
            ],
            "node": [(one["model"], one["state"], one["pid"], one["inflight"]) for one in node["instances"]],
            "files": sorted(
                str(path)
                for path in network.base.rglob("*")
                if path.suffix in {".gguf", ".json", ".toml"} and self.folder not in path.parents
            ),
        }


def _tell(reply: httpx.Response) -> str:
    return f"{reply.status_code} {reply.text}"
