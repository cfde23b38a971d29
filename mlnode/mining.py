"""What a node mined and its broker has not taken yet.

Nonces come from the worker in batches and leave in reports. A report stays first in line until the broker
has taken it: reports are sent at least once, and repeating one is harmless. `next_nonce`, where mining goes
on after a crash, leaves with the nonces below it, never before them.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from mlnode.mode import PocJob

REPORT_S = 2.0
"""Nothing that counts waits longer than this for its report, in the beginning."""
REPORT_PART = 10
"""Later, not longer than this part of the time mined so far. So a node that is killed loses two seconds of
work or a tenth, whichever is more, and a stage of five minutes makes 38 reports of a node and not 150: each
becomes a transaction."""


def compute_report_due_s(began_s: float, reported_s: float) -> float:
    """When to report what was found, given when mining began and last reported; seconds of one clock."""
    return reported_s + max(REPORT_S, (reported_s - began_s) / REPORT_PART)


@dataclass(frozen=True, slots=True)
class Report:
    """Nonces for the broker, with their distances in millionths."""

    nonces: tuple[int, ...]
    dist_micro: tuple[int, ...]
    next_nonce: int
    """Every nonce of the node's share below this one has been tried, and reported here or before if it
    counted."""


@dataclass(slots=True)
class Mining:
    """One job's yield."""

    job: PocJob
    next_nonce: int = 0
    found: int = 0
    delivered: int = 0
    finished: bool = False
    """Nothing more comes from the worker."""
    error: str = ""
    """Why the worker could not mine; empty as long as it can."""
    refused: str = ""
    """Why the broker wants no more of this stage; empty as long as it does."""
    taken_to: int = 0
    """`next_nonce` of the last report that the broker took."""
    _reports: deque[Report] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.next_nonce = max(self.next_nonce, self.job.first_nonce)

    def add(self, nonces: Sequence[int], dist_micro: Sequence[int], next_nonce: int) -> None:
        """A worker's batch. Empty ones only move `next_nonce` on, and are reported only with the next."""
        self.next_nonce = max(self.next_nonce, next_nonce)
        self.found += len(nonces)
        if self.refused:
            return
        size = max(1, self.job.max_batch_nonces)
        for start in range(0, len(nonces), size):
            part = tuple(nonces[start : start + size])
            whole = start + size >= len(nonces)
            resume = self.next_nonce if whole else part[-1] + 1
            self._reports.append(Report(part, tuple(dist_micro[start : start + size]), resume))

    def peek(self) -> Report | None:
        """The report to send next, small ones put together up to the job's limit."""
        while len(self._reports) > 1:
            first, second = self._reports[0], self._reports[1]
            if len(first.nonces) + len(second.nonces) > self.job.max_batch_nonces:
                break
            self._reports.popleft()
            joined = (first.nonces + second.nonces, first.dist_micro + second.dist_micro)
            self._reports[0] = Report(*joined, second.next_nonce)
        return self._reports[0] if self._reports else None

    def take(self, report: Report) -> None:
        """The broker has this report, which `peek` gave. A report that went over to another run meanwhile is
        sent once more by that one."""
        if self._reports and self._reports[0] is report:
            self._reports.popleft()
            self.delivered += len(report.nonces)
            self.taken_to = report.next_nonce

    def refuse(self, why: str) -> None:
        """The broker wants nothing more of this job: what is left has no value."""
        self.refused = why
        self._reports.clear()

    def resume(self, job: PocJob) -> "Mining":
        """The run for a new order: when it is of the same share, it goes on from where this one stands and
        takes over what is not delivered. What the broker knows decides: it may be further, and a broker that
        lost what it had taken gets everything again."""
        if job != self.job and self._is_of_no_use(job):
            return Mining(job)
        run = Mining(
            job, self.next_nonce, self.found, self.delivered, refused=self.refused, taken_to=self.taken_to
        )
        run._reports, self._reports = self._reports, deque()
        self.found = self.delivered = 0
        return run

    def _is_of_no_use(self, job: PocJob) -> bool:
        return not job.is_share_of(self.job) or bool(self.refused) or job.first_nonce < self.taken_to

    @property
    def is_over(self) -> bool:
        """Nothing to send, and nothing will come."""
        return not self._reports and (self.finished or bool(self.refused))
