"""The HTTP interface as an OpenAPI 3.1 document: request bodies as they are decoded, answers, refusals."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from mlnode.io.bodies import ChatBody, CompletionBody, EmbeddingBody, InferBody

Document = dict[str, Any]

_JSON = "application/json"
_SSE = "text/event-stream"
_TEXT: Document = {"type": "string"}
_EVENT: Document = {"type": "object", "properties": {"data": {"type": "string"}}, "required": ["data"]}
"""A server-sent event; `data` is JSON, or `[DONE]` at the end."""
_OBJECT: Document = {"type": "object"}
_COUNT: Document = {"type": "integer", "minimum": 0}
_SECONDS: Document = {"type": "number", "minimum": 0}
_ASKING = (400, 401, 404, 408, 413, 415, 429, 500, 502, 503, 507)
"""Refusals of whatever a model has to answer."""


def describe_interface(version: str) -> Document:
    """All routes. Where a path has more than one method, all are there."""
    bodies = [ChatBody, CompletionBody, InferBody, EmbeddingBody]
    _, components = msgspec.json.schema_components(bodies, ref_template="#/components/schemas/{name}")
    return {
        "openapi": "3.1.0",
        "info": {"title": "Meshkeeper model node", "version": version, "license": {"name": "Apache-2.0"}},
        "security": [{}, {"key": []}],
        "paths": _paths(),
        "components": {
            "schemas": {**components, **_answers()},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _paths() -> Document:
    name = {"name": "name", "in": "path", "required": True, "schema": _TEXT}
    stream = (_SSE,)
    lines = ("application/x-ndjson", *stream)
    return {
        "/": {"get": _route("The node's page", {200: _content(_TEXT, "text/html")})},
        "/openapi.json": {"get": _route("This document", {200: _content(_OBJECT)})},
        "/healthz": {"get": _route("The process answers", {200: _content(_object(status=_TEXT))})},
        "/readyz": {
            "get": _route("A model answers", {200: _content(_ref("Ready")), 503: _content(_ref("Ready"))})
        },
        "/status": {"get": _route("Instances, totals, settings", {200: _content(_ref("Status"))}, (401,))},
        "/metrics": {"get": _route("Prometheus", {200: _content(_TEXT, "text/plain")}, (401,))},
        "/models": {
            "get": _route("The files", {200: _content(_object(models=_list(_object(id=_TEXT))))}, (401,))
        },
        "/models/reload": {"post": _route("Read the folder anew", {200: _content(_OBJECT)}, (401, 500))},
        "/models/{name}/load": {
            "parameters": [name],
            "post": _route("Load a model", {202: _content(_OBJECT)}, (*_ASKING, 409)),
        },
        "/models/{name}/unload": {
            "parameters": [name],
            "post": _route("Unload a model", {202: _content(_OBJECT)}, (*_ASKING, 409)),
        },
        "/models/{name}/log": {
            "parameters": [name],
            "get": _route("A model's output", {200: _content(_TEXT, "text/plain")}, (401, 404)),
        },
        "/infer": {"post": _asking("A prompt or a conversation, plainly", "InferBody", "Plain", lines)},
        "/v1/models": {"get": _route("The models", {200: _content(_ref("Models"))}, (401,))},
        "/v1/models/{name}": {
            "parameters": [name],
            "get": _route("A model", {200: _content(_ref("Model"))}, (401, 404)),
        },
        "/v1/embeddings": {"post": _asking("Vectors of texts", "EmbeddingBody", "Embeddings")},
        "/v1/completions": {"post": _asking("Completions", "CompletionBody", "Completion", stream)},
        "/v1/chat/completions": {"post": _asking("The next message", "ChatBody", "Chat", stream)},
    }


def _asking(summary: str, body: str, answer: str, streams: Sequence[str] = ()) -> Document:
    content = {
        **_content(_ref(answer))["content"],
        **{kind: {"schema": _EVENT if kind == _SSE else _TEXT} for kind in streams},
    }
    good = {200: {"description": "The answer", "content": content}}
    return {
        **_route(summary, good, _ASKING),
        "requestBody": {"required": True, "content": {_JSON: {"schema": _ref(body)}}},
    }


def _route(summary: str, good: Mapping[int, Document], refusals: Sequence[int] = ()) -> Document:
    bad = {
        status: {"description": HTTPStatus(status).phrase, "content": {_JSON: {"schema": _ref("Error")}}}
        for status in sorted(refusals)
    }
    return {"summary": summary, "responses": {str(status): text for status, text in {**good, **bad}.items()}}


def _content(schema: Document, *kinds: str) -> Document:
    return {"description": "OK", "content": {kind: {"schema": schema} for kind in kinds or (_JSON,)}}


def _ref(name: str) -> Document:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(**required: Document) -> Document:
    return {"type": "object", "properties": required, "required": list(required)}


def _list(items: Document) -> Document:
    return {"type": "array", "items": items}


def _or_null(schema: Document) -> Document:
    return {"anyOf": [schema, {"type": "null"}]}


def _answers() -> Document:
    """What is sent when all goes well, and the one shape of every refusal."""
    usage = _object(
        prompt_tokens=_COUNT,
        completion_tokens=_COUNT,
        total_tokens=_COUNT,
        prompt_tokens_details=_object(cached_tokens=_COUNT),
    )
    head = {"id": _TEXT, "created": _COUNT, "model": _TEXT, "usage": usage}
    reason = {"enum": ["stop", "length", "tool_calls"]}
    call = _object(id=_TEXT, type={"const": "function"}, function=_object(name=_TEXT, arguments=_TEXT))
    message = _object(role={"const": "assistant"}, content=_or_null(_TEXT), refusal={"type": "null"})
    message["properties"]["tool_calls"] = _list(call)
    choice = {"index": _COUNT, "finish_reason": reason, "logprobs": _or_null({"type": "object"})}
    waiting = _list(
        _object(position={"type": "integer", "minimum": 1}, request_id=_or_null(_TEXT), waited_s=_SECONDS)
    )
    vector = _list({"type": "number"})
    return {
        "Error": _object(error=_object(message=_TEXT, type=_TEXT, param=_or_null(_TEXT), code=_TEXT)),
        "Ready": _object(ready={"type": "boolean"}, activity=_TEXT, models=_list(_TEXT)),
        "Status": _object(instances=_list(_object(model=_TEXT, state=_TEXT, queue=_COUNT, waiting=waiting))),
        "Model": _object(id=_TEXT, object={"const": "model"}, created=_COUNT, owned_by=_TEXT),
        "Models": _object(object={"const": "list"}, data=_list(_ref("Model"))),
        "Plain": _object(model=_TEXT, content=_TEXT, finish_reason=reason, usage=usage),
        "Completion": _object(
            **head, object={"const": "text_completion"}, choices=_list(_object(**choice, text=_TEXT))
        ),
        "Chat": _object(
            **head, object={"const": "chat.completion"}, choices=_list(_object(**choice, message=message))
        ),
        "Embeddings": _object(
            object={"const": "list"},
            model=_TEXT,
            data=_list(
                _object(object={"const": "embedding"}, index=_COUNT, embedding={"anyOf": [vector, _TEXT]})
            ),
            usage=_object(prompt_tokens=_COUNT, total_tokens=_COUNT),
        ),
    }
