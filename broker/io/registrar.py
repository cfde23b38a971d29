"""Joining the chain: wait for it, follow it, and see to it that the participant is registered."""

import asyncio
import contextlib
from collections.abc import Callable

import grpc
import structlog

from broker.errors import BrokerError
from broker.io.chain import Chain
from broker.io.chain_tx import TxLost, TxRejected
from broker.io.home import load_validator_key
from broker.io.settings import Settings
from chain.v1 import nodes_pb2, query_pb2, query_pb2_grpc, tx_pb2

RETRY_S = 2.0
QUERY_TIMEOUT_S = 10.0

_log = structlog.get_logger("broker")


async def join_chain(
    settings: Settings, chain: Chain, public_port: int, on_joined: Callable[[], None]
) -> None:
    """Connect, then follow the chain for ever; the registration runs beside it until it stands."""
    await _connect(chain)
    on_joined()
    url = settings.public_url or f"http://{settings.public_host}:{public_port}"
    key = settings.validator_key or load_validator_key(settings.home)
    registering = asyncio.create_task(_register(settings.chain, chain, url, key))
    try:
        await chain.run()
    finally:
        registering.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await registering


async def _connect(chain: Chain) -> None:
    while True:
        try:
            await chain.connect()
            return
        except BrokerError as error:
            _log.warning("cannot join the chain yet", why=str(error))
            await asyncio.sleep(RETRY_S)


async def _register(address: str, chain: Chain, url: str, validator_key: str) -> None:
    """Register or update the participant until the chain shows it as it should be."""
    async with grpc.aio.insecure_channel(address) as channel:
        query = query_pb2_grpc.QueryStub(channel)
        while True:
            try:
                known = await _find_participant(query, chain.address)
                if known is not None and (known.inference_url, known.validator_key) == (url, validator_key):
                    return
                message = tx_pb2.MsgSubmitNewParticipant(
                    creator=chain.address, url=url, validator_key=validator_key
                )
                await chain.sender.send(message)
                _log.info("registered", url=url, address=chain.address)
            except TxRejected as error:
                _log.error("registration refused", reason=error.reason, why=error.log)
                await asyncio.sleep(RETRY_S)
            except (TxLost, grpc.aio.AioRpcError, BrokerError) as error:
                _log.warning("registration is tried again", why=str(error))
                await asyncio.sleep(RETRY_S)


async def _find_participant(query: query_pb2_grpc.QueryStub, address: str) -> nodes_pb2.Participant | None:
    request = query_pb2.QueryParticipantRequest(index=address)
    try:
        reply = await query.Participant(request, timeout=QUERY_TIMEOUT_S)
    except grpc.aio.AioRpcError as error:
        if error.code() == grpc.StatusCode.NOT_FOUND:
            return None
        raise
    participant: nodes_pb2.Participant = reply.participant
    return participant
