"""Participants and their machines."""

from collections.abc import Iterator

from chain.context import Context
from chain.errors import ErrParticipantNotFound
from chain.genesis import GenesisState
from chain.nodes.types import HardwareNode, HardwareNodes, Participant
from chain.store import Map

PARTICIPANTS = Map(b"\x11\x00", "nodes/participants", (str,), Participant)
HARDWARE_NODES = Map(b"\x11\x01", "nodes/hardware_nodes", (str,), HardwareNodes)
COLLECTIONS = (PARTICIPANTS, HARDWARE_NODES)


class Nodes:
    """Participants and the hardware that they report."""

    def get_participant(self, ctx: Context, address: str) -> Participant | None:
        """A participant, or None."""
        return PARTICIPANTS.get(ctx.store, address)

    def require_participant(self, ctx: Context, address: str) -> Participant:
        """A participant; refuses an address that is none."""
        participant = self.get_participant(ctx, address) if address else None
        if participant is None:
            raise ErrParticipantNotFound(address=address or "an empty address")
        return participant

    def get_participants(self, ctx: Context) -> Iterator[Participant]:
        """All participants, sorted by address."""
        return PARTICIPANTS.values(ctx.store)

    def set_participant(self, ctx: Context, participant: Participant) -> None:
        """Writes a participant."""
        PARTICIPANTS.set(ctx.store, participant, participant.address)

    def get_hardware(self, ctx: Context, address: str) -> HardwareNodes | None:
        """A participant's machines, or None when it never reported any."""
        return HARDWARE_NODES.get(ctx.store, address)

    def get_all_hardware(self, ctx: Context) -> Iterator[HardwareNodes]:
        """Machines of all participants, sorted by participant."""
        return HARDWARE_NODES.values(ctx.store)

    def set_hardware(self, ctx: Context, hardware: HardwareNodes) -> None:
        """Writes a participant's machines. An empty list stays stored."""
        HARDWARE_NODES.set(ctx.store, hardware, hardware.participant)

    def get_node(self, ctx: Context, address: str, node_id: str) -> HardwareNode | None:
        """One machine of one participant, or None."""
        hardware = self.get_hardware(ctx, address)
        nodes = hardware.hardware_nodes if hardware else ()
        return next((node for node in nodes if node.local_id == node_id), None)

    def import_genesis(self, ctx: Context, genesis: GenesisState) -> None:
        """Takes participants and machines of a genesis document as they are."""
        for participant in genesis.participants:
            self.set_participant(ctx, participant)
        for hardware in genesis.hardware_nodes:
            self.set_hardware(ctx, hardware)

    def export_genesis(self, ctx: Context) -> dict[str, object]:
        """The fields of a genesis document that this room keeps."""
        return {
            "participants": tuple(self.get_participants(ctx)),
            "hardware_nodes": tuple(self.get_all_hardware(ctx)),
        }
