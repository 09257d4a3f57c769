"""Runs that are not over, as rows of the database: one run is one row, whatever trains it.

With a cluster the rows are the runs: web servers and workers change them in transactions, one at a time. A worker
names the number of its attempt in its writes: one that was taken for lost, and goes on all the same, changes nothing.
"""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    DateTime,
    Integer,
    Row,
    Select,
    String,
    Table,
    Text,
    and_,
    cast,
    delete,
    false,
    select,
    update,
)

from da_core.errors import UserError
from da_core.events import Accuracies, Losses, Notice, Stage
from da_core.jobs.database.run_database import METADATA, RunDatabase, experiment_of, upsert
from da_core.jobs.owners import OwnerDigest
from da_core.jobs.scheduling.fair_queue import QueueState
from da_core.jobs.scheduling.job import History, Job

log = logging.getLogger(__name__)

_MOST_EVENTS = 300
"""Events of a run's curves, at most, that its row keeps."""

_LIVE = Table(
    "live_runs",
    METADATA,
    Column("run_id", String(32), primary_key=True),
    Column("experiment", JSON, nullable=False),
    Column("owners", JSON, nullable=False),
    Column("state", String(10), nullable=False),  # a `RunState`
    Column("attempt", Integer, nullable=False),
    Column("submitted_at", DateTime, nullable=False),
    Column("behind", Boolean, nullable=False),
    Column("ahead", Boolean, nullable=False, server_default=false()),
    Column("turn", Integer, nullable=False, server_default="0"),
    Column("trains", Boolean, nullable=False, server_default=false()),
    Column("address", String(32), nullable=False, server_default=""),  # a digest
    Column("crashes", Integer, nullable=False, server_default="0"),
    Column("finish_early", Boolean, nullable=False, server_default=false()),
    Column("task", String(60), nullable=False, server_default=""),
    Column("looks", Integer, nullable=False, server_default="0"),
    Column("shown", Text),  # a `_Report` as JSON: JSON of a database has no infinite numbers
)
_SAME = ("state", "attempt", "turn", "address", "crashes", "task", "looks")
"""Columns that are called as in a `Job`."""
_TURNS = Table(
    "run_turns",
    METADATA,
    Column("id", Integer, primary_key=True),  # there is one row
    Column("turn", Integer, nullable=False),
    Column("passed", Integer, nullable=False),
    Column("after_ahead", Boolean, nullable=False),
)


class _Report(BaseModel):
    """The report of a run so far. Earlier versions wrote less, and more."""

    model_config = ConfigDict(ser_json_inf_nan="constants")

    started_at: datetime | None = None
    stage: Stage | None = None
    stages: tuple[Stage, ...] = ()
    fraction: float = 0.0
    seconds_left: float | None = None
    ran_seconds: float = 0.0
    history: tuple[Losses | Accuracies, ...] = ()
    notices: tuple[Notice, ...] = ()
    error: Notice | None = None


class LiveRuns:
    """The rows of all runs that are not over. Safe to use from many threads.

    Every method raises `UnreachableError` where the database cannot be reached.
    """

    def __init__(self, database: Callable[[], RunDatabase]) -> None:
        self._database = database

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """Open a transaction in which nobody else changes which runs there are."""
        from da_core.jobs.database import migrations  # Alembic comes with it

        with self._database().begin() as connection:
            migrations.wait_for_others(connection)
            yield connection

    @contextmanager
    def looking(self) -> Iterator[Connection]:
        """Open a transaction that holds up nobody."""
        with self._database().begin() as connection:
            yield connection

    def read(self, connection: Connection) -> list[Job]:
        """Read all runs, the oldest first, but those of a version that knew other settings."""
        rows = connection.execute(_select().order_by(_LIVE.c.submitted_at, _LIVE.c.run_id)).all()
        return list(filter(None, map(_job_of, rows)))

    def look(self) -> list[Job]:
        """Do `read` as a transaction of its own."""
        with self.looking() as connection:
            return self.read(connection)

    def record(self, rows: Mapping[str, Mapping[str, Any]]) -> set[str]:
        """Make ``rows`` the only ones, by their runs' ids; return the ids of those that went."""
        with self._database().begin() as connection:
            there = set(connection.scalars(select(_LIVE.c.run_id)))
            self.delete(connection, there - rows.keys())
            for run_id in sorted(rows):
                self.write(connection, run_id, rows[run_id])
        return there - rows.keys()

    def record_one(self, run_id: str, row: Mapping[str, Any]) -> None:
        """Write one run down."""
        with self._database().begin() as connection:
            self.write(connection, run_id, row)

    def leave(self) -> None:
        """Note that no run is in hand any more, since the server that trains them stops on purpose."""
        with self._database().begin() as connection:
            self._update(connection, _LIVE.c.trains, {"trains": False})

    def report(self, run_id: str, attempt: int, values: Mapping[str, Any]) -> Job | None:
        """Change values of an attempt's row, and read what is asked of it; None where there is another attempt."""
        this = and_(_LIVE.c.run_id == run_id, _LIVE.c.attempt == attempt)
        with self.looking() as connection:
            if not self._update(connection, this, values):
                return None
            return _job_of(connection.execute(_select().where(this)).one())

    def write(self, connection: Connection, run_id: str, values: Mapping[str, Any]) -> None:
        """Insert a run's row, or change these values of it."""
        upsert(connection, _LIVE, {"run_id": run_id}, values)

    def delete(self, connection: Connection, run_ids: Iterable[str]) -> None:
        """Delete the rows of runs that are over."""
        connection.execute(delete(_LIVE).where(_LIVE.c.run_id.in_(list(run_ids))))

    def look_at(self, run_id: str) -> None:
        """Note that somebody looks at a run."""
        with self._database().begin() as connection:
            self._update(connection, _LIVE.c.run_id == run_id, {"looks": _LIVE.c.looks + 1})

    def queue_state(self, connection: Connection) -> QueueState:
        """Read how the queue stands."""
        row = connection.execute(select(_TURNS)).one_or_none()
        return QueueState() if row is None else QueueState(row.turn, row.passed, row.after_ahead)

    def write_queue_state(self, connection: Connection, queue_state: QueueState) -> None:
        """Write down how the queue stands."""
        turn, passed, after_ahead = dataclasses.astuple(queue_state)
        upsert(connection, _TURNS, {"id": 1}, {"turn": turn, "passed": passed, "after_ahead": after_ahead})

    @staticmethod
    def values_of(job: Job) -> dict[str, Any]:
        """Write a run as its row has it, but for the id."""
        return {
            "experiment": job.experiment.model_dump(mode="json"),
            "submitted_at": job.submitted_at.astimezone(UTC).replace(tzinfo=None),
            **LiveRuns.state_of(job),
            **LiveRuns.report_of(job),
        }

    @staticmethod
    def state_of(job: Job) -> dict[str, Any]:
        """Write the state of a run, which the holder of the schedule decides."""
        return {
            "owners": list(map(str, job.owners)),
            "trains": job.in_hand,
            "finish_early": job.finish_early.is_set(),
            "behind": job.low_priority,
            "ahead": job.high_priority,
            **{name: getattr(job, name) for name in _SAME},
        }

    @staticmethod
    def report_of(job: Job) -> dict[str, Any]:
        """Write the report of a run, which its worker knows."""
        values = {name: getattr(job, name) for name in _Report.model_fields}
        history = job.history.events()
        values["history"] = history[:: -(1 + len(history) // _MOST_EVENTS)][::-1]  # the newest is among them
        if (why := job.error) is not None:
            values["error"] = Notice(why.message, {name: str(value) for name, value in why.values.items()})
        return {"shown": _Report(**values).model_dump_json()}

    def _update(self, connection: Connection, which: Any, values: Mapping[str, Any]) -> bool:
        return bool(connection.execute(update(_LIVE).where(which).values(**values)).rowcount)


def _select() -> Select[Any]:
    """Select the rows with their experiments as text, which is read once for each."""
    columns = [column for column in _LIVE.c if column is not _LIVE.c.experiment]
    return select(*columns, cast(_LIVE.c.experiment, Text).label("experiment"))


def _job_of(row: Row[Any]) -> Job | None:
    try:
        experiment = experiment_of(row.experiment)
    except UserError:
        log.warning("run %s is of a version that knew other settings", row.run_id, exc_info=True)
        return None
    report = _Report() if row.shown is None else _report(row.shown)
    job = Job(row.run_id, experiment, list(map(OwnerDigest, row.owners)), seen=0.0, in_hand=row.trains, row=row)
    for name in _SAME:
        setattr(job, name, getattr(row, name))
    job.low_priority, job.high_priority = row.behind, row.ahead
    for name in ("started_at", "stage", "stages", "fraction", "seconds_left", "ran_seconds"):
        setattr(job, name, getattr(report, name))
    job.submitted_at = row.submitted_at.replace(tzinfo=UTC)
    job.history, job.notices = History(events=report.history), list(report.notices)
    if (why := report.error) is not None:
        job.error = UserError(why.message, **why.values)
    if row.finish_early:
        job.finish_early.set()
    return job


@functools.lru_cache(500)  # the same rows are looked at every second
def _report(text: str) -> _Report:
    try:
        return _Report.model_validate_json(text)
    except ValidationError:  # of a version that wrote something else
        log.warning("what a run has reported so far is left out", exc_info=True)
        return _Report()
