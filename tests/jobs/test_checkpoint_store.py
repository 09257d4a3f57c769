"""Checkpoints on disk: whole or not at all, gone when they are of no use, and those of a queue's runs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from da_core.events import Event, Progress, StageStarted
from da_core.experiment import Experiment
from da_core.jobs.checkpoint_store import STALE_SECONDS, CheckpointFolder
from da_core.jobs.database.live_runs import LiveRuns
from da_core.jobs.queue import Queue
from da_core.jobs.store import Store
from tests.support.made_up_run import finished, made_by_this_version

RUN, OTHER = "0123456789abcdef-01234567", "0123456789abcdef-89abcdef"
PATIENCE = 60.0


@pytest.fixture
def folder(tmp_path: Path) -> CheckpointFolder:
    return CheckpointFolder(tmp_path / "checkpoints")


def test_the_newest_is_read_and_nothing_else_is_left(folder: CheckpointFolder) -> None:
    assert folder.load(RUN) is None
    folder.save(RUN, b"first")
    folder.save(RUN, b"second")
    folder.save(OTHER, b"other")
    assert folder.load(RUN) == b"second"
    folder.delete(RUN)
    folder.delete(RUN)
    assert folder.load(RUN) is None
    assert folder.load(OTHER) == b"other"
    assert len(list(folder.folder.iterdir())) == 1


def test_where_writing_fails_the_one_of_before_stays(folder: CheckpointFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    folder.save(RUN, b"before")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        folder.save(RUN, b"after")
    assert folder.load(RUN) == b"before"
    assert len(list(folder.folder.iterdir())) == 1


@pytest.mark.parametrize("name", ["../../etc/passwd", "x", "", "0123456789abcdef-01234567/.."])
def test_only_the_id_of_a_run_becomes_a_path(folder: CheckpointFolder, name: str) -> None:
    with pytest.raises(ValueError, match="not the id"):
        folder.save(name, b"")


def test_what_is_old_and_nobodys_goes(folder: CheckpointFolder) -> None:
    folder.delete_stale({RUN})
    folder.save(RUN, b"")
    folder.save(OTHER, b"")
    half = folder.folder / ".writing-of-one-that-was-killed"
    half.touch()
    folder.delete_stale({RUN})
    assert folder.load(OTHER) is not None, "it may be of a run that is not recorded yet"
    old = time.time() - STALE_SECONDS - 1
    for path in folder.folder.iterdir():
        os.utime(path, (old, old))
    folder.delete_stale({RUN})
    assert (folder.load(RUN), folder.load(OTHER), half.exists()) == (b"", None, False)


@pytest.fixture
def open_queue(tmp_path: Path, folder: CheckpointFolder) -> Iterator[Callable[..., Queue]]:
    """Open a queue of another server on the same store and checkpoints; it is closed in the end."""
    store, opened = Store(tmp_path / "runs"), []

    def open_one(name: str, events: Callable[..., Iterator[Event]]) -> Queue:
        live_runs = LiveRuns(lambda: store.database, f"{name}/1/x")
        opened.append(Queue(store, events, live_runs=live_runs, checkpoints=folder))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


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
    open_queue: Callable[..., Queue], folder: CheckpointFolder, paused: bool
) -> None:
    first = open_queue("first", writing)
    run_id = first.submit(Experiment(), "ann")
    first.wait(run_id, lambda view: view.fraction == 0.5, PATIENCE)
    if paused:
        first.pause(run_id, "ann")
        first.wait(run_id, lambda view: view.state == "paused", PATIENCE)
    first.close()
    assert folder.load(run_id) == b"so far", "to close a server ends no run"

    second = open_queue("second", going_on)
    second.recover()
    if paused:
        assert second.view(run_id).state == "paused"
        second.resume(run_id, "ann")
    assert second.wait(run_id, lambda view: not view.live, PATIENCE).state == "done"
    second.close()
    assert folder.load(run_id) is None


def test_a_run_that_waits_to_go_on_is_interrupted_until_it_does(open_queue: Callable[..., Queue]) -> None:
    first = open_queue("first", writing)
    run_id = first.submit(Experiment(), "ann")
    first.wait(run_id, lambda view: view.fraction == 0.5, PATIENCE)
    first.close()

    second = open_queue("second", writing)
    seen: list[tuple[str, bool]] = []
    with second._changed:  # no worker takes it meanwhile
        second.recover()
        view = second.view(run_id)
        seen.append((view.state, view.interrupted))
    view = second.wait(run_id, lambda view: view.fraction == 0.5, PATIENCE)
    seen.append((view.state, view.interrupted))
    assert seen == [("queued", True), ("running", False)]


def test_a_stopped_run_leaves_no_checkpoint(open_queue: Callable[..., Queue], folder: CheckpointFolder) -> None:
    only = open_queue("only", writing)
    run_id = only.submit(Experiment(), "ann")
    only.wait(run_id, lambda view: view.fraction == 0.5, PATIENCE)
    only.stop(run_id, "ann")
    only.wait(run_id, lambda view: not view.live, PATIENCE)
    only.close()
    assert folder.load(run_id) is None
