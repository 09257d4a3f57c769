"""Runs that are not over, as rows of the database: what a server that was killed leaves, and who takes it over.

A row is its server's while that server lives; every write that changes, ends or takes over a run names server and
attempt in the UPDATE's own predicate and counts the rows it won, so that of two servers one has the run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Float,
    Integer,
    String,
    Table,
    Text,
    and_,
    func,
    select,
)

from da_core.errors import UserError
from da_core.experiment import Experiment
from da_core.jobs.database.heartbeats import LEFT, Heartbeats, new_server_name
from da_core.jobs.database.run_database import METADATA, RunDatabase
from da_core.jobs.owners import OwnerDigest

SILENT_SECONDS = 30.0
"""A server whose heartbeat has stood still for so long is gone, and its runs are taken over."""

KeptState = Literal["queued", "running", "paused", "ending"]
"""A run that has begun is running, and still is when somebody has taken it over and it waits to go on."""

_LIVE = Table(
    "live_runs",
    METADATA,
    Column("run_id", String(32), primary_key=True),
    Column("experiment", JSON, nullable=False),
    Column("owners", JSON, nullable=False),
    Column("state", String(10), nullable=False),
    Column("server", String(100), nullable=False, index=True),
    Column("attempt", Integer, nullable=False),
    Column("heartbeat", Float, nullable=False),  # by the server's own clock: only that it changes is told by it
    Column("submitted_at", DateTime, nullable=False),
    Column("behind", Boolean, nullable=False),
    Column("shown", Text),  # a `Shown`, as JSON: JSON of a database has no infinite numbers
)


@dataclass(frozen=True)
class LiveRun:
    """A run that waits, goes or is paused. ``attempt`` counts the servers that have had it, from 1."""

    run_id: str
    experiment: Experiment
    owners: tuple[OwnerDigest, ...]
    state: KeptState
    submitted_at: datetime
    attempt: int = 1
    behind: bool = False
    """Whether it lets the single runs of others go first."""
    shown: str | None = None
    """How far it has come, as the JSON of `run_view.Shown`; None in a row of an earlier version."""


class LiveRuns:
    """The rows of one server among those of all. Safe to use from many threads.

    Every method raises `UnreachableError` where the database cannot be reached.
    """

    def __init__(
        self,
        database: Callable[[], RunDatabase],
        server: str = "",
        clock: Callable[[], float] = time.time,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._clock = clock
        self._heartbeats = Heartbeats(SILENT_SECONDS, stopwatch)
        self._server = server or new_server_name()

    def record(self, runs: Iterable[LiveRun]) -> list[str]:
        """Make this server's rows those of ``runs``, and say that it lives; return which runs have left the table.

        A run that another server has taken over stays that server's.
        """
        over = []
        wanted = {run.run_id: run for run in runs}
        now = self._clock()
        with self._database().begin() as connection:
            mine = dict(
                connection.execute(select(_LIVE.c.run_id, _LIVE.c.attempt).where(_LIVE.c.server == self._server)).all()  # type: ignore[arg-type]
            )
            for run_id in mine.keys() - wanted.keys():
                if connection.execute(_LIVE.delete().where(self._holds(run_id, mine[run_id]))).rowcount:
                    over.append(run_id)
            for run_id in mine.keys() & wanted.keys():
                values = _values(wanted[run_id]) | {"heartbeat": now}
                connection.execute(_LIVE.update().where(self._holds(run_id, mine[run_id])).values(**values))
            fresh = [run for run in wanted.values() if run.run_id not in mine and not _is_there(connection, run.run_id)]
            for run in fresh:
                connection.execute(
                    _LIVE.insert().values(
                        run_id=run.run_id,
                        experiment=run.experiment.model_dump(mode="json"),
                        server=self._server,
                        attempt=run.attempt,
                        heartbeat=now,
                        submitted_at=run.submitted_at.astimezone(UTC).replace(tzinfo=None),
                        behind=run.behind,
                        **_values(run),
                    )
                )
        return over

    def run_ids(self) -> set[str]:
        """List the runs of all servers."""
        with self._database().begin() as connection:
            return set(connection.scalars(select(_LIVE.c.run_id)))

    def win_end(self, run: LiveRun) -> bool:
        """Mark a run as ending; tell whether it is this server's to end.

        It is not when another server has taken it over meanwhile: what that one finds is the result.
        """
        with self._database().begin() as connection:
            held = self._holds(run.run_id, run.attempt)
            if connection.execute(_LIVE.update().where(held).values(state="ending")).rowcount:
                return True
            return not _is_there(connection, run.run_id)  # it ended before it was recorded

    def take_over(self) -> list[LiveRun]:
        """Take over the runs of servers that are gone; return those that this one won, the oldest first."""
        now = self._clock()
        won = []
        with self._database().begin() as connection:
            rows = connection.execute(
                select(_LIVE).where(_LIVE.c.server != self._server).order_by(_LIVE.c.submitted_at)
            ).all()
            silent = {(r.server, r.heartbeat) for r in rows if self._heartbeats.is_silent(r.server, r.heartbeat)}
            for row in rows:
                if (row.server, row.heartbeat) not in silent:
                    continue
                as_read = and_(
                    _LIVE.c.run_id == row.run_id,
                    _LIVE.c.server == row.server,
                    _LIVE.c.attempt == row.attempt,
                    _LIVE.c.heartbeat == row.heartbeat,
                )
                try:
                    experiment = Experiment.checked(row.experiment)
                except UserError:  # of a version that knew other settings: nobody can go on with it
                    connection.execute(_LIVE.delete().where(as_read))
                    continue
                state: KeptState = row.state if row.state in ("queued", "paused") else "running"
                new = {"server": self._server, "attempt": row.attempt + 1, "heartbeat": now, "state": state}
                if connection.execute(_LIVE.update().where(as_read).values(**new)).rowcount:
                    owners = tuple(map(OwnerDigest, row.owners))
                    submitted = row.submitted_at.replace(tzinfo=UTC)
                    won.append(LiveRun(row.run_id, experiment, owners, state, submitted, row.attempt + 1, row.behind))
        return won

    def find(self, run_id: str) -> LiveRun | None:
        """Find a run that another server has; None if there is none, or it is of a version that knew other settings."""
        wanted = select(_LIVE).where(_LIVE.c.run_id == run_id, _LIVE.c.server != self._server)
        with self._database().begin() as connection:
            row = connection.execute(wanted).one_or_none()
        if row is None:
            return None
        try:
            experiment = Experiment.checked(row.experiment)
        except UserError:
            return None
        owners, submitted = tuple(map(OwnerDigest, row.owners)), row.submitted_at.replace(tzinfo=UTC)
        return LiveRun(run_id, experiment, owners, row.state, submitted, row.attempt, row.behind, row.shown)

    def leave(self) -> None:
        """Leave this server's runs to whoever comes next, at once."""
        with self._database().begin() as connection:
            connection.execute(_LIVE.update().where(_LIVE.c.server == self._server).values(heartbeat=LEFT))

    def _holds(self, run_id: str, attempt: int) -> ColumnElement[bool]:
        return and_(_LIVE.c.run_id == run_id, _LIVE.c.server == self._server, _LIVE.c.attempt == attempt)


def _values(run: LiveRun) -> dict[str, object]:
    return {"owners": list(map(str, run.owners)), "state": run.state, "shown": run.shown}


def _is_there(connection: Connection, run_id: str) -> bool:
    return bool(connection.scalar(select(func.count()).where(_LIVE.c.run_id == run_id)))
