"""What a local network consists of: three participants, four nodes, two models. Data, no effects."""

from dataclasses import dataclass
from pathlib import Path

CHAIN_ID = "mesh-devnet-1"
DENOM = "umesh"
GENESIS_BALANCE_UMESH = 1_000_000_000_000
"""What each account owns at genesis: a million mesh, more than any demo can spend."""
FIRST_POC_HEIGHT = 20
"""Where the first proof of compute starts: late enough for eight processes to start and register."""
DEMO_EPOCH_BLOCKS = 50
"""Two epochs in two minutes; half of each is proof of compute, during which these few nodes serve nobody."""
LASTING_EPOCH_BLOCKS = 900
"""A quarter of an hour at a block a second, of which 22 s are proof of compute."""
COLLATERAL_UMESH = 1_000_000
"""What each participant deposits: one mesh."""


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """A governance model and the file behind it."""

    model_id: str
    """Identifier under which it is governed and asked for."""
    file: str
    """File in the models folder; also what nodes declare."""
    v_ram_mb: int
    """Memory that it needs."""

    @property
    def alternatives(self) -> tuple[str, ...]:
        """Other names that nodes declare: the file's, unless the model is governed under it."""
        return () if self.file == self.model_id else (self.file,)


@dataclass(frozen=True, slots=True)
class NodePlan:
    """One machine."""

    node_id: str
    file: str
    """Model file that it declares and serves."""
    http_port: int
    control_port: int


@dataclass(frozen=True, slots=True)
class ParticipantPlan:
    """One participant: a broker and its machines."""

    name: str
    public_port: int
    callback_port: int
    admin_port: int
    nodes: tuple[NodePlan, ...]


@dataclass(frozen=True, slots=True)
class NetworkPlan:
    """The whole network below one folder."""

    base: Path
    models: tuple[ModelPlan, ...]
    participants: tuple[ParticipantPlan, ...]
    chain_port: int
    chain_http_port: int
    block_interval_s: float = 1.0
    chain_id: str = CHAIN_ID
    epoch_length: int = DEMO_EPOCH_BLOCKS
    """Blocks from one proof of compute to the next."""

    @property
    def chain_home(self) -> Path:
        """Home of the chain."""
        return self.base / "chain"

    @property
    def models_dir(self) -> Path:
        """Folder that all nodes read their models from."""
        return self.base / "models"

    @property
    def chain_address(self) -> str:
        """host:port of the chain's gRPC."""
        return f"127.0.0.1:{self.chain_port}"

    def ports(self) -> list[int]:
        """All ports, in the order of `plan_network`."""
        listed = [self.chain_port, self.chain_http_port]
        for owner in self.participants:
            listed += [owner.public_port, owner.callback_port, owner.admin_port]
            for node in owner.nodes:
                listed += [node.http_port, node.control_port]
        return listed

    def broker_home(self, name: str) -> Path:
        """Home of a participant's broker."""
        return self.base / f"broker-{name}"

    def node_home(self, node_id: str) -> Path:
        """Home of a machine."""
        return self.base / f"node-{node_id}"

    def log(self, name: str) -> Path:
        """Log of a process."""
        return self.base / "logs" / f"{name}.log"


def plan_network(
    base: Path, models: tuple[ModelPlan, ...], ports: list[int], epoch_length: int = DEMO_EPOCH_BLOCKS
) -> NetworkPlan:
    """The network that the demo and `up` run: ada has two machines, bob and cleo one each.

    The first model is served by ada and bob, the second by ada and cleo. Takes PORT_COUNT ports: the
    chain's gRPC and HTTP, then for each participant its broker's three and two for each machine.
    """
    free = iter(ports)
    first, second = models[0].file, models[-1].file
    chain_port, chain_http_port = next(free), next(free)
    machines = {"ada": ((1, first), (2, second)), "bob": ((1, first),), "cleo": ((1, second),)}
    participants = tuple(
        ParticipantPlan(
            name,
            next(free),
            next(free),
            next(free),
            tuple(NodePlan(f"{name}-{number}", file, next(free), next(free)) for number, file in owned),
        )
        for name, owned in machines.items()
    )
    return NetworkPlan(base, models, participants, chain_port, chain_http_port, epoch_length=epoch_length)


PORT_COUNT = 19
"""Ports that `plan_network` takes."""
