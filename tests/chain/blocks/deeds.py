"""What people send in the stories of golden blocks."""

import base64
from hashlib import sha256

from chain.bank.types import Coin
from chain.epochs.types import MsgSubmitSeed
from chain.fixed import Decimal
from chain.inference.types import MsgFinishInference, MsgStartInference
from chain.models.types import MsgRegisterModel
from chain.nodes.types import HardwareNode, HardwareNodeStatus, MsgSubmitHardwareDiff, MsgSubmitNewParticipant
from chain.poc.types import MsgSubmitPocBatch, MsgSubmitPocValidation
from chain.validation.types import MsgValidation
from tests.chain.blocks.scene import ANN, BEN, CAT, DEV, END, GOV, LENGTH, START, SWITCH, VOTE, Scene, Signed
from tests.chain.kit import Signer

KEY = base64.b64encode(bytes(range(32))).decode()
SEED = 4_711
STOPPED = HardwareNodeStatus.STOPPED
SERVING = HardwareNodeStatus.INFERENCE


def coin(amount: int, denom: str = "umesh") -> Coin:
    """An amount."""
    return Coin(denom, str(amount))


def register(model: str, *alternatives: str, by: Signer = GOV, **fields: object) -> Signed:
    """A model."""
    message = MsgRegisterModel(
        authority=by.address,
        id=model,
        units_of_compute_per_token=1,
        alternative_models=alternatives,
        validation_threshold=Decimal(9, -1),
        **fields,  # type: ignore[arg-type]
    )
    return by, message


def node(local_id: str, *models: str, status: HardwareNodeStatus = SERVING) -> HardwareNode:
    """A machine."""
    return HardwareNode(local_id, status, models)


def join(who: Signer, key: str = KEY) -> Signed:
    """A participant."""
    return who, MsgSubmitNewParticipant(who.address, f"http://{who.name}:9000", key)


def report(who: Signer, *nodes: HardwareNode, removed: tuple[HardwareNode, ...] = ()) -> Signed:
    """A hardware diff."""
    return who, MsgSubmitHardwareDiff(who.address, nodes, removed)


def commit(who: Signer, epoch: int) -> Signed:
    """A seed."""
    return who, MsgSubmitSeed(who.address, epoch, who.sign(SEED.to_bytes(8, "big")).hex())


def mine(who: Signer, node_id: str, count: int, start: int = START, first: int = 0) -> Signed:
    """Nonces."""
    nonces = tuple(range(first, first + count))
    return who, MsgSubmitPocBatch(who.address, start, "b1", nonces, (1000,) * count, node_id)


def judge(who: Signer, about: Signer, start: int = START, fraud: bool = False) -> Signed:
    """A vote on nonces."""
    vote = MsgSubmitPocValidation(
        who.address, about.address, start, r_target_micro=1_270_000, fraud_detected=fraud
    )
    return who, vote


def ask(agent: Signer, executor: Signer, time_ns: int, prompt: str, **fields: object) -> Signed:
    """The start of an inference that Dev pays for."""
    transfer = f"{prompt}{time_ns}{agent.address}{executor.address}".encode()
    message = MsgStartInference(
        creator=agent.address,
        inference_id=name_request(agent, time_ns, prompt),
        prompt_hash=sha256(prompt.encode()).hexdigest(),
        prompt_payload=prompt,
        model="gemma",
        requested_by=DEV.address,
        assigned_to=executor.address,
        max_tokens=20,
        prompt_token_count=5,
        request_timestamp=time_ns,
        transfer_signature=base64.b64encode(agent.sign(transfer)).decode(),
        original_prompt=prompt,
        **fields,  # type: ignore[arg-type]
    )
    return agent, message


def answer(agent: Signer, executor: Signer, time_ns: int, prompt: str, tokens: int = 10) -> Signed:
    """Its finish."""
    transfer = f"{prompt}{time_ns}{agent.address}{executor.address}".encode()
    message = MsgFinishInference(
        creator=executor.address,
        inference_id=name_request(agent, time_ns, prompt),
        response_hash="00",
        response_payload="{}",
        prompt_token_count=5,
        completion_token_count=tokens,
        executed_by=executor.address,
        transferred_by=agent.address,
        request_timestamp=time_ns,
        transfer_signature=base64.b64encode(agent.sign(transfer)).decode(),
        executor_signature=base64.b64encode(executor.sign(transfer)).decode(),
        requested_by=DEV.address,
        original_prompt=prompt,
        model="gemma",
    )
    return executor, message


def name_request(agent: Signer, time_ns: int, prompt: str) -> str:
    """An inference's name: Dev's signature."""
    return base64.b64encode(DEV.sign(f"{prompt}{time_ns}{agent.address}".encode())).decode()


def check(who: Signer, inference_id: str, value: int = 100, vote: bool = False) -> Signed:
    """What a re-execution found, in hundredths."""
    return who, MsgValidation(who.address, "", inference_id, "", "", Decimal(value, -2), vote)


def set_up(scene: Scene, *machines: tuple[Signer, tuple[HardwareNode, ...]]) -> None:
    """Two models, four participants, and machines: one each of gemma for Ann, Ben and Cat unless said."""
    scene.live(register("gemma", "gemma-q4"), register("qwen"))
    scene.live(*(join(who) for who in (ANN, BEN, CAT, DEV)))
    own = machines or tuple((who, (node("n1", "gemma"),)) for who in (ANN, BEN, CAT))
    scene.live(*(report(who, *nodes) for who, nodes in own))


def live_an_epoch(scene: Scene, epoch: int, *mined: tuple[Signer, str, int]) -> None:
    """A proof of compute from the block before its start to the switch."""
    start = START + LENGTH * (epoch - 1)
    scene.run_to(start)
    miners = list(dict.fromkeys(who for who, _, _ in mined))
    batches = (mine(*one, start=start, first=100 * at) for at, one in enumerate(mined))
    scene.live(*(commit(who, epoch) for who in miners), *batches)
    scene.run_to(start + VOTE - START - 1)
    scene.live(*(judge(who, about, start) for who in (ANN, BEN, CAT) for about in miners))
    scene.run_to(start + SWITCH - START)


assert END < SWITCH
