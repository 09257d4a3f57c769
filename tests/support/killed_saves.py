"""Servers that save made-up runs one after the other until they are killed, and what must be left of all runs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch

from da_core.events import Event, Finished, StageStarted
from da_core.experiment import Experiment
from da_core.jobs.checkpoint_store import CheckpointPlace
from da_core.jobs.database.run_database import RunDatabase
from da_core.jobs.queue import queue
from da_core.jobs.scheduling import workers
from da_core.jobs.scheduling.live_runs import LiveRuns
from da_core.jobs.scheduling.run_view import RunState
from da_core.jobs.store import Store
from da_core.object_storage import ObjectStorage
from tests.support import made_up_run
from tests.support.interrupted import assert_same
from tests.support.killed_server import PATIENCE, serving, set_up, small_run
from tests.support.step_reports import Step, StepReports, has_come

Ends = Mapping[int, Finished]
"""The end of each run by its seed."""


def make_ends(seeds: range) -> dict[int, Finished]:
    """Make the ends of runs: arrays and a network of its own for each, the same each time."""
    return {seed: _make_end(seed) for seed in seeds}


def _make_end(seed: int) -> Finished:
    rng = np.random.default_rng(seed)
    end = made_up_run.made_by_this_version(made_up_run.finished(), experiment_of(seed))
    before, after = (rng.normal(size=(len(end.evidence.source_label), 4)).astype(np.float32) for _ in range(2))
    state = {"head.weight": torch.from_numpy(rng.normal(size=(500, 100)))}
    result = end.result.model_copy(update={"seconds": {"load": float(seed)}})
    return Finished(result, replace(end.evidence, source_features={"before": before, "after": after}, state=state))


def experiment_of(seed: int) -> Experiment:
    """Return the experiment of the run with a seed: a small one, so that a server may also train it."""
    return small_run(seed, epochs=2)


def _owner_of(seed: int) -> str:
    """Name the visitor whose run it is: each has one, so that no limit counts."""
    return f"owner {seed}"


# In a server ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Submitted:
    """The report of a run that a server has taken in."""

    seed: int
    run_id: str


@dataclass(frozen=True)
class Ended:
    """The report of a run that has come to its end, as its visitor sees it."""

    run_id: str
    state: RunState
    error: str | None


def serve(folder: Path, environment: Mapping[str, str], ends: Ends, last: Step | None, reports: Connection) -> None:
    """Begin runs, or go on with them, and report what is done and each step of saving it; stay at the ``last``."""
    set_up(folder, **environment)
    report = StepReports(reports, last)
    report.calls(ObjectStorage, "write", lambda _self, key, _content: f"write {key}", after="manifest")
    report.calls(os, "replace", lambda _old, new: f"rename within {Path(new).parent.name}")
    report.calls(RunDatabase, "add", lambda _self, run_id, *_: f"list {run_id}")
    mock.patch.object(workers, "imported_run", partial(_made_up, ends)).start()
    queue().recover()
    waiting: set[str] = set()
    for seed in ends:
        run_id = queue().submit(experiment_of(seed), _owner_of(seed))
        report.send(Submitted(seed, run_id))
        waiting.add(run_id)
    while waiting:
        view = queue().wait_for_one(waiting, PATIENCE)
        assert view is not None
        waiting.remove(view.run_id)
        report.send(Ended(view.run_id, view.state, str(view.error) if view.error else None))
    queue().close()


def _made_up(ends: Ends, experiment: Experiment, *, checkpoint: CheckpointPlace, **_options: Any) -> Iterator[Event]:
    """Train nothing, as `da_core.run.run`, and come to the end that belongs to the seed."""
    yield StageStarted("load", ("load", "adapt"))
    checkpoint.write(b"so far")
    yield from made_up_run.history()
    yield ends[experiment.seed]


# Beside the servers ---------------------------------------------------------------------------------------------------


@dataclass
class KilledServers:
    """Servers with the same settings and runs, one after the other, and what they have reported."""

    environment: Mapping[str, str]
    ends: Ends
    run_ids: dict[int, str] = field(default_factory=dict)
    """By seed."""
    ended: dict[str, Ended] = field(default_factory=dict)
    """By run."""
    steps: list[str] = field(default_factory=list)
    """Those of the last server."""

    def state(self, seed: int) -> RunState | None:
        """Return how a run was reported to have ended; None where it was not."""
        ended = self.ended.get(self.run_ids.get(seed, ""))
        return None if ended is None else ended.state

    def done(self) -> set[int]:
        """Return the seeds of the runs that were reported as done."""
        return {seed for seed in self.run_ids if self.state(seed) == "done"}

    def serve(self, folder: Path, *, at: Step | None = None, stays: bool = True) -> int | None:
        """Kill the next server at a step, at which it stays or goes on meanwhile; return its exit code."""
        self.steps = []
        with serving(serve, folder, self.environment, self.ends, at if stays else None) as (process, reports):
            for report in reports:
                self._note(report)
                if self.steps and has_come(self.steps, at):
                    process.kill()
                    break
            process.join(PATIENCE)
            return process.exitcode

    def _note(self, report: object) -> None:
        match report:
            case Submitted(seed, run_id):
                assert self.run_ids.setdefault(seed, run_id) == run_id, "the same run goes on"
            case Ended(run_id):
                self.ended[run_id] = report
            case str():
                self.steps.append(report)

    def check(self, store: Store) -> set[int]:
        """Hold what a new server has against what was reported; return the seeds of the runs that it lists.

        Raises AssertionError where a run that was reported as done is not listed, where a listed one is not whole or
        not the same, and where one is neither listed nor waits.
        """
        database = store.database
        waiting = {job.run_id for job in LiveRuns(lambda: database).look()}
        listed = set()
        for seed, run_id in self.run_ids.items():
            rows = [run.run_id for run in database.listed(_owner_of(seed))]
            assert rows in ([], [run_id])
            if rows:
                listed.add(seed)
                self._check_whole(store, seed)
            else:
                assert run_id in waiting, f"run {seed} is lost"
        assert listed >= self.done()
        return listed

    def _check_whole(self, store: Store, seed: int) -> None:
        record, end = store.load(self.run_ids[seed]), self.ends[seed]
        assert record is not None, f"run {seed} is listed and cannot be read"
        assert (record.experiment, record.result) == (experiment_of(seed), end.result)
        assert record.history == made_up_run.history()
        assert_same(Finished(record.result, replace(record.evidence, state=record.state())), end)
