"""The operator's side of the admin interface: what the command line asks a running broker."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from broker.errors import BrokerError, HomeError
from broker.io.home import TOKEN_FILE

TIMEOUT_S = 15.0


class Refused(BrokerError):
    """The broker said no; the sentence is its own."""

    reason = "REFUSED"


class Operator:
    """Talks to one broker. Address and token come from its home unless they are given."""

    def __init__(self, home: Path, address: str = "", token: str = "") -> None:
        self._base = f"{address.rstrip('/') or find_address(home)}/admin/v1"
        self._headers = {"authorization": f"Bearer {token or read_token(home)}"}

    def call(self, method: str, path: str, document: object = None) -> Any:
        """One request; HomeError when nobody answers, Refused when the broker says no."""
        try:
            answer = httpx.request(
                method, self._base + path, headers=self._headers, json=document, timeout=TIMEOUT_S
            )
        except httpx.HTTPError as error:
            raise HomeError(f"no broker answers at {self._base}: {error}; is it running?") from None
        except (httpx.InvalidURL, ValueError) as error:
            raise HomeError(
                f"cannot ask {self._base}: {error}; mend the address, token or document"
            ) from None
        try:
            body = json.loads(answer.content)
        except ValueError:
            raise HomeError(f"{self._base} is no broker's admin interface") from None
        if answer.is_error:
            raise Refused(_describe_error(body))
        return body


def _describe_error(body: Any) -> str:
    error = body.get("error", {}) if isinstance(body, dict) else {}
    if isinstance(body, dict) and "errors" in body:
        return "; ".join(str(item.get("message", "")) for item in body["errors"])
    fields = "; ".join(f"{item['field']}: {item['message']}" for item in error.get("fields", ()))
    return str(error.get("message", body)) + (f" ({fields})" if fields else "")


def find_address(home: Path) -> str:
    """Where the broker of this home listens now."""
    try:
        port = int(json.loads((home / "ready.json").read_text())["ports"]["admin"])
    except OSError:
        raise HomeError(f"no broker is running in {home}; start it, or give --admin-url") from None
    except (ValueError, KeyError, TypeError):
        raise HomeError(f"{home / 'ready.json'} is damaged; restart the broker") from None
    return f"http://127.0.0.1:{port}"


def get_node_path(node_id: str) -> str:
    """Where a node is found. HomeError for what can be no node's id."""
    if not node_id or node_id in (".", ".."):
        raise HomeError(f"{node_id!r} is no node's id; `meshkeeper broker nodes list` shows them")
    return f"/nodes/{quote(node_id, safe='')}"


def read_token(home: Path) -> str:
    """The token in the home."""
    try:
        return (home / TOKEN_FILE).read_text().strip()
    except OSError as error:
        raise HomeError(f"cannot read {home / TOKEN_FILE}: {error.strerror}; give --token") from None
