"""Two web servers on one database: what one drives is controlled, joined and kept alive through the other."""

from __future__ import annotations

import queue as std
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from da_core.errors import UserError
from da_core.events import Event, Progress, StageStarted
from da_core.experiment import Experiment
from da_core.jobs.database.live_runs import LiveRuns
from da_core.jobs.queue import Queue
from da_core.jobs.scheduling import keeper
from da_core.jobs.scheduling.run_view import RunView
from da_core.jobs.scheduling.workers import Capacity
from da_core.jobs.store import Store
from tests.support.made_up_run import finished, made_by_this_version

pytestmark = pytest.mark.xdist_group("postgresql")
PATIENCE = 60.0
ANN, BOB, CAT = "ann", "bob", "cat"
LEASE = 180.0


class Stepwise:
    """Stands for `da_core.run.run`: a run takes a step when the test says so, and ends when the test has it end."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self._steps: dict[int, std.Queue[bool | UserError]] = {seed: std.Queue() for seed in range(10)}

    def __call__(self, experiment: Experiment, *, should_stop: Callable[[], bool]) -> Iterator[Event]:
        self.begun.append(experiment.seed)
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


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def quick_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "BEAT", 0.05)


@pytest.fixture
def trained() -> Stepwise:
    return Stepwise()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def open_server(url: str, tmp_path: Path, trained: Stepwise, clock: Clock) -> Iterator[Callable[..., Queue]]:
    """Start a server, with its own connections to the one database and its own look at the one folder."""
    opened: list[Queue] = []

    def open_one(name: str, line: str = "", **settings: Any) -> Queue:
        store = Store(tmp_path / "runs", database=url)
        live_runs = LiveRuns(partial(getattr, store, "database"), f"{name}/x", line=line)
        opened.append(Queue(store, trained, live_runs=live_runs, clock=clock, lease_seconds=LEASE, **settings))
        return opened[-1]

    yield open_one
    for seed in 3 * [*range(10)]:  # of each server, and what the first leaves to the second when it is closed
        trained.finish(seed)
    for one in opened:
        one.close()


@pytest.fixture
def first(open_server: Callable[..., Queue]) -> Queue:
    return open_server("first/1")


@pytest.fixture
def second(open_server: Callable[..., Queue]) -> Queue:
    return open_server("second/1")


def started(server: Queue, owner: str = ANN, seed: int = 0) -> str:
    """Submit a run and wait until it trains."""
    run_id = server.submit(Experiment(seed=seed), owner)
    server.wait(run_id, lambda view: view.stage == "adapt", PATIENCE)
    return run_id


def stands_at(place: int, view: RunView) -> bool:
    return view.place == place


def test_a_run_is_paused_and_resumed_through_another_server(first: Queue, second: Queue, trained: Stepwise) -> None:
    run_id = started(first)
    second.pause(run_id, ANN)
    assert second.view(run_id).state == "paused", "at once where it was asked, without waiting for the other"
    first.wait(run_id, lambda view: view.state == "paused", PATIENCE)
    trained.step()
    second.resume(run_id, ANN)
    first.wait(run_id, lambda view: view.state == "running", PATIENCE)
    trained.step()
    second.wait(run_id, lambda view: view.fraction == 0.02, PATIENCE)
    trained.finish()
    assert second.wait(run_id, lambda view: not view.live, PATIENCE).state == "done"
    assert trained.begun == [0]


def test_a_run_is_stopped_through_another_server(first: Queue, second: Queue, trained: Stepwise) -> None:
    run_id = started(first)
    second.stop(run_id, ANN)
    assert second.view(run_id).state == "stopping"
    first.wait(run_id, lambda view: view.state == "stopping", PATIENCE)
    trained.step()
    assert second.wait(run_id, lambda view: not view.live, PATIENCE).state == "cancelled"


def test_why_a_run_failed_is_told_on_every_server(first: Queue, second: Queue, trained: Stepwise) -> None:
    run_id = started(first)
    second.submit(Experiment(), BOB)
    trained.fail()
    over = second.wait(run_id, lambda view: not view.live, PATIENCE)
    assert (over.state, str(over.error)) == ("failed", "The disk is 3 bytes short.")


def test_a_run_keeps_what_it_has_learned_through_another_server(first: Queue, second: Queue, trained: Stepwise) -> None:
    run_id = started(first)
    waits = first.submit(Experiment(seed=1), BOB)
    with pytest.raises(UserError, match="has not started"):
        second.finish_early(waits, BOB)
    second.wait(run_id, lambda view: view.state == "running", PATIENCE)  # the first tells it with its next beat
    second.finish_early(run_id, ANN)
    assert second.view(run_id).finishing_early
    first.wait(run_id, lambda view: view.finishing_early, PATIENCE)
    trained.step()
    over = second.wait(run_id, lambda view: not view.live, PATIENCE)
    assert (over.state, over.finishing_early) == ("done", True)


def test_another_visitors_run_cannot_be_touched_through_another_server_either(first: Queue, second: Queue) -> None:
    run_id = started(first)
    assert second.owns(run_id, ANN)
    assert not second.owns(run_id, BOB)
    for control in (second.pause, second.resume, second.stop, second.finish_early):
        with pytest.raises(UserError, match="another visitor"):
            control(run_id, BOB)
        with pytest.raises(UserError, match="no run"):
            control(run_id[:-1] + ("0" if run_id[-1] != "0" else "1"), BOB)
    assert first.view(run_id).state == "running"


def test_who_looks_through_another_server_keeps_the_run_alive(
    first: Queue, second: Queue, trained: Stepwise, clock: Clock
) -> None:
    run_id = started(first)
    clock.now += LEASE - 1
    second.view(run_id, renew=True)
    second.pause(run_id, ANN)  # wishes are done in their order, so the look before it has been seen as well
    first.wait(run_id, lambda view: view.state == "paused", PATIENCE)
    clock.now += LEASE - 1
    assert first.view(run_id).live
    second.renew(run_id)
    second.resume(run_id, ANN)
    first.wait(run_id, lambda view: view.state != "paused", PATIENCE)
    clock.now += LEASE - 1
    assert first.view(run_id).live
    clock.now += 2
    assert not first.view(run_id).live or first.view(run_id).state == "stopping"


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
    first.wait(run_id, lambda view: not view.live, PATIENCE)
    for server, owner in ((first, ANN), (second, BOB)):
        assert [kept.run_id for kept in server._store.database.listed(owner)] == [run_id]
    assert trained.begun == [0]


def test_who_joins_while_the_run_ends_has_it_too(
    first: Queue, second: Queue, trained: Stepwise, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = started(first)
    monkeypatch.setattr(keeper, "BEAT", PATIENCE)  # it ends before its server has looked for wishes again
    first.view(run_id)
    assert second.submit(Experiment(), BOB) == run_id
    trained.finish()
    first.wait(run_id, lambda view: not view.live, PATIENCE)
    assert [kept.run_id for kept in first._store.database.listed(BOB)] == [run_id]


def test_of_two_owners_on_two_servers_one_leaves_and_the_other_keeps_the_run(
    first: Queue, second: Queue, trained: Stepwise
) -> None:
    run_id = started(first)
    second.submit(Experiment(), BOB)
    second.stop(run_id, ANN)
    assert not second.owns(run_id, ANN)
    first.wait(run_id, lambda view: not first.owns(run_id, ANN), PATIENCE)
    assert first.owns(run_id, BOB)
    trained.finish()
    assert second.wait(run_id, lambda view: not view.live, PATIENCE).state == "done"
    first.wait(run_id, lambda view: not view.live, PATIENCE)
    database = first._store.database
    assert [len(database.listed(owner)) for owner in (ANN, BOB)] == [0, 1]


def test_nobody_is_made_to_share_what_was_paused_or_cut_short_elsewhere(first: Queue, second: Queue) -> None:
    run_id = started(first)
    second.pause(run_id, ANN)
    assert second.submit(Experiment(), ANN) == run_id, "but it is her own still"
    assert second.submit(Experiment(), BOB) != run_id


def test_two_servers_that_are_asked_at_the_same_moment_compute_once(
    open_server: Callable[..., Queue], trained: Stepwise
) -> None:
    servers = [open_server(f"server{number}/1") for number in range(4)]
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


def test_limits_count_the_runs_of_all_servers(open_server: Callable[..., Queue]) -> None:
    limits = {"per_owner": 2, "queue_length": 2}
    first, second = open_server("first/1", **limits), open_server("second/1", **limits)
    started(first)
    first.submit(Experiment(seed=1), ANN)
    with pytest.raises(UserError, match="You have 2 runs"):
        second.submit(Experiment(seed=2), ANN)
    first.submit(Experiment(seed=3), BOB)
    with pytest.raises(UserError, match="2 runs are waiting"):
        second.submit(Experiment(seed=4), CAT)


def test_the_limit_of_an_address_counts_the_runs_of_all_servers(open_server: Callable[..., Queue]) -> None:
    first, second = (open_server(f"{name}/1", per_address=2) for name in ("first", "second"))
    started(first)
    first.submit(Experiment(seed=1), ANN, address="10.0.0.7")
    started(second, CAT, seed=2)
    second.submit(Experiment(seed=3), BOB, address="10.0.0.7")
    for server in (first, second):
        with pytest.raises(UserError, match="2 runs from your network are waiting"):
            server.submit(Experiment(seed=4), CAT, address="10.0.0.7")
    second.submit(Experiment(seed=4), CAT, address="10.0.0.8")


def test_on_workers_that_servers_share_all_stand_in_one_line_and_nobody_has_two_turns(
    open_server: Callable[..., Queue], trained: Stepwise
) -> None:
    one_worker = Capacity(lambda: 1, lambda _experiment, beside: not beside)
    first, second = (open_server(f"{name}/1", line="cluster", room=one_worker) for name in ("first", "second"))
    started(first)
    anns = first.submit(Experiment(seed=1), ANN), second.submit(Experiment(seed=2), ANN)
    bobs = second.submit(Experiment(seed=3), BOB)
    line = [(second, bobs), (first, anns[0]), (second, anns[1])]
    for place, (server, run_id) in enumerate(line, start=1):
        server.wait(run_id, partial(stands_at, place), PATIENCE)
    for done, (server, run_id) in zip((0, 3, 1), line, strict=True):
        trained.finish(done)
        server.wait(run_id, lambda view: view.stage == "adapt", PATIENCE)
    assert trained.begun == [0, 3, 1, 2]


def test_two_runs_that_are_resumed_on_two_servers_do_not_wait_for_each_other(
    open_server: Callable[..., Queue], trained: Stepwise
) -> None:
    one_worker = Capacity(lambda: 1, lambda _experiment, beside: not beside)
    first, second = (open_server(f"{name}/1", line="cluster", room=one_worker) for name in ("first", "second"))
    runs = []
    for seed, server in enumerate((first, second)):
        runs.append(started(server, seed=seed))
        server.pause(runs[-1], ANN)
        trained.step(seed)
        trained.step(seed)
    last = started(first, seed=2)
    second.wait(runs[1], lambda _view: bool(second._schedule._trained_elsewhere()), PATIENCE)  # it has heard of it
    for server, run_id in zip((first, second), runs, strict=True):
        server.resume(run_id, ANN)
        server.wait(run_id, lambda view: view.state == "queued", PATIENCE)
    second.wait(runs[1], lambda view: view.place == 2, PATIENCE)
    for seed in (2, 0, 1):
        trained.finish(seed)
    for server, run_id in zip((first, first, second), (last, *runs), strict=True):
        assert server.wait(run_id, lambda view: not view.live, PATIENCE).state == "done"


def test_where_servers_have_workers_of_their_own_none_waits_for_anothers_line(first: Queue, second: Queue) -> None:
    started(first)
    waits = first.submit(Experiment(seed=1), ANN)
    started(second, BOB, seed=2)
    anns, cats = (second.submit(Experiment(seed=seed), owner) for seed, owner in ((3, ANN), (4, CAT)))
    assert [second.view(run).place for run in (cats, anns)] == [1, 2], "Ann has a run that waits elsewhere"
    assert first.view(waits).place == 1


def test_who_joined_a_run_before_its_server_was_killed_has_it_from_the_next(
    open_server: Callable[..., Queue], trained: Stepwise, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "BEAT", PATIENCE)  # so that it does not hear of who joined
    gone = subprocess.Popen(["true"])
    gone.wait()
    killed, second = open_server(f"{socket.gethostname()}/{gone.pid}"), open_server("second/1")
    run_id = started(killed)
    assert second.submit(Experiment(), BOB) == run_id

    second.recover()
    assert all(second.owns(run_id, owner) for owner in (ANN, BOB))
    second.wait(run_id, lambda view: view.stage == "adapt", PATIENCE)
    trained.finish()
    trained.finish()
    assert second.wait(run_id, lambda view: not view.live, PATIENCE).state == "done"
    database = second._store.database
    assert [[kept.run_id for kept in database.listed(owner)] for owner in (ANN, BOB)] == [[run_id], [run_id]]
    late = killed.wait(run_id, lambda view: not view.live, PATIENCE)
    assert "Another server" in str(late.error)
