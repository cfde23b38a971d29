"""What the effective epoch assigns to our nodes.

Read whole, applied whole, and counted as known only then.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from broker.facts import ModelGroup
from broker.nodes import EpochModel, Node


@dataclass(slots=True)
class EpochData:
    """The groups of the last epoch that was read; `epoch_index` None before the first answer."""

    epoch_index: int | None = None
    groups: tuple[ModelGroup, ...] = ()

    def is_known(self, effective_epoch: int) -> bool:
        """Whether the assignments of this epoch are in place."""
        return self.epoch_index == effective_epoch


def compute_epoch_models(groups: Iterable[ModelGroup], participant: str) -> dict[str, dict[str, EpochModel]]:
    """node id -> model id -> assignment, for the participant's own nodes only.

    Node ids are unique within a participant, so a foreign node of the same name is no match.
    """
    found: dict[str, dict[str, EpochModel]] = {}
    for group in groups:
        for member in group.members:
            if member.participant != participant:
                continue
            for node in member.nodes:
                model = EpochModel(group.model_id, group.model_args, node.poc_weight, node.on_duty)
                found.setdefault(node.node_id, {})[group.model_id] = model
    return found


def update_node_with_epoch_data(nodes: Mapping[str, Node], data: EpochData, participant: str) -> None:
    """Put the assignments in place; a node without one is left without."""
    models = compute_epoch_models(data.groups, participant)
    for node_id, node in nodes.items():
        node.epoch_models = models.get(node_id, {})
