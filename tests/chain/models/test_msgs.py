"""The registry's messages."""

import pytest

from chain.errors import (
    ErrAmbiguousAlternative,
    ErrCircularAlternative,
    ErrInvalidRecord,
    ErrInvalidSigner,
    ErrInvalidValidationThreshold,
    ErrNotFound,
    Refusal,
)
from chain.fixed import Decimal
from chain.models import msgs
from chain.models.types import MsgRetireModel
from tests.chain.world import AUTHORITY, World


@pytest.fixture
def world() -> World:
    world = World("alice")
    world.begin(1)
    return world


def alternatives(world: World, model_id: str) -> tuple[str, ...]:
    return world.keepers.models.get_model_alternatives(world.context(), model_id)


def resolve(world: World, identifier: str) -> str | None:
    return world.keepers.models.resolve_model_id(world.context(), identifier)


def retire(world: World, model_id: str, signer: str = AUTHORITY.address) -> None:
    world.deliver(MsgRetireModel(signer, model_id))


class TestRegistering:
    """Only the authority registers; registering again replaces."""

    def test_the_record_is_the_registry(self, world: World) -> None:
        world.register_model("A", "x", "y", "x", v_ram=7)
        model = world.keepers.models.get_model(world.context(), "A")
        assert model is not None
        assert (model.v_ram, model.alternative_models) == (7, ("x", "y"))
        assert [event.type for event in world.delivered] == ["model_registered"]

    def test_registering_again_replaces_the_alternatives(self, world: World) -> None:
        world.register_model("A", "x")
        world.register_model("A", "y")
        assert (resolve(world, "x"), resolve(world, "y")) == (None, "A")

    def test_a_model_under_an_alternatives_name_takes_it_over_and_says_so(self, world: World) -> None:
        world.register_model("A", "x")
        world.register_model("x")
        assert [event.type for event in world.delivered] == ["model_taken_over", "model_registered"]
        assert resolve(world, "x") == "x"

    @pytest.mark.parametrize(
        ("model_id", "listed", "fields", "error"),
        [
            ("B", (), {"authority": "mesh1somebody"}, ErrInvalidSigner),
            ("", (), {}, ErrInvalidRecord),
            (" B", (), {}, ErrInvalidRecord),
            ("B\0", (), {}, ErrInvalidRecord),
            ("B" * 257, (), {}, ErrInvalidRecord),
            ("B", ("",), {}, ErrInvalidRecord),
            ("B", (" ",), {}, ErrInvalidRecord),
            ("B", tuple(str(at) for at in range(257)), {}, ErrInvalidRecord),
            ("B", (), {"units_of_compute_per_token": 0}, ErrInvalidRecord),
            ("B", (), {"validation_threshold": Decimal(11, -1)}, ErrInvalidValidationThreshold),
            ("B", (), {"validation_threshold": Decimal(-1, -1)}, ErrInvalidValidationThreshold),
            ("B", (), {"validation_threshold": Decimal(1, 1)}, ErrInvalidValidationThreshold),
            ("B", ("B",), {}, ErrCircularAlternative),
            ("x", ("A",), {}, ErrCircularAlternative),
            ("B", ("x",), {}, ErrAmbiguousAlternative),
        ],
    )
    def test_refusals_change_nothing(
        self, world: World, model_id: str, listed: tuple[str, ...], fields: dict, error: type[Refusal]
    ) -> None:
        world.register_model("A", "x")
        before = world.digest()
        with pytest.raises(error):
            world.register_model(model_id, *listed, **fields)
        assert world.digest() == before


class TestRetiring:
    """A retiring model hands its alternatives to the models that list it."""

    def test_what_stood_for_it_stands_for_its_heir(self, world: World) -> None:
        world.register_model("old", "x", "y")
        world.register_model("new", "old")
        retire(world, "old")
        assert alternatives(world, "new") == ("old", "x", "y")
        assert [resolve(world, name) for name in ("old", "x", "y")] == ["new"] * 3

    def test_without_an_heir_its_alternatives_go_with_it(self, world: World) -> None:
        world.register_model("old", "x")
        retire(world, "old")
        assert resolve(world, "x") is None

    def test_an_unknown_model_cannot_retire(self, world: World) -> None:
        with pytest.raises(ErrNotFound):
            retire(world, "nothing")

    def test_only_the_authority_retires(self, world: World) -> None:
        world.register_model("old")
        with pytest.raises(ErrInvalidSigner):
            retire(world, "old", world.address("alice"))
        assert resolve(world, "old") == "old"


def test_there_are_a_thousand_models_at_most_and_known_ones_can_still_be_replaced(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert msgs.MODELS_MAX == 1_000
    monkeypatch.setattr(msgs, "MODELS_MAX", 2)
    for name in ("one", "two", "one"):
        world.register_model(name)
    with pytest.raises(ErrInvalidRecord, match="there are 2 models already"):
        world.register_model("three")
    retire(world, "two")
    world.register_model("three")
