"""Message type to handler: one table."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any as Anything

from chain import governance, params
from chain.auth.types import Claim
from chain.bank import msgs as bank_msgs
from chain.bank import types as bank
from chain.codec import type_url
from chain.collateral import msgs as collateral_msgs
from chain.collateral import types as collateral
from chain.context import Context
from chain.epochs import msgs as epochs_msgs
from chain.epochs import types as epochs
from chain.inference import msgs as inference_msgs
from chain.inference import types as inference
from chain.machine import Keepers
from chain.models import msgs as models_msgs
from chain.models import types as models
from chain.nodes import msgs as nodes_msgs
from chain.nodes import types as nodes
from chain.poc import msgs as poc_msgs
from chain.poc import types as poc
from chain.pricing import msgs as pricing_msgs
from chain.pricing import types as pricing
from chain.proposals import msgs as proposals_msgs
from chain.proposals import types as proposals
from chain.rewards import msgs as rewards_msgs
from chain.rewards import types as rewards
from chain.slashing import msgs as slashing_msgs
from chain.slashing import types as slashing
from chain.upgrades import msgs as upgrades_msgs
from chain.upgrades import types as upgrades
from chain.validation import msgs as validation_msgs
from chain.validation import types as validation


@dataclass(frozen=True, slots=True)
class Route:
    """Where a message goes."""

    message: type
    """Record of the message."""
    signer: str
    """Name of its first field, which names the account that must sign."""
    handle: Callable[[Context, Anything], object]
    """Applies it and returns the record of the answer."""
    claims: Callable[[Anything], Iterable[Claim]] = lambda message: ()
    """What is said to be signed inside it."""


GOVERNED = (
    params.MsgUpdateParams,
    models.MsgRegisterModel,
    models.MsgRetireModel,
    slashing.MsgUnjail,
    upgrades.MsgSoftwareUpgrade,
    upgrades.MsgCancelUpgrade,
)
"""Messages that a proposal may carry."""


def build_routes(keepers: Keepers) -> Mapping[str, Route]:
    """All messages that a transaction may carry, by type URL."""
    k = keepers
    bank_room = bank_msgs.Msgs(k.bank)
    governance_room = governance.Msgs(k.governance)
    models_room = models_msgs.Msgs(k.models, k.governance)
    nodes_room = nodes_msgs.Msgs(k.nodes, k.models, k.accounts)
    epochs_room = epochs_msgs.Msgs(k.epochs, k.nodes)
    poc_room = poc_msgs.Msgs(k.poc, k.governance, k.nodes, k.epochs)
    inference_room = inference_msgs.Msgs(
        k.inferences, k.executors, k.governance, k.accounts, k.nodes, k.models, k.epochs, k.prices
    )
    collateral_room = collateral_msgs.Msgs(k.deposits)
    slashing_room = slashing_msgs.Msgs(k.slashing, k.governance, k.epochs)
    rewards_room = rewards_msgs.Msgs(k.rewards, k.accounts, k.epochs, k.inferences, k.validations)
    validation_room = validation_msgs.Msgs(
        k.validations, k.votes, k.governance, k.nodes, k.epochs, k.inferences
    )
    upgrades_room = upgrades_msgs.Msgs(k.upgrades, k.governance)
    pricing_room = pricing_msgs.Msgs(k.prices, k.nodes, k.epochs)
    routes = (
        Route(bank.MsgSend, "from_address", bank_room.send),
        Route(params.MsgUpdateParams, "authority", governance_room.update_params),
        Route(models.MsgRegisterModel, "authority", models_room.register_model),
        Route(models.MsgRetireModel, "authority", models_room.retire_model),
        Route(nodes.MsgSubmitNewParticipant, "creator", nodes_room.submit_new_participant),
        Route(
            nodes.MsgSubmitNewUnfundedParticipant,
            "creator",
            nodes_room.submit_new_unfunded_participant,
        ),
        Route(nodes.MsgSubmitHardwareDiff, "creator", nodes_room.submit_hardware_diff),
        Route(epochs.MsgSubmitSeed, "creator", epochs_room.submit_seed),
        Route(poc.MsgSubmitPocBatch, "creator", poc_room.submit_poc_batch),
        Route(poc.MsgSubmitPocValidation, "creator", poc_room.submit_poc_validation),
        Route(
            inference.MsgStartInference,
            "creator",
            inference_room.start_inference,
            inference_msgs.list_start_claims,
        ),
        Route(
            inference.MsgFinishInference,
            "creator",
            inference_room.finish_inference,
            inference_msgs.list_finish_claims,
        ),
        Route(validation.MsgValidation, "creator", validation_room.validation),
        Route(validation.MsgInvalidateInference, "creator", validation_room.invalidate_inference),
        Route(validation.MsgRevalidateInference, "creator", validation_room.revalidate_inference),
        Route(
            pricing.MsgSubmitUnitOfComputePriceProposal,
            "creator",
            pricing_room.submit_unit_of_compute_price_proposal,
        ),
        Route(rewards.MsgClaimRewards, "creator", rewards_room.claim_rewards),
        Route(collateral.MsgDepositCollateral, "participant", collateral_room.deposit_collateral),
        Route(collateral.MsgWithdrawCollateral, "participant", collateral_room.withdraw_collateral),
        Route(slashing.MsgUnjail, "creator", slashing_room.unjail),
        Route(upgrades.MsgSoftwareUpgrade, "authority", upgrades_room.software_upgrade),
        Route(upgrades.MsgCancelUpgrade, "authority", upgrades_room.cancel_upgrade),
    )
    table = {type_url(route.message): route for route in routes}
    proposals_room = proposals_msgs.Msgs(k.proposals, k.governance, find_governed(table))
    voting = (
        Route(proposals.MsgSubmitProposal, "proposer", proposals_room.submit_proposal),
        Route(proposals.MsgVote, "voter", proposals_room.vote),
    )
    return {**table, **{type_url(route.message): route for route in voting}}


def find_governed(routes: Mapping[str, Route]) -> Mapping[str, Route]:
    """What can be proposed: messages that the authority may send, by type URL."""
    return {url: route for url, route in routes.items() if route.message in GOVERNED}
