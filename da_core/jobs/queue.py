"""Runs in the background: visitors in turn; watched, paused and ended from any thread."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

from da_core.data.readers.uploads import check_all_allowed
from da_core.errors import UserError
from da_core.experiment import Experiment
from da_core.jobs.checkpoint_store import checkpoint_store
from da_core.jobs.owners import EVERYONE, digest
from da_core.jobs.scheduling.job import Job
from da_core.jobs.scheduling.limits import check_limits
from da_core.jobs.scheduling.local_runs import LocalRuns
from da_core.jobs.scheduling.run_view import RunState, RunView, view_of_record
from da_core.jobs.scheduling.schedule import Control, Schedule
from da_core.jobs.scheduling.waiting_time import UNKNOWN
from da_core.jobs.scheduling.workers import Capacity, imported_run, run_function
from da_core.jobs.store import Store, new_run_id, store
from da_core.settings import Settings, settings
from da_core.system.limited_process import IS_SUPPORTED

if TYPE_CHECKING:
    from da_core.jobs.processes.cluster_runs import ClusterRuns

log = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class QueueLimits:
    """The most runs that may wait in all, wait or go of one owner, and wait from one network address."""

    length: int = 50
    per_owner: int = 5
    per_address: int = 40


class Queue:
    """The queued, running and paused runs of all visitors. Safe to use from many threads.

    An ``owner`` is any text that names one visitor. A run that nobody has looked at (`view` with ``renew``, or `renew`)
    for a lease is ended. ``runs`` are trained by threads of this server or by a cluster.

    The controls `pause`, `resume`, `stop` and `finish_early` do nothing to a run that is over, and raise `UserError`
    where the run is another visitor's or there is none.
    """

    def __init__(self, store: Store, runs: LocalRuns | ClusterRuns, limits: QueueLimits = QueueLimits()) -> None:
        self._store = store
        self._runs = runs
        self._limits = limits
        self._closed = False

    def submit(
        self,
        experiment: Experiment,
        owner: str,
        *,
        localhost_only: bool = False,
        address: str = "",
        low_priority: bool = False,
        high_priority: bool = False,
    ) -> str:
        """Queue a run, or find an equal one, and return its id at once.

        An equal one is the owner's own, another visitor's that is queued or running (the owner then shares it), one
        that the store has, unless files of the server that it reads may have changed, or one that was given up.
        ``localhost_only`` says that the app listens on localhost alone, so that any folder may be read. ``address`` is
        the visitor's on the network, "" where it says nothing of who they are. Runs of ``low_priority`` let single runs
        go first, those of ``high_priority`` go before them.

        Raises `UserError` if the queue is full, the owner or the address has too many runs, the experiment asks for
        more than `check_limits` allows, or a place may not be read.
        """
        owner = digest(owner)
        places = experiment.places
        check_all_allowed(places, localhost_only)
        may_change = any(not place.startswith("upload:") for place in places)  # an upload is named for its content
        if self._closed:
            raise UserError("The server is about to stop; try again in a moment.")
        self._runs.check_takes_runs()
        self._recall_durations([experiment])

        def known(schedule: Schedule) -> str | None:
            if (equal := schedule.equal(experiment, owner)) is not None:
                schedule.join(equal, owner, low_priority=low_priority, high_priority=high_priority)
                return equal.run_id
            return None if may_change else schedule.given_up(experiment)

        with self._runs.changing() as schedule:
            if (run_id := known(schedule)) is not None:
                return run_id
        # outside of the lock, since the storage may take its time
        if not may_change and (done := self._store.find(experiment)) is not None:
            self._store.keep(done, EVERYONE if localhost_only else owner)
            return done
        check_limits(experiment)
        job = Job(
            new_run_id(experiment), experiment, [owner], 0.0, low_priority=low_priority, high_priority=high_priority
        )
        job.address = digest(address)
        with self._runs.changing() as schedule:
            if (run_id := known(schedule)) is not None:
                return run_id
            self._check_room(job, schedule.jobs.values())
            schedule.turns.give(job)
            schedule.add(job)
        self._runs.begin(job)
        return job.run_id

    def recover(self) -> None:
        """Go on with the runs that servers before this one left."""
        self._runs.recover()
        with self._runs.reading() as schedule:
            waiting = [job.experiment for job in schedule.waiting]
        self._recall_durations(waiting)
        with self._runs.reading() as schedule:
            schedule.number_places()

    def view(self, run_id: str, *, renew: bool = False) -> RunView | None:
        """View the run as it is now; None if there is no such run.

        It may be from before the server was restarted. ``renew`` says that somebody is looking, and keeps it alive.
        """
        if renew:
            self._runs.renew(run_id)
        view = self._known_view(run_id)
        if view is None:
            self.recover()
            view = self._known_view(run_id)
        if view is None and (job := self._runs.find(run_id)) is not None:
            view = job.view()
        return view

    def renew(self, run_id: str) -> None:
        """Keep the run alive, since somebody is looking at it."""
        self._runs.renew(run_id)

    def owns(self, run_id: str, owner: str) -> bool:
        """Say whether this visitor may control the run, while it is live."""
        with self._runs.reading() as schedule:
            job = schedule.jobs.get(run_id)
        return job is not None and digest(owner) in job.owners

    def pause(self, run_id: str, owner: str) -> None:
        """Put the run aside and free its worker. Only for a sole owner."""
        self._control(run_id, owner, "pause")

    def resume(self, run_id: str, owner: str) -> None:
        """Go on with a paused run, before those that wait."""
        self._control(run_id, owner, "resume")

    def stop(self, run_id: str, owner: str) -> None:
        """Take the owner off the run, and end it if that was the last one."""
        self._control(run_id, owner, "stop")

    def finish_early(self, run_id: str, owner: str) -> None:
        """Have the run evaluate what it has learned so far and finish. Only for a sole owner, once it has begun."""
        self._control(run_id, owner, "finish_early")

    def wait(self, run_id: str, until: Callable[[RunView], bool], timeout: float) -> RunView:
        """Wait until the run's view satisfies ``until`` and return that view.

        Raises `TimeoutError` after ``timeout`` seconds, `UserError` if there is no such run.
        """
        if (view := self._wait([run_id], until, timeout)) is None:
            raise TimeoutError(f"run {run_id} goes on")
        return view

    def wait_for_one(self, run_ids: Iterable[str], timeout: float) -> RunView | None:
        """Wait until one of these runs is over and return its view; None after ``timeout`` seconds.

        Raises `UserError` if there is no such run.
        """
        return self._wait(list(run_ids), lambda view: not view.live, timeout)

    def _wait(self, run_ids: Sequence[str], until: Callable[[RunView], bool], timeout: float) -> RunView | None:
        deadline = time.monotonic() + timeout
        while True:
            with self._runs.reading() as schedule:
                views = [schedule.view(run_id) for run_id in run_ids]
                left = deadline - time.monotonic()
                if None not in views and not any(map(until, filter(None, views))) and left > 0:
                    self._runs.wait(left)
                    continue
            for run_id, known in zip(run_ids, views, strict=True):
                if (view := known or self.view(run_id)) is None:
                    self._refuse_unknown(run_id)
                if until(view):
                    return view
            if (left := deadline - time.monotonic()) <= 0:
                return None
            with self._runs.reading():  # changes of what this server does not train are not announced here
                self._runs.wait(min(left, _LOOK_SECONDS))

    def count(self) -> dict[RunState, int]:
        """Count the runs that are not over by their state."""
        with self._runs.reading() as schedule:
            return Counter(job.state for job in schedule.jobs.values())

    def longest_wait(self) -> float:
        """Return how many seconds the run that waits longest has waited to begin; 0 where none waits."""
        with self._runs.reading() as schedule:
            since = [job.submitted_at for job in schedule.waiting if job.started_at is None]
        return max(((datetime.now(UTC) - moment).total_seconds() for moment in since), default=0.0)

    @property
    def alive(self) -> bool:
        """True if it takes runs, and its workers are there to drive them."""
        return not self._closed and self._runs.alive

    @property
    def at_once(self) -> int:
        """The number of runs that can train at the same time just now."""
        return self._runs.at_once

    @property
    def closed(self) -> bool:
        """True once it takes no more runs."""
        return self._closed

    def close(self, timeout: float = 10.0) -> None:
        """Take no more runs, and leave them to the next server; wait at most ``timeout`` seconds for the workers."""
        self._closed = True
        self._runs.close(timeout)

    def _known_view(self, run_id: str) -> RunView | None:
        """View a run of the schedule, or one that the store has."""
        with self._runs.reading() as schedule:
            view = schedule.view(run_id)
        if view is not None or (record := self._store.load(run_id)) is None:
            return view
        try:
            view = view_of_record(record)
        except UserError:
            log.warning("run %s is damaged", run_id, exc_info=True)
            return None
        with self._runs.reading() as schedule:
            schedule.keep_view(view)
        return view

    def _recall_durations(self, experiments: Iterable[Experiment]) -> None:
        """Learn from the list of runs how long such experiments took, where this server has not seen any yet."""
        with self._runs.reading() as schedule:
            durations = schedule.durations
        for experiment in experiments:
            if durations.expected(experiment) != UNKNOWN:
                continue
            try:
                durations_known = self._store.database.durations(experiment)
            except (UserError, OSError):
                log.warning("how long runs took cannot be read just now", exc_info=True)
                return
            for other, seconds in durations_known:
                durations.learn(other, seconds)

    def _check_room(self, job: Job, others: Iterable[Job]) -> None:
        """Raise `UserError` where there is none beside the others. A study has by itself no more than train at once."""
        (owner,), others = job.owners, list(others)
        own_runs = sum(owner in one.owners and not one.low_priority for one in others)
        if own_runs >= self._limits.per_owner and not job.low_priority:
            raise UserError(
                "You have {count} runs that are waiting or running; let one finish or stop one before you start "
                "another.",
                count=own_runs,
            )
        waits = [one for one in others if one.state in ("queued", "paused")]
        nearby = sum(one.address == job.address for one in waits) if job.address else 0
        if nearby >= self._limits.per_address:
            raise UserError(
                "{count} runs from your network are waiting, the maximum for one network; try again when some of "
                "them have ended.",
                count=nearby,
            )
        if len(waits) >= self._limits.length:
            raise UserError("{count} runs are waiting, the maximum of this server; try again later.", count=len(waits))

    def _control(self, run_id: str, owner: str, control: Control) -> None:
        """Do what is asked of a run; nothing where it is over."""
        with self._runs.changing() as schedule:
            known = schedule.view(run_id) is not None
            if (job := schedule.jobs.get(run_id)) is not None:
                schedule.control(job, digest(owner), control)
        if not known and self._store.load(run_id) is None:
            self._runs.check_takes_runs()
            self._refuse_unknown(run_id)

    def _refuse_unknown(self, run_id: str) -> NoReturn:
        self._store.is_damaged(run_id)  # raises where the storage is away, which is another thing
        raise UserError("There is no run {run} here any more; start it again.", run=run_id)


def _room(limits: Settings) -> Capacity:
    """Choose how many runs train at once: as many as set or, of studies alone, one a core where one is set."""
    if limits.workers > 1 or not IS_SUPPORTED:
        return Capacity(lambda: limits.workers)
    from da_core.several_runs.child_runs import ChildRuns

    def count() -> int:
        from da_core.training.devices import runs_at_once  # torch comes with it

        return runs_at_once()

    megabytes = limits.run_memory_mb or None
    kept = (os.cpu_count() or 1) if megabytes else 1  # without a limit all that is imported is there at once
    return Capacity(count, run_beside=ChildRuns(imported_run, megabytes=megabytes, kept=kept, threads=1))


_making = threading.Lock()
_current: Queue | None = None


def queue() -> Queue:
    """Return this server's queue; make it at the first use, and again after it was closed."""
    global _current
    with _making:
        if _current is None or _current.closed:
            limits, kept = settings(), store()
            runs: LocalRuns | ClusterRuns
            if limits.cluster:
                from da_core.jobs.processes.cluster import Cluster
                from da_core.jobs.processes.cluster_runs import ClusterRuns
                from da_core.jobs.scheduling.live_runs import LiveRuns  # SQLAlchemy comes with it

                live_runs = LiveRuns(lambda: kept.database)
                runs = ClusterRuns(live_runs, checkpoint_store(), Cluster(limits.cluster), limits.lease_seconds)
            else:
                runs = LocalRuns(
                    kept,
                    run_function(limits),
                    room=_room(limits),
                    checkpoints=checkpoint_store(),
                    run_seconds=limits.run_minutes and limits.run_minutes * 60,
                    lease_seconds=limits.lease_seconds,
                )
            waiting = QueueLimits(limits.queue_length, limits.runs_each, limits.waiting_each_address)
            _current = Queue(kept, runs, waiting)
        return _current
