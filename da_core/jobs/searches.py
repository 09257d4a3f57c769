"""Searches in the background: each hands its runs to the queue one at a time, so that others come in between."""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from da_core.errors import UserError
from da_core.experiment import MethodSpec
from da_core.jobs.queue import Queue, queue
from da_core.jobs.scheduling.limits import check_limits
from da_core.jobs.store import Store, store
from da_core.search import Search, Tried, next_method
from da_core.settings import settings

if TYPE_CHECKING:
    from da_core.jobs.database.kept_searches import SearchState

log = logging.getLogger(__name__)

_KEPT = 50
_AT_ONCE = 4
"""Searches that run at the same time, of all visitors together; each has one run in the queue."""


@dataclass(frozen=True)
class SearchView:
    """A search as it is now. ``current`` is the live run's method and id; ``pausing`` that it is the last for now."""

    search: Search
    state: SearchState
    tried: tuple[Tried, ...]
    current: tuple[MethodSpec, str] | None = None
    pausing: bool = False
    error: UserError | None = None


@dataclass(eq=False)
class SearchJob:
    """A search that its thread, and whoever stops it, may still change."""

    search: Search
    owner: str
    tried: list[Tried] = field(default_factory=list)
    state: SearchState = "running"
    current: tuple[MethodSpec, str] | None = None
    error: UserError | None = None
    pause: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)


class Searches:
    """The last search of each visitor of one server. Safe to use from many threads.

    What was tried is written down after every run, and what comes next depends on that alone (`da_core.search`): one
    that was paused, stopped or cut off by a restart goes on where it was, once it is started again. A run that the
    store or the queue has already is taken from there. While a search is running, its run's lease is renewed although
    nobody looks at it.
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
        self._jobs: OrderedDict[str, SearchJob] = OrderedDict()
        self._lock = threading.Lock()

    def start(self, search: Search, owner: str, *, localhost_only: bool = False) -> None:
        """Start a search, or go on with the owner's last one if it is the same, whatever its budget.

        Raises `UserError` where too many are going.
        """
        before = self.latest(owner)
        tried = list(before.tried) if before is not None and before.search.has_the_runs_of(search) else []
        with self._lock:
            running = [job for job in self._jobs.values() if job.state == "running"]
            if any(job.owner == owner and job.search == search for job in running):
                return
            if any(job.owner == owner for job in running):
                raise UserError("You have a search that is still going; stop it before you start another.")
            if len(running) >= _AT_ONCE:
                raise UserError(
                    "{count} searches are going, which is all that this server takes; try again later.",
                    count=len(running),
                )
            job = self._keep(SearchJob(search, owner, tried))
        self._write_down(job)
        threading.Thread(target=self._conduct, args=(job, localhost_only), name="search", daemon=True).start()

    def latest(self, owner: str) -> SearchView | None:
        """View the owner's last search, so that a reload finds it again; None if there is none."""
        with self._lock:
            job = self._jobs.get(owner)
        job = job or self._restore(owner)
        if job is None:
            return None
        with self._lock:
            return SearchView(job.search, job.state, tuple(job.tried), job.current, job.pause.is_set(), job.error)

    def pause(self, owner: str) -> None:
        """Have the owner's search end with the run that is going; nothing that has begun is lost."""
        with self._lock:
            job = self._jobs.get(owner)
        if job is not None and job.state == "running":
            job.pause.set()

    def stop(self, owner: str) -> None:
        """Stop the owner's search, and the run that is going; the runs that have finished stay."""
        with self._lock:
            job = self._jobs.get(owner)
        if job is None or job.state != "running":
            return
        job.stop.set()
        if (current := job.current) is not None:
            self._queue().stop(current[1], owner)

    def _restore(self, owner: str) -> SearchJob | None:
        """Read the owner's last search; one that was running is not any more."""
        from da_core.jobs.database.kept_searches import last_search  # SQLAlchemy comes with it

        try:
            kept = last_search(self._store().database, owner)
        except UserError:
            log.warning("the searches before cannot be read", exc_info=True)
            return None
        if kept is None:
            return None
        state: SearchState = "stopped" if kept.state == "running" else kept.state
        with self._lock:
            newer = self._jobs.get(owner)
            return newer or self._keep(SearchJob(kept.search, owner, list(kept.tried), state))

    def _keep(self, job: SearchJob) -> SearchJob:
        self._jobs[job.owner] = job
        self._jobs.move_to_end(job.owner)
        for owner in [one for one, kept in self._jobs.items() if kept.state != "running"][:-_KEPT]:
            del self._jobs[owner]
        return job

    def _write_down(self, job: SearchJob) -> None:
        from da_core.jobs.database.kept_searches import keep_search

        try:
            keep_search(self._store().database, job.owner, job.search, job.tried, job.state)
        except UserError:
            log.warning("a search is not known any more after a restart", exc_info=True)

    def _conduct(self, job: SearchJob, localhost_only: bool) -> None:
        try:
            state = self._all_runs(job, localhost_only)
        except UserError as error:
            job.error, state = error, "failed"
        except Exception:
            log.exception("a search failed")
            job.error, state = UserError("The search failed; start it again."), "failed"
        with self._lock:
            job.current, job.state = None, state
        self._write_down(job)

    def _all_runs(self, job: SearchJob, localhost_only: bool) -> SearchState:
        while (method := next_method(job.search, job.tried)) is not None:
            if job.stop.is_set():
                return "stopped"
            if job.pause.is_set():
                return "paused"
            tried = self._one_run(job, method, localhost_only)
            if tried is None:
                return "stopped"
            with self._lock:
                job.current = None
                job.tried.append(tried)
            self._write_down(job)
        return "done"

    def _one_run(self, job: SearchJob, method: MethodSpec, localhost_only: bool) -> Tried | None:
        """Have the queue do a run and note what came of it; None where somebody has stopped it or the search."""
        began = time.monotonic()
        experiment = job.search.experiment_of(method)
        try:
            check_limits(experiment)
        except UserError as error:  # settings that this server does not take are no reason to end the search
            return Tried.failed(method, error, 0.0)
        run_id = self._queue().submit(experiment, job.owner, localhost_only=localhost_only, behind=True)
        with self._lock:
            job.current = (method, run_id)
        view = None
        while view is None:
            if job.stop.is_set():
                self._queue().stop(run_id, job.owner)
                return None
            try:
                view = self._queue().wait(run_id, lambda view: not view.live, self._renew_seconds)
            except TimeoutError:
                self._queue().renew(run_id)
        record = self._store().load(run_id) if view.state == "done" else None
        if record is not None:
            return Tried.of(method, record.result, job.search.validator, sum(record.result.seconds.values()), run_id)
        if view.error is not None and not job.stop.is_set():
            return Tried.failed(method, view.error, time.monotonic() - began)
        return None


@functools.cache
def searches() -> Searches:
    """Return the searches of this process."""
    return Searches()
