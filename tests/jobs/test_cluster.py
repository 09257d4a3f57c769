"""Three workers of Dask, each a process of its own: runs train there as they would here, and outlive a worker."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dask
import numpy as np
import pytest

from da_core.data.readers.uploads import keep_upload
from da_core.errors import UserError
from da_core.events import Accuracies, Event, Finished, Notice, Progress, Result, StageStarted
from da_core.experiment import DataSpec, Experiment, MethodSpec, NetworkSpec, TrainingSpec
from da_core.jobs.benchmarks import Benchmarks
from da_core.jobs.checkpoint_store import CheckpointPlace, CheckpointStore
from da_core.jobs.processes.cluster import Cluster
from da_core.jobs.processes.cluster_worker import CarriedCheckpoint
from da_core.jobs.queue import Queue
from da_core.jobs.scheduling.workers import Capacity
from da_core.jobs.store import Store, new_run_id
from da_core.jobs.studies import Studies
from da_core.object_storage import ObjectStorage
from da_core.run import run
from da_core.several_runs.benchmark import Benchmark, KeptResults, conduct_benchmark
from da_core.several_runs.run_search import conduct_search
from da_core.several_runs.run_several import run_several
from da_core.several_runs.search import Budget, Search
from da_core.several_runs.study import Study
from da_core.training.resuming import GOES_ON
from tests.support import dask_cluster, s3
from tests.support.dask_cluster import DaskCluster
from tests.support.made_up_run import finished, made_by_this_version

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("cluster")]

PATIENCE = 120.0
ANN, BOB = "ann", "bob"


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


MOONS = DataSpec(name="moons", params={"count": 60})


def without_layouts(experiment: Experiment, **given: Any) -> Iterator[Event]:
    """A real run, less what takes its process the longest to import."""
    return run(experiment, **{"embed": False} | given)


def endless(
    experiment: Experiment, *, should_stop: Callable[[], bool], checkpoint: object, **given: Any
) -> Iterator[Event]:
    """A run that goes on until it may finish early, and counts how often it was asked."""
    yield StageStarted("load", ("load", "adapt"))
    epoch = 0.0
    while not should_stop():
        epoch += 1
        yield Accuracies("adapt", epoch, {"source": 1.0})
        time.sleep(0.01)  # as a real epoch takes its time
    yield made_by_this_version(finished(), experiment)


def ending_its_worker(
    experiment: Experiment, *, should_stop: Callable[[], bool], checkpoint: object
) -> Iterator[Event]:
    """A run that is too large for its worker's memory."""
    yield StageStarted("load", ("load", "adapt"))
    os._exit(1)


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    folder = tmp_path_factory.mktemp("dask")
    with s3.serving() as server:
        storage = server.make_bucket("shared").url
        with dask_cluster.running(folder, workers=3, DA_LAB_STORAGE=storage) as made:
            yield made


@pytest.fixture
def cluster_of(workers: DaskCluster) -> Iterator[Callable[..., Cluster]]:
    """Connect as another web server would, once all three workers are there."""
    made: list[Cluster] = []

    def connect(*run: Callable[..., Iterator[Event]]) -> Cluster:
        for name, process in list(workers.processes.items()):
            if process.poll() is not None:
                workers.start_worker(name)
        changed = threading.Event()
        made.append(Cluster(workers.address, *run))
        made[-1].start(changed.set)
        while made[-1].size != 3:
            assert changed.wait(PATIENCE)
            changed.clear()
        return made[-1]

    yield connect
    for one in made:
        one.close()


@pytest.fixture
def queue_on(tmp_path: Path) -> Iterator[Callable[[Cluster], Queue]]:
    made: list[Queue] = []

    def make(cluster: Cluster) -> Queue:
        room = Capacity(lambda: cluster.size, cluster.has_room)
        made.append(Queue(Store(tmp_path / "runs"), cluster.run, room=room))
        return made[-1]

    yield make
    for one in made:
        one.close()


def results_are_equal(one: Event, other: Event) -> None:
    assert isinstance(one, Finished)
    assert isinstance(other, Finished)
    assert one.result.adapted == other.result.adapted
    assert one.result.source_only == other.result.source_only
    for when in ("before", "after"):
        np.testing.assert_array_equal(one.evidence.target_features[when], other.evidence.target_features[when])


def never() -> bool:
    return False


def test_a_run_on_a_worker_says_what_it_says_here(cluster_of: Callable[..., Cluster]) -> None:
    there = list(cluster_of(without_layouts).run(points(), should_stop=never))
    here = list(run(points(), embed=False))
    told = [event for event in there if not isinstance(event, Progress)]
    assert [type(event) for event in told] == [type(event) for event in here if not isinstance(event, Progress)]
    assert [one for one in there if isinstance(one, Accuracies)] == [one for one in here if isinstance(one, Accuracies)]
    results_are_equal(there[-1], here[-1])


def test_what_is_wrong_with_an_experiment_is_said_in_the_runs_own_sentence(cluster_of: Callable[..., Cluster]) -> None:
    wrong = points().model_copy(update={"method": MethodSpec(name="dan", params={"no_such": 1})})
    with pytest.raises(UserError, match="no_such"):
        list(cluster_of().run(wrong, should_stop=never))


def test_three_runs_train_at_the_same_time_and_the_fourth_waits(cluster_of, queue_on) -> None:
    queue = queue_on(cluster_of(endless))
    runs = [queue.submit(points(seed), f"visitor {seed}") for seed in range(4)]
    for one in runs[:3]:
        queue.wait(one, lambda view: len(view.history) > 0, PATIENCE)
    assert queue.view(runs[3]).place == 1
    queue.stop(runs[0], "visitor 0")
    queue.wait(runs[3], lambda view: len(view.history) > 0, PATIENCE)


def test_pause_sets_a_run_aside_and_gives_its_worker_to_the_next(cluster_of, queue_on) -> None:
    queue = queue_on(cluster_of(endless))
    runs = [queue.submit(points(seed), f"visitor {seed}") for seed in range(4)]
    queue.wait(runs[0], lambda view: len(view.history) > 0, PATIENCE)
    queue.pause(runs[0], "visitor 0")
    queue.wait(runs[3], lambda view: len(view.history) > 0, PATIENCE)
    reached = queue.view(runs[0]).history[-1].epoch
    queue.stop(runs[1], "visitor 1")
    queue.resume(runs[0], "visitor 0")
    goes_on = queue.wait(runs[0], lambda view: view.history[-1].epoch > reached, PATIENCE)
    assert [event.epoch for event in goes_on.history[:3]] == [1.0, 2.0, 3.0], "it did not begin again"


def test_what_has_been_learned_so_far_is_kept_on_demand(cluster_of, queue_on) -> None:
    queue = queue_on(cluster_of(endless))
    going = queue.submit(points(), ANN)
    queue.wait(going, lambda view: len(view.history) > 0, PATIENCE)
    queue.finish_early(going, ANN)
    assert queue.wait(going, lambda view: not view.live, PATIENCE).state == "done"


def test_another_servers_worker_goes_on_from_the_checkpoint_that_one_keeps_in_the_bucket(
    cluster_of, workers: DaskCluster
) -> None:
    class OfWorkers(CheckpointStore):
        def save(self, *_: object) -> None:
            pytest.fail("a worker keeps it itself")

    experiment = points(epochs=30)
    kept, run_id = OfWorkers(ObjectStorage(workers.environment["DA_LAB_STORAGE"])), new_run_id(experiment)
    events = cluster_of(without_layouts).run(experiment, should_stop=never, checkpoint=CheckpointPlace(kept, run_id, 1))
    for event in events:  # until this server is gone
        if isinstance(event, Accuracies) and event.phase == "adapt" and kept.load(run_id):
            break
    events.close()
    there = list(
        cluster_of(without_layouts).run(experiment, should_stop=never, checkpoint=CheckpointPlace(kept, run_id, 2))
    )
    assert any(isinstance(event, Notice) and event.message == GOES_ON for event in there)
    *_, undisturbed = run(experiment, embed=False)
    results_are_equal(there[-1], undisturbed)


def test_workers_that_are_there_are_known_at_every_look(cluster_of) -> None:
    """Dask's client asks for itself as well, and not for the workers; a run whose worker is unknown goes elsewhere."""
    with dask.config.set({"distributed.client.scheduler-info-interval": "5ms"}):
        cluster = cluster_of(endless)
        assert {len(cluster._workers_now() or ()) for _ in range(300)} == {3}


def test_runs_that_may_use_a_gpu_go_where_one_is() -> None:
    cluster = Cluster("tcp://nowhere:1")
    cluster._has_gpu = {"tcp://gpu:1": True, "tcp://cpu:1": False, "tcp://cpu:2": False}
    assert cluster._suitable(points(device="auto")) == {"tcp://gpu:1"}
    assert cluster._suitable(points(device="cpu")) == {"tcp://cpu:1", "tcp://cpu:2"}
    assert not cluster.has_room(points(device="cuda"), [points(device="auto")])
    assert cluster.has_room(points(device="cpu"), [points(device="auto"), points(device="cpu")])


def test_an_upload_is_brought_to_the_worker_that_reads_it(cluster_of, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name, shift in (("day", 0.0), ("night", 1.0)):
        rows = [f"{x + shift:.3f},{y:.3f},{'ab'[i % 2]}" for i, (x, y) in enumerate(rng.normal(size=(80, 2)))]
        (tmp_path / f"{name}.csv").write_text("\n".join(["x,y,label", *rows]))
    source, target = (keep_upload(f"{one}.csv", (tmp_path / f"{one}.csv").read_bytes()) for one in ("day", "night"))
    data = DataSpec(name="files", params={"label": "label"}, source=source, target=target)
    *_, last = cluster_of(without_layouts).run(points().model_copy(update={"data": data}), should_stop=never)
    assert last.result.classes == ["a", "b"]


def test_several_runs_of_one_command_train_on_all_workers_at_once(cluster_of: Callable[..., Cluster]) -> None:
    experiments = iter([points(seed) for seed in range(4)])
    events = run_several(lambda: next(experiments, None), cluster_of(endless).runner)
    heard = set()
    for place, event in events:
        if isinstance(event, Accuracies):
            heard.add(place)
        if len(heard) == 3:
            break
    assert heard == {0, 1, 2}
    assert next(experiments).seed == 3, "it waits until a worker is free"
    events.close()


def test_a_benchmark_on_the_workers_comes_to_what_it_comes_to_here(cluster_of: Callable[..., Cluster]) -> None:
    studies = {"drawn": Study.of(points(), ["source_only", "night_augmentation", "dann"], 2)}  # one is for pictures

    def ends(**given: Any) -> list[tuple[int, object]]:
        steps = conduct_benchmark(studies, KeptResults(None), **given)
        told = [(step.place, step.outcome) for step in steps if not isinstance(step.outcome, Progress)]
        return [
            (place, came.adapted.target.accuracy if isinstance(came, Result) else str(came)) for place, came in told
        ]

    there = dict(ends(runner=cluster_of(without_layouts).runner))
    here = dict(ends())
    assert len(here) == 5
    assert {place: there[place] for place in here} == here


def test_a_search_on_the_workers_keeps_to_its_budget_and_tries_nothing_twice(
    cluster_of: Callable[..., Cluster],
) -> None:
    search = Search.of(points(), ["source_only", "coral", "dann"], "entropy", Budget(runs=6))
    steps = conduct_search(search, runner=cluster_of(without_layouts).runner, ahead=True)
    tried = [step.tried for step in steps if step.tried is not None]
    assert len({one.method.model_dump_json() for one in tried}) == 6
    assert {one.method.name for one in tried} == {"source_only", "coral", "dann"}
    assert all(one.score is not None for one in tried)


@pytest.mark.parametrize(
    ("kind", "plan"),
    [
        (Studies, Study.of(points(), ["dann", "coral"], 3)),
        (Benchmarks, Benchmark.of([points(), points().model_copy(update={"data": MOONS})], ["dann", "coral"], 2)),
    ],
)
def test_a_study_and_a_benchmark_train_on_all_workers_at_once(kind, plan, cluster_of, queue_on, tmp_path: Path) -> None:
    queue = queue_on(cluster_of(endless))
    works = kind(lambda: queue, lambda: Store(tmp_path / "runs"), renew_seconds=0.5)
    works.start(plan, ANN)
    deadline = time.monotonic() + PATIENCE
    while len(going := works.latest(ANN).going) < 3:
        assert works.latest(ANN).state == "running"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    for _trial, run_id in going:
        queue.wait(run_id, lambda view: len(view.history) > 0, PATIENCE)
    works.stop(ANN)
    for _trial, run_id in going:
        queue.wait(run_id, lambda view: not view.live, PATIENCE)


# The last two, since a worker that has ended is replaced by one that imports everything again


def test_a_killed_workers_run_goes_on_elsewhere_and_comes_to_the_same_result(
    cluster_of, queue_on, workers: DaskCluster, tmp_path: Path
) -> None:
    experiment, cluster = points(epochs=30), cluster_of(without_layouts)
    place = CarriedCheckpoint()
    events = cluster.run(experiment, should_stop=never, checkpoint=place)
    for event in events:
        if isinstance(event, Accuracies) and event.phase == "adapt" and event.epoch > 5:
            break
    (address,) = [one for one, count in cluster._asked.items() if count]
    name = next(
        name for name, one in cluster._client.scheduler_info(n_workers=-1)["workers"].items() if name == address
    )
    workers.kill_worker(cluster._client.scheduler_info(n_workers=-1)["workers"][name]["name"])

    rest = list(events)
    *_, undisturbed = run(experiment, embed=False)
    results_are_equal(rest[-1], undisturbed)


def test_a_run_that_ends_every_worker_is_given_up_with_a_sentence(cluster_of) -> None:
    with pytest.raises(UserError, match="3 workers were lost"):
        list(cluster_of(ending_its_worker).run(points(), should_stop=never))
