"""What lets runs outlive their server: the thread that records them as rows, and takes over what others left."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from pydantic import ValidationError

from da_core.errors import UserError
from da_core.jobs.checkpoint_store import CheckpointStore
from da_core.jobs.scheduling.job import Job
from da_core.jobs.scheduling.run_view import RunState, RunView, Shown
from da_core.jobs.scheduling.schedule import Schedule
from da_core.jobs.store import Store

if TYPE_CHECKING:
    from da_core.jobs.database.live_runs import KeptState, LiveRun, LiveRuns

log = logging.getLogger(__name__)

BEAT = 5.0
"""Seconds between two signs of life, and two looks for runs of servers that are gone."""


class Keeper:
    """Keeps the rows of one schedule's runs. Where the database does not answer, runs go on without."""

    def __init__(
        self,
        schedule: Schedule,
        store: Store,
        live_runs: LiveRuns,
        checkpoints: CheckpointStore | None,
        start_workers: Callable[[], None],
    ) -> None:
        self._schedule = schedule
        self._store = store
        self._live_runs = live_runs
        self._checkpoints = checkpoints
        self._start_workers = start_workers
        self._changed = threading.Event()
        self._closed = threading.Event()
        self._recording = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin with the signs of life, unless they have begun."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._beat, name="run-keeper", daemon=True)
            self._thread.start()

    def note_change(self) -> None:
        """Have the rows follow a change soon, without waiting for it."""
        self._changed.set()

    def record(self) -> None:
        """Make the rows those of the schedule's runs now; the checkpoints of those that are over go with their rows."""
        with self._recording:
            with self._schedule.changed:
                runs = [_row_of(job) for job in self._schedule.jobs.values() if job.state != "stopping"]
            try:
                over = self._live_runs.record(runs)
            except UserError:
                log.warning("runs that are not over are not recorded just now", exc_info=True)
                return
            if self._checkpoints is not None:
                for run_id in over:
                    self._checkpoints.delete(run_id)

    def take_over(self) -> None:
        """Queue the runs that servers which are gone have left."""
        with self._recording:
            try:
                found = self._live_runs.take_over()
            except UserError:
                log.warning("runs that other servers left cannot be read just now", exc_info=True)
                return
            # a run that was saved just before its server went is over, and its row goes with the next record
            left = [run for run in found if self._store.load(run.run_id) is None]
            with self._schedule.changed:
                if self._schedule.closed or not left:
                    return
                for run in left:
                    log.info("run %s is taken over, attempt %d", run.run_id, run.attempt)
                    self._schedule.add(_job_of(run))
                self._start_workers()

    def view_elsewhere(self, run_id: str) -> RunView | None:
        """View a run that another server drives, as of its last sign of life; None if there is none."""
        try:
            run = self._live_runs.find(run_id)
            if run is None or run.shown is None:
                return None
            shown = Shown.model_validate_json(run.shown)
        except (UserError, ValidationError):
            log.warning("run %s of another server cannot be shown", run_id, exc_info=True)
            return None
        return shown.view(run_id, run.experiment, run.submitted_at, len(run.owners))

    def wins_end(self, job: Job) -> bool:
        """Tell whether a run that came to its end is still this server's; without the database it is."""
        try:
            return self._live_runs.win_end(_row_of(job))
        except UserError:
            log.warning("run %s ends without its row", job.run_id, exc_info=True)
            return True

    def close(self) -> None:
        """Leave the runs that are not over to the next server."""
        self._closed.set()
        self._changed.set()
        if self._thread is not None:
            self._thread.join(BEAT)
        self.record()
        try:
            self._live_runs.leave()
        except UserError:
            log.warning("the next server will find this one's runs only after a while", exc_info=True)

    def _beat(self) -> None:
        self._clear_checkpoints()
        while not self._closed.is_set():
            self.take_over()
            self.record()
            self._changed.wait(BEAT)
            self._changed.clear()

    def _clear_checkpoints(self) -> None:
        """Delete what servers have left that could not say that a run was over."""
        if self._checkpoints is not None:
            try:
                self._checkpoints.delete_stale(self._live_runs.run_ids())
            except UserError:
                log.warning("checkpoints that were left over stay for now", exc_info=True)


def _row_of(job: Job) -> LiveRun:
    from da_core.jobs.database.live_runs import LiveRun

    begun: KeptState = "queued" if job.started_at is None else "running"
    state: KeptState = "paused" if job.state == "paused" else begun
    owners = tuple(job.owners)
    shown = Shown.of(job.view()).model_dump_json()
    return LiveRun(job.run_id, job.experiment, owners, state, job.submitted_at, job.attempt, job.behind, shown)


def _job_of(run: LiveRun) -> Job:
    state: RunState = "paused" if run.state == "paused" else "queued"
    job = Job(run.run_id, run.experiment, list(run.owners), seen=0.0, state=state, attempt=run.attempt)
    job.submitted_at, job.behind = run.submitted_at, run.behind
    if run.state == "running":
        job.interrupted, job.started_at = True, run.submitted_at  # what has begun goes on before others begin
    return job
