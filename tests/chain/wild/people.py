"""Who acts in random histories, and the worlds in which they begin."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import coincurve
import nacl.signing

from chain.auth.addresses import ED25519, SECP256K1, address_of
from chain.auth.types import Account
from chain.bank.types import Balance, Coin
from chain.epochs.types import GenesisMember, PowerParams
from chain.fixed import Decimal
from chain.genesis import GenesisState
from chain.models.types import Model
from chain.nodes.types import HardwareNode, HardwareNodes, HardwareNodeStatus, Participant, ParticipantStatus
from chain.params import Params
from chain.profiles import DEFAULT, DEVNET
from chain.records import replace

CHAIN_ID = "mesh-wild"
GENESIS_TIME_NS = 1_700_000_000 * 10**9
BLOCK_TIME_NS = 10**9
KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
RICH = 10**12


@dataclass(frozen=True)
class Person:
    """An account and its private key, both made from a name."""

    name: str
    key_type: str
    public_key: bytes
    address: str
    sign: Callable[[bytes], bytes] = field(repr=False)
    """64 bytes."""


@cache
def find_person(name: str) -> Person:
    """The person of a name; Dan's key is an ed25519 one."""
    secret = name.encode().rjust(32, b"\x02")
    if name == "dan":
        signing = nacl.signing.SigningKey(secret)
        key = bytes(signing.verify_key)
        return Person(name, ED25519, key, address_of(ED25519, key), lambda data: signing.sign(data).signature)
    private = coincurve.PrivateKey(secret)
    key = private.public_key.format()
    return Person(
        name,
        SECP256K1,
        key,
        address_of(SECP256K1, key),
        lambda data: private.sign_recoverable(data)[:64],
    )


HOSTS = ("ann", "ben", "cat", "dan", "eve")
"""Those who serve models in most worlds."""
EVERYBODY = ("gov", *HOSTS, "dev", "sam", "pia")
"""The authority, hosts, one who only asks, a stranger who owns coins, and one without an account."""
NAMES = {find_person(name).address: name for name in EVERYBODY}
MACHINES = {
    "ann": (("n1", "gemma"), ("n2", "gemma"), ("n3", "qwen")),
    "ben": (("n1", "gemma-q4"), ("n2", "qwen")),
    "cat": (("n1", "gemma"), ("n2", "gemma-q4")),
    "dan": (("n1", "qwen"),),
    "eve": (("n1", "gemma"), ("n2", "gemma")),
}
MODELS = (
    Model(id="gemma", units_of_compute_per_token=1, alternative_models=("gemma-q4",)),
    Model(
        id="qwen",
        units_of_compute_per_token=2,
        validation_threshold=Decimal(9, -1),
        coins_per_input_token=3,
        coins_per_output_token=5,
    ),
)

BRISK = replace(
    DEVNET,
    epoch=replace(
        DEVNET.epoch,
        epoch_length=24,
        epoch_shift=16,
        default_unit_of_compute_price=100,
        poc_stage_duration=5,
        poc_exchange_duration=2,
        poc_validation_delay=1,
        poc_validation_duration=4,
        set_new_validators_delay=1,
        inference_validation_cutoff=3,
        inference_pruning_epoch_threshold=2,
    ),
    inference=replace(DEVNET.inference, expiration_blocks=6, base_per_token_price=7),
    collateral=replace(DEVNET.collateral, jail_missed_requests=3, unbonding_period_epochs=1),
    validation=replace(
        DEFAULT.validation,
        voting_period_blocks=5,
        min_ramp_up_measurements=4,
        max_validation_average=Decimal(1, -1),
    ),
    governance=replace(DEVNET.governance, voting_period_blocks=6, deposit=1000),
    pricing=replace(DEVNET.pricing, utilization_window_blocks=4, grace_period_end_epoch=1),
    rewards=replace(DEVNET.rewards, initial_epoch_reward=100_003),
    poc=replace(DEVNET.poc, r_target_micro=1_270_000),
)
"""Everything happens within a few blocks: the first proof of compute starts at height 8, the next at 32."""
STRICT = replace(
    BRISK,
    collateral=replace(BRISK.collateral, grace_period_end_epoch=0, downtime_test="binomial"),
    power=PowerParams(Decimal(25, -2)),
    models=replace(BRISK.models, alternative_resolution="terminal"),
    rewards=replace(BRISK.rewards, use_bitcoin_rewards=False, standard_reward_amount=10**7),
    poc=replace(BRISK.poc, poc_admission="joiner"),
)
"""Collateral and the cap count from the first epoch on, and rewards are the older ones."""


def build_bare(params: Params) -> GenesisState:
    """Accounts with coins, and members who vote on the first proof of compute; nobody has said anything."""
    people = sorted((find_person(name) for name in EVERYBODY if name != "pia"), key=lambda one: one.address)
    members = sorted(find_person(name).address for name in HOSTS)
    return GenesisState(
        chain_id=CHAIN_ID,
        genesis_time_ns=GENESIS_TIME_NS,
        initial_height=1,
        authority=find_person("gov").address,
        params=params,
        accounts=tuple(Account(address=one.address, account_number=at) for at, one in enumerate(people)),
        balances=tuple(Balance(one.address, (Coin("umesh", str(RICH)),)) for one in people),
        genesis_members=tuple(GenesisMember(address, 10) for address in members),
    )


def build_settled(params: Params) -> GenesisState:
    """The same with models, participants and machines, and with known keys."""
    bare = build_bare(params)
    addresses = sorted(find_person(name).address for name in (*HOSTS, "dev"))
    people = {find_person(name).address: find_person(name) for name in EVERYBODY}
    return replace(
        bare,
        accounts=tuple(
            replace(
                account,
                key_type=people[account.address].key_type,
                public_key=people[account.address].public_key,
            )
            for account in bare.accounts
        ),
        models=MODELS,
        participants=tuple(build_participant(address) for address in addresses),
        hardware_nodes=tuple(build_machines(address) for address in addresses if NAMES[address] in MACHINES),
    )


def build_participant(address: str) -> Participant:
    """A participant that has just registered."""
    return Participant(
        index=address,
        address=address,
        weight=-1,
        status=ParticipantStatus.ACTIVE,
        inference_url=f"http://{NAMES[address]}:9000",
        validator_key=build_key(address),
    )


def build_key(address: str) -> str:
    """A consensus key of somebody's own."""
    return b64encode(NAMES[address].encode().rjust(32, b"\0")).decode()


def build_machines(address: str) -> HardwareNodes:
    """What a host has reported."""
    nodes = (
        HardwareNode(node_id, HardwareNodeStatus.INFERENCE, (model,))
        for node_id, model in MACHINES[NAMES[address]]
    )
    return HardwareNodes(address, tuple(nodes))
