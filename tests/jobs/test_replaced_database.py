"""SQLite's file is deleted or replaced under a running server, which opens what is at its path and loses nothing."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from da_core.events import Event, Evidence, Progress, Result, StageStarted
from da_core.experiment import Experiment
from da_core.jobs.database.database_engine import UnreachableError
from da_core.jobs.database.room_database import RoomDatabase
from da_core.jobs.queue import Queue
from da_core.jobs.scheduling import local_runs
from da_core.jobs.store import Store, new_run_id
from tests.support.made_up_run import finished, made_by_this_version

ANN = "ann"
PATIENCE = 60.0
Save = Callable[..., str]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the list of runs lies."""
    return tmp_path / "runs.db"


@pytest.fixture
def saved(result: Result, evidence: Evidence) -> Save:
    def save(store: Store, seed: int = 0, name: str = "") -> str:
        experiment = Experiment(seed=seed)
        run_id = new_run_id(experiment)
        assert store.save(run_id, experiment, result, evidence, (), [ANN]) is None
        if name:
            store.database.rename(run_id, ANN, name)
        return run_id

    return save


def listed(store: Store) -> dict[str, str]:
    """The names that Ann gave her runs, by their ids."""
    return {run.run_id: run.name for run in store.database.listed(ANN)}


def open_room(store: Store) -> str:
    return RoomDatabase(store.database).open(ANN, {}, {}).room_id


def rooms(store: Store) -> list[str]:
    return [room.room_id for room in RoomDatabase(store.database).of_owner(ANN)]


def copied(file: Path) -> Path:
    """A copy of a database that is open, as `sqlite3 runs.db ".backup copy.db"` makes it."""
    copy = file.with_name("copy.db")
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


def test_what_is_written_after_the_file_was_deleted_is_there_after_a_restart(
    store: Store, saved: Save, file: Path, tmp_path: Path
) -> None:
    before = saved(store, name="from before")
    file.unlink()

    store.database.rename(before, ANN, "from after")
    after, room = saved(store, 1, name="new"), open_room(store)

    restarted = Store(tmp_path / "runs")
    assert listed(restarted) == listed(store) == {before: "from after", after: "new"}
    assert rooms(restarted) == rooms(store) == [room]


def test_an_older_copy_in_place_of_the_file_is_taken_for_what_it_is_and_runs_since_are_listed_again(
    store: Store, saved: Save, file: Path, tmp_path: Path
) -> None:
    old = saved(store, name="old")
    room_of_the_copy = open_room(store)
    copy = copied(file)
    lost_room, since = open_room(store), saved(store, 1, name="is lost with the file")
    for number in range(300):  # until there is more in the journal than in the file
        store.database.rename(old, ANN, f"renamed {number}")
    os.replace(copy, file)

    after, room = saved(store, 2, name="new"), open_room(store)

    restarted = Store(tmp_path / "runs")
    assert listed(restarted) == listed(store) == {old: "old", since: "", after: "new"}
    assert sorted(rooms(restarted)) == sorted([room_of_the_copy, room])
    assert lost_room not in rooms(restarted)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_the_whole_data_folder_may_go(store: Store, saved: Save, tmp_path: Path) -> None:
    saved(store)
    for path in tmp_path.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    after, room = saved(store, 1), open_room(store)
    restarted = Store(tmp_path / "runs")
    assert (list(listed(restarted)), rooms(restarted)) == ([after], [room])


def test_a_change_that_is_under_way_when_the_file_goes_is_refused_with_a_sentence_and_can_be_tried_again(
    store: Store, file: Path
) -> None:
    database = store.database

    def change() -> None:
        with database.begin() as connection:
            connection.exec_driver_sql("INSERT INTO server_keys VALUES ('a', 'b')")
            file.unlink()

    with pytest.raises(UnreachableError, match=r"cannot be reached now\. Try again"):
        change()
    with pytest.raises(UnreachableError, match=r"cannot be reached now\. Try again"):
        database.run_ids()
    with store.database.begin() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM server_keys").scalar() == 0
        connection.exec_driver_sql("INSERT INTO server_keys VALUES ('a', 'b')")
    with closing(sqlite3.connect(file)) as new:
        assert new.execute("SELECT name FROM server_keys").fetchall() == [("a",)]


def test_garbage_in_place_of_the_file_is_set_aside_as_on_a_start(store: Store, saved: Save, file: Path) -> None:
    run = saved(store)
    garbage = file.with_name("garbage")
    garbage.write_bytes(b"\x00nonsense" * 1000)
    os.replace(garbage, file)
    assert list(listed(store)) == [run]
    assert store.rebuilt_notice is not None
    assert file.with_name(str(store.rebuilt_notice.values["file"])).read_bytes() == b"\x00nonsense" * 1000


# runs and rooms that are in use ---------------------------------------------------------------------------------------


class Held:
    """Stands for `da_core.run.run`: a run goes on until the test lets it finish."""

    def __init__(self) -> None:
        self.may_finish = threading.Event()

    def __call__(self, experiment: Experiment, *, should_stop: Callable[[], bool]) -> Iterator[Event]:
        yield StageStarted("adapt", ("load", "adapt"))
        yield Progress(0.5, 3.0)
        self.may_finish.wait(PATIENCE)
        yield made_by_this_version(finished(), experiment)


@pytest.fixture
def held() -> Held:
    return Held()


@pytest.fixture
def queue(store: Store, held: Held, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    monkeypatch.setattr(local_runs, "BEAT", 0.05)
    made = Queue(store, local_runs.LocalRuns(store, held))
    yield made
    held.may_finish.set()
    made.close()


def rows(file: Path) -> dict[str, tuple[Any, ...]]:
    """What the file at the path says of runs that are not over."""
    if not file.exists():
        return {}
    with closing(sqlite3.connect(file)) as connection:
        try:
            return {row[0]: row[1:] for row in connection.execute("SELECT run_id, state, trains FROM live_runs")}
        except sqlite3.OperationalError:  # it is just being made
            return {}


def test_a_run_that_trains_is_recorded_in_the_new_file_and_comes_to_its_end(
    queue: Queue, held: Held, file: Path, tmp_path: Path
) -> None:
    run = queue.submit(Experiment(), ANN)
    queue.wait(run, lambda view: view.fraction == 0.5, PATIENCE)
    file.unlink()
    deadline = time.monotonic() + PATIENCE
    while rows(file).get(run) != ("running", 1):  # with a beat of its server
        assert time.monotonic() < deadline, "the new file knows nothing of it"
        threading.Event().wait(0.02)
    held.may_finish.set()
    assert queue.wait(run, lambda view: not view.live, PATIENCE).state == "done"
    assert list(listed(Store(tmp_path / "runs"))) == [run]
