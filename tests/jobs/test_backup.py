"""A back-up brings everything back, whoever writes meanwhile; a damaged or hostile one changes nothing."""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import shutil
import sqlite3
import stat
import threading
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from da_core.cli import main
from da_core.data.readers.uploads import keep_upload, resolve_place
from da_core.events import Evidence, Result
from da_core.experiment import Experiment
from da_core.jobs.store import Store, new_run_id
from da_core.settings import settings

ANN, BOB = "ann", "bob"
NOVEMBER = Path(__file__).parents[1] / "earlier_versions" / "november_2026"
RUN = "0123456789abcdef-01234567"


@pytest.fixture
def sit_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Path]]:
    """Take a data folder of this name for the settings'."""

    def sit(name: str) -> Path:
        monkeypatch.setenv("DA_LAB_DATA_DIR", str(tmp_path / name))
        settings.cache_clear()
        return tmp_path / name

    yield sit
    settings.cache_clear()


@pytest.fixture
def save(result: Result, evidence: Evidence, history) -> Callable[[Store, int], str]:
    def save(store: Store, seed: int) -> str:
        experiment = Experiment(seed=seed)
        run = new_run_id(experiment)
        assert store.save(run, experiment, result, evidence, history, [ANN]) is None
        return run

    return save


def contents(data: Path) -> dict[str, bytes]:
    """All files of a data folder but the database, and its rows."""
    files = {
        str(path.relative_to(data)): path.read_bytes()
        for path in data.rglob("*")
        if path.is_file() and not path.name.startswith("runs.db")
    }
    with closing(sqlite3.connect(data / "runs.db")) as connection:
        return files | {"rows": "\n".join(connection.iterdump()).encode()}


def test_everything_is_there_after_a_restore(sit_at, save, tmp_path: Path, capsys) -> None:
    file = str(tmp_path / "backup.zip")
    data = sit_at("first")
    store = Store(data / "runs")
    run, _other = save(store, 1), save(store, 2)
    store.database.rename(run, ANN, "夜 & “day”")
    upload = keep_upload("mine.zip", b"PK")
    (data / "uploads" / ".half").write_bytes(b"still arriving")
    (data / "runs" / ".writing-x").mkdir()
    assert main(["backup", file]) == 0
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600

    second = sit_at("second")
    assert main(["restore", file]) == 0
    assert "2 runs, 1 uploads" in capsys.readouterr().out
    assert sorted(path.name for path in second.iterdir()) == ["runs", "runs.db", "uploads"]
    restored = Store(second / "runs")
    assert restored.database.listed(ANN) == store.database.listed(ANN)
    assert restored.load(run).result == store.load(run).result
    assert restored.load(run).state()["head.weight"].equal(store.load(run).state()["head.weight"])
    assert resolve_place(upload).read_bytes() == b"PK"


def test_what_is_saved_and_deleted_meanwhile_is_whole_or_absent(sit_at, save, tmp_path: Path) -> None:
    store, over, begun = Store(sit_at("first") / "runs"), threading.Event(), threading.Event()
    kept = {save(store, seed) for seed in range(2)}

    def write() -> None:
        for seed in itertools.count(2):
            run = save(store, seed)
            if seed % 3:
                store.database.delete([run], ANN)
                store.empty_bin(ANN)
            begun.set()
            if over.is_set():
                return

    writer = threading.Thread(target=write)
    writer.start()
    assert begun.wait(60)
    try:
        for number in range(3):
            assert main(["backup", str(tmp_path / f"{number}.zip")]) == 0
    finally:
        over.set()
        writer.join(60)
    for number in range(3):
        second = sit_at(f"second {number}")
        assert main(["restore", str(tmp_path / f"{number}.zip")]) == 0
        folders = {path.name for path in (second / "runs").iterdir()}
        restored = Store(second / "runs")
        assert kept <= folders
        assert kept <= {run.run_id for run in restored.database.listed(ANN)}
        for run in folders:
            assert restored.load(run).state() is not None
            assert restored.load(run).evidence.source_index.shape == (6,)


def test_a_database_of_an_earlier_version_is_brought_up_to_date(sit_at, tmp_path: Path) -> None:
    first = sit_at("first")
    shutil.copytree(NOVEMBER / "kept", first / "runs")
    shutil.copy(NOVEMBER / "kept.db", first / "runs.db")
    assert main(["backup", str(tmp_path / "backup.zip")]) == 0
    second = sit_at("second")
    assert main(["restore", str(tmp_path / "backup.zip")]) == 0
    assert {run.name for run in Store(second / "runs").database.listed(ANN)} == {"The first one", ""}


@pytest.fixture
def archive(sit_at, save, tmp_path: Path) -> dict[str, bytes]:
    """The entries of a good archive; the settings then name another folder, which is not empty."""
    save(Store(sit_at("first") / "runs"), 1)
    keep_upload("a.zip", b"a")
    assert main(["backup", str(tmp_path / "good.zip")]) == 0
    save(Store(sit_at("second") / "runs"), 5)
    keep_upload("b.zip", b"b")
    with zipfile.ZipFile(tmp_path / "good.zip") as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def test_what_is_there_is_replaced_only_when_told_and_as_a_whole(
    archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    second, move, moves = tmp_path / "second", shutil.move, itertools.count(1)
    before = contents(second)
    assert main(["restore", str(tmp_path / "good.zip")]) == 2
    assert "--replace" in capsys.readouterr().err

    def fail_late(source: Path, destination: Path) -> None:
        if next(moves) == 6:  # the new uploads, after the database, the runs and the old uploads
            raise OSError(5, "Input/output error")
        move(source, destination)

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "move", fail_late)
        assert main(["restore", str(tmp_path / "good.zip"), "--replace"]) == 2
    assert next(moves) > 6
    assert contents(second) == before
    assert main(["restore", str(tmp_path / "good.zip"), "--replace"]) == 0
    assert contents(second) == contents(tmp_path / "first")


def packed(entries: dict[str, bytes], *more: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that are there twice
        for name, content in [*entries.items(), *more]:
            made.writestr(name, content)
    return stream.getvalue()


def link_entry() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("uploads/link")
    entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return entry


def database_with(statement: str) -> bytes:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(f"CREATE TABLE alembic_version (version_num); {statement}")
        return connection.serialize()


WRONG_NAME = f"uploads/{hashlib.sha256(b'what it says').hexdigest()}.zip"
HOSTILE: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "no archive": lambda _: b"hello",
    "cut": lambda good: packed(good)[:-100],
    "a byte flipped": lambda good: packed(good).replace(b'"source"', b'"sOurce"', 1),
    "upwards": lambda good: packed(good, ("../outside", b"x")),
    "upwards within a run": lambda good: packed(good, (f"runs/{RUN}/../../outside", b"x")),
    "absolute": lambda good: packed(good, ("/tmp/outside", b"x")),
    "a link": lambda good: packed(good, (link_entry(), b"/etc")),
    "a file beside": lambda good: packed(good, ("shared/x.txt", b"x")),
    "a name twice": lambda good: packed(good, ("runs.db", good["runs.db"])),
    "no database": lambda good: packed({name: good[name] for name in good if name != "runs.db"}),
    "a database that is none": lambda good: packed(good | {"runs.db": b"hello"}),
    "a damaged database": lambda good: packed(good | {"runs.db": good["runs.db"][:-4096]}),
    "a database with code": lambda good: packed(good | {"runs.db": database_with("CREATE VIEW runs AS SELECT 1")}),
    "a newer database": lambda good: packed(
        good | {"runs.db": database_with("INSERT INTO alembic_version VALUES ('9999')")}
    ),
    "an archive of before": lambda good: packed(good, ("backup.json", b"{}")),
    "an upload with other content": lambda good: packed(good, (WRONG_NAME, b"what it is")),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_an_archive_that_is_damaged_or_hostile_changes_nothing(
    archive: dict[str, bytes], tmp_path: Path, kind: str
) -> None:
    file = tmp_path / "bad.zip"
    file.write_bytes(HOSTILE[kind](archive))
    before, around = contents(tmp_path / "second"), sorted(tmp_path.iterdir())
    assert main(["restore", str(file), "--replace"]) == 2
    assert contents(tmp_path / "second") == before
    assert sorted(tmp_path.iterdir()) == around
    assert not Path("/tmp/outside").exists()


def test_an_archive_that_unpacks_to_more_than_the_disk_holds_is_refused(
    archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    small = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: small)
    assert main(["restore", str(tmp_path / "good.zip"), "--replace"]) == 2
    assert "more than the disk has free" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["DATABASE", "STORAGE"])
def test_servers_with_postgresql_or_a_storage_are_sent_to_their_tools(
    sit_at, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, capsys
) -> None:
    monkeypatch.setenv(f"DA_LAB_{name}", "postgresql+psycopg://lab@db/lab")
    sit_at("first")
    assert main(["backup", str(tmp_path / "lab.zip")]) == main(["restore", str(tmp_path / "lab.zip")]) == 2
    assert capsys.readouterr().err.count("pg_dump") == 2
