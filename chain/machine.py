"""Every keeper, built once and handed the keepers that it needs."""

from dataclasses import dataclass
from typing import Protocol

from chain.auth.keeper import Accounts
from chain.bank.keeper import Bank
from chain.collateral.keeper import Deposits
from chain.context import Context
from chain.epochs.formation import Formation
from chain.epochs.keeper import Epochs
from chain.epochs.stages import Stages
from chain.errors import ErrInvalidRecord
from chain.genesis import GenesisState
from chain.governance import Governance
from chain.inference.executor import Executors
from chain.inference.keeper import Inferences
from chain.invariants import find_uncovered
from chain.models.keeper import Models
from chain.nodes.keeper import Nodes
from chain.poc.keeper import Poc
from chain.pricing.keeper import Prices
from chain.proposals.keeper import Proposals
from chain.rewards.keeper import Rewards
from chain.rewards.settlement import Settlement
from chain.rewards.sharing import compute_work_adjustments
from chain.slashing.keeper import Slashing
from chain.upgrades.keeper import Upgrades
from chain.upgrades.plan import UPGRADES, Upgrade, build_upgrades
from chain.validation.keeper import Validations
from chain.validation.votes import Votes
from chain.validators.keeper import Validators


@dataclass(frozen=True, slots=True)
class Keepers:
    """The keepers of all rooms. They hold no state of their own, so one set serves every context."""

    accounts: Accounts
    bank: Bank
    governance: Governance
    models: Models
    nodes: Nodes
    epochs: Epochs
    stages: Stages
    formation: Formation
    poc: Poc
    inferences: Inferences
    executors: Executors
    deposits: Deposits
    slashing: Slashing
    rewards: Rewards
    validations: Validations
    votes: Votes
    prices: Prices
    proposals: Proposals
    validators: Validators
    upgrades: Upgrades


def build_keepers(known: tuple[Upgrade, ...] = UPGRADES) -> Keepers:
    """All keepers, wired together, for a program that brings these upgrades."""
    accounts, governance, nodes = Accounts(), Governance(), Nodes()
    bank = Bank(accounts)
    models, epochs = Models(governance), Epochs(governance)
    slashing = Slashing(governance, epochs)
    poc = Poc(governance, models, nodes, epochs, slashing)
    prices = Prices(governance, epochs)
    rewards = Rewards(bank)
    inferences = Inferences(governance, bank, nodes, epochs, prices, rewards)
    validations = Validations(governance, epochs, inferences)
    deposits = Deposits(governance, bank, slashing)
    validators = Validators(governance, epochs, nodes)
    votes = Votes(
        governance, epochs, nodes, inferences, validations, deposits, compute_work_adjustments, validators
    )
    formation = Formation(governance, epochs, nodes, models, poc, deposits, slashing, validations)
    settlement = Settlement(governance, rewards, nodes, inferences, epochs, deposits, slashing)
    return Keepers(
        accounts=accounts,
        bank=bank,
        governance=governance,
        models=models,
        nodes=nodes,
        epochs=epochs,
        formation=formation,
        stages=Stages(
            governance,
            epochs,
            formation,
            poc,
            inferences,
            deposits,
            settlement,
            validations,
            prices,
            validators,
        ),
        poc=poc,
        inferences=inferences,
        executors=Executors(governance, nodes, models, epochs, slashing),
        deposits=deposits,
        slashing=slashing,
        rewards=rewards,
        validations=validations,
        votes=votes,
        prices=prices,
        proposals=Proposals(governance, bank, epochs, nodes),
        validators=validators,
        upgrades=build_upgrades(known),
    )


def import_genesis(keepers: Keepers, ctx: Context, genesis: GenesisState) -> None:
    """Writes the state that a genesis document describes, room by room. Refuses a document that contradicts
    itself.
    """
    if not genesis.chain_id or genesis.initial_height < 1:
        raise ErrInvalidRecord(what="genesis", why="chain_id is empty or initial_height is less than 1")
    if genesis.genesis_time_ns < 0:
        raise ErrInvalidRecord(what="genesis", why="genesis_time_ns lies before 1970")
    for room in _document_rooms(keepers):
        room.import_genesis(ctx, genesis)
    _refuse_uncovered(ctx, keepers)


def export_genesis(keepers: Keepers, ctx: Context) -> GenesisState:
    """The whole state as a document. Imported, it gives the same state one height before its first block."""
    fields: dict[str, object] = {}
    for room in _document_rooms(keepers):
        fields.update(room.export_genesis(ctx))
    return GenesisState(
        chain_id=ctx.header.chain_id,
        genesis_time_ns=ctx.time_ns,
        initial_height=ctx.height + 1,
        exported_height=ctx.height,
        **fields,  # type: ignore[arg-type]
    )


def _refuse_uncovered(ctx: Context, keepers: Keepers) -> None:
    for module, why in find_uncovered(keepers, ctx):
        raise ErrInvalidRecord(what=f"genesis {module}", why=why)


class Documented(Protocol):
    """A keeper whose state is part of the genesis document."""

    def import_genesis(self, ctx: Context, genesis: GenesisState) -> None:
        """Writes its part of the document."""

    def export_genesis(self, ctx: Context) -> dict[str, object]:
        """Its part of the document, by field."""


def _document_rooms(keepers: Keepers) -> tuple[Documented, ...]:
    """In the order in which they are imported: each finds there what it needs."""
    return (
        keepers.governance,
        keepers.accounts,
        keepers.bank,
        keepers.models,
        keepers.nodes,
        keepers.epochs,
        keepers.poc,
        keepers.inferences,
        keepers.deposits,
        keepers.slashing,
        keepers.rewards,
        keepers.validations,
        keepers.prices,
        keepers.proposals,
        keepers.validators,
        keepers.upgrades,
    )
