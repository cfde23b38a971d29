"""All parameters of the machine, gathered."""

from dataclasses import dataclass

from chain.auth.types import AuthParams
from chain.collateral.types import CollateralParams
from chain.epochs.types import EpochParams
from chain.inference.types import InferenceParams
from chain.models.types import ModelParams
from chain.poc.types import PocParams


@dataclass(frozen=True, slots=True)
class Params:
    """All parameters."""

    epoch: EpochParams = EpochParams()
    """Epochs."""
    poc: PocParams = PocParams()
    """Proof of compute."""
    inference: InferenceParams = InferenceParams()
    """Inference."""
    collateral: CollateralParams = CollateralParams()
    """Collateral."""
    models: ModelParams = ModelParams()
    """Models."""
    auth: AuthParams = AuthParams()
    """Transactions."""


@dataclass(frozen=True, slots=True)
class MsgUpdateParams:
    """Replaces all parameters."""

    authority: str = ""
    """The governance account, bech32. Signs."""
    params: Params = Params()
    """The new parameters, all of them."""


@dataclass(frozen=True, slots=True)
class MsgUpdateParamsResponse:
    """Answers MsgUpdateParams."""
