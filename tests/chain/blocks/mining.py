"""Golden blocks about participants, machines, proofs of compute and formations."""

from chain.collateral.types import MsgDepositCollateral
from chain.epochs.types import PowerParams
from chain.fixed import Decimal
from chain.nodes.types import HardwareNode, HardwareNodeStatus
from chain.params import Params
from chain.poc.types import MsgSubmitPocBatch
from chain.records import replace
from tests.chain.blocks.deeds import (
    STOPPED,
    coin,
    commit,
    join,
    judge,
    live_an_epoch,
    mine,
    node,
    register,
    report,
    set_up,
)
from tests.chain.blocks.scene import (
    ANN,
    BEN,
    CAT,
    DEV,
    END,
    LENGTH,
    SHORT,
    START,
    VOTE,
    File,
    Made,
    Scene,
    build_genesis,
    empty,
)
from tests.chain.kit import Signer

FAILED = HardwareNodeStatus.FAILED
Machines = tuple[tuple[Signer, tuple[HardwareNode, ...]], ...]
Mined = list[tuple[Signer, str, int, int]]
"""Miner, machine, how many nonces, and the first."""


def write_hardware() -> File:
    """Participants and machines."""
    file = File("hardware", "Participants come and change; machines are added, changed, stopped and removed.")
    scene, state = Scene(file), "two models, Ann with two machines"
    scene.live(register("gemma", "gemma-q4"), register("qwen"))
    scene.live(join(ANN))
    scene.live(report(ANN, node("n2", "gemma"), node("n1", "qwen")))
    scene.case(
        "a participant comes, with machines out of order",
        state,
        [join(BEN), report(BEN, node("z", "qwen"), node("a", "gemma-q4"))],
    )
    scene.case(
        "a participant changes its key and stays what it was",
        state,
        [join(ANN, "")],
        tells=("participant_updated",),
    )
    scene.case(
        "a machine changes, another is removed",
        state,
        [report(ANN, node("n1", "gemma-q4"), removed=(node("n2"),))],
    )
    scene.case(
        "removed as STOPPED: the record stays", state, [report(ANN, removed=(node("n1", status=STOPPED),))]
    )
    scene.case(
        "in both lists: it is kept as written",
        state,
        [report(ANN, node("n1", "gemma"), removed=(node("n1"),))],
    )
    scene.case(
        "all are removed: the list stays, empty", state, [report(ANN, removed=(node("n1"), node("n2")))]
    )
    scene.case(
        "one unknown model refuses the whole diff; a STOPPED machine may declare it",
        state,
        [report(ANN, node("n1", "gemma"), node("n3", "phi")), report(ANN, node("n3", "phi", status=STOPPED))],
        reasons=["ErrInvalidModel", ""],
    )
    return file


def write_windows() -> File:
    """The edges of every window of a proof of compute."""
    file = File("windows", "A proof of compute: its edges, who may hand in nonces, who may vote. P is 4.")
    scene, before = Scene(file), "the block before the start"
    set_up(scene)
    assert scene.height == START - 1
    scene.case(
        "in the block of the start nothing is accepted yet; at its end it is frozen who may mine",
        before,
        [mine(ANN, "n1", 2), commit(ANN, 1)],
        reasons=["ErrUpcomingEpochNotFound"] * 2,
        tells=("poc_started",),
    )
    scene.case(
        "a machine registered in the block of the start may mine, one registered after it may not",
        before,
        [report(ANN, node("n2", "qwen"))],
        [mine(ANN, "n2", 2), report(BEN, node("n2", "qwen")), mine(BEN, "n2", 2)],
        reasons=["", "", "", "ErrNodeNotInEpoch"],
    )
    write_nonces(scene)
    write_votes(scene)
    return file


def write_nonces(scene: Scene) -> None:
    """Nonces and seeds."""
    scene.run_to(START)
    open_ = "nonces are accepted"
    batch = mine(ANN, "n1", 2)[1]
    assert isinstance(batch, MsgSubmitPocBatch)
    scene.case(
        "every refusal of a batch",
        open_,
        [
            (ANN, replace(batch, node_id=" ")),
            (ANN, replace(batch, nonces=(1, 1))),
            (ANN, replace(batch, dist_micro=(1000, 1_270_000))),
            (ANN, replace(batch, poc_stage_start_block_height=16)),
            (ANN, replace(batch, node_id="n9")),
            mine(BEN, "n2", 1),
            mine(DEV, "n1", 1),
        ],
        reasons=[
            "ErrPocNodeIdEmpty",
            "ErrPocNonceNotAccepted",
            "ErrPocNonceNotAccepted",
            "ErrPocWrongStartBlockHeight",
            "ErrNodeNotInEpoch",
            "ErrNodeNotInEpoch",
            "ErrNodeNotInEpoch",
        ],
    )
    scene.case(
        "a machine that was stopped, failed or removed since the start",
        open_,
        [
            report(ANN, node("n1", "gemma", status=STOPPED)),
            mine(ANN, "n1", 1),
            report(BEN, node("n1", "gemma", status=FAILED)),
            mine(BEN, "n1", 1),
            report(CAT, removed=(node("n1"),)),
            mine(CAT, "n1", 1),
        ],
        reasons=["", "ErrNodeDisabled"] * 3,
    )
    scene.case(
        "the first and the last block for nonces and seeds, and the one behind it",
        open_,
        [mine(ANN, "n1", 2), commit(ANN, 1)],
        (),
        [mine(BEN, "n1", 2), commit(BEN, 1)],
        [mine(CAT, "n1", 2), commit(CAT, 1)],
        reasons=["", "", "", "", "ErrPocTooLate", "ErrPocTooLate"],
    )


def write_votes(scene: Scene) -> None:
    """The last of seeds, and votes."""
    scene.case(
        "a seed of another epoch", "nonces are accepted", [commit(ANN, 2)], reasons=["ErrSeedNotAccepted"]
    )
    scene.live(mine(ANN, "n1", 2), commit(ANN, 1))
    scene.run_to(VOTE - 2)
    scene.case(
        "votes: a block too early, the first, the last, a block too late; a stranger; about nobody",
        "nonces of Ann are in",
        [judge(BEN, ANN)],
        [judge(BEN, ANN), judge(DEV, ANN), judge(BEN, CAT)],
        [judge(CAT, ANN)],
        [judge(ANN, ANN)],
        reasons=["ErrPocTooLate", "", "ErrInvalidSigner", "ErrPocAddressInvalid", "", "ErrPocTooLate"],
        tells=("epoch_formed", "epoch_effective"),
    )


def write_policies() -> File:
    """Who may mine under each policy, in an epoch after the first."""
    file = File(
        "policies",
        "Who may hand in nonces by policy: Ann's n1 is in the epoch in effect, her n2 has come since, "
        "Ben's n2 came after the start, Cat's n1 was never in an epoch.",
    )
    for policy in ("snapshot", "literal", "joiner", "registry", "open"):
        scene = Scene(file, build_genesis(with_policy(policy)))
        set_up(scene)
        live_an_epoch(scene, 1, (ANN, "n1", 4), (BEN, "n1", 4))
        scene.live(report(ANN, node("n2", "gemma")))
        scene.run_to(START + LENGTH)
        scene.live(report(BEN, node("n2", "gemma")))
        tried = [
            mine(who, at, 2, START + LENGTH)
            for who, at in ((ANN, "n1"), (ANN, "n2"), (BEN, "n2"), (CAT, "n1"))
        ]
        refused = {
            "snapshot": ["", "", "ErrNodeNotInEpoch", ""],
            "literal": ["", *["ErrNodeNotInEpoch"] * 3],
        }
        scene.case(f"{policy}", policy, tried, reasons=refused.get(policy, [""] * 4))
    return file


def with_policy(policy: str) -> Params:
    """The parameters with another admission policy."""
    return replace(SHORT, poc=replace(SHORT.poc, poc_admission=policy))


def write_formations() -> File:
    """Who is seated, with which weight, models and slots."""
    file = File(
        "formations",
        "Formations: who is seated, with which weight, models and slots. The last blocks before the switch.",
    )
    machines = (
        (ANN, (node("n1", "gemma"), node("n2", "qwen", "gemma-q4"), node("n3", "gemma"), node("n4", "qwen"))),
        (BEN, (node("n1", "gemma-q4"),)),
        (CAT, (node("n1", "gemma"),)),
    )
    mined = [
        (ANN, "n1", 4, 0),
        (ANN, "n2", 3, 2),
        (ANN, "n3", 2, 10),
        (ANN, "n4", 6, 20),
        (BEN, "n1", 5, 0),
        (CAT, "n1", 5, 0),
    ]
    scene = form_until_end(file, SHORT, machines, mined)
    accepted = [judge(who, about) for who in (ANN, BEN) for about in (ANN, BEN, CAT)]
    scene.case(
        "weights by machine, smallest model first, half of a model's machines keep serving",
        "all have mined",
        accepted,
        (),
        tells=("epoch_formed",),
    )
    scene.case(
        "not more than half of the weight finds Ann honest",
        "all have mined",
        [judge(ANN, ANN), judge(BEN, ANN, fraud=True), *[judge(who, BEN) for who in (ANN, BEN)]],
        (),
        tells=("participant_excluded",),
    )
    scene.case(
        "nobody votes: all are seated again, with the weights of before",
        "all have mined",
        *empty(2),
        tells=("epoch_formed",),
    )
    scene.case(
        "machines stopped or failed before the formation do not count",
        "all have mined",
        [
            *accepted,
            report(ANN, node("n1", "gemma", status=STOPPED)),
            report(CAT, node("n1", "gemma", status=FAILED)),
        ],
        (),
        tells=("node_excluded", "participant_excluded"),
    )
    write_adjusted(file, machines, mined, accepted)
    write_preserved(file)
    return file


def write_adjusted(file: File, machines: Machines, mined: Mined, accepted: Made) -> None:
    """Weights under the cap, and by collateral."""
    capped = form_until_end(file, replace(SHORT, power=PowerParams(Decimal(3, -1))), machines, mined)
    capped.case(
        "the cap: three may hold two fifths each",
        "all have mined, under a cap",
        accepted,
        (),
        tells=("weight_reduced",),
    )
    strict = replace(SHORT, collateral=replace(SHORT.collateral, grace_period_end_epoch=0))
    covered = form_until_end(file, strict, machines, mined, MsgDepositCollateral(ANN.address, coin(7)))
    covered.case(
        "collateral: a fifth counts anyhow, the rest as far as the deposit reaches",
        "all have mined, past the grace period",
        accepted,
        (),
        tells=("weight_reduced",),
    )


def form_until_end(file: File, params: Params, machines: Machines, mined: Mined, *deposits: object) -> Scene:
    """A chain up to the block before the last one for votes."""
    scene = Scene(file, build_genesis(params))
    set_up(scene, *machines)
    scene.run_to(START)
    scene.live(
        *(commit(who, 1) for who in (ANN, BEN, CAT)),
        *(mine(who, at, count, first=first) for who, at, count, first in mined),
        *((ANN, d) for d in deposits),
    )
    scene.run_to(END - 2)
    return scene


def write_preserved(file: File) -> None:
    """A machine that keeps serving counts with its old weight, and not twice."""
    scene = Scene(file)
    set_up(
        scene,
        (ANN, (node("n1", "gemma"), node("n2", "gemma"))),
        (BEN, (node("n1", "gemma"),)),
        (CAT, (node("n1", "gemma"),)),
    )
    live_an_epoch(scene, 1, (ANN, "n1", 4), (ANN, "n2", 3), (BEN, "n1", 5))
    start = START + LENGTH
    scene.run_to(start)
    scene.live(commit(ANN, 2), mine(ANN, "n1", 7, start), mine(ANN, "n2", 7, start, 50))
    scene.run_to(start + END - START - 2)
    votes = [judge(who, ANN, start) for who in (ANN, BEN)]
    scene.case(
        "a machine that kept serving keeps its old weight; Ben, who committed to no seed, is out",
        "the second proof of compute",
        votes,
        (),
        tells=("participant_excluded", "epoch_settled"),
    )
