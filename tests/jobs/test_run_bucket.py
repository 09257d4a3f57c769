"""Runs and checkpoints in a real server of S3: whole or not seen, the same as they were, and patient with trouble."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch

from da_core import object_storage
from da_core.errors import UserError
from da_core.events import Evidence, Result
from da_core.experiment import Experiment
from da_core.jobs import run_bucket
from da_core.jobs.checkpoint_store import CheckpointPlace, CheckpointStore, checkpoint_store
from da_core.jobs.run_bucket import RunBucket
from da_core.jobs.store import AwayError, Store, new_run_id, store
from da_core.object_storage import ObjectStorage, StorageError, shared_storage
from da_core.settings import settings
from tests.jobs.test_run_folder import assert_same_evidence
from tests.support import s3

pytestmark = pytest.mark.xdist_group("s3")
A_DAY = Experiment()
RUN, OTHER = "0123456789abcdef-01234567", "0123456789abcdef-89abcdef"
PATIENCE = 60.0


@pytest.fixture
def server_on(tmp_path: Path, storage: ObjectStorage) -> Callable[..., Store]:
    """Another web server: its own disk, the same bucket, and the same list of runs unless it has another."""

    def make(name: str, *, cache_bytes: int = 2**30, **options: Any) -> Store:
        data = tmp_path / name
        options.setdefault("database", f"sqlite:///{tmp_path / 'runs.db'}")
        return Store(
            data / "runs", bucket=RunBucket(storage, data / "copies", cache_bytes), retry_seconds=0.05, **options
        )

    return make


@pytest.fixture
def save(result: Result, evidence: Evidence, history) -> Callable[..., str]:
    def save(store: Store, *owners: str, seed: int = 0, stored: bool = True) -> str:
        experiment = Experiment(seed=seed)
        run = new_run_id(experiment)
        assert (store.save(run, experiment, result, evidence, history, owners) is None) == stored
        return run

    return save


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody leaves the storage alone, and a run that was absent is asked for again."""
    monkeypatch.setattr(object_storage, "_REST_SECONDS", 0.0)
    monkeypatch.setattr(run_bucket, "_ABSENT_SECONDS", 0.0)


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_run_comes_back_on_another_server_exactly_as_it_was(server_on, save, result, evidence, history) -> None:
    run = save(server_on("one"), "ann")
    other = server_on("two")
    record = other.load(run)
    assert (record.experiment, record.result, record.history) == (A_DAY, result, history)
    assert torch.equal(record.state()["head.weight"], evidence.state["head.weight"])
    assert_same_evidence(evidence, record.evidence)
    assert [one.run_id for one in other.database.listed("ann")] == [run]
    assert other.find(A_DAY) == run


def test_arrays_are_fetched_once_and_copies_make_room(server_on, save, storage, tmp_path, monkeypatch) -> None:
    one = server_on("one")
    first, second = (save(one, seed=seed) for seed in range(2))
    asked: list[str] = []
    read = ObjectStorage.read

    def counted(self: ObjectStorage, key: str) -> bytes:
        asked.append(key)
        return read(self, key)

    monkeypatch.setattr(ObjectStorage, "read", counted)
    for _ in range(3):
        assert server_on("two").load(first).evidence.source_index.size
    assert sum(key.endswith("evidence.npz") for key in asked) == 1

    small = server_on("three", cache_bytes=1)
    held = small.load(first)
    small.load(second)
    assert [copy.name for copy in (tmp_path / "three" / "copies").iterdir()] == [second]
    assert held.evidence.source_index.size, "one that made room is fetched again"


@pytest.mark.usefixtures("impatient")
def test_a_run_that_is_half_written_is_never_seen(server_on, save, storage, monkeypatch) -> None:
    one, other = server_on("one"), server_on("two", database="sqlite://")
    write, seen = ObjectStorage.write, []

    def look_first(self: ObjectStorage, key: str, content: bytes) -> None:
        seen.append((other.load(key.split("/")[1]), RunBucket(storage, Path("none"), 0).run_ids()))
        write(self, key, content)

    monkeypatch.setattr(ObjectStorage, "write", look_first)
    run = save(one)
    assert len(seen) == 6, "five files and the manifest"
    assert all(nothing == (None, set()) for nothing in seen)
    assert other.load(run) is not None


def test_what_a_killed_server_left_half_written_goes_after_a_day(storage, tmp_path, monkeypatch) -> None:
    bucket = RunBucket(storage, tmp_path, 0)
    storage.write(f"runs/{RUN}/result.json", b"{}")
    storage.write(f"runs/{OTHER}/result.json", b"{}")
    storage.write(f"runs/{OTHER}/manifest.json", b"{}")
    bucket.delete_left_over()
    assert f"runs/{RUN}/result.json" in storage.find("runs")
    monkeypatch.setattr(run_bucket, "_LEFT_OVER", timedelta(seconds=-10))
    bucket.delete_left_over()
    assert set(storage.find("runs")) == {f"runs/{OTHER}/result.json", f"runs/{OTHER}/manifest.json"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("evidence.npz", b"something else"),
        ("result.json", b"{}"),
        ("manifest.json", b"\xff"),
        ("manifest.json", b'{"files": {"result.json": "00"}}'),
        ("manifest.json", b'{"files": {"../../escaped.json": "00"}}'),
        ("model.pt", None),
    ],
)
def test_a_damaged_or_foreign_object_gets_a_sentence(server_on, save, storage, tmp_path, caplog, name, content) -> None:
    run = save(server_on("one"))
    key = f"runs/{run}/{name}"
    if content is None:
        storage.delete(key)
    else:
        storage.write(key, content)
    other = server_on("two")
    assert other.load(run) is None
    assert other.is_damaged(run)
    assert f"{run} cannot be read" in caplog.text
    assert not list((tmp_path / "two").rglob("escaped*"))


@pytest.mark.usefixtures("impatient")
def test_a_deleted_run_is_gone_everywhere_copies_included(server_on, save, storage) -> None:
    one = server_on("one")
    run = save(one, "ann")
    assert server_on("two").load(run) is not None
    one.database.delete([run], "ann")
    one.empty_bin("ann")
    assert storage.find("runs") == {}
    assert server_on("two").load(run) is None


def test_a_lost_list_is_made_anew_from_the_bucket_with_owners(server_on, save, tmp_path) -> None:
    one = server_on("one")
    runs = [save(one, "ann", seed=seed) for seed in range(2)]
    anew = server_on("two", database=f"sqlite:///{tmp_path / 'anew.db'}")
    assert {one.run_id for one in anew.database.listed("ann")} == set(runs)


def test_runs_of_before_open_and_move_into_the_bucket(server_on, save, storage, tmp_path) -> None:
    before = Store(tmp_path / "one" / "runs", database=f"sqlite:///{tmp_path / 'runs.db'}")
    run = save(before, "ann")
    shared = server_on("one")
    record = shared.load(run)
    assert [one.run_id for one in shared.database.listed("ann")] == [run]
    until(lambda: not (tmp_path / "one" / "runs" / run).exists())
    assert record.evidence.source_index.size
    assert server_on("two").load(run) is not None


@pytest.mark.usefixtures("impatient")
def test_while_the_storage_is_away_runs_wait_and_then_are_stored_and_listed(
    server_on, save, server, storage, caplog
) -> None:
    one = server_on("one")
    early = save(one, "ann")
    fresh = server_on("three")
    assert fresh.database
    server.stop()
    try:
        late = save(one, "ann", seed=1, stored=False)
        assert one.load(late) is not None, "its link opens it meanwhile"
        assert one.load(early) is not None, "there is a copy"
        assert fresh.load(early) is None
        with pytest.raises(AwayError, match="still exists"):
            fresh.is_damaged(early)
        with pytest.raises(AwayError, match="it is unknown whether"):
            fresh.is_damaged(late)
        assert [run.run_id for run in server_on("four").database.listed("ann")] == [early], "nothing is forgotten"
    finally:
        server.start()
    until(lambda: len(one.database.listed("ann")) == 2)
    assert server_on("two").load(late) is not None
    assert s3.SECRET not in caplog.text
    assert s3.KEY not in caplog.text


def test_a_storage_that_is_away_is_left_alone_for_a_while(server, storage, monkeypatch) -> None:
    server.stop()
    try:
        with pytest.raises(StorageError, match="does not answer"):
            storage.read("a")
        monkeypatch.setattr(storage, "_files", None)  # whoever asked it would fail otherwise
        with pytest.raises(StorageError, match="does not answer"):
            storage.read("a")
    finally:
        server.start()


@pytest.mark.usefixtures("impatient")
def test_a_missing_bucket_and_refused_access_are_told_without_a_secret(
    server_on, save, server, storage, caplog, monkeypatch
) -> None:
    caplog.set_level(logging.DEBUG, "da_core")
    missing = ObjectStorage("s3://there-is-no-such-bucket/lab")
    for ask in (lambda: missing.read("a"), lambda: missing.write("a", b""), lambda: missing.find("runs")):
        with pytest.raises(StorageError, match="is missing"):
            ask()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(f"key {s3.KEY} with {s3.SECRET} is not known")

    monkeypatch.setattr(storage._files, "pipe_file", refuse)
    one = server_on("one")
    run = save(one, "ann", stored=False)
    assert one.load(run) is not None
    with pytest.raises(StorageError, match="check its credentials") as refused:
        storage.write("a", b"")
    assert refused.value.__suppress_context__
    assert "credentials" in caplog.text
    assert s3.SECRET not in caplog.text
    assert s3.KEY not in caplog.text
    monkeypatch.undo()
    until(lambda: len(one.database.listed("ann")) == 1)


@pytest.mark.parametrize("url", ["bucket/lab", "s3://key:secret@bucket/lab", "nonsense://bucket"])
def test_a_url_that_cannot_be_used_gets_a_sentence_that_does_not_repeat_it(url) -> None:
    with pytest.raises(UserError, match="DA_LAB_STORAGE") as refused:
        ObjectStorage(url)
    assert url not in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_missing_library_is_named(monkeypatch) -> None:
    from fsspec.registry import _registry

    monkeypatch.delitem(_registry, "s3", raising=False)
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(UserError, match="pip install s3fs"):
        ObjectStorage("s3://bucket/lab")


@pytest.mark.parametrize("key", ["../a", "a/../../b", "/etc/passwd", "a//b", "", "a\n"])
def test_what_is_no_key_never_reaches_the_storage(key) -> None:
    with pytest.raises(ValueError, match="no key"):
        ObjectStorage("memory://lab").read(key)


def test_a_checkpoint_that_is_damaged_is_not_read(storage) -> None:
    kept = CheckpointStore(storage)
    kept.save(RUN, b"first")
    storage.write(f"checkpoints/{RUN}/000001.checkpoint", b"damaged")
    with pytest.raises(OSError, match="not what was written"):
        kept.load(RUN)


def test_what_was_taken_for_lost_changes_nothing_of_what_the_next_attempt_has(storage) -> None:
    kept = CheckpointStore(storage)
    lost, mine, next_worker = (CheckpointPlace(kept, RUN, attempt) for attempt in (1, 2, 3))
    lost.write(b"three epochs")
    assert mine.read() == b"three epochs"
    mine.write(b"four epochs")
    lost.write(b"three and a half")
    assert next_worker.read() == b"four epochs"
    next_worker.write(b"five epochs")
    mine.write(b"four and a half")
    assert [place.read() for place in (lost, mine, next_worker)] == [b"five epochs"] * 3
    kept.delete(RUN)
    assert storage.find("checkpoints") == {}


def test_the_setting_puts_runs_and_checkpoints_there(storage, save, tmp_path, monkeypatch) -> None:
    cached = (settings, shared_storage, store, checkpoint_store)
    monkeypatch.setenv("DA_LAB_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DA_LAB_STORAGE", f"s3://{storage._root}")
    for one in cached:
        one.cache_clear()
    try:
        run = save(store(), "ann")
        checkpoint_store().save(OTHER, b"so far")
    finally:
        monkeypatch.undo()
        for one in cached:
            one.cache_clear()
    assert f"runs/{run}/manifest.json" in storage.find("runs")
    assert list(storage.find("checkpoints")) == [f"checkpoints/{OTHER}/000001.checkpoint"]
