"""Keep each visitor's last study, search and benchmark as rows: plan, outcomes and owner.

A row is its server's while that server lives: every write names the server that read it in the UPDATE's own predicate,
so that of two servers one goes on with the work.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, select

from da_core.jobs.database.heartbeats import LEFT, Heartbeats, new_server_name
from da_core.jobs.database.run_database import WORKS, RunDatabase
from da_core.jobs.owners import digest

SILENT_SECONDS = 60.0
"""After this time without a sign of life of a work its server is gone, and another may go on with it."""


@dataclass(frozen=True)
class WorkRow:
    """A work as it was last written down, as JSON has it; ``elsewhere`` says that another server is at it."""

    work: dict[str, Any]
    elsewhere: bool


class WorkRows:
    """The rows of one ``kind`` of work, as one server sees them. Every method raises `UnreachableError`."""

    def __init__(
        self,
        database: Callable[[], RunDatabase],
        kind: str,
        server: str = "",
        clock: Callable[[], float] = time.time,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._kind = kind
        self._server = server or new_server_name()
        self._clock = clock
        self._heartbeats = Heartbeats(SILENT_SECONDS, stopwatch)

    def begin(self, owner: str, work: dict[str, Any]) -> bool:
        """Write a work down in place of the one before; tell whether it is this server's: another may be at one."""
        ours = {"work": work, "server": self._server, "heartbeat": self._clock()}
        with self._database().begin() as connection:
            row = connection.execute(select(WORKS).where(self._of(owner))).one_or_none()
            if row is None:
                connection.execute(WORKS.insert().values(owner=digest(owner), kind=self._kind, **ours))
                return True
            if self._is_elsewhere(row.server, row.heartbeat):
                return False
            as_read = and_(WORKS.c.server == row.server, WORKS.c.heartbeat == row.heartbeat)
            return bool(connection.execute(WORKS.update().where(self._of(owner), as_read).values(**ours)).rowcount)

    def write(self, owner: str, work: dict[str, Any], *, is_over: bool = False) -> bool:
        """Write down how far a work is, as a sign of life; tell whether it is still this server's."""
        ours = and_(self._of(owner), WORKS.c.server == self._server)
        heartbeat = LEFT if is_over else self._clock()
        with self._database().begin() as connection:
            return bool(connection.execute(WORKS.update().where(ours).values(work=work, heartbeat=heartbeat)).rowcount)

    def find(self, owner: str) -> WorkRow | None:
        """Read the visitor's last work of this kind; None if there is none."""
        with self._database().begin() as connection:
            row = connection.execute(select(WORKS).where(self._of(owner))).one_or_none()
        return None if row is None else WorkRow(row.work, self._is_elsewhere(row.server, row.heartbeat))

    def _of(self, owner: str) -> ColumnElement[bool]:
        return and_(WORKS.c.owner == digest(owner), WORKS.c.kind == self._kind)

    def _is_elsewhere(self, server: str, heartbeat: float) -> bool:
        return server != self._server and not self._heartbeats.is_silent(server, heartbeat)
