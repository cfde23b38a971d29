"""The frozen groups of an epoch: the parent with every member, and one for each served model."""

from collections.abc import Iterable, Mapping

from chain.epochs.types import (
    ActiveParticipant,
    Epoch,
    EpochGroupData,
    MLNodeInfo,
    ModelMLNodes,
    SeedSignature,
    ValidationWeight,
)
from chain.records import replace


def build_parent(
    empty: EpochGroupData | None,
    upcoming: Epoch,
    participants: tuple[ActiveParticipant, ...],
    reputations: Mapping[str, int],
) -> EpochGroupData:
    """The parent group with all members, their reputations and seeds, and the models that somebody serves."""
    base = empty or EpochGroupData(
        poc_start_block_height=upcoming.poc_start_block_height, epoch_index=upcoming.index
    )
    models = dict.fromkeys(model_id for participant in participants for model_id in participant.models)
    return replace(
        base,
        member_seed_signatures=tuple(
            SeedSignature(participant.index, participant.seed.signature)
            for participant in participants
            if participant.seed
        ),
        validation_weights=tuple(
            ValidationWeight(participant.index, participant.weight, reputations[participant.index])
            for participant in participants
        ),
        total_weight=sum(participant.weight for participant in participants),
        sub_group_models=tuple(models),
    )


def build_sub_group(
    upcoming: Epoch,
    model_id: str,
    participants: Iterable[ActiveParticipant],
    reputations: Mapping[str, int],
) -> EpochGroupData:
    """One model's group: whoever serves it, each with its whole weight and the machines that serve it."""
    members = tuple(
        ValidationWeight(
            participant.index,
            participant.weight,
            reputations[participant.index],
            _get_model_nodes(participant, model_id),
        )
        for participant in participants
        if model_id in participant.models
    )
    return EpochGroupData(
        poc_start_block_height=upcoming.poc_start_block_height,
        validation_weights=members,
        total_weight=sum(member.weight for member in members),
        model_id=model_id,
        epoch_index=upcoming.index,
        total_throughput=sum(node.throughput for member in members for node in member.ml_nodes),
    )


def _get_model_nodes(participant: ActiveParticipant, model_id: str) -> tuple[MLNodeInfo, ...]:
    array: ModelMLNodes = participant.ml_nodes[participant.models.index(model_id)]
    return array.ml_nodes
