"""Upgrade the database of runs with Alembic, whenever it is opened.

To add a column, change two files. In `run_database`, add it to its table. In ``versions``, add the next file, such as
``v0002_runs_device.py``, with ``revision = "0002"``, ``down_revision = "0001"`` and an ``upgrade()`` that calls
``op.add_column("runs", sa.Column("device", sa.String(16)))``; there are rows already, so the column may be null or has
a ``server_default``. Any other change of a table goes through ``op.batch_alter_table``, which SQLite needs. Then run
``tests/jobs/test_migrations.py``, which compares the two. Never edit a revision that was published: databases have been
through it.

Revision 0001 creates those of the first tables that are missing, so it also adopts databases from before revisions.
"""

from __future__ import annotations

import threading

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text

from da_core.errors import UserError

_ADVISORY_LOCK = 0x_DA1AB
"""Any number, but the same for all servers on one PostgreSQL database."""
_one_at_a_time = threading.RLock()  # Alembic keeps what it works on in globals


def upgrade(engine: Engine) -> None:
    """Upgrade the database to the newest revision, all or nothing; of several servers at once one does it.

    Raises SQLAlchemy's errors, and `UserError` where the database is of a newer version of this program.
    """
    newest = _scripts().get_current_head()
    with _one_at_a_time:
        with engine.connect() as connection:  # most often that is all, and nothing is written
            if MigrationContext.configure(connection).get_current_revision() == newest:
                return
        with engine.begin() as connection:
            wait_for_others(connection)
            upgrade_within(connection)


def upgrade_within(connection: Connection, revision: str = "head") -> None:
    """Upgrade the database to a revision as a part of the transaction. Raises as `upgrade` does."""
    config = _config()
    config.attributes["connection"] = connection
    with _one_at_a_time:
        try:
            command.upgrade(config, revision)
        except CommandError as error:
            raise UserError(
                "The list of runs was written by a newer version of this program; install that version again."
            ) from error


def wait_for_others(connection: Connection) -> None:
    """Hold a lock until the transaction ends, so that the second server finds the first one's work done."""
    match connection.dialect.name:
        case "sqlite":
            connection.execute(text("BEGIN IMMEDIATE"))  # else Python begins a transaction at the first INSERT only
        case "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "da_core.jobs.database:migrations")
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())
