"""All runs that are not over, in their order, and the last views of those that are."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

from da_core.errors import UserError
from da_core.events import Event, Finished, Notice, Progress
from da_core.experiment import Experiment
from da_core.jobs.owners import OwnerDigest
from da_core.jobs.scheduling.crashes import GIVEN_UP
from da_core.jobs.scheduling.fair_queue import FairQueue, QueueState
from da_core.jobs.scheduling.job import Job
from da_core.jobs.scheduling.run_view import RunState, RunView
from da_core.jobs.scheduling.waiting_time import UNKNOWN, Durations, rounded_up, seconds_to_wait
from da_core.system.server_metrics import RUNS_ENDED

log = logging.getLogger(__name__)

Control = Literal["pause", "resume", "stop", "finish_early"]

_VIEWS_KEPT = 100
_ROUNDING = 1e-6
"""Seconds by which a duration for each epoch, times the epochs, may be less than it was."""
OUT_OF_TIME = (
    "This run trained for {minutes} minutes, the time limit of this server, so it stopped there and keeps what it "
    "had learned; fewer epochs or samples let it finish."
)


class Schedule:
    """The runs of one queue. Its controls and its workers share it: hold the lock ``changed`` around every call.

    ``changed`` is notified of each change. ``waiting`` are the queued runs in the order in which they came; `in_turn`
    has them in the order in which they go. ``abandoned`` are generators that nobody will ask again; a worker closes
    them, since closing a generator runs the run's own code. Where all train in ``one_process``, a run that may have
    ended its server trains alone, so that the cause is known when the next one ends; with ``single_runs_alone`` so does
    each single run, and those of studies share the machine.
    """

    def __init__(
        self,
        lease_seconds: float,
        clock: Callable[[], float],
        *,
        workers: Callable[[], int] = lambda: 1,
        single_runs_alone: bool = False,
        run_seconds: float | None = None,
        one_process: bool = True,
        queue_state: QueueState | None = None,
        durations: Durations | None = None,
        changed: threading.Condition | None = None,
    ) -> None:
        self.changed = changed or threading.Condition(threading.RLock())
        self.jobs: dict[str, Job] = {}
        self.waiting: list[Job] = []
        self.abandoned: list[Iterator[Event]] = []
        self.closed = False
        self._over: OrderedDict[str, RunView] = OrderedDict()
        self.lease_seconds = lease_seconds
        self.clock = clock
        self._workers = workers
        self._single_runs_alone = single_runs_alone
        self._run_seconds = run_seconds
        self._one_process = one_process
        self.turns = FairQueue(queue_state)
        self.durations = durations or Durations()

    def add(self, job: Job) -> None:
        """Take in a run that is queued or paused, be it new or from before, as if somebody looked at it now."""
        job.seen = self.clock()
        self.jobs[job.run_id] = job
        self.turns.note(job)
        if job.state == "queued":
            self.waiting.append(job)
        self.number_places()
        self.changed.notify_all()

    def load(self, jobs: Iterable[Job]) -> None:
        """Take in runs as they were written down, those that were over lately as well."""
        for job in jobs:
            if job.state in ("cancelled", "failed"):
                self._over.setdefault(job.run_id, job.view())
                continue
            self.jobs[job.run_id] = job
            self.turns.note(job)
            if job.state == "queued":
                self.waiting.append(job)

    def join(self, job: Job, owner: OwnerDigest, *, low_priority: bool = False, high_priority: bool = False) -> None:
        """Make a visitor one of the run's owners; it then goes as soon as one of their own would."""
        job.seen = self.clock()
        self.turns.share(job, owner, low_priority=low_priority, high_priority=high_priority)
        if owner not in job.owners:
            job.owners.append(owner)
            self.touch(job)
        self.number_places()

    def renew(self, run_id: str) -> None:
        """Renew the run's lease, since somebody is looking at it."""
        if (job := self.jobs.get(run_id)) is not None:
            job.seen = self.clock()

    def view(self, run_id: str) -> RunView | None:
        """View a live run, or one that was over lately; None for any other."""
        job = self.jobs.get(run_id)
        return self._over.get(run_id) if job is None else job.view()

    def keep_view(self, view: RunView) -> None:
        """Remember the last view of a run that is over; the layouts of one that is done are in its record."""
        self._over[view.run_id] = replace(view, embeddings={}) if view.state == "done" else view
        while len(self._over) > _VIEWS_KEPT:
            self._over.popitem(last=False)

    def keep_views_of(self, other: Schedule) -> None:
        """Remember the last views that another schedule of the same runs has remembered."""
        for view in other._over.values():
            if view.run_id not in self.jobs:
                self.keep_view(view)

    def given_up(self, experiment: Experiment) -> str | None:
        """Find a run of this experiment that was given up lately; it would end this server as well."""
        for view in self._over.values():
            if view.error is not None and view.error.message == GIVEN_UP and view.experiment == experiment:
                return view.run_id
        return None

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
        """Order the runs that wait, the next first; see `FairQueue`."""
        return self.turns.order(self.waiting)

    def number_places(self) -> None:
        """Give each run that waits its place in the queue, from 1, and the seconds until its turn."""
        places = {job.run_id: place for place, job in enumerate(self.in_turn(), start=1)}
        for job in self.jobs.values():
            place = places.get(job.run_id)
            if place != job.place:
                job.place = place
                self.touch(job)
        self._tell_waits()

    def apply(self, job: Job, event: Event) -> None:
        """Note what a run has reported, and what follows for those that wait and for the time that it is given."""
        job.apply(event)
        if isinstance(event, Finished) or job.finish_early.is_set():
            self.touch(job)
            return
        seconds = job.seconds_run(self.clock())
        if isinstance(event, Progress) and event.seconds_left is not None:
            self.durations.learn(job.experiment, seconds + event.seconds_left)
            self._tell_waits()
        if self._run_seconds is not None and seconds > self._run_seconds:
            job.cut = Notice(OUT_OF_TIME, {"minutes": f"{self._run_seconds / 60:g}"})
            job.notices.append(job.cut)
            job.finish_early.set()
        self.touch(job)

    def note_crashes(self, job: Job, crashes: int) -> None:
        """Note how many servers a run may have ended; others begin beside it where that is none."""
        if crashes != job.crashes:
            job.crashes = crashes
            self.number_places()
            self.changed.notify_all()

    def put_down(self, job: Job) -> None:
        """Note that no worker drives the run any more."""
        job.in_hand = False
        job.ran_seconds, job.taken_at = job.seconds_run(self.clock()), None

    def _tell_waits(self) -> None:
        """Estimate how long each run waits, and announce what a person would see change."""
        for job in self.jobs.values():
            if job.place is None and job.seconds_to_wait is not None:
                job.seconds_to_wait = None
                self.touch(job)
        if not self.waiting:
            return
        now, jobs, workers = self.clock(), self.in_turn(), max(self._workers(), 1)
        in_hand = [job for job in self.jobs.values() if job.in_hand]
        left = [self._seconds_left(job, now) for job in in_hand]
        if any(map(self._is_alone, in_hand)):
            left *= workers
        durations = [self._seconds_left(job, now) for job in jobs]
        alone = {index for index, job in enumerate(jobs) if self._is_alone(job)}
        for job, wait in zip(jobs, seconds_to_wait(left, durations, workers, alone), strict=True):
            if (rounded := rounded_up(wait)) != job.seconds_to_wait:
                job.seconds_to_wait = rounded
                self.touch(job)

    def _is_alone(self, job: Job) -> bool:
        """Tell whether no other run trains beside this one."""
        return (self._one_process and job.crashes > 0) or (self._single_runs_alone and not job.low_priority)

    def _seconds_left(self, job: Job, now: float) -> float:
        """Return what a run says of itself, else what the last of its kind took; one that takes longer is not known."""
        if job.seconds_left is not None:
            return job.seconds_left
        left = self.durations.expected(job.experiment) - job.seconds_run(now)
        return max(left, 0.0) if left > -_ROUNDING else UNKNOWN

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
            self.turns.give(job)
        self.waiting.insert(0 if job.started_at else len(self.waiting), job)
        self.touch(job, "queued")
        self.number_places()

    def control(self, job: Job, owner: OwnerDigest, control: Control) -> None:
        """Do what an owner asks of a run, where its state allows that: “stop” takes that owner off it.

        Raises `UserError` where it is not theirs to ask.
        """
        if owner not in job.owners:
            raise UserError("This run belongs to another visitor; start your own to change it.")
        count = len(job.owners)
        match control:
            case "pause" if job.state in ("queued", "running"):
                if count > 1:
                    raise UserError(
                        "{count} visitors share this run, so it cannot be paused; choose another seed to have your "
                        "own.",
                        count=count,
                    )
                self.pause(job)
            case "resume" if job.state == "paused":
                self.resume(job)
            case "stop" if count > 1:
                job.owners.remove(owner)
                self.touch(job)
            case "stop":
                self.end(job)
            case "finish_early" if job.live:
                if count > 1:
                    raise UserError(
                        "{count} visitors share this run, so it cannot be ended early; choose another seed to have "
                        "your own.",
                        count=count,
                    )
                if job.started_at is None:
                    raise UserError("This run has not started, so it has learned nothing yet; wait for it or stop it.")
                job.finish_early.set()
                self.touch(job)
                if job.state == "paused":
                    self.resume(job)

    def can_begin(self) -> Job | None:
        """Find the run whose turn it is; None where none waits, or it has to wait until others have ended."""
        in_hand = [job for job in self.jobs.values() if job.in_hand]
        if not self.waiting or any(map(self._is_alone, in_hand)):
            return None
        first = self.in_turn()[0]
        return None if self._is_alone(first) and in_hand else first

    def next(self) -> Job | None:
        """Hand that run to a worker."""
        job = self.can_begin()
        if job is not None:
            self.hand_out(job)
        return job

    def hand_out(self, job: Job) -> None:
        """Note that a worker has a run in hand from now on."""
        if job in self.waiting:
            self.waiting.remove(job)
            self.turns.went(job, self.waiting)
        job.in_hand, job.interrupted, job.taken_at = True, False, self.clock()
        job.started_at = job.started_at or datetime.now(UTC)
        self.touch(job, "running")
        self.number_places()

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
        now = self.clock()
        for job in list(self.jobs.values()):
            if now - job.seen > self.lease_seconds and job.state != "stopping":
                log.info("run %s is ended: nobody looks at it", job.run_id)
                self.end(job, UserError("Nobody looked at this run for a while, so it was stopped; start it again."))

    def conclude(self, job: Job, state: RunState) -> None:
        """Drop all of a run but its last view."""
        if state == "done":
            job.error = None
            if not job.finish_early.is_set():
                self.durations.learn(job.experiment, job.seconds_run(self.clock()))
        if job in self.waiting:
            self.waiting.remove(job)
        job.place = job.seconds_to_wait = None
        RUNS_ENDED.labels(state).inc()
        self.touch(job, state)
        del self.jobs[job.run_id]
        self.keep_view(job.view(finished_at=datetime.now(UTC)))
        self.number_places()
