from chain.cosmos import coin_pb2 as _coin_pb2
from chain.v1 import collateral_pb2 as _collateral_pb2
from chain.v1 import epochs_pb2 as _epochs_pb2
from chain.v1 import inference_pb2 as _inference_pb2
from chain.v1 import models_pb2 as _models_pb2
from chain.v1 import nodes_pb2 as _nodes_pb2
from chain.v1 import params_pb2 as _params_pb2
from chain.v1 import poc_pb2 as _poc_pb2
from chain.v1 import pricing_pb2 as _pricing_pb2
from chain.v1 import proposals_pb2 as _proposals_pb2
from chain.v1 import rewards_pb2 as _rewards_pb2
from chain.v1 import slashing_pb2 as _slashing_pb2
from chain.v1 import upgrades_pb2 as _upgrades_pb2
from chain.v1 import validation_pb2 as _validation_pb2
from chain.v1 import validators_pb2 as _validators_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Account(_message.Message):
    __slots__ = ("address", "key_type", "public_key", "account_number", "sequence")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    KEY_TYPE_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    address: str
    key_type: str
    public_key: bytes
    account_number: int
    sequence: int
    def __init__(self, address: _Optional[str] = ..., key_type: _Optional[str] = ..., public_key: _Optional[bytes] = ..., account_number: _Optional[int] = ..., sequence: _Optional[int] = ...) -> None: ...

class Balance(_message.Message):
    __slots__ = ("address", "coins")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    COINS_FIELD_NUMBER: _ClassVar[int]
    address: str
    coins: _containers.RepeatedCompositeFieldContainer[_coin_pb2.Coin]
    def __init__(self, address: _Optional[str] = ..., coins: _Optional[_Iterable[_Union[_coin_pb2.Coin, _Mapping]]] = ...) -> None: ...

class UnorderedNonce(_message.Message):
    __slots__ = ("address", "timeout_timestamp_ns")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_TIMESTAMP_NS_FIELD_NUMBER: _ClassVar[int]
    address: str
    timeout_timestamp_ns: int
    def __init__(self, address: _Optional[str] = ..., timeout_timestamp_ns: _Optional[int] = ...) -> None: ...

class GenesisState(_message.Message):
    __slots__ = ("chain_id", "genesis_time_ns", "initial_height", "authority", "params", "accounts", "balances", "models", "participants", "hardware_nodes", "genesis_members", "epochs", "effective_epoch_index", "epoch_groups", "active_participants", "seeds", "poc_admissions", "poc_batches", "poc_validations", "inferences", "inference_timeouts", "inference_validation_details", "epoch_performance_summaries", "collaterals", "unbonding_collaterals", "collateral_current_epoch", "unordered_nonces", "exported_height", "pending_epoch_params", "developer_stats", "settle_amounts", "tokenomics_data", "inference_validations", "inference_votes", "model_prices", "pricing_terms", "unit_of_compute_price_proposals", "jailings", "proposals", "votes", "next_proposal_id", "validators", "upgrade_plan", "applied_upgrades", "room_versions", "inferences_forgotten_until")
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    GENESIS_TIME_NS_FIELD_NUMBER: _ClassVar[int]
    INITIAL_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    BALANCES_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANTS_FIELD_NUMBER: _ClassVar[int]
    HARDWARE_NODES_FIELD_NUMBER: _ClassVar[int]
    GENESIS_MEMBERS_FIELD_NUMBER: _ClassVar[int]
    EPOCHS_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_EPOCH_INDEX_FIELD_NUMBER: _ClassVar[int]
    EPOCH_GROUPS_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_PARTICIPANTS_FIELD_NUMBER: _ClassVar[int]
    SEEDS_FIELD_NUMBER: _ClassVar[int]
    POC_ADMISSIONS_FIELD_NUMBER: _ClassVar[int]
    POC_BATCHES_FIELD_NUMBER: _ClassVar[int]
    POC_VALIDATIONS_FIELD_NUMBER: _ClassVar[int]
    INFERENCES_FIELD_NUMBER: _ClassVar[int]
    INFERENCE_TIMEOUTS_FIELD_NUMBER: _ClassVar[int]
    INFERENCE_VALIDATION_DETAILS_FIELD_NUMBER: _ClassVar[int]
    EPOCH_PERFORMANCE_SUMMARIES_FIELD_NUMBER: _ClassVar[int]
    COLLATERALS_FIELD_NUMBER: _ClassVar[int]
    UNBONDING_COLLATERALS_FIELD_NUMBER: _ClassVar[int]
    COLLATERAL_CURRENT_EPOCH_FIELD_NUMBER: _ClassVar[int]
    UNORDERED_NONCES_FIELD_NUMBER: _ClassVar[int]
    EXPORTED_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    PENDING_EPOCH_PARAMS_FIELD_NUMBER: _ClassVar[int]
    DEVELOPER_STATS_FIELD_NUMBER: _ClassVar[int]
    SETTLE_AMOUNTS_FIELD_NUMBER: _ClassVar[int]
    TOKENOMICS_DATA_FIELD_NUMBER: _ClassVar[int]
    INFERENCE_VALIDATIONS_FIELD_NUMBER: _ClassVar[int]
    INFERENCE_VOTES_FIELD_NUMBER: _ClassVar[int]
    MODEL_PRICES_FIELD_NUMBER: _ClassVar[int]
    PRICING_TERMS_FIELD_NUMBER: _ClassVar[int]
    UNIT_OF_COMPUTE_PRICE_PROPOSALS_FIELD_NUMBER: _ClassVar[int]
    JAILINGS_FIELD_NUMBER: _ClassVar[int]
    PROPOSALS_FIELD_NUMBER: _ClassVar[int]
    VOTES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PROPOSAL_ID_FIELD_NUMBER: _ClassVar[int]
    VALIDATORS_FIELD_NUMBER: _ClassVar[int]
    UPGRADE_PLAN_FIELD_NUMBER: _ClassVar[int]
    APPLIED_UPGRADES_FIELD_NUMBER: _ClassVar[int]
    ROOM_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    INFERENCES_FORGOTTEN_UNTIL_FIELD_NUMBER: _ClassVar[int]
    chain_id: str
    genesis_time_ns: int
    initial_height: int
    authority: str
    params: _params_pb2.Params
    accounts: _containers.RepeatedCompositeFieldContainer[Account]
    balances: _containers.RepeatedCompositeFieldContainer[Balance]
    models: _containers.RepeatedCompositeFieldContainer[_models_pb2.Model]
    participants: _containers.RepeatedCompositeFieldContainer[_nodes_pb2.Participant]
    hardware_nodes: _containers.RepeatedCompositeFieldContainer[_nodes_pb2.HardwareNodes]
    genesis_members: _containers.RepeatedCompositeFieldContainer[_epochs_pb2.GenesisMember]
    epochs: _containers.RepeatedCompositeFieldContainer[_epochs_pb2.Epoch]
    effective_epoch_index: int
    epoch_groups: _containers.RepeatedCompositeFieldContainer[_epochs_pb2.EpochGroupData]
    active_participants: _containers.RepeatedCompositeFieldContainer[_epochs_pb2.ActiveParticipants]
    seeds: _containers.RepeatedCompositeFieldContainer[_epochs_pb2.RandomSeed]
    poc_admissions: _containers.RepeatedCompositeFieldContainer[_poc_pb2.PocAdmissions]
    poc_batches: _containers.RepeatedCompositeFieldContainer[_poc_pb2.PoCBatch]
    poc_validations: _containers.RepeatedCompositeFieldContainer[_poc_pb2.PoCValidation]
    inferences: _containers.RepeatedCompositeFieldContainer[_inference_pb2.Inference]
    inference_timeouts: _containers.RepeatedCompositeFieldContainer[_inference_pb2.InferenceTimeout]
    inference_validation_details: _containers.RepeatedCompositeFieldContainer[_inference_pb2.InferenceValidationDetails]
    epoch_performance_summaries: _containers.RepeatedCompositeFieldContainer[_inference_pb2.EpochPerformanceSummary]
    collaterals: _containers.RepeatedCompositeFieldContainer[_collateral_pb2.Collateral]
    unbonding_collaterals: _containers.RepeatedCompositeFieldContainer[_collateral_pb2.UnbondingCollateral]
    collateral_current_epoch: int
    unordered_nonces: _containers.RepeatedCompositeFieldContainer[UnorderedNonce]
    exported_height: int
    pending_epoch_params: _params_pb2.EpochParams
    developer_stats: _containers.RepeatedCompositeFieldContainer[_inference_pb2.DeveloperStats]
    settle_amounts: _containers.RepeatedCompositeFieldContainer[_rewards_pb2.SettleAmount]
    tokenomics_data: _rewards_pb2.TokenomicsData
    inference_validations: _containers.RepeatedCompositeFieldContainer[_validation_pb2.InferenceValidation]
    inference_votes: _containers.RepeatedCompositeFieldContainer[_validation_pb2.InferenceVote]
    model_prices: _containers.RepeatedCompositeFieldContainer[_pricing_pb2.ModelPrice]
    pricing_terms: _pricing_pb2.PricingTerms
    unit_of_compute_price_proposals: _containers.RepeatedCompositeFieldContainer[_pricing_pb2.UnitOfComputePriceProposal]
    jailings: _containers.RepeatedCompositeFieldContainer[_slashing_pb2.Jailing]
    proposals: _containers.RepeatedCompositeFieldContainer[_proposals_pb2.Proposal]
    votes: _containers.RepeatedCompositeFieldContainer[_proposals_pb2.Vote]
    next_proposal_id: int
    validators: _containers.RepeatedCompositeFieldContainer[_validators_pb2.Validator]
    upgrade_plan: _upgrades_pb2.UpgradePlan
    applied_upgrades: _containers.RepeatedCompositeFieldContainer[_upgrades_pb2.AppliedUpgrade]
    room_versions: _containers.RepeatedCompositeFieldContainer[_upgrades_pb2.RoomVersion]
    inferences_forgotten_until: int
    def __init__(self, chain_id: _Optional[str] = ..., genesis_time_ns: _Optional[int] = ..., initial_height: _Optional[int] = ..., authority: _Optional[str] = ..., params: _Optional[_Union[_params_pb2.Params, _Mapping]] = ..., accounts: _Optional[_Iterable[_Union[Account, _Mapping]]] = ..., balances: _Optional[_Iterable[_Union[Balance, _Mapping]]] = ..., models: _Optional[_Iterable[_Union[_models_pb2.Model, _Mapping]]] = ..., participants: _Optional[_Iterable[_Union[_nodes_pb2.Participant, _Mapping]]] = ..., hardware_nodes: _Optional[_Iterable[_Union[_nodes_pb2.HardwareNodes, _Mapping]]] = ..., genesis_members: _Optional[_Iterable[_Union[_epochs_pb2.GenesisMember, _Mapping]]] = ..., epochs: _Optional[_Iterable[_Union[_epochs_pb2.Epoch, _Mapping]]] = ..., effective_epoch_index: _Optional[int] = ..., epoch_groups: _Optional[_Iterable[_Union[_epochs_pb2.EpochGroupData, _Mapping]]] = ..., active_participants: _Optional[_Iterable[_Union[_epochs_pb2.ActiveParticipants, _Mapping]]] = ..., seeds: _Optional[_Iterable[_Union[_epochs_pb2.RandomSeed, _Mapping]]] = ..., poc_admissions: _Optional[_Iterable[_Union[_poc_pb2.PocAdmissions, _Mapping]]] = ..., poc_batches: _Optional[_Iterable[_Union[_poc_pb2.PoCBatch, _Mapping]]] = ..., poc_validations: _Optional[_Iterable[_Union[_poc_pb2.PoCValidation, _Mapping]]] = ..., inferences: _Optional[_Iterable[_Union[_inference_pb2.Inference, _Mapping]]] = ..., inference_timeouts: _Optional[_Iterable[_Union[_inference_pb2.InferenceTimeout, _Mapping]]] = ..., inference_validation_details: _Optional[_Iterable[_Union[_inference_pb2.InferenceValidationDetails, _Mapping]]] = ..., epoch_performance_summaries: _Optional[_Iterable[_Union[_inference_pb2.EpochPerformanceSummary, _Mapping]]] = ..., collaterals: _Optional[_Iterable[_Union[_collateral_pb2.Collateral, _Mapping]]] = ..., unbonding_collaterals: _Optional[_Iterable[_Union[_collateral_pb2.UnbondingCollateral, _Mapping]]] = ..., collateral_current_epoch: _Optional[int] = ..., unordered_nonces: _Optional[_Iterable[_Union[UnorderedNonce, _Mapping]]] = ..., exported_height: _Optional[int] = ..., pending_epoch_params: _Optional[_Union[_params_pb2.EpochParams, _Mapping]] = ..., developer_stats: _Optional[_Iterable[_Union[_inference_pb2.DeveloperStats, _Mapping]]] = ..., settle_amounts: _Optional[_Iterable[_Union[_rewards_pb2.SettleAmount, _Mapping]]] = ..., tokenomics_data: _Optional[_Union[_rewards_pb2.TokenomicsData, _Mapping]] = ..., inference_validations: _Optional[_Iterable[_Union[_validation_pb2.InferenceValidation, _Mapping]]] = ..., inference_votes: _Optional[_Iterable[_Union[_validation_pb2.InferenceVote, _Mapping]]] = ..., model_prices: _Optional[_Iterable[_Union[_pricing_pb2.ModelPrice, _Mapping]]] = ..., pricing_terms: _Optional[_Union[_pricing_pb2.PricingTerms, _Mapping]] = ..., unit_of_compute_price_proposals: _Optional[_Iterable[_Union[_pricing_pb2.UnitOfComputePriceProposal, _Mapping]]] = ..., jailings: _Optional[_Iterable[_Union[_slashing_pb2.Jailing, _Mapping]]] = ..., proposals: _Optional[_Iterable[_Union[_proposals_pb2.Proposal, _Mapping]]] = ..., votes: _Optional[_Iterable[_Union[_proposals_pb2.Vote, _Mapping]]] = ..., next_proposal_id: _Optional[int] = ..., validators: _Optional[_Iterable[_Union[_validators_pb2.Validator, _Mapping]]] = ..., upgrade_plan: _Optional[_Union[_upgrades_pb2.UpgradePlan, _Mapping]] = ..., applied_upgrades: _Optional[_Iterable[_Union[_upgrades_pb2.AppliedUpgrade, _Mapping]]] = ..., room_versions: _Optional[_Iterable[_Union[_upgrades_pb2.RoomVersion, _Mapping]]] = ..., inferences_forgotten_until: _Optional[int] = ...) -> None: ...
