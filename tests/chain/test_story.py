"""Two epochs in the life of a network of three, with signed transactions and nothing simulated."""

import base64
from hashlib import sha256

import pytest

from chain.app import App
from chain.auth.addresses import REWARDS, module_address
from chain.bank.invariants import find_bad_balances, find_supply_gaps
from chain.bank.types import Coin
from chain.block import BlockResult, Event
from chain.codec import decode, encode
from chain.collateral.types import MsgDepositCollateral
from chain.epochs.types import ActiveParticipants, EpochGroupData, GenesisMember, MsgSubmitSeed
from chain.fixed import Decimal
from chain.inference.types import Inference, InferenceStatus, MsgFinishInference, MsgStartInference
from chain.models.types import MsgRegisterModel
from chain.nodes.types import HardwareNode, HardwareNodeStatus, MsgSubmitHardwareDiff, MsgSubmitNewParticipant
from chain.poc.types import MsgSubmitPocBatch, MsgSubmitPocValidation, NodeEligibility
from chain.queries import types as q
from chain.rewards.types import MsgClaimRewards, SettleAmount
from chain.validation.types import MsgValidation
from tests.chain.kit import Chain, Signer, build_genesis

GOV, ANN, BEN, CAT = Signer("gov"), Signer("ann"), Signer("ben"), Signer("cat")
HOSTS = (ANN, BEN, CAT)
P1, P2 = 18, 58
"""Starts of the first two proofs of compute under the devnet parameters."""
VALIDATION, VALIDATION_END, SWITCH = 12, 18, 19
"""Blocks from the start of a proof of compute: first vote, formation, new groups in effect."""
DEPOSIT = 1_000_000
SEED = 4_711
NODES = {
    ANN: (HardwareNode("n1", HardwareNodeStatus.INFERENCE, ("gemma",)),),
    BEN: (
        HardwareNode("n1", HardwareNodeStatus.INFERENCE, ("gemma-q4.gguf",)),
        HardwareNode("n2", HardwareNodeStatus.INFERENCE, ("qwen",)),
    ),
    CAT: (HardwareNode("n1", HardwareNodeStatus.INFERENCE, ("gemma",)),),
}


class Story:
    """The chain, and what happened in it."""

    def __init__(self) -> None:
        members = tuple(sorted((GenesisMember(host.address, 1) for host in HOSTS), key=lambda m: m.address))
        self.chain = Chain(build_genesis(GOV, *HOSTS, genesis_members=members))
        self.events: list[tuple[int, Event]] = []
        self.refusals: dict[str, str] = {}
        self.answered = ANN
        """Who answered the first request."""
        self.paid = self.lost = ""
        """The inference that was finished, and the one that was not."""
        self.why = NodeEligibility()
        """Why the stopped machine takes no part."""
        self.claims: dict[str, SettleAmount] = {}
        """What everyone could claim for epoch 1, by name."""

    def block(self, *signed: tuple[Signer, object]) -> BlockResult:
        """A block with one transaction for each pair; the invariants hold after it."""
        used: dict[str, int] = {}
        txs = []
        for signer, message in signed:
            txs.append(self.chain.sign(signer, message, ahead=used.get(signer.name, 0)))
            used[signer.name] = used.get(signer.name, 0) + 1
        result = self.chain.make_block(*txs)
        events = [event for tx in result.tx_results for event in tx.events]
        self.events += [(result.height, event) for event in (*events, *result.events)]
        assert find_supply_gaps(self.chain.app._store) == find_bad_balances(self.chain.app._store) == []
        return result

    def accepted(self, *signed: tuple[Signer, object]) -> None:
        result = self.block(*signed)
        assert [tx.log for tx in result.tx_results if tx.code] == []

    def refused(self, signer: Signer, message: object) -> str:
        return self.block((signer, message)).tx_results[0].reason

    def run_to(self, height: int) -> None:
        while self.chain.height < height:
            self.block()

    def find(self, type_: str) -> list[tuple[int, dict[str, str]]]:
        return [(height, dict(event.attributes)) for height, event in self.events if event.type == type_]

    def group(self, epoch: int, model: str = "") -> EpochGroupData:
        data = self.chain.query("/chain.v1.Query/EpochGroupData", q.QueryEpochGroupDataRequest(epoch, model))
        return decode(q.QueryEpochGroupDataResponse, data).epoch_group_data

    def active(self, epoch: int) -> ActiveParticipants:
        data = self.chain.query("/chain.v1.Query/ActiveParticipants", q.QueryActiveParticipantsRequest(epoch))
        return decode(q.QueryActiveParticipantsResponse, data).active_participants

    def inference(self, inference_id: str) -> Inference:
        data = self.chain.query("/chain.v1.Query/Inference", q.QueryInferenceRequest(inference_id))
        return decode(q.QueryInferenceResponse, data).inference

    def eligibility(self, host: Signer, node_id: str) -> NodeEligibility:
        data = self.chain.query(
            "/chain.v1.Query/NodeEligibility", q.QueryNodeEligibilityRequest(host.address, node_id)
        )
        return decode(q.QueryNodeEligibilityResponse, data).eligibility

    def executor(self, model: str, request_id: str) -> Signer:
        data = self.chain.query(
            "/chain.v1.Query/GetRandomExecutor", q.QueryGetRandomExecutorRequest(model, request_id)
        )
        chosen = decode(q.QueryGetRandomExecutorResponse, data).executor
        return next(host for host in HOSTS if host.address == chosen.address)


def register(model: str, *alternatives: str, authority: Signer = GOV) -> MsgRegisterModel:
    return MsgRegisterModel(
        authority=authority.address,
        proposed_by=GOV.address,
        id=model,
        units_of_compute_per_token=1,
        alternative_models=alternatives,
    )


def batch(host: Signer, start: int, node_id: str, first: int, count: int) -> MsgSubmitPocBatch:
    nonces = tuple(range(first, first + count))
    return MsgSubmitPocBatch(host.address, start, f"{node_id}-{first}", nonces, (1_000_000,) * count, node_id)


def commit(host: Signer) -> str:
    """A host's signature over its seed."""
    return host.sign(SEED.to_bytes(8, "big")).hex()


def vote(validator: Signer, host: Signer, start: int) -> MsgSubmitPocValidation:
    return MsgSubmitPocValidation(validator.address, host.address, start, r_target_micro=1_270_000)


def start_and_finish(
    story: Story, agent: Signer, executor: Signer, prompt: str
) -> tuple[MsgStartInference, MsgFinishInference]:
    """The two messages of one request, with the three signatures over what they must cover."""
    timestamp = story.chain.header.time_ns
    request = f"{prompt}{timestamp}{agent.address}".encode()
    transfer = request + executor.address.encode()
    inference_id = base64.b64encode(agent.sign(request)).decode()
    transfer_signature = base64.b64encode(agent.sign(transfer)).decode()
    start = MsgStartInference(
        creator=agent.address,
        inference_id=inference_id,
        prompt_hash=sha256(prompt.encode()).hexdigest(),
        prompt_payload=prompt,
        model="gemma",
        requested_by=agent.address,
        assigned_to=executor.address,
        max_tokens=50,
        prompt_token_count=10,
        request_timestamp=timestamp,
        transfer_signature=transfer_signature,
        original_prompt=prompt,
    )
    finish = MsgFinishInference(
        creator=executor.address,
        inference_id=inference_id,
        response_hash=sha256(b"an answer").hexdigest(),
        response_payload='{"text":"an answer"}',
        prompt_token_count=10,
        completion_token_count=20,
        executed_by=executor.address,
        transferred_by=agent.address,
        request_timestamp=timestamp,
        transfer_signature=transfer_signature,
        executor_signature=base64.b64encode(executor.sign(transfer)).decode(),
        requested_by=agent.address,
        original_prompt=prompt,
        model="gemma",
    )
    return start, finish


def register_all(story: Story) -> None:
    """Models by the authority; participants and their machines; one deposit."""
    story.accepted((GOV, register("gemma", "gemma-q4.gguf")), (GOV, register("qwen")))
    key = base64.b64encode(bytes(range(32))).decode()
    story.accepted(
        *((host, MsgSubmitNewParticipant(host.address, f"http://{host.name}:9000", key)) for host in HOSTS)
    )
    story.accepted(*((host, MsgSubmitHardwareDiff(host.address, NODES[host])) for host in HOSTS))
    story.accepted((CAT, MsgDepositCollateral(CAT.address, Coin("umesh", str(DEPOSIT)))))


def mine(story: Story, start: int, epoch: int) -> None:
    """Seeds and batches right after the start of a proof of compute."""
    story.run_to(start)
    story.accepted(
        *((host, MsgSubmitSeed(host.address, epoch, commit(host))) for host in HOSTS),
        (ANN, batch(ANN, start, "n1", 0, 10)),
        (BEN, batch(BEN, start, "n1", 0, 20)),
        (CAT, batch(CAT, start, "n1", 0, 10)),
    )


def validate(story: Story, start: int) -> None:
    """Everyone finds everyone honest, also itself: without its own vote one that holds more than half of the
    weight would never be accepted. Then the new groups form and take effect."""
    story.run_to(start + VALIDATION)
    story.accepted(*((one, vote(one, other, start)) for one in HOSTS for other in HOSTS))
    story.run_to(start + SWITCH)


@pytest.fixture(scope="module")
def story() -> Story:
    """The whole story once; the tests ask what became of it."""
    return live()


def live() -> Story:
    """The whole story."""
    story = Story()
    register_all(story)
    story.refusals["batch before the start"] = story.refused(ANN, batch(ANN, P1, "n1", 0, 1))
    story.refusals["model by a stranger"] = story.refused(ANN, register("mine", authority=ANN))
    mine(story, P1, 1)
    story.accepted((BEN, batch(BEN, P1, "n2", 100, 5)))
    validate(story, P1)

    story.answered = executor = story.executor("gemma-q4.gguf", "request 1")
    start, finish = start_and_finish(story, ANN, executor, "why is the sky blue?")
    story.accepted((ANN, start))
    story.accepted((executor, finish))
    story.paid = start.inference_id
    start, _ = start_and_finish(story, ANN, CAT, "is anybody there?")
    story.accepted((ANN, start))
    story.lost = start.inference_id

    mine(story, P2, 2)
    stopped = HardwareNode("n2", HardwareNodeStatus.STOPPED, ("qwen",))
    story.accepted((BEN, MsgSubmitHardwareDiff(BEN.address, (), (stopped,))))
    story.refusals["batch of a stopped node"] = story.refused(BEN, batch(BEN, P2, "n2", 100, 5))
    story.why = story.eligibility(BEN, "n2")
    validate(story, P2)

    document = story.chain.app.export()
    names = {host.address: host.name for host in HOSTS}
    story.claims = {names[record.participant]: record for record in document.settle_amounts}
    story.refusals["claim with another seed"] = story.refused(ANN, MsgClaimRewards(ANN.address, SEED + 1, 1))
    late = next(host for host in (ANN, BEN) if host is not executor)
    story.refusals["claim without validating"] = story.refused(late, MsgClaimRewards(late.address, SEED, 1))
    story.accepted((late, MsgValidation(late.address, inference_id=story.paid, value=Decimal(97, -2))))
    story.accepted(*((host, MsgClaimRewards(host.address, SEED, 1)) for host in (ANN, BEN)))
    story.refusals["second claim"] = story.refused(ANN, MsgClaimRewards(ANN.address, SEED, 1))
    return story


def test_what_is_not_allowed_is_refused_with_its_name(story: Story) -> None:
    assert story.refusals == {
        "batch before the start": "ErrUpcomingEpochNotFound",
        "model by a stranger": "ErrInvalidSigner",
        "batch of a stopped node": "ErrNodeDisabled",
        "claim with another seed": "ErrClaimSignatureInvalid",
        "claim without validating": "ErrValidationsMissed",
        "second claim": "ErrNothingToClaim",
    }


def test_the_first_proof_of_compute_gives_weights_by_accepted_nonces(story: Story) -> None:
    weights = {member.member_address: member.weight for member in story.group(1).validation_weights}
    assert weights == {ANN.address: 10, BEN.address: 25, CAT.address: 10}
    assert story.group(1).total_weight == 45
    assert story.group(1).sub_group_models == ("gemma", "qwen")


def test_a_model_group_holds_the_nodes_that_serve_it_also_by_an_alternative(story: Story) -> None:
    nodes = {
        (member.member_address, node.node_id)
        for member in story.group(1, "gemma").validation_weights
        for node in member.ml_nodes
    }
    assert nodes == {(ANN.address, "n1"), (BEN.address, "n1"), (CAT.address, "n1")}
    snapshot = story.group(1, "gemma").model_snapshot
    assert snapshot is not None and snapshot.alternative_models == ("gemma-q4.gguf",)


def test_epochs_form_and_take_effect_at_their_heights(story: Story) -> None:
    assert [height for height, _ in story.find("epoch_formed")] == [P1 + VALIDATION_END, P2 + VALIDATION_END]
    assert [height for height, _ in story.find("epoch_effective")] == [P1 + SWITCH, P2 + SWITCH]


def test_a_finished_inference_pays_its_executor_and_returns_the_rest(story: Story) -> None:
    inference = story.inference(story.paid)
    assert inference.status == InferenceStatus.VALIDATED
    assert (inference.escrow_amount, inference.actual_cost) == (100 * 60, 100 * 30)
    assert inference.executed_by == story.answered.address


def test_an_unfinished_inference_expires_with_a_refund_and_counts_as_missed(story: Story) -> None:
    assert story.inference(story.lost).status == InferenceStatus.EXPIRED
    ((height, attributes),) = story.find("inference_expired")
    assert attributes["assigned_to"] == CAT.address
    assert height < P2 + VALIDATION_END


def test_downtime_burns_a_tenth_of_the_deposit_at_settlement(story: Story) -> None:
    ((height, attributes),) = story.find("collateral_slashed")
    assert height == P2 + VALIDATION_END
    assert attributes == {
        "participant": CAT.address,
        "amount": str(DEPOSIT // 10),
        "reason": "downtime",
        "fraction": "0.1",
    }
    data = story.chain.query("/chain.v1.Query/Collateral", q.QueryCollateralRequest(CAT.address))
    assert decode(q.QueryCollateralResponse, data).amount == Coin("umesh", str(DEPOSIT - DEPOSIT // 10))


def test_the_reward_of_the_first_epoch_is_divided_by_weight_and_work_added(story: Story) -> None:
    reward = story.chain.genesis.params.rewards.initial_epoch_reward
    assert sum(record.reward_coins for record in story.claims.values()) == reward
    shares = {name: record.reward_coins for name, record in story.claims.items()}
    exact = {"ann": reward * 10 // 45, "ben": reward * 25 // 45, "cat": reward * 10 // 45}
    assert all(0 <= shares[name] - exact[name] < 3 for name in exact)
    work = {name: record.work_coins for name, record in story.claims.items() if record.work_coins}
    assert work == {story.answered.name: 100 * 30}


def test_a_claim_is_paid_once_and_what_is_open_stays_with_the_room(story: Story) -> None:
    paid = {
        fields["participant"]: int(fields["work"]) + int(fields["reward"])
        for _, fields in story.find("rewards_claimed")
    }
    assert paid == {
        host.address: story.claims[host.name].work_coins + story.claims[host.name].reward_coins
        for host in (ANN, BEN)
    }
    assert story.chain.balance(module_address(REWARDS)) == story.claims["cat"].reward_coins


def test_a_stopped_node_is_in_no_group_of_the_next_epoch(story: Story) -> None:
    assert story.why.reason == "NODE_STOPPED"
    seats = {entry.index: entry for entry in story.active(2).participants}
    assert [node.node_id for array in seats[BEN.address].ml_nodes for node in array.ml_nodes] == ["n1"]
    assert story.group(2).sub_group_models == ("gemma",)
    excluded = [attributes for _, attributes in story.find("node_excluded")]
    assert {
        "epoch_index": "2",
        "participant": BEN.address,
        "node_id": "n2",
        "reason": "NODE_STOPPED",
    } in excluded


def test_the_whole_state_survives_export_and_import(story: Story) -> None:
    document = story.chain.app.export()
    again = App("test")
    result = again.init_chain(document)
    again.commit()
    assert encode(again.export()) == encode(document)
    assert result.app_hash == story.chain.app.info().app_hash


def test_an_export_of_any_height_of_the_story_begins_a_chain_with_that_heights_app_hash(story: Story) -> None:
    for block in story.chain.blocks[1:]:
        height = block.header.height - 1
        document = story.chain.app.export(height)
        again = App("test")
        assert again.init_chain(document).app_hash == block.header.app_hash, height
        again.commit()
        assert encode(again.export()) == encode(document), height


def test_the_stored_changes_give_the_same_machine(story: Story) -> None:
    chain = story.chain
    again = App("test")
    again.restore(chain.height, chain.app.info().app_hash, sorted(chain.entries.items()), chain.header)
    assert again.export() == chain.app.export()


def test_the_same_blocks_give_the_same_hashes(story: Story) -> None:
    again = Chain(story.chain.genesis)
    for block in story.chain.blocks:
        result = again.app.finalize_block(block)
        again.app.commit()
    assert again.app.info() == story.chain.app.info()
    assert story.chain.last is not None and result == story.chain.last
