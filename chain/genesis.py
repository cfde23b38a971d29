"""The genesis document."""

from chain.auth.types import Account, UnorderedNonce
from chain.bank.types import Balance
from chain.collateral.types import Collateral, UnbondingCollateral
from chain.epochs.types import (
    ActiveParticipants,
    Epoch,
    EpochGroupData,
    EpochParams,
    GenesisMember,
    RandomSeed,
)
from chain.inference.types import (
    DeveloperStats,
    EpochPerformanceSummary,
    Inference,
    InferenceTimeout,
    InferenceValidationDetails,
)
from chain.models.types import Model
from chain.nodes.types import HardwareNodes, Participant
from chain.params import Params
from chain.poc.types import PocAdmissions, PoCBatch, PoCValidation
from chain.pricing.types import ModelPrice, PricingTerms, UnitOfComputePriceProposal
from chain.proposals.types import Proposal, Vote
from chain.records import Record
from chain.rewards.types import SettleAmount, TokenomicsData
from chain.slashing.types import Jailing
from chain.upgrades.types import AppliedUpgrade, RoomVersion, UpgradePlan
from chain.validation.types import InferenceValidation, InferenceVote
from chain.validators.types import Validator


class GenesisState(Record, frozen=True):
    """The state of the chain as a document. An export imported again gives the same state."""

    chain_id: str = ""
    """Chain identifier."""
    genesis_time_ns: int = 0
    """Block time of genesis, nanoseconds since the Unix epoch."""
    initial_height: int = 0
    """Height of the first block, at least 1."""
    authority: str = ""
    """Account that acts for governance, bech32."""
    params: Params = Params()
    """Parameters."""
    accounts: tuple[Account, ...] = ()
    """Accounts, sorted by address."""
    balances: tuple[Balance, ...] = ()
    """Balances, sorted by address."""
    models: tuple[Model, ...] = ()
    """Governance models, sorted by identifier."""
    participants: tuple[Participant, ...] = ()
    """Participants, sorted by address."""
    hardware_nodes: tuple[HardwareNodes, ...] = ()
    """Hardware, sorted by participant."""
    genesis_members: tuple[GenesisMember, ...] = ()
    """Members of the group of epoch 0. Ignored when epochs is not empty."""
    epochs: tuple[Epoch, ...] = ()
    """Epochs, by index; empty for a new chain."""
    effective_epoch_index: int = 0
    """Index of the effective epoch."""
    epoch_groups: tuple[EpochGroupData, ...] = ()
    """Groups, by epoch and model."""
    active_participants: tuple[ActiveParticipants, ...] = ()
    """Participants of epochs, by epoch."""
    seeds: tuple[RandomSeed, ...] = ()
    """Seeds, by epoch and participant."""
    poc_admissions: tuple[PocAdmissions, ...] = ()
    """Admissions, by epoch."""
    poc_batches: tuple[PoCBatch, ...] = ()
    """Batches, by stage, participant, node and batch."""
    poc_validations: tuple[PoCValidation, ...] = ()
    """Votes, by stage, participant and validator."""
    inferences: tuple[Inference, ...] = ()
    """Inferences, by identifier."""
    inference_timeouts: tuple[InferenceTimeout, ...] = ()
    """Time limits, by height and inference."""
    inference_validation_details: tuple[InferenceValidationDetails, ...] = ()
    """Validation details, by epoch and inference."""
    epoch_performance_summaries: tuple[EpochPerformanceSummary, ...] = ()
    """Settled epochs, by participant and epoch."""
    collaterals: tuple[Collateral, ...] = ()
    """Deposits, by participant."""
    unbonding_collaterals: tuple[UnbondingCollateral, ...] = ()
    """Withdrawals under way, by epoch and participant."""
    collateral_current_epoch: int = 0
    """Epoch that the collateral room is in."""
    unordered_nonces: tuple[UnorderedNonce, ...] = ()
    """Unordered transactions that may not come twice, by time and address."""
    exported_height: int = 0
    """Height at which this document was exported; 0 for a new chain."""
    pending_epoch_params: EpochParams | None = None
    """Schedule that waits for the next proof of compute; absent when nothing changes."""
    developer_stats: tuple[DeveloperStats, ...] = ()
    """What requesters asked for and paid, by epoch, developer and model."""
    settle_amounts: tuple[SettleAmount, ...] = ()
    """Open claims, by participant."""
    tokenomics_data: TokenomicsData | None = None
    """Sums over all settlements; absent before the first one."""
    inference_validations: tuple[InferenceValidation, ...] = ()
    """What was re-executed, by epoch, participant and inference."""
    inference_votes: tuple[InferenceVote, ...] = ()
    """Votes on inferences, by inference."""
    model_prices: tuple[ModelPrice, ...] = ()
    """Prices that follow demand, by model."""
    pricing_terms: PricingTerms | None = None
    """Rules by which prices move in the epoch in effect; absent in epoch 0."""
    unit_of_compute_price_proposals: tuple[UnitOfComputePriceProposal, ...] = ()
    """Proposals for the price of a unit of compute, by participant."""
    jailings: tuple[Jailing, ...] = ()
    """Who is jailed, by participant."""
    proposals: tuple[Proposal, ...] = ()
    """Proposals, by number."""
    votes: tuple[Vote, ...] = ()
    """Votes on open proposals, by proposal and voter."""
    next_proposal_id: int = 0
    """Number of the next proposal; 0 for the first."""
    validators: tuple[Validator, ...] = ()
    """Who votes on blocks, by consensus key. Left out, that of a new chain follows from its members."""
    upgrade_plan: UpgradePlan | None = None
    """The planned upgrade; absent when none is."""
    applied_upgrades: tuple[AppliedUpgrade, ...] = ()
    """Upgrades that the chain has behind it, by name; empty for a new chain that begins with the law of the
    program that begins it.
    """
    room_versions: tuple[RoomVersion, ...] = ()
    """Versions of the rooms' law, by room; without those of version 1."""
    inferences_forgotten_until: int = 0
    """Latest request_timestamp of an inference that was forgotten: no request up to it can be started any
    more, whatever the parameters become. Nanoseconds since the Unix epoch; 0 for none.
    """
