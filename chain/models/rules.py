"""What an identifier stands for.

The registry is a directed graph: every identifier x in the alternatives of a registered model M is an edge
x → M. Edges end in registered models only. A registered identifier stands for itself; any other follows its
edge:

- `nearest`: one step, to the model that lists it; the smallest identifier when several do (only an imported
  state can hold such a thing).
- `terminal`: from there on to the end of the chain.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chain.fixed import ONE, PRECISION, Decimal, from_decimal
from chain.models.types import Model

NEAREST = "nearest"
TERMINAL = "terminal"
RESOLUTIONS = (NEAREST, TERMINAL)
"""Values of the parameter alternative_resolution."""


@dataclass(frozen=True, slots=True)
class RegistryResolver:
    """A resolver over one registry; built once for whatever must see one truth, a formation for example."""

    models: Mapping[str, Model]
    owners: Mapping[str, str]
    """Alternative to the smallest model that lists it."""
    resolution: str = NEAREST

    def resolve(self, identifier: str) -> str | None:
        """The governance model that an identifier stands for, or None."""
        if identifier in self.models:
            return identifier
        owner = self.owners.get(identifier)
        if owner is None or self.resolution != TERMINAL:
            return owner
        return self._follow(owner)

    def list_valid(self) -> tuple[str, ...]:
        """Identifiers of all governance models, sorted."""
        return tuple(sorted(self.models))

    def _follow(self, model_id: str) -> str:
        """The end of the chain of owners. A chain that bites its tail ends at its smallest model."""
        visited = [model_id]
        while (owner := self.owners.get(visited[-1])) is not None:
            if owner in visited:
                return min(visited[visited.index(owner) :])
            visited.append(owner)
        return visited[-1]


def build_resolver(models: Iterable[Model], resolution: str = NEAREST) -> RegistryResolver:
    """A resolver over these models, in whatever order they come."""
    by_id = {model.id: model for model in sorted(models, key=lambda model: model.id)}
    owners: dict[str, str] = {}
    for model_id, model in by_id.items():
        for alternative in model.alternative_models:
            owners.setdefault(alternative, model_id)
    return RegistryResolver(by_id, owners, resolution)


def compute_reachable(models: Iterable[Model], identifier: str) -> tuple[str, ...]:
    """Every governance model that can be reached from an identifier, itself too when governed; sorted."""
    listed = sorted(models, key=lambda model: model.id)
    found = {model.id: None for model in listed if model.id == identifier}
    frontier = [identifier]
    while frontier:
        step = frontier.pop()
        owners = [model.id for model in listed if step in model.alternative_models and model.id not in found]
        found.update(dict.fromkeys(owners))
        frontier.extend(owners)
    return tuple(sorted(found))


def collapse_alternatives(alternatives: Iterable[str]) -> tuple[str, ...]:
    """The alternatives in the order given, each once."""
    return tuple(dict.fromkeys(alternatives))


def find_cycle(models: Iterable[Model], model_id: str, alternatives: tuple[str, ...]) -> str | None:
    """The first of `alternatives` from which `model_id` can be reached once it lists them, or None.

    The list replaces whatever the model listed before. Its own identifier counts as a cycle of length one.
    """
    others = [model for model in models if model.id != model_id]
    reached = (*compute_reachable(others, model_id), model_id)
    return next((alternative for alternative in alternatives if alternative in reached), None)


def find_other_owner(models: Iterable[Model], model_id: str, alternative: str) -> str | None:
    """The smallest model other than `model_id` that lists the alternative, or None."""
    others = (model for model in models if model.id != model_id)
    return min((model.id for model in others if alternative in model.alternative_models), default=None)


def hand_on_alternatives(heir: Model, retired: Model) -> tuple[str, ...]:
    """Alternatives of a model that lists a retiring one: its own, then those of the retiring one.

    The retiring identifier stays listed, so whatever stood for it stands for the heir from now on.
    """
    handed = (*heir.alternative_models, *retired.alternative_models)
    return collapse_alternatives(alternative for alternative in handed if alternative != heir.id)


def is_fraction(number: Decimal) -> bool:
    """Whether a decimal lies between 0 and 1, both included."""
    return abs(number.exponent) <= PRECISION and 0 <= from_decimal(number) <= ONE
