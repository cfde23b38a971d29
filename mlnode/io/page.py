"""The node's own page: one file, which may load nothing and talk to nobody but this node."""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

from starlette.responses import Response


def show_page() -> Response:
    """The page, with a policy that allows exactly the script and the style in it."""
    body, policy = _read()
    headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-cache",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(body, media_type="text/html", headers=headers)


@cache
def _read() -> tuple[str, str]:
    body = Path(__file__).with_name("page.html").read_text("utf-8")
    rules = (
        "default-src 'none'",
        f"script-src {_hash(body, 'script')}",
        f"style-src {_hash(body, 'style')}",
        "connect-src 'self'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
    return body, "; ".join(rules)


def _hash(body: str, tag: str) -> str:
    """What names the one inline element of a kind in the policy."""
    (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", body, re.DOTALL)
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
