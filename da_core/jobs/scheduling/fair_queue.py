"""Order the waiting runs fairly between visitors, so that each run gets its turn in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from da_core.jobs.owners import OwnerDigest
from da_core.jobs.scheduling.job import Job

MOST_BEFORE_LOW_PRIORITY = 5
"""Other runs that go at most before a study's run that waits."""


@dataclass(frozen=True)
class QueueState:
    """The runs that went lately, as far as they decide which is next."""

    turn: int = 0
    """The highest turn that has come."""
    passed: int = 0
    """Runs that have gone since a study's run began to wait, or went."""
    after_high_priority: bool = False
    """Whether the last one went ahead of others."""


class FairQueue:
    """The rules by which the runs of one queue take turns.

    Each visitor's runs have turns of their own, one after the other, so that of two visitors with many runs each has
    every second one (fair queueing, Demers et al. 1989, section 2.1). An instructor's run goes ahead of all; where
    others wait, the next one is theirs. A study's run lets others go first, but never more than
    `MOST_BEFORE_LOW_PRIORITY`. So every run that waits comes to its turn, whatever else comes in.
    """

    def __init__(self, state: QueueState | None = None) -> None:
        self.state = state or QueueState()
        self._last_turn: dict[OwnerDigest, int] = {}

    def give(self, job: Job) -> None:
        """Number the run's turn: one after its visitor's last one, and none that has gone by."""
        job.turn = self._next_of(job.owners[0])
        self.note(job)

    def note(self, job: Job) -> None:
        """Note the turn of a run that comes with one, since it was written down before."""
        owner = job.owners[0]
        self._last_turn = {who: turn for who, turn in self._last_turn.items() if turn >= self.state.turn}
        self._last_turn[owner] = max(self._last_turn.get(owner, 0), job.turn)

    def share(self, job: Job, owner: OwnerDigest, *, low_priority: bool, high_priority: bool) -> None:
        """Let a run that ``owner`` joins go as soon as one of their own would."""
        job.turn = min(job.turn, self._next_of(owner))
        job.low_priority, job.high_priority = job.low_priority and low_priority, job.high_priority or high_priority

    def order(self, waiting: Sequence[Job]) -> list[Job]:
        """Put runs that wait into the order in which they go if no other comes; runs that had begun go sooner."""
        jobs = sorted(waiting, key=lambda job: (not job.has_begun, job.turn))  # stable
        low_priority = [job for job in jobs if job.low_priority]
        high_priority = [job for job in jobs if job.high_priority and not job.low_priority]
        single = [job for job in jobs if not job.high_priority and not job.low_priority]
        ordered, state = [], self.state
        while high_priority or single or low_priority:
            if low_priority and (state.passed >= MOST_BEFORE_LOW_PRIORITY or not (high_priority or single)):
                job = low_priority.pop(0)
            elif high_priority and not (state.after_high_priority and single):
                job = high_priority.pop(0)
            else:
                job = single.pop(0)
            ordered.append(job)
            state = _after(state, job, others_wait=bool(single), low_priority_waits=bool(low_priority))
        return ordered

    def went(self, job: Job, waiting: Sequence[Job]) -> None:
        """Note that a run went, and ``waiting`` are left."""
        others = any(not one.high_priority and not one.low_priority for one in waiting)
        self.state = _after(
            self.state, job, others_wait=others, low_priority_waits=any(one.low_priority for one in waiting)
        )

    def _next_of(self, owner: OwnerDigest) -> int:
        return max(self.state.turn, self._last_turn.get(owner, -1) + 1)


def _after(state: QueueState, job: Job, *, others_wait: bool, low_priority_waits: bool) -> QueueState:
    passed = 0 if job.low_priority or not low_priority_waits else state.passed + 1
    return QueueState(
        max(state.turn, job.turn),
        passed,
        after_high_priority=job.high_priority and not job.low_priority and others_wait,
    )
