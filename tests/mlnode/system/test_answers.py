"""What a node answers over HTTP, and how it refuses."""

import json
from typing import Any

import httpx
import openai
import pytest

from tests.mlnode.system.nodes import Node, http


def infer(node: Node, accept: str = "*/*", **body: Any) -> httpx.Response:
    request = {"model": "a.gguf", "prompt": "the day", "max_tokens": 6, **body}
    return http.post(f"{node.url}/infer", json=request, headers={"accept": accept}, timeout=30)


def client(node: Node) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{node.url}/v1", api_key="any", max_retries=0)


class TestInfer:
    def test_lines_of_json_one_for_each_step_and_a_last_one_with_everything(self, shared_node: Node) -> None:
        response = infer(shared_node, max_tokens=300)  # what piles up while nobody reads becomes one line
        assert response.headers["content-type"].startswith("application/x-ndjson")
        *pieces, last = [json.loads(line) for line in response.text.splitlines()]
        assert len(pieces) >= 2
        assert last["content"] == "".join(piece["token"] for piece in pieces)
        assert (last["done"], last["finish_reason"]) == (True, "length")
        assert last["usage"]["completion_tokens"] == 300

    def test_server_sent_events_when_asked_for(self, shared_node: Node) -> None:
        response = infer(shared_node, accept="text/event-stream")
        assert response.headers["content-type"].startswith("text/event-stream")
        events = [json.loads(event.removeprefix("data: ")) for event in response.text.split("\n\n") if event]
        assert events[-1]["done"] is True

    def test_one_document_without_a_stream(self, shared_node: Node) -> None:
        body = infer(shared_node, stream=False).json()
        assert body["content"]
        assert "done" not in body

    def test_the_same_request_gives_the_same_answer(self, shared_node: Node) -> None:
        assert infer(shared_node, stream=False).json() == infer(shared_node, stream=False).json()

    def test_the_default_model_answers_who_names_none(self, shared_node: Node) -> None:
        assert infer(shared_node, model=None, stream=False).json()["model"] == "a.gguf"


class TestOpenAI:
    """The official client, unmodified."""

    def test_lists_models_by_file_name_and_alias(self, shared_node: Node) -> None:
        ids = [model.id for model in client(shared_node).models.list()]
        assert {"a.gguf", "b.gguf", "nick"} <= set(ids)
        assert client(shared_node).models.retrieve("nick").id == "nick"

    def test_completes(self, shared_node: Node) -> None:
        answer = client(shared_node).completions.create(model="nick", prompt="the day", max_tokens=5)
        assert answer.object == "text_completion"
        assert answer.model == "nick"
        assert answer.choices[0].text
        assert answer.usage is not None
        assert answer.usage.completion_tokens == 5

    def test_streams_a_completion_that_reads_like_the_whole_one(self, shared_node: Node) -> None:
        ask: dict[str, Any] = {"model": "a", "prompt": "the day", "max_tokens": 9, "temperature": 0}
        whole = client(shared_node).completions.create(**ask)
        parts = list(client(shared_node).completions.create(**ask, stream=True))
        assert "".join(part.choices[0].text for part in parts) == whole.choices[0].text
        assert parts[-1].choices[0].finish_reason == "length"

    def test_chats(self, shared_node: Node) -> None:
        answer = client(shared_node).chat.completions.create(
            model="a.gguf", messages=[{"role": "user", "content": "the day"}], max_tokens=5
        )
        assert answer.choices[0].message.role == "assistant"
        assert answer.choices[0].message.content

    def test_streams_a_chat_with_usage_at_the_end(self, shared_node: Node) -> None:
        parts = list(
            client(shared_node).chat.completions.create(
                model="a.gguf",
                messages=[{"role": "user", "content": [{"type": "text", "text": "the day"}]}],
                max_completion_tokens=5,
                stream=True,
                stream_options={"include_usage": True},
            )
        )
        assert parts[0].choices[0].delta.role == "assistant"
        assert "".join(part.choices[0].delta.content or "" for part in parts if part.choices)
        assert parts[-1].usage is not None
        assert parts[-1].usage.completion_tokens == 5

    def test_gives_log_probabilities(self, shared_node: Node) -> None:
        chat = client(shared_node).chat.completions.create(
            model="a.gguf",
            messages=[{"role": "user", "content": "the day"}],
            max_tokens=3,
            temperature=0,
            logprobs=True,
            top_logprobs=2,
        )
        assert chat.choices[0].logprobs is not None
        assert chat.choices[0].logprobs.content is not None
        for token in chat.choices[0].logprobs.content:
            assert token.logprob == pytest.approx(token.top_logprobs[0].logprob)
        text = client(shared_node).completions.create(model="a", prompt="the", max_tokens=3, logprobs=1)
        assert text.choices[0].logprobs is not None
        assert len(text.choices[0].logprobs.tokens or []) == 3

    def test_a_seed_repeats_an_answer_and_another_seed_changes_it(self, shared_node: Node) -> None:
        def answer(seed: int) -> str:
            return (
                client(shared_node)
                .completions.create(model="a", prompt="the day", max_tokens=20, temperature=1.5, seed=seed)
                .choices[0]
                .text
            )

        assert answer(1) == answer(1)
        assert len({answer(seed) for seed in range(4)}) > 1

    def test_a_stop_string_ends_the_answer_and_is_not_shown(self, shared_node: Node) -> None:
        ask: dict[str, Any] = {"model": "a", "prompt": "the day", "max_tokens": 12, "temperature": 0}
        words = client(shared_node).completions.create(**ask).choices[0].text.split()
        stopped = client(shared_node).completions.create(**ask, stop=[words[3]]).choices[0]
        assert stopped.finish_reason == "stop"
        assert words[3] not in stopped.text

    def test_raises_its_own_error_for_an_unknown_model(self, shared_node: Node) -> None:
        with pytest.raises(openai.NotFoundError, match=r"a\.gguf"):
            client(shared_node).completions.create(model="nobody", prompt="the day")


BAD: list[tuple[str, dict[str, Any], int, str]] = [
    ("blank prompt", {"prompt": " "}, 400, "blank_prompt"),
    ("no prompt", {"prompt": None}, 400, "bad_field"),
    ("negative length", {"max_tokens": -1}, 400, "bad_field"),
    ("no length", {"max_tokens": 0}, 400, "bad_field"),
    ("text for a number", {"temperature": "hot"}, 400, "bad_field"),
    ("negative temperature", {"temperature": -1}, 400, "bad_field"),
    ("impossible top_p", {"top_p": 0}, 400, "bad_field"),
    ("too many answers", {"n": 17}, 400, "bad_field"),
    ("too many prompts", {"prompt": ["one"] * 17}, 400, "bad_field"),
    ("a token out of range", {"prompt": [1, -5]}, 400, "bad_field"),
    ("a token beyond the vocabulary", {"prompt": [1, 999999]}, 400, "bad_prompt"),
    ("an empty stop string", {"stop": [""]}, 400, "bad_field"),
    ("too many stop strings", {"stop": ["x"] * 17}, 400, "bad_field"),
    ("an echo of log-probabilities", {"echo": True, "logprobs": 1}, 400, "unsupported"),
    ("a suffix", {"suffix": "x"}, 400, "unsupported"),
    ("a bias of a word", {"logit_bias": {"the": 2.0}}, 400, "bad_field"),
    ("a bias beyond the vocabulary", {"logit_bias": {"999999": 2.0}}, 400, "bad_parameters"),
    ("a wrong grammar", {"grammar": "root ::= ("}, 400, "bad_grammar"),
    ("a grammar that never ends", {"grammar": 'root ::= "a" root'}, 400, "bad_grammar"),
    ("a schema that no grammar can keep", {"json_schema": {"not": {}}}, 400, "bad_schema"),
    ("a prompt beyond the context", {"prompt": "day " * 3000}, 400, "prompt_too_long"),
    ("unknown model", {"model": "nobody"}, 404, "model_unknown"),
    ("a path as model", {"model": "../models/a.gguf"}, 404, "model_unknown"),
    ("an absolute path as model", {"model": "/etc/passwd"}, 404, "model_unknown"),
    ("a file that is no model", {"model": "notes.txt"}, 404, "model_unknown"),
    ("a broken file", {"model": "broken.gguf"}, 500, "model_broken"),
    ("a body above the limit", {"prompt": "x" * 30000}, 413, "too_large"),
]


def assert_sentence(error: dict[str, Any]) -> None:
    """It begins as one, or with the field that it is about, and it ends."""
    said = error["message"]
    assert said[0].isupper() or said[0] == "'" or said.startswith(error["param"]), said
    assert said.endswith(".") and not said.endswith(".."), said


ASKED_TOO_MUCH: list[tuple[str, dict[str, Any], str]] = [
    (
        "/v1/completions",
        {"prompt": [5] * 600},
        "The prompt has 600 tokens, and prompt and answer together may have 512; send fewer, or raise the"
        " node's --ctx-size as far as the model allows.",
    ),
    (
        "/v1/embeddings",
        {"input": [[5], [5] * 600]},
        "A text has 600 tokens, and 512 are taken at most; divide it, or raise the node's --ctx-size as"
        " far as the model allows.",
    ),
    (
        "/v1/completions",
        {"prompt": [512]},
        "Token ids of this model go from 0 to 511; the prompt has others.",
    ),
    (
        "/v1/embeddings",
        {"input": [512]},
        "Token ids of this model go from 0 to 511; the input has others.",
    ),
    (
        "/v1/completions",
        {"prompt": "x", "logit_bias": {"512": 1}},
        "The request cannot be served: logit_bias takes token ids below 512.",
    ),
    (
        "/v1/completions",
        {"prompt": "x", "max_tokens": 0},
        "max_tokens is wrong: expected `int` >= 1.",
    ),
    ("/v1/completions", {}, "The body is wrong: object missing required field `prompt`."),
    (
        "/v1/chat/completions",
        {"messages": [{"role": "user", "content": "x"}], "functions": [{}]},
        "functions is not offered here; leave it out.",
    ),
]


class TestRefusals:
    @pytest.mark.parametrize(("body", "status", "code"), [case[1:] for case in BAD], ids=[c[0] for c in BAD])
    def test_bad_requests_get_an_error_that_says_why(
        self, shared_node: Node, body: dict[str, Any], status: int, code: str
    ) -> None:
        before = shared_node.status()["loads_total"]
        response = shared_node.complete(**body)
        error = response.json()["error"]
        assert (response.status_code, error["code"]) == (status, code)
        assert_sentence(error)
        assert shared_node.status()["loads_total"] <= before + 1

    @pytest.mark.parametrize(("path", "body", "sentence"), ASKED_TOO_MUCH)
    def test_what_was_wrong_and_what_to_do_is_said_in_a_sentence(
        self, shared_node: Node, path: str, body: dict[str, Any], sentence: str
    ) -> None:
        answer = http.post(f"{shared_node.url}{path}", json={"model": "a.gguf", **body})
        assert (answer.status_code, answer.json()["error"]["message"]) == (400, sentence)

    def test_a_body_that_is_not_json_is_refused(self, shared_node: Node) -> None:
        headers = {"content-type": "application/json"}
        response = http.post(f"{shared_node.url}/infer", content=b"{", headers=headers)
        assert (response.status_code, response.json()["error"]["code"]) == (400, "bad_json")

    def test_another_type_than_json_is_refused(self, shared_node: Node) -> None:
        headers = {"content-type": "text/plain"}
        response = http.post(f"{shared_node.url}/infer", content=b"{}", headers=headers)
        assert response.status_code == 415

    def test_unknown_paths_and_methods_get_the_same_kind_of_error(self, shared_node: Node) -> None:
        assert http.get(f"{shared_node.url}/nothing").json()["error"]["code"] == "no_route"
        assert http.get(f"{shared_node.url}/infer").status_code == 405

    def test_tools_are_refused_by_a_model_whose_template_knows_none(self, shared_node: Node) -> None:
        with pytest.raises(openai.BadRequestError, match="takes no tools"):
            client(shared_node).chat.completions.create(
                model="a.gguf",
                messages=[{"role": "user", "content": "x"}],
                tools=[{"type": "function", "function": {"name": "f"}}],
            )


class TestPages:
    def test_models_shows_every_file_and_what_is_wrong_with_it(self, shared_node: Node) -> None:
        entries = {entry["id"]: entry for entry in http.get(f"{shared_node.url}/models").json()["models"]}
        assert set(entries) == {"a.gguf", "b.gguf", "c.gguf", "slow.gguf", "broken.gguf"}
        assert "error" in entries["broken.gguf"]
        assert entries["broken.gguf"]["state"] == "failed"
        assert entries["a.gguf"]["names"] == ["nick"]
        assert entries["a.gguf"]["est_vram_mb"] > 0

    def test_status_shows_every_model_that_can_be_loaded_and_the_totals(self, shared_node: Node) -> None:
        shared_node.complete()
        status = shared_node.status()
        assert {entry["model"] for entry in status["instances"]} >= {
            "a.gguf",
            "b.gguf",
            "c.gguf",
            "slow.gguf",
        }
        assert shared_node.instance("a.gguf").keys() >= {
            *("model", "state", "last_used", "est_vram_mb", "measured_vram_mb", "queue", "inflight", "slots"),
        }
        assert status.keys() >= {
            *("budget_mb", "margin_mb", "used_est_mb", "loads_total", "evictions_total", "errors_total"),
            *("uptime_s", "settings"),
        }
        assert status["settings"]["default_model"] == "a.gguf"
        assert status["budget_mb"] >= status["used_est_mb"] + status["margin_mb"] > 64

    def test_health_is_always_good_and_readiness_after_the_first_load(self, shared_node: Node) -> None:
        shared_node.complete()
        assert http.get(f"{shared_node.url}/healthz").status_code == 200
        assert http.get(f"{shared_node.url}/readyz").status_code == 200
