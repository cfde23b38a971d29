"""Records and messages of epochs and their groups."""

from collections.abc import Mapping
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

from chain.context import Context
from chain.fixed import Decimal
from chain.models.types import Model
from chain.nodes.types import Participant
from chain.records import Record
from chain.validation.params import ValidationParams

if TYPE_CHECKING:
    from chain.params import Params
    from chain.poc.types import EligibilityMap, Mined

NodeKey = tuple[str, str]
"""A machine of the network: its owner's address and its local_id."""


class EpochParams(Record, frozen=True):
    """The length of an epoch and of its stages, in blocks."""

    epoch_length: int = 0
    """Blocks from one proof-of-compute start to the next, default 40. All stages must fit into it."""
    epoch_shift: int = 0
    """How much earlier than epoch_length the first proof of compute starts, default 0."""
    default_unit_of_compute_price: int = 0
    """Default price of a unit of compute, umesh, default 100."""
    poc_stage_duration: int = 0
    """Blocks of mining, default 10."""
    poc_exchange_duration: int = 0
    """Blocks after mining in which batches are still accepted, default 2."""
    poc_validation_delay: int = 0
    """Blocks from the end of mining to the start of validation, default 2."""
    poc_validation_duration: int = 0
    """Blocks of validation, default 6."""
    set_new_validators_delay: int = 0
    """Blocks from the end of validation until the new groups take effect, default 1."""
    inference_validation_cutoff: int = 0
    """Blocks before the next proof of compute in which completed inferences need no validation, default 0."""
    inference_pruning_epoch_threshold: int = 0
    """Epochs after which inferences are pruned, default 2."""
    epoch_multiplier: int = 0
    """At least 1, default 1. No rule reads it."""


class PowerParams(Record, frozen=True):
    """How much of all power one participant may hold."""

    max_individual_power_percentage: Decimal = Decimal()
    """Part of all weight that one participant may hold, 0 to 1, default 0.25; 0 for no limit. At least 0.50
    among two participants, 0.40 among three and 1/N among N, for nobody could hold less.
    """


class EpochPhase(IntEnum):
    """Where in an epoch a height lies."""

    INFERENCE = 0
    POC_GENERATE = 1
    POC_GENERATE_WIND_DOWN = 2
    POC_VALIDATE = 3
    POC_VALIDATE_WIND_DOWN = 4


class Epoch(Record, frozen=True):
    """One round of the network: proof of compute, then inference."""

    index: int = 0
    """Counts from 0, the epoch of genesis, which has no proof of compute."""
    poc_start_block_height: int = 0
    """Height at which its proof of compute starts; 0 for epoch 0."""


class EpochInfo(Record, frozen=True):
    """The boundaries of one epoch as heights, and where the chain stands in it."""

    block_height: int = 0
    """Height that this answer describes."""
    effective_epoch_index: int = 0
    """Index of the epoch whose group serves requests now."""
    latest_epoch_index: int = 0
    """Index of the newest epoch record: effective + 1 from its proof-of-compute start until it takes
    effect.
    """
    phase: EpochPhase = EpochPhase(0)
    """Phase at block_height."""
    poc_start_block_height: int = 0
    """Start of the latest epoch's proof of compute; 0 for epoch 0."""
    generation_wind_down_block_height: int = 0
    """First height at which mining winds down."""
    generation_end_block_height: int = 0
    """Height at which mining ends."""
    exchange_deadline_block_height: int = 0
    """Last height at which a batch is accepted."""
    validation_start_block_height: int = 0
    """Height at which validation starts; votes are accepted after it."""
    validation_wind_down_block_height: int = 0
    """First height at which validation winds down."""
    validation_end_block_height: int = 0
    """Height at which validation ends, weights are computed and the groups are formed."""
    set_new_validators_block_height: int = 0
    """Height at which the new groups take effect."""
    claim_block_height: int = 0
    """First height at which the rewards of the epoch before can be claimed."""
    next_poc_start_block_height: int = 0
    """Start of the next proof of compute."""
    epoch_index: int = 0
    """Index of the epoch that these boundaries belong to."""


class MLNodeInfo(Record, frozen=True):
    """A machine as an epoch sees it."""

    node_id: str = ""
    """The hardware node's local_id."""
    throughput: int = 0
    """Tokens per second; not populated."""
    poc_weight: int = 0
    """Nonces accepted from the node in the epoch's proof of compute."""
    timeslot_allocation: tuple[bool, ...] = ()
    """Slots: [0] PRE_POC_SLOT, [1] POC_SLOT. With POC_SLOT true the node keeps serving through the next
    proof of compute and its weight is preserved.
    """


class SeedSignature(Record, frozen=True):
    """A seed as the parent group keeps it."""

    member_address: str = ""
    """Participant, bech32."""
    signature: str = ""
    """Signature over the epoch's secret seed, as in RandomSeed."""


class ValidationWeight(Record, frozen=True):
    """A member of a group."""

    member_address: str = ""
    """Participant, bech32."""
    weight: int = 0
    """The participant's whole weight in the epoch."""
    reputation: int = 0
    """Reputation from 0 to 100."""
    ml_nodes: tuple[MLNodeInfo, ...] = ()
    """Machines that serve the group's model; empty in the parent group."""


class EpochGroupData(Record, frozen=True):
    """A frozen group: the parent (model_id empty) with all members, or one model's sub-group."""

    poc_start_block_height: int = 0
    """Start of the epoch's proof of compute."""
    effective_block_height: int = 0
    """Height at which the group took effect; 0 before."""
    last_block_height: int = 0
    """Last height of the group; 0 while it is in effect."""
    member_seed_signatures: tuple[SeedSignature, ...] = ()
    """Seeds of the members; parent only."""
    validation_weights: tuple[ValidationWeight, ...] = ()
    """Members, in order of formation."""
    unit_of_compute_price: int = 0
    """Price of a unit of compute, umesh; parent only."""
    number_of_requests: int = 0
    """Inferences completed in the epoch; parent only. In the stored record from the epoch's end on."""
    previous_epoch_requests: int = 0
    """Inferences completed in the epoch before; parent only."""
    total_weight: int = 0
    """Sum of the members' weights."""
    model_id: str = ""
    """Model of a sub-group; empty for the parent."""
    sub_group_models: tuple[str, ...] = ()
    """Models of the sub-groups, in order of creation; parent only."""
    epoch_index: int = 0
    """Epoch of the group."""
    model_snapshot: Model | None = None
    """The model's record as it was at formation; sub-groups only."""
    validation_params: ValidationParams | None = None
    """How the epoch's validations are judged: the parameters of the block in which it took effect; parent
    only, and absent before.
    """
    total_throughput: int = 0
    """Sum of the machines' throughput, tokens per second; sub-groups only."""
    validation_cutoff_block_height: int = 0
    """Height from which on completed inferences need no validation by who stops serving; parent only, and 0
    until the next proof of compute starts.
    """


class ModelMLNodes(Record, frozen=True):
    """The machines of one model of a participant."""

    ml_nodes: tuple[MLNodeInfo, ...] = ()
    """Machines, sorted by node_id."""


class RandomSeed(Record, frozen=True):
    """A participant's commitment to its secret seed of an epoch."""

    participant: str = ""
    """Participant, bech32."""
    epoch_index: int = 0
    """Epoch that the seed belongs to."""
    signature: str = ""
    """Signature by the participant's account key over the seed's 8 big-endian bytes: 64 bytes, hex. It binds
    the participant without telling the seed, so nobody can verify it before the seed is revealed.
    """


class ActiveParticipant(Record, frozen=True):
    """A participant of an epoch."""

    index: str = ""
    """Participant, bech32."""
    validator_key: str = ""
    """Consensus key, base64."""
    weight: int = 0
    """Weight in the epoch."""
    inference_url: str = ""
    """Public URL of the broker."""
    models: tuple[str, ...] = ()
    """Models served, sorted."""
    seed: RandomSeed | None = None
    """The participant's seed."""
    ml_nodes: tuple[ModelMLNodes, ...] = ()
    """Machines; ml_nodes[i] serves models[i]."""


class ActiveParticipants(Record, frozen=True):
    """Everyone who takes part in an epoch."""

    participants: tuple[ActiveParticipant, ...] = ()
    """Participants, in order of formation."""
    poc_start_block_height: int = 0
    """Start of the epoch's proof of compute."""
    effective_block_height: int = 0
    """Height at which the epoch takes effect."""
    created_at_block_height: int = 0
    """Height of the formation."""
    epoch_id: int = 0
    """Index of the epoch."""
    reseated: bool = False
    """True when nobody survived the formation and the participants of the epoch before were seated again."""


class GenesisMember(Record, frozen=True):
    """A member of the group of epoch 0, which votes on the first proof of compute."""

    address: str = ""
    """Participant, bech32."""
    weight: int = 0
    """Voting weight, at least 1."""


class MsgSubmitSeed(Record, frozen=True):
    """Commits to the secret seed of the upcoming epoch."""

    creator: str = ""
    """The participant, bech32. Signs."""
    epoch_index: int = 0
    """Epoch of the seed: the upcoming one."""
    signature: str = ""
    """Signature by the participant's account key over the seed's 8 big-endian bytes: 64 bytes, hex
    (ErrSeedNotAccepted when it is not). Stored as it is: the seed is secret, so the chain cannot verify it
    before the seed is revealed.
    """


class MsgSubmitSeedResponse(Record, frozen=True):
    """Answers MsgSubmitSeed."""


class Boundaries(Record, frozen=True):
    """The heights of one epoch. Those of epoch 0, which has no proof of compute, are 0 but for the last."""

    epoch_index: int
    poc_start: int = 0
    """P. Nonces may be mined from here on."""
    generation_wind_down: int = 0
    generation_end: int = 0
    exchange_deadline: int = 0
    """Last height at which a batch or a seed is accepted; the first is P + 1."""
    validation_start: int = 0
    """Votes are accepted from the next height on."""
    validation_wind_down: int = 0
    validation_end: int = 0
    """V. Last height of the votes; the groups are formed at its end."""
    set_new_validators: int = 0
    """S. The groups take effect at its end."""
    claim: int = 0
    next_poc_start: int = 0


class ParamsSource(Protocol):
    """What this room expects of the parameters."""

    def get_params(self, ctx: Context) -> "Params":
        """The parameters in effect."""

    def activate_epoch_params(self, ctx: Context) -> EpochParams:
        """Puts a waiting schedule into effect; the schedule in effect from now on."""


class ParticipantRecords(Protocol):
    """What this room expects of the nodes room."""

    def get_participant(self, ctx: Context, address: str) -> Participant | None:
        """A participant, or None."""

    def require_participant(self, ctx: Context, address: str) -> Participant:
        """A participant; refuses an address that is none."""


class EpochForming(Protocol):
    """What the stages expect of the formation."""

    def process_formation(self, ctx: Context, upcoming: Epoch) -> None:
        """Forms the groups of the upcoming epoch."""


class ModelRecords(Protocol):
    """What this room expects of the registry of models."""

    def get_model(self, ctx: Context, model_id: str) -> Model | None:
        """A governance model, or None."""


class ProofOfCompute(Protocol):
    """What this room expects of the poc room."""

    def get_eligibility(self, ctx: Context) -> "EligibilityMap":
        """Who may take part as things stand, frozen."""

    def get_mined(
        self, ctx: Context, height: int, excluded: Mapping[NodeKey, str], validators: Mapping[str, int]
    ) -> Mapping[str, "Mined"]:
        """What each participant mined and whether the validators accept it."""

    def get_batch_nodes(self, ctx: Context, height: int) -> tuple[NodeKey, ...]:
        """Machines that handed in nonces, sorted."""

    def process_admissions(self, ctx: Context, epoch: Epoch) -> int:
        """Freezes who may mine; how many machines."""

    def process_pruning(self, ctx: Context, upcoming_index: int) -> None:
        """Forgets batches, votes and admissions of old epochs."""


class Settlement(Protocol):
    """What this room expects of whoever settles an ended epoch."""

    def process_settlement(self, ctx: Context, epoch_index: int) -> None:
        """Settles every participant's figures of an ended epoch."""


class Deposits(Protocol):
    """What this room expects of collateral."""

    def advance_epoch(self, ctx: Context, completed_epoch: int) -> None:
        """Pays out what was withdrawn and is due."""


class DepositRecords(Protocol):
    """What the formation expects of collateral."""

    def get_deposit(self, ctx: Context, participant: str) -> int:
        """What a participant has deposited, umesh; without what is on its way out."""


class JailRecords(Protocol):
    """What the formation expects of the jail."""

    def is_barred(self, ctx: Context, participant: str) -> bool:
        """Whether a participant is jailed and therefore left out."""


class Reputations(Protocol):
    """What the formation expects of validation."""

    def get_reputation(self, ctx: Context, participant: str) -> int:
        """A participant's reputation by its settled epochs, 0 to 100."""


class Requests(Protocol):
    """What this room expects of the inference room."""

    def process_pruning(self, ctx: Context, upcoming_index: int) -> None:
        """Forgets inferences of old epochs."""
