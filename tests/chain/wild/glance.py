"""What an author sees of the state before it writes the next block."""

from collections.abc import Mapping
from dataclasses import dataclass

from chain.context import Context
from chain.epochs.types import Boundaries, Epoch
from chain.inference.types import Inference, InferenceStatus
from chain.machine import Keepers
from chain.params import Params
from chain.proposals.keeper import PROPOSALS
from chain.proposals.types import Proposal, ProposalStatus
from chain.rewards.types import SettleAmount
from tests.chain.wild.people import HOSTS, NAMES, find_person
from tests.chain.wild.run import Run

WAITING = 60
"""Inferences of each kind that are looked at, the latest ones."""


@dataclass
class Glance:
    """The state, in the author's words. People are names."""

    ctx: Context
    keepers: Keepers
    params: Params
    effective: int
    upcoming: Epoch | None
    at: Boundaries
    members: Mapping[str, int]
    """Weight of each member of the epoch in effect."""
    serving: Mapping[str, list[str]]
    """Governance model to who serves it."""
    machines: Mapping[str, tuple[str, ...]]
    models: tuple[str, ...]
    names: tuple[str, ...]
    """Models and their alternatives."""
    started: list[Inference]
    unstarted: list[Inference]
    finished: list[Inference]
    claims: Mapping[str, SettleAmount]
    jailed: tuple[str, ...]
    voting: tuple[Proposal, ...]

    @property
    def height(self) -> int:
        """The height of the block that is to be written."""
        return self.ctx.height

    @property
    def may_mine(self) -> bool:
        """Whether seeds and nonces are accepted in it."""
        return self.upcoming is not None and self.at.poc_start < self.height <= self.at.exchange_deadline

    @property
    def may_vote(self) -> bool:
        """Whether votes on nonces are."""
        return self.upcoming is not None and self.at.validation_start < self.height <= self.at.validation_end


def glance(run: Run) -> Glance:
    """Looks once."""
    ctx, keepers = run.look(), run.keepers
    effective, upcoming = keepers.epochs.get_effective(ctx), keepers.epochs.get_upcoming(ctx)
    groups = {group.model_id: group for group in keepers.epochs.get_groups(ctx, effective.index)}
    parent = groups.pop("", None)
    models = tuple(keepers.models.get_models(ctx))
    records = list(keepers.inferences.get_inferences(ctx))
    names = [name for model in models for name in (model.id, *model.alternative_models)]
    return Glance(
        ctx=ctx,
        keepers=keepers,
        params=keepers.governance.get_params(ctx),
        effective=effective.index,
        upcoming=upcoming,
        at=keepers.epochs.get_boundaries(ctx, upcoming or effective),
        members={NAMES[m.member_address]: m.weight for m in (parent.validation_weights if parent else ())},
        serving={
            model: [NAMES[member.member_address] for member in group.validation_weights]
            for model, group in groups.items()
        },
        machines={
            host: tuple(node.local_id for node in (hardware.hardware_nodes if hardware else ()))
            for host in HOSTS
            for hardware in (keepers.nodes.get_hardware(ctx, find_person(host).address),)
        },
        models=tuple(model.id for model in models),
        names=tuple(dict.fromkeys(names)),
        started=[one for one in records if one.status == InferenceStatus.STARTED][-WAITING:],
        unstarted=[one for one in records if one.executed_by and not one.prompt_hash][-WAITING:],
        finished=_find_latest(records),
        claims={NAMES[claim.participant]: claim for claim in keepers.rewards.get_settle_amounts(ctx)},
        jailed=tuple(NAMES[jailing.participant] for jailing in keepers.slashing.get_jailings(ctx)),
        voting=tuple(p for p in PROPOSALS.values(ctx.store) if p.status == ProposalStatus.VOTING),
    )


def _find_latest(records: list[Inference]) -> list[Inference]:
    """Answered inferences, the last ones in time last; those under vote are always among them."""
    done = [one for one in records if one.executed_by and one.prompt_hash]
    done.sort(key=lambda one: (one.status == InferenceStatus.VOTING, one.end_block_height, one.inference_id))
    return done[-WAITING:]
