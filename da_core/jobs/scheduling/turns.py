"""Whose turn it is: the order in which the runs that wait go, fair between visitors and with nobody left for good."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, TypeVar

from da_core.jobs.owners import OwnerDigest
from da_core.jobs.scheduling.job import Job

BEHIND_AFTER = 5
"""While a study's run waits, so many others go before it at most."""


class InLine(Protocol):
    """A run that has a turn, be it this server's or another's."""

    @property
    def owners(self) -> Sequence[OwnerDigest]: ...
    @property
    def turn(self) -> int: ...
    @property
    def behind(self) -> bool: ...
    @property
    def ahead(self) -> bool: ...
    @property
    def has_begun(self) -> bool: ...
    @property
    def submitted_at(self) -> datetime: ...


InLineT = TypeVar("InLineT", bound=InLine)


@dataclass(frozen=True)
class _Gone:
    """What went lately, as far as it matters for who is next."""

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

    Where several servers share a database, turns are numbered over the runs of all; see `hear`.
    """

    def __init__(self) -> None:
        self._turn = 0
        self._last_turn: dict[OwnerDigest, int] = {}
        self._gone = _Gone()
        self._elsewhere: dict[OwnerDigest, int] = {}
        """Each visitor's last turn on other servers."""

    def hear(self, others: Iterable[InLine]) -> None:
        """Count the runs that other servers have, so that nobody has more turns for using several servers."""
        self._elsewhere = {}
        for run in others:
            if run.has_begun:
                self._turn = max(self._turn, run.turn)
            if run.owners:
                owner = run.owners[0]
                self._elsewhere[owner] = max(self._elsewhere.get(owner, 0), run.turn)

    def give(self, job: Job) -> None:
        """Number the run's turn: one after its visitor's last one, and none that has gone by."""
        job.turn = self._next_of(job.owners[0])
        self.note(job)

    def note(self, job: Job) -> None:
        """Note the turn of a run that comes with one, since another server has had it."""
        owner = job.owners[0]
        self._last_turn = {who: turn for who, turn in self._last_turn.items() if turn >= self._turn}
        self._last_turn[owner] = max(self._last_turn.get(owner, 0), job.turn)

    def share(self, job: Job, owner: OwnerDigest, *, behind: bool, ahead: bool) -> None:
        """Let a run that ``owner`` joins go as soon as one of their own would."""
        job.turn = min(job.turn, self._next_of(owner))
        job.behind, job.ahead = job.behind and behind, job.ahead or ahead

    def order(self, waiting: Sequence[InLineT]) -> list[InLineT]:
        """Put runs that wait into the order in which they go if no other comes; runs that had begun go sooner."""
        jobs = sorted(waiting, key=lambda job: (not job.has_begun, job.turn))  # stable
        behind = [job for job in jobs if job.behind]
        ahead = [job for job in jobs if job.ahead and not job.behind]
        single = [job for job in jobs if not job.ahead and not job.behind]
        ordered, gone = [], self._gone
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
        self._turn = max(self._turn, job.turn)
        others = any(not one.ahead and not one.behind for one in waiting)
        self._gone = _after(self._gone, job, others_wait=others, behind_waits=any(one.behind for one in waiting))

    def _next_of(self, owner: OwnerDigest) -> int:
        return max(self._turn, self._last_turn.get(owner, -1) + 1, self._elsewhere.get(owner, -1) + 1)


def _after(gone: _Gone, job: InLine, *, others_wait: bool, behind_waits: bool) -> _Gone:
    passed = 0 if job.behind or not behind_waits else gone.passed + 1
    return replace(gone, passed=passed, after_ahead=job.ahead and not job.behind and others_wait)
