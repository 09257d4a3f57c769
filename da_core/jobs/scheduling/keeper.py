"""What lets runs outlive their server: the thread that records them as rows, and takes over what others left."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pydantic import ValidationError

from da_core.errors import UserError
from da_core.jobs.checkpoint_store import CheckpointStore
from da_core.jobs.database.wish import Control, Join
from da_core.jobs.owners import OwnerDigest
from da_core.jobs.scheduling.controls import RunElsewhere, is_due
from da_core.jobs.scheduling.job import Job
from da_core.jobs.scheduling.run_view import RunState, RunView, Shown
from da_core.jobs.scheduling.schedule import Schedule
from da_core.jobs.store import Store

if TYPE_CHECKING:
    from da_core.jobs.database.live_runs import KeptState, LiveRun, LiveRuns, OtherRun

log = logging.getLogger(__name__)

BEAT = 2.0
"""Seconds between two signs of life, and two looks for wishes and for runs of servers that are gone."""
_TOLD_SECONDS = 60.0
"""So long other servers can tell how a run ended that was stopped or failed."""
_RENEWALS = 6
"""So many times in a lease another server is told at most that somebody looks at its run."""


class Keeper:
    """Keeps the rows of one schedule's runs. Where the database does not answer, runs go on without.

    ``admission`` is held where rows and schedule are made to agree, and by whoever takes in a run; the schedule's own
    lock comes after it.
    """

    def __init__(
        self,
        schedule: Schedule,
        store: Store,
        live_runs: LiveRuns,
        checkpoints: CheckpointStore | None,
        start_workers: Callable[[], None],
        admission: threading.RLock,
    ) -> None:
        self._schedule = schedule
        self._store = store
        self._live_runs = live_runs
        self._checkpoints = checkpoints
        self._start_workers = start_workers
        self._changed = threading.Event()
        self._closed = threading.Event()
        self._recording = admission
        self._fulfilled: set[str] = set()
        """Wishes that the schedule follows, and whose rows are still there."""
        self._renewed: dict[str, float] = {}
        self._recorded: set[str] = set()
        self._told: dict[str, tuple[float, LiveRun]] = {}
        """Runs that were stopped or failed, and when they were."""
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
        """Do what was asked through other servers, and make the rows those of the schedule's runs now.

        The checkpoints of runs that are over go with their rows.
        """
        with self._recording:
            self._fulfil()
            with self._schedule.changed:
                told_before = set(self._told)
                runs = [_row_of(job) for job in self._schedule.jobs.values()] + self._lately_over()
                self._recorded = set(self._schedule.jobs)
            over: list[str] = []
            try:
                over = self._live_runs.record(runs, self._fulfilled)
                self._fulfilled.clear()
            except UserError:
                log.warning("runs that are not over are not recorded just now", exc_info=True)
        self._hear()
        if self._checkpoints is not None:  # the storage may take its time, and meanwhile others are taken in
            for run_id in over:
                if run_id not in told_before:
                    self._checkpoints.delete(run_id)

    def _hear(self) -> None:
        """Look what other servers have; where that cannot be told this server goes on as if it were alone."""
        others: Sequence[OtherRun] = ()
        try:
            others = self._live_runs.look_elsewhere()
        except UserError:
            log.warning("runs of other servers cannot be read just now", exc_info=True)
        with self._schedule.changed:
            self._schedule.hear(others)

    def _lately_over(self) -> list[LiveRun]:
        """Make rows of the runs that were stopped or failed lately."""
        now = self._schedule.clock()
        for run_id in self._recorded - self._schedule.jobs.keys():
            view = self._schedule.view(run_id)
            if view is not None and view.state in ("cancelled", "failed"):
                self._told[run_id] = (now, _row_of_ended(view))
        self._told = {run_id: told for run_id, told in self._told.items() if now - told[0] < _TOLD_SECONDS}
        return [row for _, row in self._told.values()]

    def record_begin(self, job: Job) -> None:
        """Write down at once that a worker has a run in hand; without the database it begins all the same."""
        with self._recording:
            with self._schedule.changed:
                row = _row_of(job)
            try:
                self._live_runs.update(row)
            except UserError:
                log.warning("run %s begins without its row", job.run_id, exc_info=True)

    def take_over(self) -> None:
        """Queue the runs that servers which are gone have left."""
        with self._recording:
            try:
                found = self._live_runs.take_over()
            except UserError:
                log.warning("runs that other servers left cannot be read just now", exc_info=True)
                return
            # a run that was saved just before its server went is over, and its row goes with the next record
            left = [run for run in found if not self._store.is_kept(run.run_id)]
            with self._schedule.changed:
                if self._schedule.closed or not left:
                    return
                for run in left:
                    if (job := self._schedule.jobs.get(run.run_id)) is not None:  # the database is an older copy
                        job.attempt = run.attempt
                        continue
                    log.info("run %s is taken over, attempt %d", run.run_id, run.attempt)
                    self._schedule.add(_job_of(run))
                    self._recorded.add(run.run_id)
                self._start_workers()
            self._fulfil()

    def _fulfil(self) -> None:
        """Do what visitors of other servers have asked of this server's runs."""
        try:
            wishes = self._live_runs.wishes()
        except UserError:
            log.warning("what was asked through other servers cannot be read just now", exc_info=True)
            return
        with self._schedule.changed:
            for placed in wishes:
                job = self._schedule.jobs.get(placed.run_id)
                if job is None or placed.wish_id in self._fulfilled:
                    continue
                self._fulfilled.add(placed.wish_id)
                try:
                    if is_due(placed.wish, job.view(), is_owner=placed.owner in job.owners):
                        self._schedule.fulfil(job, placed.owner, placed.wish)
                except UserError:  # it has changed since it was asked
                    log.info("run %s: “%s” is not done any more", placed.run_id, placed.wish, exc_info=True)

    # Runs of other servers --------------------------------------------------------------------------------------------

    def claim(self, job: Job, admit: Callable[[Sequence[OtherRun]], None]) -> str | None:
        """Make a row for a new run; or join the equal one of another server in its place, and return its id.

        Of several servers one at a time does so. ``admit`` gets what the others have, and raises where that is too
        much. Without the database this server is alone. To be called with ``admission`` held, as the row stands for
        a run that the schedule does not have yet.
        """
        from da_core.jobs.database.database_engine import UnreachableError

        owner = job.owners[0]
        join: Join = "join_behind" if job.behind else "join_ahead" if job.ahead else "join"
        try:
            with self._live_runs.admission() as connection:
                for run in self._live_runs.equal_elsewhere(connection, job.experiment):
                    there = _elsewhere(run)
                    joins = there is not None and there.may_be_joined(owner)
                    if joins and self._live_runs.place(connection, run.run_id, owner, join):
                        return run.run_id
                others = self._live_runs.elsewhere(connection)
                admit(others)
                with self._schedule.changed:
                    self._schedule.hear(others)
                    self._schedule.give_turn(job)
                self._live_runs.insert(connection, _row_of(job))
            self._recorded.add(job.run_id)
        except UnreachableError:
            log.warning("whether another server has such a run cannot be told just now", exc_info=True)
            admit(())
            with self._schedule.changed:
                self._schedule.give_turn(job)
        return None

    def find_elsewhere(self, run_id: str) -> RunElsewhere | None:
        """Find a run that another server drives, as of its last sign of life; None if there is none."""
        try:
            run = self._live_runs.find(run_id)
        except UserError:
            log.warning("runs of other servers cannot be read just now", exc_info=True)
            return None
        return None if run is None else _elsewhere(run)

    def ask(self, run_id: str, owner: OwnerDigest, control: Control) -> bool:
        """Ask something of a run of another server, which does it with its next sign of life; tell if there is such.

        Raises `UserError` where it is not the visitor's to ask, or cannot be asked just now.
        """
        there = self.find_elsewhere(run_id)
        if there is not None and is_due(control, there.view, is_owner=owner in there.owners):
            self._live_runs.ask(run_id, owner, control)
        return there is not None

    def renew_elsewhere(self, run_id: str) -> None:
        """Tell the server that drives a run, if there is one, that somebody looks at it; but not every time."""
        now, seldom = self._schedule.clock(), self._schedule.lease_seconds / _RENEWALS
        self._renewed = {run: when for run, when in self._renewed.items() if now - when < seldom}
        if run_id not in self._renewed:
            self._renewed[run_id] = now
            try:
                self._live_runs.ask(run_id, OwnerDigest(), "renew")
            except UserError:
                log.warning("run %s of another server is looked at, which it cannot be told", run_id, exc_info=True)

    def wins_end(self, job: Job) -> bool:
        """Tell whether a run that came to its end is still this server's; without the database it is.

        From then on nothing more can be asked of it, and who has joined it before is among its owners.
        """
        with self._recording:
            try:
                if not self._live_runs.win_end(_row_of(job)):
                    return False
            except UserError:
                log.warning("run %s ends without its row", job.run_id, exc_info=True)
                return True
            job.being_saved = True
            self._fulfil()
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
    if job.being_saved or job.state == "stopping":
        state = "ending" if job.being_saved else "over"
    return LiveRun(
        job.run_id,
        job.experiment,
        tuple(job.owners),
        state,
        job.submitted_at,
        job.attempt,
        shown=Shown.of(job.view()).model_dump_json(),
        behind=job.behind,
        ahead=job.ahead,
        turn=job.turn,
        trains=job.in_hand,
        address=job.address,
        crashes=job.crashes,
    )


def _row_of_ended(view: RunView) -> LiveRun:
    from da_core.jobs.database.live_runs import LiveRun

    shown = Shown.of(view).model_dump_json()
    return LiveRun(view.run_id, view.experiment, (), "over", view.submitted_at, shown=shown)


def _elsewhere(run: LiveRun) -> RunElsewhere | None:
    """Read how a run of another server stands; None where nothing is known of it."""
    if run.shown is None:
        return None
    try:
        shown = Shown.model_validate_json(run.shown)
    except ValidationError:
        log.warning("run %s of another server cannot be shown", run.run_id, exc_info=True)
        return None
    view = shown.view(run.run_id, run.experiment, run.submitted_at, len(run.owners))
    return RunElsewhere(view, run.owners).after(run.wishes)


def _job_of(run: LiveRun) -> Job:
    state: RunState = "paused" if run.state == "paused" else "queued"
    job = Job(run.run_id, run.experiment, list(run.owners), seen=0.0, state=state, attempt=run.attempt)
    job.submitted_at, job.behind = run.submitted_at, run.behind
    job.ahead, job.turn, job.address, job.crashes = run.ahead, run.turn, run.address, run.crashes
    if run.state == "running":
        job.interrupted, job.started_at = True, run.submitted_at  # what has begun goes on before others begin
    return job
