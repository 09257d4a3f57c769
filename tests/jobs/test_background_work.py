"""Work of many runs over a fake queue: as many as can train, its sign of life, and what another server may do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from da_core.errors import UserError
from da_core.events import Result
from da_core.experiment import Experiment
from da_core.jobs.background_work import BackgroundWork, WorkView
from da_core.jobs.database.work_rows import SILENT_SECONDS
from da_core.jobs.store import Store
from da_core.params import Params
from da_core.several_runs.run_plan import RunPlan

PATIENCE = 120.0


class Counted(Params):
    """The seed of a run that is over."""

    seed: int


class Counting(RunPlan[int, Counted]):
    """Runs the seeds 0, 1, 2 … up to a count."""

    count: int

    def next_task(self, outcomes: Sequence[Counted], going: Sequence[int]) -> int | None:
        had = {one.seed for one in outcomes} | set(going)
        return next((seed for seed in range(self.count) if seed not in had), None)

    def experiment_of(self, task: int) -> Experiment:
        return Experiment(seed=task)

    def outcome_of(self, task: int, result: Result, run_id: str = "") -> Counted:
        return Counted(seed=task)


class FakeQueue:
    """Runs that are over when a test says so; each is named by its seed."""

    def __init__(self) -> None:
        self.at_once = 2
        self.submitted: list[str] = []
        self.stopped: list[str] = []
        self.ends: dict[str, str] = {}
        self.changed = threading.Condition()

    def submit(self, experiment: Experiment, owner: str, **told: object) -> str:
        assert told["low_priority"], "single runs go first"
        with self.changed:
            self.submitted.append(str(experiment.seed))
            self.changed.notify_all()
        return str(experiment.seed)

    def end(self, run_id: str, state: str = "done") -> None:
        with self.changed:
            self.ends[run_id] = state
            self.changed.notify_all()

    def wait_for_one(self, run_ids: Iterable[str], timeout: float) -> Any:
        wanted = list(run_ids)
        with self.changed:
            if not self.changed.wait_for(lambda: any(one in self.ends for one in wanted), timeout):
                return None
            run_id = next(one for one in wanted if one in self.ends)
            error = UserError("It has gone wrong.") if self.ends[run_id] == "failed" else None
            return SimpleNamespace(
                run_id=run_id, state=self.ends[run_id], error=error, notices=(), started_at=None, finished_at=None
            )

    def wait_until(self, true: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(true, PATIENCE)

    def renew(self, run_id: str) -> None:
        pass

    def stop(self, run_id: str, owner: str) -> None:
        self.stopped.append(run_id)
        self.end(run_id, "cancelled")


class Counter(BackgroundWork[Counting, int, Counted]):
    """Runs the seeds from 0 on."""

    kind = "counting"
    plan_type = Counting
    outcome_type = Counted


class Servers:
    """Servers on one list of runs, each with a queue of its own."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder)
        self.now = 0.0

    def open(self, name: str) -> tuple[Counter, FakeQueue]:
        queue = FakeQueue()
        has_all = SimpleNamespace(result=None)
        store = SimpleNamespace(database=self.store.database, load=lambda _run_id: has_all)
        works = Counter(lambda: queue, lambda: store, renew_seconds=0.05, server=f"{name}/1/x")  # type: ignore[arg-type,return-value]
        works._kept._stopwatch = lambda: self.now
        return works, queue


@pytest.fixture
def servers(tmp_path: Path) -> Servers:
    return Servers(tmp_path / "runs")


def joined(works: Counter) -> WorkView[Counting, int, Counted]:
    """Wait for the end of all threads and view ann's work."""
    for thread in threading.enumerate():
        if thread.name == "counting":
            thread.join(PATIENCE)
    view = works.latest("ann")
    assert view is not None
    return view


def test_as_many_runs_as_can_train_are_in_the_queue_and_no_more(servers: Servers) -> None:
    works, queue = servers.open("one")
    works.start(Counting(count=3), "ann")
    queue.wait_until(lambda: len(queue.submitted) == 2)
    queue.at_once = 1
    queue.end("0")
    queue.end("1")
    queue.wait_until(lambda: len(queue.submitted) == 3)
    queue.end("2")
    view = joined(works)
    assert (view.state, sorted(one.seed for one in view.outcomes)) == ("done", [0, 1, 2])


def test_a_run_that_fails_ends_the_work_with_its_sentence_which_is_kept(servers: Servers) -> None:
    works, queue = servers.open("one")
    works.start(Counting(count=3), "ann")
    queue.wait_until(lambda: len(queue.submitted) == 2)
    queue.end("0", "failed")
    assert joined(works).state == "failed"
    assert queue.stopped == ["1"], "the others do not go on without it"
    assert str(servers.open("two")[0].latest("ann").error) == "It has gone wrong."


def test_another_server_shows_a_work_as_going_and_takes_it_once_its_heartbeat_has_ended(servers: Servers) -> None:
    assert SILENT_SECONDS >= 60
    first, queue = servers.open("one")
    first.start(Counting(count=3), "ann")
    queue.wait_until(lambda: len(queue.submitted) == 2)
    queue.end("0")
    queue.wait_until(lambda: len(queue.submitted) == 3)
    second, others = servers.open("two")
    seen = second.latest("ann")
    assert (seen.state, seen.elsewhere) == ("running", True)
    second.stop("ann")
    second.pause("ann")
    with pytest.raises(UserError, match="another server"):
        second.start(Counting(count=3), "ann")
    assert not others.submitted
    assert not queue.stopped, "nothing of it is touched"

    first._kept.write = lambda *told, **how: True  # type: ignore[method-assign]  # it is cut off from the database
    second.latest("ann")
    servers.now += SILENT_SECONDS
    assert second.latest("ann").state == "stopped"
    second.start(Counting(count=3), "ann")
    others.wait_until(lambda: len(others.submitted) == 2)
    del first._kept.write
    queue.end("1")  # the first is back, and learns that it is another's by now
    others.end("1")
    others.end("2")
    assert joined(second).state == "done"
    assert "2" in queue.stopped, "it stops its own run"
    assert {one.seed for one in second.latest("ann").outcomes} == {0, 1, 2}
