"""Golden blocks about what epochs bring: settlement, claims, withdrawals, jail, proposals, schedules, what is
forgotten.
"""

from chain.codec import encode, type_url
from chain.collateral.types import MsgDepositCollateral, MsgWithdrawCollateral
from chain.fixed import Decimal
from chain.params import MsgUpdateParams, Params
from chain.pricing.types import MsgSubmitUnitOfComputePriceProposal
from chain.proposals.types import MsgSubmitProposal, MsgVote, VoteOption
from chain.records import replace
from chain.rewards.types import MsgClaimRewards
from chain.slashing.types import MsgUnjail
from chain.tx import Any
from chain.validation.types import MsgInvalidateInference
from tests.chain.blocks.deeds import SEED, answer, ask, check, coin, commit, judge, mine, name_request
from tests.chain.blocks.requests import open_epoch
from tests.chain.blocks.scene import (
    ANN,
    BEN,
    CAT,
    DEV,
    END,
    GOV,
    LENGTH,
    SHORT,
    START,
    File,
    Scene,
    build_genesis,
    empty,
)
from tests.chain.kit import Signer

SECOND = START + LENGTH
"""Start of the second proof of compute."""
EVERYBODY_VALIDATES = replace(
    SHORT,
    validation=replace(
        SHORT.validation,
        max_validation_average=Decimal(1),
        min_validation_average=Decimal(1),
        min_validation_halfway=Decimal(1),
    ),
)


def write_settlements() -> File:
    """What an epoch pays, and to whom."""
    file = File(
        "settlements",
        "Settlement at the end of the next proof of compute: rewards, downtime, withdrawals; then claims.",
    )
    scene = open_epoch(file, Scene(file, build_genesis(EVERYBODY_VALIDATES)))
    now = scene.chain.header.time_ns
    paid = name_request(ANN, now, "why?")
    scene.live(ask(ANN, BEN, now, "why?"), answer(ANN, BEN, now, "why?", 16), ask(ANN, CAT, now, "lost?"))
    scene.live(*((who, MsgDepositCollateral(who.address, coin(1009))) for who in (BEN, CAT)))
    scene.live(
        (CAT, MsgWithdrawCollateral(CAT.address, coin(100))),
        (BEN, MsgWithdrawCollateral(BEN.address, coin(9))),
    )
    scene.run_to(SECOND + END - START - 1)
    scene.case(
        "the reward is minted and divided, downtime is slashed, also what is being withdrawn, and jailed",
        "the block before the settlement",
        (),
        tells=(
            "epoch_settled",
            "collateral_slashed",
            "participant_jailed",
            "rewards_settled",
        ),
    )
    scene.run_to(SECOND + END - START)
    scene.case(
        "before the switch it is too early for claims, and for Cat to leave jail",
        "settled, not switched",
        [claim(ANN), free(CAT, CAT)],
        reasons=["ErrClaimTooEarly", "ErrStillJailed"],
    )
    scene.run_to(SECOND + END - START + 1)
    state = "the second epoch is in effect"
    scene.case(
        "claims: not yet validated, a wrong seed, another epoch; then right, and not twice",
        state,
        [claim(ANN), claim(BEN, SEED + 1), claim(BEN, SEED, 2), claim(DEV), check(ANN, paid)],
        [claim(ANN), claim(BEN), claim(BEN)],
        reasons=[
            "ErrValidationsMissed",
            "ErrClaimSignatureInvalid",
            "ErrWrongClaimEpoch",
            "ErrNothingToClaim",
            "",
            "",
            "",
            "ErrNothingToClaim",
        ],
        tells=("rewards_claimed",),
    )
    scene.case(
        "out of jail: Cat, let out by a stranger, by the authority, by itself; whoever is not in it",
        state,
        [free(DEV, CAT), free(GOV, CAT), free(CAT, CAT), free(BEN, BEN)],
        reasons=["ErrInvalidSigner", "", "ErrNotJailed", "ErrNotJailed"],
        tells=("participant_unjailed",),
    )
    write_others(scene, state, paid)
    write_collateral(scene, state)
    write_last_days(scene)
    return file


def claim(who: Signer, seed: int = SEED, epoch: int = 1) -> tuple[Signer, object]:
    """A claim."""
    return who, MsgClaimRewards(who.address, seed, epoch)


def free(by: Signer, who: Signer) -> tuple[Signer, object]:
    """A way out of jail."""
    return by, MsgUnjail(by.address, who.address)


def price(who: Signer, amount: int) -> tuple[Signer, object]:
    """A proposal for the price of a unit of compute."""
    return who, MsgSubmitUnitOfComputePriceProposal(who.address, amount)


def write_others(scene: Scene, state: str, paid: str) -> None:
    """Proposed prices, and a decision that comes late."""
    scene.case(
        "prices of a unit of compute are proposed", state, [price(ANN, 50), price(BEN, 70), price(DEV, 1)]
    )
    scene.case(
        "an answer found wrong after it was settled: what is not there any more is a debt",
        state,
        [(GOV, MsgInvalidateInference(GOV.address, paid))],
        tells=("inference_invalidated",),
    )


def write_collateral(scene: Scene, state: str) -> None:
    """Deposits and withdrawals."""
    scene.case(
        "deposits add up; withdrawals of one epoch too; too much, of nothing, another denomination",
        state,
        [
            (BEN, MsgDepositCollateral(BEN.address, coin(5))),
            (BEN, MsgWithdrawCollateral(BEN.address, coin(400))),
            (BEN, MsgWithdrawCollateral(BEN.address, coin(605))),
            (BEN, MsgWithdrawCollateral(BEN.address, coin(1))),
            (ANN, MsgWithdrawCollateral(ANN.address, coin(1))),
            (ANN, MsgDepositCollateral(ANN.address, coin(1, "gold"))),
        ],
        reasons=["", "", "", "ErrNoCollateralFound", "ErrNoCollateralFound", "ErrInvalidDenom"],
    )


def write_last_days(scene: Scene) -> None:
    """The start of the third proof of compute forgets what is old; its end burns what nobody claimed."""
    scene.run_to(START + 2 * LENGTH - 1)
    scene.case(
        "inferences, nonces and votes of old epochs are forgotten",
        "the block before the third start",
        (),
        tells=("poc_started",),
    )
    scene.run_to(START + 2 * LENGTH + END - START - 1)
    scene.case(
        "nobody has mined: all are seated again; withdrawals are paid out, what nobody claimed is burnt",
        "the block before the second settlement",
        (),
        tells=("rewards_forfeited", "collateral_released", "epoch_formed"),
    )


def write_governance() -> File:
    """Proposals, votes, and parameters that change."""
    file = File(
        "governance",
        "Parameters changed by the authority and by proposals; schedules take effect with the next start.",
    )
    scene, state = open_epoch(file), "the first epoch is in effect"
    longer = replace(
        SHORT,
        epoch=replace(SHORT.epoch, epoch_length=20, poc_stage_duration=3),
        inference=replace(SHORT.inference, expiration_blocks=9),
    )
    update = MsgUpdateParams(GOV.address, longer)
    scene.case(
        "the authority changes parameters: the schedule waits, all else counts at once",
        state,
        [(GOV, update)],
        [(GOV, MsgUpdateParams(GOV.address, SHORT))],
        tells=("params_updated",),
    )
    scene.case(
        "by somebody else; stages that do not fit; a fraction above 1",
        state,
        [
            (ANN, replace(update, authority=ANN.address)),
            (GOV, MsgUpdateParams(GOV.address, without_room())),
            (
                GOV,
                MsgUpdateParams(
                    GOV.address,
                    replace(
                        SHORT, collateral=replace(SHORT.collateral, slash_fraction_invalid=Decimal(11, -1))
                    ),
                ),
            ),
        ],
        reasons=["ErrInvalidSigner", "ErrInvalidParams", "ErrInvalidParams"],
    )
    write_proposals(scene, state, update)
    scene.live((GOV, update))
    scene.run_to(SECOND - 1)
    scene.case(
        "a schedule that waits takes effect with the start",
        "a schedule waits, the block before the start",
        (),
        tells=("epoch_params_activated",),
    )
    return file


def write_proposals(scene: Scene, state: str, update: MsgUpdateParams) -> None:
    """Proposals that pass, fail and are rejected."""
    scene.case(
        "a proposal passes with two of three votes; its schedule counts from the next start on",
        state,
        [propose(DEV, update)],
        [vote(ANN, 1), vote(BEN, 1), vote(DEV, 1), vote(CAT, 2)],
        [],
        [],
        [vote(CAT, 1)],
        (),
        reasons=["", "", "", "ErrVoteNotAccepted", "ErrProposalNotFound", "ErrVoteNotAccepted"],
        tells=("proposal_closed", "params_updated", "epoch_params_activated"),
    )
    scene.case(
        "no quorum: the deposit is burnt",
        state,
        [propose(DEV, update)],
        *empty(3),
        tells=("proposal_closed", "burn"),
    )
    scene.case(
        "a vote may be changed: rejected",
        state,
        [propose(DEV, update)],
        [vote(ANN, 1), vote(BEN, 1)],
        [vote(ANN, 1, VoteOption.NO), vote(BEN, 1, VoteOption.NO)],
        (),
        tells=("proposal_closed",),
    )
    scene.case(
        "what passes and is refused when carried out changes nothing",
        state,
        [propose(DEV, MsgUpdateParams(GOV.address, without_room()))],
        [vote(ANN, 1), vote(BEN, 1)],
        *empty(2),
        tells=("proposal_closed",),
    )
    scene.case(
        "a message of somebody else cannot be proposed",
        state,
        [propose(DEV, replace(update, authority=DEV.address))],
        reasons=["ErrProposalNotAccepted"],
    )


def without_room() -> Params:
    """Stages that take the whole epoch."""
    return replace(SHORT, epoch=replace(SHORT.epoch, epoch_length=6))


def propose(who: Signer, *messages: object) -> tuple[Signer, object]:
    """A proposal."""
    packed = tuple(Any(type_url(type(message)), encode(message)) for message in messages)
    return who, MsgSubmitProposal(who.address, "Change it", "because", packed)


def vote(who: Signer, number: int, option: VoteOption = VoteOption.YES) -> tuple[Signer, object]:
    """A vote on a proposal."""
    return who, MsgVote(who.address, number, option)


def write_jailed() -> File:
    """A formation with an INVALID and a jailed participant, and one with all of them."""
    file = File("excluded", "Who was jailed, or is INVALID, is not seated and gets no reward.")
    scene = open_epoch(file)
    now = scene.chain.header.time_ns
    paid = name_request(ANN, now, "why?")
    scene.live(ask(ANN, BEN, now, "why?"), answer(ANN, BEN, now, "why?", 16), ask(ANN, CAT, now, "lost?"))
    scene.live(check(ANN, paid, 0))
    scene.live(check(CAT, paid, 0, vote=True))
    live_until_votes(scene)
    scene.case(
        "Ben, found wrong, and Cat, down and jailed in this very block, are left out; Ann is alone",
        "everybody has mined again",
        (),
        tells=("participant_excluded", "participant_jailed", "epoch_formed"),
    )
    return file


def live_until_votes(scene: Scene) -> None:
    """The second proof of compute up to the block before its formation."""
    scene.run_to(SECOND)
    who = (ANN, CAT)
    scene.live(*(commit(one, 2) for one in who), *(mine(one, "n1", 6, SECOND) for one in who))
    scene.run_to(SECOND + END - START - 2)
    scene.live(*(judge(one, other, SECOND) for one in who for other in who))
