"""A run whose server ends again and again while it trains: it trains alone, and is given up the third time."""

from __future__ import annotations

import queue as std
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from da_core.errors import UserError
from da_core.events import Event, Progress, StageStarted
from da_core.experiment import Experiment
from da_core.i18n import Language
from da_core.jobs.background_work import WorkView
from da_core.jobs.checkpoint_store import CheckpointStore
from da_core.jobs.owners import digest
from da_core.jobs.queue import Queue
from da_core.jobs.scheduling import local_runs
from da_core.jobs.scheduling.crashes import GIVEN_UP, MOST_CRASHES
from da_core.jobs.scheduling.job import Job
from da_core.jobs.scheduling.live_runs import LiveRuns
from da_core.jobs.scheduling.run_view import RunView
from da_core.jobs.scheduling.workers import RunFunction
from da_core.jobs.store import Store, new_run_id
from da_core.object_storage import ObjectStorage
from tests.jobs.test_background_work import Counted, Counting
from tests.jobs.test_background_work import Counter as CounterOfSeeds
from tests.support.made_up_run import finished, made_by_this_version

pytestmark = pytest.mark.xdist_group("postgresql")
PATIENCE = 60.0
ANN, BOB = "ann", "bob"


def in_hand(seed: int = 0, **others: Any) -> Job:
    """A run that its server trained when it ended."""
    experiment = Experiment(seed=seed)
    values: dict[str, Any] = {"state": "running", "in_hand": True, "turn": seed} | others
    job = Job(new_run_id(experiment), experiment, [digest(ANN)], 0.0, **values)
    job.submitted_at = datetime(2026, 12, 1, tzinfo=UTC) + timedelta(seconds=seed)
    return job


# whole queues ---------------------------------------------------------------------------------------------------------


class Script:
    """Stands for `da_core.run.run`: a run ends when the test says so."""

    def __init__(self) -> None:
        self.begun: std.Queue[int] = std.Queue()
        self.may_end = {seed: threading.Event() for seed in range(10)}

    def __call__(self, experiment: Experiment, *, should_stop: Callable[[], bool], checkpoint: Any) -> Iterator[Event]:
        self.begun.put(experiment.seed)
        yield StageStarted("adapt", ("load", "adapt"))
        self.may_end[experiment.seed].wait(PATIENCE)
        yield made_by_this_version(finished(), experiment)

    def finish(self, seed: int) -> None:
        self.may_end[seed].set()

    def next_begun(self) -> int:
        return self.begun.get(timeout=PATIENCE)


def endless(experiment: Experiment, *, should_stop: Callable[[], bool], checkpoint: Any) -> Iterator[Event]:
    """A run that goes on until it is stopped."""
    yield StageStarted("load", ("load", "adapt"))
    while True:
        yield Progress(0.5, 3.0)


@pytest.fixture(autouse=True)
def quick_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_runs, "BEAT", 0.05)


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

    def open_one(kept: CheckpointStore = checkpoints, run: RunFunction = script) -> Queue:
        opened.append(Queue(store, local_runs.LocalRuns(store, run, workers=2, checkpoints=kept)))
        return opened[-1]

    yield open_one
    for seed in range(10):
        script.finish(seed)
    for one in opened:
        one.close()


def crashed_with(store: Store, *runs: Job) -> list[str]:
    """Have a server end that had these runs; return their ids."""
    rows = LiveRuns(lambda: store.database)
    for job in runs:
        rows.record_one(job.run_id, rows.values_of(job))
    return [run.run_id for run in runs]


def is_over(view: RunView) -> bool:
    return not view.live


def test_after_a_crash_the_runs_that_were_in_hand_train_one_at_a_time_and_then_all_do(
    open_queue: Callable[..., Queue], script: Script, store: Store
) -> None:
    suspects = crashed_with(store, in_hand(0), in_hand(1))
    queue = open_queue()
    queue.recover()
    others = [queue.submit(Experiment(seed=seed), BOB) for seed in (2, 3)]
    assert script.next_begun() == 0
    assert [queue.view(run).place for run in (*suspects, *others)] == [None, 1, 2, 3]
    script.finish(0)
    assert script.next_begun() == 1
    queue.wait(suspects[0], is_over, PATIENCE)
    assert [queue.view(run).state for run in (suspects[1], *others)] == ["running", "queued", "queued"]
    script.finish(1)
    assert {script.next_begun(), script.next_begun()} == {2, 3}


def test_a_run_that_ended_three_servers_is_given_up_in_both_languages_and_the_rest_goes_on(
    open_queue: Callable[..., Queue], script: Script, store: Store
) -> None:
    guilty, innocent = crashed_with(store, in_hand(0, crashes=MOST_CRASHES - 1), in_hand(1))
    queue = open_queue()
    queue.recover()
    over = queue.wait(guilty, is_over, PATIENCE)
    assert over.state == "failed"
    assert str(over.error).startswith("The server ended 3 times while it trained this run")
    chinese = Language("zh").translate(over.error.message)
    assert "{count} 次" in chinese
    assert script.next_begun() == 1
    script.finish(1)
    assert queue.wait(innocent, is_over, PATIENCE).state == "done"
    assert script.begun.empty(), "the guilty run was not begun again"


def test_what_was_given_up_is_not_begun_again_on_the_same_server_unless_its_files_may_have_changed(
    open_queue: Callable[..., Queue], script: Script, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guilty, of_files = in_hand(0, crashes=MOST_CRASHES - 1), in_hand(1, crashes=MOST_CRASHES - 1)
    monkeypatch.setattr(Experiment, "places", property(lambda self: (str(tmp_path),) if self.seed == 1 else ()))
    crashed_with(store, guilty, of_files)
    queue = open_queue()
    queue.recover()
    for run in (guilty, of_files):
        queue.wait(run.run_id, is_over, PATIENCE)
    assert queue.submit(guilty.experiment, BOB) == guilty.run_id
    assert queue.submit(of_files.experiment, BOB, localhost_only=True) != of_files.run_id
    assert script.next_begun() == 1


def crashes_of(queue: Queue, run_id: str) -> int:
    with queue._runs.reading() as schedule:
        return schedule.jobs[run_id].crashes


def test_a_run_whose_servers_are_killed_but_which_gets_further_each_time_is_never_given_up(
    open_queue: Callable[..., Queue], script: Script, store: Store, checkpoints: CheckpointStore
) -> None:
    """Even where its last server was killed before it could say so in the row."""
    run = in_hand(0, crashes=MOST_CRASHES + 4, attempt=8)
    checkpoints.save(run.run_id, b"so far", 8)
    crashed_with(store, run)
    queue = open_queue()
    queue.recover()
    assert script.next_begun() == 0
    assert crashes_of(queue, run.run_id) == 1, "this last time counts"
    script.finish(0)
    assert queue.wait(run.run_id, is_over, PATIENCE).state == "done"


def test_a_run_that_ended_three_servers_since_its_last_checkpoint_is_given_up_although_it_has_one(
    open_queue: Callable[..., Queue], store: Store, checkpoints: CheckpointStore
) -> None:
    run = in_hand(0, crashes=MOST_CRASHES - 1, attempt=4)
    checkpoints.save(run.run_id, b"so far", 2)
    crashed_with(store, run)
    queue = open_queue()
    queue.recover()
    assert queue.wait(run.run_id, is_over, PATIENCE).state == "failed"


def test_no_run_is_given_up_because_its_checkpoints_cannot_be_read(
    open_queue: Callable[..., Queue], script: Script, store: Store, tmp_path: Path
) -> None:
    class Away(CheckpointStore):
        def last_attempt(self, run_id: str) -> int | None:
            raise OSError("the storage is away")

    (run,) = crashed_with(store, in_hand(0, crashes=MOST_CRASHES))
    queue = open_queue(Away(ObjectStorage(tmp_path)))
    queue.recover()
    assert script.next_begun() == 0
    script.finish(0)
    assert queue.wait(run, is_over, PATIENCE).state == "done"


def test_a_server_that_is_stopped_again_and_again_while_it_trains_a_run_gives_it_up_never(
    open_queue: Callable[..., Queue],
) -> None:
    queue = open_queue(run=endless)
    run = queue.submit(Experiment(), ANN)
    for _ in range(MOST_CRASHES + 1):
        queue.wait(run, lambda view: view.fraction == 0.5, PATIENCE)
        queue.close()
        queue = open_queue(run=endless)
        queue.recover()
    assert queue.wait(run, lambda view: view.fraction == 0.5, PATIENCE).live


# work of many runs ----------------------------------------------------------------------------------------------------


class Noting(Counting):
    """Notes a run that failed and goes on, as a benchmark does."""

    def failure_of(self, task: int, error: UserError, seconds: float) -> Counted:
        return Counted(seed=task, problem=error.message)


def test_a_work_with_a_run_that_was_given_up_notes_that_and_goes_on(
    open_queue: Callable[..., Queue], script: Script, store: Store
) -> None:
    crashed_with(store, in_hand(0, crashes=MOST_CRASHES - 1))
    queue = open_queue()
    for seed in (1, 2):
        script.finish(seed)
    works = CounterOfSeeds(lambda: queue, lambda: store, renew_seconds=0.05, server="next/1/x")
    works.start(Noting(count=3), ANN)
    for thread in threading.enumerate():
        if thread.name == "counting":
            thread.join(PATIENCE)
    view: WorkView[Counting, int, Counted] | None = works.latest(ANN)
    assert view is not None
    assert view.state == "done"
    assert {one.seed: one.problem for one in view.outcomes} == {0: GIVEN_UP, 1: "", 2: ""}
