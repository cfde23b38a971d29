"""Everything at once: after it the node is well, every request had one end, and the memory was kept."""

import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.mlnode.system.hard.chaos import Chaos
from tests.mlnode.system.hard.clients import wait_idle
from tests.mlnode.system.hard.test_ends import descendants
from tests.mlnode.system.nodes import Node, http, is_gone, wait_until

Start = Callable[..., Node]

SECONDS = float(os.environ.get("MESHKEEPER_CHAOS_SECONDS", "12"))
SEED = int(os.environ.get("MESHKEEPER_CHAOS_SEED", "1"))
MODELS = ["a.gguf", "b.gguf", "c.gguf", "d.gguf"]
EXPECTED = {"ok", "left", "worker_lost", "wait_expired", "queue_full", "model_unavailable", "model_unsettled"}


def test_everything_at_once_ends_well(
    start_hard: Start, copied_models: Path, needs_mb: dict[str, int]
) -> None:
    shutil.copytree(copied_models, copied_models.parent / "spare")
    node = start_hard(
        *("--slots", "2", "--max-wait-ms", "10000", "--max-queue-depth", "4"),
        models=copied_models,
        room_mb=needs_mb["a.gguf"] * 5 // 2,
    )
    chaos = Chaos(node, copied_models, MODELS, SEED)
    chaos.run(SECONDS)
    wait_idle(node)
    asked, witness = chaos.outcomes, chaos.witness
    print(f"\n{asked.total()} requests: {dict(asked)}; {dict(chaos.broken)}; {witness}")
    assert set(asked) <= EXPECTED
    assert asked["ok"] > 0
    assert witness.samples > 0

    counted = Counter({key.lower(): n for key, n in node.status()["requests_total"].items()})
    assert counted.total() == asked.total()
    for outcome in EXPECTED - {"ok", "left"}:
        assert asked[outcome] <= counted[outcome] <= asked[outcome] + asked["left"]
    assert count_in_metrics(node) == counted

    for model in MODELS:
        wait_until(lambda name=model: node.complete(name).status_code == 200, f"{model} well", 70)
    assert http.get(f"{node.url}/readyz").status_code == 200
    assert "Traceback" not in node.log()
    family = descendants(node.process.pid)
    assert node.end() == 0
    assert all(map(is_gone, family))


def count_in_metrics(node: Node) -> Counter[str]:
    """Ended requests by outcome, as Prometheus sees them."""
    text = http.get(f"{node.url}/metrics").text
    counted: Counter[str] = Counter()
    for family in text_string_to_metric_families(text):
        for sample in family.samples if family.name == "meshkeeper_mlnode_requests" else ():
            if sample.name == "meshkeeper_mlnode_requests_total":
                counted[sample.labels["outcome"]] += int(sample.value)
    return counted
