"""Golden blocks about transactions and heads of blocks."""

from chain.bank.types import MsgSend
from chain.collateral.types import MsgDepositCollateral
from chain.models.types import MsgRetireModel
from tests.chain.blocks.deeds import coin, register
from tests.chain.blocks.scene import ANN, BEN, GOV, File, Scene
from tests.chain.kit import GENESIS_TIME_NS, build_tx

FEE = (coin(7),)
LATER_NS = GENESIS_TIME_NS + 60 * 10**9


def send(amount: int, denom: str = "umesh") -> MsgSend:
    """Coins from Ann to Ben."""
    return MsgSend(ANN.address, BEN.address, (coin(amount, denom),))


def write_transactions() -> File:
    """What a transaction leaves behind."""
    file = File(
        "transactions", "What transactions leave behind: done, refused by a message, refused by the ante."
    )
    scene, state = Scene(file), "accounts with coins"
    tx = scene.chain.sign(ANN, send(5))
    scene.case("an empty block", state, ())
    scene.case("a transfer", state, [(ANN, send(5), {"fee": FEE})], tells=("transfer",))
    scene.case(
        "the same transaction twice in a block, and again in the next",
        state,
        [tx, tx],
        [tx],
        reasons=["", "ErrWrongSequence", "ErrWrongSequence"],
    )
    scene.case(
        "a refused message keeps the fee and the sequence; the next transaction goes on from there",
        state,
        [(ANN, send(10**9), {"fee": FEE}), (ANN, send(1))],
        reasons=["ErrInsufficientFunds", ""],
    )
    scene.case(
        "of two messages the second is refused: nothing of the first is left",
        state,
        [(ANN, send(1), MsgDepositCollateral(ANN.address, coin(10**9)), {"fee": FEE})],
        reasons=["ErrInsufficientFunds"],
    )
    scene.case(
        "gas for the ante alone: out of gas in the message, the fee is kept",
        state,
        [(ANN, send(1), {"fee": FEE, "gas_limit": 8000})],
        reasons=["ErrOutOfGas"],
    )
    scene.case(
        "gas for not even the ante: nothing is kept",
        state,
        [(ANN, send(1), {"fee": FEE, "gas_limit": 100})],
        reasons=["ErrOutOfGas"],
    )
    scene.case(
        "refused by the ante: another chain, a sequence ahead, a fee that is not there, a memo too long",
        state,
        [
            build_tx([(ANN, scene.chain.account(ANN).account_number, 0)], send(1), chain_id="another"),
            (ANN, send(1), {"ahead": 1, "uncounted": True}),
            (ANN, send(1), {"fee": (coin(10**9),), "uncounted": True}),
            (ANN, send(1), {"memo": "m" * 300, "uncounted": True}),
        ],
        reasons=["ErrUnauthorized", "ErrWrongSequence", "ErrInsufficientFunds", "ErrMemoTooLarge"],
    )
    unordered = scene.chain.sign(ANN, send(3), unordered=True, timeout_ns=LATER_NS)
    scene.case(
        "an unordered transaction once, and not twice",
        state,
        [unordered, unordered],
        [unordered],
        reasons=["", "ErrTxTimeout", "ErrTxTimeout"],
    )
    scene.case("bytes that are no transaction", state, [b"\x01\x02\x03"], reasons=["ErrTxDecode"])
    scene.case(
        "a message of the authority's by somebody else",
        state,
        [register("gemma", by=ANN)],
        reasons=["ErrInvalidSigner"],
    )
    write_heads(scene, state)
    return file


def write_heads(scene: Scene, state: str) -> None:
    """Heads that do not follow."""
    scene.case("a height too many cannot be executed", state, (), height=2)
    scene.case("a block time that goes back cannot be executed", state, (), time_ns=GENESIS_TIME_NS - 1)
    scene.case("a block of another chain cannot be executed", state, (), chain_id="another")
    scene.case("a block on another state cannot be executed", state, (), app_hash="00" * 32)
    scene.case("the same block time as before is good", state, (), time_ns=GENESIS_TIME_NS)


def write_registry() -> File:
    """Models and their alternatives."""
    file = File(
        "models", "Models: registered, replaced, retired; alternatives that resolve, clash and are handed on."
    )
    scene, state = Scene(file), "gemma with an alternative, and phi"
    scene.live(register("gemma", "gemma-q4"), register("phi"))
    scene.case("a new model", state, [register("llama", "llama-q4")], tells=("model_registered",))
    scene.case(
        "an alternative that is the model itself, one that leads back, and one that is another's already",
        state,
        [register("qwen", "qwen"), register("gemma-q4", "gemma"), register("phi", "gemma-q4")],
        reasons=["ErrCircularAlternative", "ErrCircularAlternative", "ErrAmbiguousAlternative"],
    )
    scene.case(
        "a model takes over a name that was an alternative",
        state,
        [register("gemma-q4")],
        tells=("model_taken_over",),
    )
    scene.case(
        "what is retired hands its alternatives on",
        state,
        [register("phi", "gemma")],
        [retire("gemma")],
        tells=("model_retired",),
    )
    scene.case("what is not there cannot be retired", state, [retire("llama")], reasons=["ErrNotFound"])
    return file


def retire(model: str) -> tuple[object, object]:
    """The end of a model."""
    return GOV, MsgRetireModel(GOV.address, model)
