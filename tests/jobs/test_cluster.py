"""Two workers of Dask, each a process of its own: runs train there as they would here, and outlive a worker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from da_core.events import Accuracies, Event, Finished, StageStarted
from da_core.experiment import DataSpec, Experiment, MethodSpec, NetworkSpec, TrainingSpec
from da_core.jobs.checkpoint_store import CheckpointStore, checkpoint_store
from da_core.jobs.processes import cluster_runs
from da_core.jobs.processes.cluster import Cluster
from da_core.jobs.processes.cluster_runs import ClusterRuns
from da_core.jobs.processes.cluster_worker import ClusterDriver
from da_core.jobs.queue import Queue
from da_core.jobs.scheduling.live_runs import LiveRuns
from da_core.jobs.store import Store, store
from da_core.object_storage import ObjectStorage
from da_core.run import run
from da_core.several_runs.benchmark import Benchmark
from da_core.several_runs.run_plan import do_runs
from da_core.several_runs.run_several import NextExperiment, run_several
from da_core.training.resuming import GOES_ON
from tests.support import dask_cluster
from tests.support.dask_cluster import DaskCluster
from tests.support.made_up_run import finished, made_by_this_version

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("cluster")]

PATIENCE = 120.0
ANN = "ann"


def points(seed: int = 0, epochs: int = 3, device: str = "cpu") -> Experiment:
    """A run of some seconds, most of which are the layouts'."""
    return Experiment(
        data=DataSpec(name="drawn", params={"count": 60}),
        network=NetworkSpec(name="mlp", params={"hidden": 16}),
        method=MethodSpec(name="dann"),
        training=TrainingSpec(epochs=epochs, least_steps=1),
        seed=seed,
        device=device,
    )


def without_layouts(experiment: Experiment, **given: Any) -> Iterator[Event]:
    """A real run, less what takes its process the longest to import."""
    return run(experiment, **{"embed": False} | given)


def slowly(experiment: Experiment, **given: Any) -> Iterator[Event]:
    """A real run that takes its time, so that it is seen on its way."""
    for event in without_layouts(experiment, **given):
        yield event
        if isinstance(event, Accuracies):
            time.sleep(0.02)


def first_ends(experiment: Experiment, **_given: Any) -> Iterator[Event]:
    """An endless run, unless it is the first seed's."""
    if experiment.seed == 0:
        yield made_by_this_version(finished(), experiment)
    while True:
        yield StageStarted("load", ("load", "adapt"))
        time.sleep(0.01)  # as a real epoch takes its time


def drive(run_function: Callable[..., Iterator[Event]], task: str) -> None:
    """Do on a worker what `cluster_worker.drive` does, with another run."""
    kept = store()
    ClusterDriver(LiveRuns(lambda: kept.database), kept, checkpoint_store(), run_function).drive(task)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder that web servers and workers share."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[DaskCluster]:
    with dask_cluster.running(tmp_path_factory.mktemp("dask"), workers=2, DA_LAB_DATA_DIR=str(folder)) as made:
        yield made


@pytest.fixture
def cluster(workers: DaskCluster) -> Iterator[Cluster]:
    """Connect as another process would, once both workers are there."""
    made = Cluster(workers.address)
    while len(made.look()) != 2:
        threading.Event().wait(0.1)
    yield made
    made.close()


@pytest.fixture
def queue_of(
    cluster: Cluster, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Callable[..., Iterator[Event]]], Queue]]:
    """A web server whose runs are done by this function."""
    made: list[Queue] = []

    def make(run_function: Callable[..., Iterator[Event]]) -> Queue:
        monkeypatch.setattr(cluster_runs, "drive", partial(drive, run_function))
        kept = Store(folder / "runs")
        runs = ClusterRuns(LiveRuns(lambda: kept.database), CheckpointStore(ObjectStorage(folder)), cluster)
        made.append(Queue(kept, runs))
        return made[-1]

    yield make
    for one in made:
        one.close()


def results_are_equal(one: Finished, other: Event) -> None:
    assert isinstance(other, Finished)
    assert one.result.adapted == other.result.adapted
    assert one.result.source_only == other.result.source_only
    for when in ("before", "after"):
        np.testing.assert_array_equal(one.evidence.target_features[when], other.evidence.target_features[when])


def only(experiment: Experiment) -> NextExperiment:
    each = iter([experiment])
    return lambda: next(each, None)


def end_of(queue: Queue, run_id: str) -> Finished:
    """Wait for the end of a run, and read what came of it."""
    view = queue.wait(run_id, lambda view: not view.live, PATIENCE)
    assert view.state == "done", view.error
    record = queue._store.load(run_id)
    assert record is not None
    return Finished(record.result, record.evidence)


def test_a_run_on_a_worker_comes_to_what_it_comes_to_here(queue_of: Callable[..., Queue]) -> None:
    queue = queue_of(without_layouts)
    run_id = queue.submit(points(seed=10), ANN)
    there = end_of(queue, run_id)
    *events, here = run(points(seed=10), embed=False)
    results_are_equal(there, here)
    accuracies = [one for one in queue.view(run_id).history if isinstance(one, Accuracies)]
    assert accuracies == [one for one in events if isinstance(one, Accuracies)]


def test_runs_that_may_use_a_gpu_go_where_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"tcp://gpu:1": True, "tcp://cpu:1": False, "tcp://cpu:2": False}
    cluster = Cluster("tcp://nowhere:1")
    monkeypatch.setattr(cluster, "_workers_now", lambda: there)
    cluster.look()
    assert cluster.wants_gpu(points(device="auto"))
    assert not cluster.wants_gpu(points(device="cpu"))
    assert cluster._where(gpu=True) == {"resources": {"GPU": 1}}
    assert cluster._where(gpu=False)["workers"] == ["tcp://cpu:1", "tcp://cpu:2"]
    there = {"tcp://cpu:1": False}
    cluster.look()
    assert not cluster.wants_gpu(points(device="cuda"))
    assert cluster._where(gpu=False) == {}


def test_several_runs_of_one_command_train_on_all_workers_at_once_and_end_with_it(cluster: Cluster) -> None:
    asked: list[Experiment] = []

    def next_experiment() -> Experiment:
        asked.append(points(len(asked)))
        return asked[-1]

    events = run_several(next_experiment, cluster.runner(first_ends))
    place, first = next(events)
    assert (place, isinstance(first, Finished), len(asked)) == (0, True, 2)
    events.close()
    *_, (_place, after) = run_several(only(points(5)), cluster.runner())
    assert isinstance(after, Finished), "the workers are free again"


def test_a_benchmark_on_the_workers_comes_to_what_it_comes_to_here(cluster: Cluster) -> None:
    plan = Benchmark.of([points()], ["source_only", "night_augmentation", "dann"], 2)  # one is for pictures

    def ends(**given: Any) -> dict[tuple[str, int], object]:
        found: dict[tuple[str, int], object] = {}
        for step in do_runs(plan, **given):
            if isinstance(step.event, Finished):
                found[step.task.method, step.task.seed] = step.event.result.adapted.target.accuracy
            elif step.outcome is not None and step.outcome.problem:
                found[step.task.method, step.task.seed] = step.outcome.problem
        return found

    there, here = ends(runner=cluster.runner()), ends()
    assert len(here) == 5
    assert {trial: there[trial] for trial in here} == here


# The last, since no worker takes the place of the one that is killed


def test_a_killed_workers_run_goes_on_elsewhere_and_comes_to_the_same_result(
    queue_of: Callable[..., Queue], cluster: Cluster, workers: DaskCluster
) -> None:
    experiment, queue = points(40, epochs=30), queue_of(slowly)
    run_id = queue.submit(experiment, ANN)
    queue.wait(run_id, lambda view: any(isinstance(one, Accuracies) for one in view.history), PATIENCE)
    assert cluster._client is not None
    (address,) = [one for one, tasks in cluster._client.processing().items() if tasks]
    workers.kill_worker(cluster._client.scheduler_info(n_workers=-1)["workers"][address]["name"])
    queue.wait(run_id, lambda view: any(notice.message == GOES_ON for notice in view.notices), PATIENCE)
    there = end_of(queue, run_id)
    *_, undisturbed = run(experiment, embed=False)
    results_are_equal(there, undisturbed)
