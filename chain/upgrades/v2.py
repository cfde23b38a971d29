"""v2: participants' public URLs lose the slashes at their end.

Brokers put a path behind the URL. Those who had registered "http://host:9000/" were asked for "//v1/…", which
some servers do not know.
"""

from typing import TYPE_CHECKING

from chain.context import Context
from chain.records import replace

if TYPE_CHECKING:
    from chain.machine import Keepers


def migrate(keepers: "Keepers", ctx: Context) -> int:
    """Rewrites every participant whose URL ends with a slash; how many there were."""
    changed = 0
    for participant in list(keepers.nodes.get_participants(ctx)):
        url = participant.inference_url.rstrip("/")
        if url != participant.inference_url:
            keepers.nodes.set_participant(ctx, replace(participant, inference_url=url))
            changed += 1
    return changed
