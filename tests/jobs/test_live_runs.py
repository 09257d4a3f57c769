"""A server is killed, sleeps or is stopped, and its runs go on elsewhere: once, with the same result, their owner's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from da_core.errors import UserError
from da_core.events import Event, Losses, Progress, StageStarted
from da_core.experiment import DataSpec, Experiment, MethodSpec, NetworkSpec, TrainingSpec
from da_core.jobs.database.live_runs import SILENT_SECONDS, LiveRun, LiveRuns
from da_core.jobs.database.run_database import RunDatabase
from da_core.jobs.owners import digest
from da_core.jobs.queue import Queue
from da_core.jobs.scheduling import keeper
from da_core.jobs.store import Store
from da_core.run import run
from tests.support.made_up_run import finished, made_by_this_version

PATIENCE = 120.0
ANN, BOB = "ann", "bob"
POINTS = Experiment(
    data=DataSpec(name="drawn", params={"count": 100}),
    network=NetworkSpec(name="mlp", params={"hidden": 16}),
    method=MethodSpec(name="dann"),
    training=TrainingSpec(epochs=20, least_steps=1),
    device="cpu",
)


class Hour:
    """Clocks of servers, which a test sets."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hour() -> Hour:
    return Hour()


@pytest.fixture
def database(url: str) -> RunDatabase:
    return RunDatabase(url)


@pytest.fixture
def servers(database: RunDatabase, hour: Hour) -> Callable[..., LiveRuns]:
    """Servers of other machines, by their names; the clock of each may be some seconds ahead."""

    def make(name: str, ahead: float = 0.0) -> LiveRuns:
        return LiveRuns(lambda: database, f"{name}/1/x", lambda: hour() + ahead, hour)

    return make


def waiting() -> LiveRun:
    """Ann's run on points, as the first server has it."""
    submitted = datetime(2026, 11, 26, tzinfo=UTC)
    return LiveRun("0123456789abcdef-01234567", POINTS, (digest(ANN),), "queued", submitted)


def test_nobody_takes_over_from_a_server_that_lives(servers, hour: Hour) -> None:
    servers("first").record([waiting()])
    second = servers("second")
    assert second.take_over() == []
    hour.now += SILENT_SECONDS - 1
    assert second.take_over() == []


def test_a_silent_servers_run_is_taken_over_once(servers, hour: Hour) -> None:
    servers("first").record([waiting()])
    rivals = [servers(name) for name in ("second", "third", "fourth")]
    assert [server.take_over() for server in rivals] == [[], [], []]
    hour.now += SILENT_SECONDS
    won: list[LiveRun] = []
    ready = threading.Barrier(len(rivals))

    def claim(server: LiveRuns) -> None:
        ready.wait()
        won.extend(server.take_over())

    threads = [threading.Thread(target=claim, args=(server,)) for server in rivals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(run.experiment, run.owners, run.attempt) for run in won] == [(POINTS, (digest(ANN),), 2)]


def test_a_server_that_wakes_up_late_neither_ends_nor_changes_what_another_has(servers, hour: Hour) -> None:
    sleeper, second = servers("sleeper"), servers("second")
    sleeper.record([waiting()])
    assert second.take_over() == []
    hour.now += SILENT_SECONDS
    (taken,) = second.take_over()

    sleeper.record([waiting()])
    assert not sleeper.win_end(waiting())
    sleeper.record([])
    assert second.win_end(taken)
    second.record([])
    assert servers("third").take_over() == []


@pytest.mark.parametrize("ahead", [3600.0, -3600.0])
def test_servers_whose_clocks_differ_take_nothing_from_one_another(servers, hour: Hour, ahead: float) -> None:
    first, second = servers("first"), servers("second", ahead)
    first.record([waiting()])
    for _ in range(20):
        assert second.take_over() == []
        hour.now += SILENT_SECONDS / 6
        first.record([waiting()])
    assert first.win_end(waiting())

    assert second.take_over() == []
    hour.now += SILENT_SECONDS
    assert [run.run_id for run in second.take_over()] == [waiting().run_id], "and what is silent is not lost"


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_a_clock_that_jumps_takes_nothing_from_a_server_that_lives_and_loses_nothing(
    database: RunDatabase, jump: float
) -> None:
    wall, stopwatch = Hour(), Hour()
    first, second = (LiveRuns(lambda: database, f"{name}/1/x", wall, stopwatch) for name in ("first", "second"))
    first.record([waiting()])
    assert second.take_over() == []
    wall.now += jump
    stopwatch.now += 5
    assert second.take_over() == []
    first.record([waiting()])
    stopwatch.now += SILENT_SECONDS - 1
    assert second.take_over() == []
    stopwatch.now += SILENT_SECONDS
    assert [run.run_id for run in second.take_over()] == [waiting().run_id]


def test_a_run_of_settings_that_nobody_knows_any_more_is_let_go(servers, database: RunDatabase, hour: Hour) -> None:
    servers("first").record([waiting()])
    with database.begin() as connection:
        connection.exec_driver_sql("UPDATE live_runs SET experiment = '{\"of_old\": 1}'")
    second = servers("second")
    assert second.take_over() == []
    hour.now += SILENT_SECONDS
    assert second.take_over() == []
    with database.begin() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM live_runs").scalar() == 0


# Whole queues ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "runs")


@pytest.fixture
def open_queue(store: Store) -> Iterator[Callable[..., Queue]]:
    """Open a queue of another server of this machine on the same store; it is closed in the end."""
    opened: list[Queue] = []

    def open_one(name: str, events: Callable[..., Iterator[Event]] = run) -> Queue:
        opened.append(Queue(store, events, live_runs=LiveRuns(lambda: store.database, f"{name}/1/x")))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


def endless(experiment: Experiment, *, should_stop: Callable[[], bool]) -> Iterator[Event]:
    """A run that goes on until it is stopped."""
    yield StageStarted("load", ("load", "adapt"))
    while True:
        yield Progress(0.5, 3.0)


def quick(experiment: Experiment, *, should_stop: Callable[[], bool]) -> Iterator[Event]:
    """A run that is over at once."""
    yield StageStarted("load", ("load", "adapt"))
    yield made_by_this_version(finished(), experiment)


def test_a_server_that_is_stopped_leaves_its_runs_to_the_next_at_once(open_queue: Callable[..., Queue]) -> None:
    first = open_queue("first", endless)
    going = first.submit(POINTS, ANN)
    first.wait(going, lambda view: view.state == "running", PATIENCE)
    paused = first.submit(POINTS.model_copy(update={"seed": 2}), BOB)
    first.pause(paused, BOB)
    first.close()

    second = open_queue("second", quick)
    second.recover()
    assert second.wait(going, lambda view: not view.live, PATIENCE).state == "done"
    assert second.view(paused).state == "paused"
    with pytest.raises(UserError, match="another visitor"):
        second.resume(paused, ANN)
    second.resume(paused, BOB)
    assert second.wait(paused, lambda view: not view.live, PATIENCE).state == "done"


def test_a_finished_run_does_not_rise_again(store: Store, open_queue: Callable[..., Queue]) -> None:
    done = made_by_this_version(finished(), POINTS)
    row = waiting()
    LiveRuns(lambda: store.database, "gone/1/x", lambda: 0.0).record([row])
    store.save(row.run_id, POINTS, done.result, done.evidence)

    def never(experiment: Experiment, *, should_stop: Callable[[], bool]) -> Iterator[Event]:
        raise AssertionError("it is over")
        yield

    queue = open_queue("next", never)
    queue.recover()
    assert queue.view(row.run_id).state == "done"


def test_a_run_goes_on_where_the_database_does_not_answer(tmp_path: Path) -> None:
    store = Store(tmp_path / "runs", database=f"sqlite:///{tmp_path}/nowhere/at/all.db")
    queue = Queue(store, quick, live_runs=LiveRuns(lambda: store.database))
    run_id = queue.submit(POINTS, ANN)
    queue.wait(run_id, lambda view: view.state == "done", PATIENCE)
    queue.close()


def test_a_run_of_one_server_is_seen_by_its_link_on_another_with_its_curves(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "BEAT", 0.05)
    more = threading.Semaphore(0)

    def diverging(experiment: Experiment, *, should_stop: Callable[[], bool]) -> Iterator[Event]:
        yield StageStarted("adapt", ("load", "adapt"))
        yield Losses("adapt", 1.0, {"class": float("inf")})
        yield Progress(0.5, 3.0)
        more.acquire(timeout=PATIENCE)
        yield made_by_this_version(finished(), experiment)

    stores = [Store(tmp_path / "runs", database=url) for _ in range(2)]
    names = ("first/1/x", "second/1/x")
    first, second = (
        Queue(store, diverging, live_runs=LiveRuns(partial(getattr, store, "database"), name))
        for store, name in zip(stores, names, strict=True)
    )
    run_id = first.submit(POINTS, ANN)
    first.wait(run_id, lambda view: view.fraction == 0.5, PATIENCE)
    while (seen := second.view(run_id)) is None or seen.fraction < 0.5:
        assert first.view(run_id).live
        threading.Event().wait(0.02)
    assert (seen.state, seen.stage, seen.seconds_left, seen.experiment) == ("running", "adapt", 3.0, POINTS)
    assert seen.history == (Losses("adapt", 1.0, {"class": float("inf")}),)
    assert second.owns(run_id, ANN)
    assert not second.owns(run_id, BOB)
    more.release()
    first.wait(run_id, lambda view: view.state == "done", PATIENCE)
    over = second.view(run_id)
    assert (over.state, over.version != seen.version) == ("done", True)
    first.close()
    second.close()
