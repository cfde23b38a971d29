"""From governance models to the files that our nodes have, and the arguments that they are run with."""

from collections.abc import Iterable, Mapping

from broker.facts import ModelResolution
from broker.nodes import Node, NodeConfig

Resolutions = Mapping[str, ModelResolution]


def leads_to(local_id: str, model_id: str, resolutions: Resolutions) -> bool:
    """Whether a declared id is the governance model or an alternative of it."""
    if local_id == model_id:
        return True
    known = resolutions.get(local_id)
    return known is not None and (known.model_id == model_id or model_id in known.reachable)


def choose_local_model(model_id: str, candidates: Iterable[str], resolutions: Resolutions) -> str:
    """The candidate that equals the governance model, else the first by name that leads to it, else ""."""
    fitting = sorted(local for local in candidates if leads_to(local, model_id, resolutions))
    return model_id if model_id in fitting else next(iter(fitting), "")


def choose_node_model(node: Node, model_id: str, resolutions: Resolutions) -> str:
    """The file with which a node runs a governance model, "" when it has none.

    Configured files come first; a file that the node has without being configured for it still serves, so
    that an edited configuration does not end an epoch's duty early.
    """
    files = {file.id for file in node.observed.models} if node.observed else set()
    configured = set(node.config.model_ids)
    usable = configured & files if files else configured
    chosen = choose_local_model(model_id, usable, resolutions)
    return chosen or choose_local_model(model_id, files, resolutions)


def find_unresolved(
    configs: Iterable[NodeConfig], nodes: Iterable[Node], resolutions: Resolutions
) -> set[str]:
    """Every declared or present model id that the chain has not been asked about."""
    ids = {model_id for config in configs for model_id in config.model_ids}
    for node in nodes:
        ids.update(node.config.model_ids)
        if node.observed:
            ids.update(file.id for file in node.observed.models)
    return ids - resolutions.keys()


def find_invalid(config: NodeConfig, resolutions: Resolutions) -> tuple[str, ...]:
    """The declared ids that lead to no governance model, sorted."""
    known = ((model_id, resolutions.get(model_id)) for model_id in config.model_ids)
    return tuple(model_id for model_id, found in known if found is None or not found.model_id)


def split_args(args: Iterable[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Arguments as (key, value) pairs: `--k v` and `--k=v` are the same; a stray token has the key ""."""
    pairs: list[tuple[str, tuple[str, ...]]] = []
    for token in args:
        if token.startswith("--"):
            key, equals, value = token.partition("=")
            pairs.append((key, (value,) if equals else ()))
        elif pairs and pairs[-1][0] and not pairs[-1][1]:
            pairs[-1] = (pairs[-1][0], (token,))
        else:
            pairs.append(("", (token,)))
    return pairs


def merge_args(epoch_args: Iterable[str], local_args: Iterable[str]) -> tuple[str, ...]:
    """The epoch's arguments as they are, then the local ones whose key the epoch does not set.

    Of a repeated local key the last wins; local tokens that belong to no key are dropped.
    """
    merged = split_args(epoch_args)
    taken = {key for key, _ in merged}
    local = {key: value for key, value in split_args(local_args) if key and key not in taken}
    flat: list[str] = []
    for key, value in [*merged, *local.items()]:
        flat.extend(([key] if key else []) + list(value))
    return tuple(flat)
