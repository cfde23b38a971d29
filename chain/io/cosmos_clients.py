"""The Cosmos services that common clients speak: handing transactions in, finding them, and asking for the
node.
"""

import asyncio
import hashlib
import re
from base64 import b64decode

import bech32
import grpc
from google.protobuf import any_pb2, timestamp_pb2
from google.protobuf.message import DecodeError

from chain.block import TxResult
from chain.cosmos import (
    abci_pb2,
    consensus_pb2,
    consensus_pb2_grpc,
    ed25519_pb2,
    tendermint_pb2,
    tendermint_pb2_grpc,
    tx_pb2,
    tx_service_pb2,
    tx_service_pb2_grpc,
)
from chain.header import compute_tx_hash
from chain.io.producer import BLOCK_BYTES_MAX, Machine, Producer
from chain.io.proofs import answer_state
from chain.io.sql import Database, StoredBlock
from chain.io.telling import describe_trial, describe_tx
from chain.mempool import TX_BYTES_MAX
from chain.v1 import query_pb2, validators_pb2

COSMOS_SDK_VERSION = "v0.53.0"
"""The SDK whose queries and numbers this chain follows; clients decide by it what they may ask."""
TX_TYPE_URL = "/cosmos.tx.v1beta1.Tx"
TX_HASH = re.compile("[0-9a-fA-F]{64}")
NS_PER_S = 1_000_000_000
VALIDATOR_PREFIX = "meshvalcons"
"""Human-readable part of a consensus key's address."""


class TxService(tx_service_pb2_grpc.ServiceServicer):
    """Takes and finds transactions."""

    def __init__(self, machine: Machine, producer: Producer, database: Database) -> None:
        self._machine = machine
        self._producer = producer
        self._database = database

    async def BroadcastTx(
        self, request: tx_service_pb2.BroadcastTxRequest, context: grpc.aio.ServicerContext
    ) -> tx_service_pb2.BroadcastTxResponse:
        """Hands a transaction in and tells what its check said."""
        if not request.tx_bytes:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "tx_bytes is empty")
        result = self._producer.broadcast(request.tx_bytes)
        if request.mode == tx_service_pb2.BROADCAST_MODE_ASYNC:
            response = abci_pb2.TxResponse(txhash=compute_tx_hash(request.tx_bytes))
        else:
            response = describe_tx(request.tx_bytes, result)
        return tx_service_pb2.BroadcastTxResponse(tx_response=response)

    async def GetTx(
        self, request: tx_service_pb2.GetTxRequest, context: grpc.aio.ServicerContext
    ) -> tx_service_pb2.GetTxResponse:
        """Finds a committed transaction."""
        if not TX_HASH.fullmatch(request.hash):
            await context.abort(
                grpc.StatusCode.INVALID_ARGUMENT, "hash is not the 64 hex digits of a transaction's SHA-256"
            )
        found = await asyncio.to_thread(self._database.find_tx, bytes.fromhex(request.hash))
        tx, result = found or (b"", b"")
        response = abci_pb2.TxResponse.FromString(result)
        # A block is in the database a moment before the node stands at it and answers from its state.
        if found is None or response.height > self._producer.tip.height:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"tx not found: {request.hash.upper()}")
        response.tx.CopyFrom(any_pb2.Any(type_url=TX_TYPE_URL, value=tx))
        return tx_service_pb2.GetTxResponse(tx=_decode_tx(tx), tx_response=response)

    async def Simulate(
        self, request: tx_service_pb2.SimulateRequest, context: grpc.aio.ServicerContext
    ) -> tx_service_pb2.SimulateResponse:
        """Tries a transaction. A decoded one has the same bytes as an encoded one."""
        tx = request.tx_bytes or request.tx.SerializeToString(deterministic=True)
        if not tx:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "neither tx_bytes nor tx is given")
        if len(tx) > TX_BYTES_MAX:
            why = f"the transaction has {len(tx)} bytes, at most {TX_BYTES_MAX}"
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, why)
        result = self._machine.simulate(tx)
        if result.code != 0:
            await _abort_trial(context, result)
        return tx_service_pb2.SimulateResponse(
            gas_info=abci_pb2.GasInfo(gas_wanted=result.gas_wanted, gas_used=result.gas_used),
            result=describe_trial(result),
        )


class NodeService(tendermint_pb2_grpc.ServiceServicer):
    """Tells of the node and its blocks."""

    def __init__(self, machine: Machine, producer: Producer, database: Database, version: str) -> None:
        self._machine = machine
        self._producer = producer
        self._database = database
        self._version = version

    async def GetNodeInfo(
        self, request: tendermint_pb2.GetNodeInfoRequest, context: grpc.aio.ServicerContext
    ) -> tendermint_pb2.GetNodeInfoResponse:
        """Tells what node this is."""
        return tendermint_pb2.GetNodeInfoResponse(
            default_node_info=tendermint_pb2.DefaultNodeInfo(
                network=self._producer.tip.chain_id, version=self._version, moniker="meshkeeper"
            ),
            application_version=tendermint_pb2.VersionInfo(
                name="meshkeeper",
                app_name="meshkeeper",
                version=self._version,
                cosmos_sdk_version=COSMOS_SDK_VERSION,
            ),
        )

    async def GetSyncing(
        self, request: tendermint_pb2.GetSyncingRequest, context: grpc.aio.ServicerContext
    ) -> tendermint_pb2.GetSyncingResponse:
        """The only proposer is never behind."""
        return tendermint_pb2.GetSyncingResponse(syncing=False)

    async def GetLatestBlock(
        self, request: tendermint_pb2.GetLatestBlockRequest, context: grpc.aio.ServicerContext
    ) -> tendermint_pb2.GetLatestBlockResponse:
        """Finds the newest block."""
        found = await self._find(self._producer.tip.height, context)
        block, block_id = _block(found), tendermint_pb2.BlockID(hash=found.header.block_hash)
        return tendermint_pb2.GetLatestBlockResponse(block_id=block_id, block=block, sdk_block=block)

    async def GetBlockByHeight(
        self, request: tendermint_pb2.GetBlockByHeightRequest, context: grpc.aio.ServicerContext
    ) -> tendermint_pb2.GetBlockByHeightResponse:
        """Finds a block."""
        found = await self._find(request.height, context)
        block, block_id = _block(found), tendermint_pb2.BlockID(hash=found.header.block_hash)
        return tendermint_pb2.GetBlockByHeightResponse(block_id=block_id, block=block, sdk_block=block)

    async def GetLatestValidatorSet(
        self, request: tendermint_pb2.GetLatestValidatorSetRequest, context: grpc.aio.ServicerContext
    ) -> tendermint_pb2.GetLatestValidatorSetResponse:
        """Lists the validators that the chain has handed out last."""
        asked = query_pb2.QueryValidatorsRequest(pagination=request.pagination)
        result = self._machine.query("/chain.v1.Query/Validators", asked.SerializeToString())
        if result.code != 0:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, result.log)
        found = query_pb2.QueryValidatorsResponse.FromString(result.value)
        return tendermint_pb2.GetLatestValidatorSetResponse(
            block_height=result.height,
            validators=[_describe_validator(validator) for validator in found.validators],
            pagination=found.pagination,
        )

    async def ABCIQuery(
        self, request: tendermint_pb2.ABCIQueryRequest, context: grpc.aio.ServicerContext
    ) -> tendermint_pb2.ABCIQueryResponse:
        """Reads one entry of the state, with a proof when asked."""
        return answer_state(self._machine, request)

    async def _find(self, height: int, context: grpc.aio.ServicerContext) -> StoredBlock:
        last = self._producer.tip.height
        found = None
        if 0 < height <= last:
            found = await asyncio.to_thread(self._database.read_block, height)
        if found is None:
            await context.abort(
                grpc.StatusCode.NOT_FOUND, f"block {height} not found: the last one is {last}"
            )
        assert found is not None  # abort raises
        return found


class ConsensusService(consensus_pb2_grpc.QueryServicer):
    """Tells the limits of blocks."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    async def Params(
        self, request: consensus_pb2.QueryParamsRequest, context: grpc.aio.ServicerContext
    ) -> consensus_pb2.QueryParamsResponse:
        """A block is bounded by its bytes and by its gas; -1 where the parameters set no limit."""
        answer = query_pb2.QueryParamsResponse.FromString(
            self._machine.query("/chain.v1.Query/Params", b"").value
        )
        max_gas = answer.params.auth.max_block_gas or -1
        block = consensus_pb2.BlockParams(max_bytes=BLOCK_BYTES_MAX, max_gas=max_gas)
        return consensus_pb2.QueryParamsResponse(params=consensus_pb2.ConsensusParams(block=block))


def _describe_validator(validator: validators_pb2.Validator) -> tendermint_pb2.Validator:
    key = b64decode(validator.public_key)
    words = bech32.convertbits(hashlib.sha256(key).digest()[:20], 8, 5) or []
    public_key = any_pb2.Any()
    public_key.Pack(ed25519_pb2.PubKey(key=key), type_url_prefix="")
    return tendermint_pb2.Validator(
        address=bech32.bech32_encode(VALIDATOR_PREFIX, words),
        pub_key=public_key,
        voting_power=validator.power,
    )


def _block(stored: StoredBlock) -> tendermint_pb2.Block:
    header = stored.header
    seconds, nanos = divmod(header.time_ns, NS_PER_S)
    return tendermint_pb2.Block(
        header=tendermint_pb2.Header(
            chain_id=header.chain_id,
            height=header.height,
            time=timestamp_pb2.Timestamp(seconds=seconds, nanos=nanos),
            last_block_id=tendermint_pb2.BlockID(hash=header.previous_hash),
            data_hash=header.txs_hash,
            app_hash=header.app_hash,
            last_results_hash=header.results_hash,
            proposer_address=header.proposer,
        ),
        data=tendermint_pb2.Data(txs=stored.txs),
    )


def _decode_tx(tx: bytes) -> tx_pb2.Tx:
    """The transaction, or an empty one where the block holds bytes that are none."""
    try:
        decoded: tx_pb2.Tx = tx_pb2.Tx.FromString(tx)
        return decoded
    except DecodeError:
        return tx_pb2.Tx()


async def _abort_trial(context: grpc.aio.ServicerContext, result: TxResult) -> None:
    metadata = (("code", str(result.code)), ("codespace", result.codespace), ("reason", result.reason))
    await context.abort(grpc.StatusCode.INVALID_ARGUMENT, result.log, metadata)
