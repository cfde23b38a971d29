"""What epochs owe until it is claimed, and the sums over all epochs.

Two module accounts back the claims: that of inference holds the work, that of rewards the minted rewards, and
what the latter holds is exactly the rewards of all open claims.
"""

import re
from collections.abc import Iterator

from chain.auth.addresses import INFERENCE, REWARDS, decode_address, module_address
from chain.context import Context
from chain.errors import ErrCannotMintNegativeCoins, ErrInvalidRecord, ErrUnpaidSettlement
from chain.genesis import GenesisState
from chain.genesis_order import refuse_unsorted
from chain.records import replace
from chain.rewards.types import Purse, SettleAmount, TokenomicsData
from chain.store import Map

SETTLE_AMOUNTS = Map(b"\x16\x00", "rewards/settle_amounts", (str,), SettleAmount)
TOKENOMICS = Map(b"\x16\x01", "rewards/tokenomics", (), TokenomicsData)
COLLECTIONS = (SETTLE_AMOUNTS, TOKENOMICS)

DENOM = "umesh"
MODULE = REWARDS
"""Module account that mints rewards and holds them until they are claimed or burnt."""
WORK_MODULE = INFERENCE
"""Module account that holds work until it is claimed or burnt."""
UINT64_MAX = 2**64 - 1
"""Where a sum stays once it has reached it."""
_SIGNATURE_HEX = re.compile("[0-9a-fA-F]{128}")


class Rewards:
    """Open claims, and the coins behind them."""

    def __init__(self, bank: Purse) -> None:
        self._bank = bank

    def get_settle_amount(self, ctx: Context, participant: str) -> SettleAmount | None:
        """What a participant may claim, or None."""
        return SETTLE_AMOUNTS.get(ctx.store, participant)

    def get_settle_amounts(self, ctx: Context) -> Iterator[SettleAmount]:
        """All open claims, by participant."""
        return SETTLE_AMOUNTS.values(ctx.store)

    def set_settle_amount(self, ctx: Context, record: SettleAmount) -> None:
        """Writes an open claim; its coins lie in the module accounts already."""
        SETTLE_AMOUNTS.set(ctx.store, record, record.participant)

    def delete_settle_amount(self, ctx: Context, participant: str) -> None:
        """Forgets a claim. What becomes of its coins is up to the caller."""
        SETTLE_AMOUNTS.delete(ctx.store, participant)

    def get_tokenomics(self, ctx: Context) -> TokenomicsData:
        """The sums over all epochs; zeros before the first settlement."""
        return TOKENOMICS.get(ctx.store) or TokenomicsData()

    def set_tokenomics(self, ctx: Context, data: TokenomicsData) -> None:
        """Writes the sums."""
        TOKENOMICS.set(ctx.store, data)

    def get_owed_work(self, ctx: Context) -> int:
        """Work in all open claims, umesh: what the account of inference owes for them."""
        return sum(record.work_coins for record in self.get_settle_amounts(ctx))

    def get_owed_rewards(self, ctx: Context) -> int:
        """Rewards in all open claims, umesh: what the account of rewards owes."""
        return sum(record.reward_coins for record in self.get_settle_amounts(ctx))

    def mint(self, ctx: Context, amount: int) -> None:
        """Mints an epoch's reward and counts it. A negative one is refused."""
        if amount < 0:
            raise ErrCannotMintNegativeCoins(amount=amount)
        if amount > 0:
            self._bank.mint_coins(ctx, MODULE, amount, DENOM)
            data = self.get_tokenomics(ctx)
            minted = _add(data.total_subsidies, amount)
            self.set_tokenomics(ctx, replace(data, total_subsidies=minted))

    def forfeit(
        self, ctx: Context, participant: str, epoch_index: int, work: int, reward: int, why: str
    ) -> None:
        """Says that coins are nobody's any more. They are burnt at the end of the settlement."""
        if work + reward > 0:
            ctx.emit(
                "rewards_forfeited",
                participant=participant,
                epoch_index=epoch_index,
                work=work,
                reward=reward,
                reason=why,
            )

    def burn_unowed(self, ctx: Context, owed_for_inference: int) -> int:
        """Burns all that the two module accounts hold beyond what they owe, and counts it; how much, umesh.

        `owed_for_inference` is what the account of inference owes besides the work of open claims. What is
        owed to anybody is never touched.
        """
        owed = (
            (WORK_MODULE, owed_for_inference + self.get_owed_work(ctx)),
            (MODULE, self.get_owed_rewards(ctx)),
        )
        burned = 0
        for module, amount in owed:
            surplus = self._bank.get_balance(ctx, module_address(module), DENOM) - amount
            if surplus > 0:
                self._bank.burn_coins(ctx, module, surplus, DENOM)
                burned += surplus
        data = self.get_tokenomics(ctx)
        self.set_tokenomics(ctx, replace(data, total_burned=_add(data.total_burned, burned)))
        return burned

    def count_fees(self, ctx: Context, work: int) -> None:
        """Counts work that executors earned in an epoch."""
        data = self.get_tokenomics(ctx)
        self.set_tokenomics(ctx, replace(data, total_fees=_add(data.total_fees, work)))

    def count_refund(self, ctx: Context, amount: int) -> None:
        """Counts what a requester got back because nobody answered in time, or wrongly."""
        if amount > 0:
            data = self.get_tokenomics(ctx)
            self.set_tokenomics(ctx, replace(data, total_refunded=_add(data.total_refunded, amount)))

    def count_reduction(self, ctx: Context) -> None:
        """Counts a reduction of the older scheme's subsidy."""
        data = self.get_tokenomics(ctx)
        reduced = replace(data, subsidy_reductions=_add(data.subsidy_reductions, 1))
        self.set_tokenomics(ctx, reduced)

    def pay(self, ctx: Context, record: SettleAmount) -> int:
        """Pays out a claim and forgets it; what was paid, umesh. Refused whole when the work is not covered:
        the claim stays open.
        """
        held = self._bank.get_balance(ctx, module_address(WORK_MODULE), DENOM)
        if held < record.work_coins:
            raise ErrUnpaidSettlement(address=record.participant, have=held, need=record.work_coins)
        for module, amount in ((WORK_MODULE, record.work_coins), (MODULE, record.reward_coins)):
            if amount > 0:
                self._bank.send_coins_from_module_to_account(ctx, module, record.participant, amount, DENOM)
        self.delete_settle_amount(ctx, record.participant)
        return record.work_coins + record.reward_coins

    def import_genesis(self, ctx: Context, genesis: GenesisState) -> None:
        """Takes open claims and sums of a genesis document; the bank holds their coins already. Refuses
        claims that are not sorted, of no address, or with a commitment that is no signature.
        """
        refuse_unsorted("settle_amounts", [record.participant for record in genesis.settle_amounts])
        for record in genesis.settle_amounts:
            decode_address(record.participant)
            if record.seed_signature and _SIGNATURE_HEX.fullmatch(record.seed_signature) is None:
                why = "the seed's signature is not 64 bytes in hex"
                raise ErrInvalidRecord(what=f"genesis settle_amounts of {record.participant}", why=why)
            self.set_settle_amount(ctx, record)
        if genesis.tokenomics_data is not None:
            self.set_tokenomics(ctx, genesis.tokenomics_data)

    def export_genesis(self, ctx: Context) -> dict[str, object]:
        """The fields of a genesis document that this room keeps."""
        return {
            "settle_amounts": tuple(self.get_settle_amounts(ctx)),
            "tokenomics_data": TOKENOMICS.get(ctx.store),
        }


def _add(total: int, amount: int) -> int:
    return min(total + amount, UINT64_MAX)
