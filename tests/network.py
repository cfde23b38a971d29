"""A small real network for tests: one chain, brokers and their nodes, each a process on free ports.

The chain makes blocks when the test's own maker says so: slowly while somebody has yet to do what the first
epoch waits for, fast once all have. So the network comes up as soon as it can, on a busy machine too.
"""

import json
import signal
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import grpc
import httpx

from broker.io.keys import AccountKey
from chain.v1 import epochs_pb2, events_pb2, events_pb2_grpc, inference_pb2, query_pb2, query_pb2_grpc
from mlnode.io.made_gguf import write_tiny_gguf
from tests.daemon import ROOT, Daemon, wait_until

MODEL = "tiny-model"
FILE = "tiny.gguf"
"""The file that all nodes have; an alternative of MODEL."""
NODE_KEY = "key-of-the-nodes"
"""What the HTTP interfaces of all nodes ask for."""
UMESH = 10**12
DEVELOPER_UMESH = 1000
"""Enough for a short answer."""
POC_START = 30
PARAMS = {
    "epoch": {
        "epoch_length": 2000,
        "epoch_shift": 2000 - POC_START,
        "poc_stage_duration": 30,
        "poc_exchange_duration": 2,
        "poc_validation_delay": 2,
        "poc_validation_duration": 24,
        "set_new_validators_delay": 1,
    },
    "inference": {"expiration_blocks": 12, "default_max_tokens": 64},
}
"""After the first proof of compute the epoch lasts longer than any test."""
GENERATION_END, VALIDATION_END = POC_START + 30, POC_START + 56
BLOCK_S, SLOW_BLOCK_S, FAST_BLOCK_S = 0.2, 0.8, 0.03


class Network:
    """One chain and participants, each with a broker and the nodes that are named."""

    def __init__(self, base: Path, participants: dict[str, Sequence[str]]) -> None:
        self.base = base
        self.participants = participants
        self.models = base / "models"
        ports = ["--grpc-port", "0", "--http-port", "0", "--sqlite-synchronous", "NORMAL"]
        self.chain = Daemon("chain", base / "chain", ["chain", "start", "--block-mode", "manual", *ports])
        names = [name for owned in participants.values() for name in owned]
        self.nodes = {name: Daemon(name, base / name, self._node_arguments()) for name in names}
        self.brokers: dict[str, Daemon] = {}
        self.maker = BlockMaker(self)
        self._channel: grpc.Channel | None = None

    def start(self) -> None:
        """Lays everything out and starts it; returns when every process is ready."""
        self.models.mkdir(parents=True, exist_ok=True)
        write_tiny_gguf(self.models / FILE, seed=1, n_ctx_train=1024)
        for node in self.nodes.values():
            node.launch()
        self.init_chain()
        self.chain.launch()
        for daemon in [*self.nodes.values(), self.chain]:
            daemon.wait_ready()
        self.brokers.update({name: self._write_broker(name) for name in self.participants})
        for broker in self.brokers.values():
            broker.launch()
        for broker in self.brokers.values():
            broker.wait_ready()
        self.maker.start()

    def stop(self) -> None:
        """Ends every process, brokers first, so that what they still have to say reaches the chain."""
        for daemons in (self.brokers.values(), self.nodes.values()):
            for daemon in daemons:
                if daemon.is_alive and daemon.process is not None:
                    daemon.process.send_signal(signal.SIGTERM)
            for daemon in daemons:
                if daemon.process is not None:
                    daemon.end()
        self.maker.end()
        if self.chain.process is not None:
            self.chain.end()
        if self._channel is not None:
            self._channel.close()

    @property
    def chain_address(self) -> str:
        """host:port of the chain."""
        return f"127.0.0.1:{self.chain.ports['grpc']}"

    def url(self, name: str) -> str:
        """Public URL of a participant's broker."""
        return f"http://127.0.0.1:{self.brokers[name].ports['public']}"

    def address(self, name: str) -> str:
        """A participant's account."""
        return str(json.loads((self.base / f"broker-{name}" / "key.json").read_text())["address"])

    @property
    def query(self) -> query_pb2_grpc.QueryStub:
        """The chain's state, to be asked."""
        return query_pb2_grpc.QueryStub(self._open_channel())

    def status(self) -> events_pb2.ChainStatus:
        """How the chain stands."""
        stub = events_pb2_grpc.EventStreamStub(self._open_channel())
        return stub.GetStatus(events_pb2.GetStatusRequest(), timeout=5)

    def inference(self, inference_id: str) -> inference_pb2.Inference | None:
        """The chain's record of an inference."""
        request = query_pb2.QueryInferenceRequest(index=inference_id)
        try:
            return self.query.Inference(request, timeout=5).inference
        except grpc.RpcError:
            return None

    def group(self, model_id: str) -> epochs_pb2.EpochGroupData | None:
        """The group of a model in the epoch that is in effect, None when there is none."""
        epoch_index = self.status().epoch.effective_epoch_index
        request = query_pb2.QueryEpochGroupDataRequest(epoch_index=epoch_index, model_id=model_id)
        try:
            return self.query.EpochGroupData(request, timeout=5).epoch_group_data
        except grpc.RpcError:
            return None

    def owned(self) -> list[tuple[str, str]]:
        """Owners' addresses with their nodes' ids."""
        return [(self.address(name), node) for name, nodes in self.participants.items() for node in nodes]

    def admin(self, name: str, method: str, path: str) -> Any:
        """An answer of a broker's admin interface."""
        broker = self.brokers[name]
        token = (broker.home / "admin.token").read_text().strip()
        url = f"http://127.0.0.1:{broker.ports['admin']}/admin/v1{path}"
        reply = httpx.request(method, url, headers={"authorization": f"Bearer {token}"}, timeout=10)
        return reply.raise_for_status().json()

    def is_serving(self, name: str, node_id: str) -> bool:
        """Whether a node answers requests, as its broker sees it."""
        state = self.admin(name, "GET", f"/nodes/{node_id}")["state"]
        return state["observed"].startswith("INFERENCE") and "loading" not in state["observed"]

    def wait_served(self, within_s: float = 120.0) -> None:
        """Until an epoch with a group for MODEL is in effect and all its nodes serve."""
        try:
            wait_until(self._is_served, f"{MODEL} served in an epoch", within_s)
        except BaseException:
            print(f"waits for: {self.maker.waits_for}; {self.status()}")
            raise

    def run(self, *arguments: str) -> str:
        """What a command says; fails when it does not succeed."""
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def _is_served(self) -> bool:
        for daemon in [self.chain, *self.nodes.values(), *self.brokers.values()]:
            assert daemon.is_alive, daemon.log[-3000:]
        group = self.group(MODEL)
        if group is None:
            return False
        names = {self.address(name): name for name in self.participants}
        return all(
            self.is_serving(names[member.member_address], node.node_id)
            for member in group.validation_weights
            for node in member.ml_nodes
        )

    def _open_channel(self) -> grpc.Channel:
        if self._channel is None:
            self._channel = grpc.insecure_channel(self.chain_address)
        return self._channel

    def init_chain(self) -> None:
        """The homes of the chain and the brokers, with accounts, a model and somebody who only asks."""
        accounts = ["--account", f"authority={UMESH}umesh"]
        for name in self.participants:
            self.run("broker", "init", "--home", str(self.base / f"broker-{name}"), "--name", name)
            address = self.address(name)
            accounts += ["--account", f"{address}={UMESH}umesh", "--member", f"{address}=1"]
        developer = AccountKey.create(self.base / "developer" / "key.json", "developer")
        accounts += ["--account", f"{developer.address}={DEVELOPER_UMESH}umesh"]
        home = ["--home", str(self.chain.home)]
        self.run("chain", "init", *home, "--profile", "devnet", "--params", json.dumps(PARAMS), *accounts)
        genesis = json.loads((self.chain.home / "genesis.json").read_text())
        genesis["models"] = [_describe_model(genesis["authority"])]
        _register_developer(genesis, developer)
        (self.chain.home / "genesis.json").write_text(json.dumps(genesis))

    def _node_arguments(self) -> list[str]:
        flags = ["--port", "0", "--control-port", "0", "--threads", "1", "--ctx-size", "512"]
        flags += ["--api-key", NODE_KEY]
        return ["mlnode", "serve", "--managed", "--models-dir", str(self.models), *flags]

    def _write_broker(self, name: str) -> Daemon:
        home = self.base / f"broker-{name}"
        nodes = [
            {
                "id": node,
                "host": "127.0.0.1",
                "port": self.nodes[node].ports["control"],
                "models": [FILE],
                "api_key": NODE_KEY,
            }
            for node in self.participants[name]
        ]
        ports = {f"{door}_port": 0 for door in ("public", "callback", "admin")}
        document = {"chain": self.chain_address, "poll_s": 0.5, "nodes": nodes, **ports}
        config = home / "test.json"
        config.write_text(json.dumps(document))
        return Daemon(f"broker-{name}", home, ["broker", "start", "--config", str(config)])


def _register_developer(genesis: dict[str, Any], developer: AccountKey) -> None:
    """Somebody who only asks: the chain knows the key from the beginning."""
    account = next(one for one in genesis["accounts"] if one["address"] == developer.address)
    account.update({"key_type": "secp256k1", "public_key": b64encode(developer.public_key).decode()})
    genesis["participants"] = [
        {
            "index": developer.address,
            "address": developer.address,
            "weight": -1,
            "status": "PARTICIPANT_STATUS_ACTIVE",
        }
    ]


def _describe_model(authority: str) -> dict[str, Any]:
    return {
        "id": MODEL,
        "proposed_by": authority,
        "units_of_compute_per_token": "1",
        "coins_per_input_token": "1",
        "coins_per_output_token": "2",
        "validation_threshold": {"value": "85", "exponent": -2},
        "alternative_models": [FILE],
    }


class BlockMaker(threading.Thread):
    """Makes blocks: slowly or fast until the first epoch is formed, then at an even pace."""

    def __init__(self, network: Network) -> None:
        super().__init__(name="blocks", daemon=True)
        self._network = network
        self._ended = threading.Event()
        self.paused = threading.Event()
        """While it is set no block is made."""
        self.waits_for = ""
        """What is waited for, for the message of a test that fails."""

    def end(self) -> None:
        """No more blocks."""
        self._ended.set()
        if self.is_alive():
            self.join(10)

    def run(self) -> None:
        """Until the end."""
        with httpx.Client(timeout=10) as client:
            while not self._ended.is_set():
                if self.paused.is_set():
                    self._ended.wait(0.05)
                    continue
                try:
                    client.post(f"http://127.0.0.1:{self._network.chain.ports['http']}/blocks")
                    self._ended.wait(self._choose_pause_s())
                except (httpx.HTTPError, grpc.RpcError):
                    self._ended.wait(BLOCK_S)

    def _choose_pause_s(self) -> float:
        height = self._network.status().height
        if height > VALIDATION_END:
            self.waits_for = ""
            return BLOCK_S
        condition = self._are_known
        if height >= POC_START:
            condition = self._have_mined if height < GENERATION_END else self._have_voted
        self.waits_for = "" if condition() else condition.__name__
        return SLOW_BLOCK_S if self.waits_for else FAST_BLOCK_S

    def _are_known(self) -> bool:
        requests = [
            query_pb2.QueryNodeEligibilityRequest(participant=owner, node_id=node)
            for owner, node in self._network.owned()
        ]
        query = self._network.query
        return all(query.NodeEligibility(request, timeout=5).eligibility.eligible for request in requests)

    def _have_mined(self) -> bool:
        request = query_pb2.QueryPocBatchesForStageRequest(poc_stage_start_block_height=POC_START)
        batches = self._network.query.PocBatchesForStage(request, timeout=5).batches
        return {(batch.participant_address, batch.node_id) for batch in batches} == set(self._network.owned())

    def _have_voted(self) -> bool:
        request = query_pb2.QueryPocValidationsForStageRequest(poc_stage_start_block_height=POC_START)
        votes = self._network.query.PocValidationsForStage(request, timeout=5).validations
        names = {owner for owner, _ in self._network.owned()}
        return {(vote.participant_address, vote.validator_participant_address) for vote in votes} >= {
            (miner, validator) for miner in names for validator in names if miner != validator
        }
