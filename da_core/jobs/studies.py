"""Studies in the background: each hands the queue as many runs as can train at once, so that others come in between."""

from __future__ import annotations

import functools
import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from da_core.errors import UserError
from da_core.jobs.queue import Queue, queue
from da_core.jobs.scheduling.schedule import OUT_OF_TIME
from da_core.jobs.store import Store, store
from da_core.settings import settings
from da_core.study import Study, Trial

log = logging.getLogger(__name__)

StudyState = Literal["running", "done", "stopped", "failed"]
_KEPT = 50
_AT_ONCE = 4
"""Studies that run at the same time, of all visitors together."""


@dataclass(frozen=True)
class StudyView:
    """A study as it is now. ``runs`` are the finished runs' ids by (method, seed), ``current`` are the live ones.

    A run of which nothing is random stands at every seed.
    """

    study: Study
    state: StudyState
    runs: Mapping[tuple[str, int], str]
    current: tuple[tuple[Trial, str], ...] = ()
    error: UserError | None = None


@dataclass(eq=False)
class StudyJob:
    """A study that its thread, and whoever stops it, may still change."""

    study: Study
    owner: str
    state: StudyState = "running"
    runs: dict[tuple[str, int], str] = field(default_factory=dict)
    current: tuple[tuple[Trial, str], ...] = ()
    error: UserError | None = None
    stop: threading.Event = field(default_factory=threading.Event)


class Studies:
    """All studies of one server. Safe to use from many threads.

    The last ones are in memory; an older one, or one from before the server was restarted, is put together again from
    the list of runs. A run that the store or the queue has already is taken from there, as for any visitor. While a
    study is running, its runs' leases are renewed although nobody looks at it.
    """

    def __init__(
        self,
        queue: Callable[[], Queue] = queue,
        store: Callable[[], Store] = store,
        renew_seconds: float | None = None,
    ) -> None:
        self._queue = queue
        self._store = store
        self._renew_seconds = renew_seconds or settings().lease_seconds / 3
        self._jobs: OrderedDict[tuple[str, str], StudyJob] = OrderedDict()
        self._lock = threading.Lock()

    def start(self, study: Study, owner: str, *, localhost_only: bool = False) -> None:
        """Start a study, unless the owner's same one is running already. Raises `UserError` where too many are."""
        with self._lock:
            running = [job for job in self._jobs.values() if job.state == "running"]
            if any(job.owner == owner and job.study == study for job in running):
                return
            if any(job.owner == owner for job in running):
                raise UserError("You have a study that is still going; stop it before you start another.")
            if len(running) >= _AT_ONCE:
                raise UserError(
                    "{count} studies are going, which is all that this server takes; try again later.",
                    count=len(running),
                )
            job = self._keep(StudyJob(study, owner))
        try:
            self._store().database.remember_study(study, owner)
        except UserError:
            log.warning("a study is not known any more after a restart", exc_info=True)
        threading.Thread(target=self._conduct, args=(job, localhost_only), name="study", daemon=True).start()

    def latest(self, owner: str) -> StudyView | None:
        """View the owner's newest study, so that a reload finds it again; None if there is none."""
        with self._lock:
            mine = [job for job in self._jobs.values() if job.owner == owner]
        job = mine[-1] if mine else self._restore(owner)
        if job is None:
            return None
        with self._lock:
            return StudyView(job.study, job.state, MappingProxyType(dict(job.runs)), job.current, job.error)

    def stop(self, owner: str) -> None:
        """Stop the owner's study; the runs that have finished stay."""
        with self._lock:
            running = [job for job in self._jobs.values() if job.owner == owner and job.state == "running"]
        for job in running:
            job.stop.set()
            self._stop_current(job)

    def _restore(self, owner: str) -> StudyJob | None:
        """Put the owner's last study together from the list of runs."""
        try:
            study = self._store().database.last_study(owner)
        except UserError:
            log.warning("the studies before cannot be read", exc_info=True)
            return None
        if study is None:
            return None
        trials = study.trials()
        found = [(trial, self._store().find(trial.experiment)) for trial in trials]
        runs = {(trial.method, seed): run for trial, run in found if run is not None for seed in trial.seeds}
        job = StudyJob(study, owner, "done" if all(run for _, run in found) else "stopped", runs)
        with self._lock:
            newer = [other for other in self._jobs.values() if other.owner == owner]
            return newer[-1] if newer else self._keep(job)

    def _keep(self, job: StudyJob) -> StudyJob:
        self._jobs[job.owner, job.study.key] = job
        self._jobs.move_to_end((job.owner, job.study.key))
        while len(self._jobs) > _KEPT:
            self._jobs.popitem(last=False)
        return job

    def _conduct(self, job: StudyJob, localhost_only: bool) -> None:
        try:
            state = self._all_runs(job, localhost_only)
        except UserError as error:
            job.error, state = error, "failed"
        except Exception:
            log.exception("a study failed")
            job.error, state = UserError("The study failed; start it again."), "failed"
        with self._lock:
            job.current, job.state = (), state

    def _all_runs(self, job: StudyJob, localhost_only: bool) -> StudyState:
        """Keep as many runs in the queue as can train at the same time, until all are over.

        Seeds that can train together are one job of the queue, under the first one's run.
        """
        trials, together = deque(job.study.trials()), dict[str, list[Trial]]()
        while True:
            while trials and len(job.current) < max(1, self._queue().at_once) and not job.stop.is_set():
                trial = trials.popleft()
                others = self._take_seeds(trial, trials)
                run_id = self._queue().submit(
                    trial.experiment,
                    job.owner,
                    localhost_only=localhost_only,
                    behind=True,
                    beside=[other.experiment for other in others],
                )
                together[run_id] = others
                with self._lock:
                    job.current = (*job.current, (trial, run_id))
            if job.stop.is_set():
                self._stop_current(job)
                for others in together.values():
                    self._collect(job, others)
                return "stopped"
            if not job.current:
                return "done"
            view = self._queue().wait_for_one([run_id for _, run_id in job.current], self._renew_seconds)
            for _, run_id in job.current:
                self._queue().renew(run_id)
            if view is None:
                continue
            (trial,) = (trial for trial, run_id in job.current if run_id == view.run_id)
            with self._lock:
                job.current = tuple(one for one in job.current if one[1] != view.run_id)
            trials.extendleft(self._collect(job, together.pop(view.run_id)))
            if view.state != "done":
                self._stop_current(job)
                if view.error is not None:
                    raise view.error
                return "stopped"
            if any(notice.message == OUT_OF_TIME for notice in view.notices):
                raise UserError(
                    "A run of this study took longer than this server gives one, so the study ended; lower its epochs "
                    "or samples."
                )
            with self._lock:
                job.runs |= {(trial.method, seed): view.run_id for seed in trial.seeds}

    def _take_seeds(self, trial: Trial, trials: deque[Trial]) -> list[Trial]:
        """Take those out of ``trials`` that can train with this one; none where this one is not to be trained."""
        from da_core.training.batched import can_train_together

        def is_new(one: Trial) -> bool:
            return self._store().find(one.experiment) is None

        if not (self._queue().takes_seeds and can_train_together(trial.experiment) and is_new(trial)):
            return []
        others = [one for one in trials if one.method == trial.method and is_new(one)]
        for one in others:
            trials.remove(one)
        return others

    def _collect(self, job: StudyJob, trials: list[Trial]) -> list[Trial]:
        """Take over the runs that were trained beside another; return the trials that have none yet, last first."""
        found = [(trial, self._store().find(trial.experiment)) for trial in trials]
        with self._lock:
            job.runs |= {(trial.method, seed): run for trial, run in found if run is not None for seed in trial.seeds}
        return [trial for trial, run in reversed(found) if run is None]

    def _stop_current(self, job: StudyJob) -> None:
        for _, run_id in job.current:
            self._queue().stop(run_id, job.owner)


@functools.cache
def studies() -> Studies:
    """Return the studies of this process."""
    return Studies()
