"""Finding a node and asking it how it stands, for the commands that show one."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ASK_S = 5.0
"""A node that has not answered by then counts as gone."""
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class NoAnswer(Exception):
    """There is nothing to show. The sentence says why and what to do; `final` that asking again is vain."""

    def __init__(self, sentence: str, final: bool = False) -> None:
        super().__init__(sentence)
        self.final = final


@dataclass(frozen=True, slots=True)
class Target:
    """Where to ask: at an address, or where the node of a home folder says that it is."""

    url: str
    """Empty: `home` says it."""
    home: Path
    key: str = ""

    def find_url(self) -> str:
        """The node's address now; a node that was started again may have another one."""
        return self.url.rstrip("/") or read_ready(self.home)

    def ask(self, client: httpx.Client) -> tuple[str, dict[str, Any]]:
        """The node's address, and its status. Raises `NoAnswer`."""
        url = self.find_url()
        headers = {"authorization": f"Bearer {self.key}"} if self.key else {}
        try:
            response = client.get(f"{url}/status", headers=headers, timeout=ASK_S)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, UnicodeError):
            raise NoAnswer(f"{url} is no address; write --url http://HOST:PORT.", final=True) from None
        except httpx.HTTPError as error:
            raise NoAnswer(f"No node answers at {url} ({_describe(error)}); is it running?") from None
        return url, _read_status(url, response)


def read_ready(home: Path) -> str:
    """The address of the node that runs in a home folder. Raises `NoAnswer`."""
    ready = home / "ready.json"
    try:
        document = json.loads(ready.read_text("utf-8"))
        host, port = str(document.get("host", "127.0.0.1")), int(document["ports"]["http"])
    except OSError:
        raise NoAnswer(
            f"No node runs in {home} (there is no ready.json); start one with meshkeeper mlnode serve, "
            "or say where it is with --url or --home."
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NoAnswer(f"{ready} was not written by a node; say where the node is with --url.") from None
    host = _ANYWHERE.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _read_status(url: str, response: httpx.Response) -> dict[str, Any]:
    if response.status_code == 401:
        raise NoAnswer(
            f"The node at {url} wants a key; give --api-key or set MESHKEEPER_MLNODE_API_KEY.", final=True
        )
    try:
        status = response.json() if response.status_code == 200 else None
    except ValueError:
        status = None
    if not isinstance(status, dict) or "instances" not in status:
        raise NoAnswer(f"What answers at {url} is no node (HTTP {response.status_code}); check --url.")
    return status


def _describe(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.ConnectError):
        return "nothing can be reached there"
    if isinstance(error, httpx.TimeoutException):
        return f"no answer within {ASK_S:.0f} s"
    return type(error).__name__
