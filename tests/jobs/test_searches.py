"""Searches over a scripted queue: by the validator's scores, paused, stopped, failed, and found after a restart."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from da_core.errors import UserError
from da_core.events import Event, Evidence, Finished, Result, StageStarted, ValidatorScore
from da_core.experiment import Experiment, MethodSpec
from da_core.jobs import background_work
from da_core.jobs.owners import EVERYONE
from da_core.jobs.queue import Queue
from da_core.jobs.scheduling.local_runs import local_runs
from da_core.jobs.searches import Searches
from da_core.jobs.store import Store
from da_core.several_runs.search import Budget, Search
from da_core.several_runs.tried import over_seeds
from tests.support.made_up_run import made_by_this_version

PATIENCE = 120.0
SEARCH = Search.of(Experiment(), ["source_only", "deep_coral"], "entropy", Budget(runs=4))


class Bench:
    """A queue whose runs wait for `go`, and the searches over it. Deep CORAL scores by its weight."""

    def __init__(self, folder: Path, result: Result, evidence: Evidence) -> None:
        self.store = Store(folder)
        self.begun: list[MethodSpec] = []
        self.begins: queue.Queue[MethodSpec] = queue.Queue()
        self.go = threading.Semaphore(0)
        self.fails_with: str | None = None
        self.result, self.evidence = result, evidence
        self.queue = Queue(self.store, local_runs(self.store, self.run, lease_seconds=1000))
        self.searches = self.server()

    def run(self, experiment: Experiment, *, should_stop: Callable[[], bool]) -> Iterator[Event]:
        self.begun.append(experiment.method)
        self.begins.put(experiment.method)
        yield StageStarted("load", ("load",))
        while not self.go.acquire(timeout=0.02):
            yield StageStarted("load", ("load",))  # so that a stop is heard
        if self.fails_with == experiment.method.name:
            raise UserError("{what} is empty.", what="The target")
        yield self.end(experiment)

    def end(self, experiment: Experiment) -> Finished:
        """The seed counts a hundredth."""
        score = float(experiment.method.params.get("weight", 1.0)) if experiment.method.name == "deep_coral" else 0.0
        score += experiment.seed / 100
        result = self.result.model_copy(update={"validators": {"entropy": ValidatorScore(before=0.0, after=score)}})
        return made_by_this_version(Finished(result, self.evidence), experiment)

    def server(self) -> Searches:
        """What a newly started server knows."""
        return Searches(lambda: self.queue, lambda: self.store, renew_seconds=0.05)

    def over(self, owner: str = "ann") -> str:
        """Wait for the end of the owner's search and say how it ended."""
        for thread in threading.enumerate():
            if thread.name == "search":
                thread.join(PATIENCE)
        view = self.searches.latest(owner)
        assert view is not None
        return view.state


@pytest.fixture
def bench(tmp_path: Path, result: Result, evidence: Evidence) -> Iterator[Bench]:
    one = Bench(tmp_path / "runs", result, evidence)
    yield one
    one.go.release(100)
    one.searches.stop("ann")
    one.queue.close()
    for thread in threading.enumerate():
        if thread.name == "search":
            thread.join(PATIENCE)


def test_a_search_runs_to_its_budget_and_its_runs_are_in_the_owners_list(bench: Bench) -> None:
    bench.go.release(4)
    bench.searches.start(SEARCH, "ann")
    assert bench.over() == "done"
    view = bench.searches.latest("ann")
    assert [one.method for one in view.outcomes] == bench.begun
    assert [one.method.name for one in view.outcomes][:2] == ["source_only", "deep_coral"]
    lists = bench.store.database.lists
    assert all(lists(one.run_id, "ann") and lists(one.run_id, EVERYONE) for one in view.outcomes)
    assert not any(lists(one.run_id, "bob") for one in view.outcomes)
    assert bench.searches.latest("bob") is None


def test_a_run_that_fails_is_noted_with_its_sentence_and_the_search_goes_on(bench: Bench) -> None:
    bench.fails_with = "source_only"
    bench.go.release(4)
    bench.searches.start(SEARCH, "ann")
    assert bench.over() == "done"
    first, *others = bench.searches.latest("ann").outcomes
    assert first.problem.format(**first.values) == "The target is empty."
    assert all(one.score is not None for one in others)
    assert len(others) == 3


def test_settings_beyond_the_servers_limits_are_noted_and_the_search_goes_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(experiment: Experiment) -> None:
        if experiment.method.name == "source_only":
            raise UserError("This server gives a run less.")

    monkeypatch.setattr(background_work, "check_limits", refuse)
    bench.go.release(4)
    bench.searches.start(SEARCH, "ann")
    assert bench.over() == "done"
    assert [one.problem for one in bench.searches.latest("ann").outcomes] == [
        "This server gives a run less.",
        "",
        "",
        "",
    ]


def test_each_seed_of_settings_is_a_run_and_their_mean_is_the_score(bench: Bench) -> None:
    on_points = Experiment.from_flat({"data": "moons", "network": "mlp", "device": "cpu"})
    search = Search.of(on_points, ["deep_coral"], "entropy", Budget(runs=6), seeds=3)
    bench.go.release(6)
    bench.searches.start(search, "ann")
    assert bench.over() == "done"
    outcomes = bench.searches.latest("ann").outcomes
    assert [one.seeds for one in outcomes] == [(0,), (1,), (2,)] * 2
    assert {bench.store.load(one.run_id).experiment.seed for one in outcomes[3:]} == {0, 1, 2}
    weights = [float(method.params.get("weight", 1.0)) for method in bench.begun[::3]]
    assert [one.score for one in over_seeds(search, outcomes)] == pytest.approx([w + 0.01 for w in weights])


def test_pause_lets_the_run_finish_and_stop_ends_it(bench: Bench) -> None:
    bench.searches.start(SEARCH, "ann")
    bench.begins.get(timeout=PATIENCE)
    bench.searches.pause("bob")
    bench.searches.pause("ann")
    assert bench.searches.latest("ann").pausing
    bench.go.release(1)
    assert bench.over() == "paused"
    assert len(bench.searches.latest("ann").outcomes) == 1

    bench.searches.start(SEARCH, "ann")
    bench.begins.get(timeout=PATIENCE)
    bench.searches.stop("ann")
    assert bench.over() == "stopped"
    assert len(bench.searches.latest("ann").outcomes) == 1


def test_a_later_server_goes_on_with_the_very_runs_that_would_have_come(bench: Bench) -> None:
    bench.go.release(4)
    bench.searches.start(SEARCH, "bob")
    assert bench.over("bob") == "done"
    whole = bench.searches.latest("bob").outcomes
    bench.begun.clear()

    bench.go.release(2)
    other = SEARCH.model_copy(update={"experiment": Experiment(seed=1)})  # bob's own would be taken from the store
    bench.searches.start(other, "ann")
    while len(bench.begun) < 3:
        bench.begins.get(timeout=PATIENCE)
    bench.searches.stop("ann")
    bench.over()
    bench.searches = bench.server()
    found = bench.searches.latest("ann")
    assert (found.plan, found.state, len(found.outcomes)) == (other, "stopped", 2)
    bench.go.release(20)  # the run that was stopped may still take one
    bench.searches.start(found.plan, "ann")
    assert bench.over() == "done"
    assert [one.method for one in bench.searches.latest("ann").outcomes] == [one.method for one in whole]
    assert bench.server().latest("ann").state == "done"


def test_a_larger_budget_goes_on_and_another_search_begins_anew(bench: Bench) -> None:
    bench.go.release(20)
    bench.searches.start(SEARCH, "ann")
    bench.over()
    bench.searches.start(SEARCH.model_copy(update={"budget": Budget(runs=6)}), "ann")
    bench.over()
    assert len(bench.begun) == 6
    bench.searches.start(SEARCH.model_copy(update={"seed": 1, "budget": Budget(runs=1)}), "ann")
    bench.over()
    assert len(bench.searches.latest("ann").outcomes) == 1


def test_a_run_that_failed_is_not_run_again_when_the_search_goes_on(bench: Bench) -> None:
    bench.fails_with = "source_only"
    bench.go.release(20)
    bench.searches.start(SEARCH, "ann")
    bench.over()
    bench.searches = bench.server()
    bench.searches.start(SEARCH.model_copy(update={"budget": Budget(runs=6)}), "ann")
    assert bench.over() == "done"
    assert [method.name for method in bench.begun].count("source_only") == 1


def test_one_search_a_visitor_and_nobody_stops_anothers(bench: Bench) -> None:
    bench.searches.start(SEARCH, "ann")
    bench.searches.start(SEARCH, "ann")  # a double click
    with pytest.raises(UserError, match="still running"):
        bench.searches.start(SEARCH.model_copy(update={"seed": 1}), "ann")
    bench.searches.stop("bob")
    assert bench.searches.latest("ann").state == "running"
