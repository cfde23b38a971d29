"""The operators' interface over real HTTP, with the real loop and a real database."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

import migrations
from broker import actions
from broker.controller import Controller
from broker.io.admin import build_admin_app
from broker.io.loop import Loop
from broker.io.serve import serve_http
from broker.io.sql import Memory, open_engine
from broker.state import Timing
from tests.broker.world import FILE, IDENTITY, World

TOKEN = "operators-token"
NODE: dict[str, Any] = {"id": "n1", "host": "127.0.0.1", "port": 8081, "models": {FILE: {"args": []}}}


class Registry:
    """Stands where the chain is: knows one model, and answers as the healthy world does."""

    def __init__(self, loop: Loop) -> None:
        self._loop, self._world = loop, World()

    def perform(self, action: actions.ChainAction) -> None:
        answer = self._world.answer(action)
        if answer is not None:
            self._loop.post(answer)


@contextlib.asynccontextmanager
async def running(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A broker's owner and interface on a database, without neighbours but the registry."""
    migrations.upgrade("broker", url)
    memory = Memory(open_engine(url))
    loop = Loop(Controller(IDENTITY, memory.load(), Timing()), memory, time.monotonic)
    loop.attach(Registry(loop), None)
    owner = asyncio.create_task(loop.run())
    app = build_admin_app(loop, TOKEN, {"chain": "here"}, lambda: "no chain", "1.2.3")
    try:
        async with serve_http(app, "127.0.0.1", 0, "admin-port", 1.0) as port:
            headers = {"authorization": f"Bearer {TOKEN}"}
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
                yield client
    finally:
        owner.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await owner
        memory.close()


@pytest.fixture
def talk(tmp_path: Path) -> Callable[..., None]:
    """Runs one conversation with a broker; called again, the broker has restarted on the same database."""

    def converse(said: Callable[[httpx.AsyncClient], Any]) -> None:
        async def run() -> None:
            async with running(f"sqlite:///{tmp_path}/broker.db") as client:
                await said(client)

        asyncio.run(run())

    return converse


ROUTES = [
    ("GET", "/admin/v1/nodes"),
    ("GET", "/admin/v1/nodes/n1"),
    ("POST", "/admin/v1/nodes"),
    ("POST", "/admin/v1/nodes/batch"),
    ("PUT", "/admin/v1/nodes/n1"),
    ("DELETE", "/admin/v1/nodes/n1"),
    ("POST", "/admin/v1/nodes/n1/enable"),
    ("POST", "/admin/v1/nodes/n1/disable"),
    ("GET", "/admin/v1/status"),
    ("GET", "/admin/v1/config"),
]


def test_every_route_asks_for_the_token(talk: Callable[..., None]) -> None:
    async def said(client: httpx.AsyncClient) -> None:
        for method, path in ROUTES:
            for shown in ("", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x"):
                answer = await client.request(method, path, headers={"authorization": shown}, json=NODE)
                assert (answer.status_code, answer.json()["error"]["reason"]) == (401, "UNAUTHORIZED")
                assert answer.headers["www-authenticate"] == "Bearer"
        assert (await client.get("/admin/v1/nodes")).json() == []

    talk(said)


def test_nodes_are_added_shown_updated_and_removed(talk: Callable[..., None]) -> None:
    async def said(client: httpx.AsyncClient) -> None:
        added = await client.post("/admin/v1/nodes", json=NODE)
        assert (added.status_code, added.json()["id"]) == (200, "n1")
        changed = await client.put("/admin/v1/nodes/n1", json={**NODE, "max_concurrent": 7})
        assert (changed.status_code, changed.json()["max_concurrent"]) == (200, 7)
        shown = (await client.get("/admin/v1/nodes/n1")).json()
        assert (shown["node"]["max_concurrent"], shown["state"]["enabled"]) == (7, True)
        assert [item["node"]["id"] for item in (await client.get("/admin/v1/nodes")).json()] == ["n1"]
        removed = await client.delete("/admin/v1/nodes/n1")
        assert (removed.status_code, removed.json()["node"]["id"]) == (200, "n1")
        assert (await client.get("/admin/v1/nodes")).json() == []

    talk(said)


def test_what_is_shown_can_be_sent_back(talk: Callable[..., None]) -> None:
    async def said(client: httpx.AsyncClient) -> None:
        document = {**NODE, "hardware": [{"type": "CPU", "count": 2}], "http_port": 1234}
        first = (await client.post("/admin/v1/nodes", json=document)).json()
        assert (await client.put("/admin/v1/nodes/n1", json=first)).json() == first

    talk(said)


def test_a_nodes_key_is_kept_used_and_never_shown(talk: Callable[..., None]) -> None:
    async def before(client: httpx.AsyncClient) -> None:
        told = (await client.post("/admin/v1/nodes", json={**NODE, "api_key": "hidden-key"})).text
        told += (await client.put("/admin/v1/nodes/n1", json=NODE)).text
        told += (await client.post("/admin/v1/nodes", json={**NODE, "api_key": "hidden-key ü"})).text
        shown = await client.get("/admin/v1/nodes/n1")
        assert "hidden-key" not in told + shown.text
        assert shown.json()["state"]["has_api_key"] is True

    async def after(client: httpx.AsyncClient) -> None:
        assert (await client.get("/admin/v1/nodes/n1")).json()["state"]["has_api_key"] is True
        await client.put("/admin/v1/nodes/n1", json={**NODE, "api_key": ""})
        assert (await client.get("/admin/v1/nodes/n1")).json()["state"]["has_api_key"] is False

    talk(before)
    talk(after)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/admin/v1/nodes/ghost"),
        ("DELETE", "/admin/v1/nodes/ghost"),
        ("POST", "/admin/v1/nodes/ghost/enable"),
        ("POST", "/admin/v1/nodes/ghost/disable"),
    ],
)
def test_an_unknown_node_is_404_and_later_calls_are_answered(
    talk: Callable[..., None], method: str, path: str
) -> None:
    async def said(client: httpx.AsyncClient) -> None:
        answer = await client.request(method, path)
        assert (answer.status_code, answer.json()["error"]["reason"]) == (404, "NODE_UNKNOWN")
        assert (await client.post("/admin/v1/nodes", json=NODE)).status_code == 200

    talk(said)


def test_another_id_in_the_body_than_in_the_path_is_409(talk: Callable[..., None]) -> None:
    async def said(client: httpx.AsyncClient) -> None:
        answer = await client.put("/admin/v1/nodes/n2", json=NODE)
        assert (answer.status_code, answer.json()["error"]["reason"]) == (409, "NODE_ID_MISMATCH")
        assert (await client.get("/admin/v1/nodes")).json() == []

    talk(said)


WRONG = {
    "no id": ({"id": None}, "body.id"),
    "empty id": ({"id": ""}, "body.id"),
    "id with a slash": ({"id": "../n"}, "body.id"),
    "long id": ({"id": "n" * 129}, "body.id"),
    "host with a scheme": ({"host": "http://h"}, "body.host"),
    "empty host": ({"host": ""}, "body.host"),
    "port zero": ({"port": 0}, "body.port"),
    "port too large": ({"port": 65536}, "body.port"),
    "no models": ({"models": {}}, "body.models"),
    "more models than the chain takes": ({"models": [f"m{i}" for i in range(65)]}, "body.models"),
    "key with a line break": ({"api_key": "a\nb"}, "body.api_key"),
    "no concurrency": ({"max_concurrent": 0}, "body.max_concurrent"),
    "no such device": ({"hardware": [{"type": "GPU", "count": 0}]}, "body.hardware.0.count"),
    "unknown field": ({"vram": 3}, "body.vram"),
}


def test_wrong_fields_are_422_and_named(talk: Callable[..., None]) -> None:
    async def said(client: httpx.AsyncClient) -> None:
        for changed, field in WRONG.values():
            answer = await client.post("/admin/v1/nodes", json={**NODE, **changed})
            assert answer.status_code == 422, changed
            assert field in [item["field"] for item in answer.json()["error"]["fields"]]
        assert (await client.get("/admin/v1/nodes")).json() == []

    talk(said)


def test_a_body_that_is_no_json_is_422(talk: Callable[..., None]) -> None:
    async def said(client: httpx.AsyncClient) -> None:
        answer = await client.post(
            "/admin/v1/nodes", content=b"{", headers={"content-type": "application/json"}
        )
        assert answer.status_code == 422

    talk(said)


def test_a_model_that_leads_nowhere_is_400(talk: Callable[..., None]) -> None:
    async def said(client: httpx.AsyncClient) -> None:
        answer = await client.post("/admin/v1/nodes", json={**NODE, "models": ["nonsense.gguf"]})
        assert (answer.status_code, answer.json()["error"]["reason"]) == (400, "INVALID_MODEL")

    talk(said)


def test_a_batch_is_201_206_or_400(talk: Callable[..., None]) -> None:
    async def said(client: httpx.AsyncClient) -> None:
        good, other = NODE, {**NODE, "id": "n2"}
        bad = {**NODE, "id": "bad", "models": ["nonsense.gguf"]}
        whole = await client.post("/admin/v1/nodes/batch", json=[good, other])
        assert (whole.status_code, [item["id"] for item in whole.json()]) == (201, ["n1", "n2"])
        part = await client.post("/admin/v1/nodes/batch", json=[bad, good])
        assert part.status_code == 206
        assert [item["id"] for item in part.json()["nodes"]] == ["n1"]
        assert [item["id"] for item in part.json()["errors"]] == ["bad"]
        assert (await client.post("/admin/v1/nodes/batch", json=[bad])).status_code == 400

    talk(said)


def test_a_decision_and_an_update_survive_a_restart(talk: Callable[..., None]) -> None:
    async def before(client: httpx.AsyncClient) -> None:
        await client.post("/admin/v1/nodes", json=NODE)
        answer = await client.post("/admin/v1/nodes/n1/disable")
        assert (answer.status_code, answer.json()["node_id"]) == (200, "n1")
        assert (await client.put("/admin/v1/nodes/n1", json={**NODE, "host": "10.0.0.9"})).status_code == 200

    async def after(client: httpx.AsyncClient) -> None:
        shown = (await client.get("/admin/v1/nodes/n1")).json()
        assert (shown["state"]["enabled"], shown["node"]["host"]) == (False, "10.0.0.9")
        assert (await client.post("/admin/v1/nodes/n1/enable")).json()["state"]["enabled"] is True

    talk(before)
    talk(after)


def test_health_is_open_and_readiness_says_why_not(talk: Callable[..., None]) -> None:
    async def said(client: httpx.AsyncClient) -> None:
        bare = {"authorization": ""}
        assert (await client.get("/healthz", headers=bare)).json() == {"status": "ok", "version": "1.2.3"}
        ready = await client.get("/readyz", headers=bare)
        assert (ready.status_code, ready.json()["reason"]) == (503, "no chain")
        assert (await client.get("/nowhere")).json()["error"]["reason"] == "HTTP_ERROR"

    talk(said)


def test_fifty_calls_at_once_are_all_answered(talk: Callable[..., None]) -> None:
    async def said(client: httpx.AsyncClient) -> None:
        documents = [{**NODE, "id": f"n{number:02}"} for number in range(50)]
        answers = await asyncio.gather(*(client.post("/admin/v1/nodes", json=item) for item in documents))
        assert {answer.status_code for answer in answers} == {200}
        assert len((await client.get("/admin/v1/nodes")).json()) == 50

    talk(said)
