"""Studies and searches over a scripted queue: their runs, a pause, a stop, a failure, and a later server."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from da_core.errors import UserError
from da_core.events import Event, Evidence, Finished, Result, StageStarted, ValidatorScore
from da_core.experiment import Experiment, MethodSpec
from da_core.jobs import background_work
from da_core.jobs.background_work import BackgroundWork, Searches, Studies, WorkView
from da_core.jobs.owners import EVERYONE
from da_core.jobs.queue import Queue
from da_core.jobs.scheduling.local_runs import LocalRuns
from da_core.jobs.store import Store, new_run_id
from da_core.several_runs.search import Budget, Search
from da_core.several_runs.study import Study
from da_core.several_runs.trials import runs_of
from da_core.several_runs.tried import over_seeds
from tests.support.made_up_run import made_by_this_version

PATIENCE = 120.0
STUDY = Study.of(Experiment(), ["dann", "coral"], 2)
SEARCH = Search.of(Experiment(), ["source_only", "deep_coral"], "entropy", Budget(runs=4))
Works = type[BackgroundWork[Any, Any, Any]]


class Bench:
    """A queue whose runs wait for `go`, and works of one kind over it. Deep CORAL scores by its weight."""

    def __init__(self, kind: Works, folder: Path, result: Result, evidence: Evidence) -> None:
        self.kind = kind
        self.store = Store(folder)
        self.begun: list[tuple[MethodSpec, int]] = []
        self.begins: queue.Queue[str] = queue.Queue()
        self.go = threading.Semaphore(0)
        self.fails: dict[str, UserError] = {}
        self.result, self.evidence = result, evidence
        self.queue = Queue(self.store, LocalRuns(self.store, self.run, lease_seconds=1000))
        self.works = self.server()

    def run(self, experiment: Experiment, *, should_stop: Callable[[], bool]) -> Iterator[Event]:
        self.begun.append((experiment.method, experiment.seed))
        self.begins.put(experiment.method.name)
        yield StageStarted("load", ("load",))
        while not self.go.acquire(timeout=0.02):
            yield StageStarted("load", ("load",))  # so that a stop is heard
        if (error := self.fails.get(experiment.method.name)) is not None:
            raise error
        yield self.end(experiment)

    def end(self, experiment: Experiment) -> Finished:
        """The seed counts a hundredth."""
        score = float(experiment.method.params.get("weight", 1.0)) if experiment.method.name == "deep_coral" else 0.0
        scored = {"entropy": ValidatorScore(before=0.0, after=score + experiment.seed / 100)}
        return made_by_this_version(
            Finished(self.result.model_copy(update={"validators": scored}), self.evidence), experiment
        )

    def server(self) -> BackgroundWork[Any, Any, Any]:
        """What a newly started server knows."""
        return self.kind(lambda: self.queue, lambda: self.store, renew_seconds=0.05)

    def start(self, plan: Study | Search, go: int, owner: str = "ann") -> None:
        """Start a work, of whose runs so many come to their end."""
        for _ in range(go):
            self.go.release()
        self.works.start(plan, owner)

    def latest(self, owner: str = "ann") -> WorkView[Any, Any, Any]:
        view = self.works.latest(owner)
        assert view is not None
        return view

    def join(self) -> None:
        """Wait for the end of all works."""
        for thread in threading.enumerate():
            if thread.name == self.kind.kind:
                thread.join(PATIENCE)

    def over(self, owner: str = "ann") -> str:
        """Wait for the end of all works and say how the owner's ended."""
        self.join()
        return self.latest(owner).state


@pytest.fixture
def make_bench(tmp_path: Path, result: Result, evidence: Evidence) -> Iterator[Callable[[Works], Bench]]:
    made: list[Bench] = []

    def make(kind: Works) -> Bench:
        made.append(Bench(kind, tmp_path / kind.kind, result, evidence))
        return made[-1]

    yield make
    for one in made:
        one.go.release(100)
        one.works.stop("ann")
        one.queue.close()
        one.join()


@pytest.fixture
def studies(make_bench: Callable[[Works], Bench]) -> Bench:
    return make_bench(Studies)


@pytest.fixture
def searches(make_bench: Callable[[Works], Bench]) -> Bench:
    return make_bench(Searches)


def test_a_study_runs_its_experiments_one_by_one_but_for_those_that_the_store_has(studies: Bench) -> None:
    known = STUDY.trials()[1].experiment
    run_id, end = new_run_id(known), studies.end(known)
    studies.store.save(run_id, known, end.result, end.evidence, (), ("ann",))
    studies.start(STUDY, 3)
    assert studies.over() == "done"
    assert [(method.name, seed) for method, seed in studies.begun] == [("dann", 0), ("dann", 1), ("coral", 1)]
    runs = runs_of(studies.latest().outcomes)
    assert runs["coral", 0] == run_id
    assert {key: studies.store.load(run).experiment.seed for key, run in runs.items()} == {key: key[1] for key in runs}


def test_a_run_that_fails_ends_a_study_and_not_a_search(make_bench: Callable[[Works], Bench]) -> None:
    studies, searches = make_bench(Studies), make_bench(Searches)
    studies.fails = {"dann": UserError("{what} is empty.", what="The target")}
    studies.start(STUDY, 1)
    assert studies.over() == "failed"
    assert str(studies.latest().error) == "The target is empty."

    searches.fails = {"source_only": UserError("{what} is empty.", what="The target")}
    searches.start(SEARCH, 20)
    assert searches.over() == "done"
    first, *others = searches.latest().outcomes
    assert first.problem.format(**first.values) == "The target is empty."
    assert len([one for one in others if one.score is not None]) == 3
    searches.works = searches.server()
    searches.start(SEARCH.model_copy(update={"budget": Budget(runs=6)}), 0)
    assert searches.over() == "done"
    assert len(searches.begun) == 6
    assert [method.name for method, _ in searches.begun].count("source_only") == 1, "it is not run again"


def test_a_stopped_study_keeps_what_has_finished_and_a_later_server_goes_on_with_the_rest(studies: Bench) -> None:
    studies.start(STUDY, 1)
    assert [studies.begins.get(timeout=PATIENCE) for _ in range(2)] == ["dann", "coral"]
    studies.works.stop("ann")
    assert studies.over() == "stopped"
    had = studies.latest().outcomes
    assert list(runs_of(had)) == [("dann", 0)]
    studies.works = studies.server()
    found = studies.latest()
    assert (found.plan, found.state, found.outcomes) == (STUDY, "stopped", had)
    assert studies.works.latest("bob") is None
    studies.start(found.plan, 4)
    assert studies.over() == "done"
    assert len(studies.begun) == 5, "what had finished is not run again"
    assert studies.server().latest("ann") == studies.latest()


@pytest.mark.parametrize(
    ("kind", "plan", "other"),
    [
        (Studies, STUDY, Study.of(Experiment(), ["dann"], 3)),
        (Searches, SEARCH, SEARCH.model_copy(update={"seed": 1, "budget": Budget(runs=1)})),
    ],
)
def test_one_work_a_visitor_nobody_stops_anothers_and_the_last_is_found_again(
    make_bench: Callable[[Works], Bench], kind: Works, plan: Any, other: Any
) -> None:
    bench = make_bench(kind)
    bench.start(plan, 0)
    bench.start(plan, 0)  # a double click
    with pytest.raises(UserError, match="still running"):
        bench.works.start(other, "ann")
    bench.works.stop("bob")
    assert bench.latest().state == "running"
    bench.go.release(10)
    assert bench.over() == "done"
    bench.start(other, 0)
    assert bench.over() == "done"
    found = bench.server().latest("ann")
    assert found is not None
    assert found.plan == other


def test_a_search_runs_to_its_budget_and_its_runs_are_in_the_owners_list(searches: Bench) -> None:
    searches.start(SEARCH, 4)
    assert searches.over() == "done"
    outcomes = searches.latest().outcomes
    assert [one.method for one in outcomes] == [method for method, _ in searches.begun]
    assert [one.method.name for one in outcomes][:2] == ["source_only", "deep_coral"]
    for run_id in (one.run_id for one in outcomes):
        assert [*map(partial(searches.store.database.lists, run_id), ("ann", EVERYONE, "bob"))] == [True, True, False]


def test_settings_beyond_the_servers_limits_are_noted_and_the_search_goes_on(
    searches: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(experiment: Experiment) -> None:
        if experiment.method.name == "source_only":
            raise UserError("This server gives a run less.")

    monkeypatch.setattr(background_work, "check_limits", refuse)
    searches.start(SEARCH, 4)
    assert searches.over() == "done"
    assert [one.problem for one in searches.latest().outcomes] == ["This server gives a run less.", "", "", ""]


def test_each_seed_of_settings_is_a_run_and_their_mean_is_the_score(searches: Bench) -> None:
    on_points = Experiment.from_flat({"data": "moons", "network": "mlp", "device": "cpu"})
    search = Search.of(on_points, ["deep_coral"], "entropy", Budget(runs=6), seeds=3)
    searches.start(search, 6)
    assert searches.over() == "done"
    outcomes = searches.latest().outcomes
    assert [one.seeds for one in outcomes] == [(0,), (1,), (2,)] * 2
    assert {searches.store.load(one.run_id).experiment.seed for one in outcomes[3:]} == {0, 1, 2}
    weights = [float(method.params.get("weight", 1.0)) for method, _ in searches.begun[::3]]
    assert [one.score for one in over_seeds(search, outcomes)] == pytest.approx([w + 0.01 for w in weights])


def test_a_paused_search_goes_on_with_the_very_runs_that_would_have_come(searches: Bench) -> None:
    searches.start(SEARCH, 4, "bob")
    assert searches.over("bob") == "done"
    whole = searches.latest("bob").outcomes
    other = SEARCH.model_copy(update={"experiment": Experiment(seed=1)})  # bob's own would be taken from the store
    searches.start(other, 1)
    for _ in range(6):
        searches.begins.get(timeout=PATIENCE)
    searches.works.pause("bob")
    searches.works.pause("ann")
    assert searches.latest().pausing
    searches.go.release(1)
    assert searches.over() == "paused"
    searches.works = searches.server()
    found = searches.latest()
    assert (found.plan, found.state, len(found.outcomes)) == (other, "paused", 2)
    searches.start(found.plan, 2)
    assert searches.over() == "done"
    assert [one.method for one in searches.latest().outcomes] == [one.method for one in whole]
