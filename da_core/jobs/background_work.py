"""Work in the background that consists of many runs: one owner's study, search or benchmark."""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Literal

from da_core.errors import UserError
from da_core.jobs.queue import Queue, queue
from da_core.jobs.scheduling.limits import check_limits
from da_core.jobs.scheduling.run_view import RunView
from da_core.jobs.scheduling.schedule import OUT_OF_TIME
from da_core.jobs.store import Store, store
from da_core.settings import settings
from da_core.several_runs.run_plan import OutcomeT, PlanT, TaskT
from da_core.several_runs.search import Search
from da_core.several_runs.study import Study
from da_core.several_runs.trials import Trial, TrialOutcome
from da_core.several_runs.tried import SearchRun, Tried

log = logging.getLogger(__name__)

WorkState = Literal["running", "done", "paused", "stopped", "failed"]

_AT_ONCE = 4
"""Works of a kind that go at the same time on a server, of all visitors together."""
_BEAT_SECONDS = 15.0
"""Seconds between two signs of life, a quarter of those after which another server may go on with the work."""


@dataclass(frozen=True)
class WorkView(Generic[PlanT, TaskT, OutcomeT]):
    """A work as it is now. ``going`` are its live runs, as (task, run id).

    ``pausing`` says that these are the last for now, ``elsewhere`` that another server is at it: here it can be looked
    at, and no more.
    """

    plan: PlanT
    state: WorkState
    outcomes: tuple[OutcomeT, ...]
    going: tuple[tuple[TaskT, str], ...] = ()
    pausing: bool = False
    elsewhere: bool = False
    error: UserError | None = None

    @property
    def is_running(self) -> bool:
        """True while it goes on by itself."""
        return self.state == "running"


@dataclass(eq=False)
class WorkJob(Generic[PlanT, TaskT, OutcomeT]):
    """A work of this server that its thread may still change."""

    plan: PlanT
    owner: str
    outcomes: list[OutcomeT]
    state: WorkState = "running"
    going: tuple[tuple[TaskT, str], ...] = ()
    error: UserError | None = None
    pause: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)


class BackgroundWork(Generic[PlanT, TaskT, OutcomeT]):
    """Each visitor's last work of one kind, as one server knows it. Safe to use from many threads.

    While a work goes, its runs' leases are renewed although nobody looks at it. A work that another server is at is
    shown as going; once that has given no sign of life for `work_rows.SILENT_SECONDS`, it can be gone on with here.
    """

    kind: ClassVar[str]
    """Its name in the database, and its threads'."""
    plan_type: type[PlanT]
    outcome_type: type[OutcomeT]

    def __init__(
        self,
        queue: Callable[[], Queue] = queue,
        store: Callable[[], Store] = store,
        renew_seconds: float | None = None,
        server: str = "",
    ) -> None:
        from da_core.jobs.database.work_rows import WorkRows  # SQLAlchemy comes with it

        self._queue = queue
        self._store = store
        self._wait_seconds = min(renew_seconds or settings().lease_seconds / 3, _BEAT_SECONDS)
        self._kept = WorkRows(lambda: self._store().database, self.kind, server)
        self._jobs: dict[str, WorkJob[PlanT, TaskT, OutcomeT]] = {}
        self._lock = threading.Lock()

    def start(self, plan: PlanT, owner: str, *, localhost_only: bool = False) -> None:
        """Start a work, or go on with the owner's last one. Does nothing if it is going already.

        Raises `UserError` where the owner has another one that is going, or too many are.
        """
        before = self.latest(owner)
        outcomes: list[OutcomeT] = []
        if before is not None:
            outcomes += plan.outcomes_kept(
                before.plan,
                before.outcomes,
                is_over=before.state == "done",
                has_run=lambda run_id: self._store().load(run_id) is not None,
            )
        with self._lock:
            current = self._jobs.get(owner)
            running = sum(job.state == "running" for job in self._jobs.values())
            if current is not None and current.state == "running":
                if current.plan == plan:
                    return
                raise UserError("Yours is still running; stop it before you start another.")
            if running >= _AT_ONCE:
                raise UserError("This server runs {count} of these at a time; try again later.", count=running)
            job = self._jobs[owner] = WorkJob(plan, owner, outcomes)
        try:
            is_ours = self._kept.begin(owner, _written(job))
        except UserError:
            log.warning("a %s is not known any more after a restart", self.kind, exc_info=True)
            is_ours = True
        if not is_ours:
            with self._lock:
                del self._jobs[owner]
            raise UserError("Yours is still running on another server of this app; wait until it has ended.")
        threading.Thread(target=self._conduct, args=(job, localhost_only), name=self.kind, daemon=True).start()

    def latest(self, owner: str) -> WorkView[PlanT, TaskT, OutcomeT] | None:
        """View the owner's last work, so that a reload finds it again; None if there is none."""
        with self._lock:
            if (job := self._jobs.get(owner)) is not None:
                outcomes, pausing = tuple(job.outcomes), job.pause.is_set()
                return WorkView(job.plan, job.state, outcomes, job.going, pausing, error=job.error)
        try:
            kept = self._kept.find(owner)
        except UserError:
            log.warning("each %s from before cannot be read", self.kind, exc_info=True)
            return None
        return None if kept is None else self._read(kept.work, elsewhere=kept.elsewhere)

    def pause(self, owner: str) -> None:
        """Have the owner's work end with the runs that are going; nothing that has begun is lost."""
        if (job := self._running(owner)) is not None:
            job.pause.set()

    def stop(self, owner: str) -> None:
        """Stop the owner's work, and the runs that are going; those that have finished stay."""
        if (job := self._running(owner)) is not None:
            job.stop.set()
            self._stop_going(job)

    def _running(self, owner: str) -> WorkJob[PlanT, TaskT, OutcomeT] | None:
        with self._lock:
            job = self._jobs.get(owner)
            return job if job is not None and job.state == "running" else None

    def _read(self, work: dict[str, Any], *, elsewhere: bool) -> WorkView[PlanT, TaskT, OutcomeT] | None:
        """View a work that was written down; one that was going is not any more, unless another server is at it."""
        try:
            plan = self.plan_type.model_validate(work["plan"])
            outcomes = tuple(self.outcome_type.model_validate(one) for one in work["outcomes"])
            plan.check_known(outcomes)
        except (ValueError, KeyError):
            log.warning("a %s is left out", self.kind, exc_info=True)
            return None
        state: WorkState = work["state"]
        if state == "running" and not elsewhere:
            state = "stopped"
        error = UserError(work["problem"], **work["values"]) if work.get("problem") else None
        return WorkView(plan, state, outcomes, elsewhere=state == "running", error=error)

    def _conduct(self, job: WorkJob[PlanT, TaskT, OutcomeT], localhost_only: bool) -> None:
        error: UserError | None = None
        try:
            state = self._all_runs(job, localhost_only)
        except UserError as why:
            state, error = "failed", why
        except Exception:
            log.exception("a %s failed", self.kind)
            state, error = "failed", UserError("It failed; start it again. Finished runs are kept.")
        self._stop_going(job)
        with self._lock:
            job.going, job.state, job.error = (), state, error
        try:
            self._kept.write(job.owner, _written(job), is_over=True)
        except UserError:  # it stays here
            log.warning("how a %s ended is not known any more after a restart", self.kind, exc_info=True)
            return
        with self._lock:
            if self._jobs.get(job.owner) is job:
                del self._jobs[job.owner]

    def _all_runs(self, job: WorkJob[PlanT, TaskT, OutcomeT], localhost_only: bool) -> WorkState:
        """Keep as many runs in the queue as can train at the same time, until all are over."""
        while True:
            while not (job.stop.is_set() or job.pause.is_set()) and len(job.going) < max(1, self._queue().at_once):
                if (task := self._next(job)) is None:
                    break
                self._hand_over(job, task, localhost_only)
            if job.stop.is_set():
                return "stopped"
            if not job.going:
                return "paused" if job.pause.is_set() and self._next(job) is not None else "done"
            view = self._queue().wait_for_one([run_id for _, run_id in job.going], self._wait_seconds)
            for _, run_id in job.going:
                self._queue().renew(run_id)
            if view is not None and not self._note(job, view):
                return "stopped"
            if not self._is_ours_still(job):
                return "stopped"

    def _next(self, job: WorkJob[PlanT, TaskT, OutcomeT]) -> TaskT | None:
        return job.plan.next_task(job.outcomes, [task for task, _ in job.going])

    def _hand_over(self, job: WorkJob[PlanT, TaskT, OutcomeT], task: TaskT, localhost_only: bool) -> None:
        """Have the queue do a task's run. Only here does a task become a run."""
        experiment = job.plan.experiment_of(task)
        try:
            check_limits(experiment)
        except UserError as error:  # settings that this server does not take
            self._add(job, job.plan.failure_of(task, error, 0.0))
            return
        run_id = self._queue().submit(experiment, job.owner, localhost_only=localhost_only, low_priority=True)
        with self._lock:
            job.going = (*job.going, (task, run_id))

    def _note(self, job: WorkJob[PlanT, TaskT, OutcomeT], view: RunView) -> bool:
        """Record the end of a run; False where somebody has stopped it or the work."""
        (task,) = (task for task, run_id in job.going if run_id == view.run_id)
        with self._lock:
            job.going = tuple(one for one in job.going if one[1] != view.run_id)
        if any(notice.message == OUT_OF_TIME for notice in view.notices):  # it says nothing of its method
            error = UserError("A run took longer than this server allows; lower its epochs or samples.")
            self._add(job, job.plan.failure_of(task, error, _seconds(view)))
        elif view.state == "done" and (record := self._store().load(view.run_id)) is not None:
            self._add(job, job.plan.outcome_of(task, record.result, view.run_id))
        elif view.error is not None and not job.stop.is_set():
            self._add(job, job.plan.failure_of(task, view.error, _seconds(view)))
        else:
            return False
        return True

    def _add(self, job: WorkJob[PlanT, TaskT, OutcomeT], outcome: OutcomeT) -> None:
        with self._lock:
            job.outcomes.append(outcome)

    def _is_ours_still(self, job: WorkJob[PlanT, TaskT, OutcomeT]) -> bool:
        """Write down how far a work is; tell whether to go on. Where the database does not answer, it does."""
        try:
            return self._kept.write(job.owner, _written(job))
        except UserError:
            log.warning("how far a %s is cannot be written down just now", self.kind, exc_info=True)
            return True

    def _stop_going(self, job: WorkJob[PlanT, TaskT, OutcomeT]) -> None:
        for _, run_id in job.going:
            with suppress(UserError):  # it is over, or by now that of others alone
                self._queue().stop(run_id, job.owner)


def _written(job: WorkJob[Any, Any, Any]) -> dict[str, Any]:
    """Write a work as JSON has it, and `BackgroundWork._read` reads it."""
    return {
        "plan": job.plan.model_dump(mode="json"),
        "outcomes": [one.model_dump(mode="json") for one in job.outcomes],
        "state": job.state,
        "problem": "" if job.error is None else job.error.message,
        "values": {} if job.error is None else {name: str(value) for name, value in job.error.values.items()},
    }


def _seconds(view: RunView) -> float:
    """Return for how long a run has trained; 0 where it never began."""
    if view.started_at is None or view.finished_at is None:
        return 0.0
    return (view.finished_at - view.started_at).total_seconds()


StudyView = WorkView[Study, Trial, TrialOutcome]
SearchView = WorkView[Search, SearchRun, Tried]


class Studies(BackgroundWork[Study, Trial, TrialOutcome]):
    """The visitors' studies."""

    kind = "study"
    plan_type = Study
    outcome_type = TrialOutcome


class Searches(BackgroundWork[Search, SearchRun, Tried]):
    """The visitors' searches."""

    kind = "search"
    plan_type = Search
    outcome_type = Tried


@functools.cache
def studies() -> Studies:
    """Return the studies of this process."""
    return Studies()


@functools.cache
def searches() -> Searches:
    """Return the searches of this process."""
    return Searches()
