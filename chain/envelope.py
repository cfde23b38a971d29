"""Opens a transaction: from the bytes that were broadcast to records, refusing whatever is not exactly
one.
"""

from collections.abc import Mapping
from functools import lru_cache

from chain.auth.addresses import ED25519, SECP256K1
from chain.bounds import check_bounds
from chain.codec import decode_canonical, decode_strict, encode
from chain.errors import ErrInvalidPubKey, ErrInvalidRequest, ErrTxDecode, ErrUnknownRequest
from chain.router import Route
from chain.tx import Any, AuthInfo, PubKey, SignDoc, Tx, TxBody, TxRaw

KEY_TYPES = {
    "/cosmos.crypto.secp256k1.PubKey": SECP256K1,
    "/cosmos.crypto.ed25519.PubKey": ED25519,
}
"""Kinds of public keys by the type URL that carries them."""
KEYS_MAX = 20_000
"""Public keys whose decoding is remembered. It depends on the bytes alone, so it only saves time."""


def open_tx(data: bytes, routes: Mapping[str, Route]) -> Tx:
    """The transaction in the bytes. Refuses unknown fields, a `TxRaw` that is not canonical, messages that
    no room handles, texts and lists beyond their bounds, and a transaction without messages.
    """
    raw = decode_canonical(TxRaw, data, check_bounds)
    body = decode_strict(TxBody, raw.body_bytes, check_bounds)
    auth_info = decode_strict(AuthInfo, raw.auth_info_bytes, check_bounds)
    if not body.messages:
        raise ErrInvalidRequest(why="the transaction carries no message")
    messages = tuple(_open_message(packed, routes) for packed in body.messages)
    named = [
        getattr(message, routes[packed.type_url].signer)
        for packed, message in zip(body.messages, messages, strict=True)
    ]
    payers = [auth_info.fee.payer] if auth_info.fee.payer else []
    signers = tuple(dict.fromkeys(named + payers))
    return Tx(len(data), raw, body, auth_info, messages, signers)


def sign_bytes(tx: TxRaw, chain_id: str, account_number: int) -> bytes:
    """What a signer signs: the encoded SignDoc."""
    return encode(SignDoc(tx.body_bytes, tx.auth_info_bytes, chain_id, account_number))


def open_public_key(packed: Any, address: str) -> tuple[str, bytes]:
    """Kind and bytes of a packed public key of an account."""
    key_type = KEY_TYPES.get(packed.type_url)
    if key_type is None:
        raise ErrInvalidPubKey(
            address=address, why=f"{packed.type_url!r} is not one of {', '.join(KEY_TYPES)}"
        )
    return key_type, _open_key(packed.value)


def pack_public_key(key_type: str, public_key: bytes) -> Any:
    """A public key, packed as in a transaction."""
    url = next(url for url, kind in KEY_TYPES.items() if kind == key_type)
    return Any(url, encode(PubKey(public_key)))


@lru_cache(KEYS_MAX)
def _open_key(data: bytes) -> bytes:
    return decode_strict(PubKey, data).key


def _open_message(packed: Any, routes: Mapping[str, Route]) -> object:
    route = routes.get(packed.type_url)
    if route is None:
        raise ErrUnknownRequest(what=f"message {packed.type_url[:128]!r}")
    try:
        return decode_strict(route.message, packed.value, check_bounds)
    except ErrTxDecode as error:
        raise ErrTxDecode(why=f"{packed.type_url}: {error}") from error
