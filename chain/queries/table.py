"""Path to answer: one table of all that can be read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any as Anything

from chain.block import QueryResult
from chain.codec import decode_strict, encode
from chain.context import Context
from chain.errors import ErrInvalidRequest, ErrUnknownRequest, Refusal
from chain.machine import Keepers
from chain.queries import account_types as cosmos
from chain.queries import jail_types as jail
from chain.queries import listing_types as lists
from chain.queries import participant_types as who
from chain.queries import proposal_types as ballots
from chain.queries import reward_types as claims
from chain.queries import types as q
from chain.queries import upgrade_types as u
from chain.queries import validation_types as v
from chain.queries import validator_types as consensus
from chain.queries.accounts import AccountQueries
from chain.queries.collateral import CollateralQueries
from chain.queries.developers import DeveloperQueries
from chain.queries.epochs import EpochQueries
from chain.queries.inference import InferenceQueries
from chain.queries.listings import ListingQueries
from chain.queries.models import ModelQueries
from chain.queries.nodes import NodeQueries
from chain.queries.participants import ParticipantQueries
from chain.queries.poc import PocQueries
from chain.queries.pricing import PricingQueries
from chain.queries.proposals import ProposalQueries
from chain.queries.rewards import RewardQueries
from chain.queries.slashing import SlashingQueries
from chain.queries.upgrades import UpgradeQueries
from chain.queries.validation import ValidationQueries
from chain.queries.validators import ValidatorQueries

OWN = "/chain.v1.Query/"
REQUEST_BYTES_MAX = 262_144
"""Largest request: a thousand names and then some. Nobody pays for reading it."""
AUTH = "/cosmos.auth.v1beta1.Query/"
BANK = "/cosmos.bank.v1beta1.Query/"


@dataclass(frozen=True, slots=True)
class Query:
    """One read."""

    path: str
    """Path of its gRPC method."""
    request: type
    """Record of the request."""
    answer: Callable[[Context, Anything], object]
    """Gives the record of the answer."""


def build_queries(keepers: Keepers) -> Mapping[str, Query]:
    """All reads, by path."""
    accounts = AccountQueries(keepers.accounts, keepers.bank)
    models = ModelQueries(keepers.models)
    nodes = NodeQueries(keepers.nodes)
    epochs = EpochQueries(keepers.epochs)
    poc = PocQueries(keepers.poc)
    inference = InferenceQueries(keepers.inferences, keepers.executors)
    collateral = CollateralQueries(keepers.deposits)
    slashing = SlashingQueries(keepers.slashing)

    def params(ctx: Context, request: q.QueryParamsRequest) -> q.QueryParamsResponse:
        return q.QueryParamsResponse(keepers.governance.get_params(ctx))

    queries = (
        Query(AUTH + "Account", cosmos.QueryAccountRequest, accounts.account),
        Query(BANK + "Balance", cosmos.QueryBalanceRequest, accounts.balance),
        Query(BANK + "AllBalances", cosmos.QueryAllBalancesRequest, accounts.all_balances),
        Query(BANK + "SupplyOf", cosmos.QuerySupplyOfRequest, accounts.supply_of),
        Query(OWN + "Params", q.QueryParamsRequest, params),
        Query(OWN + "Model", q.QueryModelRequest, models.model),
        Query(OWN + "ModelsAll", q.QueryModelsAllRequest, models.models_all),
        Query(OWN + "ModelAlternatives", q.QueryModelAlternativesRequest, models.model_alternatives),
        Query(OWN + "ResolveModel", q.QueryResolveModelRequest, models.resolve_model),
        Query(OWN + "Participant", q.QueryParticipantRequest, nodes.participant),
        Query(OWN + "ParticipantAll", q.QueryParticipantAllRequest, nodes.participant_all),
        Query(OWN + "HardwareNodes", q.QueryHardwareNodesRequest, nodes.hardware_nodes),
        Query(OWN + "HardwareNodesAll", q.QueryHardwareNodesAllRequest, nodes.hardware_nodes_all),
        Query(OWN + "CurrentEpoch", q.QueryCurrentEpochRequest, epochs.current_epoch),
        Query(OWN + "EpochGroupData", q.QueryEpochGroupDataRequest, epochs.epoch_group_data),
        Query(
            OWN + "CurrentEpochGroupData",
            q.QueryCurrentEpochGroupDataRequest,
            epochs.current_epoch_group_data,
        ),
        Query(OWN + "ActiveParticipants", q.QueryActiveParticipantsRequest, epochs.active_participants),
        Query(OWN + "RandomSeed", q.QueryRandomSeedRequest, epochs.random_seed),
        Query(OWN + "PocAdmissions", q.QueryPocAdmissionsRequest, poc.poc_admissions),
        Query(OWN + "PocBatchesForStage", q.QueryPocBatchesForStageRequest, poc.poc_batches_for_stage),
        Query(
            OWN + "PocValidationsForStage",
            q.QueryPocValidationsForStageRequest,
            poc.poc_validations_for_stage,
        ),
        Query(OWN + "NodeEligibility", q.QueryNodeEligibilityRequest, poc.node_eligibility),
        Query(OWN + "GetRandomExecutor", q.QueryGetRandomExecutorRequest, inference.get_random_executor),
        Query(OWN + "Inference", q.QueryInferenceRequest, inference.inference),
        Query(OWN + "InferenceAll", q.QueryInferenceAllRequest, inference.inference_all),
        Query(
            OWN + "EpochPerformanceSummary",
            q.QueryEpochPerformanceSummaryRequest,
            inference.epoch_performance_summary,
        ),
        Query(OWN + "Collateral", q.QueryCollateralRequest, collateral.collateral),
        Query(
            OWN + "UnbondingCollateral", q.QueryUnbondingCollateralRequest, collateral.unbonding_collateral
        ),
        *_build_validation_queries(keepers),
        *_build_reward_queries(keepers),
        *_build_listing_queries(keepers),
        *_build_participant_queries(keepers),
        Query(OWN + "Jailing", jail.QueryJailingRequest, slashing.jailing),
        Query(OWN + "JailingAll", jail.QueryJailingAllRequest, slashing.jailing_all),
        *_build_governance_queries(keepers),
    )
    return {query.path: query for query in queries}


def _build_governance_queries(keepers: Keepers) -> tuple[Query, ...]:
    """Reads of proposals, consensus validators and upgrades."""
    proposals, upgrades = ProposalQueries(keepers.proposals), UpgradeQueries(keepers.upgrades)
    return (
        Query(OWN + "Proposal", ballots.QueryProposalRequest, proposals.proposal),
        Query(OWN + "ProposalAll", ballots.QueryProposalAllRequest, proposals.proposal_all),
        Query(OWN + "ProposalVotes", ballots.QueryProposalVotesRequest, proposals.proposal_votes),
        Query(OWN + "Validators", consensus.QueryValidatorsRequest, ValidatorQueries().validators),
        Query(OWN + "UpgradePlan", u.QueryUpgradePlanRequest, upgrades.upgrade_plan),
        Query(OWN + "AppliedUpgradeAll", u.QueryAppliedUpgradeAllRequest, upgrades.applied_upgrade_all),
        Query(OWN + "RoomVersionAll", u.QueryRoomVersionAllRequest, upgrades.room_version_all),
    )


def _build_listing_queries(keepers: Keepers) -> tuple[Query, ...]:
    """Reads of lists, and of how many there are."""
    of = ListingQueries(keepers.epochs, keepers.governance)
    return (
        Query(OWN + "GetCurrentEpoch", lists.QueryGetCurrentEpochRequest, of.get_current_epoch),
        Query(OWN + "EpochInfo", lists.QueryEpochInfoRequest, of.epoch_info),
        Query(OWN + "EpochGroupDataAll", lists.QueryEpochGroupDataAllRequest, of.epoch_group_data_all),
        Query(
            OWN + "CountPoCbatchesAtHeight",
            lists.QueryCountPoCbatchesAtHeightRequest,
            of.count_po_cbatches_at_height,
        ),
        Query(
            OWN + "CountPoCvalidationsAtHeight",
            lists.QueryCountPoCvalidationsAtHeightRequest,
            of.count_po_cvalidations_at_height,
        ),
        Query(OWN + "InferenceTimeout", lists.QueryInferenceTimeoutRequest, of.inference_timeout),
        Query(OWN + "InferenceTimeoutAll", lists.QueryInferenceTimeoutAllRequest, of.inference_timeout_all),
        Query(
            OWN + "InferenceValidationDetails",
            lists.QueryInferenceValidationDetailsRequest,
            of.inference_validation_details,
        ),
        Query(
            OWN + "InferenceValidationDetailsAll",
            lists.QueryInferenceValidationDetailsAllRequest,
            of.inference_validation_details_all,
        ),
        Query(
            OWN + "EpochPerformanceSummaryAll",
            lists.QueryEpochPerformanceSummaryAllRequest,
            of.epoch_performance_summary_all,
        ),
        Query(
            OWN + "DeveloperStats",
            lists.QueryDeveloperStatsRequest,
            DeveloperQueries(keepers.inferences.developers, keepers.epochs).developer_stats,
        ),
        Query(OWN + "CollateralParams", lists.QueryCollateralParamsRequest, of.collateral_params),
        Query(OWN + "AllCollaterals", lists.QueryAllCollateralsRequest, of.all_collaterals),
        Query(
            OWN + "AllUnbondingCollaterals",
            lists.QueryAllUnbondingCollateralsRequest,
            of.all_unbonding_collaterals,
        ),
    )


def _build_participant_queries(keepers: Keepers) -> tuple[Query, ...]:
    """Reads of participants' figures."""
    k = keepers
    of = ParticipantQueries(k.accounts, k.bank, k.governance, k.nodes, k.epochs, k.inferences, k.slashing)
    return (
        Query(OWN + "InferenceParticipant", who.QueryInferenceParticipantRequest, of.inference_participant),
        Query(
            OWN + "GetParticipantCurrentStats",
            who.QueryGetParticipantCurrentStatsRequest,
            of.get_participant_current_stats,
        ),
        Query(
            OWN + "GetAllParticipantCurrentStats",
            who.QueryGetAllParticipantCurrentStatsRequest,
            of.get_all_participant_current_stats,
        ),
        Query(
            OWN + "GetParticipantsFullStats",
            who.QueryGetParticipantsFullStatsRequest,
            of.get_participants_full_stats,
        ),
        Query(OWN + "CountParticipants", who.QueryCountParticipantsRequest, of.count_participants),
    )


def _build_reward_queries(keepers: Keepers) -> tuple[Query, ...]:
    """Reads of rewards and claims."""
    rewards = RewardQueries(keepers.rewards, keepers.bank, keepers.governance)
    return (
        Query(OWN + "SettleAmount", claims.QuerySettleAmountRequest, rewards.settle_amount),
        Query(OWN + "SettleAmountAll", claims.QuerySettleAmountAllRequest, rewards.settle_amount_all),
        Query(OWN + "TokenomicsData", claims.QueryTokenomicsDataRequest, rewards.tokenomics_data),
        Query(OWN + "EpochReward", claims.QueryEpochRewardRequest, rewards.epoch_reward),
    )


def _build_validation_queries(keepers: Keepers) -> tuple[Query, ...]:
    """Reads of validation and prices."""
    validation = ValidationQueries(keepers.validations, keepers.inferences, keepers.epochs)
    pricing = PricingQueries(keepers.prices, keepers.models, keepers.epochs)
    return (
        Query(
            OWN + "GetInferenceValidationParameters",
            v.QueryGetInferenceValidationParametersRequest,
            validation.get_inference_validation_parameters,
        ),
        Query(
            OWN + "EpochGroupValidations",
            v.QueryEpochGroupValidationsRequest,
            validation.epoch_group_validations,
        ),
        Query(
            OWN + "EpochGroupValidationsAll",
            v.QueryEpochGroupValidationsAllRequest,
            validation.epoch_group_validations_all,
        ),
        Query(OWN + "InferenceVote", v.QueryInferenceVoteRequest, validation.inference_vote),
        Query(OWN + "InferenceVoteAll", v.QueryInferenceVoteAllRequest, validation.inference_vote_all),
        Query(
            OWN + "GetMinimumValidationAverage",
            v.QueryGetMinimumValidationAverageRequest,
            validation.get_minimum_validation_average,
        ),
        Query(
            OWN + "GetModelPerTokenPrice",
            v.QueryGetModelPerTokenPriceRequest,
            pricing.get_model_per_token_price,
        ),
        Query(
            OWN + "GetModelPerTokenPriceAll",
            v.QueryGetModelPerTokenPriceAllRequest,
            pricing.get_model_per_token_price_all,
        ),
        Query(OWN + "GetModelCapacity", v.QueryGetModelCapacityRequest, pricing.get_model_capacity),
        Query(OWN + "GetModelCapacityAll", v.QueryGetModelCapacityAllRequest, pricing.get_model_capacity_all),
        Query(
            OWN + "GetUnitOfComputePriceProposal",
            v.QueryGetUnitOfComputePriceProposalRequest,
            pricing.get_unit_of_compute_price_proposal,
        ),
        Query(
            OWN + "UnitOfComputePriceProposalAll",
            v.QueryUnitOfComputePriceProposalAllRequest,
            pricing.unit_of_compute_price_proposal_all,
        ),
    )


def answer(queries: Mapping[str, Query], ctx: Context, path: str, data: bytes) -> bytes:
    """The encoded answer to an encoded request. Refuses a path that is not in the table."""
    query = queries.get(path)
    if query is None:
        raise ErrUnknownRequest(what=f"query {path[:128]!r}")
    if len(data) > REQUEST_BYTES_MAX:
        raise ErrInvalidRequest(why=f"the request has {len(data)} bytes, at most {REQUEST_BYTES_MAX}")
    return encode(query.answer(ctx, decode_strict(query.request, data)))


def refuse_query(refusal: Refusal, height: int) -> QueryResult:
    """The answer to a read that is refused."""
    return QueryResult(refusal.code, refusal.codespace, refusal.reason, str(refusal), height=height)
