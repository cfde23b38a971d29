"""The worlds in which histories begin, and the one in which everything is under way: the first epoch is in
effect, with machines, seeds and deposits.
"""

from random import Random

from chain.bank.types import Coin
from chain.collateral.types import MsgDepositCollateral
from chain.genesis import GenesisState
from tests.chain.wild import drafts
from tests.chain.wild.glance import glance
from tests.chain.wild.people import HOSTS
from tests.chain.wild.run import WORLDS, Run
from tests.chain.wild.story import Sent

DEPOSIT = 1_000


def build_running() -> GenesisState:
    """The settled world after its first proof of compute, in which everybody took part."""
    run, chance = Run("settled"), Random(0)
    boundaries = {"mine": 9, "vote": 15, "effective": 20}
    run.advance(boundaries["mine"] - 1)
    seen = glance(run)
    sent = [Sent((who,), (drafts.draft_seed(seen, chance, who),)) for who in HOSTS]
    for who in HOSTS:
        for node_id in seen.machines[who]:
            sent.append(Sent((who,), (drafts.mine(seen, who, node_id, "a", chance.randrange(9), 10),)))
        sent.append(Sent((who,), (MsgDepositCollateral(drafts.address(who), Coin("umesh", str(DEPOSIT))),)))
    run.make_block(tuple(sent))
    run.advance(boundaries["vote"] - 1)
    seen = glance(run)
    run.make_block(tuple(Sent((a,), (drafts.vote_on(seen, a, b, False),)) for a in HOSTS for b in HOSTS))
    run.advance(boundaries["effective"])
    assert not run.faults and len(glance(run).members) == len(HOSTS), run.faults
    return run.app.export()


WORLDS["running"] = build_running
DRAWN = (*("running",) * 3, "settled", "strict", "bare")
"""In which world a history begins, as often as it stands here."""
