"""A database that takes the call and never answers: pages get a sentence, runs go on, and it heals by itself."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from da_core.experiment import Experiment
from da_core.jobs.database import database_engine, postgres_timeouts
from da_core.jobs.database.database_engine import UnreachableError
from da_core.jobs.database.run_database import RunDatabase
from da_core.jobs.queue import Queue
from da_core.jobs.scheduling.local_runs import LocalRuns
from da_core.jobs.store import Store
from tests.jobs.conftest import is_over, quick

pytestmark = pytest.mark.xdist_group("postgresql")  # its server is started once

PATIENCE = 120.0
ANN = "ann"


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of a server that takes calls and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"postgresql+psycopg://lab@127.0.0.1:{server.getsockname()[1]}/lab"


@contextmanager
def standing_still(url: str) -> Iterator[None]:
    """Stop a PostgreSQL with all of its processes, as a machine does that is out of memory, and let it go on."""
    with RunDatabase(url).begin() as connection:
        folder = connection.exec_driver_sql("SHOW data_directory").scalar()
        served = list(connection.exec_driver_sql("SELECT pid FROM pg_stat_activity").scalars())
    pids = [int((Path(str(folder)) / "postmaster.pid").read_text().split()[0]), *served]
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def test_a_run_goes_to_its_end_beside_a_database_that_never_answers(silent: str, tmp_path: Path) -> None:
    store = Store(tmp_path / "runs", database=silent)
    queue = Queue(store, LocalRuns(store, quick))
    run = queue.submit(Experiment(), ANN)
    view = queue.wait(run, is_over, PATIENCE)
    queue.close()
    assert view.state == "done"
    assert "cannot be reached now. This server keeps the run" in view.notices[-1].message
    assert store.load(run) is not None
    with pytest.raises(UnreachableError, match="cannot be reached now"):
        store.database.listed(ANN)


def test_a_database_that_stands_still_is_a_sentence_and_heals_without_a_restart(
    postgresql: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(postgres_timeouts, "ANSWER_SECONDS", 1)
    monkeypatch.setattr(database_engine, "REST", 0.0)
    store = Store(tmp_path / "runs", database=postgresql)
    before = store.database.listed(ANN)  # other tests have runs in this database
    with standing_still(postgresql), pytest.raises(UnreachableError):
        store.database.listed(ANN)
    assert store.database.listed(ANN) == before


def test_a_database_that_hangs_is_left_alone_for_a_while(silent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnreachableError):
        RunDatabase(silent)
    monkeypatch.setattr(database_engine, "connect_with_timeouts", lambda *_: pytest.fail("it was called again"))
    with pytest.raises(UnreachableError):
        RunDatabase(silent)
