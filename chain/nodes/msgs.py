"""Handlers of participants' messages about themselves and their machines."""

from chain.auth.addresses import SECP256K1, decode_address
from chain.context import Context
from chain.errors import ErrInvalidModel, ErrInvalidRecord
from chain.nodes import rules
from chain.nodes.keeper import Nodes
from chain.nodes.types import (
    AccountBook,
    HardwareNode,
    HardwareNodes,
    ModelRegistry,
    MsgSubmitHardwareDiff,
    MsgSubmitHardwareDiffResponse,
    MsgSubmitNewParticipant,
    MsgSubmitNewParticipantResponse,
    MsgSubmitNewUnfundedParticipant,
    MsgSubmitNewUnfundedParticipantResponse,
    Participant,
    ParticipantStatus,
)
from chain.records import replace


class Msgs:
    """Handlers of this room."""

    def __init__(self, nodes: Nodes, models: ModelRegistry, accounts: AccountBook) -> None:
        self._nodes = nodes
        self._models = models
        self._accounts = accounts

    def submit_new_participant(
        self, ctx: Context, msg: MsgSubmitNewParticipant
    ) -> MsgSubmitNewParticipantResponse:
        """Registers a participant, or updates its URL and keys; standing, figures and balance are kept."""
        _check_participant(msg.creator, msg.url, msg.validator_key, msg.worker_key)
        known = self._nodes.get_participant(ctx, msg.creator)
        participant = replace(
            known or _build_participant(ctx, msg.creator),
            inference_url=msg.url,
            validator_key=msg.validator_key,
            worker_public_key=msg.worker_key,
        )
        self._nodes.set_participant(ctx, participant)
        ctx.emit("participant_updated" if known else "participant_registered", participant=msg.creator)
        return MsgSubmitNewParticipantResponse(participant_index=msg.creator)

    def submit_new_unfunded_participant(
        self, ctx: Context, msg: MsgSubmitNewUnfundedParticipant
    ) -> MsgSubmitNewUnfundedParticipantResponse:
        """Creates an account and registers it as a participant. What it is registered with it can change
        itself, for the key that is named here must be the address's own.
        """
        decode_address(msg.address)
        _check_participant(msg.address, msg.url, msg.validator_key, msg.worker_key)
        self._accounts.create_account(ctx, msg.address, SECP256K1, rules.decode_key(msg.pub_key))
        participant = replace(
            _build_participant(ctx, msg.address),
            inference_url=msg.url,
            validator_key=msg.validator_key,
            worker_public_key=msg.worker_key,
        )
        self._nodes.set_participant(ctx, participant)
        ctx.emit("participant_registered", participant=msg.address)
        return MsgSubmitNewUnfundedParticipantResponse(participant_index=msg.address)

    def submit_hardware_diff(self, ctx: Context, msg: MsgSubmitHardwareDiff) -> MsgSubmitHardwareDiffResponse:
        """Applies what changed in a participant's hardware, wholly or not at all.

        Models are stored as declared. STOPPED and FAILED machines are not asked for valid models, so that
        one whose model was retired can still be taken out.
        """
        for node in (*msg.new_or_modified, *msg.removed):
            if fault := rules.find_fault(node):
                raise ErrInvalidRecord(what=f"node {node.local_id!r}", why=fault)
        self._nodes.require_participant(ctx, msg.creator)
        self._check_models(ctx, msg.new_or_modified)
        hardware = self._nodes.get_hardware(ctx, msg.creator) or HardwareNodes(msg.creator)
        nodes = rules.compute_nodes(hardware.hardware_nodes, msg.new_or_modified, msg.removed)
        if len(nodes) > rules.NODES_MAX:
            raise ErrInvalidRecord(
                what=f"hardware of {msg.creator}", why=f"more than {rules.NODES_MAX} nodes"
            )
        self._nodes.set_hardware(ctx, HardwareNodes(msg.creator, nodes))
        _announce(ctx, msg.creator, hardware.hardware_nodes, nodes)
        return MsgSubmitHardwareDiffResponse()

    def _check_models(self, ctx: Context, nodes: tuple[HardwareNode, ...]) -> None:
        resolver = self._models.get_resolver(ctx)
        for node in nodes:
            for model in node.models if rules.is_active(node) else ():
                if resolver.resolve(model) is None:
                    valid = ", ".join(resolver.list_valid()) or "none yet"
                    raise ErrInvalidModel(model=model, valid=valid)


def _check_participant(address: str, url: str, validator_key: str, worker_key: str) -> None:
    if url and not rules.is_url(url):
        raise ErrInvalidRecord(what=f"participant {address}", why="url is not an http or https URL")
    for name, key in (("validator_key", validator_key), ("worker_key", worker_key)):
        if key and not rules.is_ed25519_key(key):
            raise ErrInvalidRecord(what=f"participant {address}", why=f"{name} is not 32 bytes in base64")


def _build_participant(ctx: Context, address: str) -> Participant:
    return Participant(
        index=address,
        address=address,
        weight=-1,
        join_time=ctx.time_ms,
        join_height=ctx.height,
        status=ParticipantStatus.ACTIVE,
    )


def _announce(
    ctx: Context, participant: str, before: tuple[HardwareNode, ...], after: tuple[HardwareNode, ...]
) -> None:
    known = {node.local_id: node for node in before}
    left = {node.local_id: node for node in after}
    for node_id in known:
        if node_id not in left:
            ctx.emit("hardware_removed", participant=participant, node_id=node_id)
    for node in after:
        if known.get(node.local_id) != node:
            status = node.status.name
            ctx.emit("hardware_updated", participant=participant, node_id=node.local_id, status=status)
