"""Random epochs: whoever mines, answers, misses, claims or does not, every coin is accounted for."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chain.app import App
from chain.bank.types import Coin, MsgSend
from chain.block import Event
from chain.codec import encode
from chain.collateral.types import MsgDepositCollateral, MsgWithdrawCollateral
from chain.epochs.types import GenesisMember, MsgSubmitSeed
from chain.fixed import Decimal
from chain.inference.types import InferenceStatus
from chain.nodes.types import HardwareNode, HardwareNodeStatus, MsgSubmitHardwareDiff, MsgSubmitNewParticipant
from chain.rewards.types import MsgClaimRewards, SettleAmount
from chain.validation.types import MsgValidation
from tests.chain.kit import RICH, Chain, Signer, build_genesis
from tests.chain.ledger import find, find_money_faults, read_events
from tests.chain.test_story import GOV, HOSTS, SEED, batch, commit, register, start_and_finish, vote

KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
PEOPLE = (GOV, *HOSTS)
VALIDATION, SWITCH = 12, 19
"""Blocks from the start of a proof of compute: first vote, new groups in effect."""
hosts = st.sampled_from(HOSTS)
some_hosts = st.lists(hosts, unique_by=lambda host: host.name)
validating = st.just(list(HOSTS)) | some_hosts
answers_judged = st.lists(st.tuples(validating, st.booleans()), max_size=4)
ANSWERS = st.sampled_from(("yes", "yes", "no", "unasked"))
amounts = st.integers(1, 10**6)
FOUND = dict.fromkeys(
    (
        "epoch_settled",
        "rewards_settled",
        "rewards_claimed",
        "rewards_forfeited",
        "inference_finished",
        "inference_expired",
        "inference_validation",
        "inference_invalidated",
    ),
    0,
)
"""How often what matters here has happened in all runs together."""


class RandomEpochs(RuleBasedStateMachine):
    """Three hosts of one model, who begin with the first epoch formed."""

    def __init__(self) -> None:
        super().__init__()
        members = tuple(sorted((GenesisMember(host.address, 1) for host in HOSTS), key=lambda m: m.address))
        self.chain = Chain(build_genesis(*PEOPLE, genesis_members=members))
        self.events: list[Event] = []
        self.asked = 0
        self.requests: list[str] = []
        node = HardwareNode("n1", HardwareNodeStatus.INFERENCE, ("gemma",))
        self.send((GOV, register("gemma")))
        for host in HOSTS:
            url = f"http://{host.name}:9000"
            self.send((host, MsgSubmitNewParticipant(host.address, url, KEY)))
            self.send((host, MsgSubmitHardwareDiff(host.address, (node,))))
        self.live_an_epoch(list(HOSTS), 10, [])

    def send(self, *signed: tuple[Signer, object]) -> None:
        """A block with these messages; some may be refused, none may fail inside the machine."""
        ahead: dict[str, int] = {}
        txs = []
        for signer, message in signed:
            txs.append(self.chain.sign(signer, message, ahead=ahead.get(signer.name, 0)))
            ahead[signer.name] = ahead.get(signer.name, 0) + 1
        result = self.chain.make_block(*txs)
        assert all(tx.reason not in ("ErrPanic", "ErrWrongSequence") for tx in result.tx_results), result
        self.events += read_events([result])

    def run_to(self, height: int) -> None:
        self.events += read_events(self.chain.run_to(height))

    @property
    def effective(self) -> int:
        return self.chain.app.export().effective_epoch_index

    @rule(miners=some_hosts, nonces=st.integers(1, 20), claiming=some_hosts)
    def live_an_epoch(self, miners: list[Signer], nonces: int, claiming: list[Signer]) -> None:
        """The next proof of compute from start to switch: some commit and mine, all find all honest, and some
        claim.
        """
        epoch = self.effective + 1
        start = 18 + 40 * (epoch - 1)
        self.run_to(start)
        self.send(*((host, MsgSubmitSeed(host.address, epoch, commit(host))) for host in miners))
        self.send(*((host, batch(host, start, "n1", 0, nonces)) for host in miners))
        self.run_to(start + VALIDATION)
        self.send(*((one, vote(one, other, start)) for one in HOSTS for other in HOSTS))
        self.run_to(start + SWITCH)
        self.claim(claiming)

    @rule(
        agent=hosts, answers=st.lists(st.tuples(hosts, ANSWERS), min_size=2, max_size=4), more=answers_judged
    )
    def ask(
        self, agent: Signer, answers: list[tuple[Signer, str]], more: list[tuple[list[Signer], bool]]
    ) -> None:
        """Requests that are answered, not answered, or were never announced; then some are re-executed."""
        for executor, answered in answers:
            self.asked += 1
            start, finish = start_and_finish(self, agent, executor, f"prompt {self.asked}")  # type: ignore[arg-type]
            self.requests.append(start.inference_id)
            messages = {"yes": [start, finish], "no": [start], "unasked": [finish]}[answered]
            self.send(*((agent if message is start else executor, message) for message in messages))
        for late, (validators, right) in enumerate(more):
            self.validate(validators, right, late)

    @precondition(lambda self: self.requests)
    @rule(validators=validating, right=st.booleans(), late=st.integers(0, 3))
    def validate(self, validators: list[Signer], right: bool, late: int) -> None:
        """Some find one of the last answers right or wrong; where most find it wrong it is refunded."""
        about = self.requests[max(len(self.requests) - 1 - late, 0)]
        found = self.chain.app.export().inferences
        voting = any(one.inference_id == about and one.status == InferenceStatus.VOTING for one in found)
        self.send(
            *(
                (host, MsgValidation(host.address, "", about, "", "", Decimal(int(right)), voting))
                for host in validators
            )
        )

    @rule(claiming=some_hosts)
    def claim(self, claiming: list[Signer]) -> None:
        """Claims what is open, each also a second time."""
        open_claims = {record.participant: record for record in self.chain.app.export().settle_amounts}
        messages = []
        for host in claiming:
            record = open_claims.get(host.address, SettleAmount(epoch_index=1))
            seed = SEED if record.seed_signature else 0
            messages.append((host, MsgClaimRewards(host.address, seed, record.epoch_index)))
        self.send(*messages, *messages)

    @rule(host=hosts, seed=st.sampled_from((SEED, 0, -1)), back=st.integers(-1, 2))
    def claim_what_may_not_be(self, host: Signer, seed: int, back: int) -> None:
        self.send((host, MsgClaimRewards(host.address, seed, max(self.effective - back, 0))))

    @rule(host=hosts, amount=amounts, deposit=st.booleans())
    def move_collateral(self, host: Signer, amount: int, deposit: bool) -> None:
        kind = MsgDepositCollateral if deposit else MsgWithdrawCollateral
        self.send((host, kind(host.address, Coin("umesh", str(amount)))))

    @rule(host=hosts, to=hosts, amount=amounts)
    def pay(self, host: Signer, to: Signer, amount: int) -> None:
        self.send((host, MsgSend(host.address, to.address, (Coin("umesh", str(amount)),))))

    @invariant()
    def every_coin_is_accounted_for(self) -> None:
        assert find_money_faults(self.chain.app, self.events, RICH * len(PEOPLE)) == []

    def teardown(self) -> None:
        for kind in FOUND:
            FOUND[kind] += len(find(self.events, kind))
        document = self.chain.app.export()
        again = App("test")
        result = again.init_chain(document)
        again.commit()
        assert encode(again.export()) == encode(document)
        assert result.app_hash == self.chain.app.info().app_hash


RandomEpochs.TestCase.settings = settings(
    max_examples=15, stateful_step_count=20, suppress_health_check=list(HealthCheck)
)


def test_every_coin_is_accounted_for_whatever_happens() -> None:
    RandomEpochs.TestCase("runTest").runTest()
    assert all(FOUND.values()), FOUND
