"""Reads of participants' figures: weight and reputation, work and rewards, misses with their sample size."""

from base64 import b64encode

from chain.auth.keeper import Accounts
from chain.bank.keeper import BASE_DENOM, Bank
from chain.bank.types import Coin
from chain.collateral.rules import is_downtime_under
from chain.collateral.types import CollateralParams
from chain.context import Context
from chain.epochs.keeper import Epochs
from chain.epochs.types import EpochGroupData, ValidationWeight
from chain.fixed import from_int, quo, to_decimal
from chain.governance import Governance
from chain.inference.keeper import Inferences
from chain.nodes.keeper import PARTICIPANTS, Nodes
from chain.nodes.types import CurrentEpochStats, Participant
from chain.queries import participant_types as q
from chain.queries.keys import require_name
from chain.queries.pages import count, get_page_values
from chain.slashing.keeper import Slashing


class ParticipantQueries:
    """Answers from several rooms."""

    def __init__(
        self,
        accounts: Accounts,
        bank: Bank,
        governance: Governance,
        nodes: Nodes,
        epochs: Epochs,
        inferences: Inferences,
        slashing: Slashing,
    ) -> None:
        self._accounts = accounts
        self._bank = bank
        self._governance = governance
        self._nodes = nodes
        self._epochs = epochs
        self._inferences = inferences
        self._slashing = slashing

    def inference_participant(
        self, ctx: Context, request: q.QueryInferenceParticipantRequest
    ) -> q.QueryInferenceParticipantResponse:
        """A participant's key and balance."""
        address = require_name("address", request.address)
        self._nodes.require_participant(ctx, address)
        account = self._accounts.get_account(ctx, address)
        balance = Coin(BASE_DENOM, str(self._bank.get_balance(ctx, address)))
        key = b64encode(account.public_key).decode()
        return q.QueryInferenceParticipantResponse(key, balance, account.key_type)

    def get_participant_current_stats(
        self, ctx: Context, request: q.QueryGetParticipantCurrentStatsRequest
    ) -> q.QueryGetParticipantCurrentStatsResponse:
        """A participant in the epoch in effect."""
        address = require_name("participant_id", request.participant_id)
        participant = self._nodes.require_participant(ctx, address)
        stats = self._build_stats(ctx, participant)
        return q.QueryGetParticipantCurrentStatsResponse(stats.weight, stats.reputation, stats.downtime)

    def get_all_participant_current_stats(
        self, ctx: Context, request: q.QueryGetAllParticipantCurrentStatsRequest
    ) -> q.QueryGetAllParticipantCurrentStatsResponse:
        """All participants in the epoch in effect, by address."""
        participants, page = get_page_values(ctx.store, PARTICIPANTS, request.pagination)
        stats = tuple(self._build_stats(ctx, participant) for participant in participants)
        epoch = self._epochs.get_effective(ctx).index
        return q.QueryGetAllParticipantCurrentStatsResponse(stats, ctx.height, epoch, page)

    def get_participants_full_stats(
        self, ctx: Context, request: q.QueryGetParticipantsFullStatsRequest
    ) -> q.QueryGetParticipantsFullStatsResponse:
        """What participants earned, did and missed, by address."""
        participants, page = get_page_values(ctx.store, PARTICIPANTS, request.pagination)
        stats = tuple(self._build_full_stats(ctx, participant) for participant in participants)
        return q.QueryGetParticipantsFullStatsResponse(stats, page)

    def count_participants(
        self, ctx: Context, request: q.QueryCountParticipantsRequest
    ) -> q.QueryCountParticipantsResponse:
        """How many participants there are."""
        return q.QueryCountParticipantsResponse(count(ctx.store, PARTICIPANTS))

    def _build_stats(self, ctx: Context, participant: Participant) -> q.ParticipantCurrentStats:
        member = self._find_member(ctx, participant.address)
        params = self._governance.get_params(ctx).collateral
        return q.ParticipantCurrentStats(
            participant_id=participant.address,
            weight=max(member.weight, 0),
            reputation=member.reputation,
            downtime=build_downtime(participant.current_epoch_stats, params),
        )

    def _build_full_stats(self, ctx: Context, participant: Participant) -> q.ParticipantFullStats:
        stats = self._build_stats(ctx, participant)
        return q.ParticipantFullStats(
            account_address=participant.address,
            reputation=stats.reputation,
            earned_coins_current_epoch=participant.current_epoch_stats.earned_coins,
            rewarded_coins_latest_epoch=self._find_latest_reward(ctx, participant.address),
            epochs_completed=participant.epochs_completed,
            weight=stats.weight,
            status=participant.status,
            current_epoch_stats=participant.current_epoch_stats,
            downtime=stats.downtime,
            jailed=self._slashing.is_jailed(ctx, participant.address),
        )

    def _find_member(self, ctx: Context, address: str) -> ValidationWeight:
        parent = self._epochs.get_effective_group(ctx) or EpochGroupData()
        return self._epochs.find_member(parent, address) or ValidationWeight()

    def _find_latest_reward(self, ctx: Context, address: str) -> int:
        """The epoch in effect is settled a little before it ends; before that the one before it was last."""
        effective = self._epochs.get_effective(ctx).index
        for index in (effective, effective - 1):
            summary = self._inferences.get_summary(ctx, address, index) if index >= 0 else None
            if summary is not None:
                return summary.rewarded_coins
        return 0


def build_downtime(stats: CurrentEpochStats, params: CollateralParams) -> q.Downtime:
    """A participant's misses of the running epoch, judged by the parameters in effect."""
    finished, missed = stats.inference_count, stats.missed_requests
    total = finished + missed
    return q.Downtime(
        missed_requests=missed,
        sample_size=total,
        missed_share=to_decimal(quo(from_int(missed), from_int(total)) if total else 0),
        is_downtime=is_downtime_under(params, finished, missed),
    )
