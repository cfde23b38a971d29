"""The demo as a newcomer sees it: real processes, the real model, two epochs; and nothing left behind."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.daemon import Daemon
from tests.system.processes import find_pid, wait_gone

DEMO_WITHIN_S = 300
IDLE = ["--grpc-port", "0", "--http-port", "0", "--block-mode", "manual"]
"""A chain that makes no block of its own."""


@dataclass
class Told:
    """A demo that has ended."""

    status: int
    text: str
    story: dict
    root: Path


def start(root: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "meshkeeper", "devnet", "demo", "--root", str(root), *more]
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def read_until(process: subprocess.Popen[str], words: str) -> Iterator[str]:
    assert process.stdout is not None
    for line in process.stdout:
        yield line
        if words in line:
            return
    raise AssertionError(f"the demo ended without {words!r}")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    root = tmp_path_factory.mktemp("a demo with spaces")
    process = start(root)
    text, _ = process.communicate(timeout=DEMO_WITHIN_S)
    path = root / "demo" / "story.json"
    return Told(process.returncode, text, json.loads(path.read_text()) if path.exists() else {}, root)


def test_the_demo_tells_its_story_to_the_end(told: Told) -> None:
    assert told.status == 0, told.text
    assert told.story["duration_s"] < 180


def test_all_participants_earn_weight_in_the_first_epoch_from_validated_batches(told: Told) -> None:
    epoch = told.story["epochs"][0]
    assert set(epoch["weights"]) == {"ada", "bob", "cleo"}
    assert min(epoch["weights"].values()) > 0
    mined = {}
    for batch in epoch["batches"]:
        mined[batch["participant"]] = mined.get(batch["participant"], 0) + batch["nonces"]
    assert epoch["weights"] == mined
    assert not any(vote["fraud_detected"] for vote in epoch["votes"])


def test_the_main_model_is_served_through_its_alternative(told: Told) -> None:
    main = told.story["models"][0]
    declared = {node["node_id"]: node["models"] for node in told.story["nodes"]}
    served = told.story["epochs"][0]["snapshot"][main["model_id"]]
    for member in served:
        for node in member["nodes"]:
            assert declared[node["node_id"]] == [main["file"]] != [main["model_id"]]


def test_the_prompt_is_answered_by_another_participant_and_recorded(told: Told) -> None:
    inference = told.story["inference"]
    assert inference["status"] == "FINISHED"
    assert inference["answer"].strip()
    assert inference["executed_by"] != inference["transferred_by"] == inference["asked_broker"]
    assert inference["completion_token_count"] > 0
    assert inference["actual_cost_umesh"] > 0


def test_the_disabled_node_serves_its_epoch_and_is_excluded_from_the_next(told: Told) -> None:
    disabled, (first, second) = told.story["disabled_node"], told.story["epochs"]
    owner, node_id = disabled["participant"], disabled["node_id"]
    assert disabled["still_served"]["executed_by"] == owner
    assert disabled["still_served"]["status"] == "FINISHED"
    assert disabled["refused_batch"]["reason"] == "ErrNodeDisabled"
    assert disabled["eligibility"] == {"eligible": False, "reason": "NODE_STOPPED", "models": []} | {
        "models": disabled["eligibility"]["models"]
    }

    def weights(epoch: dict) -> dict[str, int]:
        members = [member for group in epoch["snapshot"].values() for member in group]
        return {node["node_id"]: node["weight"] for member in members for node in member["nodes"]}

    assert node_id in weights(first)
    assert node_id not in weights(second)
    own = [node["node_id"] for node in told.story["nodes"] if node["participant"] == owner]
    assert second["weights"][owner] == sum(weights(second).get(node, 0) for node in own)


def test_the_chain_comes_back_from_sigkill_with_the_same_app_hash(told: Told) -> None:
    chain = told.story["killed_chain"]
    assert chain["app_hash_before"] == chain["app_hash_after"]
    assert chain["inference_after"]["status"] == "FINISHED"


def test_no_process_and_no_lock_is_left(told: Told) -> None:
    assert wait_gone(told.root) == []


def test_the_story_agrees_with_what_the_kept_chain_answers(told: Told) -> None:
    chain = Daemon("chain", told.root / "demo" / "chain", ["chain", "start", *IDLE])
    chain.start()
    try:
        names = {
            json.loads((told.root / "demo" / f"broker-{name}" / "key.json").read_text())["address"]: name
            for name in told.story["epochs"][0]["weights"]
        }

        def query(*words: str) -> dict:
            command = [sys.executable, "-m", "meshkeeper", "chain", "query", *words]
            where = ["--node", f"127.0.0.1:{chain.ports['grpc']}"]
            return json.loads(subprocess.run([*command, *where], check=True, capture_output=True).stdout)

        def weigh(index: int, *model: str) -> dict[str, dict[str, int]]:
            group = query("epochs", "group", str(index), *model)["epoch_group_data"]
            return {
                names[member["member_address"]]: {
                    node["node_id"]: int(node["poc_weight"]) for node in member["ml_nodes"]
                }
                | {"": int(member["weight"])}
                for member in group["validation_weights"]
            }

        for epoch in told.story["epochs"]:
            block = query("blocks", "show", str(epoch["effective_block_height"]))
            assert block["app_hash"] == epoch["app_hash"]
            known = weigh(epoch["index"])
            assert {name: weights[""] for name, weights in known.items()} == epoch["weights"]
            for model, members in epoch["snapshot"].items():
                assert weigh(epoch["index"], model) == {
                    member["participant"]: {node["node_id"]: node["weight"] for node in member["nodes"]}
                    | {"": member["weight"]}
                    for member in members
                }
        last = told.story["epochs"][-1]  # the batches of the one before are pruned by now
        batches = query("poc", "batches", str(last["poc_start_block_height"]))["batches"]
        assert sum(len(batch["nonces"]) for batch in batches) == sum(last["weights"].values())

        inference = told.story["inference"]
        record = query("inference", "show", inference["inference_id"])["inference"]
        assert (names[record["executed_by"]], names[record["transferred_by"]], record["model"]) == (
            inference["executed_by"],
            inference["transferred_by"],
            inference["model"],
        )
        assert int(record["actual_cost"]) == inference["actual_cost_umesh"]
        assert int(record["completion_token_count"]) == inference["completion_token_count"]
        disabled = told.story["disabled_node"]
        owner = next(address for address, name in names.items() if name == disabled["participant"])
        eligibility = query("nodes", "eligibility", owner, disabled["node_id"])["eligibility"]
        assert (eligibility["eligible"], eligibility["reason"]) == (False, "NODE_STOPPED")
    finally:
        assert chain.end() == 0


def test_every_process_has_a_log_of_its_own(told: Told) -> None:
    logs = {path.stem for path in (told.root / "demo" / "logs").iterdir()}
    assert {"chain", "broker-ada", "broker-bob", "broker-cleo"} <= logs
    assert len([name for name in logs if name.startswith("node-")]) == 4


def test_an_interrupt_ends_everything_and_says_in_which_step(tmp_path: Path) -> None:
    process = start(tmp_path)
    told = list(read_until(process, "[2/"))
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 1, "".join(told) + rest
    assert "stopped in the step" in rest
    assert "Traceback" not in rest
    assert wait_gone(tmp_path) == []


def test_killing_the_demo_itself_leaves_no_process_behind(tmp_path: Path) -> None:
    process = start(tmp_path)
    list(read_until(process, "[2/"))
    process.kill()
    process.communicate(timeout=30)
    assert wait_gone(tmp_path) == []


def test_a_file_that_is_no_model_is_refused_with_a_sentence(tmp_path: Path) -> None:
    wrong = tmp_path / "notes.gguf"
    wrong.write_text("not a model")
    process = start(tmp_path, "--model", str(wrong))
    text, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "is not a GGUF file" in text
    assert "Traceback" not in text


def test_a_process_that_dies_fails_the_demo_with_its_name_and_log(tmp_path: Path) -> None:
    process = start(tmp_path)
    list(read_until(process, "[2/"))
    os.kill(find_pid(str(tmp_path), "chain start"), signal.SIGKILL)
    text, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "failed: chain died with status -9; read" in text, text
    assert "chain.log" in text
    assert "Traceback" not in text
    assert wait_gone(tmp_path) == []
