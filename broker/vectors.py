"""Golden cases of the pure rules: each names a rule, what goes in and what must come out.

A case without `post` must be refused. The rules are listed in `RULES`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from broker.admin import disable, enable, should_be_operational
from broker.diff import LocalNode, calculate_nodes_diff
from broker.facts import (
    ChainNode,
    EpochView,
    ExactDecimal,
    HardwareItem,
    HardwareStatus,
    ModelResolution,
    NodesDiff,
    Phase,
)
from broker.models import choose_local_model, merge_args
from broker.nodes import AdminState, ModelConfig, NodeConfig
from broker.poc import compute_batch_id
from broker.poc_verdict import compute_verdict

Document = Mapping[str, Any]


def find_mismatch(case: Any) -> str:
    """What is wrong with a case, "" when the rule answers as it says."""
    try:
        rule, pre = RULES[case["rule"]], case["pre"]
    except (KeyError, TypeError):
        return "a case needs a known rule, pre, and post unless it is to be refused"
    try:
        found = rule(pre)
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        return "" if "post" not in case else f"refused with {error!r}"
    if "post" not in case:
        return f"should be refused, gives {found}"
    return "" if found == case["post"] else f"gives {found}, should give {case['post']}"


def _admin(document: Document) -> AdminState:
    return AdminState(document["enabled"], document["epoch"], document.get("prev_epoch", -1))


def _epoch(document: Document) -> EpochView:
    latest = document["latest_epoch"]
    return EpochView(0, latest, latest, Phase[document["phase"]])


def _run_operational(pre: Document) -> object:
    epoch = _epoch(pre)
    return should_be_operational(_admin(pre["admin"]), epoch.latest_epoch_index, epoch.phase)


def _run_toggle(pre: Document) -> object:
    decide = {"enable": enable, "disable": disable}[pre["decision"]]
    after = decide(_admin(pre["admin"]), _epoch(pre))
    return {"enabled": after.enabled, "epoch": after.epoch, "prev_epoch": after.prev_epoch}


def _chain_node(document: Document) -> ChainNode:
    hardware = tuple(HardwareItem(kind, count) for kind, count in document.get("hardware", []))
    return ChainNode(
        document["local_id"],
        HardwareStatus[document["status"]],
        tuple(document.get("models", [])),
        hardware,
        document.get("host", ""),
        document.get("port", ""),
    )


def _local_node(document: Document) -> LocalNode:
    models = tuple(document.get("models", []))
    config = NodeConfig(
        document["id"],
        document.get("host", ""),
        int(document["port"]),
        tuple(ModelConfig(model) for model in models),
        hardware=tuple(HardwareItem(kind, count) for kind, count in document.get("hardware", [])),
    )
    return LocalNode(config, document["operational"], HardwareStatus[document["status"]], models)


def _write_diff(diff: NodesDiff) -> object:
    return {
        "new_or_modified": [[node.local_id, node.status.name] for node in diff.new_or_modified],
        "removed": [[node.local_id, node.status.name] for node in diff.removed],
    }


def _run_diff(pre: Document) -> object:
    epoch = _epoch(pre["epoch"]) if pre["epoch"] else None
    chain = [_chain_node(item) for item in pre["chain"]]
    return _write_diff(calculate_nodes_diff(chain, [_local_node(item) for item in pre["local"]], epoch))


def _decimal(document: Document) -> ExactDecimal:
    return ExactDecimal(document["value"], document["exponent"])


def _run_verdict(pre: Document) -> object:
    verdict = compute_verdict(
        pre["n_checked"], pre["n_invalid"], _decimal(pre["mismatch_rate"]), _decimal(pre["fraud_threshold"])
    )
    digits = verdict.probability_honest.value
    return {"probability_honest_e18": digits, "fraud_detected": verdict.fraud_detected}


def _run_batch_id(pre: Document) -> object:
    return compute_batch_id(pre["start_height"], pre["node_id"], pre["nonces"])


def _run_merge(pre: Document) -> object:
    return list(merge_args(pre["epoch_args"], pre["local_args"]))


def _run_choice(pre: Document) -> object:
    known = {
        local: ModelResolution(local, found[0] if found else "", tuple(found))
        for local, found in pre["resolutions"].items()
    }
    return choose_local_model(pre["model_id"], pre["candidates"], known)


RULES: dict[str, Callable[[Document], object]] = {
    "should_be_operational": _run_operational,
    "admin_decision": _run_toggle,
    "calculate_nodes_diff": _run_diff,
    "poc_verdict": _run_verdict,
    "poc_batch_id": _run_batch_id,
    "merge_args": _run_merge,
    "choose_local_model": _run_choice,
}
