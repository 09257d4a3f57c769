"""Open the database at a URL; where it does not answer, say so in one sentence and do not ask again for a while."""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from da_core.errors import DISK_IS_FULL, DISK_IS_READ_ONLY, UserError, explain_disk
from da_core.jobs.database.opened_file import OpenedFile
from da_core.jobs.database.postgres_timeouts import CONNECT_SECONDS, connect_with_timeouts

log = logging.getLogger(__name__)

REST = 20.0
"""Seconds for which a database that does not answer is left alone."""
_UNREACHABLE = "The list of runs cannot be reached now. Try again; if this continues, contact the administrator."
_FULL_IN_SQLITE = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)
"""A write finds no room, or the file beside the database, as it is opened."""
_FULL_IN_POSTGRESQL = "53100"
_IS_READ_ONLY = "is read-only"
_resting: dict[str, float] = {}
"""Until when each database is left alone, by `time.monotonic`."""


class UnreachableError(UserError):
    """The database does not answer, or refuses."""


class DamagedError(UnreachableError):
    """The database's file is none, or is broken inside."""


@contextlib.contextmanager
def reached(url: str) -> Iterator[None]:
    """Ask the database at ``url`` for something within. Raises `UnreachableError`.

    It does so at once for `REST` seconds after the database has kept somebody waiting in vain: otherwise every page and
    every run would wait for it again.
    """
    began = time.monotonic()
    if began < _resting.get(url, 0.0):
        raise UnreachableError(_UNREACHABLE)
    try:
        yield
    except SQLAlchemyError as error:
        log.warning("the database of runs", exc_info=True)
        hangs = time.monotonic() - began >= CONNECT_SECONDS
        if hangs and not url.startswith("sqlite"):  # a file that is locked for a while is free a moment later
            _resting[url] = time.monotonic() + REST
        raise _explained(getattr(error, "orig", None)) from error


def _explained(error: object) -> UnreachableError:
    """Say what is wrong with the database, by what its driver raised."""
    sqlite_code, sqlstate = getattr(error, "sqlite_errorcode", None), getattr(error, "sqlstate", None)
    if sqlite_code in _FULL_IN_SQLITE or sqlstate == _FULL_IN_POSTGRESQL:
        return UnreachableError(DISK_IS_FULL)
    if sqlite_code == sqlite3.SQLITE_READONLY:
        return UnreachableError(DISK_IS_READ_ONLY)
    # what a lock or a missing folder raises is of a class below this one
    damaged = type(error) is sqlite3.DatabaseError
    return DamagedError(_UNREACHABLE) if damaged else UnreachableError(_UNREACHABLE)


@contextlib.contextmanager
def reached_files() -> Iterator[None]:
    """Do something with SQLite's files within. Raises `UnreachableError` for what the file system raises."""
    try:
        yield
    except OSError as error:
        log.warning("the files of the database of runs", exc_info=True)
        raise UnreachableError(explain_disk(error) or _UNREACHABLE) from error


def check_file(file: OpenedFile) -> None:
    """Raise `UnreachableError` where SQLite's file is not at its path any more: what is written there is lost."""
    if not file.is_there():
        raise UnreachableError(_UNREACHABLE)


def set_aside(url: str) -> str:
    """Move SQLite's file at this URL out of the way, under a name with the time; return that name."""
    file = Path(make_url(url).database or "")
    aside = file.with_name(f"{file.name}.damaged-{datetime.now(UTC):%Y-%m-%d-%H%M%S}")
    for suffix in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.replace(f"{file}{suffix}", f"{aside}{suffix}")
    os.replace(file, aside)
    return aside.name


def open_engine(url: str) -> Engine:
    """Prepare connections to a database.

    Raises `UserError` for a URL that SQLAlchemy does not understand, or a driver that is not installed.
    """
    try:
        # ids and class names may be Chinese: they are kept as people would read them
        engine = create_engine(
            url,
            pool_pre_ping=True,
            json_serializer=functools.partial(json.dumps, ensure_ascii=False),
            hide_parameters=True,  # an error goes to the log, and what visitors wrote does not
        )
    except (ArgumentError, ImportError) as error:
        raise UserError(
            "The setting {name} is not a usable database: {detail}.",
            name="DA_LAB_DATABASE",
            detail=error,
        ) from error
    if make_url(url).get_backend_name() == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "checkin", _drop_read_only)
    if make_url(url).drivername == "postgresql+psycopg":
        event.listen(engine, "do_connect", connect_with_timeouts)
    return engine


def _prepare_sqlite(connection: Any, record: ConnectionPoolEntry) -> None:
    """Let no reader wait for a writer, and a writer wait for another; note whether the file can be written."""
    for pragma in ("busy_timeout = 5000", "synchronous = NORMAL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
    with contextlib.suppress(sqlite3.OperationalError):  # “locked” at once where another server is just doing the same
        connection.execute("PRAGMA journal_mode = WAL")
    _number, _name, file = connection.execute("PRAGMA database_list").fetchone()
    record.info[_IS_READ_ONLY] = bool(file) and not os.access(file, os.W_OK)


def _drop_read_only(_connection: Any, record: ConnectionPoolEntry) -> None:
    """Use a read-only connection once: it would stay so when the disk is writable again."""
    if record.info.get(_IS_READ_ONLY):
        record.invalidate()
