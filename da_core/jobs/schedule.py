"""All runs that are not over, in their order, and the last views of those that are."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from da_core.errors import UserError
from da_core.events import Event
from da_core.experiment import Experiment
from da_core.jobs.job import Job, OwnerDigest
from da_core.jobs.run_view import RunState, RunView

log = logging.getLogger(__name__)

_VIEWS_KEPT = 100


class Schedule:
    """The runs of one queue. Its controls and its workers share it: hold the lock ``changed`` around every call.

    ``changed`` is notified of each change. ``waiting`` are the queued runs in the order in which they came; `in_turn`
    has them in the order in which they go. ``abandoned`` are generators that nobody will ask again; a worker closes
    them, since closing a generator runs the run's own code.
    """

    def __init__(self, lease_seconds: float, clock: Callable[[], float]) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.jobs: dict[str, Job] = {}
        self.waiting: list[Job] = []
        self.abandoned: list[Iterator[Event]] = []
        self.closed = False
        self._over: OrderedDict[str, RunView] = OrderedDict()
        self._lease_seconds = lease_seconds
        self._clock = clock
        self._turn = 0
        self._last_turn: dict[str, int] = {}

    def add(self, run_id: str, experiment: Experiment, owner: OwnerDigest, *, behind: bool = False) -> None:
        """Put a new run at the end of the queue."""
        self.restore(Job(run_id, experiment, [owner], seen=0.0, behind=behind))

    def restore(self, job: Job) -> None:
        """Take in a run that is queued or paused, as if somebody looked at it now."""
        job.seen = self._clock()
        self.jobs[job.run_id] = job
        self._give_turn(job)
        if job.state == "queued":
            self.waiting.append(job)
        self.number_places()
        self.changed.notify_all()

    def join(self, job: Job, owner: OwnerDigest) -> None:
        """Make a visitor one of the run's owners."""
        job.seen = self._clock()
        if owner not in job.owners:
            job.owners.append(owner)
            self.touch(job)

    def renew(self, run_id: str) -> None:
        """Start the run's lease anew, since somebody is looking at it."""
        if (job := self.jobs.get(run_id)) is not None:
            job.seen = self._clock()

    def view(self, run_id: str) -> RunView | None:
        """View a live run, or one that was over lately; None for any other."""
        job = self.jobs.get(run_id)
        return self._over.get(run_id) if job is None else job.view()

    def keep_view(self, view: RunView) -> None:
        """Remember the last view of a run that is over."""
        self._over[view.run_id] = view
        while len(self._over) > _VIEWS_KEPT:
            self._over.popitem(last=False)

    def equal(self, experiment: Experiment, owner: OwnerDigest) -> Job | None:
        """Find a live run of this experiment that is the owner's, or that the owner may share."""
        for job in self.jobs.values():
            if job.experiment == experiment and job.state != "stopping":
                shared = job.state in ("queued", "running") and not job.finish_early.is_set()
                if shared or owner in job.owners:
                    return job
        return None

    def touch(self, job: Job, state: RunState | None = None) -> None:
        """Count and announce a change of the run."""
        job.version += 1
        job.state = state or job.state
        self.changed.notify_all()

    def in_turn(self) -> list[Job]:
        """Order the runs that wait, the next first: visitors in turn, so that one with many keeps nobody from theirs.

        A run that had begun goes before all others, and one of a study after those of nobody's study.
        """
        return sorted(self.waiting, key=lambda job: (job.behind, job.started_at is None, job.turn))  # stable

    def _give_turn(self, job: Job) -> None:
        """Number the run's turn: one after its visitor's last one, and none that has gone by (fair queueing)."""
        owner = job.owners[0]
        job.turn = max(self._turn, self._last_turn.get(owner, -1) + 1)
        self._last_turn = {who: turn for who, turn in self._last_turn.items() if turn >= self._turn}
        self._last_turn[owner] = job.turn

    def number_places(self) -> None:
        """Give each run that waits its place in the queue, from 1."""
        places = {job.run_id: place for place, job in enumerate(self.in_turn(), start=1)}
        for job in self.jobs.values():
            place = places.get(job.run_id)
            if place != job.place:
                job.place = place
                self.touch(job)

    def pause(self, job: Job) -> None:
        """Take a run off the queue until it is resumed."""
        if job in self.waiting:
            self.waiting.remove(job)
        self.touch(job, "paused")
        self.number_places()

    def resume(self, job: Job) -> None:
        """Resume a paused run: at the head of the queue, or at its end if it had never begun."""
        if job.in_hand:  # its worker has not put it aside yet
            self.touch(job, "running")
            return
        if job.started_at is None:
            self._give_turn(job)
        self.waiting.insert(0 if job.started_at else len(self.waiting), job)
        self.touch(job, "queued")
        self.number_places()

    def can_begin(self, is_free: Callable[[Experiment, Sequence[Experiment]], bool]) -> Job | None:
        """Find the first run that waits and has a place beside those that train; None where none has."""
        if not self.waiting:
            return None
        beside = [job.experiment for job in self.jobs.values() if job.in_hand]
        return next((job for job in self.in_turn() if is_free(job.experiment, beside)), None)

    def next(self, is_free: Callable[[Experiment, Sequence[Experiment]], bool]) -> Job | None:
        """Hand that run to a worker."""
        job = self.can_begin(is_free)
        if job is None:
            return None
        self.waiting.remove(job)
        self._turn = max(self._turn, job.turn)
        job.in_hand = True
        job.started_at = job.started_at or datetime.now(UTC)
        self.touch(job, "running")
        self.number_places()
        return job

    def end(self, job: Job, error: UserError | None = None) -> None:
        """End a run before its time: at once, or with its next event where a worker drives it."""
        if job.state == "stopping":
            return
        job.error = error
        if job.in_hand:
            self.touch(job, "stopping")
            return
        if job.events is not None:
            self.abandoned.append(job.events)
        self.conclude(job, "cancelled")

    def end_expired(self) -> None:
        """End the runs whose lease is over, because nobody has looked at them for so long."""
        now = self._clock()
        for job in list(self.jobs.values()):
            if now - job.seen > self._lease_seconds and job.state != "stopping":
                log.info("run %s is ended: nobody looks at it", job.run_id)
                self.end(job, UserError("Nobody looked at this run for a while, so it was ended; start it again."))

    def conclude(self, job: Job, state: RunState) -> None:
        """Drop all of a run but its last view."""
        if state == "done":
            job.error = None
        if job in self.waiting:
            self.waiting.remove(job)
        job.place = None
        self.touch(job, state)
        del self.jobs[job.run_id]
        self.keep_view(job.view(finished_at=datetime.now(UTC)))
        self.number_places()
