"""Studies over a scripted queue: runs one by one, taken from the store where it has them, stopped, failed."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from da_core.errors import UserError
from da_core.events import Event, Evidence, Finished, Result, StageStarted
from da_core.experiment import Experiment
from da_core.jobs.queue import Queue
from da_core.jobs.scheduling.local_runs import local_runs
from da_core.jobs.store import Store, new_run_id
from da_core.jobs.studies import Studies
from da_core.several_runs.study import Study
from da_core.several_runs.trials import runs_of
from tests.support.made_up_run import made_by_this_version

PATIENCE = 120.0
STUDY = Study.of(Experiment(), ["dann", "coral"], 2)


class Bench:
    """A queue whose runs wait for `go`, and the studies over it."""

    def __init__(self, folder: Path, result: Result, evidence: Evidence) -> None:
        self.store = Store(folder)
        self.begun: list[tuple[str, int]] = []
        self.begins: queue.Queue[tuple[str, int]] = queue.Queue()
        self.go = threading.Semaphore(0)
        self.fails: UserError | None = None
        self.end = Finished(result, evidence)
        self.queue = Queue(self.store, local_runs(self.store, self.run, lease_seconds=1000))
        self.studies = self.server()

    def run(self, experiment: Experiment, *, should_stop: Callable[[], bool]) -> Iterator[Event]:
        self.begun.append((experiment.method.name, experiment.seed))
        self.begins.put(self.begun[-1])
        yield StageStarted("load", ("load",))
        while not self.go.acquire(timeout=0.02):
            yield StageStarted("load", ("load",))  # so that a stop is heard
        if self.fails is not None:
            raise self.fails
        yield made_by_this_version(self.end, experiment)

    def server(self) -> Studies:
        """What a newly started server knows."""
        return Studies(lambda: self.queue, lambda: self.store, renew_seconds=0.05)

    def wait(self) -> None:
        """Wait for the end of all studies."""
        for thread in threading.enumerate():
            if thread.name == "study":
                thread.join(PATIENCE)

    def over(self, owner: str = "ann") -> str:
        """Wait for the end of the owner's study and say how it ended."""
        self.wait()
        view = self.studies.latest(owner)
        assert view is not None
        return view.state


@pytest.fixture
def bench(tmp_path: Path, result: Result, evidence: Evidence) -> Iterator[Bench]:
    one = Bench(tmp_path / "runs", result, evidence)
    yield one
    one.go.release(100)
    one.queue.close()
    one.wait()


def test_a_study_runs_all_its_experiments_one_by_one_and_keeps_them(bench: Bench) -> None:
    bench.go.release(4)
    bench.studies.start(STUDY, "ann")
    assert bench.over() == "done"
    assert bench.begun == [("dann", 0), ("coral", 0), ("dann", 1), ("coral", 1)]
    view = bench.studies.latest("ann")
    assert view is not None
    assert {key: bench.store.load(run).experiment.seed for key, run in runs_of(view.outcomes).items()} == {
        ("dann", 0): 0,
        ("coral", 0): 0,
        ("dann", 1): 1,
        ("coral", 1): 1,
    }


def test_what_the_store_has_is_not_run_again(bench: Bench) -> None:
    known = STUDY.trials()[1].experiment
    run_id, end = new_run_id(known), made_by_this_version(bench.end, known)
    bench.store.save(run_id, known, end.result, end.evidence, (), ("ann",))
    bench.go.release(3)
    bench.studies.start(STUDY, "ann")
    assert bench.over() == "done"
    assert ("coral", 0) not in bench.begun
    assert runs_of(bench.studies.latest("ann").outcomes)["coral", 0] == run_id


def test_a_stopped_study_ends_its_run_and_keeps_what_had_finished(bench: Bench) -> None:
    bench.go.release(1)
    bench.studies.start(STUDY, "ann")
    assert [bench.begins.get(timeout=PATIENCE) for _ in range(2)] == [("dann", 0), ("coral", 0)]
    bench.studies.stop("ann")
    assert bench.over() == "stopped"
    assert list(runs_of(bench.studies.latest("ann").outcomes)) == [("dann", 0)]


def test_a_run_that_fails_ends_the_study_with_its_sentence(bench: Bench) -> None:
    bench.fails = UserError("The target is empty; give it samples.")
    bench.go.release(1)
    bench.studies.start(STUDY, "ann")
    assert bench.over() == "failed"
    assert "The target is empty" in str(bench.studies.latest("ann").error)


def test_one_study_a_visitor_and_nobody_sees_or_stops_anothers(bench: Bench) -> None:
    bench.studies.start(STUDY, "ann")
    bench.studies.start(STUDY, "ann")  # a double click
    with pytest.raises(UserError, match="still running"):
        bench.studies.start(Study.of(Experiment(), ["dann"], 2), "ann")
    assert bench.studies.latest("bob") is None
    bench.studies.stop("bob")
    assert bench.studies.latest("ann").state == "running"
    bench.go.release(4)
    assert bench.over() == "done"


def test_a_study_is_found_again_by_a_later_server_and_goes_on_where_it_ended(bench: Bench) -> None:
    bench.go.release(1)
    bench.studies.start(STUDY, "ann")
    assert [bench.begins.get(timeout=PATIENCE) for _ in range(2)] == [("dann", 0), ("coral", 0)]
    bench.studies.stop("ann")
    bench.over()
    had = bench.studies.latest("ann").outcomes
    bench.studies = bench.server()
    found = bench.studies.latest("ann")
    assert (found.plan, found.state, found.outcomes) == (STUDY, "stopped", had)
    assert bench.studies.latest("bob") is None
    bench.go.release(4)
    bench.studies.start(found.plan, "ann")
    assert bench.over() == "done"
    assert bench.begun.count(("dann", 0)) == 1
    again = bench.server().latest("ann")
    assert (again.state, again.outcomes) == ("done", bench.studies.latest("ann").outcomes)


def test_the_last_study_is_the_one_that_is_found_again(bench: Bench) -> None:
    other = Study.of(Experiment(), ["dann"], 3)
    bench.go.release(7)
    for study in (STUDY, other):
        bench.studies.start(study, "ann")
        bench.over()
    assert bench.server().latest("ann").plan == other
