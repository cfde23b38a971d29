"""Names and numbers of refusals: those of the field, each once, and none that nothing utters."""

import ast
from pathlib import Path

import pytest

from chain import envelope_errors, errors
from chain.errors import Refusal

CHAIN = Path(errors.__file__).parent
FIELD = """
1100 ErrInvalidSigner, 1101 ErrInferenceIdExists, 1102 ErrInferenceNotFound, 1103
ErrParticipantNotFound, 1104 ErrInferenceNotFinished, 1105 ErrParticipantCannotValidateOwnInference,
1106 ErrRequesterCannotPay, 1107 ErrPocWrongStartBlockHeight, 1108 ErrPocTooLate, 1109
ErrPocNonceNotAccepted, 1110 ErrAccountAlreadyExists, 1111 ErrInferenceAlreadyInvalidated, 1112
ErrCurrentEpochGroupNotFound, 1113 ErrPocAddressInvalid, 1114 ErrNegativeCoinBalance, 1115
ErrNegativeRefundBalance, 1116 ErrClaimSignatureInvalid, 1117 ErrValidationsMissed, 1119
ErrCannotMintNegativeCoins, 1125 ErrInferenceHasInvalidModel, 1126 ErrEpochGroupDataNotFound, 1127
ErrEffectiveEpochNotFound, 1128 ErrUpcomingEpochNotFound, 1129 ErrPreviousEpochNotFound, 1131
ErrEpochGroupDataAlreadyExists, 1132 ErrInvalidSignature, 1133 ErrInferenceExpired, 1134
ErrInvalidModel, 1135 ErrModelSnapshotNotFound, 1136 ErrEpochNotFound, 1137 ErrIllegalState, 1138
ErrInvalidValidationThreshold, 1139 ErrNodeNotInEpoch, 1140 ErrNodeDisabled, 1141 ErrPocNodeIdEmpty,
1142 ErrCircularAlternative, 1143 ErrAmbiguousAlternative
"""
COLLATERAL = "1100 ErrNoCollateralFound, 1101 ErrInsufficientCollateral, 1102 ErrInvalidDenom"
NAMED_ONLY = {"ErrNegativeCoinBalance"}
"""An entry of a settlement has it as its reason; no message is refused with it."""


def all_refusals() -> dict[str, type[Refusal]]:
    found: dict[str, type[Refusal]] = {}
    for module in (errors, envelope_errors):
        for name, value in vars(module).items():
            if isinstance(value, type) and issubclass(value, Refusal) and name.startswith("Err"):
                found[name] = value
    return found


@pytest.mark.parametrize(("codespace", "listed"), [("inference", FIELD), ("collateral", COLLATERAL)])
def test_the_numbers_are_the_field_s(codespace: str, listed: str) -> None:
    for entry in listed.replace("\n", " ").split(","):
        code, name = entry.split()
        assert (all_refusals()[name].code, all_refusals()[name].codespace) == (int(code), codespace)


def test_no_number_is_given_twice() -> None:
    numbers = [(error.codespace, error.code) for error in all_refusals().values()]
    assert len(numbers) > 60
    assert sorted(numbers) == sorted(set(numbers))


def test_every_refusal_is_uttered_somewhere() -> None:
    raised = set()
    for path in CHAIN.rglob("*.py"):
        if path.name.endswith("_pb2.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                raised.add(node.func.id)
    own = {name for name, error in all_refusals().items() if error.codespace != "sdk"}
    assert sorted(own - raised) == sorted(NAMED_ONLY)
