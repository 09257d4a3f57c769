"""Limit how long connections to PostgreSQL wait for an answer: a server can hang and keep its line."""

from __future__ import annotations

import functools
from typing import Any

CONNECT_SECONDS = 3
ANSWER_SECONDS = 10


def connect_with_timeouts(_dialect: Any, _record: Any, arguments: list[Any], options: dict[str, Any]) -> Any:
    """Connect as SQLAlchemy's event ``do_connect`` asks for it."""
    return _connection_class().connect(*arguments, **{"connect_timeout": CONNECT_SECONDS, **options})


@functools.cache
def _connection_class() -> Any:
    import psycopg  # installed only where there is a PostgreSQL

    class ConnectionWithTimeouts(psycopg.Connection[Any]):
        """Gives up, and hangs up, where the server does not answer: its own timeouts end with it."""

        def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
            try:
                return super().wait(gen, interval, timeout or ANSWER_SECONDS)
            except psycopg.errors._WaitTimeout:
                self.pgconn.finish()  # closed, so that SQLAlchemy takes it out of its pool
                raise

    return ConnectionWithTimeouts
