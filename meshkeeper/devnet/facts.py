"""Facts read back from the chain, as plain data for `story.json`."""

from collections.abc import Callable
from typing import Any

from chain.v1 import epochs_pb2, inference_pb2, query_pb2
from meshkeeper.devnet.reader import Reader

Names = Callable[[str], str]


def list_batches(reader: Reader, stage: int, name: Names) -> list[dict[str, Any]]:
    """Batches of a proof of compute, one entry a node."""
    request = query_pb2.QueryPocBatchesForStageRequest(poc_stage_start_block_height=stage)
    nonces: dict[tuple[str, str], int] = {}
    for batch in reader.read_all(reader.query.PocBatchesForStage, request, "batches"):
        key = (name(batch.participant_address), batch.node_id)
        nonces[key] = nonces.get(key, 0) + len(batch.nonces)
    return [
        {"participant": owner, "node_id": node_id, "nonces": count}
        for (owner, node_id), count in sorted(nonces.items())
    ]


def list_votes(reader: Reader, stage: int, name: Names) -> list[dict[str, Any]]:
    """Votes of a proof of compute."""
    request = query_pb2.QueryPocValidationsForStageRequest(poc_stage_start_block_height=stage)
    return [
        {
            "validator": name(vote.validator_participant_address),
            "participant": name(vote.participant_address),
            "recomputed_nonces": len(vote.nonces),
            "invalid_nonces": vote.n_invalid,
            "fraud_detected": vote.fraud_detected,
        }
        for vote in reader.read_all(reader.query.PocValidationsForStage, request, "validations")
    ]


def list_members(group: epochs_pb2.EpochGroupData, name: Names) -> list[dict[str, Any]]:
    """Members of a sub-group with their nodes."""
    return [
        {
            "participant": name(member.member_address),
            "weight": member.weight,
            "nodes": [
                {
                    "node_id": node.node_id,
                    "weight": node.poc_weight,
                    "poc_slot": list(node.timeslot_allocation)[1:] == [True],
                }
                for node in member.ml_nodes
            ],
        }
        for member in group.validation_weights
    ]


def describe_inference(record: inference_pb2.Inference, name: Names) -> dict[str, Any]:
    """The record of an inference."""
    prefix = "INFERENCE_STATUS_"
    return {
        "inference_id": record.inference_id,
        "model": record.model,
        "transferred_by": name(record.transferred_by),
        "executed_by": name(record.executed_by),
        "status": inference_pb2.InferenceStatus.Name(record.status).removeprefix(prefix),
        "start_block_height": record.start_block_height,
        "end_block_height": record.end_block_height,
        "prompt_token_count": record.prompt_token_count,
        "completion_token_count": record.completion_token_count,
        "actual_cost_umesh": record.actual_cost,
    }


def find_eligibility(reader: Reader, address: str, node_id: str) -> dict[str, Any]:
    """Whether the chain would take a node into the next epoch, and if not, why."""
    request = query_pb2.QueryNodeEligibilityRequest(participant=address, node_id=node_id)
    answer = reader.query.NodeEligibility(request, timeout=10).eligibility
    return {"eligible": answer.eligible, "reason": answer.reason, "models": list(answer.models)}


def list_hardware(reader: Reader, name: Names) -> list[dict[str, Any]]:
    """Every machine on chain."""
    owners = reader.read_all(reader.query.HardwareNodesAll, query_pb2.QueryHardwareNodesAllRequest(), "nodes")
    return [
        {
            "participant": name(owner.participant),
            "node_id": node.local_id,
            "models": list(node.models),
            "hardware": [{"type": device.type, "count": device.count} for device in node.hardware],
            "host": node.host,
            "port": node.port,
        }
        for owner in owners
        for node in owner.hardware_nodes
    ]


def describe_epoch(reader: Reader, index: int, effective_height: int, name: Names) -> dict[str, Any]:
    """An epoch: how its weights came about, and the snapshot of who serves what."""
    parent = reader.group(index)
    stage = parent.poc_start_block_height
    return {
        "index": index,
        "poc_start_block_height": stage,
        "effective_block_height": effective_height,
        "app_hash": reader.block(effective_height).app_hash.hex(),
        "batches": list_batches(reader, stage, name),
        "votes": list_votes(reader, stage, name),
        "weights": {name(member.member_address): member.weight for member in parent.validation_weights},
        "snapshot": {
            model: list_members(reader.group(index, model), name) for model in parent.sub_group_models
        },
    }
