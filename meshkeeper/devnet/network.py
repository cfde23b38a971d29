"""A network that runs: its homes, its processes, and what the story does with them."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

import grpc

from chain.v1 import inference_pb2, nodes_pb2, query_pb2
from meshkeeper.devnet.asking import Answer, ask
from meshkeeper.devnet.operators import Admin, CommandFailed, run, run_any
from meshkeeper.devnet.plan import (
    COLLATERAL_UMESH,
    DENOM,
    FIRST_POC_HEIGHT,
    GENESIS_BALANCE_UMESH,
    ModelPlan,
    NetworkPlan,
    NodePlan,
    ParticipantPlan,
)
from meshkeeper.devnet.processes import Child, ProcessFailed, read_json, stop_all
from meshkeeper.devnet.reader import NotInTime, Reader

AUTHORITY = "authority"
"""Name of the governance key in the chain's home."""
NODE_THREADS = 1
"""Threads of a model: four nodes share a laptop's cores."""


class Network:
    """One chain, its brokers and their nodes. As a context manager it stops them all at its end."""

    def __init__(self, plan: NetworkPlan, bound: bool) -> None:
        self.plan = plan
        self._children: dict[str, Child] = {}
        self._killed: set[str] = set()
        self._reader: Reader | None = None
        for name, home, args in self._daemons():
            self._children[name] = Child(name, [*args, "--home", str(home)], home, plan.log(name), bound)

    @property
    def reader(self) -> Reader:
        """The chain as it can be read."""
        if self._reader is None:
            self._reader = Reader(self.plan.chain_address)
        return self._reader

    def __enter__(self) -> "Network":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stops every process, brokers first so that their last words still reach the chain."""
        if self._reader is not None:
            self._reader.close()
        by_last = sorted(self._children.values(), key=lambda child: child.name == "chain")
        stop_all(by_last[:-1])
        stop_all(by_last[-1:])

    def start_all(self, say: Callable[[str], None]) -> None:
        """Lays out the homes that are not there yet and starts every process."""
        self._lay_out()
        for name in self._children:
            self._children[name].start()
        for child in self._children.values():
            child.wait_ready()
        nodes = sum(len(participant.nodes) for participant in self.plan.participants)
        count = len(self.plan.participants)
        say(f"one chain, {count} brokers and {nodes} nodes run, each a process of its own")
        say(f"their logs are in {self.plan.base / 'logs'}")

    def start(self, name: str) -> None:
        """Starts one process again and waits until it is ready."""
        self._children[name].start()
        self._children[name].wait_ready()
        self._killed.discard(name)

    def kill(self, name: str) -> None:
        """Ends one process with SIGKILL."""
        self._killed.add(name)
        self._children[name].kill()

    def check_alive(self) -> None:
        """Fails when a process has died that nobody killed."""
        for name, child in self._children.items():
            if name not in self._killed and child.process is not None and not child.alive():
                raise ProcessFailed(name, f"died with status {child.process.returncode}", child.log)

    def pids(self) -> dict[str, int]:
        """Process number of each daemon."""
        return {n: c.process.pid for n, c in self._children.items() if c.process is not None}

    def address(self, name: str) -> str:
        """Address of a participant's account."""
        key = read_json(self.plan.broker_home(name) / "key.json")
        if key is None:
            raise CommandFailed(f"{name} has no key in {self.plan.broker_home(name)}")
        return str(key["address"])

    def names(self) -> dict[str, str]:
        """Participants' names by address."""
        return {self.address(participant.name): participant.name for participant in self.plan.participants}

    def admin(self, name: str) -> Admin:
        """The admin API of a participant's broker."""
        port = next(p.admin_port for p in self.plan.participants if p.name == name)
        return Admin(self.plan.broker_home(name), port)

    def register_model(self, model: ModelPlan) -> None:
        """Registers a governance model, signed by the authority."""
        alternatives = [word for name in model.alternatives for word in ("--alternative-models", name)]
        sizes = ["--units-of-compute-per-token", "1", "--v-ram", str(model.v_ram_mb)]
        threshold = ["--validation-threshold", "0.85"]
        self._tx(
            "models", "register", "--id", model.model_id, *sizes, *threshold, *alternatives, signer=AUTHORITY
        )

    def register_missing_models(self) -> None:
        """Registers the models that the chain does not know yet."""
        listed = self.reader.read_all(
            self.reader.query.ModelsAll, query_pb2.QueryModelsAllRequest(), "models"
        )
        known = {model.id for model in listed}
        for model in self.plan.models:
            if model.model_id not in known:
                self.register_model(model)

    def deposit_collateral(self) -> None:
        """Deposits collateral for all participants at once."""
        amount = json.dumps({"amount": {"denom": DENOM, "amount": str(COLLATERAL_UMESH)}})
        signers = [str(self.plan.broker_home(participant.name)) for participant in self.plan.participants]
        with ThreadPoolExecutor() as pool:
            list(
                pool.map(
                    lambda signer: self._tx("collateral", "deposit", "--json", amount, signer=signer), signers
                )
            )

    def submit_batch(self, name: str, node_id: str, poc_start_block_height: int) -> dict[str, Any]:
        """Hands in a nonce in a node's name, as whoever has the key could, and tells the refusal."""
        args = ["--poc-stage-start-block-height", str(poc_start_block_height), "--batch-id", "by-hand"]
        args += ["--node-id", node_id, "--nonces", "1", "--dist-micro", "1000000"]
        done = run_any(*self._tx_args("poc", "submit-batch", *args, signer=str(self.plan.broker_home(name))))
        said = (done.stdout + done.stderr).strip()
        reason = next(
            (word for word in said.replace('"', " ").replace(":", " ").split() if word[:3] == "Err"), ""
        )
        return {
            "refused": done.returncode != 0,
            "reason": reason,
            "said": said.splitlines()[-1] if said else "",
        }

    def ask(
        self, name: str, model: str, prompt: str, max_tokens: int, on_piece: Callable[[str], None]
    ) -> Answer:
        """Asks a participant's broker for a completion."""
        port = next(p.public_port for p in self.plan.participants if p.name == name)
        return ask(f"http://127.0.0.1:{port}", model, prompt, max_tokens, on_piece)

    def ask_until_answered_by(
        self, name: str, model: str, executor: str, prompt: str, within_s: float
    ) -> Answer:
        """Asks again and again, since executors are drawn by chance, until one participant answers."""
        until = time.monotonic() + within_s
        wanted = self.address(executor)
        while time.monotonic() < until:
            answer = self.ask(name, model, prompt, 8, lambda piece: None)
            left_s = max(1.0, until - time.monotonic())
            if self.finished_inference(answer.inference_id, left_s).executed_by == wanted:
                return answer
        raise NotInTime(f"{executor} was not drawn for {model} within {within_s:.0f} s")

    def finished_inference(self, inference_id: str, within_s: float) -> inference_pb2.Inference:
        """The record of an inference, once both its start and its finish are on chain."""
        found: list[inference_pb2.Inference] = []

        def is_complete() -> bool:
            try:
                request = query_pb2.QueryInferenceRequest(index=inference_id)
                record = self.reader.query.Inference(request, timeout=10).inference
            except grpc.RpcError:
                return False
            found[:] = [record]
            return bool(record.prompt_hash and record.executed_by)

        self.reader.wait(is_complete, within_s, f"the record of inference {inference_id[:10]}…")
        return found[0]

    def wait_serving(self, model: str, within_s: float) -> None:
        """Waits until the nodes that the effective epoch assigns to a model serve it."""

        def all_serve() -> bool:
            self.check_alive()
            try:
                epoch = self.reader.epoch().effective_epoch_index
                group = self.reader.group(epoch, model)
            except grpc.RpcError:
                return False
            owners = self.names()
            return bool(group.validation_weights) and all(
                self.is_serving(owners[member.member_address], node.node_id)
                for member in group.validation_weights
                for node in member.ml_nodes
            )

        self.reader.wait(all_serve, within_s, f"all nodes of {model} serving it")

    def wait_missed(self, node_id: str, within_s: float) -> None:
        """Waits until a broker knows that its node is gone."""

        def is_missed() -> bool:
            return self._node_state(node_id)["observed"] == "UNREACHABLE"

        self.reader.wait(is_missed, within_s, f"{node_id} being missed by its broker")

    def wait_back(self, node_id: str, within_s: float) -> str:
        """Waits until a node does again what its broker wants of it, and returns what that is."""

        def is_back() -> bool:
            state = self._node_state(node_id)
            obeys = state["observed"].split()[0] == state["intended"].split()[0]
            return obeys and not state["observed"].endswith("(loading)")

        self.reader.wait(is_back, within_s, f"the return of {node_id}")
        return self._node_state(node_id)["observed"]

    def _node_state(self, node_id: str) -> dict[str, str]:
        owner = next(p.name for p in self.plan.participants for n in p.nodes if n.node_id == node_id)
        state: dict[str, str] = self.admin(owner).node(node_id)["state"]
        return state

    def is_serving(self, owner: str, node_id: str) -> bool:
        """Whether a node serves, as its broker sees it."""
        observed: str = self.admin(owner).node(node_id)["state"]["observed"]
        return observed.startswith("INFERENCE ") and not observed.endswith("(loading)")

    def wait_stopped_on_chain(self, name: str, node_id: str, within_s: float) -> None:
        """Waits until the chain's record of a node says STOPPED."""
        request = query_pb2.QueryHardwareNodesRequest(participant=self.address(name))

        def is_stopped() -> bool:
            nodes = self.reader.query.HardwareNodes(request, timeout=10).nodes.hardware_nodes
            return any(
                node.local_id == node_id and node.status == nodes_pb2.HARDWARE_NODE_STATUS_STOPPED
                for node in nodes
            )

        self.reader.wait(is_stopped, within_s, f"{node_id} being STOPPED on chain")

    def _tx(self, *args: str, signer: str) -> None:
        run(*self._tx_args(*args, signer=signer))

    def _tx_args(self, *args: str, signer: str) -> list[str]:
        where = ["--home", str(self.plan.chain_home), "--node", self.plan.chain_address]
        return ["chain", "tx", *args, "--from", signer, *where]

    def _lay_out(self) -> None:
        if (self.plan.chain_home / "genesis.json").exists():
            return
        members = []
        for participant in self.plan.participants:
            home = self.plan.broker_home(participant.name)
            run("broker", "init", "--home", str(home), "--name", participant.name)
            (home / "broker.toml").write_text(_broker_settings(self.plan, participant))
            address = self.address(participant.name)
            members += ["--account", f"{address}={GENESIS_BALANCE_UMESH}{DENOM}", "--member", f"{address}=1"]
        members += ["--account", f"{AUTHORITY}={GENESIS_BALANCE_UMESH}{DENOM}"]
        where = ["--home", str(self.plan.chain_home), "--chain-id", self.plan.chain_id]
        length = self.plan.epoch_length
        epoch = {"epoch_length": length, "epoch_shift": length - FIRST_POC_HEIGHT}
        params = ["--profile", "devnet", "--params", json.dumps({"epoch": epoch})]
        run("chain", "init", *where, *params, *members)

    def _daemons(self) -> list[tuple[str, Path, list[str]]]:
        plan = self.plan
        ports = ["--grpc-port", str(plan.chain_port), "--http-port", str(plan.chain_http_port)]
        block_time = ["--block-time-s", str(plan.block_interval_s)]
        daemons = [("chain", plan.chain_home, ["chain", "start", *ports, *block_time])]
        for participant in plan.participants:
            for node in participant.nodes:
                daemons.append((f"node-{node.node_id}", plan.node_home(node.node_id), self._node_args(node)))
        for participant in plan.participants:
            home = plan.broker_home(participant.name)
            config = ["--config", str(home / "broker.toml")]
            daemons.append((f"broker-{participant.name}", home, ["broker", "start", *config]))
        return daemons

    def _node_args(self, node: NodePlan) -> list[str]:
        ports = ["--port", str(node.http_port), "--control-port", str(node.control_port)]
        models = ["--models-dir", str(self.plan.models_dir), "--threads", str(NODE_THREADS)]
        return ["mlnode", "serve", "--managed", *ports, *models]


def _broker_settings(plan: NetworkPlan, participant: ParticipantPlan) -> str:
    lines = [
        f'chain = "{plan.chain_address}"',
        f"public_port = {participant.public_port}",
        f'public_url = "http://127.0.0.1:{participant.public_port}"',
        f"callback_port = {participant.callback_port}",
        f"admin_port = {participant.admin_port}",
        "poll_s = 2.0",
    ]
    for node in participant.nodes:
        lines += [
            "",
            "[[nodes]]",
            f'id = "{node.node_id}"',
            'host = "127.0.0.1"',
            f"port = {node.control_port}",
            f'models = ["{node.file}"]',
            "max_concurrent = 4",
            'hardware = [{ type = "CPU", count = 1 }]',
        ]
    return "\n".join(lines) + "\n"
