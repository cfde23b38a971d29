"""What becomes of broken transactions and requests, a line for each, on standard output: for the machines
that are to agree about them. Usage: python -m tests.chain.verdicts INPUTS SEED
"""

import sys
from hashlib import sha256

from chain.ante import Mode
from tests.chain.everyday import begin, live, send
from tests.chain.mutations import Mutator, collect_pieces
from tests.chain.onslaught import WAYS, Onslaught, Tally, build_requests


def tell(inputs: int, seed: str) -> None:
    """One transaction and one request for each input."""
    chain, steps = begin(), []
    for step in live(chain):
        steps.append(step)
        send(chain, step)
    signed = [chain.sign(*step) for step in steps]
    mutator = Mutator(f"verdicts/{seed}", signed, collect_pieces(signed))
    onslaught, requests = Onslaught(chain, mutator, Tally()), list(build_requests(chain.app))
    for _ in range(inputs):
        at, way = mutator.random.randrange(len(steps)), mutator.random.choice(WAYS)
        tx = mutator.mutate(signed[at]) if way == "bytes" else onslaught.resign(steps[at], signed[at], way)
        result = chain.app._executor.run(chain.app._next_block(), tx, Mode.DELIVER)
        path, data = mutator.random.choice(requests)
        wrong = mutator.bend_fields(data)
        answer = chain.app.query(path, wrong)
        print(result.reason, result.gas_used, sha256(result.data).hexdigest()[:16], tx[:2000].hex())
        print(answer.reason, path, sha256(answer.value).hexdigest()[:16], wrong[:2000].hex())


if __name__ == "__main__":
    tell(int(sys.argv[1]), sys.argv[2])
