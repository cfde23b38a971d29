"""Who may ask: signatures verified against the keys on the chain, each request once and while it is fresh."""

import asyncio
from collections.abc import Mapping

from broker.completions import CompletionRequest
from broker.errors import RequestRefused
from broker.handover import (
    REQUESTER,
    Handover,
    build_request_bytes,
    build_transfer_bytes,
    decode_signature,
    read_header,
    read_timestamp_ns,
)
from broker.io.chain import Chain
from broker.io.keys import AccountKey, is_signed_by
from broker.io.transfer import Claim
from broker.replay import Replays

AUTHORIZATION = "authorization"


class Admission:
    """Decides on signed requests. What one role has admitted says nothing about the other."""

    def __init__(self, chain: Chain, key: AccountKey) -> None:
        self._chain = chain
        self._key = key
        self._as_agent = Replays()
        self._as_executor = Replays()

    async def admit_requester(self, request: CompletionRequest, headers: Mapping[str, str]) -> Claim:
        """The claim of somebody who signed a request for this transfer agent. RequestRefused."""
        signature = headers.get(AUTHORIZATION, "").removeprefix("Bearer ").strip()
        requester, timestamp_ns = read_header(headers, REQUESTER), read_timestamp_ns(headers)
        signed = build_request_bytes(request.original, timestamp_ns, self._key.address)
        await self._check("requester's", requester, signed, signature)
        await self._admit(self._as_agent, signature, timestamp_ns)
        return Claim(requester, timestamp_ns, signature)

    async def admit_handover(self, request: CompletionRequest, handover: Handover) -> None:
        """Whether requester and transfer agent have signed this request for this executor. RequestRefused."""
        original, timestamp_ns, agent = request.original, handover.timestamp_ns, handover.transfer_agent
        by_requester = build_request_bytes(original, timestamp_ns, agent)
        by_agent = build_transfer_bytes(original, timestamp_ns, agent, self._key.address)
        await asyncio.gather(
            self._check("requester's", handover.requester, by_requester, handover.inference_id),
            self._check("transfer agent's", agent, by_agent, handover.transfer_signature),
        )
        await self._admit(self._as_executor, handover.inference_id, timestamp_ns)

    async def _check(self, whose: str, address: str, signed: bytes, signature: str) -> None:
        public_key = await self._chain.queries.fetch_public_key(address)
        if not public_key:
            raise RequestRefused(
                401, "unknown_account", f"the chain knows no key of {address[:100]}; send a transaction first"
            )
        if not is_signed_by(public_key, signed, decode_signature(signature)):
            raise RequestRefused(
                401, "invalid_signature", f"the {whose} signature is not that of {address}'s account key"
            )

    async def _admit(self, replays: Replays, signature: str, timestamp_ns: int) -> None:
        params = (await self._chain.queries.fetch_params()).inference
        replays.admit(
            signature,
            timestamp_ns,
            self._chain.clock.now_ns(),
            params.timestamp_expiration,
            params.timestamp_advance,
        )
