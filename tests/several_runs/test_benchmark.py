"""A benchmark: what is done, what is not done again, and what comes of it when a run cannot be done."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from da_core.cli import main
from da_core.errors import UserError
from da_core.events import Event, Finished, Progress, ValidatorScore
from da_core.experiment import DataSpec, Experiment
from da_core.several_runs.benchmark import Benchmark, KeptResults, TrialEnd, benchmark_tables, pair_names, run_benchmark
from da_core.several_runs.study import Study
from tests.support import made_up_run

METHODS = ["source_only", "coral", "dann"]
ACCURACIES = {"source_only": 0.5, "coral": 0.7, "dann": 0.9}


class Runs:
    """Runs that come to known accuracies at once; ``broken`` says which raise what."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str, int]] = []
        self.broken: dict[tuple[str, str], Exception] = {}

    def __call__(self, experiment: Experiment, **_options: object) -> Iterator[Event]:
        name = experiment.method.name
        self.done.append((experiment.data.name, name, experiment.seed))
        yield Progress(0.5, None)
        if (experiment.data.name, name) in self.broken:
            raise self.broken[experiment.data.name, name]
        yield made_up_run.made_by_this_version(scored(ACCURACIES[name] + experiment.seed / 100), experiment)


def scored(accuracy: float) -> Finished:
    """A run that reaches this accuracy; entropy knows which is best, source accuracy has it upside down."""
    finished = made_up_run.reaching(accuracy)
    said = {
        "entropy": ValidatorScore(before=0.5, after=accuracy),
        "source_accuracy": ValidatorScore(before=-0.5, after=-accuracy),
        "target_accuracy": ValidatorScore(before=0.5, after=accuracy),
    }
    return Finished(finished.result.model_copy(update={"validators": said}), finished.evidence)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    made_up = Runs()
    monkeypatch.setattr("da_core.run.run", made_up)
    return made_up


@pytest.fixture
def plan() -> Benchmark:
    pairs = [Experiment.from_flat({"data": name, "target_split": "0.3"}) for name in ("moons", "blobs")]
    return Benchmark.of(pairs, METHODS, 2)


def ends(plan: Benchmark, kept: KeptResults) -> Iterator[TrialEnd]:
    return (step for step in run_benchmark(plan, kept) if isinstance(step, TrialEnd))


def test_the_tables_have_what_the_runs_came_to_and_what_each_validator_costs(runs: Runs, plan: Benchmark) -> None:
    accuracy, regret = benchmark_tables(plan.named(), ends(plan, KeptResults(None)))
    assert len(runs.done) == 2 * 3 * 2
    assert runs.done[:6] == [("moons", name, seed) for seed in (0, 1) for name in METHODS], "whole seeds, pair by pair"
    assert accuracy.cells["moons", "dann"].values == (0.9, 0.91)
    assert accuracy.ranks is not None
    assert accuracy.ranks.mean == {"dann": 1.0, "coral": 2.0, "source_only": 3.0}
    assert regret is not None
    assert regret.cells["moons", "entropy"].values == (0, 0)
    assert regret.cells["blobs", "source_accuracy"].values == pytest.approx((0.4, 0.41)), "it picks source only"
    assert regret.ranks is not None
    assert regret.ranks.mean == {"entropy": 1.0, "source_accuracy": 2.0}, "who is told the labels takes no part"


def test_it_goes_on_where_it_was_stopped(runs: Runs, plan: Benchmark, tmp_path: Path) -> None:
    kept = KeptResults(tmp_path / "runs")
    steps = run_benchmark(plan, kept)
    first = list(itertools.islice((step for step in steps if isinstance(step, TrialEnd)), 5))
    steps.close()
    assert len(runs.done) == 5
    rest = list(ends(plan, kept))
    assert len(rest) == 12
    assert len(set(runs.done)) == len(runs.done) == 12, "nothing is run twice"
    assert all(any(step.outcome == other.outcome for other in rest[:5]) for step in first)
    (tmp_path / "runs" / f"{first[0].trial.experiment.key}.json").write_text('{"cut')
    list(ends(plan, kept))
    assert runs.done[12:] == runs.done[:1], "what is damaged is run again, and that alone"
    assert not list((tmp_path / "runs").glob(".writing-*"))


def test_a_result_is_taken_only_if_it_would_be_the_same_today(runs: Runs, tmp_path: Path) -> None:
    places = {"source": str(tmp_path / "a.npz"), "target": str(tmp_path / "b.npz")}
    for place in places.values():
        Path(place).touch()
    experiment = Experiment(data=DataSpec(name="files", **places))
    kept = KeptResults(tmp_path / "runs")
    result = made_up_run.made_by_this_version(made_up_run.finished(), experiment).result
    kept.save(experiment, result)
    assert kept.find(experiment) is not None
    assert kept.find(experiment.model_copy(update={"seed": 1})) is None
    os.utime(places["target"], (2e9, 2e9))
    assert kept.find(experiment) is None, "the file has changed since"
    os.utime(places["target"], (0, 0))
    kept.save(experiment, result.model_copy(update={"recipe": {"filled_in": {"numbers": 0}}}))
    assert kept.find(experiment) is None, "another version made it"


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (UserError("It wants pictures."), "dann on moons: It wants pictures."),
        (ZeroDivisionError("by zero"), "dann on moons: A run failed unexpectedly (by zero)."),
    ],
)
def test_a_method_that_cannot_be_done_on_a_pair_is_said_and_the_others_go_on(
    runs: Runs, plan: Benchmark, error: Exception, says: str
) -> None:
    runs.broken["moons", "dann"] = error
    accuracy, regret = benchmark_tables(plan.named(), ends(plan, KeptResults(None)))
    assert ("moons", "dann", 1) not in runs.done, "further seeds are not tried"
    assert ("moons", "dann") not in accuracy.cells
    assert accuracy.cells["moons", "coral"].values == (0.7, 0.71)
    notes = accuracy.summary()["notes"]
    assert says in notes
    assert "moons does not count for the ranks: it has no score for dann." in notes
    assert regret is not None
    assert regret.cells["moons", "source_accuracy"].values == pytest.approx((0.2, 0.21)), "of the models that are there"


def test_a_run_that_stands_for_all_seeds_counts_once_and_is_judged_with_each_of_them() -> None:
    study = Study.of(Experiment.from_flat({"data": "moons"}), ["coral", "dann"], 2)
    once, first, second = (dataclasses.replace(study.trials()[0], method=name) for name in ("coral", "dann", "dann"))
    trials = [
        dataclasses.replace(once, seeds=(0, 1)),
        dataclasses.replace(first, seeds=(0,)),
        dataclasses.replace(second, seed=1, seeds=(1,)),
    ]
    ends = [
        TrialEnd(dataclasses.replace(trial, pair="moons"), scored(accuracy).result)
        for trial, accuracy in zip(trials, (0.7, 0.8, 0.6), strict=True)
    ]
    accuracy, regret = benchmark_tables({"moons": study}, ends)
    assert accuracy.cells["moons", "coral"].interval is None, "one run has no interval"
    assert "Run once on moons, because the result does not depend on the seed: coral." in accuracy.summary()["notes"]
    assert regret is not None
    assert regret.cells["moons", "source_accuracy"].values == pytest.approx((0.3, 0.2)), "against 0.8, then 0.7"


def test_the_command_prints_and_writes_its_tables_and_says_what_is_wrong_before_anything_runs(
    runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    asked = ["benchmark", "--data", "moons", "blobs", "--target-split", "0.3", "--methods", *METHODS, "--seeds", "2"]
    assert main([*asked, "--out", str(out), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((out / "benchmark.json").read_text())
    assert printed["accuracy"]["ranks"]["mean"] == {"dann": 1.0, "coral": 2.0, "source_only": 3.0}
    names = {f"{name}.{end}" for name in ("accuracy", "regret") for end in ("csv", "html", "tex")}
    assert names | {"benchmark.json", "runs"} == {path.name for path in out.iterdir()}
    assert "Validator" in (out / "regret.html").read_text()
    assert main([*asked, "--out", str(out)]) == 0
    assert len(runs.done) == 12, "the second time all is there"
    said = capsys.readouterr().out
    assert "Mean ranks over 2 pairs" in said
    assert "Not significantly different: dann, coral, source_only." in said
    assert main(["benchmark", "--data", "moons", "--methods", "dan", "coral-x"]) == 2
    assert main(["benchmark", "--data", "moons", "nowhere", "--methods", "coral"]) == 2
    assert len(runs.done) == 12


def test_pairs_are_named_by_what_tells_them_apart() -> None:
    turned = DataSpec(name="moons", params={"angle": 30})
    own = DataSpec(name="files", source="/a/day.zip", target="/b/night.zip")
    assert pair_names([DataSpec(name="moons"), turned, own]) == ["moons", "moons angle=30", "day.zip → night.zip"]
    assert pair_names([DataSpec(name="moons")] * 2) == ["1: moons", "2: moons"]


@pytest.mark.slow
def test_real_runs_end_in_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--data", "moons", "blobs", "--set", "data.count=60", "--network", "identity", "--target-split", "0.5"]
    assert main(["benchmark", *asked, "--methods", "source_only", "coral", "--seeds", "2", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert len(printed["accuracy"]["cells"]) == 4
    assert {cell["method"] for cell in printed["regret"]["cells"]} > {"entropy", "source_accuracy"}
