"""Write and read the tables of the run database as lines of JSON, which any supported database can take in."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from sqlalchemy import JSON, Connection, DateTime, LargeBinary, MetaData, Table, event, func, select
from sqlalchemy.exc import CompileError, DataError, IntegrityError

from da_core.errors import UserError
from da_core.jobs.database import migrations
from da_core.jobs.database.database_engine import open_engine

_AT_ONCE = 500
"""Rows that are read or inserted together."""


@contextmanager
def snapshot(url: str) -> Iterator[Connection]:
    """Open a snapshot of the database at one moment, whatever is written meanwhile.

    SQLite copies itself into a file of ours, since a long reader would keep its journal growing.
    """
    engine = open_engine(url)
    if engine.dialect.name != "sqlite":
        with engine.connect().execution_options(isolation_level="REPEATABLE READ", stream_results=True) as connection:
            yield connection
        return
    with tempfile.TemporaryDirectory(prefix="da-lab-") as folder:
        copy = Path(folder) / "copy.db"
        with engine.connect() as connection, contextlib.closing(sqlite3.connect(copy)) as into:
            cast("sqlite3.Connection", connection.connection.driver_connection).backup(into)
        with open_engine(f"sqlite:///{copy}").connect() as connection:
            yield connection


def tables(connection: Connection, revision: str) -> list[Table]:
    """Reflect the program's own tables of that revision which are there, each after those that it refers to."""
    known = MetaData()
    event.listen(known, "column_reflect", _null_is_no_json)
    known.reflect(connection, only=lambda name, _: name in migrations.table_names(revision))
    return known.sorted_tables


def _null_is_no_json(_inspector: object, _table: object, column: Any) -> None:
    if isinstance(column["type"], JSON):
        column["type"] = JSON(none_as_null=True)


def is_empty(connection: Connection, table: Table) -> bool:
    """Tell whether a table has no row."""
    return not connection.scalar(select(func.count()).select_from(table))


def lines(connection: Connection, table: Table) -> Iterator[bytes]:
    """Write each row as a line."""
    rows = connection.execution_options(yield_per=_AT_ONCE).execute(table.select().order_by(*table.primary_key))
    for row in rows.mappings():
        yield json.dumps(dict(row), ensure_ascii=False, default=_plain).encode() + b"\n"


def insert(connection: Connection, table: Table, written: Iterable[bytes]) -> int:
    """Insert what `lines` wrote; return how many rows. Raises `UserError` where something else is written there."""
    read = {column.name: _reader(column.type) for column in table.columns}
    count = 0
    try:
        for batch in _batches(written):
            rows = [json.loads(line) for line in batch]
            values = [
                {name: value if value is None else read[name](value) for name, value in row.items()} for row in rows
            ]
            connection.execute(table.insert(), values)
            count += len(batch)
    except (ValueError, TypeError, KeyError, AttributeError, CompileError, DataError, IntegrityError) as error:
        raise UserError("The table {name} in this back-up is damaged; use another.", name=table.name) from error
    return count


def _batches(written: Iterable[bytes]) -> Iterator[list[bytes]]:
    remaining = iter(written)
    while batch := list(itertools.islice(remaining, _AT_ONCE)):
        yield batch


def _plain(value: object) -> str:
    match value:
        case datetime():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode()
        case _:
            raise TypeError(f"{type(value)} has no portable form")


def _reader(kind: object) -> Callable[[Any], Any]:
    match kind:
        case DateTime():
            return datetime.fromisoformat
        case LargeBinary():
            return base64.b64decode
        case _:
            return lambda value: value
