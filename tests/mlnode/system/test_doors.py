"""Who may ask a node, what is told of each request, and what a model's workers wrote."""

import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.mlnode.system.nodes import Node, http, launch, wait_until

Start = Callable[..., Node]

BODY = {"model": "a.gguf", "prompt": "the day", "max_tokens": 3}
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture(scope="module")
def keyed_node(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node with a key as flag and one in a file."""
    home = tmp_path_factory.mktemp("keyed")
    (home / "keys").write_text("file-key\n")
    flags = ("--api-key", "flag-key", "--api-key-file", str(home / "keys"), "--log-level", "debug")
    node = launch(home, models_dir, *flags)
    yield node
    node.process.kill()
    node.clean_up()


def ask(node: Node, path: str = "/status", **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return http.get(f"{node.url}{path}", headers=named).status_code


def lines(node: Node, event: str) -> list[dict[str, Any]]:
    """The lines of the log about an event."""
    return [line for line in map(json.loads, node.log().splitlines()) if line["event"] == event]


def looks(node: Node) -> list[dict[str, Any]]:
    return [line for line in lines(node, "request") if line["path"] == "/healthz"]


class TestKeys:
    def test_each_key_opens_in_either_header_and_nothing_else_does(self, keyed_node: Node) -> None:
        for key in ("flag-key", "file-key"):
            assert ask(keyed_node, authorization=f"Bearer {key}") == 200
            assert ask(keyed_node, x_api_key=key) == 200
        for wrong in ("flag-ke", "file-key2", "Bearer"):
            assert ask(keyed_node, authorization=f"Bearer {wrong}") == 401
            assert ask(keyed_node, x_api_key=wrong) == 401
        assert ask(keyed_node) == ask(keyed_node, authorization="Basic flag-key") == 401

    def test_whoever_watches_the_process_needs_none(self, keyed_node: Node) -> None:
        assert [ask(keyed_node, path) for path in ("/healthz", "/readyz", "/metrics")] == [200, 503, 401]

    def test_keys_are_read_again_at_sighup(self, keyed_node: Node) -> None:
        (keyed_node.home / "keys").write_text("newer-key\n")
        keyed_node.process.send_signal(signal.SIGHUP)
        wait_until(lambda: ask(keyed_node, x_api_key="newer-key") == 200, "the new key")
        assert ask(keyed_node, x_api_key="file-key") == 401
        assert ask(keyed_node, x_api_key="flag-key") == 200

    def test_no_key_is_told_to_anybody(self, keyed_node: Node) -> None:
        headers = {"x-api-key": "flag-key"}
        told = http.get(f"{keyed_node.url}/status", headers=headers).text
        assert json.loads(told)["settings"]["api_key"] is True
        assert "flag-key" not in told + keyed_node.log()

    def test_a_page_of_another_origin_is_refused_and_one_of_ours_is_not(self, shared_node: Node) -> None:
        def post(origin: str) -> int:
            return http.post(f"{shared_node.url}/infer", json=BODY, headers={"origin": origin}).status_code

        assert post("https://evil.example") == post("null") == 403
        assert post(shared_node.url) == 200
        answer = http.get(f"{shared_node.url}/models", headers={"origin": "https://evil.example"})
        assert "access-control-allow-origin" not in answer.headers


class TestTelling:
    def test_number_and_trace_are_in_the_answer_and_in_one_line(self, shared_node: Node) -> None:
        headers = {"x-request-id": "mine-1", "traceparent": TRACEPARENT}
        answer = http.post(f"{shared_node.url}/infer", json=BODY, headers=headers, timeout=30)
        assert answer.headers["x-request-id"] == "mine-1"
        assert answer.headers["traceparent"].split("-")[1] == TRACEPARENT.split("-")[1]

        def told() -> list[dict[str, Any]]:
            return [line for line in lines(shared_node, "request") if line["request_id"] == "mine-1"]

        (line,) = wait_until(told, "the line")
        assert (line["level"], line["method"], line["path"], line["status"]) == (
            "info",
            "POST",
            "/infer",
            200,
        )
        assert (line["model"], line["outcome"], line["completion_tokens"]) == ("a.gguf", "ok", 3)
        assert line["trace_id"] == TRACEPARENT.split("-")[1]
        assert 0 <= line["queue_ms"] <= line["ttft_ms"] <= line["duration_ms"]
        assert line["prompt_tokens"] > 0
        assert line["timestamp"].endswith("Z")

    def test_a_refusal_is_told_with_its_reason_and_a_number_of_ours(self, shared_node: Node) -> None:
        refused = shared_node.complete("nobody")
        number = refused.headers["x-request-id"]
        found = wait_until(
            lambda: [line for line in lines(shared_node, "request") if line["request_id"] == number], "it"
        )
        assert found[0]["refusal"] == "model_unknown"

    def test_a_number_that_would_spoil_the_log_is_not_taken(self, shared_node: Node) -> None:
        headers = {"x-request-id": "a b"}
        assert http.get(f"{shared_node.url}/healthz", headers=headers).headers["x-request-id"] != "a b"

    def test_looks_are_told_only_to_who_wants_everything(self, shared_node: Node, keyed_node: Node) -> None:
        for node in (shared_node, keyed_node):
            http.get(f"{node.url}/healthz")
        assert [line for line in lines(shared_node, "request") if line["path"] == "/healthz"] == []
        wait_until(
            lambda: [line for line in lines(keyed_node, "request") if line["path"] == "/healthz"], "it"
        )


class TestSpans:
    def test_a_request_is_told_to_a_collector(
        self, start_node: Start, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as collector:
            address = f"http://127.0.0.1:{collector.getsockname()[1]}"
            monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
            node = start_node()
            headers = {"traceparent": TRACEPARENT}
            assert http.post(f"{node.url}/infer", json=BODY, headers=headers, timeout=30).status_code == 200
            collector.settimeout(30)
            connection, _ = collector.accept()
            with connection, connection.makefile("rb") as sent:
                head = [line.lower() for line in iter(sent.readline, b"\r\n")]
                (length,) = [int(line.split()[1]) for line in head if line.startswith(b"content-length")]
                document = json.loads(sent.read(length))
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        spans = document["resourceSpans"][0]["scopeSpans"][0]["spans"]
        assert {span["traceId"] for span in spans} == {TRACEPARENT.split("-")[1]}
        assert spans[0]["parentSpanId"] == TRACEPARENT.split("-")[2]
        assert [span["name"] for span in spans] == ["POST /infer", "queue", "load", "prefill", "decode"]
        assert all(int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"]) for span in spans)


class TestTail:
    def test_what_workers_wrote_outlives_them_and_can_be_followed(
        self, start_node: Callable[..., Node]
    ) -> None:
        node = start_node()
        assert node.complete().status_code == 200
        url = f"{node.url}/models/a.gguf/log"
        first = http.get(url)
        assert first.headers["content-type"].startswith("text/plain")
        assert first.text.count("--- worker ") == 1
        with http.stream("GET", url, params={"follow": "1"}, timeout=30) as events:
            told = events.iter_lines()
            assert "--- worker " in next(told)
            os.kill(node.instance()["pid"], signal.SIGKILL)
            wait_until(lambda: node.state() != "ready", "the end")
            assert node.complete().status_code == 200
            assert "--- worker " in next(line for line in told if line)
        assert http.get(url).text.count("--- worker ") == 2
        assert http.get(f"{node.url}/models/a/log").text == http.get(url).text

    def test_a_model_that_never_ran_wrote_nothing_and_an_unknown_one_is_refused(
        self, shared_node: Node
    ) -> None:
        assert http.get(f"{shared_node.url}/models/c.gguf/log").text == ""
        assert http.get(f"{shared_node.url}/models/nobody/log").status_code == 404

    def test_a_reader_does_not_hold_up_the_end(self, start_node: Start) -> None:
        node = start_node()
        with http.stream("GET", f"{node.url}/models/a.gguf/log", params={"follow": "1"}, timeout=30):
            started = time.monotonic()
            assert node.end() == 0
            assert time.monotonic() - started < 15
