"""Every keeper, built once and handed the keepers that it needs."""

from dataclasses import dataclass

from chain.auth.keeper import Accounts
from chain.bank.keeper import Bank
from chain.context import Context
from chain.errors import ErrInvalidRecord
from chain.genesis import GenesisState
from chain.governance import Governance


@dataclass(frozen=True, slots=True)
class Keepers:
    """The keepers of all rooms. They hold no state of their own, so one set serves every context."""

    accounts: Accounts
    bank: Bank
    governance: Governance


def build_keepers() -> Keepers:
    """All keepers, wired together."""
    accounts = Accounts()
    return Keepers(accounts=accounts, bank=Bank(accounts), governance=Governance())


def import_genesis(keepers: Keepers, ctx: Context, genesis: GenesisState) -> None:
    """Writes the state that a genesis document describes, room by room. Refuses a document that
    contradicts itself.
    """
    if not genesis.chain_id or genesis.initial_height < 1:
        raise ErrInvalidRecord(what="genesis", why="chain_id is empty or initial_height is less than 1")
    keepers.governance.import_genesis(ctx, genesis)
    keepers.accounts.import_genesis(ctx, genesis)
    keepers.bank.import_genesis(ctx, genesis)


def export_genesis(keepers: Keepers, ctx: Context) -> GenesisState:
    """The whole state as a document. Imported, it gives the same state one height before its first block."""
    return GenesisState(
        chain_id=ctx.header.chain_id,
        genesis_time_ns=ctx.time_ns,
        initial_height=ctx.height + 1,
        exported_height=ctx.height,
        **keepers.governance.export_genesis(ctx),
        **keepers.accounts.export_genesis(ctx),
        **keepers.bank.export_genesis(ctx),
    )
