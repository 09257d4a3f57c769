"""A database of any earlier version is brought up to date when it is opened, once, and keeps what is in it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, MetaData, Table, create_engine, event, make_url, text

from da_core.errors import UserError
from da_core.jobs import upload_list  # noqa: F401
from da_core.jobs.database import migrations, room_database  # noqa: F401  # tables in METADATA too
from da_core.jobs.database.run_database import METADATA, RunDatabase
from da_core.jobs.database.work_rows import WorkRow, WorkRows
from da_core.jobs.owners import OwnerDigest
from da_core.jobs.scheduling import live_runs  # noqa: F401

ROOT = Path(__file__).parents[2]
NOVEMBER = ROOT / "tests" / "earlier_versions" / "november_2026" / "kept.db"
TABLES = {"runs": 2, "entries": 3}
"""How many rows the tables of November have that are still there; the one study is a work by now."""


@pytest.fixture
def november(url: str, tmp_path: Path) -> str:
    """The tables and rows of November 2026, in this database."""
    if url.startswith("sqlite"):
        shutil.copy(NOVEMBER, make_url(url).database)
        return url
    shutil.copy(NOVEMBER, tmp_path / "november.db")
    old, new = create_engine(f"sqlite:///{tmp_path / 'november.db'}"), create_engine(url)
    tables = MetaData()
    event.listen(tables, "column_reflect", lambda _inspector, _table, column: column.update(type=generic(column)))
    tables.reflect(old)
    tables.create_all(new)
    with old.connect() as source, new.begin() as target:
        for table in tables.sorted_tables:
            target.execute(table.insert(), [row._asdict() for row in source.execute(table.select())])
    return url


def generic(column: dict[str, Any]) -> Any:
    return column["type"].as_generic()


def rows(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """What the tables of November hold, in an order of its own."""
    tables = MetaData()
    tables.reflect(engine, only=list(TABLES))
    with engine.connect() as connection:
        return {
            name: sorted(tuple(map(str, row)) for row in connection.execute(table.select()))
            for name, table in tables.tables.items()
        }


def revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    files = (ROOT / "da_core" / "jobs" / "database" / "migrations" / "versions").glob("v*.py")
    return max(file.stem[1:5] for file in files)


def differences(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), METADATA))


def test_a_new_database_has_just_the_tables_that_the_program_knows(url: str) -> None:
    RunDatabase(url)
    assert differences(create_engine(url)) == []


def test_a_database_of_november_is_adopted_and_keeps_all_it_holds(november: str) -> None:
    engine = create_engine(november)
    before = rows(engine)
    assert {name: len(held) for name, held in before.items()} == TABLES
    assert revision(engine) is None

    for _twice in range(2):
        database = RunDatabase(november)
        assert revision(engine) == newest()
        assert rows(engine) == before
        assert differences(engine) == []
        assert {run.name for run in database.listed("ann")} == {"The first one", ""}


def test_studies_and_searches_are_works_by_now(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        migrations.upgrade_within(connection, "0007")
        table = Table("searches", MetaData(), autoload_with=connection)
        kept = {"owner": "ann", "search": {"seed": 1}, "tried": [{"score": 0.5}], "state": "paused"}
        connection.execute(table.insert().values(**kept))
        table = Table("studies", MetaData(), autoload_with=connection)
        connection.execute(table.insert().values(owner="ann", study={"seeds": 3}))
    database = RunDatabase(url)
    search, study = (WorkRows(lambda: database, kind).find(OwnerDigest("ann")) for kind in ("search", "study"))
    assert search == WorkRow({"plan": {"seed": 1}, "outcomes": [{"score": 0.5}], "state": "paused"}, elsewhere=False)
    assert study.work["plan"] == {"seeds": 3}


def test_servers_that_start_at_once_all_open_it(november: str) -> None:
    """Each waits for a line before it opens the database, so that they do so together."""
    code = (
        "import sys; from da_core.jobs.database import migrations;"
        "from da_core.jobs.database.run_database import RunDatabase;"
        "print(flush=True); sys.stdin.readline();"
        f"print(len(RunDatabase({november!r}).listed('ann')))"
    )
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    servers = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, **pipes) for _ in range(2)]
    for server in servers:
        server.stdout.readline()
    for server in servers:
        server.stdin.write("\n")
        server.stdin.flush()
    assert [server.communicate()[0] for server in servers] == ["2\n"] * 2
    with create_engine(november).connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).all() == [(newest(),)]


def test_a_database_of_a_newer_version_is_left_alone_with_one_sentence(url: str) -> None:
    RunDatabase(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UserError, match="written by a newer version"):
        RunDatabase(url)
    assert revision(engine) == "9999"


def test_an_up_to_date_database_is_opened_while_another_process_writes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'runs.db'}"
    RunDatabase(url)
    with create_engine(url).connect() as connection:
        connection.execute(text("BEGIN IMMEDIATE"))
        assert RunDatabase(url).run_ids() == []
