"""A run whose server ends again and again while it trains: it trains alone, and is given up the third time."""

from __future__ import annotations

import os
import queue as std
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from da_core.errors import UserError
from da_core.events import Event, Progress, StageStarted
from da_core.experiment import Experiment
from da_core.i18n import Language
from da_core.jobs.background_work import WorkView
from da_core.jobs.checkpoint_store import Attempt, CheckpointStore
from da_core.jobs.database.live_runs import SILENT_SECONDS, LiveRun, LiveRuns
from da_core.jobs.database.run_database import RunDatabase
from da_core.jobs.owners import digest
from da_core.jobs.queue import Queue
from da_core.jobs.scheduling import keeper, workers
from da_core.jobs.scheduling.crashes import GIVEN_UP, MOST_CRASHES
from da_core.jobs.scheduling.run_view import RunView
from da_core.jobs.scheduling.workers import RunFunction
from da_core.jobs.store import Store, new_run_id
from da_core.object_storage import ObjectStorage
from tests.jobs.test_background_work import Counted, Counting
from tests.jobs.test_background_work import Counter as CounterOfSeeds
from tests.support.made_up_run import finished, made_by_this_version

pytestmark = pytest.mark.xdist_group("postgresql")
PATIENCE = 60.0
ANN, BOB, CAT = "ann", "bob", "cat"
GONE = f"{socket.gethostname()}/{os.getpid()}"
"""A server of this machine that has ended: its process id is another process's by now."""


def in_hand(seed: int = 0, crashes: int = 0, attempt: int = 1, owner: str = ANN, **others: Any) -> LiveRun:
    """A run that its server trained."""
    experiment = Experiment(seed=seed)
    submitted = datetime(2026, 12, 1, tzinfo=UTC) + timedelta(seconds=seed)
    values = {"trains": True, "crashes": crashes, "turn": seed} | others
    return LiveRun(new_run_id(experiment), experiment, (digest(owner),), "running", submitted, attempt, **values)


# the rows -------------------------------------------------------------------------------------------------------------


class Hour:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def taken_over(
    database: RunDatabase, run: LiveRun, *, leaves: bool = False, line: str = "", next_line: str = ""
) -> int:
    """Record a run as one server has it, have that one end, and return the crashes that the next one counts."""
    hour = Hour()
    first = LiveRuns(lambda: database, "first/1/x", hour, hour, line=line)
    second = LiveRuns(lambda: database, "second/1/x", hour, hour, line=next_line)
    first.record([run])
    if leaves:
        first.leave()
    won = second.take_over()
    hour.now += SILENT_SECONDS
    (taken,) = won + second.take_over()
    with database.begin() as connection:
        written = connection.exec_driver_sql("SELECT crashes, trains FROM live_runs").one()
    assert (written.crashes, bool(written.trains)) == (taken.crashes, False)
    return taken.crashes


def test_a_server_that_ends_while_it_trains_a_run_is_counted_in_its_row(url: str) -> None:
    assert taken_over(RunDatabase(url), in_hand(crashes=1)) == 2


def test_a_server_that_ends_while_a_run_waits_says_nothing_of_the_run(url: str) -> None:
    assert taken_over(RunDatabase(url), in_hand(crashes=1, trains=False)) == 1


def test_a_server_that_leaves_on_purpose_is_not_counted(url: str) -> None:
    assert taken_over(RunDatabase(url), in_hand(), leaves=True) == 0


def test_a_run_on_a_clusters_workers_ends_no_web_server(url: str) -> None:
    assert taken_over(RunDatabase(url), in_hand(), line="dask", next_line="dask") == 0


# whole queues ---------------------------------------------------------------------------------------------------------


class Script:
    """Stands for `da_core.run.run`: a run saves a checkpoint or ends when the test says so."""

    def __init__(self) -> None:
        self.begun: std.Queue[int] = std.Queue()
        self.lines: dict[int, std.Queue[str]] = {seed: std.Queue() for seed in range(10)}
        self.before_first_event: Callable[[Experiment], None] = lambda experiment: None

    def __call__(self, experiment: Experiment, *, should_stop: Callable[[], bool], checkpoint: Any) -> Iterator[Event]:
        self.before_first_event(experiment)
        self.begun.put(experiment.seed)
        yield StageStarted("adapt", ("load", "adapt"))
        while (line := self.lines[experiment.seed].get(timeout=PATIENCE)) != "finish":
            if line == "save":
                checkpoint.write(b"so far")
            yield Progress(0.5, 3.0)
        yield made_by_this_version(finished(), experiment)

    def say(self, seed: int, line: str) -> None:
        self.lines[seed].put(line)

    def next_begun(self) -> int:
        return self.begun.get(timeout=PATIENCE)


def endless(experiment: Experiment, *, should_stop: Callable[[], bool], checkpoint: Any) -> Iterator[Event]:
    """A run that goes on until it is stopped."""
    yield StageStarted("load", ("load", "adapt"))
    while True:
        yield Progress(0.5, 3.0)


@pytest.fixture(autouse=True)
def quick_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "BEAT", 0.05)
    monkeypatch.setattr(workers, "_PROGRESS_LOOK", 0.0)


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "runs")


@pytest.fixture
def checkpoints(tmp_path: Path) -> CheckpointStore:
    return CheckpointStore(ObjectStorage(tmp_path))


@pytest.fixture
def open_queue(store: Store, script: Script, checkpoints: CheckpointStore) -> Iterator[Callable[..., Queue]]:
    """Start a server on the one store, with two workers; it is closed in the end."""
    opened: list[Queue] = []

    def open_one(name: str, kept: CheckpointStore = checkpoints, run: RunFunction = script) -> Queue:
        live_runs = LiveRuns(partial(getattr, store, "database"), f"{name}/x")
        opened.append(Queue(store, run, live_runs=live_runs, workers=2, checkpoints=kept))
        return opened[-1]

    yield open_one
    for seed in 5 * [*range(10)]:
        script.say(seed, "finish")
    for one in opened:
        one.close()


def crashed_with(store: Store, *runs: LiveRun) -> list[str]:
    """Have a server end that had these runs; return their ids."""
    LiveRuns(lambda: store.database, f"{GONE}/gone").record(runs)
    return [run.run_id for run in runs]


def hears(queue: Queue, script: Script, run_id: str, line: str) -> None:
    """Say something to a run and wait until its worker has dealt with that."""
    before = queue.view(run_id)
    script.say(before.experiment.seed, line)
    queue.wait(run_id, lambda view: view.version > before.version, PATIENCE)


def is_over(view: RunView) -> bool:
    return not view.live


def test_a_runs_row_says_that_it_trains_before_the_run_does_anything(
    open_queue: Callable[..., Queue], script: Script, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "BEAT", PATIENCE)  # no beat comes in between
    rows: std.Queue[Any] = std.Queue()

    def look(experiment: Experiment) -> None:
        with store.database.begin() as connection:
            rows.put(connection.exec_driver_sql("SELECT state, trains FROM live_runs").one())

    script.before_first_event = look
    queue = open_queue("first/1")
    run = queue.submit(Experiment(), ANN)
    row = rows.get(timeout=PATIENCE)
    assert (row.state, bool(row.trains)) == ("running", True)
    script.say(0, "finish")
    queue.wait(run, is_over, PATIENCE)


def test_after_a_crash_the_runs_that_were_in_hand_train_one_at_a_time_and_then_all_do(
    open_queue: Callable[..., Queue], script: Script, store: Store
) -> None:
    suspects = crashed_with(store, in_hand(0), in_hand(1))
    queue = open_queue("next/1")
    queue.recover()
    others = [queue.submit(Experiment(seed=seed), BOB) for seed in (2, 3)]
    assert script.next_begun() == 0
    assert [queue.view(run).place for run in (*suspects, *others)] == [None, 1, 2, 3]
    script.say(0, "finish")
    assert script.next_begun() == 1
    queue.wait(suspects[0], is_over, PATIENCE)
    assert [queue.view(run).state for run in (suspects[1], *others)] == ["running", "queued", "queued"]
    script.say(1, "finish")
    assert {script.next_begun(), script.next_begun()} == {2, 3}


def test_a_run_that_may_have_ended_a_server_waits_until_nothing_else_trains_and_nobody_overtakes_it(
    open_queue: Callable[..., Queue], script: Script, store: Store
) -> None:
    queue = open_queue("next/1")
    queue.submit(Experiment(seed=5), BOB)
    assert script.next_begun() == 5
    (suspect,) = crashed_with(store, in_hand(0))
    queue.wait(suspect, lambda view: view.place == 1, PATIENCE)
    queue.submit(Experiment(seed=6), CAT)
    assert queue.view(suspect).place == 1
    script.say(5, "finish")
    assert script.next_begun() == 0
    script.say(0, "finish")
    assert script.next_begun() == 6


def test_a_run_that_ended_three_servers_is_given_up_in_both_languages_and_on_all_servers_and_the_rest_goes_on(
    open_queue: Callable[..., Queue], script: Script, store: Store
) -> None:
    guilty, innocent = crashed_with(store, in_hand(0, crashes=MOST_CRASHES - 1), in_hand(1))
    queue, second = open_queue("next/1"), open_queue("second/1")
    queue.recover()
    over = queue.wait(guilty, is_over, PATIENCE)
    assert over.state == "failed"
    assert str(over.error).startswith("The server ended 3 times while it trained this run")
    chinese = Language("zh").translate(over.error.message)
    assert "{count} 次" in chinese
    assert script.next_begun() == 1
    deadline = time.monotonic() + PATIENCE
    while (elsewhere := second.view(guilty)) is None or elsewhere.live:  # the first server writes it down within a beat
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert (elsewhere.state, str(elsewhere.error)) == ("failed", str(over.error))
    script.say(1, "finish")
    assert queue.wait(innocent, is_over, PATIENCE).state == "done"
    assert script.begun.empty(), "the guilty run was not begun again"


def test_what_was_given_up_is_not_begun_again_on_the_same_server_unless_its_files_may_have_changed(
    open_queue: Callable[..., Queue], script: Script, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guilty, of_files = in_hand(0, crashes=MOST_CRASHES - 1), in_hand(1, crashes=MOST_CRASHES - 1)
    monkeypatch.setattr(Experiment, "places", property(lambda self: (str(tmp_path),) if self.seed == 1 else ()))
    crashed_with(store, guilty, of_files)
    queue = open_queue("next/1")
    queue.recover()
    for run in (guilty, of_files):
        queue.wait(run.run_id, is_over, PATIENCE)
    assert queue.submit(guilty.experiment, BOB) == guilty.run_id
    assert queue.submit(of_files.experiment, BOB, localhost_only=True) != of_files.run_id
    assert script.next_begun() == 1


def test_others_train_beside_a_run_again_once_it_has_saved_a_checkpoint(
    open_queue: Callable[..., Queue], script: Script, store: Store
) -> None:
    (suspect,) = crashed_with(store, in_hand(0, crashes=1))
    queue = open_queue("next/1")
    queue.recover()
    waits = queue.submit(Experiment(seed=1), BOB)
    assert script.next_begun() == 0
    hears(queue, script, suspect, "go on")
    assert queue.view(waits).state == "queued"
    script.say(0, "save")
    assert script.next_begun() == 1
    while crashes_written(store, suspect):  # with a beat of its server
        hears(queue, script, suspect, "go on")


def crashes_written(store: Store, run_id: str) -> int:
    with store.database.begin() as connection:
        crashes = connection.exec_driver_sql(f"SELECT crashes FROM live_runs WHERE run_id = '{run_id}'").scalar_one()
    return int(crashes)


def test_a_run_whose_servers_are_killed_but_which_gets_further_each_time_is_never_given_up(
    open_queue: Callable[..., Queue], script: Script, store: Store, checkpoints: CheckpointStore
) -> None:
    """Even where its last server was killed before it could say so in the row."""
    run = in_hand(0, crashes=MOST_CRASHES + 4, attempt=8)
    checkpoints.save(run.run_id, b"so far", Attempt(8))
    crashed_with(store, run)
    queue = open_queue("next/1")
    queue.recover()
    assert script.next_begun() == 0
    assert queue._schedule.jobs[run.run_id].crashes == 1, "this last time counts"
    script.say(0, "finish")
    assert queue.wait(run.run_id, is_over, PATIENCE).state == "done"


def test_a_run_that_ended_three_servers_since_its_last_checkpoint_is_given_up_although_it_has_one(
    open_queue: Callable[..., Queue], store: Store, checkpoints: CheckpointStore
) -> None:
    run = in_hand(0, crashes=MOST_CRASHES - 1, attempt=4)
    checkpoints.save(run.run_id, b"so far", Attempt(2))
    crashed_with(store, run)
    queue = open_queue("next/1")
    queue.recover()
    assert queue.wait(run.run_id, is_over, PATIENCE).state == "failed"


def test_no_run_is_given_up_because_its_checkpoints_cannot_be_read(
    open_queue: Callable[..., Queue], script: Script, store: Store, tmp_path: Path
) -> None:
    class Away(CheckpointStore):
        def last_attempt(self, run_id: str) -> Attempt | None:
            raise OSError("the storage is away")

    (run,) = crashed_with(store, in_hand(0, crashes=MOST_CRASHES))
    queue = open_queue("next/1", Away(ObjectStorage(tmp_path)))
    queue.recover()
    assert script.next_begun() == 0
    script.say(0, "finish")
    assert queue.wait(run, is_over, PATIENCE).state == "done"


def test_a_server_that_is_stopped_again_and_again_while_it_trains_a_run_gives_it_up_never(
    open_queue: Callable[..., Queue],
) -> None:
    queue = open_queue("first/1", run=endless)
    run = queue.submit(Experiment(), ANN)
    for number in range(MOST_CRASHES + 1):
        queue.wait(run, lambda view: view.fraction == 0.5, PATIENCE)
        queue.close()
        queue = open_queue(f"next{number}/1", run=endless)
        queue.recover()
    assert queue.wait(run, lambda view: view.fraction == 0.5, PATIENCE).live


# work of many runs ----------------------------------------------------------------------------------------------------


class Noting(CounterOfSeeds):
    """Notes a run that failed and goes on, as a benchmark does."""

    def failure(self, task: int, error: UserError, seconds: float) -> Counted:
        return Counted(seed=task, problem=error.message)


@pytest.mark.parametrize("already", [False, True])
def test_a_work_with_a_run_that_was_given_up_notes_that_and_goes_on(
    open_queue: Callable[..., Queue], script: Script, store: Store, *, already: bool
) -> None:
    """Whether it is given up while the work waits for it, or was before the work is gone on with."""
    (guilty,) = crashed_with(store, in_hand(0, crashes=MOST_CRASHES - 1))
    queue = open_queue("next/1")
    for seed in (1, 2):
        script.say(seed, "finish")
    if already:
        queue.recover()
        queue.wait(guilty, is_over, PATIENCE)
    works = Noting(lambda: queue, lambda: store, renew_seconds=0.05, server="next/1/x")
    if not already:
        queue._keeper.take_over()
    works.start(Counting(count=3), ANN)
    for thread in threading.enumerate():
        if thread.name == "counting":
            thread.join(PATIENCE)
    view: WorkView[Counting, int, Counted] | None = works.latest(ANN)
    assert view is not None
    assert view.state == "done"
    assert {one.seed: one.problem for one in view.outcomes} == {0: GIVEN_UP, 1: "", 2: ""}
