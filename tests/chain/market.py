"""A small market for inferences: a requester, a transfer agent, two executors, and real signatures."""

from base64 import b64encode
from hashlib import sha256

import pytest

from chain.auth.addresses import module_address
from chain.auth.types import Account
from chain.epochs.types import EpochGroupData, ValidationWeight
from chain.errors import Refusal
from chain.inference.keeper import MODULE
from chain.inference.types import Inference, MsgFinishInference, MsgStartInference
from chain.nodes.types import Participant
from chain.params import Params
from chain.records import replace
from tests.chain.kit import GENESIS_TIME_NS
from tests.chain.world import UNCAPPED, World

MODEL = "Qwen/QwQ-32B"
PROMPT = '{"messages":[{"role":"user","content":"hello"}]}'
PRICED = replace(UNCAPPED, pricing=replace(UNCAPPED.pricing, grace_period_end_epoch=0))
"""The ordinary parameters, without a time in which nothing costs anything."""
NOW_NS = GENESIS_TIME_NS + 5 * 10**9


class Market(World):
    """A requester, a transfer agent and two executors of one model in epoch 0, at height 5."""

    def __init__(self, params: Params = PRICED, **fields: object) -> None:
        weights = {"exec": 10, "other": 5}
        super().__init__("dev", "agent", "exec", "other", params=params, weights=weights, **fields)
        ctx = self.context()
        for signer in self.signers.values():
            account = self.keepers.accounts.get_account(ctx, signer.address)
            known = Account(
                signer.address, signer.key_type, signer.public_key, account.account_number, account.sequence
            )
            self.keepers.accounts.set_account(ctx, known)
        self.register_model(MODEL, "qwq")
        for name in self.signers:
            self.join(name)
        members = tuple(ValidationWeight(self.address(name), 10) for name in ("exec", "other"))
        self.keepers.epochs.set_group(
            ctx, EpochGroupData(validation_weights=members, total_weight=20, model_id=MODEL)
        )
        self.begin(5)

    def balance(self, name: str) -> int:
        return self.keepers.bank.get_balance(self.context(), self.address(name))

    def held(self) -> int:
        return self.keepers.bank.get_balance(self.context(), module_address(MODULE))

    def participant(self, name: str) -> Participant:
        return self.keepers.nodes.require_participant(self.context(), self.address(name))

    def inference(self, inference_id: str) -> Inference:
        found = self.keepers.inferences.get_inference(self.context(), inference_id)
        assert found is not None
        return found

    def sign(self, name: str, message: str) -> str:
        return b64encode(self.signers[name].sign(message.encode())).decode()

    def start(self, executor: str = "exec", timestamp: int = NOW_NS, **fields: object) -> MsgStartInference:
        agent, to = self.address("agent"), self.address(executor)
        message = MsgStartInference(
            creator=agent,
            inference_id=self.sign("dev", f"{PROMPT}{timestamp}{agent}"),
            prompt_hash=sha256(PROMPT.encode()).hexdigest(),
            prompt_payload=PROMPT,
            model=MODEL,
            requested_by=self.address("dev"),
            assigned_to=to,
            max_tokens=100,
            prompt_token_count=50,
            request_timestamp=timestamp,
            transfer_signature=self.sign("agent", f"{PROMPT}{timestamp}{agent}{to}"),
            original_prompt=PROMPT,
        )
        return replace(message, **fields)

    def finish(self, executor: str = "exec", timestamp: int = NOW_NS, **fields: object) -> MsgFinishInference:
        agent, by = self.address("agent"), self.address(executor)
        message = MsgFinishInference(
            creator=by,
            inference_id=self.sign("dev", f"{PROMPT}{timestamp}{agent}"),
            response_hash="00",
            response_payload="{}",
            prompt_token_count=10,
            completion_token_count=20,
            executed_by=by,
            transferred_by=agent,
            request_timestamp=timestamp,
            transfer_signature=self.sign("agent", f"{PROMPT}{timestamp}{agent}{by}"),
            executor_signature=self.sign(executor, f"{PROMPT}{timestamp}{agent}{by}"),
            requested_by=self.address("dev"),
            original_prompt=PROMPT,
            model=MODEL,
        )
        return replace(message, **fields)

    def refuses(self, message: object, error: type[Refusal]) -> None:
        before = self.digest()
        with pytest.raises(error):
            self.deliver(message)
        assert self.digest() == before
