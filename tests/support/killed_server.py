"""A process with the app's own queue, killed while it trains, and another one started on what it has left."""

from __future__ import annotations

import multiprocessing
import os
import random
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from unittest import mock

from da_core.evaluation import umap_and_pca
from da_core.events import Event, Finished, Losses
from da_core.experiment import DataSpec, Experiment, MethodSpec, NetworkSpec, TrainingSpec
from da_core.jobs.checkpoint_store import CheckpointPlace
from da_core.jobs.queue import queue
from da_core.jobs.scheduling import workers
from da_core.jobs.scheduling.run_view import RunView
from da_core.jobs.store import Store
from da_core.run import run
from da_core.settings import settings
from da_core.training.resuming import GOES_ON
from tests.support.interrupted import assert_same

OWNER = "ann"
PATIENCE = 300.0
_PRELOADED = [
    "da_core.run",
    "da_core.jobs.queue",
    "da_core.jobs.scheduling.live_runs",
    "da_core.jobs.upload_list",
    "s3fs",
]
"""What a server imports, done once: each server is a fork of a process that has these and has done nothing."""
_CONTEXT = multiprocessing.get_context("forkserver")


def serve(folder: Path, experiment: Experiment, reports: Connection) -> None:
    """Go on with what there is in ``folder``, or begin the run, as the app does; report how far it is until it ends."""
    set_up(folder)
    queue().recover()
    run_id, version, told = queue().submit(experiment, OWNER), -1, -1.0
    while True:
        view = queue().wait(run_id, _changed_since(version), PATIENCE)
        version = view.version
        if view.fraction >= told + 0.002 or not view.live:
            told = view.fraction
            notices = [notice.message for notice in view.notices]
            reports.send({"run": run_id, "fraction": told, "state": view.state, "notices": notices})
        if not view.live:
            break
    queue().close()


def serve_poisoned(folder: Path, experiments: list[Experiment], run_ids: list[str], reports: Connection) -> None:
    """Serve runs as the app does, two at a time, of which the first ends the process that trains it.

    The first server begins them, and reports their ids; the next ones get these. Report how each came to its end.
    """
    set_up(folder, DA_LAB_WORKERS="2")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    in_hand = threading.Event()

    def poisoned(experiment: Experiment, *, checkpoint: CheckpointPlace, **options: Any) -> Iterator[Event]:
        poison, innocent, *_others = experiments
        if experiment == poison:
            if checkpoint.attempt == 1:
                in_hand.wait(PATIENCE)
            os.kill(os.getpid(), signal.SIGSEGV)
        events = run(experiment, checkpoint=checkpoint, **options)
        if experiment == innocent and checkpoint.attempt == 1:
            yield next(events)
            in_hand.set()
            threading.Event().wait(PATIENCE)
        yield from events

    mock.patch.object(workers, "imported_run", poisoned).start()
    queue().recover()
    if not run_ids:
        run_ids = [queue().submit(experiment, f"owner {experiment.seed}") for experiment in experiments]
        reports.send(run_ids)
    for run_id in run_ids:
        view = queue().wait(run_id, lambda view: not view.live, PATIENCE)
        reports.send((view.state, view.error and str(view.error)))
    queue().close()


def set_up(folder: Path, **environment: str) -> None:
    """Make this process a server on ``folder``, with settings beside that."""
    os.environ.update({"DA_LAB_DATA_DIR": str(folder), "DA_LAB_CHECKPOINT_SECONDS": "0"} | environment)
    settings.cache_clear()
    umap_and_pca.umap = _pca  # type: ignore[assignment]  # the whole UMAP picture again takes a killed run longer than all that it has trained


def _pca(F: Any, seed: int, start: Any = None) -> Any:
    return umap_and_pca.pca(F, start=start)


def _changed_since(version: int) -> Callable[[RunView], bool]:
    return lambda view: view.version > version or not view.live


def small_run(seed: int = 0, epochs: int = 60) -> Experiment:
    """DANN and an oracle on points: three trainings, of a second or two each."""
    return Experiment(
        data=DataSpec(name="drawn", params={"count": 200}),
        network=NetworkSpec(name="mlp", params={"hidden": 32}),
        method=MethodSpec(name="dann"),
        training=TrainingSpec(epochs=epochs, least_steps=5),
        seed=seed,
        device="cpu",
        oracle=True,
    )


@contextmanager
def serving(function: Callable[..., None], *args: object) -> Iterator[tuple[BaseProcess, Iterator[Any]]]:
    """A server that calls a function such as `serve`; its process, and what it reports."""
    _CONTEXT.set_forkserver_preload(_PRELOADED)
    ours, theirs = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=function, args=(*args, theirs))
    process.start()
    theirs.close()  # so that its end is seen here
    try:
        yield process, _received(ours)
    finally:
        process.kill()
        process.join()
        ours.close()


def _received(pipe: Connection) -> Iterator[Any]:
    while True:
        try:
            yield pipe.recv()
        except EOFError:
            return


@dataclass
class Outcome:
    """Where the kills hit, as shares of the run, and how often it then went on from a checkpoint."""

    killed_at: list[float]
    went_on: int


def kill_and_finish(
    folder: Path, experiment: Experiment, at: list[float], wait: Callable[[], float] = lambda: 0.0
) -> Outcome:
    """Kill the server when the run has come as far as each of ``at``, and ``wait()`` seconds more; then let it finish.

    Raises AssertionError where the result is not, bit for bit, that of an undisturbed run, where a point of a curve is
    missing or there twice, or where a checkpoint is left.
    """
    outcome = Outcome([], 0)
    last: dict[str, Any] = {"state": ""}
    for share in [*sorted(at), 2.0]:
        with serving(serve, folder, experiment) as (process, reports):
            for last in reports:
                if last["fraction"] >= share and last["state"] == "running":
                    time.sleep(wait())
                    process.kill()
                    outcome.killed_at.append(last["fraction"])
                    break
            else:
                process.join(PATIENCE)
                assert process.exitcode == 0
            outcome.went_on += GOES_ON in last.get("notices", ())
        if last["state"] == "done":
            break
    assert last["state"] == "done", last
    check(folder, experiment, last["run"])
    return outcome


def serve_until_all_is_over(
    folder: Path, experiments: list[Experiment], most: int
) -> tuple[list[int | None], list[tuple[str, str | None]]]:
    """Start a server after the other on these runs until one comes to their end, at most so many.

    Return how each process ended, and the runs' last states and errors as the last server has them.
    """
    run_ids: list[str] = []
    ends: list[int | None] = []
    outcomes: list[tuple[str, str | None]] = []
    while len(ends) < most and 0 not in ends:
        with serving(serve_poisoned, folder, experiments, run_ids) as (process, reports):
            if not run_ids:
                run_ids = next(reports)
            outcomes = list(reports)
            process.join(PATIENCE)
            ends.append(process.exitcode)
    return ends, outcomes


def check(folder: Path, experiment: Experiment, run_id: str) -> None:
    """Hold a finished run against one that nobody has disturbed."""
    record = Store(folder / "runs").load(run_id)
    assert record is not None
    with mock.patch.object(umap_and_pca, "umap", _pca):
        *_events, undisturbed = run(experiment)
    assert isinstance(undisturbed, Finished)
    assert_same(Finished(record.result, replace(record.evidence, state=record.state())), undisturbed)
    measured = [(event.phase, event.epoch) for event in record.history if not isinstance(event, Losses)]
    phases = ["source_only", "adapt", "oracle"]
    assert measured == [(phase, epoch + 1) for phase in phases for epoch in range(experiment.training.epochs)]
    assert list((folder / "checkpoints").iterdir()) == [], "a run that is over leaves no checkpoint"


def spread(kills: int, rng: random.Random) -> list[float]:
    """Draw so many shares of a run, one from each equal part of its course."""
    return [(part + rng.random()) / kills for part in range(kills)]
