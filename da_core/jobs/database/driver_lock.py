"""Lock a database for the one server that trains its runs, where no cluster does, until its process ends."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable

from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from da_core.jobs.database.database_engine import open_engine, reached, reached_files
from da_core.jobs.database.run_database import RunDatabase

_ADVISORY_LOCK = 0x_DA1AC
"""Any number, but the same for all servers on one PostgreSQL database, and not that of migrations."""


_Held = Connection | sqlite3.Connection


class DriverLock:
    """A lock that the system takes back from a process that was killed. Safe to use from many threads.

    With SQLite it is on a file beside the database's, with PostgreSQL it lasts as long as a connection. Other databases
    have none, and there every server believes that it is the only one.
    """

    def __init__(self, database: Callable[[], RunDatabase]) -> None:
        self._database = database
        self._held: _Held | None = None
        self._lock = threading.Lock()

    def is_ours(self) -> bool:
        """Take the lock unless this server has it; tell whether it has it now. Raises `UnreachableError`."""
        with self._lock:
            if isinstance(self._held, Connection) and not _lasts(self._held):
                self._held = None
            if self._held is None:
                self._held = _take(self._database().url)
            return self._held is not None

    def release(self) -> None:
        """Leave it to the next server."""
        with self._lock:
            if self._held is not None:
                self._held.close()
            self._held = None


def _take(url: str) -> _Held | None:
    place = make_url(url)
    if place.get_backend_name() == "sqlite":
        return _take_file(f"{place.database}-driver")
    with reached(url):
        connection = open_engine(url).connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()  # closed when it is let go, and not kept for the next
        if connection.dialect.name != "postgresql":
            return connection
        if connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _ADVISORY_LOCK}):
            return connection
        connection.close()
    return None


def _take_file(path: str) -> _Held | None:
    with reached_files():
        file = sqlite3.connect(path, timeout=0.0, isolation_level=None, check_same_thread=False)
        try:
            file.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            file.close()
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                return None
            raise OSError(f"{path} cannot be locked") from error
    return file


def _lasts(connection: Connection) -> bool:
    """Tell whether a connection, and so its lock, is still there."""
    try:
        connection.scalar(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True
