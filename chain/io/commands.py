"""Which command asks what, and which sends what: the tables behind `query` and `tx`.

What a command does, and what its arguments mean, is said by the contract itself (`comments_pb2.py`), so that
neither can be forgotten here.
"""

from typing import Any

from chain.cosmos import auth_pb2, bank_pb2, comments_pb2, tx_service_pb2
from chain.v1 import comments_pb2 as own_comments_pb2
from chain.v1 import events_pb2, query_pb2, tx_pb2

OWN = "/chain.v1.Query/"
COMMENTS: dict[str, str] = {**comments_pb2.COMMENTS, **own_comments_pb2.COMMENTS}
"""What the contract says of messages, fields and methods, by full name."""

QUERIES: dict[str, dict[str, str]] = {
    "params": {"show": "Params"},
    "models": {
        "show": "Model",
        "list": "ModelsAll",
        "alternatives": "ModelAlternatives",
        "resolve": "ResolveModel",
    },
    "nodes": {
        "participant": "Participant",
        "participants": "ParticipantAll",
        "hardware": "HardwareNodes",
        "hardware-all": "HardwareNodesAll",
        "eligibility": "NodeEligibility",
        "account": "InferenceParticipant",
        "stats": "GetParticipantCurrentStats",
        "all-stats": "GetAllParticipantCurrentStats",
        "full-stats": "GetParticipantsFullStats",
        "count": "CountParticipants",
    },
    "epochs": {
        "current": "CurrentEpoch",
        "group": "EpochGroupData",
        "current-group": "CurrentEpochGroupData",
        "groups": "EpochGroupDataAll",
        "index": "GetCurrentEpoch",
        "info": "EpochInfo",
        "participants": "ActiveParticipants",
        "seed": "RandomSeed",
    },
    "poc": {
        "admissions": "PocAdmissions",
        "batches": "PocBatchesForStage",
        "validations": "PocValidationsForStage",
        "count-batches": "CountPoCbatchesAtHeight",
        "count-validations": "CountPoCvalidationsAtHeight",
    },
    "inference": {
        "show": "Inference",
        "list": "InferenceAll",
        "executor": "GetRandomExecutor",
        "performance": "EpochPerformanceSummary",
        "performances": "EpochPerformanceSummaryAll",
        "developer": "DeveloperStats",
        "timeout": "InferenceTimeout",
        "timeouts": "InferenceTimeoutAll",
        "details": "InferenceValidationDetails",
        "all-details": "InferenceValidationDetailsAll",
    },
    "collateral": {
        "show": "Collateral",
        "list": "AllCollaterals",
        "unbonding": "UnbondingCollateral",
        "unbondings": "AllUnbondingCollaterals",
        "params": "CollateralParams",
    },
    "validation": {
        "parameters": "GetInferenceValidationParameters",
        "show": "EpochGroupValidations",
        "list": "EpochGroupValidationsAll",
        "vote": "InferenceVote",
        "votes": "InferenceVoteAll",
        "average": "GetMinimumValidationAverage",
    },
    "pricing": {
        "show": "GetModelPerTokenPrice",
        "list": "GetModelPerTokenPriceAll",
        "capacity": "GetModelCapacity",
        "capacities": "GetModelCapacityAll",
        "proposal": "GetUnitOfComputePriceProposal",
        "proposals": "UnitOfComputePriceProposalAll",
    },
    "rewards": {
        "show": "SettleAmount",
        "list": "SettleAmountAll",
        "tokenomics": "TokenomicsData",
        "epoch": "EpochReward",
    },
    "slashing": {"show": "Jailing", "list": "JailingAll"},
    "proposals": {"show": "Proposal", "list": "ProposalAll", "votes": "ProposalVotes"},
    "upgrades": {"plan": "UpgradePlan", "list": "AppliedUpgradeAll", "versions": "RoomVersionAll"},
    "validators": {"list": "Validators"},
    "blocks": {"show": "/chain.v1.EventStream/GetBlock"},
    "txs": {"show": "/cosmos.tx.v1beta1.Service/GetTx"},
    "auth": {"account": "/cosmos.auth.v1beta1.Query/Account"},
    "bank": {
        "balance": "/cosmos.bank.v1beta1.Query/Balance",
        "balances": "/cosmos.bank.v1beta1.Query/AllBalances",
        "supply": "/cosmos.bank.v1beta1.Query/SupplyOf",
    },
}
"""Room and command, and the method it calls: of chain.v1.Query unless written in full."""

TXS: dict[str, dict[str, Any]] = {
    "models": {"register": tx_pb2.MsgRegisterModel, "retire": tx_pb2.MsgRetireModel},
    "params": {"update": tx_pb2.MsgUpdateParams},
    "nodes": {
        "submit-new-participant": tx_pb2.MsgSubmitNewParticipant,
        "submit-new-unfunded-participant": tx_pb2.MsgSubmitNewUnfundedParticipant,
        "submit-hardware-diff": tx_pb2.MsgSubmitHardwareDiff,
    },
    "epochs": {"submit-seed": tx_pb2.MsgSubmitSeed},
    "poc": {
        "submit-batch": tx_pb2.MsgSubmitPocBatch,
        "submit-validation": tx_pb2.MsgSubmitPocValidation,
    },
    "inference": {"start": tx_pb2.MsgStartInference, "finish": tx_pb2.MsgFinishInference},
    "validation": {
        "submit": tx_pb2.MsgValidation,
        "invalidate": tx_pb2.MsgInvalidateInference,
        "revalidate": tx_pb2.MsgRevalidateInference,
    },
    "pricing": {"propose": tx_pb2.MsgSubmitUnitOfComputePriceProposal},
    "collateral": {
        "deposit": tx_pb2.MsgDepositCollateral,
        "withdraw": tx_pb2.MsgWithdrawCollateral,
    },
    "slashing": {"unjail": tx_pb2.MsgUnjail},
    "proposals": {"submit": tx_pb2.MsgSubmitProposal, "vote": tx_pb2.MsgVote},
    "upgrades": {"plan": tx_pb2.MsgSoftwareUpgrade, "cancel": tx_pb2.MsgCancelUpgrade},
    "rewards": {"claim": tx_pb2.MsgClaimRewards},
    "bank": {"send": bank_pb2.MsgSend},
}
"""Room and command, and the message it sends."""

SERVICES: dict[str, Any] = {
    "chain.v1.Query": query_pb2,
    "chain.v1.EventStream": events_pb2,
    "cosmos.auth.v1beta1.Query": auth_pb2,
    "cosmos.bank.v1beta1.Query": bank_pb2,
    "cosmos.tx.v1beta1.Service": tx_service_pb2,
}
"""Services that can be asked, and the generated code of each."""

DATED = ("chain.v1.Query", "cosmos.auth.v1beta1.Query", "cosmos.bank.v1beta1.Query")
"""Services whose answers depend on a height, which can be named."""


def get_path(method: str) -> str:
    """The full path of a method of the table."""
    return method if method.startswith("/") else OWN + method


def explain(full_name: str) -> str:
    """What the contract says of a message, a field or a method; empty when nothing."""
    return COMMENTS.get(full_name, "")


def explain_message(message_class: Any) -> str:
    """What sending a message does: as its method says, or the message itself where it has none here."""
    described = message_class.DESCRIPTOR
    return explain(f"chain.v1.Msg.{described.name.removeprefix('Msg')}") or explain(described.full_name)
