"""Keep each visitor's last study, search and benchmark as rows: plan, outcomes and owner.

A row is its server's while that server lives: every write names the server that read it in the UPDATE's own predicate,
so that of two servers one goes on with the work.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, select

from da_core.jobs.database.run_database import WORKS, RunDatabase
from da_core.jobs.owners import digest

SILENT_SECONDS = 60.0
"""After this time without a sign of life of a work its server is gone, and another may go on with it."""
LEFT = 0.0
"""The heartbeat of a work that its server has left on purpose."""


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
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._kind = kind
        self._server = server or f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(8)}"
        self._stopwatch = stopwatch
        self._seen: dict[str, tuple[tuple[str, float], float]] = {}
        """By owner, the last heartbeat of another server that this one has seen, and when it first did."""

    def begin(self, owner: str, work: dict[str, Any]) -> bool:
        """Write a work down in place of the one before; tell whether it is this server's: another may be at one."""
        ours = {"work": work, "server": self._server, "heartbeat": time.time()}
        with self._database().begin() as connection:
            row = connection.execute(select(WORKS).where(self._of(owner))).one_or_none()
            if row is None:
                connection.execute(WORKS.insert().values(owner=digest(owner), kind=self._kind, **ours))
                return True
            if self._is_elsewhere(row):
                return False
            as_read = and_(WORKS.c.server == row.server, WORKS.c.heartbeat == row.heartbeat)
            return bool(connection.execute(WORKS.update().where(self._of(owner), as_read).values(**ours)).rowcount)

    def write(self, owner: str, work: dict[str, Any], *, is_over: bool = False) -> bool:
        """Write down how far a work is, as a sign of life; tell whether it is still this server's."""
        ours = and_(self._of(owner), WORKS.c.server == self._server)
        heartbeat = LEFT if is_over else time.time()
        with self._database().begin() as connection:
            return bool(connection.execute(WORKS.update().where(ours).values(work=work, heartbeat=heartbeat)).rowcount)

    def find(self, owner: str) -> WorkRow | None:
        """Read the visitor's last work of this kind; None if there is none."""
        with self._database().begin() as connection:
            row = connection.execute(select(WORKS).where(self._of(owner))).one_or_none()
        return None if row is None else WorkRow(row.work, self._is_elsewhere(row))

    def _of(self, owner: str) -> ColumnElement[bool]:
        return and_(WORKS.c.owner == digest(owner), WORKS.c.kind == self._kind)

    def _is_elsewhere(self, row: Row[Any]) -> bool:
        """Tell whether another server is at a work: one that lives, and whose heartbeat does not stand still.

        Two servers' clocks are never compared: one may be an hour off, or jump. What counts is for how long a heartbeat
        has not changed, by this server's stopwatch.
        """
        if row.server == self._server or row.heartbeat == LEFT or _has_died(row.server):
            return False
        now, beat = self._stopwatch(), (row.server, row.heartbeat)
        if row.owner not in self._seen or self._seen[row.owner][0] != beat:
            self._seen[row.owner] = (beat, now)
        return now - self._seen[row.owner][1] < SILENT_SECONDS


def _has_died(server: str) -> bool:
    """Tell whether a server of this machine has ended; of another machine nobody here can say."""
    host, pid, _token = server.rsplit("/", 2)
    if host != socket.gethostname():
        return False
    if int(pid) == os.getpid():  # the number has come round: that server is not this one
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
