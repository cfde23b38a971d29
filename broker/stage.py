"""A proof of compute from start to votes: what to ask the chain for, what to send, when to give up."""

from broker.actions import (
    Action,
    ForgetStages,
    Note,
    QueryPocBatches,
    QueryPocStage,
    StoreVote,
    SubmitPocBatch,
    SubmitPocValidation,
    ValidateNonces,
)
from broker.commands import find_validators
from broker.events import PocBatchesReceived, PocStageReceived, TxCommitted, TxFailed, TxRefused
from broker.facts import EpochView, HardwareStatus, Phase, PocStage
from broker.models import find_unresolved
from broker.poc import (
    ACCEPTED,
    PENDING,
    REFUSED,
    Assignment,
    Batch,
    Mining,
    compute_assignments,
    get_batch_key,
    store_assignment,
    store_batch,
)
from broker.poc_votes import (
    Ballot,
    Validation,
    assign_jobs,
    get_vote_key,
    judge,
    may_vote,
    open_ballots,
)
from broker.state import State


def enter_stage(state: State, epoch: EpochView) -> list[Action]:
    """Read the stage that is under way, once it is known to have begun."""
    start = epoch.poc_start_block_height
    if epoch.phase == Phase.INFERENCE or epoch.latest_epoch_index == 0:
        return []
    if state.mining is not None and state.mining.stage.start_height == start:
        return []
    if not state.errands.start(f"QueryPocStage/{start}", epoch.block_height):
        return []
    return [QueryPocStage(epoch.latest_epoch_index, start)]


def take_stage(state: State, event: PocStageReceived) -> list[Action]:
    """Begin the stage, with what is kept of it from before a restart."""
    stage = event.stage
    state.errands.finish(f"QueryPocStage/{stage.start_height}")
    epoch = state.tracker.epoch
    if epoch is None or stage.start_height != epoch.poc_start_block_height:
        return []
    if state.mining is not None and state.mining.stage.start_height == stage.start_height:
        return []
    before = state.mining
    state.mining = _restore_mining(state, stage)
    voted = {item.participant for item in state.stored.votes if item.start_height == stage.start_height}
    state.validation = Validation(stage, voted=voted)
    _recount(state)
    for family in ("batch/", "vote/"):
        state.errands.forget(family)
    return [ForgetStages(before.stage.start_height)] if before else []


def _restore_mining(state: State, stage: PocStage) -> Mining:
    mining = Mining(stage)
    for kept in state.stored.batches:
        if kept.start_height == stage.start_height:
            batch = Batch(kept.node_id, kept.nonces, kept.dist_micro, kept.state, kept.reason)
            mining.batches[kept.batch_id] = batch
            mining.taken.update(kept.nonces)
    shares = [item for item in state.stored.assignments if item.start_height == stage.start_height]
    if shares:
        mining.assignments = {
            item.node_id: Assignment(
                item.node_id, item.rank, item.count, item.model_id, item.local_model, item.next_nonce
            )
            for item in shares
        }
    return mining


def _recount(state: State) -> None:
    batches = state.mining.batches.values() if state.mining else ()
    for node_id, node in state.nodes.items():
        counts, own = node.counts, [batch for batch in batches if batch.node_id == node_id]
        counts.sent = len(own)
        counts.accepted = sum(1 for batch in own if batch.state == ACCEPTED)
        refused = [batch.reason for batch in own if batch.state == REFUSED]
        counts.refused, counts.last_refusal = len(refused), refused[-1] if refused else ""


def freeze_shares(state: State, epoch: EpochView) -> list[Action]:
    """Number our mining nodes, once and for the whole stage."""
    mining = state.mining
    if mining is None or mining.assignments is not None or epoch.phase == Phase.INFERENCE:
        return []
    if mining.stage.start_height != epoch.poc_start_block_height:
        return []
    if epoch.block_height >= epoch.generation_end_block_height:
        mining.assignments = {}
        return []
    if not state.epoch_data.is_known(epoch.effective_epoch_index):
        return []
    able = [
        node for node in state.get_sorted_nodes() if state.is_operational(node, epoch) and not node.on_duty
    ]
    if find_unresolved([node.config for node in able], (), state.resolutions):
        return []
    ids = [node.config.id for node in able]
    mining.assignments = compute_assignments(
        mining.stage, state.identity.participant, state.nodes, ids, state.resolutions
    )
    start = mining.stage.start_height
    return [store_assignment(start, share) for share in mining.assignments.values()]


def submit_batches(state: State, epoch: EpochView) -> list[Action]:
    """Send what waits, while the window is open, for nodes that may mine."""
    mining = state.mining
    if mining is None or mining.stage.start_height != epoch.poc_start_block_height:
        return []
    out: list[Action] = []
    start, deadline = mining.stage.start_height, epoch.exchange_deadline_block_height
    for batch_id, batch in mining.batches.items():
        key = get_batch_key(batch_id)
        if batch.state != PENDING or key in state.errands.out:
            continue
        if epoch.block_height >= deadline:
            batch.state, batch.reason = REFUSED, f"not in a block by the exchange deadline {deadline}"
            out.append(store_batch(start, batch_id, batch))
        elif _may_submit(state, epoch, batch.node_id) and state.errands.start(key, epoch.block_height):
            out.append(SubmitPocBatch(key, start, batch_id, batch.node_id, batch.nonces, batch.dist_micro))
    _recount(state)
    return out


def _may_submit(state: State, epoch: EpochView, node_id: str) -> bool:
    node, records = state.nodes.get(node_id), state.sync.records or {}
    record = records.get(node_id)
    if node is None or record is None or not state.is_operational(node, epoch):
        return False
    return record.status not in (HardwareStatus.STOPPED, HardwareStatus.FAILED)


def finish_batch(state: State, batch_id: str, event: TxCommitted | TxRefused | TxFailed) -> list[Action]:
    """A batch is in a block, refused for good, or to be sent again at the next block."""
    state.errands.finish(event.key)
    batch = state.mining.batches.get(batch_id) if state.mining else None
    if state.mining is None or batch is None or isinstance(event, TxFailed):
        return []
    if isinstance(event, TxCommitted):
        batch.state, batch.reason = ACCEPTED, ""
    else:
        batch.state, batch.reason = REFUSED, f"{event.reason}: {event.log}"
    _recount(state)
    kept: list[Action] = [store_batch(state.mining.stage.start_height, batch_id, batch)]
    if batch.state == REFUSED:
        kept.append(Note("warning", f"batch refused: {batch.reason}", batch.node_id))
    return kept


def is_vote_window(epoch: EpochView, start_height: int) -> bool:
    """Whether a vote sent now still arrives in time."""
    current = epoch.poc_start_block_height == start_height
    first, last = epoch.validation_start_block_height, epoch.validation_end_block_height
    return current and first <= epoch.block_height < last


def advance_validation(state: State, epoch: EpochView) -> list[Action]:
    """Read the batches, hand out what is to be recomputed, and vote on whoever is done."""
    validation = state.validation
    if validation is None or not is_vote_window(epoch, validation.stage.start_height):
        return []
    start = validation.stage.start_height
    if validation.ballots is None and epoch.block_height < epoch.exchange_deadline_block_height:
        return []
    if validation.ballots is None:
        ask = state.errands.start(f"QueryPocBatches/{start}", epoch.block_height)
        return [QueryPocBatches(start)] if ask else []
    out: list[Action] = []
    for job, file in assign_jobs(validation, find_validators(state), state.resolutions):
        key = validation.ballots[job.participant].public_key
        out.append(
            ValidateNonces(job.job_id, job.node_id, validation.stage, file, key, job.nonces, job.dist_micro)
        )
    last_chance = epoch.block_height >= epoch.validation_end_block_height - 1
    for ballot in validation.ballots.values():
        done = not ballot.open_jobs or last_chance
        if done and not ballot.settled:
            out += _vote(state, validation.stage, ballot, epoch.block_height)
    return out


def take_batches(state: State, event: PocBatchesReceived) -> None:
    """Open the ballots of the stage."""
    state.errands.finish(f"QueryPocBatches/{event.start_height}")
    validation = state.validation
    if validation is None or validation.stage.start_height != event.start_height:
        return
    if validation.ballots is None:
        open_ballots(validation, event.miners, state.identity.public_key)


def _vote(state: State, stage: PocStage, ballot: Ballot, height: int) -> list[Action]:
    key, verdict = get_vote_key(stage.start_height, ballot.participant), judge(stage, ballot)
    if not may_vote(ballot, verdict) or not state.errands.start(key, height):
        return []
    return [
        SubmitPocValidation(
            key,
            ballot.participant,
            stage.start_height,
            tuple(ballot.nonces),
            tuple(ballot.recomputed),
            tuple(ballot.received),
            stage.params.r_target_micro,
            stage.params.fraud_threshold,
            verdict.n_invalid,
            verdict.probability_honest,
            verdict.fraud_detected,
        )
    ]


def finish_vote(
    state: State, start_height: int, participant: str, event: TxCommitted | TxRefused | TxFailed
) -> list[Action]:
    """A vote is in a block, refused for good, or to be sent again at the next block."""
    state.errands.finish(event.key)
    validation = state.validation
    if validation is None or validation.stage.start_height != start_height or isinstance(event, TxFailed):
        return []
    ballot = (validation.ballots or {}).get(participant)
    if ballot is None:
        return []
    ballot.settled = True
    validation.voted.add(participant)
    out: list[Action] = [StoreVote(validation.stage.start_height, participant)]
    if isinstance(event, TxRefused):
        out.append(Note("warning", f"vote on {participant} refused: {event.reason}: {event.log}"))
    return out
