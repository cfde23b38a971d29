"""One answered inference of epoch 0, its executor, and those who may re-execute it."""

from chain.bank.types import Coin
from chain.collateral.types import MsgDepositCollateral
from chain.epochs.types import EpochGroupData, ValidationWeight
from chain.fixed import Decimal
from chain.models.types import Model
from chain.nodes.types import ParticipantStatus
from chain.records import replace
from chain.validation.types import InferenceVote, MsgValidation
from tests.chain.market import MODEL, NOW_NS, Market

WEIGHTS = {"exec": 30, "other": 10, "agent": 7, "dev": 4}
"""Who may vote: 21 without the executor. "dev" does not serve the model."""
COST = 3000
"""30 tokens at the base price."""


class Panel(Market):
    """The parent group has four members, the model's group three; an answer is right above 0.9."""

    def __init__(self, **fields: object) -> None:
        super().__init__(**fields)
        ctx = self.context()
        members = tuple(ValidationWeight(self.address(name), weight) for name, weight in WEIGHTS.items())
        self.keepers.epochs.set_group(
            ctx,
            EpochGroupData(
                validation_weights=members,
                total_weight=51,
                sub_group_models=(MODEL,),
                unit_of_compute_price=100,
            ),
        )
        self.keepers.epochs.set_group(
            ctx,
            EpochGroupData(
                validation_weights=members[:3],
                total_weight=47,
                model_id=MODEL,
                model_snapshot=Model(id=MODEL, validation_threshold=Decimal(9, -1)),
            ),
        )

    def serve(self, timestamp: int = NOW_NS) -> str:
        """Starts and finishes an inference."""
        start = self.start(timestamp=timestamp)
        self.deliver(start)
        self.deliver(self.finish(timestamp=timestamp))
        return start.inference_id

    def opinion(
        self, name: str, inference_id: str, percent: int = 95, revalidation: bool = False
    ) -> MsgValidation:
        return MsgValidation(
            creator=self.address(name),
            inference_id=inference_id,
            value=Decimal(percent, -2),
            revalidation=revalidation,
        )

    def validate(self, name: str, inference_id: str, percent: int = 95, revalidation: bool = False) -> None:
        self.deliver(self.opinion(name, inference_id, percent, revalidation))

    def vote_on(self, inference_id: str) -> InferenceVote | None:
        return self.keepers.validations.get_vote(self.context(), inference_id)

    def change(self, name: str, **fields: object) -> None:
        self.keepers.nodes.set_participant(self.context(), replace(self.participant(name), **fields))

    def make_invalid(self, name: str) -> None:
        self.change(name, status=ParticipantStatus.INVALID)

    def deposit(self, name: str, amount: int) -> None:
        self.deliver(MsgDepositCollateral(self.address(name), Coin("umesh", str(amount))))

    def owed(self) -> int:
        return self.keepers.inferences.get_owed(self.context())

    def balances(self) -> dict[str, int]:
        """Unclaimed work of everyone who has some, umesh."""
        found = {name: self.participant(name).coin_balance for name in self.signers}
        return {name: balance for name, balance in found.items() if balance}
