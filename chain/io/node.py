"""A running chain node as a command sees it: ask, sign, send, wait."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import Message

from chain.cosmos import abci_pb2, auth_pb2, keys_pb2, tx_pb2, tx_service_pb2
from chain.io.keys import AccountKey
from chain.io.refused import Refused
from chain.v1 import events_pb2

GAS_LIMIT = 250_000_000
"""Gas that a command asks for; more than any single message uses. The chain takes the budget of a block where
that is less.
"""
CALL_TIMEOUT_S = 10.0
INCLUSION_TIMEOUT_S = 30.0
"""How long a command waits for its transaction to be in a block."""
POLL_S = 0.1
HEIGHT_HEADER = "x-cosmos-block-height"
"""Metadata in which a query names its height, and in which the answer tells its own."""
PUBKEY_TYPE_URL = "/cosmos.crypto.secp256k1.PubKey"
TX_SERVICE = "/cosmos.tx.v1beta1.Service"


class NodeRefused(Refused):
    """What a node answered instead of a result, in one sentence."""


class Node:
    """One node, at one address."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._channel = grpc.aio.insecure_channel(address)

    async def close(self) -> None:
        """Hang up."""
        await self._channel.close()

    async def call(self, path: str, request: Message, answer_class: type[Any], height: int = 0) -> Any:
        """Call a method by its path; a query of the state at a height, 0 for the last one."""
        method = self._channel.unary_unary(
            path,
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=answer_class.FromString,
        )
        try:
            metadata = ((HEIGHT_HEADER, str(height)),) if height else ()
            return await method(request, timeout=CALL_TIMEOUT_S, metadata=metadata)
        except grpc.aio.AioRpcError as error:
            raise NodeRefused(self._explain(error)) from error

    async def status(self) -> events_pb2.ChainStatus:
        """How the chain stands."""
        path = "/chain.v1.EventStream/GetStatus"
        status: events_pb2.ChainStatus = await self.call(
            path, events_pb2.GetStatusRequest(), events_pb2.ChainStatus
        )
        return status

    async def send(self, messages: list[Message], key: AccountKey, memo: str = "") -> abci_pb2.TxResponse:
        """Sign messages, hand them in, and wait for the block that holds them. Raises NodeRefused when the
        check or the block refuses them.
        """
        chain_id = (await self.status()).chain_id
        account = await self._account(key.address)
        tx = sign_tx(messages, key, chain_id, account.account_number, account.sequence, memo)
        checked: tx_service_pb2.BroadcastTxResponse = await self.call(
            f"{TX_SERVICE}/BroadcastTx",
            tx_service_pb2.BroadcastTxRequest(tx_bytes=tx, mode=tx_service_pb2.BROADCAST_MODE_SYNC),
            tx_service_pb2.BroadcastTxResponse,
        )
        response = checked.tx_response
        if response.code == 0:
            response = await self._wait(response.txhash)
        if response.code != 0:
            raise NodeRefused(f"{response.info or 'code ' + str(response.code)}: {response.raw_log}")
        return response

    async def _account(self, address: str) -> auth_pb2.BaseAccount:
        answer: auth_pb2.QueryAccountResponse = await self.call(
            "/cosmos.auth.v1beta1.Query/Account",
            auth_pb2.QueryAccountRequest(address=address),
            auth_pb2.QueryAccountResponse,
        )
        account: auth_pb2.BaseAccount = auth_pb2.BaseAccount.FromString(answer.account.value)
        return account

    async def _wait(self, tx_hash: str) -> abci_pb2.TxResponse:
        async def find() -> abci_pb2.TxResponse:
            method = self._channel.unary_unary(
                f"{TX_SERVICE}/GetTx",
                request_serializer=tx_service_pb2.GetTxRequest.SerializeToString,
                response_deserializer=tx_service_pb2.GetTxResponse.FromString,
            )
            while True:
                try:
                    request = tx_service_pb2.GetTxRequest(hash=tx_hash)
                    found: tx_service_pb2.GetTxResponse = await method(request, timeout=CALL_TIMEOUT_S)
                    return found.tx_response
                except grpc.aio.AioRpcError as error:
                    if error.code() != grpc.StatusCode.NOT_FOUND:
                        raise NodeRefused(self._explain(error)) from error
                await asyncio.sleep(POLL_S)

        try:
            return await asyncio.wait_for(find(), INCLUSION_TIMEOUT_S)
        except TimeoutError as error:
            raise NodeRefused(
                f"transaction {tx_hash} is in no block after {INCLUSION_TIMEOUT_S:.0f} s; it may still come"
            ) from error

    def _explain(self, error: grpc.aio.AioRpcError) -> str:
        if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
            return f"no chain answers at {self._address}; is it running?"
        if error.code() == grpc.StatusCode.UNIMPLEMENTED:
            return f"what answers at {self._address} is no chain, or an older one; --node names its gRPC port"
        reason = dict(error.trailing_metadata() or ()).get("reason")
        return f"{reason or error.code().name}: {error.details()}"


def sign_tx(
    messages: list[Message],
    key: AccountKey,
    chain_id: str,
    account_number: int,
    sequence: int,
    memo: str = "",
) -> bytes:
    """A transaction, signed in SIGN_MODE_DIRECT: encoded TxRaw."""
    body = tx_pb2.TxBody(messages=[pack(message) for message in messages], memo=memo)
    signer = tx_pb2.SignerInfo(
        public_key=any_pb2.Any(
            type_url=PUBKEY_TYPE_URL, value=keys_pb2.PubKey(key=key.public_key).SerializeToString()
        ),
        mode_info=tx_pb2.ModeInfo(single=tx_pb2.ModeInfo.Single(mode=tx_pb2.SIGN_MODE_DIRECT)),
        sequence=sequence,
    )
    auth_info = tx_pb2.AuthInfo(signer_infos=[signer], fee=tx_pb2.Fee(gas_limit=GAS_LIMIT))
    body_bytes = body.SerializeToString(deterministic=True)
    auth_info_bytes = auth_info.SerializeToString(deterministic=True)
    document = tx_pb2.SignDoc(
        body_bytes=body_bytes,
        auth_info_bytes=auth_info_bytes,
        chain_id=chain_id,
        account_number=account_number,
    )
    signature = key.sign(document.SerializeToString(deterministic=True))
    raw = tx_pb2.TxRaw(body_bytes=body_bytes, auth_info_bytes=auth_info_bytes, signatures=[signature])
    encoded: bytes = raw.SerializeToString(deterministic=True)
    return encoded


def pack(message: Message) -> any_pb2.Any:
    """A message with its type."""
    return any_pb2.Any(
        type_url=f"/{message.DESCRIPTOR.full_name}", value=message.SerializeToString(deterministic=True)
    )


def run_on(address: str, action: Callable[[Node], Awaitable[Any]]) -> Any:
    """Do something with a node, from a command."""

    async def run() -> Any:
        node = Node(address)
        try:
            return await action(node)
        finally:
            await node.close()

    return asyncio.run(run())
