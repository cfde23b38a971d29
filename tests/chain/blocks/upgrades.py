"""Golden blocks about plans to change the law."""

from chain.upgrades.types import MsgCancelUpgrade, MsgSoftwareUpgrade
from tests.chain.blocks.scene import ANN, BEN, GOV, File, Scene, Signed
from tests.chain.blocks.seasons import propose, vote
from tests.chain.kit import Signer


def plan(name: str, height: int, info: str = "", by: Signer = GOV) -> Signed:
    """A plan."""
    return by, MsgSoftwareUpgrade(by.address, name, height, info)


def write_upgrades() -> File:
    """Plans are made, replaced, called off, voted on, and refused."""
    file = File("upgrades", "Plans to change the law: made, replaced, called off, voted on, refused.")
    scene, state = Scene(file), "a new chain, which has the upgrades of its program behind it"
    cancel = (GOV, MsgCancelUpgrade(GOV.address))
    scene.case(
        "a plan, another one in its place, and none any more",
        state,
        [plan("v3", 50, "from the usual place")],
        [plan("v4", 60)],
        [cancel],
        tells=("upgrade_planned", "upgrade_cancelled"),
    )
    scene.case(
        "refused: of another, no name, a blank, now, behind it, too much said, nothing to call off",
        state,
        [
            plan("v3", 50, by=ANN),
            plan("", 50),
            plan(" v3", 50),
            plan("v3", 1),
            plan("v2", 50),
            plan("v3", 50, "x" * 1001),
            cancel,
        ],
        reasons=[
            "ErrInvalidSigner",
            *["ErrUpgradeNotAccepted"] * 5,
            "ErrNoUpgradePlanned",
        ],
    )
    scene.case(
        "the members plan it by vote",
        state,
        [propose(ANN, plan("v3", 50)[1])],
        [vote(ANN, 1), vote(BEN, 1)],
        [],
        [],
        tells=("upgrade_planned",),
    )
    scene.case(
        "a vote that ends too late for its plan: nothing is planned",
        state,
        [propose(ANN, plan("v3", 4)[1])],
        [vote(ANN, 1), vote(BEN, 1)],
        [],
        [],
        tells=("proposal_closed",),
    )
    return file
