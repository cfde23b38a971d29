"""A network that stays: started in the background, stopped when asked, and found again after a restart."""

import os
import shutil
import signal
import socket
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from meshkeeper.devnet.models import prepare_models
from meshkeeper.devnet.network import Network
from meshkeeper.devnet.plan import LASTING_EPOCH_BLOCKS, PORT_COUNT, ModelPlan, NetworkPlan, plan_network
from meshkeeper.devnet.processes import STOP_WITHIN_S, free_ports, read_json, write_json
from meshkeeper.devnet.telling import Teller

DEFAULT_PORTS = (
    9090, 9091, 9000, 9100, 9200, 8080, 8081, 8082, 8083, 9010, 9110, 9210, 8084, 8085,
    9020, 9120, 9220, 8086, 8087,
)  # fmt: skip
"""In the order of `plan_network`; taken when all are free, so that the addresses are easy to remember."""
SERVING_WITHIN_S = 180.0


class NotPossible(Exception):
    """What was asked for cannot be done as things stand."""


def up(root: Path, model: Path | None, teller: Teller) -> NetworkPlan:
    """Starts the network below a folder, or finds it up; returns its plan once prompts are answered."""
    base = root / "devnet"
    known = read_json(base / "network.json")
    if known and _running(known):
        teller.say("The network is up already.")
        return _load_plan(base, known)
    plan = _load_plan(base, known) if known else _new_plan(base, model, teller)
    if known and model is not None and model.name != plan.models[0].file:
        raise NotPossible(
            f"the network in {base} serves {plan.models[0].file}; for another model remove that folder first"
        )
    network = Network(plan, bound=False)
    _save(plan, {})
    try:
        network.start_all(teller.say)
        _save(plan, network.pids())
        network.register_missing_models()
        teller.say("The nodes mine their first proof of compute; prompts are answered from epoch 1 on.")
        network.wait_serving(plan.models[0].model_id, SERVING_WITHIN_S)
    except BaseException:
        network.close()
        _save(plan, {})
        raise
    network.reader.close()
    return plan


def down(root: Path) -> int:
    """Stops the network below a folder and returns how many processes were stopped. Its state stays."""
    known = read_json(root / "devnet" / "network.json")
    pids = _running(known) if known else []
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + STOP_WITHIN_S
    while (left := _running(known) if known else []) and time.monotonic() < until:
        time.sleep(0.1)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    return len(pids)


def remove(root: Path) -> None:
    """Forgets the network below a folder: chain, keys and all."""
    down(root)
    shutil.rmtree(root / "devnet", ignore_errors=True)


def list_processes(root: Path) -> list[tuple[str, int, bool]]:
    """Name, process number and whether it runs, of each process of the network below a folder."""
    known = read_json(root / "devnet" / "network.json") or {}
    alive = set(_running(known))
    return [(name, pid, pid in alive) for name, pid in known.get("pids", {}).items()]


def _new_plan(base: Path, model: Path | None, teller: Teller) -> NetworkPlan:
    models = prepare_models(base / "models", model, teller.say)
    ports = list(DEFAULT_PORTS) if all(_is_free(port) for port in DEFAULT_PORTS) else free_ports(PORT_COUNT)
    return plan_network(base, models, ports, LASTING_EPOCH_BLOCKS)


def _load_plan(base: Path, known: dict[str, Any]) -> NetworkPlan:
    models = tuple(ModelPlan(**model) for model in known["models"])
    return plan_network(base, models, known["ports"], LASTING_EPOCH_BLOCKS)


def _save(plan: NetworkPlan, pids: dict[str, int]) -> None:
    models = [asdict(model) for model in plan.models]
    write_json(plan.base / "network.json", {"models": models, "ports": plan.ports(), "pids": pids})


def _running(known: dict[str, Any]) -> list[int]:
    return [pid for pid in known.get("pids", {}).values() if _is_ours(pid)]


def _is_ours(pid: int) -> bool:
    """Whether a process is one of ours: numbers are used again after a restart of the machine."""
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return not Path("/proc/self").exists()
    return b"meshkeeper" in words and state != "Z"


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
