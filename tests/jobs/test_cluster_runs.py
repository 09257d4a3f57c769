"""Two web servers on one cluster: its runs are in the database, and each server shows, controls and joins all of them.

Threads stand for the workers here, and take their tasks from a list in place of Dask's scheduler.
"""

from __future__ import annotations

import queue as std
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from da_core.errors import UserError
from da_core.events import Event, Progress, StageStarted
from da_core.experiment import Experiment
from da_core.jobs.checkpoint_store import CheckpointPlace, CheckpointStore
from da_core.jobs.owners import digest
from da_core.jobs.processes import cluster_runs, cluster_worker
from da_core.jobs.processes.cluster_runs import ClusterRuns
from da_core.jobs.processes.cluster_worker import ClusterDriver
from da_core.jobs.queue import Queue, QueueLimits
from da_core.jobs.scheduling.crashes import GIVEN_UP, MOST_CRASHES
from da_core.jobs.scheduling.job import Job
from da_core.jobs.scheduling.live_runs import LiveRuns
from da_core.jobs.scheduling.run_view import RunView
from da_core.jobs.store import Store, new_run_id
from tests.jobs.conftest import is_over
from tests.support.made_up_run import finished, made_by_this_version
from tests.teaching.hall.conftest import Clock

pytestmark = pytest.mark.xdist_group("postgresql")
PATIENCE = 60.0
ANN, BOB, CAT = "ann", "bob", "cat"
LEASE = 180.0


class Stepwise:
    """Stands for `da_core.run.run`: a run takes a step when the test says so, and ends when the test has it end."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.attempts: list[int] = []
        self._steps: dict[int, std.Queue[bool | UserError]] = {seed: std.Queue() for seed in range(10)}

    def __call__(
        self, experiment: Experiment, *, should_stop: Callable[[], bool], checkpoint: CheckpointPlace
    ) -> Iterator[Event]:
        self.begun.append(experiment.seed)
        self.attempts.append(checkpoint.attempt)
        yield StageStarted("adapt", ("load", "adapt"))
        count = 0
        while not should_stop() and (step := self._steps[experiment.seed].get(timeout=PATIENCE)):
            if isinstance(step, UserError):
                raise step
            count += 1
            yield Progress(count / 100, 3.0)
        end = finished()
        end.result.recipe["stopped_early"] = should_stop()
        yield made_by_this_version(end, experiment)

    def step(self, seed: int = 0) -> None:
        self._steps[seed].put(True)

    def finish(self, seed: int = 0) -> None:
        self._steps[seed].put(False)

    def fail(self, seed: int = 0) -> None:
        self._steps[seed].put(UserError("The disk is {count} bytes short.", count=3))


class Workers:
    """Stands for `Cluster`: so many workers, each of which does one task at a time."""

    def __init__(self, driver: Callable[[], ClusterDriver], count: int) -> None:
        self._driver = driver
        self._count = count
        self.known: set[str] = set()
        self._tasks: std.SimpleQueue[str | None] = std.SimpleQueue()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            self._driver().drive(task)
            self.known.discard(task)

    def look(self) -> dict[str, bool]:
        return self.workers

    @property
    def workers(self) -> dict[str, bool]:
        return {f"worker {number}": False for number in range(self._count)}

    def wants_gpu(self, _experiment: Experiment) -> bool:
        return False

    def unknown(self, tasks: set[str]) -> set[str]:
        return tasks - self.known

    def hand_over(self, task: str, _function: Callable[[str], None], *, gpu: bool) -> None:
        assert not gpu
        self.known.add(task)
        self._tasks.put(task)

    def forget(self) -> None:
        """Lose all tasks that no worker has begun, as a scheduler does that is started again."""
        self.known.clear()
        while not self._tasks.empty():
            self._tasks.get()

    def close(self) -> None:
        """Let go of them: they go on."""

    def end(self) -> None:
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join(PATIENCE)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_runs, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(cluster_runs, "BEAT", 0.05)
    monkeypatch.setattr(cluster_worker, "REPORT_SECONDS", 0.05)


@pytest.fixture
def trained() -> Stepwise:
    return Stepwise()


@pytest.fixture
def open_store(url: str, tmp_path: Path) -> Callable[[], Store]:
    """A process's own look at the one folder and database."""
    return lambda: Store(tmp_path / "runs", database=url)


@pytest.fixture
def make_driver(
    open_store: Callable[[], Store], trained: Stepwise, checkpoints: CheckpointStore
) -> Callable[..., ClusterDriver]:
    def make(run: Callable[..., Iterator[Event]] = trained) -> ClusterDriver:
        store = open_store()
        return ClusterDriver(LiveRuns(lambda: store.database), store, checkpoints, run)

    return make


@pytest.fixture
def make_workers(make_driver: Callable[..., ClusterDriver], trained: Stepwise) -> Iterator[Callable[[int], Workers]]:
    made: list[Workers] = []

    def make(count: int) -> Workers:
        made.append(Workers(make_driver, count))
        return made[-1]

    yield make
    for seed in 3 * [*range(10)]:
        trained.finish(seed)
    for one in made:
        one.end()


@pytest.fixture
def workers(make_workers: Callable[[int], Workers]) -> Workers:
    return make_workers(2)


@pytest.fixture
def open_server(
    open_store: Callable[[], Store], checkpoints: CheckpointStore, clock: Clock
) -> Iterator[Callable[..., Queue]]:
    opened: list[Queue] = []

    def open_one(workers: Workers, **limits: int) -> Queue:
        store = open_store()
        rows = LiveRuns(lambda: store.database)
        runs = ClusterRuns(rows, checkpoints, cast(Any, workers), LEASE, clock)
        opened.append(Queue(store, runs, QueueLimits(**limits)))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def first(open_server: Callable[..., Queue], workers: Workers) -> Queue:
    return open_server(workers)


@pytest.fixture
def second(open_server: Callable[..., Queue], workers: Workers) -> Queue:
    return open_server(workers)


def started(server: Queue, owner: str = ANN, seed: int = 0) -> str:
    """Submit a run and wait until it trains."""
    run_id = server.submit(Experiment(seed=seed), owner)
    server.wait(run_id, lambda view: view.stage == "adapt", PATIENCE)
    return run_id


def steps_until(trained: Stepwise, server: Queue, run_id: str, until: Callable[[RunView], bool], seed: int = 0) -> None:
    """Have a run go on until a view is as wanted: its worker does what is asked of it with the run's next step."""
    for _ in range(3000):
        if until(server.view(run_id)):
            return
        trained.step(seed)
        threading.Event().wait(0.02)
    pytest.fail("it did not come")


def stands_at(place: int, view: RunView) -> bool:
    return view.place == place


def test_a_run_is_paused_and_resumed_through_another_server(first: Queue, second: Queue, trained: Stepwise) -> None:
    run_id = started(first)
    second.pause(run_id, ANN)
    assert second.view(run_id).state == "paused", "at once, without waiting for the worker"
    first.wait(run_id, lambda view: view.state == "paused", PATIENCE)
    trained.step()
    trained.step()
    second.resume(run_id, ANN)
    first.wait(run_id, lambda view: view.state == "running", PATIENCE)
    steps_until(trained, second, run_id, lambda view: view.fraction > 0)
    trained.finish()
    assert second.wait(run_id, is_over, PATIENCE).state == "done"


def test_a_paused_run_frees_its_worker_and_goes_on_as_the_next_attempt(
    open_server: Callable[..., Queue], make_workers: Callable[[int], Workers], trained: Stepwise
) -> None:
    server = open_server(make_workers(1))
    run_id = started(server)
    other = server.submit(Experiment(seed=1), BOB)
    server.pause(run_id, ANN)
    steps_until(trained, server, other, lambda view: view.stage == "adapt")
    server.resume(run_id, ANN)
    assert server.view(run_id).state == "queued"
    trained.finish(1)
    trained.finish(0)
    assert server.wait(run_id, is_over, PATIENCE).state == "done"
    assert (trained.begun, trained.attempts) == ([0, 1, 0], [1, 1, 2])


def test_a_run_is_stopped_through_another_server(first: Queue, second: Queue, trained: Stepwise) -> None:
    run_id = started(first)
    second.stop(run_id, ANN)
    assert second.view(run_id).state == "stopping"
    steps_until(trained, first, run_id, is_over)
    assert second.wait(run_id, is_over, PATIENCE).state == "cancelled"


def test_why_a_run_failed_is_told_on_every_server(first: Queue, second: Queue, trained: Stepwise) -> None:
    run_id = started(first)
    second.submit(Experiment(), BOB)
    trained.fail()
    over = second.wait(run_id, is_over, PATIENCE)
    assert (over.state, str(over.error)) == ("failed", "The disk is 3 bytes short.")


def test_a_run_keeps_what_it_has_learned_through_another_server(first: Queue, second: Queue, trained: Stepwise) -> None:
    run_id = started(first)
    started(first, CAT, seed=2)
    waits = first.submit(Experiment(seed=1), BOB)
    with pytest.raises(UserError, match="has not started"):
        second.finish_early(waits, BOB)
    second.wait(run_id, lambda view: view.state == "running", PATIENCE)
    second.finish_early(run_id, ANN)
    assert second.view(run_id).finishing_early
    first.wait(run_id, lambda view: view.finishing_early, PATIENCE)
    steps_until(trained, first, run_id, is_over)
    over = second.wait(run_id, is_over, PATIENCE)
    assert (over.state, over.finishing_early) == ("done", True)


def test_who_looks_through_another_server_keeps_the_run_alive_and_a_run_that_nobody_looks_at_ends(
    first: Queue, second: Queue, trained: Stepwise, clock: Clock
) -> None:
    run_id = started(first)
    for _ in range(3):
        clock.now += LEASE - 1
        looks = looks_at(first, run_id)
        second.view(run_id, renew=True)
        while looks_at(first, run_id) == looks:
            threading.Event().wait(0.01)
        assert first.view(run_id).live
    clock.now += LEASE + 1
    steps_until(trained, first, run_id, is_over)
    assert first.view(run_id).state == "cancelled"


def looks_at(server: Queue, run_id: str) -> int:
    with server._runs.reading() as schedule:
        return schedule.jobs[run_id].looks


def test_an_equal_experiment_is_computed_once_for_both_servers(first: Queue, second: Queue, trained: Stepwise) -> None:
    run_id = started(first)
    assert second.submit(Experiment(), BOB) == run_id
    assert second.owns(run_id, BOB)
    assert second.view(run_id).owners == 2
    with pytest.raises(UserError, match="2 visitors share this run"):
        second.pause(run_id, BOB)
    first.wait(run_id, lambda view: view.owners == 2, PATIENCE)
    trained.step()
    second.wait(run_id, lambda view: view.fraction == 0.01, PATIENCE)
    trained.finish()
    assert second.wait_for_one([run_id], PATIENCE).state == "done"
    first.wait(run_id, is_over, PATIENCE)
    for server, owner in ((first, ANN), (second, BOB)):
        assert [kept.run_id for kept in server._store.database.listed(owner)] == [run_id]
    assert trained.begun == [0]


def test_who_joins_while_the_run_ends_has_it_too(
    first: Queue, second: Queue, trained: Stepwise, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_worker, "REPORT_SECONDS", PATIENCE)  # it ends before its worker has looked again
    run_id = first.submit(Experiment(), ANN)
    first.wait(run_id, lambda view: view.state == "running", PATIENCE)
    assert second.submit(Experiment(), BOB) == run_id
    trained.finish()
    first.wait(run_id, is_over, PATIENCE)
    assert [kept.run_id for kept in first._store.database.listed(BOB)] == [run_id]


def test_two_servers_that_are_asked_at_the_same_moment_compute_once(
    open_server: Callable[..., Queue], workers: Workers, trained: Stepwise
) -> None:
    servers = [open_server(workers) for _ in range(4)]
    ready, ids = threading.Barrier(len(servers)), std.SimpleQueue[str]()

    def submit(server: Queue, owner: str) -> None:
        ready.wait()
        ids.put(server.submit(Experiment(), owner))

    threads = [threading.Thread(target=submit, args=(server, f"owner {n}")) for n, server in enumerate(servers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (run_id,) = {ids.get() for _ in servers}
    servers[0].wait(run_id, lambda view: view.owners == 4 and view.stage == "adapt", PATIENCE)
    assert trained.begun == [0]


def test_limits_count_the_runs_of_all_servers(
    open_server: Callable[..., Queue], make_workers: Callable[[int], Workers]
) -> None:
    one = make_workers(1)
    first, second = (open_server(one, per_owner=2, length=2) for _ in range(2))
    started(first)
    first.submit(Experiment(seed=1), ANN)
    with pytest.raises(UserError, match="You have 2 runs"):
        second.submit(Experiment(seed=2), ANN)
    first.submit(Experiment(seed=3), BOB)
    with pytest.raises(UserError, match="2 runs are waiting"):
        second.submit(Experiment(seed=4), CAT)


def test_all_stand_in_one_line_and_nobody_has_two_turns(
    open_server: Callable[..., Queue], make_workers: Callable[[int], Workers], trained: Stepwise
) -> None:
    one = make_workers(1)
    first, second = open_server(one), open_server(one)
    started(first)
    anns = first.submit(Experiment(seed=1), ANN), second.submit(Experiment(seed=2), ANN)
    bobs = second.submit(Experiment(seed=3), BOB)
    line = [bobs, *anns]
    for server in (first, second):
        for place, run_id in enumerate(line, start=1):
            server.wait(run_id, partial(stands_at, place), PATIENCE)
    for done, run_id in zip((0, 3, 1), line, strict=True):
        trained.finish(done)
        first.wait(run_id, lambda view: view.stage == "adapt", PATIENCE)
    assert trained.begun == [0, 3, 1, 2]


# what is lost ---------------------------------------------------------------------------------------------------------


def test_a_web_server_that_goes_takes_nothing_with_it(
    open_server: Callable[..., Queue], workers: Workers, trained: Stepwise
) -> None:
    first = open_server(workers)
    run_id = started(first)
    first.close()
    second = open_server(workers)
    trained.step()
    second.wait(run_id, lambda view: view.fraction == 0.01, PATIENCE)
    trained.finish()
    assert second.wait(run_id, is_over, PATIENCE).state == "done"
    assert trained.begun == [0]


def test_tasks_that_the_scheduler_has_lost_are_handed_over_again(
    open_server: Callable[..., Queue], make_workers: Callable[[int], Workers], trained: Stepwise
) -> None:
    one = make_workers(1)
    server = open_server(one)
    started(server)
    waits = server.submit(Experiment(seed=1), BOB)
    server.wait(waits, lambda view: bool(one.known) and view.place == 1, PATIENCE)
    one.forget()
    trained.finish(0)
    trained.finish(0)
    trained.finish(1)
    assert server.wait(waits, is_over, PATIENCE).state == "done"


class Lost(BaseException):
    """Ends a worker as a kill does: it writes nothing more."""


def losing(experiment: Experiment, **_given: Any) -> Iterator[Event]:
    yield StageStarted("adapt", ("load", "adapt"))
    raise Lost


def lose(driver: ClusterDriver, task: str) -> None:
    with pytest.raises(Lost):
        driver.drive(task)


def waiting_task(store: Store, run_id: str, task: str) -> Job:
    """Ann's run as it waits for this task."""
    job = Job(run_id, Experiment(), [digest(ANN)], 0.0, task=task)
    rows = LiveRuns(lambda: store.database)
    rows.record_one(run_id, rows.values_of(job))
    return job


def test_a_run_whose_worker_is_lost_goes_on_as_the_next_attempt(
    open_store: Callable[[], Store], make_driver: Callable[..., ClusterDriver], trained: Stepwise
) -> None:
    store, run_id = open_store(), new_run_id(Experiment())
    waiting_task(store, run_id, "run-0")
    lose(make_driver(losing), "run-0")
    trained.finish()
    make_driver().drive("run-0")
    assert trained.attempts == [2]
    assert [kept.run_id for kept in store.database.listed(digest(ANN))] == [run_id]
    assert LiveRuns(lambda: store.database).look() == []


def test_a_run_that_ends_its_workers_is_given_up(
    open_store: Callable[[], Store], make_driver: Callable[..., ClusterDriver], trained: Stepwise
) -> None:
    store, run_id = open_store(), new_run_id(Experiment())
    waiting_task(store, run_id, "run-0")
    for _ in range(MOST_CRASHES):
        lose(make_driver(losing), "run-0")
    make_driver().drive("run-0")
    (over,) = LiveRuns(lambda: store.database).look()
    assert over.error is not None
    assert (over.state, over.error.message) == ("failed", GIVEN_UP)
    assert trained.begun == []


def test_a_worker_that_was_taken_for_lost_changes_nothing_any_more(
    open_store: Callable[[], Store], make_driver: Callable[..., ClusterDriver], trained: Stepwise
) -> None:
    store, run_id = open_store(), new_run_id(Experiment())
    waiting_task(store, run_id, "run-0")
    slow = threading.Thread(target=make_driver().drive, args=("run-0",))
    slow.start()
    rows = LiveRuns(lambda: store.database)
    while not rows.look()[0].in_hand or not trained.begun:
        threading.Event().wait(0.01)
    going_on = threading.Thread(target=make_driver().drive, args=("run-0",))  # Dask has given its task to another
    going_on.start()
    while len(trained.begun) < 2:
        threading.Event().wait(0.01)
    trained.step()
    trained.step()
    trained.finish()
    trained.finish()
    for thread in (slow, going_on):
        thread.join(PATIENCE)
    assert trained.attempts == [1, 2]
    assert [kept.run_id for kept in store.database.listed(digest(ANN))] == [run_id]
    assert rows.look() == []
