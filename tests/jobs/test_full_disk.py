"""A disk that is really full: a small file system in memory, where one may be mounted."""

from __future__ import annotations

import io
import logging
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from da_core.data.readers.uploads import keep_folder, keep_upload
from da_core.errors import UserError
from da_core.events import Event, Evidence, Result
from da_core.experiment import Experiment
from da_core.export.files import Kind, exports, write
from da_core.i18n import Language
from da_core.jobs.database.database_engine import UnreachableError
from da_core.jobs.database.run_database import RunDatabase
from da_core.jobs.queue import Queue
from da_core.jobs.run_bucket import RunBucket
from da_core.jobs.scheduling.local_runs import LocalRuns
from da_core.jobs.store import AwayError, Store, new_run_id
from da_core.object_storage import ObjectStorage
from da_core.run_folder import Record, record_in_memory
from da_core.settings import settings
from da_core.system import structured_logs
from tests.support import made_up_run

ANN = "ann"
FULL = Path("/dev/full")


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder on a disk of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    try:
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("no file system may be mounted here")
    except FileNotFoundError:
        pytest.skip("this system has no mount")
    monkeypatch.setenv("DA_LAB_DATA_DIR", str(folder))
    settings.cache_clear()
    yield folder
    settings.cache_clear()
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Write until no byte is left; return the file."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    return ballast


def rename_often(store: Store, run: str) -> None:
    """Change the list until it needs more room."""
    for number in range(1000):
        store.database.rename(run, ANN, f"{number}" * 20)


@pytest.fixture
def record() -> Record:
    """A run with a network, none of which is on a disk."""
    finished = made_up_run.finished()
    return record_in_memory(new_run_id(Experiment()), Experiment(), finished.result, finished.evidence, ())


def test_a_full_disk_is_told_and_works_again_when_room_is_made(disk: Path, result: Result, evidence: Evidence) -> None:
    store = Store(disk / "runs")
    before = new_run_id(Experiment())
    assert store.save(before, Experiment(), result, evidence, (), [ANN]) is None
    ballast = fill(disk)

    during, second = new_run_id(Experiment(seed=1)), Experiment(seed=1)
    notice = store.save(during, second, result, evidence, (), [ANN])
    assert notice is not None
    assert notice.message.startswith("The server's disk is full, so it keeps this run only for a while")
    assert store.load(during) is not None
    assert [run.run_id for run in store.database.listed(ANN)] == [before], "what is there can be read"
    with pytest.raises(UnreachableError, match="disk is full"):
        rename_often(store, before)
    for bring in (lambda: keep_upload("a.csv", bytes(10**5)), lambda: keep_folder("a", [("b.csv", _stream())])):
        with pytest.raises(UserError) as full:
            bring()
        assert full.value.message.startswith("The server's disk is full; ask the administrator")
    assert Language("zh").translate(full.value.message) != full.value.message
    assert sorted(path.name for path in disk.iterdir() if path.name == "uploads" and any(path.iterdir())) == []

    ballast.unlink()
    third = new_run_id(Experiment(seed=2))
    assert store.save(third, Experiment(seed=2), result, evidence, (), [ANN]) is None
    assert [run.run_id for run in store.database.listed(ANN)] == [third, before]
    assert keep_upload("a.csv", bytes(10**5)).startswith("upload:")


def test_a_shared_run_for_which_a_full_disk_has_no_room_is_not_called_damaged(
    disk: Path, tmp_path: Path, result: Result, evidence: Evidence
) -> None:
    shared = ObjectStorage(f"file://{tmp_path}/storage")
    elsewhere, here = (
        Store(place / "runs", bucket=RunBucket(shared, place / "copies", 2**30)) for place in (tmp_path, disk)
    )
    run = new_run_id(Experiment())
    assert elsewhere.save(run, Experiment(), result, evidence, (), [ANN]) is None
    ballast = fill(disk)
    assert here.load(run) is None
    with pytest.raises(AwayError, match="disk is full"):
        here.is_damaged(run)
    ballast.unlink()
    assert here.load(run) is not None


@pytest.mark.parametrize("is_new", [True, False])
def test_a_database_that_is_opened_on_a_full_disk_says_so(disk: Path, is_new: bool) -> None:
    file = disk / "runs.db"
    if not is_new:  # it needs files beside it, which the last server has taken away
        with closing(sqlite3.connect(file)) as earlier:
            earlier.execute("PRAGMA journal_mode = WAL")
            earlier.execute("CREATE TABLE kept (key TEXT)")
    fill(disk)
    with pytest.raises(UnreachableError, match="disk is full"):
        RunDatabase(f"sqlite:///{file}")


def _stream() -> io.BytesIO:
    return io.BytesIO(bytes(10**5))


def test_what_a_visitor_takes_home_needs_no_disk(disk: Path, record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    fill(disk)
    made = {kind: export.make(record, Language("en")) for kind, export in exports(record).items()}
    assert {"report", "figures", "notebook", "model", "table"} <= made.keys()
    assert all(made.values())


@pytest.mark.parametrize("kind", ["report", "table", "notebook", "model", "tensorboard"])
def test_an_export_onto_a_full_disk_is_one_sentence_and_leaves_no_part(disk: Path, record: Record, kind: Kind) -> None:
    place = disk / "exports" / kind
    place.parent.mkdir()
    ballast = fill(disk)
    with pytest.raises(UserError, match="cannot be written") as full:
        write(record, kind, place, Language("en"))
    assert "No space left" in str(full.value)
    assert Language("zh").translate(full.value.message) != full.value.message
    assert [file for file in place.parent.rglob("*") if file.is_file()] == []
    ballast.unlink()
    write(record, kind, place, Language("en"))
    assert place.exists()


@pytest.mark.skipif(not FULL.exists(), reason="has no device that is always full")
def test_a_log_that_cannot_be_written_ends_no_run(tmp_path: Path) -> None:
    """What is said of a run, and what goes wrong in it, has nowhere to go."""

    def talks(_experiment: Experiment, **_options: object) -> Iterator[Event]:
        logging.getLogger("da_core.jobs").warning("said while it trains")
        yield made_up_run.finished()

    before = (logging.root.handlers[:], logging.root.level)
    full = FULL.open("w", buffering=1)
    structured_logs.set_up("json", full)
    try:
        store = Store(tmp_path)
        queue = Queue(store, LocalRuns(store, talks))
        run = queue.submit(Experiment(), ANN)
        assert queue.wait(run, lambda view: not view.live, 60).state == "done"
        queue.close()
    finally:
        logging.root.handlers[:], logging.root.level = before
        logging.captureWarnings(False)
        with suppress(OSError):
            full.close()
