"""Target labels may be absent: nothing is scored on the target then, and everything else works."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from da_core.cli import main
from da_core.data.pair import UNKNOWN, Domain, DomainPair, Provenance
from da_core.errors import UserError
from da_core.evaluation.shift.shift_report import DataReport, data_report
from da_core.events import Accuracies, Finished
from da_core.experiment import Experiment
from da_core.run import run

COUNT = 90
CENTRES = 4 * np.eye(3)


def rows(shift: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    y = np.arange(COUNT) % 3
    noise = np.random.default_rng(seed).normal(size=(COUNT, 3))
    return (noise + CENTRES[y] + shift).astype(np.float32), y


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Path]:
    """The same two domains, with all target labels, with none, and with those of every third sample."""
    X, y = rows(0, seed=0)
    np.savez(tmp_path / "source.npz", X=X, y=y)
    X, y = rows(1.5, seed=1)
    np.savez(tmp_path / "labelled.npz", X=X, y=y)
    np.savez(tmp_path / "unlabelled.npz", X=X)
    np.savez(tmp_path / "some.npz", X=X, y=np.where(np.arange(COUNT) % 5 == 0, y.astype(float), np.nan))
    return {name: tmp_path / f"{name}.npz" for name in ("source", "labelled", "unlabelled", "some")}


def do(places: dict[str, Path], target: str, **flat: str) -> Finished:
    base = {"data": "files", "data.source": str(places["source"]), "data.target": str(places[target])}
    experiment = Experiment.from_flat(base | {"network": "mlp", "training.epochs": "3", "device": "cpu"} | flat)
    *events, end = run(experiment, embed=False)
    assert isinstance(end, Finished)
    told = [event.values for event in events if isinstance(event, Accuracies)]
    assert all(("target" in values) == (target != "unlabelled") for values in told)
    return end


@pytest.mark.parametrize("method", ["dann", "coral", "bbse", "shot"])
def test_a_run_learns_the_same_with_and_without_target_labels(places: dict[str, Path], method: str) -> None:
    with_labels, without = (do(places, target, method=method) for target in ("labelled", "unlabelled"))
    assert without.result.adapted.target is None
    assert without.result.source_only.target is None
    assert 0 < without.result.adapted.source.accuracy <= 1
    assert 0 <= without.result.shift.after.proxy_a_distance <= 2
    assert (without.evidence.target_label == UNKNOWN).all()
    # the split differs where it cannot be stratified, the source's part of it does not
    np.testing.assert_array_equal(with_labels.evidence.source_index, without.evidence.source_index)
    assert with_labels.result.source_only.source == without.result.source_only.source


def test_every_target_sample_gets_a_predicted_class(places: dict[str, Path]) -> None:
    answers = do(places, "unlabelled", method="coral").evidence.answers
    assert answers is not None
    assert (answers == rows(1.5, seed=1)[1]).mean() > 0.8
    assert do(places, "labelled", method="coral").evidence.answers is None


def test_a_few_labels_are_scored_and_learned_from(places: dict[str, Path]) -> None:
    end = do(places, "some", method="fine_tuning", **{"method.per_class": "2"})
    target = end.result.adapted.target
    assert target is not None
    assert end.result.recipe["split"]["few"] == 6
    assert sum(scores.support for scores in target.per_class) == (end.evidence.target_label != UNKNOWN).sum() < 10
    oracle = do(places, "some", method="coral", oracle="true").result.oracle
    assert oracle is not None
    assert oracle.target is not None


@pytest.mark.parametrize("wish", [{"method": "fine_tuning"}, {"method": "oracle"}, {"oracle": "true"}])
def test_what_needs_target_labels_says_so_before_it_trains(places: dict[str, Path], wish: dict[str, str]) -> None:
    with pytest.raises(UserError, match="labels"):
        do(places, "unlabelled", **wish)


def test_only_the_targets_labels_may_be_missing(places: dict[str, Path]) -> None:
    with pytest.raises(UserError, match="an array y beside X"):
        do({**places, "source": places["unlabelled"]}, "labelled")


def test_the_data_report_does_without_its_question_on_the_classes(places: dict[str, Path]) -> None:
    (Xs, ys), (Xt, yt) = (
        [np.concatenate(both) for both in zip(*(rows(shift, seed) for seed in seeds), strict=True)]
        for shift, seeds in ((0, (0, 2)), (0, (1, 3)))  # as many as it takes to say that there is none
    )
    about = Provenance("", "", "", "unknown")

    def report(y: np.ndarray) -> DataReport:
        return data_report(DomainPair(Domain("a", Xs, ys), Domain("b", Xt, y), ("x", "y", "z"), about))

    known, unknown = report(yt), report(np.full(2 * COUNT, UNKNOWN))
    assert (known.test, known.interval) == (unknown.test, unknown.interval)
    np.testing.assert_array_equal(known.proportions, unknown.proportions)
    assert unknown.counts.tolist() == [[60, 60, 60], [0, 0, 0]]
    assert any("no labels" in reason.message for reason in unknown.reasons)


def test_the_command_line_leaves_out_what_it_cannot_know(
    places: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--source", str(places["source"]), "--target", str(places["unlabelled"]), "--network", "identity"]
    out = tmp_path / "out"
    assert main(["run", *given, "--method", "coral", "--head", "logistic", "--out", str(out)]) == 0
    lines = capsys.readouterr().out.splitlines()
    scored = [line.split()[:3] for line in lines if line.startswith(("source only", "adapted"))]
    assert scored == [["source", "only", "source"], ["adapted", "source", lines[2].split()[2]]]
    told = json.loads((out / "result.json").read_text())
    assert told["adapted"]["target"] is None
    table = list(csv.DictReader(io.StringIO((out / "predictions.csv").read_text("utf-8-sig"))))
    assert [row["sample"] for row in table] == [str(number + 1) for number in range(COUNT)]
    assert {row["predicted"] for row in table} == {"0", "1", "2"}
