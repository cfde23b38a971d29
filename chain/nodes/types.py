"""Records and messages of participants and their hardware."""

from enum import IntEnum
from typing import Protocol

from chain.context import Context
from chain.models.types import Resolver
from chain.records import Record


class ParticipantStatus(IntEnum):
    """What the network thinks of a participant."""

    UNSPECIFIED = 0
    ACTIVE = 1
    INACTIVE = 2
    INVALID = 3
    RAMPING = 4


class CurrentEpochStats(Record, frozen=True):
    """What a participant did in the running epoch. Reset at settlement."""

    inference_count: int = 0
    """Inferences finished in time as executor."""
    missed_requests: int = 0
    """Inferences assigned to the participant that expired."""
    earned_coins: int = 0
    """Work paid in this epoch, umesh."""
    rewarded_coins: int = 0
    """Epoch reward of this epoch, umesh."""
    burned_coins: int = 0
    """Collateral burnt in this epoch, umesh."""
    validated_inferences: int = 0
    """Own inferences that others found valid."""
    invalidated_inferences: int = 0
    """Own inferences that others found invalid."""


class Participant(Record, frozen=True):
    """An account that takes part as host, requester or transfer agent."""

    index: str = ""
    """Same as address; the key of the record."""
    address: str = ""
    """Account, bech32."""
    weight: int = 0
    """Not used for proof of compute; -1 on creation."""
    join_time: int = 0
    """Block time of the registration, milliseconds since the Unix epoch."""
    join_height: int = 0
    """Height of the registration."""
    last_inference_time: int = 0
    """Block time of the last finished inference as executor, milliseconds since the Unix epoch; 0 before
    it.
    """
    inference_url: str = ""
    """Public URL of the participant's broker, http or https; empty for one that only asks."""
    status: ParticipantStatus = ParticipantStatus(0)
    """Standing of the participant."""
    coin_balance: int = 0
    """Work earned and not yet settled, umesh. May go negative."""
    validator_key: str = ""
    """Consensus key, ed25519, base64; a participant without one earns no weight."""
    consecutive_invalid_inferences: int = 0
    """Invalid inferences in a row."""
    worker_public_key: str = ""
    """Key that signs for the participant's workers, base64; may be empty."""
    epochs_completed: int = 0
    """Epochs in which the participant was settled while not INVALID."""
    current_epoch_stats: CurrentEpochStats = CurrentEpochStats()
    """Figures of the running epoch."""


class HardwareNodeStatus(IntEnum):
    """What a node is doing, as its broker reports it. On chain STOPPED means: taken out by its operator."""

    UNKNOWN = 0
    INFERENCE = 1
    POC = 2
    TRAINING = 3
    STOPPED = 4
    FAILED = 5


class Hardware(Record, frozen=True):
    """A kind of device in a node."""

    type: str = ""
    """Name of the device, for example "NVIDIA H100" or "CPU"."""
    count: int = 0
    """How many of them."""


class HardwareNode(Record, frozen=True):
    """One machine of a participant."""

    local_id: str = ""
    """Identifier, unique within the participant only; 1 to 128 printable ASCII characters."""
    status: HardwareNodeStatus = HardwareNodeStatus(0)
    """What the machine is doing."""
    models: tuple[str, ...] = ()
    """Models that the node declares, as declared: governance identifiers or alternatives of one."""
    hardware: tuple[Hardware, ...] = ()
    """Devices."""
    host: str = ""
    """Host name or address of the node's management interface, without a scheme."""
    port: str = ""
    """Port of the management interface, decimal."""


class HardwareNodes(Record, frozen=True):
    """All machines of one participant."""

    participant: str = ""
    """Account of the owner, bech32."""
    hardware_nodes: tuple[HardwareNode, ...] = ()
    """Machines, sorted by local_id."""


class MsgSubmitNewParticipant(Record, frozen=True):
    """Registers a participant, or updates its URL and keys; standing, figures and balance are kept."""

    creator: str = ""
    """The participant, bech32. Signs."""
    url: str = ""
    """Public URL of its broker, http or https; empty for one that only asks."""
    validator_key: str = ""
    """Consensus key, ed25519, base64; may be empty."""
    worker_key: str = ""
    """Workers' key, base64; may be empty."""


class MsgSubmitNewParticipantResponse(Record, frozen=True):
    """Answers MsgSubmitNewParticipant."""

    participant_index: str = ""
    """The participant, bech32."""


class MsgSubmitNewUnfundedParticipant(Record, frozen=True):
    """Registers another account as a participant, and creates the account: it need not own anything."""

    creator: str = ""
    """Who registers it, bech32. Signs."""
    address: str = ""
    """The new account and participant, bech32."""
    url: str = ""
    """Public URL of its broker, http or https; empty for one that only asks."""
    pub_key: str = ""
    """The new account's secp256k1 key, 33 bytes, base64."""
    validator_key: str = ""
    """Consensus key, ed25519, base64; may be empty."""
    worker_key: str = ""
    """Workers' key, base64; may be empty."""


class MsgSubmitNewUnfundedParticipantResponse(Record, frozen=True):
    """Answers MsgSubmitNewUnfundedParticipant."""

    participant_index: str = ""
    """The participant, bech32."""


class MsgSubmitHardwareDiff(Record, frozen=True):
    """Reports what changed in a participant's hardware."""

    creator: str = ""
    """The participant, bech32. Signs."""
    new_or_modified: tuple[HardwareNode, ...] = ()
    """Machines to add or replace. Each declared model must be governed or be an alternative of a governed
    one (ErrInvalidModel); not checked for STOPPED and FAILED machines.
    """
    removed: tuple[HardwareNode, ...] = ()
    """Machines that left: with status STOPPED the record is kept and marked STOPPED, with any other status
    it is deleted. The models of these are not checked.
    """


class MsgSubmitHardwareDiffResponse(Record, frozen=True):
    """Answers MsgSubmitHardwareDiff."""


class AccountBook(Protocol):
    """What this room expects of accounts."""

    def create_account(self, ctx: Context, address: str, key_type: str, public_key: bytes) -> None:
        """Creates an account whose key is known. Refuses one that exists, and a key that is not its own."""


class ModelRegistry(Protocol):
    """What this room expects of the registry of models."""

    def get_resolver(self, ctx: Context) -> Resolver:
        """A resolver over the registry as it is now."""
