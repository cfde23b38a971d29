"""A life in which every message succeeds once: what the tests of safety, gas and authority begin from.

`live` yields who sends what next, on a chain that has just come to where it succeeds; whoever iterates may
try other things there first, and then sends it.
"""

import base64
from collections.abc import Iterator
from hashlib import sha256

from chain.bank.types import Coin, MsgSend
from chain.block import TxResult
from chain.codec import decode, encode, type_url
from chain.collateral.types import MsgDepositCollateral, MsgWithdrawCollateral
from chain.epochs.types import GenesisMember, MsgSubmitSeed
from chain.fixed import Decimal
from chain.inference.types import MsgFinishInference, MsgStartInference
from chain.models.types import MsgRegisterModel, MsgRetireModel
from chain.nodes.types import (
    HardwareNode,
    HardwareNodeStatus,
    MsgSubmitHardwareDiff,
    MsgSubmitNewParticipant,
    MsgSubmitNewUnfundedParticipant,
)
from chain.params import MsgUpdateParams
from chain.poc.types import MsgSubmitPocBatch, MsgSubmitPocValidation
from chain.pricing.types import MsgSubmitUnitOfComputePriceProposal
from chain.proposals.types import MsgSubmitProposal, MsgVote, VoteOption
from chain.queries import types as q
from chain.records import replace
from chain.rewards.types import MsgClaimRewards
from chain.slashing.types import Jailing, MsgUnjail
from chain.tx import Any
from chain.upgrades.types import MsgCancelUpgrade, MsgSoftwareUpgrade
from chain.validation.types import MsgInvalidateInference, MsgRevalidateInference, MsgValidation
from tests.chain.kit import SHORT, Chain, Signer, build_genesis

GOV, ANN, BEN, CAT = Signer("gov"), Signer("ann"), Signer("ben"), Signer("cat")
HOSTS = (ANN, BEN, CAT)
STRANGER = Signer("stranger")
"""Has coins, and no part in anything."""
NEWCOMER = Signer("newcomer")
"""Has no account until the stranger makes one for it."""
SIGNERS = (GOV, *HOSTS, STRANGER)
PARAMS = replace(SHORT, epoch=replace(SHORT.epoch, epoch_shift=2))
"""Those of the other tests, with time to settle in before the first proof of compute."""
MINING, SECOND_MINING = 38, 78
"""Starts of the first two proofs of compute."""
VOTING, SWITCH = 12, 19
"""Blocks from there to the first vote, and until the new groups are in effect."""
SEED = 4_711
KEY = base64.b64encode(bytes(range(32))).decode()

Step = tuple[Signer, object]


def begin() -> Chain:
    """The chain before its first block: four members, one of them in jail, and a stranger."""
    members = sorted((GenesisMember(host.address, 1) for host in HOSTS), key=lambda one: one.address)
    jailed = Jailing(CAT.address, "downtime", 1, 1)
    return Chain(build_genesis(*SIGNERS, params=PARAMS, genesis_members=tuple(members), jailings=(jailed,)))


def live(chain: Chain) -> Iterator[Step]:
    """Every message, at a height at which it succeeds."""
    yield from _settle_in()
    yield from _govern()
    for step in _mine(chain, MINING, 1):
        yield step
    yield from _answer(chain)
    for step in _mine(chain, SECOND_MINING, 2):
        yield step
    yield ANN, MsgClaimRewards(ANN.address, SEED, 1)


def send(chain: Chain, step: Step) -> TxResult:
    """Sends what comes next, in a block of its own."""
    result = chain.send(*step)
    assert result.code == 0, f"{type(step[1]).__name__}: {result.log}"
    return result


def _settle_in() -> Iterator[Step]:
    yield STRANGER, MsgSend(STRANGER.address, ANN.address, (Coin("umesh", "5"),))
    for name, alternatives in (("gemma", ("gemma-q4.gguf",)), ("qwen", ()), ("old", ("older",))):
        yield (
            GOV,
            MsgRegisterModel(
                authority=GOV.address,
                proposed_by=ANN.address,
                id=name,
                units_of_compute_per_token=1,
                hf_repo="org/" + name,
                hf_commit="0123456789abcdef",
                model_args=("--ctx-size", "4096"),
                v_ram=8,
                throughput_per_nonce=100,
                validation_threshold=Decimal(9, -1),
                alternative_models=alternatives,
                context_window=4096,
                quantization="q4_k_m",
            ),
        )
    for host in HOSTS:
        yield host, MsgSubmitNewParticipant(host.address, f"http://{host.name}.example:9000", KEY, KEY)
        node = HardwareNode("n1", HardwareNodeStatus.INFERENCE, ("gemma",), (), "10.0.0.1", "8080")
        yield host, MsgSubmitHardwareDiff(host.address, (node,), (HardwareNode("gone"),))
    key = base64.b64encode(NEWCOMER.public_key).decode()
    url = "http://newcomer.example:9000"
    newcomer = MsgSubmitNewUnfundedParticipant(STRANGER.address, NEWCOMER.address, url, key, KEY, KEY)
    yield STRANGER, newcomer
    yield ANN, MsgDepositCollateral(ANN.address, Coin("umesh", "1000000"))
    yield ANN, MsgWithdrawCollateral(ANN.address, Coin("umesh", "1000"))
    yield ANN, MsgSubmitUnitOfComputePriceProposal(ANN.address, 120)
    yield CAT, MsgUnjail(CAT.address, CAT.address)


def _govern() -> Iterator[Step]:
    yield GOV, MsgUpdateParams(GOV.address, PARAMS)
    change = MsgRetireModel(GOV.address, "older")
    packed = Any(type_url(type(change)), encode(change))
    yield STRANGER, MsgSubmitProposal(STRANGER.address, "Retire older", "Nobody serves it.", (packed,))
    yield ANN, MsgVote(ANN.address, 1, VoteOption.NO)
    yield GOV, MsgRetireModel(GOV.address, "old")
    yield GOV, MsgSoftwareUpgrade(GOV.address, "far-away", 1_000_000, "Nothing to do yet.")
    yield GOV, MsgCancelUpgrade(GOV.address)


def _mine(chain: Chain, start: int, epoch: int) -> Iterator[Step]:
    chain.run_to(start)
    for host in HOSTS:
        commitment = host.sign(SEED.to_bytes(8, "big")).hex()
        yield host, MsgSubmitSeed(host.address, epoch, commitment)
        nonces = tuple(range(3))
        yield host, MsgSubmitPocBatch(host.address, start, "batch-1", nonces, (1_000_000,) * 3, "n1")
    chain.run_to(start + VOTING)
    for about in HOSTS:
        for host in HOSTS[:2]:
            nonces, distances = (0, 1), (1_000_000, 1_000_001)
            vote = MsgSubmitPocValidation(
                host.address, about.address, start, nonces, distances, distances, 1_270_000, Decimal(1, -7)
            )
            yield host, vote
    chain.run_to(start + SWITCH)


def _answer(chain: Chain) -> Iterator[Step]:
    """Three answers: one that is only validated, one that the authority finds wrong, one that it upholds."""
    found = []
    for prompt in ("why is the sky blue?", "and the sea?", "and the grass?"):
        start, executor = build_start(chain, prompt)
        yield ANN, start
        yield executor, build_finish(start, executor)
        found.append((start.inference_id, executor))
    validated, wrong, right = (inference_id for inference_id, _ in found)
    for inference_id, executor in found[:1]:
        for host in HOSTS:
            if host is not executor:
                yield host, MsgValidation(host.address, "v", inference_id, "", "ab" * 32, Decimal(97, -2))
    assert validated
    yield GOV, MsgInvalidateInference(GOV.address, wrong)
    yield GOV, MsgRevalidateInference(GOV.address, right)
    for inference_id, executor in found[1:]:
        if executor is not ANN:
            yield ANN, MsgValidation(ANN.address, "v", inference_id, "", "ab" * 32, Decimal(97, -2))


def find_executor(chain: Chain, request_id: str) -> Signer:
    """Who the chain says should answer."""
    request = q.QueryGetRandomExecutorRequest("gemma", request_id)
    data = chain.query("/chain.v1.Query/GetRandomExecutor", request)
    chosen = decode(q.QueryGetRandomExecutorResponse, data).executor
    return next(host for host in HOSTS if host.address == chosen.address)


def build_start(chain: Chain, prompt: str) -> tuple[MsgStartInference, Signer]:
    """Ann's announcement of a request of her own, and who is to answer it."""
    timestamp, executor = chain.header.time_ns, find_executor(chain, prompt)
    request = f"{prompt}{timestamp}{ANN.address}".encode()
    start = MsgStartInference(
        creator=ANN.address,
        inference_id=base64.b64encode(ANN.sign(request)).decode(),
        prompt_hash=sha256(prompt.encode()).hexdigest(),
        prompt_payload=prompt,
        model="gemma",
        requested_by=ANN.address,
        assigned_to=executor.address,
        node_version="1.0.0",
        max_tokens=50,
        prompt_token_count=10,
        request_timestamp=timestamp,
        transfer_signature=base64.b64encode(ANN.sign(request + executor.address.encode())).decode(),
        original_prompt=prompt,
    )
    return start, executor


def build_finish(start: MsgStartInference, executor: Signer) -> MsgFinishInference:
    """The answer to it."""
    signed = f"{start.original_prompt}{start.request_timestamp}{start.creator}{executor.address}".encode()
    return MsgFinishInference(
        creator=executor.address,
        inference_id=start.inference_id,
        response_hash=sha256(b"an answer").hexdigest(),
        response_payload='{"text":"an answer"}',
        prompt_token_count=10,
        completion_token_count=20,
        executed_by=executor.address,
        transferred_by=start.creator,
        request_timestamp=start.request_timestamp,
        transfer_signature=start.transfer_signature,
        executor_signature=base64.b64encode(executor.sign(signed)).decode(),
        requested_by=start.requested_by,
        original_prompt=start.original_prompt,
        model=start.model,
    )
