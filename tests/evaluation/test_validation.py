"""What validators say of a run stands in its result: the same whenever it is run, and nothing of it is made up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from da_core.evaluation import validation
from da_core.evaluation.validators import validators
from da_core.evaluation.validators.validator import ModelOutputs
from da_core.events import Finished, Result
from da_core.experiment import Experiment
from da_core.run import run

WITHOUT_LABELS = [name for name, kind in validators().items() if kind.labels == "none"]


def result_of(**flat: str) -> Result:
    flat = {name.replace("__", "."): value for name, value in flat.items()}
    end = list(run(Experiment.from_flat(flat), embed=False))[-1]
    assert isinstance(end, Finished)
    return end.result


def own_pair(folder: Path, target_labels: np.ndarray) -> dict[str, str]:
    """Three classes in four dimensions, the target moved; in the same place, whatever its labels are."""
    rng, y = np.random.default_rng(0), np.arange(150) % 3
    centres = np.array([[0, 0, 0, 0], [4, 0, 0, 1], [0, 4, 1, 0]])
    X = (rng.normal(size=(2, 150, 4)) + centres[y]).astype(np.float32)
    np.savez(folder / "source.npz", X=X[0], y=y)
    np.savez(folder / "target.npz", X=X[1] + 1, y=target_labels)
    return {"data": "files", "data__source": str(folder / "source.npz"), "data__target": str(folder / "target.npz")}


def test_a_run_has_a_score_of_every_validator_and_the_same_again() -> None:
    flat = {"data": "moons", "data__count": "200", "network": "mlp", "method": "coral", "training__epochs": "2"}
    first, again = result_of(**flat), result_of(**flat)
    assert list(first.validators) == list(validators())
    assert all(one.before is not None and one.after is not None for one in first.validators.values())
    assert first.validators == again.validators
    assert first.validators != result_of(**flat, seed="1").validators
    assert first.validators["target_accuracy"].before == pytest.approx(first.source_only.target.accuracy)
    assert first.validators["target_accuracy"].after == pytest.approx(first.adapted.target.accuracy)
    assert first.validators["source_accuracy"].after == pytest.approx(first.adapted.source.accuracy)


def test_it_is_no_part_of_an_earlier_result_and_comes_back_from_a_file() -> None:
    result = result_of(data="moons", data__count="200", network="identity", method="coral")
    assert Result.model_validate_json(result.model_dump_json()).validators == result.validators
    assert Result.model_validate_json(result.model_dump_json(exclude={"validators"})).validators == {}


def test_other_target_labels_change_nothing_that_is_said_without_labels(tmp_path: Path) -> None:
    """Class by class as many as before, so that the same samples are held out."""
    y = np.arange(150) % 3
    first, second = (tmp_path / name for name in ("first", "second"))
    first.mkdir()
    second.mkdir()
    flat = {"network": "identity", "method": "tca", "target_split": "0"}
    said = [result_of(**own_pair(first, y), **flat), result_of(**own_pair(second, (y + 1) % 3), **flat)]
    for name in WITHOUT_LABELS:
        assert said[0].validators[name] == said[1].validators[name], name
    assert said[0].validators["target_accuracy"] != said[1].validators["target_accuracy"]


def test_without_target_labels_those_that_need_some_say_so_and_the_others_speak(tmp_path: Path) -> None:
    result = result_of(**own_pair(tmp_path, np.full(150, "")), network="identity", method="coral")
    assert not result.target_scored
    for name, one in result.validators.items():
        if name in WITHOUT_LABELS:
            assert one.after is not None, name
        else:
            assert (one.before, one.after, one.pick, one.reason) == (None, None, None, "The target has no labels.")


def test_where_nothing_is_adapted_all_find_both_alike() -> None:
    result = result_of(data="moons", data__count="200", network="identity", method="source_only")
    assert {one.pick for one in result.validators.values()} == {None}


def test_mixtures_of_pictures_are_those_of_what_the_network_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    """At a share of 1 a mixture is the sample itself, and the model says of it what it said."""
    seen: list[ModelOutputs] = []
    kept = validation._outputs

    def remembered(*args):
        seen.append(kept(*args))
        return seen[-1]

    monkeypatch.setattr(validation, "_outputs", remembered)
    network = {"network__width": "8", "network__norm": "batch", "training__epochs": "1"}
    result_of(data="street", data__count="100", method="adabn", device="cpu", **network)
    assert len(seen) == 2
    for outputs in seen:
        partner = np.arange(len(outputs.target_probabilities))[::-1].copy()
        np.testing.assert_allclose(outputs.predict_mixed(partner, 1.0), outputs.target_probabilities, atol=1e-5)
        swapped = outputs.predict_mixed(partner, 0.0)
        np.testing.assert_allclose(swapped, outputs.target_probabilities[partner], atol=1e-5)


def test_the_few_labels_are_of_samples_whose_labels_the_method_has_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    kept = validation._few

    def few(prepared, per_class):
        rows = kept(prepared, per_class)
        drawn.append((prepared.split, prepared.split.target_train[rows], prepared.pair.target.y))
        return rows

    monkeypatch.setattr(validation, "_few", few)
    flat = {"data": "moons", "data__count": "200", "network": "mlp", "training__epochs": "1"}
    result_of(**flat, method="fine_tuning", method__epochs="1")
    split, rows, y = drawn[0]
    assert len(split.few)
    assert not set(rows) & (set(split.few) | set(split.target_test))
    assert np.bincount(y[rows]).tolist() == [5, 5]
