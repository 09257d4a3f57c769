"""Train the runs of a database in threads of the one server that may; rows let them outlive it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from da_core.errors import UserError
from da_core.jobs.checkpoint_store import CheckpointStore
from da_core.jobs.scheduling.job import Job
from da_core.jobs.scheduling.schedule import Schedule
from da_core.jobs.scheduling.workers import TAKEN_UP, Capacity, RunFunction, Workers, imported_run
from da_core.jobs.store import Store

log = logging.getLogger(__name__)

BEAT = 2.0
"""Seconds between two times at which the rows are made to follow the runs."""
ANOTHER_SERVER = (
    "Another server trains the runs of this database already. Stop that one, or give both a cluster by the setting "
    "{name}."
)


class LocalRuns:
    """A schedule in memory, the threads that work on it, and its rows. Safe to use from many threads.

    ``workers`` runs train at the same time, or as many as have ``room``. A run ends after ``run_seconds``, and where
    nobody has looked at it for ``lease_seconds`` of ``clock``. Where the database does not answer, runs go on without.
    A second server on the same database takes no runs as long as the first one lives.
    """

    def __init__(
        self,
        store: Store,
        run: RunFunction = imported_run,
        *,
        workers: int = 1,
        room: Capacity | None = None,
        run_seconds: float | None = None,
        lease_seconds: float = 180.0,
        clock: Callable[[], float] = time.monotonic,
        checkpoints: CheckpointStore | None = None,
    ) -> None:
        from da_core.jobs.database.driver_lock import DriverLock  # SQLAlchemy comes with it
        from da_core.jobs.scheduling.live_runs import LiveRuns

        self._store = store
        self._live_runs = LiveRuns(lambda: store.database)
        self._driver = DriverLock(lambda: store.database)
        self._checkpoints = checkpoints
        self._room = room = room or Capacity(lambda: workers)
        alone = room.run_beside is not None
        self._schedule = Schedule(
            lease_seconds, clock, workers=room.count, single_runs_alone=alone, run_seconds=run_seconds
        )
        self._workers = Workers(self._schedule, store, run, room, self._record_begin, self._drives, checkpoints)
        self._has_changed = threading.Event()
        self._closed = threading.Event()
        self._recording = threading.RLock()
        """Held where rows and schedule are made to agree; the schedule's own lock comes after it."""
        self._has_taken_up = False
        self._thread: threading.Thread | None = None

    @contextmanager
    def reading(self) -> Iterator[Schedule]:
        """Hold the schedule to look at it."""
        with self._schedule.changed:
            self._schedule.end_expired()
            yield self._schedule

    @contextmanager
    def changing(self) -> Iterator[Schedule]:
        """Hold the schedule to change it."""
        with self.reading():
            yield self._schedule
        self._has_changed.set()

    def wait(self, seconds: float) -> None:
        """Wait for a change of the schedule, within `reading`."""
        self._schedule.changed.wait(seconds)

    def renew(self, run_id: str) -> None:
        """Note that somebody looks at a run."""
        with self._schedule.changed:
            self._schedule.renew(run_id)

    def check_takes_runs(self) -> None:
        """Raise `UserError` where another server trains the runs of this database."""
        if not self._drives():
            raise UserError(ANOTHER_SERVER, name="DA_LAB_CLUSTER")

    def begin(self, job: Job) -> None:
        """Have a run that was added be written down and trained."""
        self._record_begin(job)
        self._workers.start()
        self._start()

    def recover(self) -> None:
        """Go on with the runs that the server before this one has left."""
        if self._closed.is_set():
            return
        if self._drives():
            self._start()
        else:
            log.error(ANOTHER_SERVER.format(name="DA_LAB_CLUSTER"))

    def find(self, run_id: str) -> Job | None:
        """Read a run of the server that trains the runs of this database."""
        try:
            jobs = self._live_runs.look()
        except UserError:
            log.warning("runs of another server cannot be read just now", exc_info=True)
            return None
        return next((job for job in jobs if job.run_id == run_id), None)

    @property
    def alive(self) -> bool:
        """True if its threads are there to drive runs."""
        return self._workers.alive

    @property
    def at_once(self) -> int:
        """The number of runs that can train at the same time just now."""
        return self._room.count()

    def close(self, timeout: float) -> None:
        """Leave the runs to the next server, and end the threads; wait at most ``timeout`` seconds for them."""
        with self._schedule.changed:
            self._schedule.closed = True
        self._closed.set()
        self._has_changed.set()
        if self._thread is not None:
            self._thread.join(BEAT)
        if self._drives():
            self._record()
            with suppress(UserError):
                self._live_runs.leave()
        with self._schedule.changed:
            for job in list(self._schedule.jobs.values()):
                self._schedule.end(job)
            self._schedule.changed.notify_all()
        self._workers.join(timeout)
        self._driver.release()

    def _drives(self) -> bool:
        """Tell whether this server trains the runs of its database; where it does from now on, take up what is left."""
        with self._recording:
            try:
                ours = self._driver.is_ours()
                if ours and not self._has_taken_up:
                    self._take_up()
            except UserError:
                log.warning("what other servers have cannot be read just now", exc_info=True)
                return True
            self._has_taken_up = ours
            return ours

    def _take_up(self) -> None:
        """Queue the runs that the server before this one has left."""
        # a run that was saved just before its server went is over, and its row goes with the next record
        left = [job for job in self._live_runs.look() if job.live and not self._store.is_kept(job.run_id)]
        with self._schedule.changed:
            for job in left:
                if job.run_id in self._schedule.jobs:  # the database is an older copy
                    continue
                job.attempt += 1
                job.crashes += job.in_hand
                job.interrupted = job.state == "running" or job.has_begun
                if job.state != "paused":
                    job.state = "queued"
                if job.interrupted:  # what has begun goes on before others begin
                    job.started_at = job.started_at or job.submitted_at
                job.in_hand, job.task = False, ""
                log.info("run %s is taken up, attempt %d", job.run_id, job.attempt)
                self._schedule.add(job)
        self._workers.start()

    def _record_begin(self, job: Job) -> None:
        """Write a run down at once; without the database it begins all the same."""
        with self._recording:
            with self._schedule.changed:
                row = self._live_runs.values_of(job)
            try:
                self._live_runs.record_one(job.run_id, row)
            except UserError:
                log.warning("run %s begins without its row", job.run_id, exc_info=True)

    def _start(self) -> None:
        """Begin to keep the rows, unless that has begun."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._beat, name="run-recorder", daemon=True)
            self._thread.start()

    def _beat(self) -> None:
        try:
            if self._checkpoints is not None:
                self._checkpoints.delete_stale({job.run_id for job in self._live_runs.look()})
        except UserError:
            log.warning("checkpoints that were left over stay for now", exc_info=True)
        while not self._closed.is_set():
            if self._drives():
                self._record()
            else:
                self._let_go()
            self._has_changed.wait(BEAT)
            self._has_changed.clear()

    def _record(self) -> None:
        """Make the rows those of the schedule's runs; the checkpoints of those that are over go with them."""
        gone: set[str] = set()
        with self._recording:
            with self._schedule.changed:
                rows = {run_id: self._live_runs.values_of(job) for run_id, job in self._schedule.jobs.items()}
            try:
                gone = self._live_runs.record(rows)
            except UserError:
                log.warning("runs that are not over are not recorded just now", exc_info=True)
        if self._checkpoints is not None:  # the storage may take its time, and meanwhile others are taken in
            for run_id in gone:
                self._checkpoints.delete(run_id)

    def _let_go(self) -> None:
        """End the runs of this server, which another one has taken up."""
        with self._schedule.changed:
            for job in list(self._schedule.jobs.values()):
                self._schedule.end(job, UserError(TAKEN_UP))
