"""Golden blocks about inferences: start and finish, expiry, validation and votes."""

from chain.bank.types import MsgSend
from chain.collateral.types import MsgDepositCollateral
from chain.records import replace
from chain.validation.types import MsgInvalidateInference, MsgRevalidateInference
from tests.chain.blocks.deeds import answer, ask, check, coin, live_an_epoch, name_request, set_up
from tests.chain.blocks.scene import ANN, BEN, CAT, DEV, GOV, OWNED, SHORT, File, Scene, build_genesis, empty

HOSTS = (ANN, BEN, CAT)


def open_epoch(file: File, scene: Scene | None = None) -> Scene:
    """The first epoch has just taken effect; Ann, Ben and Cat serve gemma with a weight of 4 each."""
    scene = scene or Scene(file)
    set_up(scene)
    live_an_epoch(scene, 1, *((who, "n1", 4) for who in HOSTS))
    return scene


def write_inferences() -> File:
    """Start and finish in either order, and neither."""
    file = File(
        "inferences",
        "Inferences: start and finish in either order, escrow, refund, expiry, refusals. Dev pays.",
    )
    scene, state = open_epoch(file), "the first epoch is in effect"
    now = scene.chain.header.time_ns
    start, finish = ask(ANN, BEN, now, "why?"), answer(ANN, BEN, now, "why?")
    scene.case(
        "start, then finish: the rest of the escrow goes back",
        state,
        [start],
        [finish],
        tells=("inference_finished",),
    )
    scene.case(
        "finish, then start: only the cost is taken", state, [finish], [start], tells=("inference_finished",)
    )
    scene.case("both in one block", state, [start, finish], tells=("inference_finished",))
    scene.case(
        "more tokens than asked for: the escrow is all there is",
        state,
        [start, answer(ANN, BEN, now, "why?", 500)],
    )
    scene.case(
        "nobody answers: refunded after three blocks, a missed request; a late answer is refused",
        state,
        [start],
        *empty(3),
        [finish],
        reasons=["", "ErrInferenceExpired"],
        tells=("inference_expired",),
    )
    scene.case(
        "an answer in the last block is in time",
        state,
        [start],
        *empty(2),
        [finish],
        tells=("inference_finished",),
    )
    write_refused(scene, state)
    write_prices(file)
    return file


def write_refused(scene: Scene, state: str) -> None:
    """What is refused of starts and finishes."""
    now = scene.chain.header.time_ns
    start, finish = ask(ANN, BEN, now, "why?"), answer(ANN, BEN, now, "why?")
    scene.case(
        "twice the start, twice the finish, another executor than the one that was named",
        state,
        [start, ask(ANN, BEN, now, "why?"), answer(ANN, CAT, now, "why?"), finish, finish],
        reasons=["", "ErrInferenceIdExists", "ErrWrongExecutor", "", "ErrInferenceIdExists"],
    )
    scene.case(
        "refused starts: signed by somebody else, too old, not in the group, another model, a wrong hash",
        state,
        [
            (ANN, replace(start[1], transfer_signature=name_request(ANN, now, "why?"))),
            ask(ANN, BEN, now - 7 * 10**9, "why?"),
            ask(ANN, DEV, now, "why?"),
            (ANN, replace(start[1], model="qwen")),
            (ANN, replace(start[1], prompt_hash="00")),
        ],
        reasons=[
            "ErrInvalidSignature",
            "ErrTimestampOutsideWindow",
            "ErrExecutorNotInGroup",
            "ErrEpochGroupDataNotFound",
            "ErrInvalidRecord",
        ],
    )
    scene.case(
        "Dev has too little for the escrow",
        state,
        [(DEV, MsgSend(DEV.address, GOV.address, (coin(OWNED - 100),)))],
        [start],
        reasons=["", "ErrRequesterCannotPay"],
    )


def write_prices(file: File) -> None:
    """Prices follow demand, block by block."""
    moving = replace(
        SHORT,
        inference=replace(SHORT.inference, base_per_token_price=100),
        pricing=replace(SHORT.pricing, utilization_window_blocks=2, utilization_window_duration=1),
    )
    scene = open_epoch(file, Scene(file, build_genesis(moving)))
    now = scene.chain.header.time_ns
    pairs = [[ask(ANN, BEN, now, f"{at}?"), answer(ANN, BEN, now, f"{at}?", 20)] for at in range(4)]
    scene.case(
        "the price of a token rises with tokens in the window, and falls without",
        "prices move",
        *pairs,
        *empty(3),
        [ask(ANN, BEN, now + 5 * 10**9, "later?"), answer(ANN, BEN, now + 5 * 10**9, "later?", 20)],
    )


def write_validations() -> File:
    """Re-executions and what follows."""
    file = File(
        "validations",
        "Validations: passed and shared, failed and voted on, decided by the authority; INVALID and slashed.",
    )
    scene = open_epoch(file)
    now, state = scene.chain.header.time_ns, "one answer of Ben's, deposits of Ann and Ben"
    scene.live(ask(ANN, BEN, now, "why?"), answer(ANN, BEN, now, "why?", 16))
    scene.live(*((who, MsgDepositCollateral(who.address, coin(1001))) for who in (ANN, BEN)))
    paid = name_request(ANN, now, "why?")
    scene.case(
        "one that passes: the work is shared, the status judged",
        state,
        [check(ANN, paid)],
        [check(CAT, paid)],
        tells=("inference_validation",),
    )
    scene.case(
        "own, twice, by a stranger, not a fraction, a vote where none is open, of nothing",
        state,
        [
            check(BEN, paid),
            check(ANN, paid),
            check(ANN, paid),
            check(DEV, paid),
            check(CAT, paid, 101),
            check(CAT, paid, vote=True),
            check(CAT, "nothing"),
        ],
        reasons=[
            "ErrParticipantCannotValidateOwnInference",
            "",
            "ErrAlreadyValidated",
            "ErrValidatorNotInGroup",
            "ErrInvalidValidationValue",
            "ErrInferenceNotVoting",
            "ErrInferenceNotFound",
        ],
    )
    write_decisions(scene, state, paid)
    return file


def write_decisions(scene: Scene, state: str, paid: str) -> None:
    """Votes, and decisions of the authority."""
    scene.case(
        "at the threshold is not above it: a vote opens, the second vote decides: refunded, INVALID, slashed",
        state,
        [check(ANN, paid, 90)],
        [check(CAT, paid, 0, vote=True)],
        tells=(
            "inference_vote_opened",
            "inference_invalidated",
            "participant_status_changed",
            "collateral_slashed",
        ),
    )
    scene.case(
        "a vote that nobody joins ends in favour",
        state,
        [check(ANN, paid, 10)],
        *empty(3),
        tells=("inference_upheld",),
    )
    scene.case(
        "the authority decides that it was wrong, and again; then it cannot stand any more",
        state,
        [(GOV, MsgInvalidateInference(GOV.address, paid))],
        [
            (GOV, MsgInvalidateInference(GOV.address, paid)),
            (GOV, MsgRevalidateInference(GOV.address, paid)),
            (ANN, MsgInvalidateInference(ANN.address, paid)),
        ],
        reasons=["", "", "ErrInferenceAlreadyInvalidated", "ErrInvalidSigner"],
        tells=("inference_invalidated",),
    )
    scene.case(
        "the authority ends a vote in favour",
        state,
        [check(ANN, paid, 10)],
        [(GOV, MsgRevalidateInference(GOV.address, paid))],
        tells=("inference_upheld",),
    )
    scene.case(
        "found wrong after the pay was shared: everyone gives its part back",
        state,
        [check(ANN, paid), check(CAT, paid)],
        [(GOV, MsgInvalidateInference(GOV.address, paid))],
    )
