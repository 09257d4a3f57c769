"""A back-up brings everything back, into either kind of database; whoever writes meanwhile, and whatever is damaged."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import itertools
import json
import os
import shutil
import stat
import threading
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import create_engine, inspect, text

from da_core.cli import main
from da_core.data.readers.uploads import keep_upload, resolve_place
from da_core.errors import UserError
from da_core.events import Evidence, Result
from da_core.experiment import DataSpec, Experiment, MethodSpec
from da_core.jobs.backups.backup import BackupContents, write_backup
from da_core.jobs.backups.restore import restore_backup
from da_core.jobs.database import migrations
from da_core.jobs.database.room_database import RoomDatabase
from da_core.jobs.database.work_rows import WorkRows
from da_core.jobs.owners import EVERYONE, digest
from da_core.jobs.scheduling.job import Job
from da_core.jobs.scheduling.live_runs import LiveRuns
from da_core.jobs.store import Store, new_run_id
from da_core.settings import settings
from da_core.several_runs.search import Budget, Search
from da_core.several_runs.study import Study

pytestmark = pytest.mark.xdist_group("postgresql")
ANN, BOB = "ann", "bob"
NOVEMBER = Path(__file__).parents[1] / "earlier_versions" / "november_2026"
PATIENCE = 60.0


@dataclasses.dataclass
class Place:
    """A data folder and its database."""

    data: Path
    url: str

    def store(self) -> Store:
        return Store(self.data / "runs", database=self.url)

    def backup(self, file: Path) -> BackupContents:
        return write_backup(file, self.data, self.url)

    def restore(self, file: Path, *, replace: bool = False) -> BackupContents:
        return restore_backup(file, self.data, self.url, replace=replace)

    def everything(self) -> dict[str, Any]:
        """All files below the folder but SQLite's, and all rows."""
        files = {
            str(path.relative_to(self.data)): path.read_bytes()
            for path in sorted(self.data.rglob("*"))
            if path.is_file() and not path.name.startswith("runs.db")
        }
        engine = create_engine(self.url)
        rows = {}
        with engine.connect() as connection:
            for name in sorted(inspect(engine).get_table_names()):
                rows[name] = sorted(str(row) for row in connection.execute(text(f"SELECT * FROM {name}")))
        return {"files": files, "rows": rows}


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], Place]]:
    """New places with an empty database of the kind."""
    numbers, made = itertools.count(), []

    def new(kind: str) -> Place:
        data = tmp_path / f"place{next(numbers)}"
        data.mkdir()
        if kind == "sqlite":
            return Place(data, f"sqlite:///{data / 'runs.db'}")
        server = create_engine(request.getfixturevalue("postgresql"), isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {data.name}"))
        made.append((server, data.name))
        return Place(data, server.url.set(database=data.name).render_as_string(hide_password=False))

    yield new
    for server, name in made:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def save(result: Result, evidence: Evidence, history) -> Callable[..., str]:
    def save(store: Store, *owners: str, **changes: Any) -> str:
        experiment = Experiment(**changes)
        run = new_run_id(experiment)
        assert store.save(run, experiment, result, evidence, history, owners) is None
        return run

    return save


def bring(place: Place, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes) -> str:
    monkeypatch.setenv("DA_LAB_DATA_DIR", str(place.data))
    settings.cache_clear()
    return keep_upload(name, content)


@pytest.fixture(autouse=True)
def own_settings() -> Iterator[None]:
    yield
    settings.cache_clear()


@pytest.mark.parametrize(("origin", "target"), [*itertools.product(["sqlite", "postgresql"], repeat=2)])
def test_everything_is_there_after_a_restore(
    place, save, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, origin: str, target: str
) -> None:
    first, second = place(origin), place(target)
    store = first.store()
    shared, anns = save(store, ANN, BOB, seed=1), save(store, ANN, seed=2, data=DataSpec(name="moons"))
    database = store.database
    database.rename(shared, ANN, "夜 & “day”")
    database.tag(shared, ANN, ["a", "夜"])
    database.delete([shared], BOB)
    study = Study(experiment=Experiment(), methods=(MethodSpec(name="dann"), MethodSpec(name="coral")), seeds=3)
    for _ in range(3):
        database.count_progress(BOB, "chapter", "one", "read")
    rooms = RoomDatabase(database)
    room = rooms.open(ANN, {"title": "夜"}, {"place": 3})
    rooms.join(room.room_id, "v")
    rooms.cast(room.room_id, 1, 1, "v", 0.1 + 0.2)
    rooms.cast(room.room_id, 1, 2, "v", (0.1 + 0.2, 0.5))
    key = rooms.server_key("codes")
    live = Job(new_run_id(Experiment()), Experiment(seed=9), [digest(BOB)], 0.0, state="paused", low_priority=True)
    waiting = LiveRuns(lambda: database)
    waiting.record_one(live.run_id, waiting.values_of(live))
    search = Search.of(Experiment(), ["dann"], "snd", Budget(runs=3))
    works: dict[str, Study | Search] = {"study": study, "search": search}
    for kind, plan in works.items():
        WorkRows(lambda: database, kind, "gone/1/x").begin(ANN, {"plan": plan.model_dump(mode="json")})
    upload = bring(first, monkeypatch, "mine.zip", b"PK")
    (first.data / "uploads" / ".half").write_bytes(b"still arriving")
    (first.data / "runs" / ".writing-x").mkdir()

    held = first.backup(tmp_path / "backup.zip")
    assert (held.runs, held.uploads) == (2, 1)
    assert second.restore(tmp_path / "backup.zip") == held

    restored = second.store()
    assert restored.database.listed(ANN) == database.listed(ANN)
    assert restored.database.listed(BOB) == database.listed(BOB)
    assert restored.database.listed(ANN)[1].name == "夜 & “day”"
    for kind, plan in works.items():
        kept = WorkRows(lambda: restored.database, kind).find(ANN)
        assert type(plan).model_validate(kept.work["plan"]) == plan
    assert restored.database.progress(BOB).times("chapter", "one", "read") == 3
    rooms = RoomDatabase(restored.database)
    assert rooms.load(room.room_id) == room
    assert [vote.answer for vote in rooms.votes(room.room_id)] == [0.1 + 0.2, (0.1 + 0.2, 0.5)]
    assert rooms.server_key("codes") == key
    (waits,) = LiveRuns(lambda: restored.database).look()
    assert (waits.run_id, waiting.values_of(waits)) == (live.run_id, waiting.values_of(live))
    for run in (shared, anns):
        was, now = store.load(run), restored.load(run)
        assert now.result == was.result
        assert now.history == was.history
        assert np.array_equal(now.evidence.source_features["after"], was.evidence.source_features["after"])
        assert now.state()["head.weight"].equal(was.state()["head.weight"])
    monkeypatch.setenv("DA_LAB_DATA_DIR", str(second.data))
    settings.cache_clear()
    assert resolve_place(upload).read_bytes() == b"PK"
    assert sorted(path.name for path in second.data.iterdir() if not path.name.startswith("runs.db")) == [
        "runs",
        "uploads",
    ]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_is_saved_and_deleted_meanwhile_is_whole_or_absent(place, save, tmp_path: Path, kind: str) -> None:
    first = place(kind)
    store, over = first.store(), threading.Event()
    kept = {save(store, ANN, seed=seed) for seed in range(2)}
    written = [save(store, ANN, seed=seed) for seed in range(2, 5)]
    begun = threading.Event()
    thrown_away: list[str] = []

    def write() -> None:
        for seed in itertools.count(100):
            if over.is_set():
                return
            written.append(save(store, ANN, seed=seed))
            if seed % 3 == 0:
                thrown_away.append(written.pop(0))
                store.database.delete([thrown_away[-1]], ANN)
                store.empty_bin(ANN)
            begun.set()

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    assert begun.wait(PATIENCE)
    try:
        for number in range(4):
            first.backup(tmp_path / f"{number}.zip")
    finally:
        over.set()
        for writer in writers:
            writer.join(PATIENCE)
    for number in range(4):
        second = place("sqlite")
        second.restore(tmp_path / f"{number}.zip")
        restored = second.store()
        listed = {run.run_id for run in restored.database.listed(ANN)}
        folders = {path.name for path in (second.data / "runs").iterdir()}
        assert kept <= listed <= folders
        assert folders - listed <= set(thrown_away)  # off the list, and not yet off the disk
        for run in folders:
            record = restored.load(run)
            assert record is not None
            assert record.state() is not None
            assert record.evidence.source_index.shape == (6,)


def test_a_run_that_is_being_deleted_is_not_in_it_without_some_of_its_files(
    place, save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = place("sqlite"), place("sqlite")
    store = first.store()
    run, other = save(store, ANN, seed=1), save(store, ANN, seed=2)
    really = shutil.rmtree

    def slow(folder: Path, **options: Any) -> None:
        for model in Path(folder).glob("model.pt"):  # a back-up comes when the first file has gone
            model.unlink()
            first.backup(tmp_path / "backup.zip")
        really(folder, **options)

    store.database.delete([run], ANN)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", slow)
        store.empty_bin(ANN)
    assert second.restore(tmp_path / "backup.zip").runs == 1
    assert [path.name for path in (second.data / "runs").iterdir()] == [other]
    assert second.store().load(other).state() is not None


def test_a_run_that_could_not_be_listed_is_in_it_as_well(place, save, tmp_path: Path) -> None:
    first, second = place("sqlite"), place("sqlite")
    store = first.store()
    run = save(store, ANN)
    store.database.forget([run])
    assert first.backup(tmp_path / "backup.zip").runs == 1
    second.restore(tmp_path / "backup.zip")
    assert [kept.run_id for kept in second.store().database.listed(EVERYONE)] == [run]


def test_the_archive_is_for_its_owner_alone_and_a_failed_one_leaves_the_last(
    place, save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, file = place("sqlite"), tmp_path / "there" / "backup.zip"
    file.parent.mkdir()
    save(first.store(), ANN)
    first.backup(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfileobj", full)
        with pytest.raises(UserError, match="No space left"):
            first.backup(file)
    assert file.read_bytes() == before
    assert os.listdir(file.parent) == [file.name]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_place_that_holds_something_is_replaced_only_when_told(place, save, tmp_path: Path, kind: str) -> None:
    first, second = place("sqlite"), place(kind)
    kept = save(first.store(), ANN)
    first.backup(tmp_path / "backup.zip")
    save(second.store(), BOB, seed=5)
    before = second.everything()
    with pytest.raises(UserError, match="--replace"):
        second.restore(tmp_path / "backup.zip")
    assert second.everything() == before
    shutil.move(second.data / "runs", tmp_path / "aside")  # its rows alone are something, too
    with pytest.raises(UserError, match="--replace"):
        second.restore(tmp_path / "backup.zip")
    shutil.move(tmp_path / "aside", second.data / "runs")

    second.restore(tmp_path / "backup.zip", replace=True)
    assert [path.name for path in (second.data / "runs").iterdir()] == [kept]
    assert second.store().database.run_ids() == [kept]
    assert second.store().database.listed(BOB) == []


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_restore_that_fails_at_its_last_step_changes_nothing(
    place, save, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = place("sqlite"), place(kind)
    save(first.store(), ANN)
    bring(first, monkeypatch, "a.zip", b"a")
    first.backup(tmp_path / "backup.zip")
    save(second.store(), BOB, seed=5)
    bring(second, monkeypatch, "b.zip", b"b")
    before = second.everything()
    move, moves = os.replace, itertools.count(1)

    def replace(source: Path, destination: Path) -> None:
        if next(moves) == 4:  # the new uploads, after the old runs, the new runs and the old uploads
            raise OSError(5, "Input/output error")
        move(source, destination)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(UserError, match="Input/output"):
        second.restore(tmp_path / "backup.zip", replace=True)
    assert second.everything() == before


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_an_earlier_version_backed_up_is_brought_up_to_date(place, tmp_path: Path, kind: str) -> None:
    """The store of November 2026, which had no revisions yet, backed up without being upgraded first."""
    first, second = place("sqlite"), place(kind)
    shutil.copytree(NOVEMBER / "kept", first.data / "runs")
    shutil.copy(NOVEMBER / "kept.db", first.data / "runs.db")
    first.backup(tmp_path / "backup.zip")
    assert "alembic_version" not in inspect(create_engine(first.url)).get_table_names()
    second.restore(tmp_path / "backup.zip")
    restored = second.store()
    assert {run.name for run in restored.database.listed(ANN)} == {"The first one", ""}
    assert all(restored.load(run) is not None for run in restored.database.run_ids())
    with create_engine(second.url).connect() as connection:
        assert migrations.revision_of(connection) == migrations._scripts().get_current_head()


@pytest.fixture
def archive(place, save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What is in a good archive."""
    first = place("sqlite")
    save(first.store(), ANN)
    bring(first, monkeypatch, "a.zip", b"a")
    first.backup(tmp_path / "good.zip")
    with zipfile.ZipFile(tmp_path / "good.zip") as opened:
        return {name: opened.read(name) for name in opened.namelist()}


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


def changed(entries: dict[str, bytes], name: str, change: Callable[[Any], Any]) -> bytes:
    return packed(entries | {name: json.dumps(change(json.loads(entries[name]))).encode()})


RUN = "0123456789abcdef-01234567"
HOSTILE: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "no archive": lambda _: b"hello",
    "cut": lambda good: packed(good)[:-100],
    "a byte flipped": lambda good: packed(good).replace(b'"source"', b'"sOurce"', 1),
    "upwards": lambda good: packed(good, ("../outside", b"x")),
    "upwards within a run": lambda good: packed(good, (f"runs/{RUN}/../../outside", b"x")),
    "absolute": lambda good: packed(good, ("/tmp/outside", b"x")),
    "backslashes": lambda good: packed(good, (f"runs\\{RUN}\\result.json", b"x")),
    "a link": lambda good: packed(good, (link_entry(), b"/etc")),
    "a file beside": lambda good: packed(good, ("shared/x.txt", b"x")),
    "a name twice": lambda good: packed(good, ("backup.json", good["backup.json"])),
    "no manifest": lambda good: packed({name: content for name, content in good.items() if name != "backup.json"}),
    "manifest of lies": lambda good: changed(good, "backup.json", lambda told: told | {"runs": [RUN]}),
    "manifest with more": lambda good: changed(good, "backup.json", lambda told: told | {"path": "/etc"}),
    "another's table": lambda good: packed(good, ("tables/pg_authid.jsonl", b"")),
    "an upload with other content": lambda good: packed(
        good, (f"uploads/{hashlib.sha256(b'what it says').hexdigest()}.zip", b"what it is")
    ),
    "a row with another column": lambda good: packed(good | {"tables/runs.jsonl": b'{"run_id": "x", "z": 1}\n'}),
    "a row that is none": lambda good: packed(good | {"tables/runs.jsonl": b"[1]\n"}),
    "a row of nobody's run": lambda good: packed(
        good | {"tables/entries.jsonl": b'{"owner": "a", "run_id": "b", "name": "", "tags": []}\n'}
    ),
    "a row without what it needs": lambda good: packed(good | {"tables/runs.jsonl": b'{"run_id": "x"}\n'}),
    "a time that is none": lambda good: packed(
        good | {"tables/rooms.jsonl": b'{"room_id": "x", "opened_at": "tomorrow"}\n'}
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_an_archive_that_is_damaged_or_hostile_changes_nothing(
    place, save, archive: dict[str, bytes], tmp_path: Path, kind: str
) -> None:
    second, file = place("sqlite"), tmp_path / "bad.zip"
    save(second.store(), BOB, seed=5)
    before, around = second.everything(), sorted(tmp_path.iterdir())
    file.write_bytes(HOSTILE[kind](archive))
    with pytest.raises(UserError):
        second.restore(file, replace=True)
    assert second.everything() == before
    assert sorted(tmp_path.iterdir()) == sorted([*around, file])
    assert not Path("/tmp/outside").exists()


def test_an_archive_of_a_newer_version_is_left_to_that(place, archive: dict[str, bytes], tmp_path: Path) -> None:
    second, file = place("sqlite"), tmp_path / "newer.zip"
    file.write_bytes(changed(archive, "backup.json", lambda told: told | {"revision": "9999"}))
    with pytest.raises(UserError, match="newer version"):
        second.restore(file)
    file.write_bytes(changed(archive, "backup.json", lambda told: told | {"format": 2}))
    with pytest.raises(UserError, match="newer version"):
        second.restore(file)


def test_an_archive_that_unpacks_to_more_than_the_disk_holds_is_refused(
    place, archive: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second, file = place("sqlite"), tmp_path / "bomb.zip"
    file.write_bytes(packed(archive))
    small = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: small)
    with pytest.raises(UserError, match="more than the disk has free"):
        second.restore(file)


def test_both_are_one_command(
    place, save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = place("sqlite"), place("sqlite")
    run = save(first.store(), ANN)
    file = str(tmp_path / "backup.zip")
    for where, arguments in ((first, ["backup", file]), (second, ["restore", file])):
        monkeypatch.setenv("DA_LAB_DATA_DIR", str(where.data))
        settings.cache_clear()
        assert main(arguments) == 0
        assert "1 runs" in capsys.readouterr().out
    assert second.store().database.run_ids() == [run]
    assert main(["restore", file]) == 2
    assert "--replace" in capsys.readouterr().err
    assert main(["restore", str(tmp_path / "nowhere.zip")]) == 2
