"""Resolution: it always ends, whatever the registry holds."""

from hypothesis import given
from hypothesis import strategies as st

from chain.models import rules
from chain.models.types import Model

NAMES = st.sampled_from("ABCDEFGH")
REGISTRIES = st.dictionaries(NAMES, st.lists(NAMES, max_size=5), max_size=8).map(
    lambda lists: [Model(id=name, alternative_models=tuple(listed)) for name, listed in lists.items()]
)


@given(REGISTRIES, NAMES, st.sampled_from(rules.RESOLUTIONS))
def test_an_identifier_stands_for_a_registered_model_or_for_none(
    models: list[Model], identifier: str, resolution: str
) -> None:
    resolved = rules.build_resolver(models, resolution).resolve(identifier)
    reachable = rules.compute_reachable(models, identifier)
    assert resolved in reachable if reachable else resolved is None


@given(REGISTRIES, NAMES, st.sampled_from(rules.RESOLUTIONS), st.randoms())
def test_the_order_of_the_registry_does_not_matter(
    models: list[Model], identifier: str, resolution: str, random: object
) -> None:
    shuffled = sorted(models, key=lambda model: random.random())  # type: ignore[attr-defined]
    first = rules.build_resolver(models, resolution).resolve(identifier)
    assert rules.build_resolver(shuffled, resolution).resolve(identifier) == first


@given(st.lists(st.tuples(NAMES, st.lists(NAMES, max_size=4)), max_size=12))
def test_what_registration_lets_in_has_no_cycle_and_one_owner(steps: list[tuple[str, list[str]]]) -> None:
    registry: dict[str, Model] = {}
    for name, listed in steps:
        collapsed = rules.collapse_alternatives(listed)
        models = list(registry.values())
        if rules.find_cycle(models, name, collapsed) is None and not any(
            rules.find_other_owner(models, name, alternative) for alternative in collapsed
        ):
            registry[name] = Model(id=name, alternative_models=collapsed)
    owners: dict[str, str] = {}
    for model in registry.values():
        for alternative in model.alternative_models:
            assert owners.setdefault(alternative, model.id) == model.id
    for start in registry:
        step, seen = start, [start]
        while step in owners:
            step = owners[step]
            assert step not in seen
            seen.append(step)
