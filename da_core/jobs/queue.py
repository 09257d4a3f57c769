"""Runs in the background: visitors in turn; watched, paused and ended from any thread.

A run is a generator, and a worker does no more than ask for its next event. To pause is to put the generator aside,
which frees the worker; to resume is to put it back at the head of the queue; to stop is to close it.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from da_core.data.readers.uploads import check_all_allowed
from da_core.errors import UserError
from da_core.experiment import Experiment
from da_core.jobs.checkpoint_store import CheckpointStore, checkpoint_store
from da_core.jobs.database.wish import Control
from da_core.jobs.owners import EVERYONE, OwnerDigest, digest
from da_core.jobs.scheduling import keeper
from da_core.jobs.scheduling.controls import is_due
from da_core.jobs.scheduling.job import Job
from da_core.jobs.scheduling.keeper import Keeper
from da_core.jobs.scheduling.limits import check_limits
from da_core.jobs.scheduling.run_view import RunState, RunView, view_of_record
from da_core.jobs.scheduling.schedule import Schedule
from da_core.jobs.scheduling.waiting_time import UNKNOWN
from da_core.jobs.scheduling.workers import Capacity, RunFunction, Workers, imported_run
from da_core.jobs.store import Store, new_run_id, store
from da_core.settings import Settings, settings
from da_core.system.limited_process import IS_SUPPORTED

if TYPE_CHECKING:
    from da_core.jobs.database.live_runs import LiveRuns, OtherRun

log = logging.getLogger(__name__)


class Queue:
    """The queued, running and paused runs of all visitors of one server. Safe to use from many threads.

    An ``owner`` is any text that names one visitor. Equal experiments share one run. A run that nobody has looked at
    (`view` with ``renew``, or `renew`) for ``lease_seconds`` of ``clock`` is ended. ``workers`` runs train at the same
    time, or as many as have ``room``.

    The controls `pause`, `resume`, `stop` and `finish_early` do nothing to a run that is over, and raise `UserError`
    where the run is another visitor's or there is none.
    """

    def __init__(
        self,
        store: Store,
        run: RunFunction = imported_run,
        *,
        workers: int = 1,
        room: Capacity | None = None,
        queue_length: int = 50,
        per_owner: int = 5,
        per_address: int = 40,
        run_seconds: float | None = None,
        lease_seconds: float = 180.0,
        clock: Callable[[], float] = time.monotonic,
        live_runs: LiveRuns | None = None,
        checkpoints: CheckpointStore | None = None,
    ) -> None:
        self._store = store
        self._queue_length = queue_length
        self._per_owner = per_owner
        self._per_address = per_address
        self._room = room or Capacity(lambda: workers)
        self._schedule = Schedule(
            lease_seconds,
            clock,
            workers=self._room.count,
            single_runs_alone=self._room.run_beside is not None,
            run_seconds=run_seconds,
        )
        self._changed = self._schedule.changed
        self._admission = threading.RLock()
        """Held while a run is taken in, so that a double click is one; to be taken before the schedule's lock.

        Under neither is the storage asked, which may be slow."""
        self._keeper: Keeper | None = None
        self._workers = Workers(self._schedule, store, run, self._room, self._record_begin, self._is_ours, checkpoints)
        if live_runs is not None:
            self._keeper = Keeper(self._schedule, store, live_runs, checkpoints, self._workers.start, self._admission)

    def submit(
        self,
        experiment: Experiment,
        owner: str,
        *,
        localhost_only: bool = False,
        address: str = "",
        behind: bool = False,
        ahead: bool = False,
    ) -> str:
        """Queue a run and return its id at once; ``behind`` lets single runs go first, ``ahead`` goes before them.

        The owner's own equal run, another visitor's equal run that is queued or running (the owner then shares it), be
        it of this server or another, or one that the store has from before is taken instead of a new one. A run on a
        folder or file of the server is never taken from the store, because what lies there may have changed. One that
        this server has given up because it ends servers is not begun again: its id is the answer.
        ``localhost_only`` says that the app listens on localhost alone, so that any folder may be read. ``address`` is
        the visitor's on the network, "" where it says nothing of who they are.

        Raises `UserError` if the queue is full, the owner or the address has too many runs, the experiment asks for
        more than `check_limits` allows, or a place may not be read.
        """
        owner = digest(owner)
        places = experiment.places
        check_all_allowed(places, localhost_only)
        may_change = any(not place.startswith("upload:") for place in places)  # an upload is named for its content
        self._recall_durations([experiment])
        asked: set[str] | None = None
        while True:
            with self._admission:
                if (joined := self._join(experiment, owner, behind=behind, ahead=ahead)) is not None:
                    return joined
                if not may_change and (given_up := self._given_up(experiment)) is not None:
                    return given_up
                names = [] if may_change else self._store.candidates(experiment)
                if asked is not None and asked.issuperset(names):
                    run_id = new_run_id(experiment)
                    job = Job(run_id, experiment, [owner], 0.0, behind=behind, ahead=ahead, address=digest(address))
                    return self._take_in(job)
            # the storage may take its time, and meanwhile others are taken in: what is new then is looked at as well
            asked = asked or set()
            if (done := self._store.choose(experiment, [name for name in names if name not in asked])) is not None:
                self._store.keep(done, EVERYONE if localhost_only else owner)
                return done
            check_limits(experiment)
            asked.update(names)

    def _join(self, experiment: Experiment, owner: OwnerDigest, *, behind: bool, ahead: bool) -> str | None:
        """Join the live run of this server that is equal, and return its id; None where there is none."""
        with self._changed:
            if self._schedule.closed:
                raise UserError("The server is about to stop; try again in a moment.")
            self._schedule.end_expired()
            if (equal := self._schedule.equal(experiment, owner)) is not None:
                self._schedule.join(equal, owner, behind=behind, ahead=ahead)
            return None if equal is None else equal.run_id

    def _given_up(self, experiment: Experiment) -> str | None:
        with self._changed:
            return self._schedule.given_up(experiment)

    def _take_in(self, job: Job) -> str:
        """Queue a new run, or join the equal one of another server; return its id. Admission is held."""
        if self._keeper is None:
            self._check_room(job)
            with self._changed:
                self._schedule.give_turn(job)
        elif (joined := self._keeper.claim(job, partial(self._check_room, job))) is not None:
            return joined
        with self._changed:
            self._schedule.add(job)
            self._workers.start()
        if self._keeper is not None:
            self._keeper.start()
        return job.run_id

    def recover(self) -> None:
        """Go on with the runs that servers before this one left."""
        if self._keeper is not None and not self._schedule.closed:
            self._keeper.take_over()
            self._keeper.start()
            with self._changed:
                waiting = [job.experiment for job in self._schedule.waiting]
            self._recall_durations(waiting)
            with self._changed:
                self._schedule.number_places()

    def view(self, run_id: str, *, renew: bool = False) -> RunView | None:
        """View the run as it is now; None if there is no such run.

        It may be from before the server was restarted; one that another server drives is seen some seconds late.

        ``renew`` says that somebody is looking, and keeps the run alive.
        """
        view = self._known_view(run_id, renew=renew)
        if view is None and self._keeper is not None:
            self.recover()
            view = self._known_view(run_id, renew=renew)
            there = self._keeper.find_elsewhere(run_id) if view is None else None
            if there is not None:
                view = there.view
                if renew:
                    self._keeper.renew_elsewhere(run_id)
        return view

    def renew(self, run_id: str) -> None:
        """Keep the run alive, since somebody is looking at it."""
        with self._changed:
            self._schedule.renew(run_id)
            known = self._schedule.view(run_id) is not None
        if not known and self._keeper is not None:
            self._keeper.renew_elsewhere(run_id)

    def owns(self, run_id: str, owner: str) -> bool:
        """Say whether this visitor may control the run, while it is live."""
        with self._changed:
            if self._schedule.view(run_id) is not None or self._keeper is None:
                return run_id in self._schedule.jobs and digest(owner) in self._schedule.jobs[run_id].owners
        there = self._keeper.find_elsewhere(run_id)
        return there is not None and digest(owner) in there.owners

    def pause(self, run_id: str, owner: str) -> None:
        """Put the run aside and free its worker. Only for a sole owner."""
        self._control(run_id, owner, "pause")

    def resume(self, run_id: str, owner: str) -> None:
        """Go on with a paused run, before those that wait."""
        self._control(run_id, owner, "resume")

    def stop(self, run_id: str, owner: str) -> None:
        """Take the owner off the run, and end it if that was the last one."""
        self._control(run_id, owner, "stop")

    def finish_early(self, run_id: str, owner: str) -> None:
        """Have the run evaluate what it has learned so far and finish. Only for a sole owner, once it has begun."""
        self._control(run_id, owner, "finish_early")

    def wait(self, run_id: str, until: Callable[[RunView], bool], timeout: float) -> RunView:
        """Wait until the run's view satisfies ``until`` and return that view.

        Raises `TimeoutError` after ``timeout`` seconds, `UserError` if there is no such run.
        """
        if (view := self._wait([run_id], until, timeout)) is None:
            raise TimeoutError(f"run {run_id} goes on")
        return view

    def wait_for_one(self, run_ids: Iterable[str], timeout: float) -> RunView | None:
        """Wait until one of these runs is over and return its view; None after ``timeout`` seconds.

        Raises `UserError` if there is no such run.
        """
        return self._wait(list(run_ids), lambda view: not view.live, timeout)

    def _wait(self, run_ids: Sequence[str], until: Callable[[RunView], bool], timeout: float) -> RunView | None:
        deadline = time.monotonic() + timeout
        while True:
            with self._changed:
                views = [self._known_view(run_id) for run_id in run_ids]
                left = deadline - time.monotonic()
                if None in views:
                    left = min(left, keeper.BEAT)  # of another server's runs nobody here is told that they change
                elif not any(map(until, filter(None, views))) and self._changed.wait(left):
                    continue
            for run_id, known in zip(run_ids, views, strict=True):
                if (view := known or self.view(run_id)) is None:
                    self._refuse_unknown(run_id)
                if until(view):
                    return view
            if time.monotonic() >= deadline:
                return None
            with self._changed:
                self._changed.wait(left)

    def count(self) -> dict[RunState, int]:
        """Count the runs that are not over by their state."""
        with self._changed:
            return Counter(job.state for job in self._schedule.jobs.values())

    def longest_wait(self) -> float:
        """Return how many seconds the run that waits longest has waited to begin; 0 where none waits."""
        with self._changed:
            since = [job.submitted_at for job in self._schedule.waiting if job.started_at is None]
        return max(((datetime.now(UTC) - moment).total_seconds() for moment in since), default=0.0)

    @property
    def alive(self) -> bool:
        """Whether it takes runs, and its workers are there to drive them."""
        return not self.closed and self._workers.alive

    @property
    def at_once(self) -> int:
        """How many runs can train at the same time just now."""
        return self._room.count()

    def look_again(self) -> None:
        """Have runs begin for which there is room now."""
        self._workers.start()

    @property
    def closed(self) -> bool:
        """Whether it takes no more runs."""
        return self._schedule.closed

    def close(self, timeout: float = 10.0) -> None:
        """End every run and the workers; wait at most ``timeout`` seconds for them."""
        with self._changed:
            self._schedule.closed = True
        if self._keeper is not None:
            self._keeper.close()
        with self._changed:
            for job in list(self._schedule.jobs.values()):
                self._schedule.end(job)
            self._changed.notify_all()
        self._workers.join(timeout)

    def _record_begin(self, job: Job) -> None:
        if self._keeper is not None:
            self._keeper.record_begin(job)

    def _is_ours(self, job: Job) -> bool:
        """Tell whether a run that came to its end is this server's to save."""
        return self._keeper is None or self._keeper.wins_end(job)

    def _known_view(self, run_id: str, *, renew: bool = False) -> RunView | None:
        """View a run of this server, or one that the store has."""
        with self._changed:
            if renew:
                self._schedule.renew(run_id)
            self._schedule.end_expired()
            view = self._schedule.view(run_id)
        if view is not None or (record := self._store.load(run_id)) is None:
            return view
        try:
            view = view_of_record(record)
        except UserError:
            log.warning("run %s is damaged", run_id, exc_info=True)
            return None
        with self._changed:
            self._schedule.keep_view(view)
        return view

    def _recall_durations(self, experiments: Iterable[Experiment]) -> None:
        """Learn from the list of runs how long such experiments took, where this server has not seen any yet."""
        durations = self._schedule.durations
        for experiment in experiments:
            if durations.expected(experiment) != UNKNOWN:
                continue
            try:
                found = self._store.database.durations(experiment)
            except (UserError, OSError):
                log.warning("how long runs took cannot be read just now", exc_info=True)
                return
            for other, seconds in found:
                durations.learn(other, seconds)

    def _check_room(self, job: Job, elsewhere: Sequence[OtherRun] = ()) -> None:
        """Raise `UserError` where there is none beside the runs here and on other servers.

        A study has by itself no more runs than train at once.
        """
        (owner,), address = job.owners, job.address
        with self._changed:
            here = list(self._schedule.jobs.values())
        mine = sum(owner in one.owners and not one.behind for one in here)
        mine += sum(owner in one.owners and not one.behind for one in elsewhere)
        if mine >= self._per_owner and not job.behind:
            raise UserError(
                "You have {count} runs that are waiting or running; let one finish or stop one before you start "
                "another.",
                count=mine,
            )
        waits = [one for one in here if one.state in ("queued", "paused")]
        nearby = sum(one.address == address for one in waits) if address else 0
        nearby += sum(one.address == address and one.waits for one in elsewhere) if address else 0
        if nearby >= self._per_address:
            raise UserError(
                "{count} runs from your network are waiting, the maximum for one network; try again when some of "
                "them have ended.",
                count=nearby,
            )
        waiting = len(waits) + sum(one.waits for one in elsewhere)
        if waiting >= self._queue_length:
            raise UserError("{count} runs are waiting, the maximum of this server; try again later.", count=waiting)

    def _control(self, run_id: str, owner: str, control: Control) -> None:
        """Do what is asked of a run; where another server drives it, ask that one. Nothing where the run is over."""
        who = digest(owner)
        with self._changed:
            job = self._schedule.jobs.get(run_id)
            if job is not None and is_due(control, job.view(), is_owner=who in job.owners):
                self._schedule.fulfil(job, who, control)
            known = job is not None or self._schedule.view(run_id) is not None
        known = known or self._store.load(run_id) is not None
        if not known and (self._keeper is None or not self._keeper.ask(run_id, who, control)):
            self._refuse_unknown(run_id)
        if self._keeper is not None:
            self._keeper.note_change()

    def _refuse_unknown(self, run_id: str) -> NoReturn:
        self._store.is_damaged(run_id)  # raises where the storage is away, which is another thing
        raise UserError("There is no run {run} here any more; start it again.", run=run_id)


def _run_function(limits: Settings) -> RunFunction:
    """Choose how runs are driven: in this process, or in children whose memory is limited."""
    if not limits.run_memory_mb:
        return imported_run
    from da_core.several_runs.child_runs import ChildRuns

    return ChildRuns(imported_run, megabytes=limits.run_memory_mb, kept=limits.workers)


def _room(limits: Settings) -> Capacity:
    """Choose how many runs train at once: as many as set or, of studies alone, one a core where one is set."""
    if limits.workers > 1 or not IS_SUPPORTED:
        return Capacity(lambda: limits.workers)
    from da_core.several_runs.child_runs import ChildRuns

    def count() -> int:
        from da_core.training.devices import runs_at_once  # torch comes with it

        return runs_at_once()

    megabytes = limits.run_memory_mb or None
    kept = (os.cpu_count() or 1) if megabytes else 1  # without a limit all that is imported is there at once
    return Capacity(count, run_beside=ChildRuns(imported_run, megabytes=megabytes, kept=kept, threads=1))


_making = threading.Lock()
_current: Queue | None = None


def queue() -> Queue:
    """Return this server's queue, made when first asked for, and anew after it was closed."""
    global _current
    with _making:
        if _current is None or _current.closed:
            from da_core.jobs.database.live_runs import LiveRuns  # SQLAlchemy comes with it

            limits, kept = settings(), store()
            where: dict[str, Any] = {"run": _run_function(limits), "room": _room(limits)}
            if limits.cluster:
                from da_core.jobs.processes.cluster import cluster

                where = {
                    "run": cluster().run,
                    "room": Capacity(lambda: cluster().size, cluster().has_room),
                }
            _current = Queue(
                kept,
                live_runs=LiveRuns(lambda: kept.database, line=digest(limits.cluster)),
                checkpoints=checkpoint_store(),
                queue_length=limits.queue_length,
                per_owner=limits.runs_each,
                per_address=limits.waiting_each_address,
                run_seconds=limits.run_minutes and limits.run_minutes * 60,
                lease_seconds=limits.lease_seconds,
                **where,
            )
            if limits.cluster:
                cluster().start(_current.look_again)
        return _current
