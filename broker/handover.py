"""What a transfer agent hands to an executor, and what each of them signs.

requester        signs  original request, timestamp, transfer agent              = the inference's id
transfer agent   signs  the same, executor
executor         signs  the same as the transfer agent, once it has answered
"""

import hashlib
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass

from broker.errors import RequestRefused

SIGNATURE_BYTES = 64
SEED_MAX = 2**31 - 1
TIMESTAMP_NS_MAX = 2**63 - 1

INFERENCE_ID = "x-inference-id"
TIMESTAMP = "x-timestamp"
REQUESTER = "x-requester-address"
TRANSFER_AGENT = "x-transfer-address"
TRANSFER_SIGNATURE = "x-ta-signature"
SEED = "x-seed"
PROMPT_HASH = "x-prompt-hash"


@dataclass(frozen=True, slots=True)
class Handover:
    """One inference on its way from transfer agent to executor.

    `timestamp_ns` is when the requester signed, nanoseconds since the Unix epoch.
    """

    inference_id: str
    timestamp_ns: int
    requester: str
    transfer_agent: str
    transfer_signature: str
    seed: int
    prompt_hash: str

    def write_headers(self) -> dict[str, str]:
        """The headers that carry it."""
        return {
            INFERENCE_ID: self.inference_id,
            TIMESTAMP: str(self.timestamp_ns),
            REQUESTER: self.requester,
            TRANSFER_AGENT: self.transfer_agent,
            TRANSFER_SIGNATURE: self.transfer_signature,
            SEED: str(self.seed),
            PROMPT_HASH: self.prompt_hash,
        }


def read_handover(headers: Mapping[str, str]) -> Handover:
    """The hand-over in a request's headers. RequestRefused names the one that is missing or malformed."""
    return Handover(
        inference_id=_read_signature(headers, INFERENCE_ID),
        timestamp_ns=read_timestamp_ns(headers),
        requester=read_header(headers, REQUESTER),
        transfer_agent=read_header(headers, TRANSFER_AGENT),
        transfer_signature=_read_signature(headers, TRANSFER_SIGNATURE),
        seed=_read_number(headers, SEED, SEED_MAX),
        prompt_hash=read_header(headers, PROMPT_HASH),
    )


def read_header(headers: Mapping[str, str], name: str) -> str:
    """A header that must be there."""
    value = headers.get(name, "")
    if not value or len(value) > 256:
        raise RequestRefused(400, "invalid_header", f"header {name} is missing or malformed", name)
    return value


def read_timestamp_ns(headers: Mapping[str, str]) -> int:
    """When the requester signed, nanoseconds since the Unix epoch."""
    return _read_number(headers, TIMESTAMP, TIMESTAMP_NS_MAX)


def _read_number(headers: Mapping[str, str], name: str, limit: int) -> int:
    text = read_header(headers, name)
    if (
        not (text.isascii() and text.isdigit())
        or len(text) > 19
        or str(int(text)) != text
        or int(text) > limit
    ):
        raise RequestRefused(400, "invalid_header", f"header {name} is not a number from 0 to {limit}", name)
    return int(text)


def _read_signature(headers: Mapping[str, str], name: str) -> str:
    text = read_header(headers, name)
    if not decode_signature(text):
        raise RequestRefused(401, "invalid_signature", f"header {name} is not 64 bytes in base64", name)
    return text


def decode_signature(text: str) -> bytes:
    """The 64 bytes, none where the text is not their one canonical base64 form."""
    try:
        raw = b64decode(text.encode(), validate=True)
    except (Base64Error, ValueError):
        return b""
    return raw if len(raw) == SIGNATURE_BYTES and encode_signature(raw) == text else b""


def encode_signature(raw: bytes) -> str:
    """A signature as text."""
    return b64encode(raw).decode()


def build_request_bytes(original: str, timestamp_ns: int, transfer_agent: str) -> bytes:
    """What the requester signs."""
    return f"{original}{timestamp_ns}{transfer_agent}".encode()


def build_transfer_bytes(original: str, timestamp_ns: int, transfer_agent: str, executor: str) -> bytes:
    """What transfer agent and executor sign."""
    return f"{original}{timestamp_ns}{transfer_agent}{executor}".encode()


def hash_text(text: str) -> str:
    """SHA-256 of a text, hex."""
    return hashlib.sha256(text.encode()).hexdigest()
