"""Counts HTTP requests by path and status, at the outermost door, so that nothing escapes."""

from collections.abc import Iterable

from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mlnode.figures import Figures

CLIENT_GONE = 499
"""Counted for a client that left before it was told anything."""
ELSEWHERE = "other"
"""Counted for every path that is none of ours."""


class Counted:
    """An application whose requests are counted. A refusal leaves its code in the scope."""

    def __init__(self, app: ASGIApp, routes: Iterable[Route], figures: Figures) -> None:
        self._app = app
        self._routes = tuple(routes)
        self._plain = {route.path for route in self._routes if "{" not in route.path}
        self._figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = CLIENT_GONE

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            self._figures.note_http(self._name(scope["path"]), status, scope.get("refusal", ""))

    def _name(self, path: str) -> str:
        """The route's own path, so that there are no more names than routes."""
        if path in self._plain:
            return path
        return next((route.path for route in self._routes if route.path_regex.match(path)), ELSEWHERE)
