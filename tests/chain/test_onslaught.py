"""Inputs gone wrong: nothing but a refusal with a stable number, and never a write.

The bounded run is part of every test run. `MESHKEEPER_FUZZ_INPUTS=1000000` makes it so many inputs, and
`MESHKEEPER_FUZZ_SEED` chooses others.
"""

import os
import time

from tests.chain.everyday import begin, live, send
from tests.chain.mutations import Mutator, collect_pieces
from tests.chain.onslaught import Onslaught, Tally, build_requests

INPUTS = int(os.environ.get("MESHKEEPER_FUZZ_INPUTS", "4000"))
SEED = os.environ.get("MESHKEEPER_FUZZ_SEED", "1")
SLOWEST_S = 2.0
"""Most processor time of one input in all of its ways through the machine; a guard, not a measurement."""


def test_mutated_transactions_and_queries_are_refused_with_a_stable_number_and_write_nothing() -> None:
    steps = []
    chain = begin()
    for step in live(chain):
        steps.append(step)
        send(chain, step)
    corpus = [chain.sign(*step) for step in steps]
    chain, tally, pieces, began = begin(), Tally(), collect_pieces(corpus), time.monotonic()
    each = max(1, INPUTS // (2 * len(steps)))
    for at, step in enumerate(live(chain)):
        attack = Onslaught(chain, Mutator(f"{SEED}/{at}", corpus, pieces), tally)
        attack.attack_with_transactions([step, step, step, *steps], each)
        attack.attack_with_queries(list(build_requests(chain.app)), each)
        send(chain, step)
    rate = tally.inputs / (time.monotonic() - began)
    print(f"{tally.inputs} inputs, {rate:.0f}/s, slowest {tally.slowest_s:.3f} s ({tally.slowest})")
    print(dict(sorted(tally.reasons.items(), key=lambda pair: -pair[1])))
    assert tally.slowest_s < SLOWEST_S, tally.slowest
    assert tally.reasons[""] > tally.inputs // 100, "some get through, or nothing was tried in depth"
    assert len(tally.reasons) > 25, "many reasons, or nothing was tried in depth"
