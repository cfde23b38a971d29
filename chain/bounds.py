"""How long every text and every list of a transaction may be: one table, checked where one is opened.

A room may refuse more than this table does, with a reason of its own; what the table says is what decoding,
storing and copying a message can cost, whatever room it is for. It is looked at before records are made of
the message. None holds one of its own kind, so their depth is bounded by their types; what is packed inside a
proposal is opened once, and is no proposal.
"""

from collections.abc import Mapping
from functools import cache
from operator import attrgetter
from typing import Any as Anything

from chain.errors import ErrTooLong
from chain.limits import (
    ADDRESS_LENGTH_MAX,
    ALTERNATIVES_MAX,
    BATCH_NONCES_MAX,
    HASH_LENGTH_MAX,
    IDENTIFIER_LENGTH_MAX,
    NODE_ID_LENGTH_MAX,
    SIGNATURES_MAX,
)
from chain.nodes.rules import (
    HARDWARE_PER_NODE_MAX,
    MODELS_PER_NODE_MAX,
    NODES_MAX,
    URL_LENGTH_MAX,
)
from chain.validators.types import GUARDIANS_MAX

WHOLE = 0
"""Bounded by the transaction alone, which has at most `auth.max_tx_bytes` and pays for each of them."""
TX_MESSAGES_MAX = 1_000
COINS_MAX = 16
"""Most denominations in one amount."""
AMOUNT_LENGTH_MAX = 78
"""Longest amount in digits: what 256 bits hold."""
DENOM_LENGTH_MAX = 128
TYPE_URL_LENGTH_MAX = 256
WORD_LENGTH_MAX = 128
"""Longest word with a meaning of its own: a version, a policy, a commit, a key in base64."""
TEXT_LENGTH_MAX = 65_536
"""Longest text for people to read, in characters."""
PROPOSAL_MESSAGES_MAX = 64
ARGUMENTS_MAX = 64
"""Most arguments with which a model is started."""

_ADDRESS, _IDENTIFIER, _HASH = ADDRESS_LENGTH_MAX, IDENTIFIER_LENGTH_MAX, HASH_LENGTH_MAX
_WORD = _SIGNATURE = WORD_LENGTH_MAX

TEXTS: Mapping[str, Mapping[str, int]] = {
    "cosmos.bank.v1beta1.MsgSend": {"from_address": _ADDRESS, "to_address": _ADDRESS},
    "cosmos.base.v1beta1.Coin": {"denom": DENOM_LENGTH_MAX, "amount": AMOUNT_LENGTH_MAX},
    "chain.v1.MsgUpdateParams": {"authority": _ADDRESS},
    "chain.v1.PocParams": {"poc_admission": _WORD},
    "chain.v1.CollateralParams": {"downtime_test": _WORD},
    "chain.v1.ModelParams": {"alternative_resolution": _WORD},
    "chain.v1.ConsensusParams": {"guardian_addresses": _ADDRESS},
    "chain.v1.MsgRegisterModel": {
        "authority": _ADDRESS,
        "proposed_by": _ADDRESS,
        "id": _IDENTIFIER,
        "hf_repo": _IDENTIFIER,
        "hf_commit": _WORD,
        "model_args": _IDENTIFIER,
        "alternative_models": _IDENTIFIER,
        "quantization": _WORD,
    },
    "chain.v1.MsgRetireModel": {"authority": _ADDRESS, "id": _IDENTIFIER},
    "chain.v1.MsgSubmitNewParticipant": {
        "creator": _ADDRESS,
        "url": URL_LENGTH_MAX,
        "validator_key": _WORD,
        "worker_key": _WORD,
    },
    "chain.v1.MsgSubmitNewUnfundedParticipant": {
        "creator": _ADDRESS,
        "address": _ADDRESS,
        "url": URL_LENGTH_MAX,
        "pub_key": _WORD,
        "validator_key": _WORD,
        "worker_key": _WORD,
    },
    "chain.v1.MsgSubmitHardwareDiff": {"creator": _ADDRESS},
    "chain.v1.HardwareNode": {
        "local_id": NODE_ID_LENGTH_MAX,
        "models": _IDENTIFIER,
        "host": _IDENTIFIER,
        "port": _WORD,
    },
    "chain.v1.Hardware": {"type": _IDENTIFIER},
    "chain.v1.MsgSubmitSeed": {"creator": _ADDRESS, "signature": _SIGNATURE},
    "chain.v1.MsgSubmitPocBatch": {
        "creator": _ADDRESS,
        "batch_id": NODE_ID_LENGTH_MAX,
        "node_id": NODE_ID_LENGTH_MAX,
    },
    "chain.v1.MsgSubmitPocValidation": {"creator": _ADDRESS, "participant_address": _ADDRESS},
    "chain.v1.MsgStartInference": {
        "creator": _ADDRESS,
        "inference_id": _SIGNATURE,
        "prompt_hash": _HASH,
        "prompt_payload": WHOLE,
        "model": _IDENTIFIER,
        "requested_by": _ADDRESS,
        "assigned_to": _ADDRESS,
        "node_version": _WORD,
        "transfer_signature": _SIGNATURE,
        "original_prompt": WHOLE,
    },
    "chain.v1.MsgFinishInference": {
        "creator": _ADDRESS,
        "inference_id": _SIGNATURE,
        "response_hash": _HASH,
        "response_payload": WHOLE,
        "executed_by": _ADDRESS,
        "transferred_by": _ADDRESS,
        "transfer_signature": _SIGNATURE,
        "executor_signature": _SIGNATURE,
        "requested_by": _ADDRESS,
        "original_prompt": WHOLE,
        "model": _IDENTIFIER,
    },
    "chain.v1.MsgValidation": {
        "creator": _ADDRESS,
        "id": _WORD,
        "inference_id": _SIGNATURE,
        "response_payload": WHOLE,
        "response_hash": _HASH,
    },
    "chain.v1.MsgInvalidateInference": {"creator": _ADDRESS, "inference_id": _SIGNATURE},
    "chain.v1.MsgRevalidateInference": {"creator": _ADDRESS, "inference_id": _SIGNATURE},
    "chain.v1.MsgSubmitUnitOfComputePriceProposal": {"creator": _ADDRESS},
    "chain.v1.MsgClaimRewards": {"creator": _ADDRESS},
    "chain.v1.MsgDepositCollateral": {"participant": _ADDRESS},
    "chain.v1.MsgWithdrawCollateral": {"participant": _ADDRESS},
    "chain.v1.MsgUnjail": {"creator": _ADDRESS, "participant": _ADDRESS},
    "chain.v1.MsgSubmitProposal": {
        "proposer": _ADDRESS,
        "title": _IDENTIFIER,
        "summary": TEXT_LENGTH_MAX,
    },
    "chain.v1.MsgVote": {"voter": _ADDRESS},
    "chain.v1.MsgSoftwareUpgrade": {"authority": _ADDRESS, "name": _WORD, "info": TEXT_LENGTH_MAX},
    "chain.v1.MsgCancelUpgrade": {"authority": _ADDRESS},
    "google.protobuf.Any": {"type_url": TYPE_URL_LENGTH_MAX, "value": WHOLE},
    "cosmos.tx.v1beta1.TxRaw": {"body_bytes": WHOLE, "auth_info_bytes": WHOLE, "signatures": _SIGNATURE},
    "cosmos.tx.v1beta1.TxBody": {"memo": WHOLE},
    "cosmos.tx.v1beta1.Fee": {"payer": _ADDRESS, "granter": _ADDRESS},
}
"""Longest text in characters and longest string of bytes, in lists each entry, by message and field."""

COUNTS: Mapping[str, Mapping[str, int]] = {
    "cosmos.bank.v1beta1.MsgSend": {"amount": COINS_MAX},
    "chain.v1.MsgRegisterModel": {"model_args": ARGUMENTS_MAX, "alternative_models": ALTERNATIVES_MAX},
    "chain.v1.MsgSubmitHardwareDiff": {"new_or_modified": NODES_MAX, "removed": NODES_MAX},
    "chain.v1.HardwareNode": {"models": MODELS_PER_NODE_MAX, "hardware": HARDWARE_PER_NODE_MAX},
    "chain.v1.MsgSubmitPocBatch": {"nonces": BATCH_NONCES_MAX, "dist_micro": BATCH_NONCES_MAX},
    "chain.v1.MsgSubmitPocValidation": {
        "nonces": BATCH_NONCES_MAX,
        "dist_micro": BATCH_NONCES_MAX,
        "received_dist_micro": BATCH_NONCES_MAX,
    },
    "chain.v1.MsgSubmitProposal": {"messages": PROPOSAL_MESSAGES_MAX},
    "chain.v1.ConsensusParams": {"guardian_addresses": GUARDIANS_MAX},
    "cosmos.tx.v1beta1.TxRaw": {"signatures": SIGNATURES_MAX},
    "cosmos.tx.v1beta1.TxBody": {"messages": TX_MESSAGES_MAX},
    "cosmos.tx.v1beta1.AuthInfo": {"signer_infos": SIGNATURES_MAX},
    "cosmos.tx.v1beta1.Fee": {"amount": COINS_MAX},
}
"""Most entries of a list, by message and field."""


def check_bounds(message: Anything) -> None:
    """Refuses a protobuf message that holds more than the table allows, at any depth (ErrTooLong)."""
    _Checker.of(message.DESCRIPTOR).check(message)


class _Checker:
    """What must be looked at in messages of one kind."""

    @staticmethod
    @cache
    def of(descriptor: Anything) -> "_Checker":
        """The checker of a kind."""
        return _Checker(descriptor)

    def __init__(self, descriptor: Anything) -> None:
        self._name = descriptor.full_name
        texts, counts = TEXTS.get(self._name, {}), COUNTS.get(self._name, {})
        lists = {column.name for column in descriptor.fields if column.is_repeated}
        self._texts = [
            (attrgetter(name), name, most) for name, most in texts.items() if most and name not in lists
        ]
        self._counts = [(attrgetter(name), name, most) for name, most in counts.items()]
        self._entries = [
            (attrgetter(name), name, most) for name, most in texts.items() if most and name in lists
        ]
        parts = [
            column for column in descriptor.fields if column.message_type and _is_bounded(column.message_type)
        ]
        inside = [
            (attrgetter(column.name), _Checker.of(column.message_type), column.is_repeated)
            for column in parts
        ]
        self._parts = [(get, checker) for get, checker, is_repeated in inside if not is_repeated]
        self._lists = [(get, checker) for get, checker, is_repeated in inside if is_repeated]

    def check(self, message: Anything) -> None:
        """Refuses a message that holds too much."""
        for get, name, most in self._texts:
            if len(get(message)) > most:
                self._refuse(name, len(get(message)), "characters", most)
        for get, name, most in self._counts:
            if len(get(message)) > most:
                self._refuse(name, len(get(message)), "entries", most)
        for get, name, most in self._entries:
            longest = max(map(len, get(message)), default=0)
            if longest > most:
                self._refuse(name, longest, "characters in one entry", most)
        for get, checker in self._parts:
            checker.check(get(message))
        for get, checker in self._lists:
            for part in get(message):
                checker.check(part)

    def _refuse(self, name: str, length: int, unit: str, most: int) -> None:
        raise ErrTooLong(field=f"{self._name}.{name}", length=length, unit=unit, limit=most)


@cache
def _is_bounded(descriptor: Anything) -> bool:
    """Whether a message or one inside it stands in the table."""
    name = descriptor.full_name
    inside = (column.message_type for column in descriptor.fields if column.message_type)
    return name in TEXTS or name in COUNTS or any(_is_bounded(part) for part in inside)
