"""Checkpoints on a disk and in a bucket: whole or not at all, gone when of no use, and those of a queue's runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from da_core.events import Event, Progress, StageStarted
from da_core.experiment import Experiment
from da_core.jobs import checkpoint_store
from da_core.jobs.checkpoint_store import CheckpointStore
from da_core.jobs.queue import Queue
from da_core.object_storage import ObjectStorage
from tests.jobs.conftest import is_over
from tests.support.made_up_run import finished, made_by_this_version

RUN, OTHER = "0123456789abcdef-01234567", "0123456789abcdef-89abcdef"
PATIENCE = 60.0


@pytest.fixture(params=["disk", pytest.param("bucket", marks=pytest.mark.xdist_group("s3"))])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> CheckpointStore:
    return CheckpointStore(ObjectStorage(tmp_path) if request.param == "disk" else request.getfixturevalue("storage"))


def test_the_newest_is_read_and_nothing_else_is_left(kept: CheckpointStore) -> None:
    assert kept.load(RUN) is None
    kept.save(RUN, b"first")
    kept.save(RUN, b"second")
    kept.save(OTHER, b"other")
    assert kept.load(RUN) == b"second"
    kept.delete(RUN)
    kept.delete(RUN)
    assert kept.load(RUN) is None
    assert kept.load(OTHER) == b"other"
    assert len(kept.storage.find("checkpoints")) == 1


@pytest.mark.parametrize("name", ["../../etc/passwd", "x", "", "0123456789abcdef-01234567/.."])
def test_only_the_id_of_a_run_becomes_a_path(kept: CheckpointStore, name: str) -> None:
    with pytest.raises(ValueError, match="not the id"):
        kept.save(name, b"")


def test_what_is_old_and_nobodys_goes(kept: CheckpointStore, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.delete_stale({RUN})
    kept.save(RUN, b"")
    kept.save(OTHER, b"")
    kept.delete_stale({RUN})
    assert kept.load(OTHER) is not None, "it may be of a run that is not recorded yet"
    monkeypatch.setattr(checkpoint_store, "STALE_SECONDS", -10.0)
    kept.delete_stale({RUN})
    assert (kept.load(RUN), kept.load(OTHER)) == (b"", None)


def test_the_last_attempt_that_saved_is_known_and_read(kept: CheckpointStore) -> None:
    assert kept.last_attempt(RUN) is None
    for attempt in (2, 10, 9):
        kept.save(RUN, b"%d" % attempt, attempt)
    kept.save(OTHER, b"", 11)
    assert kept.last_attempt(RUN) == 10
    assert kept.load(RUN) == b"10"


def test_checkpoints_of_earlier_versions_are_read_until_the_next_attempt_writes(
    checkpoints: CheckpointStore, tmp_path: Path
) -> None:
    """They named the workers that an attempt had lost as well."""
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    for lost in (1, 0):
        (folder / f"{RUN}.000002-{lost:03d}.checkpoint").write_bytes(b"%d lost" % lost)
    assert (checkpoints.load(RUN), checkpoints.last_attempt(RUN)) == (b"1 lost", 2)
    checkpoints.save(RUN, b"after", 3)
    assert (checkpoints.load(RUN), checkpoints.last_attempt(RUN)) == (b"after", 3)
    checkpoints.delete(RUN)
    assert list(folder.iterdir()) == []


def writing(experiment: Experiment, *, should_stop: Any, checkpoint: Any) -> Iterator[Event]:
    """A run that writes a checkpoint and goes on until it is stopped."""
    yield StageStarted("load", ("load", "adapt"))
    checkpoint.write(b"so far")
    while True:
        yield Progress(0.5, 3.0)


def going_on(experiment: Experiment, *, should_stop: Any, checkpoint: Any) -> Iterator[Event]:
    """A run that is over at once where it finds what `writing` wrote."""
    assert (checkpoint.read(), checkpoint.attempt) == (b"so far", 2)
    yield StageStarted("load", ("load", "adapt"))
    yield made_by_this_version(finished(), experiment)


@pytest.mark.parametrize("paused", [False, True])
def test_the_next_server_has_the_checkpoint_and_it_goes_with_the_end_of_its_run(
    open_queue: Callable[..., Queue], checkpoints: CheckpointStore, paused: bool
) -> None:
    first = open_queue(writing)
    run_id = first.submit(Experiment(), "ann")
    first.wait(run_id, lambda view: view.fraction == 0.5, PATIENCE)
    if paused:
        first.pause(run_id, "ann")
        first.wait(run_id, lambda view: view.state == "paused", PATIENCE)
    first.close()
    assert checkpoints.load(run_id) == b"so far", "to close a server ends no run"

    second = open_queue(going_on)
    second.recover()
    if paused:
        assert second.view(run_id).state == "paused"
        second.resume(run_id, "ann")
    assert second.wait(run_id, is_over, PATIENCE).state == "done"
    second.close()
    assert checkpoints.load(run_id) is None


def test_a_stopped_run_leaves_no_checkpoint(open_queue: Callable[..., Queue], checkpoints: CheckpointStore) -> None:
    only = open_queue(writing)
    run_id = only.submit(Experiment(), "ann")
    only.wait(run_id, lambda view: view.fraction == 0.5, PATIENCE)
    only.stop(run_id, "ann")
    only.wait(run_id, is_over, PATIENCE)
    only.close()
    assert checkpoints.load(run_id) is None
