"""How validations are judged: parameters, frozen into the group of every epoch that takes effect."""

from chain.fixed import Decimal
from chain.records import Record


class ValidationParams(Record, frozen=True):
    """How much is re-executed, and what a participant's record makes of its standing and reputation. An epoch
    is judged by those that were in effect when it took effect.
    """

    false_positive_rate: Decimal = Decimal()
    """Rate at which honest answers are found wrong, above 0 and at most a half, default 0.05."""
    min_ramp_up_measurements: int = 0
    """Most finished inferences of an epoch before a participant is judged, default 10."""
    min_validation_average: Decimal = Decimal()
    """Validations per inference of an executor of full reputation at full traffic, 0 to 1, default 0.01."""
    max_validation_average: Decimal = Decimal()
    """Validations per inference with little traffic, or of an executor without reputation, default 1."""
    min_validation_halfway: Decimal = Decimal()
    """Validations per inference at half of full traffic, default 0.05."""
    full_validation_traffic_cutoff: int = 0
    """Inferences of an epoch that are full traffic, default 10000."""
    min_validation_traffic_cutoff: int = 0
    """Inferences of an epoch up to which the maximum holds, default 100; less than half of full traffic."""
    epochs_to_max: int = 0
    """Epochs without misses until reputation is full, default 30."""
    miss_percentage_cutoff: Decimal = Decimal()
    """Part of misses above which an epoch costs reputation, default 0.01."""
    miss_requests_penalty: Decimal = Decimal()
    """Epochs that an epoch with as many misses as answers costs, default 1."""
    voting_period_blocks: int = 0
    """Blocks after which a vote on an inference ends, default 20."""
    pass_value: Decimal = Decimal()
    """0 to 1, default 0.99. No rule reads it: each model states its own threshold."""
