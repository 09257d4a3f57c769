"""Whose turn it is: the order in which the runs that wait go, fair between visitors and with nobody left for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from da_core.jobs.owners import OwnerDigest
from da_core.jobs.scheduling.job import Job

BEHIND_AFTER = 5
"""While a study's run waits, so many others go before it at most."""


@dataclass(frozen=True)
class Gone:
    """What went lately, as far as it matters for who is next."""

    turn: int = 0
    """The highest turn that has come."""
    passed: int = 0
    """Runs that have gone since a study's run began to wait, or went."""
    after_ahead: bool = False
    """Whether the last one went ahead of others."""


class Turns:
    """The rules by which the runs of one queue take turns.

    Each visitor's runs have turns of their own, one after the other, so that of two visitors with many runs each has
    every second one (fair queueing, Demers et al. 1989, section 2.1). An instructor's run goes ahead of all; where
    others wait, the next one is theirs. A study's run lets others go first, but never more than `BEHIND_AFTER`. So
    every run that waits comes to its turn, whatever else comes in.
    """

    def __init__(self, gone: Gone | None = None) -> None:
        self.gone = gone or Gone()
        self._last_turn: dict[OwnerDigest, int] = {}

    def give(self, job: Job) -> None:
        """Number the run's turn: one after its visitor's last one, and none that has gone by."""
        job.turn = self._next_of(job.owners[0])
        self.note(job)

    def note(self, job: Job) -> None:
        """Note the turn of a run that comes with one, since it was written down before."""
        owner = job.owners[0]
        self._last_turn = {who: turn for who, turn in self._last_turn.items() if turn >= self.gone.turn}
        self._last_turn[owner] = max(self._last_turn.get(owner, 0), job.turn)

    def share(self, job: Job, owner: OwnerDigest, *, behind: bool, ahead: bool) -> None:
        """Let a run that ``owner`` joins go as soon as one of their own would."""
        job.turn = min(job.turn, self._next_of(owner))
        job.behind, job.ahead = job.behind and behind, job.ahead or ahead

    def order(self, waiting: Sequence[Job]) -> list[Job]:
        """Put runs that wait into the order in which they go if no other comes; runs that had begun go sooner."""
        jobs = sorted(waiting, key=lambda job: (not job.has_begun, job.turn))  # stable
        behind = [job for job in jobs if job.behind]
        ahead = [job for job in jobs if job.ahead and not job.behind]
        single = [job for job in jobs if not job.ahead and not job.behind]
        ordered, gone = [], self.gone
        while ahead or single or behind:
            if behind and (gone.passed >= BEHIND_AFTER or not (ahead or single)):
                job = behind.pop(0)
            elif ahead and not (gone.after_ahead and single):
                job = ahead.pop(0)
            else:
                job = single.pop(0)
            ordered.append(job)
            gone = _after(gone, job, others_wait=bool(single), behind_waits=bool(behind))
        return ordered

    def went(self, job: Job, waiting: Sequence[Job]) -> None:
        """Note that a run went, and ``waiting`` are left."""
        others = any(not one.ahead and not one.behind for one in waiting)
        self.gone = _after(self.gone, job, others_wait=others, behind_waits=any(one.behind for one in waiting))

    def _next_of(self, owner: OwnerDigest) -> int:
        return max(self.gone.turn, self._last_turn.get(owner, -1) + 1)


def _after(gone: Gone, job: Job, *, others_wait: bool, behind_waits: bool) -> Gone:
    passed = 0 if job.behind or not behind_waits else gone.passed + 1
    return Gone(max(gone.turn, job.turn), passed, after_ahead=job.ahead and not job.behind and others_wait)
