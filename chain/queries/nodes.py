"""Reads of participants and their machines."""

from chain.context import Context
from chain.errors import ErrParticipantNotFound
from chain.nodes.keeper import HARDWARE_NODES, PARTICIPANTS, Nodes
from chain.nodes.types import HardwareNodes
from chain.queries import types as q
from chain.queries.keys import require_name
from chain.queries.pages import get_page_values


class NodeQueries:
    """Answers from the nodes room."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes

    def participant(self, ctx: Context, request: q.QueryParticipantRequest) -> q.QueryParticipantResponse:
        """One participant."""
        participant = self._nodes.get_participant(ctx, require_name("index", request.index))
        if participant is None:
            raise ErrParticipantNotFound(address=request.index)
        return q.QueryParticipantResponse(participant)

    def participant_all(
        self, ctx: Context, request: q.QueryParticipantAllRequest
    ) -> q.QueryParticipantAllResponse:
        """All participants, by address."""
        participants, page = get_page_values(ctx.store, PARTICIPANTS, request.pagination)
        return q.QueryParticipantAllResponse(participants, page, ctx.height)

    def hardware_nodes(
        self, ctx: Context, request: q.QueryHardwareNodesRequest
    ) -> q.QueryHardwareNodesResponse:
        """A participant's machines; an empty list when it reported none."""
        address = require_name("participant", request.participant)
        return q.QueryHardwareNodesResponse(self._nodes.get_hardware(ctx, address) or HardwareNodes(address))

    def hardware_nodes_all(
        self, ctx: Context, request: q.QueryHardwareNodesAllRequest
    ) -> q.QueryHardwareNodesAllResponse:
        """Machines of all participants, by participant."""
        return q.QueryHardwareNodesAllResponse(
            *get_page_values(ctx.store, HARDWARE_NODES, request.pagination)
        )
