"""What each node is to be, and the one command, if any, that brings it there.

    phase                           operational       on duty, operational or not   neither

    generation, to its end          POC generating    INFERENCE                     STOPPED
    from there to validation's end  POC validating    INFERENCE                     STOPPED
    inference                       INFERENCE         as operational, or STOPPED    STOPPED

INFERENCE is always with the model that the epoch assigns; a node without one is STOPPED.

A specification names everything that matters, so that a leftover of an older stage or another model never
counts as done. A command carries a generation that only grows; answers to older ones are dropped. Between
failed attempts the wait grows, and a changed specification starts at once.
"""

from dataclasses import dataclass

from broker.admin import is_wanted
from broker.facts import EpochView, Phase
from broker.models import Resolutions, choose_node_model, find_unresolved, merge_args
from broker.nodes import Mode, Node, Observation, PocStatus, Spec
from broker.poc import Mining

BACK_OFF_S = (0.0, 5.0, 10.0, 20.0, 30.0)
STOPPED = Spec(Mode.STOPPED)


@dataclass(frozen=True, slots=True)
class Outlook:
    """All that decides what a node is to be, besides the node itself."""

    epoch: EpochView
    mining: Mining | None
    resolutions: Resolutions
    epoch_data_known: bool


def compute_intended(node: Node, operational: bool, outlook: Outlook) -> tuple[Spec | None, str]:
    """The specification and the reason for it; None while something that decides it is not known yet."""
    epoch = outlook.epoch
    if find_unresolved([], [node], outlook.resolutions):
        return None, "the chain has not said yet what the node's models stand for"
    if not outlook.epoch_data_known:
        return None, f"the groups of epoch {epoch.effective_epoch_index} have not been read yet"
    if epoch.phase == Phase.INFERENCE:
        if not operational:
            return STOPPED, _explain_absence(node)
        return _serve(node, outlook, "serves the model of the epoch")
    if node.on_duty:
        why = "on duty through the proof of compute" + ("" if operational else ", then stops")
        return _serve(node, outlook, why)
    if not operational:
        return STOPPED, _explain_absence(node)
    if epoch.block_height >= epoch.generation_end_block_height:
        return _validate(outlook)
    return _mine(node, outlook)


def _explain_absence(node: Node) -> str:
    if is_wanted(node.admin):
        return "enabled; takes part from the inference phase on"
    return "disabled by the operator"


def _serve(node: Node, outlook: Outlook, why: str) -> tuple[Spec | None, str]:
    epoch = outlook.epoch
    if not node.epoch_models and epoch.effective_epoch_index < epoch.latest_epoch_index:
        return None, f"the new groups take effect at height {epoch.set_new_validators_block_height}"
    if not node.epoch_models:
        return STOPPED, "the epoch assigns no model to this node; it waits for the next proof of compute"
    for model_id, assigned in sorted(node.epoch_models.items()):
        local = choose_node_model(node, model_id, outlook.resolutions)
        if local:
            own = next((model.args for model in node.config.models if model.id == local), ())
            args = merge_args(assigned.model_args, own)
            return Spec(Mode.INFERENCE, model=local, served_name=model_id, args=args), why
    names = ", ".join(sorted(node.epoch_models))
    return STOPPED, f"the epoch assigns {names}, but the node has no file for it"


def _mine(node: Node, outlook: Outlook) -> tuple[Spec | None, str]:
    mining, start = outlook.mining, outlook.epoch.poc_start_block_height
    if mining is None or mining.stage.start_height != start or mining.assignments is None:
        return None, f"the admissions of the proof of compute at {start} have not been read yet"
    share = mining.assignments.get(node.config.id)
    if share is None:
        return STOPPED, "has no share in this proof of compute; it waits for the validation"
    spec = Spec(
        Mode.POC,
        PocStatus.GENERATING,
        start,
        mining.stage.block_hash,
        share.local_model,
        share.model_id,
        rank=share.rank,
        count=share.count,
    )
    return spec, f"mines share {share.rank + 1} of {share.count}"


def _validate(outlook: Outlook) -> tuple[Spec | None, str]:
    mining, start = outlook.mining, outlook.epoch.poc_start_block_height
    if mining is None or mining.stage.start_height != start:
        return None, f"the proof of compute at {start} has not been read yet"
    spec = Spec(Mode.POC, PocStatus.VALIDATING, start, mining.stage.block_hash)
    return spec, "recomputes what others mined"


def is_satisfied(spec: Spec, seen: Observation, applied: Spec | None) -> bool:
    """Whether the node is what it should be.

    Only we know arguments and share, so a node that mines, or that was told something else by this
    process, is told again; a node found serving the right model after a restart of the broker is left in
    peace.
    """
    if seen.mode != spec.mode:
        return False
    if spec.mode == Mode.INFERENCE:
        return seen.model == spec.model and not seen.loading and _is_served(spec, seen, applied)
    if spec.mode == Mode.POC:
        same = seen.poc_status == spec.poc_status and seen.poc_start_block_height == spec.stage_height
        return same and (spec.poc_status == PocStatus.VALIDATING or applied == spec)
    return True


def _is_served(spec: Spec, seen: Observation, applied: Spec | None) -> bool:
    if applied is not None:
        return applied == spec
    names = {name for file in seen.models if file.id == spec.model for name in (*file.served_names, file.id)}
    return spec.served_name in names


def is_under_way(spec: Spec, seen: Observation, applied: Spec | None, generation: int) -> bool:
    """Whether the node has taken exactly this command and works on it, so that only patience is needed."""
    return applied == spec and seen.generation == generation and seen.loading and not seen.last_error


def get_back_off_s(attempts: int) -> float:
    """Seconds to wait after this many failed attempts."""
    return BACK_OFF_S[min(attempts, len(BACK_OFF_S) - 1)]
