"""Reads of upgrades."""

from chain.context import Context
from chain.queries import upgrade_types as q
from chain.queries.pages import get_page_values
from chain.upgrades.keeper import APPLIED, VERSIONS, Upgrades


class UpgradeQueries:
    """Answers from the upgrades room."""

    def __init__(self, upgrades: Upgrades) -> None:
        self._upgrades = upgrades

    def upgrade_plan(self, ctx: Context, request: q.QueryUpgradePlanRequest) -> q.QueryUpgradePlanResponse:
        """The planned upgrade."""
        return q.QueryUpgradePlanResponse(self._upgrades.get_plan(ctx))

    def applied_upgrade_all(
        self, ctx: Context, request: q.QueryAppliedUpgradeAllRequest
    ) -> q.QueryAppliedUpgradeAllResponse:
        """All upgrades that the chain has behind it, by name."""
        return q.QueryAppliedUpgradeAllResponse(*get_page_values(ctx.store, APPLIED, request.pagination))

    def room_version_all(
        self, ctx: Context, request: q.QueryRoomVersionAllRequest
    ) -> q.QueryRoomVersionAllResponse:
        """Versions of the rooms' law, by room."""
        return q.QueryRoomVersionAllResponse(*get_page_values(ctx.store, VERSIONS, request.pagination))
