"""The scheduler under random events: what holds after each of them.

Workers, clients, files, devices and time do what they like (`storm.py`); `world.py` judges. After every
event: on every device the reservations and the margin fit into the budget; nobody was answered twice or lost;
nobody waits past the time allowed; no model has two workers; nobody is evicted in vain; the threads of those
who work are within the cores; every refusal is for a true reason. And when everybody does what he should,
everything that was asked for is answered.
"""

import os
from random import Random

import pytest

from tests.mlnode.storm import Storm, make_world

EVENTS = int(os.environ.get("MESHKEEPER_SCHEDULER_EVENTS", "100000"))
SEED = int(os.environ.get("MESHKEEPER_SCHEDULER_SEED", "1"))
EVENTS_PER_WORLD = 600


def test_what_must_hold_holds_through_random_histories() -> None:
    told, seed = 0, SEED
    while told < EVENTS:
        random = Random(seed)
        world = make_world(random)
        storm = Storm(world, random)
        try:
            storm.go_on(min(EVENTS_PER_WORLD, EVENTS - told))
            end(storm)
        except Exception:
            print(f"MESHKEEPER_SCHEDULER_SEED={seed}, {world.limits}", *storm.story[-60:], sep="\n")
            raise
        told += world.told
        seed += 1


def end(storm: Storm) -> None:
    """The node is told to end, and everybody goes in time."""
    world = storm.world
    world.drain(storm.random.choice([0, 2_000]))
    for _ in range(5):
        storm.worker_crashes()
        storm.worker_answers()
        storm.clients_ask()
        storm.time_passes()
    world.settle()
    for _ in range(3):
        world.cooperate()
    assert world.scheduler.is_over


@pytest.mark.skipif(EVENTS < 6000, reason="a few events show nothing of all that can happen")
def test_the_random_histories_show_everything_that_matters() -> None:
    """A storm in which nothing is refused or evicted would judge nothing."""
    refused: dict[str, int] = {}
    evictions = loads = answers = 0
    for seed in range(SEED, SEED + 10):
        random = Random(seed)
        storm = Storm(make_world(random), random)
        storm.go_on(400)
        for reason, count in storm.world.refusals.items():
            refused[reason] = refused.get(reason, 0) + count
        evictions += storm.world.scheduler.residents.evictions_total
        loads += storm.world.scheduler.residents.loads_total
        answers += storm.world.answers
    assert min(evictions, loads, answers) > 10
    expected = {
        "QUEUE_FULL",
        "MODEL_TOO_LARGE",
        "MODEL_BROKEN",
        "NODE_NOT_SERVING",
        "WAIT_EXPIRED",
        "WORKER_LOST",
    }
    assert expected <= set(refused)
