"""Studies in the background: each hands its runs to the queue one by one, so that others come in between."""

from __future__ import annotations

import functools
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from da_core.errors import UserError
from da_core.jobs.queue import Queue, queue
from da_core.jobs.store import Store, store
from da_core.settings import settings
from da_core.study import Study, Trial

log = logging.getLogger(__name__)

State = Literal["running", "done", "stopped", "failed"]
_KEPT = 50
_AT_ONCE = 4
"""Studies that go at the same time, of all visitors together; each has one run in the queue."""


@dataclass(frozen=True)
class StudyView:
    """A study as it is now. ``runs``: the finished runs' ids by (method, seed); ``current``: the one that goes."""

    study: Study
    state: State
    runs: Mapping[tuple[str, int], str]
    current: tuple[Trial, str] | None = None
    error: UserError | None = None


@dataclass(eq=False)
class StudyState:
    study: Study
    owner: str
    state: State = "running"
    runs: dict[tuple[str, int], str] = field(default_factory=dict)
    current: tuple[Trial, str] | None = None
    error: UserError | None = None
    stop: threading.Event = field(default_factory=threading.Event)


class Studies:
    """All studies of one server. Safe to use from many threads.

    The last ones are in memory; an older one, or one of an earlier life of the server, is put together again from the
    list of runs. A run that the store or the queue has already is taken from there, as for any visitor. While a study
    goes, its run is not ended for want of a viewer.
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
        self._studied: OrderedDict[tuple[str, str], StudyState] = OrderedDict()
        self._lock = threading.Lock()

    def start(self, study: Study, owner: str, *, localhost_only: bool = False) -> None:
        """Begin a study, unless the owner's same one goes already. Raises `UserError` where too many go."""
        with self._lock:
            going = [one for one in self._studied.values() if one.state == "running"]
            if any(one.owner == owner and one.study == study for one in going):
                return
            if any(one.owner == owner for one in going):
                raise UserError("You have a study that is still going; stop it before you start another.")
            if len(going) >= _AT_ONCE:
                raise UserError(
                    "{count} studies are going, which is all that this server takes; try again later.", count=len(going)
                )
            studied = StudyState(study, owner)
            self._keep(studied)
        try:
            self._store().database.remember_study(study, owner)
        except UserError:
            log.warning("a study goes that no later server will know", exc_info=True)
        thread = threading.Thread(target=self._conduct, args=(studied, localhost_only), name="study", daemon=True)
        thread.start()

    def latest(self, owner: str) -> StudyView | None:
        """The owner's newest study, so that a reload finds it again."""
        with self._lock:
            mine = [one for one in self._studied.values() if one.owner == owner]
        one = mine[-1] if mine else self._recalled(owner)
        if one is None:
            return None
        with self._lock:
            return StudyView(one.study, one.state, MappingProxyType(dict(one.runs)), one.current, one.error)

    def stop(self, owner: str) -> None:
        """End the owner's study; what has finished stays."""
        with self._lock:
            going = [one for one in self._studied.values() if one.owner == owner and one.state == "running"]
        for one in going:
            one.stop.set()
            if (current := one.current) is not None:
                self._queue().stop(current[1], owner)

    def _recalled(self, owner: str) -> StudyState | None:
        """The owner's last study as the store knows it."""
        try:
            study = self._store().database.last_study(owner)
        except UserError:
            log.warning("the studies before cannot be read", exc_info=True)
            return None
        if study is None:
            return None
        trials = study.trials()
        found = {(trial.method, trial.seed): self._store().find(trial.experiment) for trial in trials}
        runs = {which: run for which, run in found.items() if run is not None}
        one = StudyState(study, owner, "done" if len(runs) == len(trials) else "stopped", runs)
        with self._lock:
            newer = [other for other in self._studied.values() if other.owner == owner]
            return newer[-1] if newer else self._keep(one)

    def _keep(self, one: StudyState) -> StudyState:
        self._studied[one.owner, one.study.key] = one
        self._studied.move_to_end((one.owner, one.study.key))
        while len(self._studied) > _KEPT:
            self._studied.popitem(last=False)
        return one

    def _conduct(self, studied: StudyState, localhost_only: bool) -> None:
        try:
            state = self._all_runs(studied, localhost_only)
        except UserError as error:
            studied.error, state = error, "failed"
        except Exception:
            log.exception("a study failed")
            studied.error, state = UserError("The study failed; start it again."), "failed"
        with self._lock:
            studied.current, studied.state = None, state

    def _all_runs(self, studied: StudyState, localhost_only: bool) -> State:
        for trial in studied.study.trials():
            if studied.stop.is_set():
                return "stopped"
            run_id = self._queue().submit(trial.experiment, studied.owner, localhost_only=localhost_only)
            with self._lock:
                studied.current = (trial, run_id)
            view = None
            while view is None:
                if studied.stop.is_set():
                    self._queue().stop(run_id, studied.owner)
                    return "stopped"
                try:
                    view = self._queue().wait(run_id, lambda view: not view.live, self._renew_seconds)
                except TimeoutError:
                    self._queue().renew(run_id)
            if view.state != "done":
                if view.error is not None:
                    raise view.error
                return "stopped"
            with self._lock:
                studied.runs[trial.method, trial.seed] = run_id
        return "done"


@functools.cache
def studies() -> Studies:
    """The studies of this process."""
    return Studies()
