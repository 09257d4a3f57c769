"""Drive runs in threads: each asks one run at a time for its next event."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from da_core.errors import DISK_IS_FULL, UserError, is_full_disk, is_out_of_memory
from da_core.events import Event, Finished, StageStarted
from da_core.experiment import Experiment
from da_core.jobs.checkpoint_store import CheckpointPlace, CheckpointStore
from da_core.jobs.scheduling.crashes import check_crashes, count_crashes
from da_core.jobs.scheduling.job import Job
from da_core.jobs.scheduling.limits import check_samples
from da_core.jobs.scheduling.run_view import RunState
from da_core.jobs.scheduling.schedule import Schedule
from da_core.jobs.store import Store
from da_core.settings import Settings
from da_core.system import freed_memory
from da_core.system.server_metrics import STAGE_SECONDS
from da_core.system.structured_logs import about_run

log = logging.getLogger(__name__)

RunFunction = Callable[..., Iterator[Event]]
"""``run(experiment, should_stop=…)``, as `da_core.run.run`; with ``checkpoint=…`` where checkpoints are kept."""

TAKEN_UP = "Another server has taken over this run; open its link again in a while."


@dataclass(frozen=True)
class Capacity:
    """The number of runs that this process can train at the same time just now.

    With ``run_beside`` a single run has the machine to itself, and runs of studies share it: so they are run then.
    """

    count: Callable[[], int]
    run_beside: RunFunction | None = None


_IDLE_LOOK = 5.0
"""Seconds after which an idle worker looks for runs whose lease is over."""
_SWITCH_SECONDS = 1e-4
"""Seconds between changes of thread: at Python's 5 ms a busy page slows torch thirtyfold."""


def imported_run(experiment: Experiment, *, should_stop: Callable[[], bool], **options: Any) -> Iterator[Event]:
    """Import `da_core.run.run` and call it: in the worker's thread, since torch comes with it."""
    from da_core.run import run

    return run(experiment, should_stop=should_stop, **options)


def run_function(limits: Settings) -> RunFunction:
    """Choose how runs are driven: in this process, or in children whose memory is limited."""
    if not limits.run_memory_mb:
        return imported_run
    from da_core.several_runs.child_runs import ChildRuns

    return ChildRuns(imported_run, megabytes=limits.run_memory_mb, kept=limits.workers)


@dataclass(eq=False)
class Workers:
    """Daemon threads that drive the runs of one schedule, as many as there is `Capacity` when `start` is called.

    ``record_begin`` writes down that a worker has a run in hand, before the run does anything: one that ends the whole
    process at once is known by that; ``is_ours`` tells whether its end is this process's to save. Without
    ``checkpoints`` a run that is interrupted begins again.
    """

    schedule: Schedule
    store: Store
    run: RunFunction
    room: Capacity
    record_begin: Callable[[Job], None]
    is_ours: Callable[[], bool]
    checkpoints: CheckpointStore | None
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Start those threads that have not begun yet, and have all look again whether a run can begin."""
        sys.setswitchinterval(_SWITCH_SECONDS)
        with self.schedule.changed:
            self.schedule.changed.notify_all()
            while len(self._threads) < self.room.count():
                thread = threading.Thread(target=self._work, name=f"run-worker-{len(self._threads) + 1}", daemon=True)
                self._threads.append(thread)
                thread.start()

    @property
    def alive(self) -> bool:
        """True if every thread that has begun is there to go on."""
        return all(thread.is_alive() for thread in self._threads)

    def join(self, timeout: float) -> None:
        """Wait for the threads of a closed schedule, at most ``timeout`` seconds in all."""
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0.0))

    def _work(self) -> None:
        schedule = self.schedule
        while True:
            with schedule.changed:
                while not (schedule.can_begin() or schedule.abandoned or schedule.closed):
                    schedule.changed.wait(_IDLE_LOOK)
                    schedule.end_expired()
                schedule.end_expired()
                job = schedule.next()
            self._close_abandoned()
            if job is not None:
                with about_run(job.run_id):
                    self.drive(job)
                freed_memory.give_back()
            elif schedule.closed:
                return

    def drive(self, job: Job) -> None:
        """Drive a run that is in hand to its end, or to a pause."""
        state: RunState = "done"
        try:
            crashes = count_crashes(job, self.checkpoints)  # no lock is held while the storage is asked
            with self.schedule.changed:
                self.schedule.note_crashes(job, crashes)
            check_crashes(job)
            self.record_begin(job)
            ending = self._listen(job)
            if ending == "put aside":
                return
            if ending == "stopped":
                state = "cancelled"
            elif self.is_ours():
                self._save(job, ending)
            else:
                state = "cancelled"
                job.error = UserError(TAKEN_UP)
        except Exception as error:
            state = "failed"
            job.error = _explained(error, job.run_id)
        if job.events is not None:
            _close(job.events)
        with self.schedule.changed:
            self.schedule.put_down(job)
            self.schedule.conclude(job, state)

    def _listen(self, job: Job) -> Finished | Literal["stopped", "put aside"]:
        """Apply a run's events until the last one, or until somebody wants the run stopped or paused."""
        schedule = self.schedule
        if job.events is None:
            job.events = self._begin(job)
        for event in job.events:
            with schedule.changed:
                schedule.apply(job, event)
                schedule.end_expired()
                if job.state == "stopping":
                    return "stopped"
                if isinstance(event, Finished):
                    return event
                if job.state == "paused":
                    schedule.put_down(job)
                    return "put aside"
            if isinstance(event, StageStarted):
                check_samples(job.experiment)  # once they are loaded it is known how many there are
            self._close_abandoned()
        raise RuntimeError("the run ended without a result")

    def _begin(self, job: Job) -> Iterator[Event]:
        run = self.run
        if self.room.run_beside is not None and job.low_priority and self.room.count() > 1:
            run = self.room.run_beside
        if self.checkpoints is None:
            return run(job.experiment, should_stop=job.finish_early.is_set)
        place = CheckpointPlace(self.checkpoints, job.run_id, job.attempt)
        return run(job.experiment, should_stop=job.finish_early.is_set, checkpoint=place)

    def _save(self, job: Job, finished: Finished) -> None:
        history, result = job.history.events(), finished.result
        if job.cut is not None:
            result = result.model_copy(update={"notices": [*result.notices, job.cut]})
        notice = self.store.save(job.run_id, job.experiment, result, finished.evidence, history, tuple(job.owners))
        for stage, seconds in finished.result.seconds.items():
            STAGE_SECONDS.labels(stage).observe(seconds)
        if notice is not None:
            with self.schedule.changed:
                job.apply(notice)  # shown with the next change, which is the run's end

    def _close_abandoned(self) -> None:
        with self.schedule.changed:
            abandoned, self.schedule.abandoned = self.schedule.abandoned, []
        for events in abandoned:
            _close(events)


def _close(events: Iterator[Event]) -> None:
    if isinstance(events, Generator):
        try:
            events.close()
        except Exception:
            log.exception("a run did not close cleanly")


def _explained(error: Exception, run_id: str) -> UserError:
    """Explain an exception of a run in one sentence.

    The exceptions of torch are recognised by name and text, so that torch need not be imported here.
    """
    if isinstance(error, UserError):
        # a new one, because the one that was raised holds on to the run's frames, and so to its network and its data
        return UserError(error.message, **error.values)
    log.error("run %s failed", run_id, exc_info=error)
    if type(error).__name__ == "OutOfMemoryError":
        return UserError("The GPU ran out of memory; choose a smaller batch or network.")
    if is_out_of_memory(error):
        return UserError("The server ran out of memory; choose a smaller batch or network.")
    if is_full_disk(error):
        return UserError(DISK_IS_FULL)
    return UserError(
        "Something went wrong inside run {run}; try again, and if it fails again, contact the administrator.",
        run=run_id,
    )
