"""A message of every kind, as somebody who means it would send it now, or nearly so.

Each draft is made from what the state looks like, a random source and the name of whoever signs; it gives the
message. Where the state offers nothing to act on, the draft acts on nothing, which is refused.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from random import Random

from chain.bank.types import Coin, MsgSend
from chain.codec import encode, type_url
from chain.collateral.types import MsgDepositCollateral, MsgWithdrawCollateral
from chain.epochs.types import MsgSubmitSeed
from chain.fixed import Decimal
from chain.inference.types import Inference, InferenceStatus, MsgFinishInference, MsgStartInference
from chain.models.types import Model, MsgRegisterModel, MsgRetireModel
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
from chain.records import replace
from chain.rewards.types import MsgClaimRewards
from chain.slashing.types import MsgUnjail
from chain.tx import Any
from chain.upgrades.types import MsgCancelUpgrade, MsgSoftwareUpgrade
from chain.validation.types import MsgInvalidateInference, MsgRevalidateInference, MsgValidation
from tests.chain.wild.glance import Glance
from tests.chain.wild.people import EVERYBODY, HOSTS, KEY, build_key, build_machines, find_person
from tests.chain.wild.spoil import spoil
from tests.chain.wild.story import ROUTES
from tests.chain.wild.terms import draw_params

Draft = Callable[[Glance, Random, str], object]
MODEL_NAMES = ("gemma", "gemma-q4", "qwen", "llama", "phi", "phi-mini")
NODE_IDS = ("n1", "n2", "n3", "n4")
NOBODY = Inference(inference_id=b64encode(bytes(64)).decode())


def address(name: str) -> str:
    """Somebody's address."""
    return find_person(name).address


def draft_send(_: Glance, chance: Random, who: str) -> MsgSend:
    """Coins for anybody, also for one who has no account yet."""
    amount = str(chance.choice((1, 7, 1000, 10**6)))
    return MsgSend(address(who), address(chance.choice(EVERYBODY)), (Coin("umesh", amount),))


def draft_params(g: Glance, chance: Random, who: str) -> MsgUpdateParams:
    """Some parameters changed."""
    return MsgUpdateParams(address(who), draw_params(chance, g.params))


def draft_model(g: Glance, chance: Random, who: str) -> MsgRegisterModel:
    """A model, new or again, with alternatives that may be others' already."""
    names = chance.sample(MODEL_NAMES, chance.choice((0, 0, 1, 1, 2)))
    return MsgRegisterModel(
        authority=address(who),
        proposed_by=address(chance.choice(EVERYBODY)),
        id=chance.choice(MODEL_NAMES),
        units_of_compute_per_token=chance.randint(1, 3),
        validation_threshold=Decimal(chance.choice((0, 5, 9)), -1),
        alternative_models=tuple(names),
        coins_per_input_token=chance.choice((0, 0, 2)),
        coins_per_output_token=chance.choice((0, 0, 3)),
    )


def describe_model(model: Model) -> MsgRegisterModel:
    """A model as it is registered."""
    return MsgRegisterModel(
        authority=address("gov"),
        id=model.id,
        units_of_compute_per_token=model.units_of_compute_per_token,
        validation_threshold=model.validation_threshold,
        alternative_models=model.alternative_models,
        coins_per_input_token=model.coins_per_input_token,
        coins_per_output_token=model.coins_per_output_token,
    )


def report_machines(who: str) -> MsgSubmitHardwareDiff:
    """All that a host has, as it reports it first."""
    return MsgSubmitHardwareDiff(address(who), build_machines(address(who)).hardware_nodes)


def draft_retirement(g: Glance, chance: Random, who: str) -> MsgRetireModel:
    """The end of a model."""
    return MsgRetireModel(address(who), chance.choice(g.models or ("none",)))


def draft_participant(_: Glance, chance: Random, who: str) -> MsgSubmitNewParticipant:
    """Somebody comes, or says where it is now."""
    url = chance.choice((f"http://{who}:9000", f"https://{who}.example", ""))
    own = build_key(address(who))
    return MsgSubmitNewParticipant(address(who), url, chance.choice((own, own, KEY, "")))


def draft_newcomer(_: Glance, chance: Random, who: str) -> MsgSubmitNewUnfundedParticipant:
    """Somebody registers another one, mostly one who has no account yet."""
    other = find_person(chance.choice((f"new{chance.randrange(99)}", "pia", "dev")))
    key = b64encode(other.public_key).decode()
    return MsgSubmitNewUnfundedParticipant(address(who), other.address, f"http://{other.name}:1", key, KEY)


def draft_hardware(g: Glance, chance: Random, who: str) -> MsgSubmitHardwareDiff:
    """Machines come, change, stop and go."""
    statuses = (*HardwareNodeStatus, *([HardwareNodeStatus.INFERENCE] * 6))
    names = g.names or ("gemma",)
    changed, removed = [], []
    for node_id in chance.sample(NODE_IDS, chance.randint(1, 2)):
        models = tuple(chance.sample(names, min(len(names), chance.randint(1, 2))))
        node = HardwareNode(node_id, chance.choice(statuses), models)
        (removed if chance.random() < 0.2 else changed).append(node)
    return MsgSubmitHardwareDiff(address(who), tuple(changed), tuple(removed))


def find_seed(who: str, epoch: int) -> int:
    """Everybody's secret."""
    return epoch * 1000 + len(who) * 7 + ord(who[0])


def draft_seed(g: Glance, chance: Random, who: str) -> MsgSubmitSeed:
    """The commitment to the upcoming epoch's secret."""
    epoch = g.upcoming.index if g.upcoming else g.effective + 1
    signature = find_person(who).sign(find_seed(who, epoch).to_bytes(8, "big"))
    return MsgSubmitSeed(address(who), epoch, signature.hex())


def draft_batch(g: Glance, chance: Random, who: str) -> MsgSubmitPocBatch:
    """Nonces of one machine."""
    node_id = chance.choice(g.machines.get(who) or NODE_IDS)
    return mine(g, who, node_id, chance.choice(("a", "b")), chance.randrange(60), chance.randint(1, 12))


def mine(g: Glance, who: str, node_id: str, batch_id: str, first: int, count: int) -> MsgSubmitPocBatch:
    """Nonces of one machine."""
    start = g.upcoming.poc_start_block_height if g.upcoming else g.height
    nonces = tuple(range(first, first + count))
    return MsgSubmitPocBatch(address(who), start, batch_id, nonces, (1_000,) * count, node_id)


def draft_poc_vote(g: Glance, chance: Random, who: str) -> MsgSubmitPocValidation:
    """A vote on somebody's nonces."""
    return vote_on(g, who, chance.choice(HOSTS), chance.random() < 0.1)


def vote_on(g: Glance, who: str, about: str, fraud: bool) -> MsgSubmitPocValidation:
    """A vote on nonces."""
    start = g.upcoming.poc_start_block_height if g.upcoming else g.height
    return MsgSubmitPocValidation(
        address(who), address(about), start, r_target_micro=1_270_000, fraud_detected=fraud
    )


def sign_text(who: str, text: str) -> str:
    """Somebody's signature over a text, base64."""
    return b64encode(find_person(who).sign(text.encode())).decode()


def draft_start(g: Glance, chance: Random, who: str) -> MsgStartInference:
    """A request; sometimes the one to which an answer is there already."""
    served = sorted(model for model in g.serving if g.serving[model])
    model = chance.choice(served or ("gemma",))
    executor = chance.choice(g.serving.get(model) or HOSTS)
    requester = chance.choice((who, "dev"))
    prompt, stamp = f"why {chance.randrange(10**9)}?", g.ctx.time_ns - chance.randrange(3) * 10**9
    return MsgStartInference(
        creator=address(who),
        inference_id=sign_text(requester, f"{prompt}{stamp}{address(who)}"),
        prompt_hash=sha256(prompt.encode()).hexdigest(),
        prompt_payload=prompt,
        model=model,
        requested_by=address(requester),
        assigned_to=address(executor),
        max_tokens=chance.choice((0, 10, 50)),
        prompt_token_count=chance.randint(0, 20),
        request_timestamp=stamp,
        transfer_signature=sign_text(who, f"{prompt}{stamp}{address(who)}{address(executor)}"),
        original_prompt=prompt,
    )


def start_late(known: Inference, agent: str) -> MsgStartInference:
    """The start of an inference whose answer came first."""
    prompt, stamp = known.original_prompt, known.request_timestamp
    return MsgStartInference(
        creator=address(agent),
        inference_id=known.inference_id,
        prompt_hash=sha256(prompt.encode()).hexdigest(),
        prompt_payload=prompt,
        model=known.model,
        requested_by=known.requested_by,
        assigned_to=known.executed_by,
        max_tokens=20,
        prompt_token_count=5,
        request_timestamp=stamp,
        transfer_signature=sign_text(agent, f"{prompt}{stamp}{address(agent)}{known.executed_by}"),
        original_prompt=prompt,
    )


def draft_finish(g: Glance, chance: Random, who: str) -> MsgFinishInference:
    """An answer: to a request of the signer's, or to one that nobody has announced yet."""
    own = [one for one in g.started if one.assigned_to == address(who)]
    tokens = chance.randrange(60)
    if own and chance.random() < 0.8:
        return answer(chance.choice(own), who, tokens)
    agent, requester = chance.choice(HOSTS), chance.choice(("dev", *HOSTS))
    prompt, stamp = f"who {chance.randrange(10**9)}?", g.ctx.time_ns
    served = sorted(model for model in g.serving if who in g.serving[model])
    request = Inference(
        inference_id=sign_text(requester, f"{prompt}{stamp}{address(agent)}"),
        requested_by=address(requester),
        transferred_by=address(agent),
        request_timestamp=stamp,
        original_prompt=prompt,
        transfer_signature=sign_text(agent, f"{prompt}{stamp}{address(agent)}{address(who)}"),
        model=chance.choice(served or ("gemma",)),
    )
    return answer(request, who, tokens)


def answer(request: Inference, who: str, tokens: int) -> MsgFinishInference:
    """Somebody's answer to a request."""
    signed = f"{request.original_prompt}{request.request_timestamp}{request.transferred_by}{address(who)}"
    return MsgFinishInference(
        creator=address(who),
        inference_id=request.inference_id,
        response_hash="00",
        response_payload="{}",
        prompt_token_count=tokens // 3,
        completion_token_count=tokens,
        executed_by=address(who),
        transferred_by=request.transferred_by,
        request_timestamp=request.request_timestamp,
        transfer_signature=request.transfer_signature,
        executor_signature=sign_text(who, signed),
        requested_by=request.requested_by,
        original_prompt=request.original_prompt,
        model=request.model,
    )


def draft_validation(g: Glance, chance: Random, who: str) -> MsgValidation:
    """What a re-execution found; a vote where there is one."""
    about = chance.choice(g.finished or [NOBODY])
    is_vote = about.status == InferenceStatus.VOTING and chance.random() < 0.7
    value = Decimal(chance.choice((0, 0, 95, 100)), -2)
    return MsgValidation(address(who), "r", about.inference_id, "", "", value, is_vote)


def draft_invalidation(g: Glance, chance: Random, who: str) -> MsgInvalidateInference:
    """The authority says that an answer was wrong."""
    return MsgInvalidateInference(address(who), chance.choice(g.finished or [NOBODY]).inference_id)


def draft_revalidation(g: Glance, chance: Random, who: str) -> MsgRevalidateInference:
    """The authority says that an answer stands."""
    return MsgRevalidateInference(address(who), chance.choice(g.finished or [NOBODY]).inference_id)


def draft_price(_: Glance, chance: Random, who: str) -> MsgSubmitUnitOfComputePriceProposal:
    """A price."""
    return MsgSubmitUnitOfComputePriceProposal(address(who), chance.choice((1, 100, 250, 10**6)))


def draft_claim(g: Glance, chance: Random, who: str) -> MsgClaimRewards:
    """What is owed, with the seed that was committed to, or with none."""
    claim = g.claims.get(who)
    epoch = claim.epoch_index if claim else max(g.effective - 1, 0)
    seed = find_seed(who, epoch) if claim is None or claim.seed_signature else 0
    return MsgClaimRewards(address(who), seed, epoch)


def draft_deposit(_: Glance, chance: Random, who: str) -> MsgDepositCollateral:
    """A deposit."""
    return MsgDepositCollateral(address(who), Coin("umesh", str(chance.choice((1, 9, 1000, 10**6)))))


def draft_withdrawal(_: Glance, chance: Random, who: str) -> MsgWithdrawCollateral:
    """A withdrawal."""
    return MsgWithdrawCollateral(address(who), Coin("umesh", str(chance.choice((1, 9, 500, 10**6)))))


def draft_unjail(g: Glance, chance: Random, who: str) -> MsgUnjail:
    """Somebody wants out of jail, or the authority lets somebody out."""
    others = who if chance.random() < 0.6 else chance.choice(g.jailed or HOSTS)
    return MsgUnjail(address(who), address(others))


def draft_proposal(g: Glance, chance: Random, who: str) -> MsgSubmitProposal:
    """A proposal of one or two of the authority's messages."""
    makers: tuple[Draft, ...] = (draft_params, draft_model, draft_retirement, draft_unjail)
    messages = [chance.choice(makers)(g, chance, "gov") for _ in range(chance.randint(1, 2))]
    packed = tuple(Any(type_url(type(message)), encode(message)) for message in messages)
    return MsgSubmitProposal(address(who), "Change it", "because", packed)


def draft_any(kind: type) -> Draft:
    """For a message that nobody has drafted: who sends it, and nothing else. Spoiling does the rest."""

    def draft(_: Glance, chance: Random, who: str) -> object:
        message = spoil(chance, spoil(chance, kind()))
        return replace(message, **{ROUTES[type_url(kind)].signer: address(who)})

    return draft


def draft_vote(g: Glance, chance: Random, who: str) -> MsgVote:
    """A vote on a proposal."""
    number = chance.choice(g.voting).id if g.voting else 1
    options = (VoteOption.YES, VoteOption.YES, VoteOption.NO, VoteOption.ABSTAIN)
    return MsgVote(address(who), number, chance.choice(options))


def draft_upgrade(g: Glance, chance: Random, who: str) -> MsgSoftwareUpgrade:
    """An upgrade so far ahead that no history lives to see it: this program could not make its block."""
    return MsgSoftwareUpgrade(address(who), chance.choice(("v9", "v10")), g.height + 10**6, "later")


def draft_cancellation(_: Glance, chance: Random, who: str) -> MsgCancelUpgrade:
    """The end of that plan."""
    return MsgCancelUpgrade(address(who))


DRAFTS: Mapping[type, tuple[Draft, int, tuple[str, ...]]] = {
    MsgSend: (draft_send, 4, EVERYBODY),
    MsgUpdateParams: (draft_params, 1, ("gov", "gov", "ann")),
    MsgRegisterModel: (draft_model, 1, ("gov", "gov", "ben")),
    MsgRetireModel: (draft_retirement, 1, ("gov", "sam")),
    MsgSubmitNewParticipant: (draft_participant, 1, (*HOSTS, "dev", "sam")),
    MsgSubmitNewUnfundedParticipant: (draft_newcomer, 1, (*HOSTS, "gov", "sam")),
    MsgSubmitHardwareDiff: (draft_hardware, 3, (*HOSTS, "sam")),
    MsgSubmitSeed: (draft_seed, 2, (*HOSTS, "dev", "sam")),
    MsgSubmitPocBatch: (draft_batch, 3, (*HOSTS, "sam")),
    MsgSubmitPocValidation: (draft_poc_vote, 3, (*HOSTS, "sam")),
    MsgStartInference: (draft_start, 14, (*HOSTS, "dev", "sam")),
    MsgFinishInference: (draft_finish, 10, (*HOSTS, "dev", "sam")),
    MsgValidation: (draft_validation, 6, (*HOSTS, "sam")),
    MsgInvalidateInference: (draft_invalidation, 1, ("gov", "cat")),
    MsgRevalidateInference: (draft_revalidation, 1, ("gov", "cat")),
    MsgSubmitUnitOfComputePriceProposal: (draft_price, 1, (*HOSTS, "sam")),
    MsgClaimRewards: (draft_claim, 3, (*HOSTS, "dev", "sam")),
    MsgDepositCollateral: (draft_deposit, 2, (*HOSTS, "sam", "pia")),
    MsgWithdrawCollateral: (draft_withdrawal, 2, (*HOSTS, "sam")),
    MsgUnjail: (draft_unjail, 2, (*HOSTS, "gov")),
    MsgSubmitProposal: (draft_proposal, 1, (*HOSTS, "gov", "sam", "pia")),
    MsgSoftwareUpgrade: (draft_upgrade, 1, ("gov", "dan")),
    MsgCancelUpgrade: (draft_cancellation, 1, ("gov", "dan")),
    MsgVote: (draft_vote, 3, (*HOSTS, "sam")),
}
"""Kinds of messages: the draft, how often it is drawn, and who sends it."""
UNDRAFTED: Mapping[type, tuple[Draft, int, tuple[str, ...]]] = {
    route.message: (draft_any(route.message), 1, ("gov", "gov", "ann"))
    for route in ROUTES.values()
    if route.message not in DRAFTS
}
ALL = {**DRAFTS, **UNDRAFTED}
"""Every message that the machine knows."""
