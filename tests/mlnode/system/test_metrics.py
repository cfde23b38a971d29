"""The numbers for Prometheus, as a scraper reads them, against what a node was made to do."""

import os
import re
import signal
from collections.abc import Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.mlnode.system.nodes import ROOT, Node, http, wait_until
from tests.mlnode.system.scraping import PREFIX, read, scrape


class TestForm:
    def test_names_follow_the_conventions_and_labels_are_few(self, shared_node: Node) -> None:
        shared_node.complete()
        http.get(f"{shared_node.url}/no/such/path")
        shared_node.complete("no-such-model")
        samples = [sample for sample in scrape(shared_node) if sample.name.startswith(PREFIX)]
        labels = {label for sample in samples for label in sample.labels}
        assert labels <= {
            *("model", "state", "outcome", "reason", "kind", "device", "activity", "path", "status"),
            *("le", "version"),
        }
        models = {sample.labels["model"] for sample in samples if "model" in sample.labels}
        assert models <= {"a.gguf", "b.gguf", "c.gguf", "slow.gguf", ""}
        for family in text_string_to_metric_families(http.get(f"{shared_node.url}/metrics").text):
            assert family.documentation
            assert "milli" not in family.name and not family.name.endswith(("_ms", "_mb"))
            if family.type == "histogram":
                assert family.name.endswith("_seconds")

    def test_a_scrape_shows_every_family_even_before_the_first_request(self, shared_node: Node) -> None:
        text = http.get(f"{shared_node.url}/metrics").text
        shown = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
        assert PREFIX + "load_seconds" in shown
        assert "process_resident_memory_bytes" in shown


class TestNumbers:
    def test_an_answer_is_counted_with_its_tokens_and_times(self, shared_node: Node) -> None:
        shared_node.complete()
        names = ("tokens_total", "requests_total", "inter_token_seconds_count", "request_seconds_count")
        before = {name: read(shared_node, name, model="a.gguf") for name in names}
        usage = shared_node.complete(max_tokens=12).json()["usage"]
        gained = {name: read(shared_node, name, model="a.gguf") - before[name] for name in names}
        assert gained["tokens_total"] == usage["prompt_tokens"] + usage["completion_tokens"]
        assert gained["requests_total"] == gained["request_seconds_count"] == 1
        assert gained["inter_token_seconds_count"] == usage["completion_tokens"] - 1
        for name in ("queue_wait_seconds", "time_to_first_token_seconds", "request_seconds"):
            assert read(shared_node, f"{name}_sum", model="a.gguf") > 0
        waited = read(shared_node, "queue_wait_seconds_sum", model="a.gguf")
        assert waited < read(shared_node, "time_to_first_token_seconds_sum", model="a.gguf")

    def test_a_loaded_model_shows_its_state_memory_and_load(self, shared_node: Node) -> None:
        shared_node.complete()
        assert read(shared_node, "model_state", model="a.gguf", state="ready") == 1
        assert read(shared_node, "model_state", model="a.gguf") == 1
        estimated, measured, reserved, resident = (
            read(shared_node, f"model_{name}_bytes", model="a.gguf")
            for name in ("estimated", "measured", "reserved", "resident")
        )
        assert 0 < resident < 2 * measured
        assert reserved >= max(estimated, measured) > 10 * 1024**2
        assert read(shared_node, "loads_total", model="a.gguf", outcome="ok") >= 1
        assert read(shared_node, "load_seconds_count", model="a.gguf") >= 1
        budget, margin = (read(shared_node, f"device_{name}_bytes") for name in ("budget", "margin"))
        assert read(shared_node, "device_reserved_bytes") + margin <= budget

    @pytest.mark.parametrize(
        ("path", "body", "counted", "status"),
        [
            ("/v1/completions", {"model": "none", "prompt": "x"}, "/v1/completions", 404),
            ("/v1/completions", {"prompt": 1}, "/v1/completions", 400),
            ("/nothing/here", {}, "other", 404),
            ("/status", {}, "/status", 405),
        ],
    )
    def test_a_refusal_is_counted_by_path_status_and_reason(
        self, shared_node: Node, path: str, body: dict[str, object], counted: str, status: int
    ) -> None:
        def refuse() -> tuple[int, str]:
            answer = http.post(f"{shared_node.url}{path}", json=body)
            return answer.status_code, answer.json()["error"]["code"]

        labels = {"path": counted, "status": str(status)}
        answered, reason = refuse()
        assert answered == status
        before = [read(shared_node, "http_requests_total", **labels)]
        before.append(read(shared_node, "http_refusals_total", reason=reason))
        refuse()
        assert read(shared_node, "http_requests_total", **labels) == before[0] + 1
        assert read(shared_node, "http_refusals_total", reason=reason) == before[1] + 1 >= 2

    def test_a_crash_is_counted_and_the_load_after_it_too(self, hosting_node: Node) -> None:
        assert hosting_node.complete("b.gguf").status_code == 200
        crashes = read(hosting_node, "crashes_total", model="b.gguf")
        loads = read(hosting_node, "loads_total", model="b.gguf", outcome="ok")
        os.kill(hosting_node.instance("b.gguf")["pid"], signal.SIGKILL)
        wait_until(lambda: hosting_node.state("b.gguf") == "failed", "the crash")
        assert hosting_node.instance("b.gguf")["retry_in_s"] <= 0.5
        assert hosting_node.complete("b.gguf").status_code == 200
        assert read(hosting_node, "crashes_total", model="b.gguf") == crashes + 1
        assert read(hosting_node, "loads_total", model="b.gguf", outcome="ok") == loads + 1
        assert hosting_node.instance("b.gguf")["crashes"] == crashes + 1

    def test_an_eviction_is_counted_by_its_reason(self, start_node: Callable[..., Node]) -> None:
        node = start_node("--vram-budget-mb", "75", "--vram-margin-mb", "20", "--ttl-s", "900")
        for model in ("a.gguf", "b.gguf"):
            assert node.complete(model).status_code == 200
        assert read(node, "evictions_total", model="a.gguf", reason="room") == 1
        assert read(node, "evictions_total") == node.status()["evictions_total"] == 1
        assert read(node, "model_reserved_bytes", model="a.gguf") == 0
        (device,) = node.status()["devices"]
        assert node.instance("b.gguf")["devices"] == {device["device"]: device["reserved_mb"]}
        assert read(node, "model_reserved_bytes", model="b.gguf") == device["reserved_mb"] * 1024**2
        assert 0 < node.instance("b.gguf")["ttl_left_s"] <= 900
        assert node.instance("a.gguf")["ttl_left_s"] is None


class TestNames:
    """The guide, the dashboard and the alerts speak of what a node says, and the guide of all of it."""

    SUFFIXES = ("_bucket", "_sum", "_count")

    def families(self, node: Node) -> set[str]:
        """The names as they are written: counters with their `_total`."""
        text = http.get(f"{node.url}/metrics").text
        return {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}

    def named(self, text: str) -> set[str]:
        found = set(re.findall(r"\b(?:meshkeeper_mlnode|process)_[a-z_]+\b", text))
        return {name.removesuffix(suffix) for name in found for suffix in (self.ending(name),)}

    def ending(self, name: str) -> str:
        return next((s for s in self.SUFFIXES if name.endswith("_seconds" + s)), "")

    @pytest.mark.parametrize(
        "path", ["docs/operator.md", "deploy/grafana/mlnode.json", "deploy/prometheus/alerts.yml"]
    )
    def test_every_metric_that_is_written_about_exists(self, shared_node: Node, path: str) -> None:
        named = self.named((ROOT / path).read_text("utf-8"))
        assert len(named) > 5
        assert named - self.families(shared_node) == set()

    def test_every_metric_stands_in_the_guide(self, shared_node: Node) -> None:
        named = self.named((ROOT / "docs" / "operator.md").read_text("utf-8"))
        assert self.families(shared_node) - named == set()

    def test_labels_in_the_guide_are_those_of_the_metrics(self, shared_node: Node) -> None:
        shared_node.complete()
        guide = (ROOT / "docs" / "operator.md").read_text("utf-8")
        written = {
            name: set(filter(None, labels.split(",")))
            for name, labels in re.findall(r"`(meshkeeper_mlnode_[a-z_]+)(?:\{([a-z,]*)\})?`", guide)
        }
        for sample in scrape(shared_node):
            name = sample.name.removesuffix(self.ending(sample.name))
            if name.startswith(PREFIX) and not sample.name.endswith("_created"):
                assert set(sample.labels) - {"le"} == written[name], name
