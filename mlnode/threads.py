"""How the machine's cores are shared between the workers that have work.

Threads of llama.cpp wait for each other by spinning: more of them than cores make all of them slow. So the
sum over the workers with work never exceeds the cores (but each has one), and who works alone has all that
it wants.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from mlnode.actions import Action, LeaseThreads, SpawnWorker
from mlnode.instance import Instance, InstanceState
from mlnode.node import Node


def lease_threads(wanted: Mapping[int, int], cores: int) -> dict[int, int]:
    """Threads for each worker that has work, given how many it wants.

    One for each; then the rest goes round, to those that want more, the earlier worker first. Nobody gets
    more than he wants, and nothing is kept back while somebody wants it."""
    leased = dict.fromkeys(sorted(wanted), 1)
    spare = cores - len(leased)
    hungry = [worker for worker in leased if wanted[worker] > 1]
    while spare > 0 and hungry:
        for worker in hungry[:spare]:
            leased[worker] += 1
        spare -= len(hungry)
        hungry = [worker for worker in hungry if wanted[worker] > leased[worker]]
    return leased


def share_cores(node: Node, actions: list[Action]) -> list[Action]:
    """The actions, and before them what they change in who works with how many threads. Whoever has no work
    keeps what he had: he uses none."""
    at_work = [instance for instance in node.residents.resident() if _works(node, instance)]
    leased = lease_threads({i.worker: i.params.n_threads for i in at_work}, node.limits.cores)
    spawned = {action.worker for action in actions if isinstance(action, SpawnWorker)}
    told = list(_tell(at_work, leased, spawned))
    return [*told, *(_with_threads(action, leased) for action in actions)]


def _tell(at_work: list[Instance], leased: Mapping[int, int], spawned: set[int]) -> Iterator[Action]:
    for instance in at_work:
        if instance.n_threads != leased[instance.worker]:
            instance.n_threads = leased[instance.worker]
            if instance.worker not in spawned:
                yield LeaseThreads(instance.worker, instance.n_threads)


def _with_threads(action: Action, leased: Mapping[int, int]) -> Action:
    if isinstance(action, SpawnWorker) and action.worker in leased:
        return replace(action, n_threads=leased[action.worker])
    return action


def _works(node: Node, instance: Instance) -> bool:
    """It computes for somebody, mines, or loads."""
    if instance.state is InstanceState.ENDING or instance.given_up:
        return False
    loading = instance.state is InstanceState.LOADING
    return loading or bool(instance.active) or instance.worker == node.mining_worker
