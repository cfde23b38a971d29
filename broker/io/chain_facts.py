"""Reads the chain's messages into the broker's records, and the other way round for what is submitted."""

from google.protobuf.any_pb2 import Any
from google.protobuf.message import DecodeError

from broker.actions import (
    SubmitClaim,
    SubmitHardwareDiff,
    SubmitPocBatch,
    SubmitPocValidation,
    SubmitSeed,
)
from broker.facts import (
    Block,
    ChainEvent,
    ChainNode,
    EpochView,
    ExactDecimal,
    GroupMember,
    GroupNode,
    HardwareItem,
    HardwareStatus,
    ModelGroup,
    Phase,
    PocAdmission,
    PocParams,
)
from chain.cosmos import auth_pb2, ed25519_pb2, keys_pb2
from chain.v1 import decimal_pb2, epochs_pb2, events_pb2, nodes_pb2, params_pb2, poc_pb2, tx_pb2

POC_SLOT = 1
"""Place of POC_SLOT in a machine's timeslot_allocation."""
SECP256K1_URL = "/cosmos.crypto.secp256k1.PubKey"
ED25519_URL = "/cosmos.crypto.ed25519.PubKey"

Submission = SubmitHardwareDiff | SubmitSeed | SubmitClaim | SubmitPocBatch | SubmitPocValidation
SubmissionMessage = (
    tx_pb2.MsgSubmitHardwareDiff
    | tx_pb2.MsgSubmitSeed
    | tx_pb2.MsgClaimRewards
    | tx_pb2.MsgSubmitPocBatch
    | tx_pb2.MsgSubmitPocValidation
)


def read_epoch(info: epochs_pb2.EpochInfo) -> EpochView:
    """Where the chain stands."""
    return EpochView(
        block_height=info.block_height,
        effective_epoch_index=info.effective_epoch_index,
        latest_epoch_index=info.latest_epoch_index,
        phase=Phase(info.phase),
        poc_start_block_height=info.poc_start_block_height,
        generation_wind_down_block_height=info.generation_wind_down_block_height,
        generation_end_block_height=info.generation_end_block_height,
        exchange_deadline_block_height=info.exchange_deadline_block_height,
        validation_start_block_height=info.validation_start_block_height,
        validation_wind_down_block_height=info.validation_wind_down_block_height,
        validation_end_block_height=info.validation_end_block_height,
        set_new_validators_block_height=info.set_new_validators_block_height,
        claim_block_height=info.claim_block_height,
        next_poc_start_block_height=info.next_poc_start_block_height,
        epoch_index=info.epoch_index,
    )


def read_event(event: events_pb2.Event) -> ChainEvent:
    """One event."""
    return ChainEvent(event.type, tuple((pair.key, pair.value) for pair in event.attributes))


def read_block(block: events_pb2.BlockSummary) -> Block:
    """A block; events of its transactions first, then its own."""
    events = [event for tx in block.txs for event in tx.events]
    events.extend(block.events)
    return Block(
        height=block.height,
        block_hash=block.block_hash,
        time_ns=block.time_ns,
        epoch=read_epoch(block.epoch),
        events=tuple(read_event(event) for event in events),
    )


def read_chain_node(node: nodes_pb2.HardwareNode) -> ChainNode:
    """A hardware record."""
    return ChainNode(
        local_id=node.local_id,
        status=HardwareStatus(node.status),
        models=tuple(node.models),
        hardware=tuple(HardwareItem(item.type, item.count) for item in node.hardware),
        host=node.host,
        port=node.port,
    )


def read_group(group: epochs_pb2.EpochGroupData) -> ModelGroup:
    """A model's group with the model's frozen arguments."""
    members = tuple(
        GroupMember(member.member_address, member.weight, tuple(map(_read_group_node, member.ml_nodes)))
        for member in group.validation_weights
    )
    return ModelGroup(group.model_id, tuple(group.model_snapshot.model_args), members)


def _read_group_node(node: epochs_pb2.MLNodeInfo) -> GroupNode:
    slots = node.timeslot_allocation
    return GroupNode(node.node_id, node.poc_weight, len(slots) > POC_SLOT and slots[POC_SLOT])


def read_decimal(value: decimal_pb2.Decimal) -> ExactDecimal:
    """An exact number."""
    return ExactDecimal(value.value, value.exponent)


def read_poc_params(params: params_pb2.PocParams) -> PocParams:
    """The parameters of proof of compute."""
    return PocParams(
        validation_sample_size=params.validation_sample_size,
        r_target_micro=params.r_target_micro,
        tolerance_micro=params.tolerance_micro,
        mismatch_rate=read_decimal(params.mismatch_rate),
        fraud_threshold=read_decimal(params.fraud_threshold),
        tokens_per_nonce=params.tokens_per_nonce,
        sequences_per_decode=params.sequences_per_decode,
        vector_dimensions=params.vector_dimensions,
        max_batch_nonces=params.max_batch_nonces,
    )


def read_admissions(admissions: poc_pb2.PocAdmissions) -> tuple[PocAdmission, ...]:
    """The machines that may mine."""
    return tuple(PocAdmission(one.participant, one.node_id, one.model_id) for one in admissions.admissions)


def read_public_key(account: Any) -> bytes:
    """The key of a packed account: 33 bytes for secp256k1, 32 for ed25519, none while not known."""
    found, secp256k1, ed25519 = auth_pb2.BaseAccount(), keys_pb2.PubKey(), ed25519_pb2.PubKey()
    try:
        account.Unpack(found)
        if found.pub_key.type_url == SECP256K1_URL:
            secp256k1.ParseFromString(found.pub_key.value)
        elif found.pub_key.type_url == ED25519_URL:
            ed25519.ParseFromString(found.pub_key.value)
    except DecodeError:
        return b""
    return secp256k1.key or ed25519.key


def write_submission(creator: str, action: Submission) -> SubmissionMessage:
    """The message that an action asks for, signed by `creator`."""
    match action:
        case SubmitHardwareDiff():
            return tx_pb2.MsgSubmitHardwareDiff(
                creator=creator,
                new_or_modified=map(_write_chain_node, action.diff.new_or_modified),
                removed=map(_write_chain_node, action.diff.removed),
            )
        case SubmitSeed():
            return tx_pb2.MsgSubmitSeed(
                creator=creator, epoch_index=action.epoch_index, signature=action.signature
            )
        case SubmitClaim():
            return tx_pb2.MsgClaimRewards(creator=creator, epoch_index=action.epoch_index, seed=action.seed)
        case SubmitPocBatch():
            return tx_pb2.MsgSubmitPocBatch(
                creator=creator,
                poc_stage_start_block_height=action.start_height,
                batch_id=action.batch_id,
                node_id=action.node_id,
                nonces=action.nonces,
                dist_micro=action.dist_micro,
            )
        case SubmitPocValidation():
            return _write_vote(creator, action)


def _write_vote(creator: str, vote: SubmitPocValidation) -> tx_pb2.MsgSubmitPocValidation:
    return tx_pb2.MsgSubmitPocValidation(
        creator=creator,
        participant_address=vote.participant,
        poc_stage_start_block_height=vote.start_height,
        nonces=vote.nonces,
        dist_micro=vote.dist_micro,
        received_dist_micro=vote.received_dist_micro,
        r_target_micro=vote.r_target_micro,
        fraud_threshold=_write_decimal(vote.fraud_threshold),
        n_invalid=vote.n_invalid,
        probability_honest=_write_decimal(vote.probability_honest),
        fraud_detected=vote.fraud_detected,
    )


def _write_chain_node(node: ChainNode) -> nodes_pb2.HardwareNode:
    return nodes_pb2.HardwareNode(
        local_id=node.local_id,
        status=nodes_pb2.HardwareNodeStatus.ValueType(int(node.status)),
        models=node.models,
        hardware=(nodes_pb2.Hardware(type=item.type, count=item.count) for item in node.hardware),
        host=node.host,
        port=node.port,
    )


def _write_decimal(value: ExactDecimal) -> decimal_pb2.Decimal:
    return decimal_pb2.Decimal(value=value.value, exponent=value.exponent)
