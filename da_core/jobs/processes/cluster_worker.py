"""Train on a worker of the cluster the runs whose turn it is, or one run of a command."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from da_core.errors import UserError
from da_core.events import Finished
from da_core.experiment import Experiment
from da_core.jobs.checkpoint_store import CheckpointStore, checkpoint_store
from da_core.jobs.processes import shared_schedule
from da_core.jobs.scheduling.fair_queue import QueueState
from da_core.jobs.scheduling.job import Job
from da_core.jobs.scheduling.live_runs import LiveRuns
from da_core.jobs.scheduling.run_view import RunState
from da_core.jobs.scheduling.schedule import Schedule
from da_core.jobs.scheduling.workers import TAKEN_UP, Capacity, RunFunction, Workers, run_function
from da_core.jobs.store import Store, store
from da_core.settings import settings
from da_core.system import freed_memory
from da_core.system.child_main import portable
from da_core.system.structured_logs import about_run

log = logging.getLogger(__name__)

TASK, GPU_TASK = "run-", "gpu-"
"""How the keys of tasks begin: a worker with a GPU gets those that may use one."""
REPORT_SECONDS = 1.0
"""Seconds between two times at which a run's row is written, and read for what is row of the run."""


def drive(task: str) -> None:
    """Train the run whose turn it is, and then the next, until none waits; the worker's settings say where they are."""
    kept, limits = store(), settings()
    driver = ClusterDriver(
        LiveRuns(lambda: kept.database),
        kept,
        checkpoint_store(),
        run_function(limits),
        limits.run_minutes and limits.run_minutes * 60,
    )
    driver.drive(task)


@dataclass(frozen=True)
class ClusterDriver:
    """Trains one run at a time as a thread of a web server would, in step with its row."""

    rows: LiveRuns
    store: Store
    checkpoints: CheckpointStore
    run: RunFunction
    run_seconds: float | None = None

    def drive(self, task: str) -> None:
        """Train the run whose turn it is, and then the next, until none waits."""
        is_ours = True
        while is_ours and (job := self._take(task)) is not None:
            with about_run(job.run_id):
                is_ours = self._train(job)
            freed_memory.give_back()

    def _changing(self) -> AbstractContextManager[Schedule]:
        """Hold the schedule alone over all servers and workers."""

        def made(queue_state: QueueState, jobs: list[Job]) -> Schedule:
            schedule = Schedule(math.inf, time.monotonic, one_process=False, queue_state=queue_state)
            schedule.load(jobs)
            return schedule

        return shared_schedule.changing(self.rows, self.checkpoints, made)

    def _take(self, task: str) -> Job | None:
        """Take the run that this task had on a worker which is gone, or the one whose turn it is; None without one."""
        with self._changing() as schedule:
            own = next((job for job in schedule.jobs.values() if job.task == task), None)
            job = own if own is not None and own.in_hand and self._goes_on(schedule, own) else None
            if job is None:
                kind = task[: len(TASK)]
                job = next((one for one in schedule.in_turn() if one.task.startswith(kind)), None)
            if job is None:
                return None
            if own is not None and own is not job:
                own.task = job.task
            job.task = task
            job.attempt += job.has_begun
            schedule.hand_out(job)
            return job

    def _goes_on(self, schedule: Schedule, job: Job) -> bool:
        """Put down a run whose worker is gone; tell whether it is to be trained further."""
        schedule.put_down(job)
        if job.state == "running" and not self.store.is_kept(job.run_id):
            job.crashes += 1
            return True
        if job.state == "paused":
            job.task = ""
        else:
            _drop(schedule, job, "cancelled" if job.state == "stopping" else "done")
        return False

    def _train(self, job: Job) -> bool:
        """Train a run to its end or until it is paused, in step with its row; tell whether that was ours to do."""
        schedule = Schedule(math.inf, time.monotonic, run_seconds=self.run_seconds, one_process=False)
        schedule.load([job])
        job.taken_at = schedule.clock()
        workers = Workers(
            schedule,
            self.store,
            self.run,
            Capacity(lambda: 1),
            lambda _job: None,
            lambda: self._report(schedule, job),
            self.checkpoints,
        )
        is_over = threading.Event()

        def keep_in_step() -> None:
            while not is_over.wait(REPORT_SECONDS):
                self._report(schedule, job)

        thread = threading.Thread(target=keep_in_step, name="report", daemon=True)
        thread.start()
        try:
            workers.drive(job)
        finally:
            is_over.set()
            thread.join()
        if isinstance(job.events, Generator):
            job.events.close()
        return self._put_back(job)

    def _report(self, schedule: Schedule, job: Job) -> bool:
        """Write down how far a run is, and do what is row of it; tell whether it is this attempt's still."""
        with schedule.changed:
            values = self.rows.report_of(job) | {"crashes": job.crashes}
        try:
            row = self.rows.report(job.run_id, job.attempt, values)
        except UserError:
            log.warning("run %s goes on without its row", job.run_id, exc_info=True)
            return True
        with schedule.changed:
            if job.run_id not in schedule.jobs:
                return row is not None
            if row is None:
                schedule.end(job, UserError(TAKEN_UP))
                return False
            job.owners = row.owners
            if row.finish_early.is_set():
                job.finish_early.set()
            if row.state == "stopping":
                schedule.end(job, row.error)
            elif row.state == "paused" and job.state == "running":
                schedule.pause(job)
            elif row.state == "running" and job.state == "paused":
                schedule.resume(job)
        return True

    def _put_back(self, job: Job) -> bool:
        """Write down how a run ended, or that it is put aside; False where another attempt has it by now."""
        with self._changing() as schedule:
            row = schedule.jobs.get(job.run_id)
            if row is None or row.attempt != job.attempt:
                return False
            schedule.put_down(row)
            if job.state in ("done", "cancelled", "failed"):
                row.error, row.history, row.notices = job.error, job.history, job.notices
                _drop(schedule, row, job.state)
            else:
                row.task = ""
                if row.state == "running":  # it was resumed meanwhile
                    row.state = "queued"
        for owner in set(row.owners) - set(job.owners) if job.state == "done" else ():
            self.store.keep(job.run_id, owner)  # who has joined while it was saved
        return True


def _drop(schedule: Schedule, job: Job, state: RunState) -> None:
    """Take a run that is over out of the schedule."""
    job.state = state
    del schedule.jobs[job.run_id]


def finish(run: RunFunction, experiment: Experiment, stopped: str) -> Finished:
    """Run one experiment of a command to its end, unless the flag of this name is set meanwhile."""
    from distributed import Event as Flag

    flag, next_look = Flag(stopped), time.monotonic()  # type: ignore[no-untyped-call]
    try:
        for event in run(experiment, should_stop=lambda: False):
            if isinstance(event, Finished):
                return event
            if time.monotonic() > next_look:
                if flag.is_set():  # type: ignore[no-untyped-call]
                    break
                next_look = time.monotonic() + REPORT_SECONDS
    except Exception as error:
        if not isinstance(error, UserError):
            log.exception("a run failed on this worker")
        raise portable(error) from None
    raise RuntimeError("the run ended without a result")
