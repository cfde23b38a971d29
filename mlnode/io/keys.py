"""Who may ask: API keys, and pages of other origins."""

import hmac
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from mlnode.errors import RequestInvalid
from mlnode.io.answers import refuse

OPEN_PATHS = frozenset({"/", "/healthz", "/readyz"})
"""Answered without a key: whoever watches the process has none, and the page asks for it."""
METRICS_PATH = "/metrics"

_log = structlog.get_logger("mlnode")


class Keys:
    """The keys of the settings, and those of a file, one a line, that may change while the node runs."""

    def __init__(self, keys: Iterable[str], file: Path | None) -> None:
        """Raises `OSError` when the file cannot be read, `ValueError` when it holds no key."""
        self._fixed = tuple(keys)
        self._file = file
        self._digests = self._read()

    @property
    def wanted(self) -> bool:
        """Whether a key is needed at all."""
        return bool(self._digests)

    def reload(self) -> None:
        """Read the file again. One that cannot be read, or holds no key, leaves the keys as they were."""
        try:
            self._digests = self._read()
            _log.info("keys read", count=len(self._digests))
        except (OSError, ValueError) as error:
            _log.error("keys kept as they were", why=str(error))

    def know(self, given: bytes) -> bool:
        """Whether this is one of them. It takes the same time for every key and for none."""
        digest = sha256(given).digest()
        return any([hmac.compare_digest(digest, known) for known in self._digests])  # noqa: C419

    def _read(self) -> tuple[bytes, ...]:
        lines = self._file.read_text("utf-8").splitlines() if self._file is not None else []
        written = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        if self._file is not None and not written:
            raise ValueError(f"{self._file} holds no key")
        return tuple(sha256(key.encode()).digest() for key in (*self._fixed, *written))


class KeyCheck:
    """Lets through who knows a key, and no page of another origin: the user's browser would speak for it."""

    def __init__(self, app: ASGIApp, keys: Keys, open_metrics: bool) -> None:
        self._app = app
        self._keys = keys
        self._open_paths = OPEN_PATHS | ({METRICS_PATH} if open_metrics else set())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (refusal := self._judge(scope)):
            await refuse(refusal)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _judge(self, scope: Scope) -> RequestInvalid | None:
        headers = dict(scope["headers"])
        if scope["method"] not in ("GET", "HEAD") and not _is_same_origin(headers):
            return RequestInvalid("CROSS_ORIGIN", "Pages of other origins may not ask this node.")
        if not self._keys.wanted or scope["path"] in self._open_paths or self._keys.know(_find_key(headers)):
            return None
        return RequestInvalid("UNAUTHORIZED", "Send a key of the node: Authorization: Bearer KEY.")


def _find_key(headers: dict[bytes, bytes]) -> bytes:
    """The bearer token, or else `x-api-key`."""
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    return token.strip() if scheme.lower() == b"bearer" else headers.get(b"x-api-key", b"")


def _is_same_origin(headers: dict[bytes, bytes]) -> bool:
    """Programs send no origin; a page of this node sends the address under which it was reached."""
    origin = headers.get(b"origin")
    return origin is None or origin.partition(b"://")[2] == headers.get(b"host")
