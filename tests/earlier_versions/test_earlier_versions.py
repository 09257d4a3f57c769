"""What people have of earlier versions keeps opening: a run folder, a store with its database, links, experiments.

The files beside this one were written by the program as it was in November 2026, before its modules were rearranged:
``out`` by ``run --out``, ``kept`` and ``kept.db`` by the app's queue for the visitors “ann” and “bob”.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from da_core.experiment import Experiment
from da_core.jobs.background_work import Studies
from da_core.jobs.store import Store
from da_core.run_folder import read_record

THERE = Path(__file__).parent / "november_2026"
ADAPTED, REWEIGHTED = "e42e190da02abb61-c91ff12f", "e9245a721815c3c5-b552587e"
LINKS = [
    ({"method": "coral", "method.regularisation": "0.5", "seed": "3"}, "method.regularisation"),
    ({"data": "moons", "data.angle": "80", "network": "mlp", "method": "dann"}, "data.angle"),
    ({"data.exposure": "0.1..0.3", "target_split": "0", "oracle": "true", "head": "svm"}, "data.exposure"),
    ({"data": "files", "data.source": "/day.zip", "data.target": "/night.zip", "data.night": "rain"}, "data.night"),
    ({"data": "moons", "network": "mlp", "prepare": "zscore_source", "head": "svm", "head.C": "3"}, "prepare"),
    ({"third": "street", "third.difficulty": "rain", "training.epochs": "40"}, "third.difficulty"),
]


@pytest.fixture
def kept(tmp_path: Path) -> Store:
    """A copy of the store as it was, since opening it may bring its database up to date."""
    shutil.copytree(THERE / "kept", tmp_path / "kept")
    shutil.copy(THERE / "kept.db", tmp_path / "kept.db")
    return Store(tmp_path / "kept")


def test_a_run_folder_of_the_command_line_opens() -> None:
    record = read_record(THERE / "out")
    assert record.experiment.method.name == "dann"
    assert record.experiment.third is not None
    assert record.experiment.third.params == {"angle": 80}
    assert record.result.adapted.third is not None
    assert {event.phase for event in record.history} == {"source_only", "adapt"}
    evidence = record.evidence
    assert evidence.source_features["before"].shape == (len(evidence.source_label), 128)
    before, after = (evidence.target_predicted[when] for when in ("before", "after"))
    known = evidence.target_label
    assert np.mean(before == known) == pytest.approx(record.result.source_only.scored.accuracy)
    assert np.mean(after == known) == pytest.approx(record.result.adapted.scored.accuracy)
    state = record.state()
    assert state is not None
    assert state["head.weight"].shape == (2, 128)


def test_a_kept_run_opens_with_all_it_holds(kept: Store) -> None:
    record = kept.load(ADAPTED)
    assert record is not None
    assert record.experiment == Experiment.from_flat(
        {
            "data": "moons",
            "data.count": "60",
            "network": "mlp",
            "network.scaling": "by domain",  # as every MLP scaled features that was not told otherwise
            "method": "dann",
            "training.epochs": "2",
            "oracle": "true",
            "seed": "7",
        }
    )
    assert record.result.oracle is not None
    assert {"before/pca", "before/umap", "after/pca", "after/umap"} <= set(record.evidence.embeddings)
    assert record.state() is not None
    reweighted = kept.load(REWEIGHTED)
    assert reweighted is not None
    assert reweighted.evidence.weights is not None
    assert reweighted.evidence.weights.mean() == pytest.approx(1, abs=1e-5)


def test_an_mlp_that_was_told_how_to_scale_is_read_as_the_step_that_it_was() -> None:
    link = {"data": "moons", "network": "mlp", "network.hidden": "64", "network.scaling": "by source"}
    followed = Experiment.from_flat(link)
    assert (followed.network.params, followed.prepare) == ({"hidden": 64}, ("zscore_source",))
    assert Experiment.from_flat({"data": "moons", "network": "mlp"}).prepare is None


def test_an_equal_experiment_is_run_anew_since_defaults_have_changed(kept: Store) -> None:
    record = kept.load(REWEIGHTED)
    assert record is not None
    assert kept.find(record.experiment) is None
    assert kept.load(REWEIGHTED) is not None


def test_the_list_of_runs_keeps_names_tags_bin_and_study(kept: Store) -> None:
    of_ann = {run.run_id: run for run in kept.database.listed("ann")}
    assert of_ann[ADAPTED].name == "The first one"
    assert of_ann[ADAPTED].tags == ("lecture", "第一")
    assert of_ann[REWEIGHTED].deleted_at is not None
    assert [run.run_id for run in kept.database.listed("bob")] == [REWEIGHTED]
    study = Studies(store=lambda: kept).latest("ann")
    assert study is not None
    assert [spec.name for spec in study.plan.methods] == ["kmm", "ulsif"]


@pytest.mark.parametrize(("link", "setting"), LINKS)
def test_a_link_says_the_same_experiment_as_before(link: dict[str, str], setting: str) -> None:
    followed = Experiment.from_flat(link)
    assert followed.to_flat()[setting] == link[setting]
    assert Experiment.from_json(followed.model_dump_json()) == followed
