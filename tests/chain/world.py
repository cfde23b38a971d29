"""The rooms of the chain without envelopes: messages go straight to their handlers, and heights pass."""

from chain.block import Event, Header
from chain.codec import type_url
from chain.context import Context
from chain.epochs.types import GenesisMember, MsgSubmitSeed, PowerParams
from chain.genesis import GenesisState
from chain.layout import encode_value
from chain.machine import build_keepers, export_genesis, import_genesis
from chain.models.types import MsgRegisterModel
from chain.nodes.types import (
    HardwareNode,
    HardwareNodeStatus,
    MsgSubmitHardwareDiff,
    MsgSubmitNewParticipant,
)
from chain.params import Params
from chain.poc.types import MsgSubmitPocBatch, MsgSubmitPocValidation
from chain.profiles import DEFAULT
from chain.queries.table import build_queries
from chain.records import replace
from chain.router import build_routes
from chain.store import Store
from tests.chain.kit import CHAIN_ID, GENESIS_TIME_NS, Signer, build_genesis

AUTHORITY = Signer("authority")
UNCAPPED = replace(DEFAULT, power=PowerParams())
"""The ordinary parameters, for worlds of two or three: what machines weigh is what a participant weighs."""
VALIDATOR_KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
BLOCK_NS = 10**9


def node(
    local_id: str, *models: str, status: HardwareNodeStatus = HardwareNodeStatus.INFERENCE
) -> HardwareNode:
    """A machine that declares models."""
    return HardwareNode(local_id=local_id, status=status, models=models)


class World:
    """All rooms over one store. `params` default to the ordinary ones: P at 40, V at 58, S at 59."""

    def __init__(
        self, *names: str, params: Params = UNCAPPED, weights: dict[str, int] | None = None, **fields: object
    ) -> None:
        self.signers = {name: Signer(name) for name in names}
        members = tuple(GenesisMember(self.address(name), weight) for name, weight in (weights or {}).items())
        genesis = build_genesis(AUTHORITY, *self.signers.values(), params=params)
        self.load(replace(genesis, genesis_members=members, **fields))

    def load(self, genesis: GenesisState) -> None:
        self.keepers = build_keepers()
        self.routes = build_routes(self.keepers)
        self.store = Store()
        self.height = genesis.initial_height - 1
        import_genesis(self.keepers, self.context(), genesis)

    def address(self, name: str) -> str:
        return self.signers[name].address

    def context(self) -> Context:
        header = Header(CHAIN_ID, self.height, GENESIS_TIME_NS + self.height * BLOCK_NS)
        return Context(header, self.store)

    def deliver(self, message: object) -> object:
        """Handles a message; when it is refused nothing has changed."""
        branch = self.context().branch()
        self.answer = self.routes[type_url(type(message))].handle(branch, message)
        self.delivered = branch.events
        branch.store.write()
        return self.answer

    def ask(self, method: str, request: object) -> object:
        """The answer of a query of the chain's own service."""
        queries = build_queries(self.keepers)
        return queries[f"/chain.v1.Query/{method}"].answer(self.context(), request)

    def end_block(self) -> list[Event]:
        ctx = self.context()
        self.keepers.inferences.process_expiry(ctx)
        self.keepers.votes.process_deadlines(ctx)
        self.keepers.stages.process_epoch_stages(ctx)
        return ctx.events

    def begin(self, height: int) -> list[Event]:
        """Ends every block before `height` and opens that one; what happened meanwhile."""
        events = []
        while self.height < height:
            events += self.end_block() if self.height >= 1 else []
            self.height += 1
        return events

    def digest(self) -> list[tuple[bytes, bytes]]:
        """The whole state as bytes."""
        return [(key, encode_value(key, value)) for key, value in self.store.iterate()]

    def export(self) -> GenesisState:
        return export_genesis(self.keepers, self.context())

    # What participants do

    def register_model(self, model_id: str, *alternatives: str, **fields: object) -> None:
        message = MsgRegisterModel(
            authority=AUTHORITY.address,
            id=model_id,
            units_of_compute_per_token=1,
            alternative_models=alternatives,
        )
        self.deliver(replace(message, **fields))

    def join(self, name: str, *nodes: HardwareNode, validator_key: str = VALIDATOR_KEY) -> None:
        url = f"http://{name}.example:9000"
        self.deliver(MsgSubmitNewParticipant(self.address(name), url, validator_key))
        if nodes:
            self.report(name, *nodes)

    def report(self, name: str, *nodes: HardwareNode, removed: tuple[HardwareNode, ...] = ()) -> None:
        self.deliver(MsgSubmitHardwareDiff(self.address(name), nodes, removed))

    def upcoming(self) -> tuple[int, int]:
        """Index and start height of the proof of compute under way."""
        epoch = self.keepers.epochs.get_upcoming(self.context())
        assert epoch is not None
        return epoch.index, epoch.poc_start_block_height

    def seed(self, *names: str) -> None:
        for name in names:
            self.deliver(MsgSubmitSeed(self.address(name), self.upcoming()[0], "ab" * 64))

    def mine(self, name: str, node_id: str, *nonces: int, batch_id: str = "b1") -> None:
        start = self.upcoming()[1]
        distances = (1,) * len(nonces)
        self.deliver(MsgSubmitPocBatch(self.address(name), start, batch_id, nonces, distances, node_id))

    def vote(self, validator: str, about: str, fraud: bool = False) -> None:
        self.deliver(
            MsgSubmitPocValidation(
                creator=self.address(validator),
                participant_address=self.address(about),
                poc_stage_start_block_height=self.upcoming()[1],
                fraud_detected=fraud,
            )
        )


def reasons(events: list[Event], kind: str) -> dict[tuple[str, ...], str]:
    """Reason of every event of a kind by what it is about: participant, and node where there is one."""
    found = {}
    for event in events:
        if event.type == kind:
            fields = dict(event.attributes)
            about = tuple(fields[key] for key in ("participant", "node_id") if key in fields)
            found[about] = fields.get("reason", "")
    return found
