"""Show and control the runs of a cluster from a web server, which holds nothing that another one lacks."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from da_core.errors import UserError
from da_core.jobs.checkpoint_store import CheckpointStore
from da_core.jobs.processes import shared_schedule
from da_core.jobs.processes.cluster import Cluster
from da_core.jobs.processes.cluster_worker import GPU_TASK, TASK, drive
from da_core.jobs.scheduling.fair_queue import QueueState
from da_core.jobs.scheduling.job import Job
from da_core.jobs.scheduling.live_runs import LiveRuns
from da_core.jobs.scheduling.schedule import Schedule
from da_core.jobs.scheduling.waiting_time import Durations

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
"""Seconds for which a view of the runs is used."""
BEAT = 2.0
"""Seconds between two looks whether every run has its task."""
_SHOWN_SECONDS = 60.0
"""Seconds for which the end of a stopped or failed run is shown."""
_RENEWALS = 6
"""Times in a lease, at most, that a look at a run is written down."""


class ClusterRuns:
    """The rows of all runs, and a task of the cluster for each that waits or trains. Safe to use from many threads."""

    def __init__(
        self,
        rows: LiveRuns,
        checkpoints: CheckpointStore,
        cluster: Cluster,
        lease_seconds: float = 180.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rows = rows
        self._checkpoints = checkpoints
        self._cluster = cluster
        self._lease_seconds = lease_seconds
        self._clock = clock
        self._durations = Durations()
        self._changed = threading.Condition(threading.RLock())
        self._looked = float("-inf")
        self._looks: dict[str, tuple[int, float]] = {}
        """How often each run had been looked at, and when that was first known."""
        self._schedule = self._made(QueueState(), [], self._changed)
        self._renewed: dict[str, float] = {}
        self._over: dict[str, float] = {}
        """When it was first known of each run that it was stopped or failed."""
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="cluster-runs", daemon=True)
        self._thread.start()

    @contextmanager
    def reading(self) -> Iterator[Schedule]:
        """Hold the schedule as it was a moment ago; where the database does not answer, as it was last known."""
        with self._changed:
            if time.monotonic() - self._looked >= LOOK_SECONDS:
                self._look()
            yield self._schedule

    @contextmanager
    def changing(self) -> Iterator[Schedule]:
        """Hold the schedule alone over all servers and workers. Raises `UnreachableError`."""
        with shared_schedule.changing(self._rows, self._checkpoints, self._made) as schedule:
            yield schedule
        with self._changed:
            self._looked = float("-inf")
            self._changed.notify_all()
        self._wake.set()

    def wait(self, seconds: float) -> None:
        """Wait for a change, within `reading`; what others have changed is seen with the next look."""
        self._changed.wait(min(seconds, LOOK_SECONDS))

    def renew(self, run_id: str) -> None:
        """Write down that somebody looks at a run, but not every time."""
        now, seldom = self._clock(), self._lease_seconds / _RENEWALS
        with self.reading() as schedule:
            if run_id not in schedule.jobs or now - self._renewed.get(run_id, float("-inf")) < seldom:
                return
            self._renewed = {run: when for run, when in self._renewed.items() if now - when < seldom} | {run_id: now}
        try:
            self._rows.look_at(run_id)
        except UserError:
            log.warning("that somebody looks at run %s cannot be written down just now", run_id, exc_info=True)

    def check_takes_runs(self) -> None:
        """Take runs whatever the cluster does: they wait in the database."""

    def begin(self, job: Job) -> None:
        """Have a run that was added be trained when it is its turn."""
        self._wake.set()

    def recover(self) -> None:
        """See to it that every run has its task; the next view of the runs is a new one."""
        with self._changed:
            self._looked = float("-inf")
        self._wake.set()

    def find(self, run_id: str) -> Job | None:
        """Find no other run: all are in the schedule."""
        return None

    @property
    def alive(self) -> bool:
        """True if there is a worker."""
        return self.at_once > 0

    @property
    def at_once(self) -> int:
        """The number of runs that can train at the same time just now."""
        return len(self._cluster.workers)

    def close(self, timeout: float) -> None:
        """Let go of the cluster, on which the runs go on."""
        self._closed.set()
        self._wake.set()
        self._thread.join(timeout)
        self._cluster.close()

    def _made(self, queue_state: QueueState, jobs: list[Job], changed: threading.Condition | None = None) -> Schedule:
        """Make the schedule of the rows' runs; how long nobody has looked is measured by this server's own clock."""
        now = self._clock()
        schedule = Schedule(
            self._lease_seconds,
            self._clock,
            workers=lambda: self.at_once,
            one_process=False,
            queue_state=queue_state,
            durations=self._durations,
            changed=changed,
        )
        with self._changed:
            known, self._looks = self._looks, {}
            for job in jobs:
                looks, since = known.get(job.run_id, (-1, now))
                job.seen = since if looks == job.looks else now
                self._looks[job.run_id] = (job.looks, job.seen)
        schedule.load(jobs)
        return schedule

    def _look(self) -> None:
        """Read all runs; a view has another version where its row has changed."""
        self._looked = time.monotonic()
        try:
            with self._rows.looking() as connection:
                jobs, queue_state = self._rows.read(connection), self._rows.queue_state(connection)
        except UserError:
            log.warning("runs cannot be read just now", exc_info=True)
            return
        now, over = self._clock(), [job.run_id for job in jobs if job.state in ("cancelled", "failed")]
        self._over = {run_id: self._over.get(run_id, now) for run_id in over}
        for job in jobs:
            job.version = 1
            if (before := self._schedule.jobs.get(job.run_id)) is not None:
                job.place, job.seconds_to_wait = before.place, before.seconds_to_wait
                job.version = before.version + (job.row != before.row)
        schedule = self._made(queue_state, jobs, self._changed)
        schedule.keep_views_of(self._schedule)
        schedule.number_places()
        self._schedule = schedule
        self._changed.notify_all()

    def _beat(self) -> None:
        is_first = True
        while not self._closed.is_set():
            self._wake.clear()
            try:
                self._cluster.look()
                if is_first:
                    self._checkpoints.delete_stale({job.run_id for job in self._rows.look()})
                self._tend()
                is_first = False
            except UserError:
                log.warning("runs are not seen to just now", exc_info=True)
            except Exception:  # Dask has many for a scheduler that is gone
                log.exception("the cluster cannot be asked just now")
            self._wake.wait(BEAT)

    def _tend(self) -> None:
        """End the runs that nobody looks at, forget those that are over, and see to it that each other has a task."""
        with self.reading() as schedule:
            tasks = {job.task for job in schedule.jobs.values() if job.task}
        lost = self._cluster.unknown(tasks)
        given: dict[str, bool] = {}
        with shared_schedule.changing(self._rows, self._checkpoints, self._made) as schedule:
            schedule.end_expired()
            for job in schedule.jobs.values():
                wants_gpu = self._cluster.wants_gpu(job.experiment)
                if job.task in lost or (job.task.startswith(GPU_TASK) and not wants_gpu and not job.in_hand):
                    job.task = ""
                if job.state == "paused" and not job.task:
                    job.in_hand = False
                elif not job.task:
                    job.task = f"{GPU_TASK if wants_gpu else TASK}{job.run_id}-{secrets.token_hex(4)}"
                    given[job.task] = wants_gpu
        for task, wants_gpu in given.items():
            self._cluster.hand_over(task, drive, gpu=wants_gpu)
        self._forget()

    def _forget(self) -> None:
        """Delete the rows of runs that were stopped or failed a while ago."""
        now = self._clock()
        if gone := [run_id for run_id, since in self._over.items() if now - since > _SHOWN_SECONDS]:
            with self._rows.looking() as connection:
                self._rows.delete(connection, gone)
