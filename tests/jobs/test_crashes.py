"""A run whose server ends again and again while it trains: it trains alone, and is given up the third time."""

from __future__ import annotations

import queue as std
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from da_core.events import Event, StageStarted
from da_core.experiment import Experiment
from da_core.i18n import Language
from da_core.jobs.checkpoint_store import CheckpointStore
from da_core.jobs.owners import digest
from da_core.jobs.queue import Queue
from da_core.jobs.scheduling.crashes import MOST_CRASHES
from da_core.jobs.scheduling.job import Job
from da_core.jobs.scheduling.live_runs import LiveRuns
from da_core.jobs.store import Store, new_run_id
from da_core.object_storage import ObjectStorage
from tests.jobs.conftest import endless, is_over
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


@pytest.fixture
def script(open_queue: Callable[..., Queue]) -> Iterator[Script]:
    """It finishes all runs before their servers close."""
    made = Script()
    yield made
    for seed in range(10):
        made.finish(seed)


def crashed_with(store: Store, *runs: Job) -> list[str]:
    """Have a server end that had these runs; return their ids."""
    rows = LiveRuns(lambda: store.database)
    for job in runs:
        rows.record_one(job.run_id, rows.values_of(job))
    return [run.run_id for run in runs]


def test_after_a_crash_the_runs_that_were_in_hand_train_one_at_a_time_and_then_all_do(
    open_queue: Callable[..., Queue], script: Script, store: Store
) -> None:
    suspects = crashed_with(store, in_hand(0), in_hand(1))
    queue = open_queue(script)
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
    queue = open_queue(script)
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
    queue = open_queue(script)
    queue.recover()
    for run in (guilty, of_files):
        queue.wait(run.run_id, is_over, PATIENCE)
    assert queue.submit(guilty.experiment, BOB) == guilty.run_id
    assert queue.submit(of_files.experiment, BOB, localhost_only=True) != of_files.run_id
    assert script.next_begun() == 1


@pytest.mark.parametrize(
    ("crashes", "saved_in_attempt", "state"), [(MOST_CRASHES + 4, 8, "done"), (MOST_CRASHES - 1, 2, "failed")]
)
def test_a_run_is_given_up_only_if_it_ended_three_servers_since_its_last_checkpoint(
    open_queue: Callable[..., Queue],
    script: Script,
    store: Store,
    checkpoints: CheckpointStore,
    crashes: int,
    saved_in_attempt: int,
    state: str,
) -> None:
    """Even where its last server was killed before it could say so in the row."""
    run = in_hand(0, crashes=crashes, attempt=8)
    checkpoints.save(run.run_id, b"so far", saved_in_attempt)
    crashed_with(store, run)
    queue = open_queue(script)
    queue.recover()
    script.finish(0)
    assert queue.wait(run.run_id, is_over, PATIENCE).state == state


def test_no_run_is_given_up_because_its_checkpoints_cannot_be_read(
    open_queue: Callable[..., Queue], script: Script, store: Store, tmp_path: Path
) -> None:
    class Away(CheckpointStore):
        def last_attempt(self, run_id: str) -> int | None:
            raise OSError("the storage is away")

    (run,) = crashed_with(store, in_hand(0, crashes=MOST_CRASHES))
    queue = open_queue(script, Away(ObjectStorage(tmp_path)))
    queue.recover()
    assert script.next_begun() == 0
    script.finish(0)
    assert queue.wait(run, is_over, PATIENCE).state == "done"


def test_a_server_that_is_stopped_again_and_again_while_it_trains_a_run_gives_it_up_never(
    open_queue: Callable[..., Queue],
) -> None:
    queue = open_queue(endless)
    run = queue.submit(Experiment(), ANN)
    for _ in range(MOST_CRASHES + 1):
        queue.wait(run, lambda view: view.fraction == 0.5, PATIENCE)
        queue.close()
        queue = open_queue(endless)
        queue.recover()
    assert queue.wait(run, lambda view: view.fraction == 0.5, PATIENCE).live
