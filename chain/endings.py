"""What the machine does at the end of every block, in this order. The order is the law."""

from chain.enactment import Enactment
from chain.machine import Keepers
from chain.waking import Ending


def build_endings(keepers: Keepers, enactment: Enactment) -> tuple[Ending, ...]:
    """Everything that ends a block: expiry before the stages, so that a request that expires with the last
    block of an epoch's settlement still counts for that epoch.
    """
    return (
        Ending(keepers.accounts.process_expired_nonces, keepers.accounts.find_wakeup),
        Ending(keepers.inferences.process_expiry, keepers.inferences.find_wakeup),
        Ending(keepers.votes.process_deadlines, keepers.votes.find_wakeup),
        Ending(enactment.process_voting_ends, keepers.proposals.find_wakeup),
        # end of validation, switch, start of mining
        Ending(keepers.stages.process_epoch_stages, keepers.stages.find_wakeup),
    )
