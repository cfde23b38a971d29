"""A settlement without the months before it: participants with balances and figures, a group with weights."""

import pytest

from chain.auth.addresses import INFERENCE, REWARDS, module_address
from chain.auth.types import Account
from chain.epochs.types import Epoch, EpochGroupData, SeedSignature, ValidationWeight
from chain.errors import Refusal
from chain.inference.types import EpochPerformanceSummary
from chain.nodes.types import CurrentEpochStats, Participant
from chain.params import Params
from chain.profiles import DEFAULT
from chain.records import replace
from chain.rewards.settlement import Settlement
from chain.rewards.types import MsgClaimRewards, RewardParams, SettleAmount, TokenomicsData
from tests.chain.world import World

EPOCH = 3
SEED = 4_711
NAMES = ("ann", "ben", "cat")


def with_rewards(params: Params = DEFAULT, **fields: object) -> Params:
    """Parameters with a flat reward of 100 umesh an epoch, unless said otherwise."""
    flat = RewardParams(use_bitcoin_rewards=True, initial_epoch_reward=100, standard_reward_amount=10**9)
    return replace(params, rewards=replace(flat, **fields))


class Payday(World):
    """Three participants, known accounts, epoch 3 in effect. Work is bought by the authority."""

    def __init__(self, **fields: object) -> None:
        super().__init__(*NAMES, params=with_rewards(**fields))
        ctx = self.context()
        for name, signer in self.signers.items():
            account = self.keepers.accounts.get_account(ctx, signer.address)
            known = Account(signer.address, signer.key_type, signer.public_key, account.account_number)
            self.keepers.accounts.set_account(ctx, known)
            self.join(name)
        self.enter(EPOCH)

    def enter(self, epoch: int) -> None:
        """Makes an epoch the one in effect; those before it are over."""
        ctx = self.context()
        for index in range(1, epoch + 1):
            self.keepers.epochs.set_epoch(ctx, Epoch(index, 40 * index))
        self.keepers.epochs.set_effective(ctx, epoch)

    def weigh(self, *weights: int, epoch: int = EPOCH, seeds: bool = True) -> None:
        """Gives the participants weights in an epoch's group, and commitments to the seed."""
        members = tuple(
            ValidationWeight(self.address(name), weight) for name, weight in zip(NAMES, weights, strict=False)
        )
        commitments = tuple(
            SeedSignature(self.address(name), self.signers[name].sign(SEED.to_bytes(8, "big")).hex())
            for name in NAMES[: len(weights)]
        )
        group = EpochGroupData(
            validation_weights=members,
            member_seed_signatures=commitments if seeds else (),
            total_weight=sum(weights),
            epoch_index=epoch,
        )
        self.keepers.epochs.set_group(self.context(), group)

    def earn(self, name: str, amount: int, **fields: object) -> None:
        """A work balance with the coins behind it, and figures that show it. Work that is taken back goes
        back to whoever paid it as far as the balance holds; what is more is a debt.
        """
        authority = self.keepers.governance.get_authority(self.context())
        if amount > 0:
            self.keepers.bank.send_coins_from_account_to_module(self.context(), authority, INFERENCE, amount)
        who = self.participant(name)
        back = min(-amount, max(who.coin_balance, 0))
        if back > 0:
            self.keepers.bank.send_coins_from_module_to_account(self.context(), INFERENCE, authority, back)
        stats = CurrentEpochStats(inference_count=1, earned_coins=max(amount, 0))
        fields = {"coin_balance": who.coin_balance + amount, "current_epoch_stats": stats, **fields}
        self.keepers.nodes.set_participant(self.context(), replace(who, **fields))

    def change(self, name: str, **fields: object) -> None:
        self.keepers.nodes.set_participant(self.context(), replace(self.participant(name), **fields))

    def settle(self, epoch: int = EPOCH) -> list[tuple[str, int]]:
        """Settles an epoch; what was forfeited and why."""
        keepers, ctx = self.keepers, self.context()
        Settlement(
            keepers.governance,
            keepers.rewards,
            keepers.nodes,
            keepers.inferences,
            keepers.epochs,
            keepers.deposits,
            keepers.slashing,
        ).process_settlement(ctx, epoch)
        lost = [dict(event.attributes) for event in ctx.events if event.type == "rewards_forfeited"]
        return [(fields["reason"], int(fields["work"]) + int(fields["reward"])) for fields in lost]

    def claim(self, name: str, seed: int = SEED, epoch: int = EPOCH) -> int:
        """Claims; what was paid."""
        answer = self.deliver(MsgClaimRewards(self.address(name), seed, epoch))
        return answer.amount  # type: ignore[attr-defined]

    def refuses(self, error: type[Refusal], name: str, seed: int = SEED, epoch: int = EPOCH) -> None:
        before = self.digest()
        with pytest.raises(error):
            self.claim(name, seed, epoch)
        assert self.digest() == before

    # What became of it

    def participant(self, name: str) -> Participant:
        return self.keepers.nodes.require_participant(self.context(), self.address(name))

    def record(self, name: str) -> SettleAmount | None:
        return self.keepers.rewards.get_settle_amount(self.context(), self.address(name))

    def owed(self, name: str) -> tuple[int, int] | None:
        """Work and reward of an open claim."""
        record = self.record(name)
        return (record.work_coins, record.reward_coins) if record else None

    def summary(self, name: str, epoch: int = EPOCH) -> EpochPerformanceSummary:
        found = self.keepers.inferences.get_summary(self.context(), self.address(name), epoch)
        assert found is not None
        return found

    def tokenomics(self) -> TokenomicsData:
        return self.keepers.rewards.get_tokenomics(self.context())

    def balance(self, name: str) -> int:
        return self.keepers.bank.get_balance(self.context(), self.address(name))

    def held(self, module: str) -> int:
        return self.keepers.bank.get_balance(self.context(), module_address(module))

    def supply(self) -> int:
        return self.keepers.bank.get_supply(self.context())

    def check_money(self) -> None:
        """Right after a settlement each module account holds exactly what it owes."""
        ctx = self.context()
        assert self.held(INFERENCE) == self.keepers.rewards.get_owed_work(ctx)
        assert self.held(REWARDS) == self.keepers.rewards.get_owed_rewards(ctx)
