"""Runs that are not over, as rows of the database: what a server that was killed leaves, and who takes it over.

A row is its server's while that server lives; every write that changes, ends or takes over a run names server and
attempt in the UPDATE's own predicate and counts the rows it won, so that of two servers one has the run. What visitors
of other servers ask of it are rows beside its own, which whoever drives it reads: no wish is lost with a server.
"""

from __future__ import annotations

import contextlib
import itertools
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Float,
    ForeignKey,
    Integer,
    Row,
    String,
    Table,
    Text,
    and_,
    false,
    func,
    select,
)

from da_core.errors import UserError
from da_core.experiment import Experiment
from da_core.jobs.database.heartbeats import LEFT, Heartbeats, new_server_name
from da_core.jobs.database.run_database import METADATA, RunDatabase
from da_core.jobs.database.wish import PlacedWish, Wish
from da_core.jobs.owners import OwnerDigest

_EXPERIMENTS_KEPT = 200
SILENT_SECONDS = 30.0
"""A server whose heartbeat has stood still for so long is gone, and its runs are taken over."""

KeptState = Literal["queued", "running", "paused", "ending", "over"]
"""A run that has begun is running, and still is when somebody has taken it over and it waits to go on.

One that is ending is being saved. One that was stopped or failed is over: its row tells for a while how it ended.
"""

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
    Column("ahead", Boolean, nullable=False, server_default=false()),
    Column("turn", Integer, nullable=False, server_default="0"),
    Column("trains", Boolean, nullable=False, server_default=false()),
    Column("address", String(32), nullable=False, server_default=""),  # a digest
    Column("line", String(32), nullable=False, server_default=""),
    Column("crashes", Integer, nullable=False, server_default="0"),
    Column("shown", Text),  # a `Shown`, as JSON: JSON of a database has no infinite numbers
)
_WISHES = Table(
    "run_wishes",
    METADATA,
    Column("wish_id", String(40), primary_key=True),  # in the order of time
    Column("run_id", ForeignKey(_LIVE.c.run_id, ondelete="CASCADE"), nullable=False, index=True),
    Column("owner", String(32), nullable=False),
    Column("wish", String(20), nullable=False),
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
    wishes: tuple[PlacedWish, ...] = ()
    """What was asked of it through other servers, and has not been done yet; the oldest first."""
    ahead: bool = False
    """Whether it goes before single runs."""
    turn: int = 0
    """Its place among its visitor's runs; see `da_core.jobs.scheduling.turns`."""
    trains: bool = False
    """Whether a worker has it in hand."""
    address: str = ""
    """Where it came from on the network, digested; "" where that does not count."""
    crashes: int = 0
    """How many servers in a row have ended while they trained it; see `da_core.jobs.scheduling.crashes`."""


@dataclass(frozen=True)
class OtherRun:
    """As much of another server's run as limits and turns count."""

    experiment: Experiment
    owners: tuple[OwnerDigest, ...]
    state: KeptState
    behind: bool
    ahead: bool
    turn: int
    trains: bool
    address: str
    submitted_at: datetime
    same_line: bool
    """Whether it trains on the same workers as the runs of the server that asks."""

    @property
    def waits(self) -> bool:
        """Whether it waits for a worker, or is paused."""
        return not self.trains and self.state != "ending"

    @property
    def has_begun(self) -> bool:
        """Whether it trains, or did and goes on before those that have not begun."""
        return self.state in ("running", "ending")


class LiveRuns:
    """The rows of one server among those of all. Safe to use from many threads.

    ``line`` names the workers that its runs wait for where other servers' runs may train on the same; "" where they
    are its own.

    Every method raises `UnreachableError` where the database cannot be reached.
    """

    def __init__(
        self,
        database: Callable[[], RunDatabase],
        server: str = "",
        clock: Callable[[], float] = time.time,
        stopwatch: Callable[[], float] = time.monotonic,
        line: str = "",
    ) -> None:
        self._database = database
        self._clock = clock
        self._heartbeats = Heartbeats(SILENT_SECONDS, stopwatch)
        self._server = server or new_server_name()
        self._line = line
        self._experiments: dict[str, Experiment] = {}

    @contextlib.contextmanager
    def admission(self) -> Iterator[Connection]:
        """Open a transaction in which no other server admits a run, for the methods that take a connection."""
        from da_core.jobs.database import migrations  # Alembic comes with it

        with self._database().begin() as connection:
            migrations.wait_for_others(connection)
            yield connection

    def equal_elsewhere(self, connection: Connection, experiment: Experiment) -> list[LiveRun]:
        """List the runs of this experiment that other servers have, the oldest first."""
        there = self._others(connection, _LIVE.c.run_id.startswith(f"{experiment.key}-"))
        return [run for run in there if run.experiment == experiment]

    def elsewhere(self, connection: Connection) -> list[OtherRun]:
        """List what other servers have that is not over, in the order in which it came."""
        others = and_(_LIVE.c.server != self._server, _LIVE.c.state != "over")
        wanted = select(*(column for column in _LIVE.c if column is not _LIVE.c.shown)).where(others)
        found = []
        for row in connection.execute(wanted.order_by(_LIVE.c.submitted_at)):
            with contextlib.suppress(UserError):  # of a version that knew other settings
                owners, submitted = tuple(map(OwnerDigest, row.owners)), row.submitted_at.replace(tzinfo=UTC)
                of_turn = (row.behind, row.ahead, row.turn, row.trains, row.address, submitted)
                same_line = row.line == self._line != ""
                found.append(OtherRun(self._experiment(row), owners, row.state, *of_turn, same_line))
        return found

    def _experiment(self, row: Row[Any]) -> Experiment:
        """Read a row's experiment, once: the same rows are looked at every few seconds. Raises `UserError`."""
        if row.run_id not in self._experiments:
            while len(self._experiments) >= _EXPERIMENTS_KEPT:
                del self._experiments[next(iter(self._experiments))]
            self._experiments[row.run_id] = Experiment.checked(row.experiment)
        return self._experiments[row.run_id]

    def look_elsewhere(self) -> list[OtherRun]:
        """Do `elsewhere` as a transaction of its own."""
        with self._database().begin() as connection:
            return self.elsewhere(connection)

    def insert(self, connection: Connection, run: LiveRun) -> None:
        """Insert the row of a new run of this server."""
        connection.execute(
            _LIVE.insert().values(
                run_id=run.run_id,
                experiment=run.experiment.model_dump(mode="json"),
                server=self._server,
                attempt=run.attempt,
                heartbeat=self._clock(),
                submitted_at=run.submitted_at.astimezone(UTC).replace(tzinfo=None),
                address=run.address,
                line=self._line,
                **_values(run),
            )
        )

    def place(self, connection: Connection, run_id: str, owner: OwnerDigest, wish: Wish) -> bool:
        """Ask something of a run, whoever drives it; tell whether it is not over, nor being saved, so that it counts.

        The row is held from the UPDATE on, so that this wish comes before its end or not at all.
        """
        open_still = and_(_LIVE.c.run_id == run_id, _LIVE.c.state.not_in(("ending", "over")))
        if not connection.execute(_LIVE.update().where(open_still).values(state=_LIVE.c.state)).rowcount:
            return False
        wish_id = f"{time.time_ns():020d}{secrets.token_hex(8)}"
        connection.execute(_WISHES.insert().values(wish_id=wish_id, run_id=run_id, owner=str(owner), wish=wish))
        return True

    def ask(self, run_id: str, owner: OwnerDigest, wish: Wish) -> bool:
        """Do `place` as a transaction of its own."""
        with self._database().begin() as connection:
            return self.place(connection, run_id, owner, wish)

    def wishes(self) -> list[PlacedWish]:
        """List what was asked of this server's runs through others, the oldest first."""
        mine = select(_WISHES).join(_LIVE).where(_LIVE.c.server == self._server).order_by(_WISHES.c.wish_id)
        with self._database().begin() as connection:
            rows = connection.execute(mine).all()
        return [PlacedWish(row.wish_id, row.run_id, OwnerDigest(row.owner), row.wish) for row in rows]

    def record(self, runs: Iterable[LiveRun], fulfilled: Collection[str] = ()) -> list[str]:
        """Make this server's rows those of ``runs``, and say that it lives; return which of its runs are over.

        A run that another server has taken over stays that server's. ``fulfilled`` are wishes that ``runs`` follow.
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
            held = []
            for run_id in sorted(mine.keys() & wanted.keys()):
                values = _values(wanted[run_id]) | {"heartbeat": now}
                if connection.execute(
                    _LIVE.update().where(self._holds(run_id, mine[run_id])).values(**values)
                ).rowcount:
                    held.append(run_id)
            over += [run_id for run_id in held if wanted[run_id].state == "over"]
            if fulfilled:
                done = and_(_WISHES.c.wish_id.in_(fulfilled), _WISHES.c.run_id.in_(held))
                connection.execute(_WISHES.delete().where(done))
            for run in wanted.values():
                if run.run_id not in mine and run.state != "over" and not _is_there(connection, run.run_id):
                    self.insert(connection, run)
        return over

    def update(self, run: LiveRun) -> None:
        """Make the row of one of this server's runs what the run is now, as `record` does for all of them."""
        with self._database().begin() as connection:
            mine = _LIVE.update().where(self._holds(run.run_id, run.attempt)).values(**_values(run))
            if not connection.execute(mine).rowcount and not _is_there(connection, run.run_id):
                self.insert(connection, run)

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
            others = _LIVE.c.server != self._server
            beats = connection.execute(select(_LIVE.c.server, _LIVE.c.heartbeat).where(others).distinct()).all()
            heard = {(row.server, row.heartbeat) for row in beats}
            gone = {beat for beat in heard if self._heartbeats.is_silent(*beat)}
            if not gone:
                return []
            rows = connection.execute(
                select(_LIVE)
                .where(others, _LIVE.c.server.in_({server for server, _ in gone}))
                .order_by(_LIVE.c.submitted_at)
            ).all()
            for row in rows:
                if (row.server, row.heartbeat) not in gone:
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
                    experiment = None
                if experiment is None or row.state == "over":
                    connection.execute(_LIVE.delete().where(as_read))
                    continue
                state: KeptState = row.state if row.state in ("queued", "paused") else "running"
                new = {"server": self._server, "attempt": row.attempt + 1, "heartbeat": now, "state": state}
                crashes = self._crashes_after(row)
                new |= {"trains": False, "line": self._line, "crashes": crashes}
                if connection.execute(_LIVE.update().where(as_read).values(**new)).rowcount:
                    owners = tuple(map(OwnerDigest, row.owners))
                    submitted = row.submitted_at.replace(tzinfo=UTC)
                    args = (state, submitted, row.attempt + 1, row.behind)
                    of_turn = {"ahead": row.ahead, "turn": row.turn, "address": row.address}
                    won.append(LiveRun(row.run_id, experiment, owners, *args, **of_turn, crashes=crashes))
        return won

    def _crashes_after(self, row: Row[Any]) -> int:
        """Count the servers in a row that ended while they trained a run, the last one included.

        One that left on purpose does not count, and a run on workers of a cluster ends no server.
        """
        if self._line:
            return 0
        return int(row.crashes) + (row.trains and row.heartbeat != LEFT and not row.line)

    def find(self, run_id: str) -> LiveRun | None:
        """Find a run that another server has; None if there is none, or it is of a version that knew other settings."""
        with self._database().begin() as connection:
            return next(iter(self._others(connection, _LIVE.c.run_id == run_id)), None)

    def leave(self) -> None:
        """Leave this server's runs to whoever comes next, at once."""
        with self._database().begin() as connection:
            connection.execute(_LIVE.update().where(_LIVE.c.server == self._server).values(heartbeat=LEFT))

    def _others(self, connection: Connection, which: ColumnElement[bool]) -> list[LiveRun]:
        """Read other servers' runs with their wishes, in one statement: a wish is there or has changed its run."""
        placed = (_WISHES.c.wish_id, _WISHES.c.owner.label("asker"), _WISHES.c.wish)
        wanted = select(_LIVE, *placed).outerjoin(_WISHES).where(which, _LIVE.c.server != self._server)
        found = []
        rows = connection.execute(wanted.order_by(_LIVE.c.submitted_at, _LIVE.c.run_id, _WISHES.c.wish_id))
        for run_id, group in itertools.groupby(rows, lambda row: row.run_id):
            row, *_ = with_wishes = list(group)
            with contextlib.suppress(UserError):  # of a version that knew other settings
                experiment, submitted = Experiment.checked(row.experiment), row.submitted_at.replace(tzinfo=UTC)
                owners = tuple(map(OwnerDigest, row.owners))
                asked = [one for one in with_wishes if one.wish_id is not None]
                wishes = tuple(PlacedWish(one.wish_id, run_id, OwnerDigest(one.asker), one.wish) for one in asked)
                args = (row.state, submitted, row.attempt, row.behind, row.shown, wishes)
                found.append(LiveRun(run_id, experiment, owners, *args))
        return found

    def _holds(self, run_id: str, attempt: int) -> ColumnElement[bool]:
        return and_(_LIVE.c.run_id == run_id, _LIVE.c.server == self._server, _LIVE.c.attempt == attempt)


def _values(run: LiveRun) -> dict[str, object]:
    changing = ("state", "shown", "behind", "ahead", "turn", "trains", "crashes")
    return {"owners": list(map(str, run.owners)), **{name: getattr(run, name) for name in changing}}


def _is_there(connection: Connection, run_id: str) -> bool:
    return bool(connection.scalar(select(func.count()).where(_LIVE.c.run_id == run_id)))
