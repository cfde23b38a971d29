"""Random blocks: whatever comes, the chain goes on, money adds up, and the stored changes give the same
state.
"""

import base64
from fractions import Fraction

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chain.app import App
from chain.bank.types import Coin, MsgSend
from chain.block import Event, Header
from chain.codec import encode
from chain.collateral.types import MsgDepositCollateral, MsgWithdrawCollateral
from chain.epochs.types import GenesisMember, MsgSubmitSeed
from chain.io.genesis_lines import format_lines, parse_lines
from chain.models.types import MsgRegisterModel, MsgRetireModel
from chain.nodes.types import HardwareNode, HardwareNodeStatus, MsgSubmitHardwareDiff, MsgSubmitNewParticipant
from chain.poc.types import MsgSubmitPocBatch, MsgSubmitPocValidation
from chain.rewards.types import MsgClaimRewards
from tests.chain.kit import RICH, Chain, Signer, build_genesis
from tests.chain.ledger import find_money_faults, read_events

SIGNERS = tuple(Signer(name) for name in ("gov", "ann", "ben", "cat"))
KEY = base64.b64encode(bytes(range(32))).decode()
signers = st.sampled_from(SIGNERS)
models = st.sampled_from(["gemma", "gemma.gguf", "qwen", "llama"])
node_ids = st.sampled_from(["n1", "n2"])
amounts = st.integers(0, 10**16)
stages = st.integers(-1, 1)
SEED = 4_711


class RandomBlocks(RuleBasedStateMachine):
    """Messages that make sense and messages that do not, in blocks, with time going by between them."""

    def __init__(self) -> None:
        super().__init__()
        members = tuple(
            sorted(
                (GenesisMember(signer.address, 1) for signer in SIGNERS), key=lambda member: member.address
            )
        )
        self.chain = Chain(build_genesis(*SIGNERS, genesis_members=members))
        self.waiting: list[tuple[Signer, object]] = []
        self.events: list[Event] = []

    @property
    def stage(self) -> int:
        """Start of the last proof of compute."""
        return max(epoch.poc_start_block_height for epoch in self.chain.app.export().epochs)

    @rule(signer=signers, to=signers, amount=amounts)
    def send(self, signer: Signer, to: Signer, amount: int) -> None:
        self.waiting.append((signer, MsgSend(signer.address, to.address, (Coin("umesh", str(amount)),))))

    @rule(signer=signers, model=models, alternatives=st.lists(models, max_size=2))
    def register_model(self, signer: Signer, model: str, alternatives: list[str]) -> None:
        message = MsgRegisterModel(signer.address, "", model, 1, alternative_models=tuple(alternatives))
        self.waiting.append((signer, message))

    @rule(model=models)
    def retire_model(self, model: str) -> None:
        self.waiting.append((SIGNERS[0], MsgRetireModel(SIGNERS[0].address, model)))

    @rule(signer=signers, url=st.sampled_from(["", "http://host:9000", "ftp://host"]))
    def register_participant(self, signer: Signer, url: str) -> None:
        self.waiting.append((signer, MsgSubmitNewParticipant(signer.address, url, KEY)))

    @rule(
        signer=signers,
        node_id=node_ids,
        model=models,
        status=st.sampled_from(list(HardwareNodeStatus)),
        removed=st.booleans(),
    )
    def change_hardware(
        self, signer: Signer, node_id: str, model: str, status: HardwareNodeStatus, removed: bool
    ) -> None:
        nodes = (HardwareNode(node_id, status, (model,)),)
        parts = ((), nodes) if removed else (nodes, ())
        self.waiting.append((signer, MsgSubmitHardwareDiff(signer.address, *parts)))

    @rule(signer=signers, ahead=stages)
    def submit_seed(self, signer: Signer, ahead: int) -> None:
        index = max(epoch.index for epoch in self.chain.app.export().epochs) + ahead
        signature = signer.sign(SEED.to_bytes(8, "big")).hex()
        self.waiting.append((signer, MsgSubmitSeed(signer.address, max(index, 0), signature)))

    @rule(signer=signers, seed=st.sampled_from([SEED, 0, -1]), ahead=stages)
    def claim(self, signer: Signer, seed: int, ahead: int) -> None:
        index = max(epoch.index for epoch in self.chain.app.export().epochs) - 2 + ahead
        self.waiting.append((signer, MsgClaimRewards(signer.address, seed, max(index, 0))))

    @rule(signer=signers, node_id=node_ids, nonces=st.lists(st.integers(-1, 50), max_size=9), off=stages)
    def submit_batch(self, signer: Signer, node_id: str, nonces: list[int], off: int) -> None:
        distances = (1_000_000,) * len(nonces)
        batch = MsgSubmitPocBatch(
            signer.address, self.stage + off, f"b{len(nonces)}", tuple(nonces), distances, node_id
        )
        self.waiting.append((signer, batch))

    @rule(signer=signers, fraud=st.booleans())
    def vote_on_all(self, signer: Signer, fraud: bool) -> None:
        for host in SIGNERS:
            vote = MsgSubmitPocValidation(signer.address, host.address, self.stage, fraud_detected=fraud)
            self.waiting.append((signer, vote))

    @rule(signer=signers, amount=amounts, deposit=st.booleans())
    def move_collateral(self, signer: Signer, amount: int, deposit: bool) -> None:
        kind = MsgDepositCollateral if deposit else MsgWithdrawCollateral
        self.waiting.append((signer, kind(signer.address, Coin("umesh", str(amount)))))

    @rule(blocks=st.integers(1, 12))
    def make_blocks(self, blocks: int) -> None:
        """One block with all that waits, then empty ones."""
        ahead: dict[str, int] = {}
        txs = []
        for signer, message in self.waiting:
            txs.append(self.chain.sign(signer, message, ahead=ahead.get(signer.name, 0)))
            ahead[signer.name] = ahead.get(signer.name, 0) + 1
        self.waiting.clear()
        result = self.chain.make_block(*txs)
        assert all(tx.reason not in ("ErrPanic", "ErrWrongSequence") for tx in result.tx_results), result
        results = [result, *self.chain.run_to(self.chain.height + blocks - 1)]
        self.events += read_events(results)

    @invariant()
    def money_adds_up(self) -> None:
        assert find_money_faults(self.chain.app, self.events, RICH * len(SIGNERS)) == []

    @rule(part=st.fractions(0, 1))
    def export_and_import_an_earlier_height(self, part: Fraction) -> None:
        """From any height: the document that was imported is exported again, byte by byte, as a document and
        as lines, and its state has the app hash of that height.
        """
        if not self.chain.blocks:
            return
        height = 1 + int(part * (self.chain.height - 1))
        document = self.chain.app.export(height)
        assert document.exported_height == height
        header = Header(document.chain_id, height, document.genesis_time_ns)
        lines = list(format_lines(header, self.chain.app.read_entries(height)))
        assert encode(parse_lines(lines, "lines")) == encode(document)
        imported = App("test")
        result = imported.init_chain(document)
        imported.commit()
        assert encode(imported.export()) == encode(document)
        assert list(format_lines(header, imported.read_entries())) == lines
        after = [block.header.app_hash for block in self.chain.blocks if block.header.height == height + 1]
        assert result.app_hash == (after[0] if after else self.chain.app.info().app_hash)

    def teardown(self) -> None:
        chain = self.chain
        stored = App("test")
        stored.restore(chain.height, chain.app.info().app_hash, sorted(chain.entries.items()), chain.header)
        document = chain.app.export()
        assert stored.export() == document
        imported, quiet, skipped = Chain(document), Chain(document, App("test")), Chain(document)
        assert encode(imported.app.export()) == encode(document)
        results = [one.run_to(document.exported_height + 45) for one in (chain, imported, quiet)]
        assert results[0] == results[1] == results[2]
        skipped.skip_to(document.exported_height + 45)
        assert imported.app.info().app_hash == chain.app.info().app_hash
        assert skipped.app.info() == quiet.app.info() == imported.app.info()


RandomBlocks.TestCase.settings = settings(
    max_examples=12, stateful_step_count=25, suppress_health_check=list(HealthCheck)
)
TestRandomBlocks = RandomBlocks.TestCase
