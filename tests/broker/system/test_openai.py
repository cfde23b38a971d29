"""The public interface of real brokers, with a real chain and real nodes behind it."""

import contextlib
import hashlib
import json
import signal
import sqlite3
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import openai
import pytest

from broker.io.keys import AccountKey
from chain.v1 import inference_pb2, query_pb2
from tests.daemon import Daemon, wait_until
from tests.network import FILE, MODEL, Network

FINISHED = inference_pb2.INFERENCE_STATUS_FINISHED
EXPIRED = inference_pb2.INFERENCE_STATUS_EXPIRED
BODY = {"model": MODEL, "messages": [{"role": "user", "content": "say"}], "max_tokens": 6}


def ask(network: Network, name: str = "ada", **changes: Any) -> httpx.Response:
    body = {**BODY, **changes}
    return httpx.post(f"{network.url(name)}/v1/chat/completions", json=body, timeout=60)


def wait_recorded(network: Network, inference_id: str) -> inference_pb2.Inference:
    """The record with both its start and its finish."""

    def find() -> inference_pb2.Inference | None:
        record = network.inference(inference_id)
        return record if record is not None and record.prompt_hash and record.executed_by else None

    record = wait_until(find, f"record of {inference_id}")
    assert record is not None
    return record


def test_an_unmodified_client_lists_models_and_streams_an_answer(network: Network) -> None:
    with openai.OpenAI(base_url=f"{network.url('ada')}/v1", api_key="none") as client:
        assert [model.id for model in client.models.list()] == [MODEL]
        stream = client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": "tell"}], max_tokens=6, stream=True
        )
        chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    record = wait_recorded(network, chunks[0].id)
    assert text
    assert record.response_hash == hashlib.sha256(text.encode()).hexdigest()
    assert record.completion_token_count == 6


def test_an_answer_and_its_record_agree(network: Network) -> None:
    reply = ask(network)
    document = reply.json()
    record = wait_recorded(network, reply.headers["x-inference-id"])
    assert reply.status_code == 200
    assert document["id"] == record.inference_id == document["meshkeeper"]["inference_id"]
    assert document["meshkeeper"]["executor"] == record.executed_by == reply.headers["x-executor-address"]
    assert record.status == FINISHED
    assert record.assigned_to == record.executed_by
    assert record.transferred_by == record.requested_by == network.address("ada")
    assert record.model == MODEL
    text = document["choices"][0]["message"]["content"]
    assert record.response_hash == hashlib.sha256(text.encode()).hexdigest()
    usage = document["usage"]
    assert (record.prompt_token_count, record.completion_token_count) == (usage["prompt_tokens"], 6)
    assert record.actual_cost == usage["prompt_tokens"] * 1 + 6 * 2
    assert json.loads(record.prompt_payload)["max_tokens"] == 6


def test_the_broker_tells_the_record_of_an_inference(network: Network) -> None:
    inference_id = ask(network).headers["x-inference-id"]
    wait_recorded(network, inference_id)
    document = httpx.get(f"{network.url('bob')}/v1/inferences/{inference_id}").json()
    assert (document["inference_id"], document["status"]) == (inference_id, "INFERENCE_STATUS_FINISHED")


def test_each_participant_is_chosen_now_and_then_whoever_is_asked(network: Network) -> None:
    wanted = {network.address("ada"), network.address("bob")}
    seen: set[str] = set()

    def have_all_answered() -> bool:
        seen.add(ask(network, max_tokens=1).json()["meshkeeper"]["executor"])
        return seen == wanted

    wait_until(have_all_answered, "an answer of each")


def test_an_alternative_name_is_answered_by_the_model_that_it_stands_for(network: Network) -> None:
    reply = ask(network, model=FILE)
    assert reply.json()["model"] == FILE
    assert wait_recorded(network, reply.headers["x-inference-id"]).model == MODEL


def test_a_plain_completion_is_answered_too(network: Network) -> None:
    body = {"model": MODEL, "prompt": "once", "max_tokens": 4}
    reply = httpx.post(f"{network.url('bob')}/v1/completions", json=body, timeout=60)
    assert reply.json()["choices"][0]["text"]
    assert wait_recorded(network, reply.headers["x-inference-id"]).completion_token_count == 4


def test_a_client_that_leaves_is_recorded_with_what_it_was_sent(network: Network) -> None:
    body = {**BODY, "stream": True, "max_tokens": 400}
    with httpx.stream("POST", f"{network.url('ada')}/v1/chat/completions", json=body, timeout=60) as reply:
        inference_id = reply.headers["x-inference-id"]
        next(reply.iter_lines())
    record = wait_recorded(network, inference_id)
    document = json.loads(record.response_payload)
    text = document["choices"][0]["message"]["content"]
    assert record.response_hash == hashlib.sha256(text.encode()).hexdigest()
    assert record.status == FINISHED
    wait_until(lambda: lease_counts(network) == [0, 0], "both nodes free again")


def test_a_client_that_leaves_before_the_answer_is_no_missed_request(network: Network) -> None:
    mark = "leave " * 3
    with nodes_that_hang(network), pytest.raises(httpx.ReadTimeout):
        httpx.post(
            f"{network.url('bob')}/v1/chat/completions",
            json={**BODY, "messages": [{"role": "user", "content": mark}]},
            timeout=httpx.Timeout(30, read=1.0),
        )

    def find() -> list[inference_pb2.Inference]:
        listed = network.query.InferenceAll(query_pb2.QueryInferenceAllRequest(), timeout=5).inferences
        return [record for record in listed if mark in record.original_prompt and record.executed_by]

    (record,) = wait_until(find, "the record of the request")
    assert record.status == FINISHED
    wait_until(lambda: lease_counts(network) == [0, 0], "both nodes free again")


@contextlib.contextmanager
def nodes_that_hang(network: Network) -> Iterator[None]:
    """No node says anything meanwhile."""
    processes = [node.process for node in network.nodes.values() if node.process is not None]
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGCONT)


def lease_counts(network: Network) -> list[int]:
    return [network.admin(name, "GET", f"/nodes/{name}-1")["state"]["lock_count"] for name in ("ada", "bob")]


def test_a_request_that_the_node_refuses_is_answered_so_and_is_no_missed_request(network: Network) -> None:
    reply = ask(network, messages=[{"role": "user", "content": "word " * 2000}])
    assert reply.status_code == 400
    record = wait_recorded(network, reply.headers["x-inference-id"])
    assert (record.status, record.completion_token_count) == (FINISHED, 0)


# --- refusals


def test_rejects_what_is_wrong_with_a_code_and_a_sentence(network: Network) -> None:
    url = network.url("ada")
    chat = f"{url}/v1/chat/completions"
    table: list[tuple[str, httpx.Response, int, str]] = [
        ("no body", httpx.post(chat), 400, "invalid_json"),
        ("broken JSON", httpx.post(chat, content=b'{"model":'), 400, "invalid_json"),
        ("no model", httpx.post(chat, json={"messages": BODY["messages"]}), 400, "missing_model"),
        ("no messages", httpx.post(chat, json={"model": MODEL}), 400, "missing_messages"),
        (
            "an image",
            ask(network, messages=[{"role": "user", "content": [{"type": "image_url"}]}]),
            400,
            "invalid_type",
        ),
        ("stream as text", ask(network, stream="yes"), 400, "invalid_type"),
        ("two answers", ask(network, n=2), 400, "unsupported_value"),
        ("unknown model", ask(network, model="nobody/has-this"), 404, "model_not_found"),
        ("path as model", ask(network, model="../../etc/passwd"), 404, "model_not_found"),
        ("too large", httpx.post(chat, content=b" " * 300_000), 413, "request_too_large"),
        ("no such route", httpx.get(f"{url}/v1/nothing"), 404, "no_such_route"),
        ("wrong method", httpx.get(chat), 405, "no_such_route"),
        ("unknown inference", httpx.get(f"{url}/v1/inferences/AAAA"), 404, "inference_not_found"),
    ]
    for name, reply, status, code in table:
        assert (name, reply.status_code) == (name, status)
        error = reply.json()["error"]
        assert (name, error["code"]) == (name, code)
        assert error["message"]
        assert "Traceback" not in reply.text


def test_an_unknown_model_is_told_which_are_served(network: Network) -> None:
    assert MODEL in ask(network, model="nobody/has-this").json()["error"]["message"]


# --- signed requests


def sign(network: Network, timestamp_ns: int | None = None, **changes: Any) -> dict[str, Any]:
    """A request that the developer signed for ada, as arguments of httpx.post."""
    key = AccountKey.load(network.base / "developer" / "key.json")
    body = json.dumps({**BODY, **changes})
    stamp = str(time.time_ns() if timestamp_ns is None else timestamp_ns)
    signature = b64encode(key.sign(f"{body}{stamp}{network.address('ada')}".encode())).decode()
    headers = {
        "authorization": signature,
        "x-requester-address": key.address,
        "x-timestamp": stamp,
    }
    return {"content": body, "headers": headers, "timeout": 60}


def send(network: Network, request: dict[str, Any], **headers: str) -> httpx.Response:
    request = {**request, "headers": {**request["headers"], **headers}}
    return httpx.post(f"{network.url('ada')}/v1/chat/completions", **request)


def test_a_signed_request_is_its_signers_and_is_answered_once(network: Network) -> None:
    request = sign(network)
    reply = send(network, request)
    assert reply.status_code == 200
    assert reply.headers["x-inference-id"] == request["headers"]["authorization"]
    record = wait_recorded(network, reply.headers["x-inference-id"])
    developer = AccountKey.load(network.base / "developer" / "key.json").address
    assert (record.requested_by, record.transferred_by) == (developer, network.address("ada"))
    again = send(network, request)
    assert (again.status_code, again.json()["error"]["code"]) == (400, "signature_reused")


REFUSED: dict[str, tuple[Callable[[Network], httpx.Response], int, str]] = {
    "no signature": (lambda n: send(n, sign(n), authorization=""), 401, "invalid_signature"),
    "foreign signature": (
        lambda n: send(n, sign(n), authorization=b64encode(bytes(range(64))).decode()),
        401,
        "invalid_signature",
    ),
    "changed body": (
        lambda n: send(n, {**sign(n), "content": json.dumps(BODY) + " "}),
        401,
        "invalid_signature",
    ),
    "unknown account": (
        lambda n: send(n, sign(n), **{"x-requester-address": "mesh1nobody"}),
        401,
        "unknown_account",
    ),
    "too dear": (lambda n: send(n, sign(n, max_tokens=1000)), 402, "insufficient_balance"),
    "no timestamp": (lambda n: send(n, sign(n), **{"x-timestamp": ""}), 400, "invalid_header"),
    "old": (lambda n: send(n, sign(n, time.time_ns() - 10**12)), 400, "timestamp_expired"),
    "early": (lambda n: send(n, sign(n, time.time_ns() + 10**12)), 400, "timestamp_in_future"),
    "half a handover": (
        lambda n: send(n, sign(n), **{"x-inference-id": b64encode(bytes(64)).decode()}),
        400,
        "invalid_header",
    ),
    "forged handover": (
        lambda n: send(
            n,
            sign(n),
            **{
                "x-inference-id": b64encode(bytes(range(64))).decode(),
                "x-transfer-address": n.address("bob"),
                "x-ta-signature": b64encode(bytes(range(64))).decode(),
                "x-seed": "1",
                "x-prompt-hash": "00",
            },
        ),
        401,
        "invalid_signature",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_rejects_a_signed_request_that_does_not_hold(network: Network, name: str) -> None:
    make, status, code = REFUSED[name]
    reply = make(network)
    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)


# --- what breaks


def test_an_executor_that_is_gone_is_passed_over_and_its_record_expires(network: Network) -> None:
    bob = network.brokers["bob"]
    bob.kill()
    try:
        answered: list[str] = []

        def find_lost() -> list[inference_pb2.Inference]:
            reply = ask(network, max_tokens=1)
            assert reply.status_code == 200
            assert reply.headers["x-executor-address"] == network.address("ada")
            answered.append(reply.headers["x-inference-id"])
            listed = network.query.InferenceAll(query_pb2.QueryInferenceAllRequest(), timeout=5).inferences
            return [record for record in listed if record.status == EXPIRED]

        lost = wait_until(find_lost, "a request that bob was drawn for, expired")
        assert {record.assigned_to for record in lost} == {network.address("bob")}
        assert not {record.inference_id for record in lost} & set(answered)
    finally:
        bob.start()
        wait_until(lambda: network.is_serving("bob", "bob-1"), "bob serving again")


def test_a_finish_that_the_chain_could_not_take_survives_the_death_of_the_broker(network: Network) -> None:
    assert network.chain.process is not None
    network.maker.paused.set()
    try:
        body = {**BODY, "stream": True, "max_tokens": 300}
        with httpx.stream(
            "POST", f"{network.url('ada')}/v1/chat/completions", json=body, timeout=60
        ) as reply:
            inference_id, executor = reply.headers["x-inference-id"], reply.headers["x-executor-address"]
            network.chain.process.send_signal(signal.SIGSTOP)
            assert reply.read().endswith(b"data: [DONE]\n\n")
        name = next(one for one in network.brokers if network.address(one) == executor)
        broker = network.brokers[name]
        wait_until(lambda: owed(broker) == [inference_id], "the finish on the disk")
        broker.kill()
        broker.start()
    finally:
        network.chain.process.send_signal(signal.SIGCONT)
        network.maker.paused.clear()
    assert wait_recorded(network, inference_id).status == FINISHED
    wait_until(lambda: owed(broker) == [], "nothing owed any more")
    wait_until(lambda: network.is_serving(name, f"{name}-1"), f"{name} serves again")


def owed(broker: Daemon) -> list[str]:
    """Finishes that a broker still owes to the chain, read from its database."""
    with contextlib.closing(sqlite3.connect(broker.home / "broker.db")) as database:
        return [row[0] for row in database.execute("SELECT inference_id FROM finishes")]


def test_the_figures_are_told(network: Network) -> None:
    ask(network)
    figures = httpx.get(f"{network.url('ada')}/metrics").text
    assert 'meshkeeper_broker_requests_total{role="transfer_agent",status="200"}' in figures
    assert httpx.get(f"{network.url('ada')}/healthz").status_code == 200
    assert httpx.get(f"{network.url('ada')}/readyz").json() == {"status": "ready"}
