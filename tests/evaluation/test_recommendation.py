"""What is recommended suits the planted shift, needs no target labels, and is nothing where nothing shifts."""

from __future__ import annotations

import numpy as np
import pytest

from da_core.data.loading.cache import load_pair
from da_core.data.pair import UNKNOWN, DomainPair
from da_core.evaluation.recommendation import Recommendation, recommend, without_target_labels
from da_core.evaluation.shift.shift_report import data_report
from da_core.events import Finished
from da_core.experiment import DataSpec
from da_core.methods import methods
from da_core.networks import networks
from da_core.run import run
from tests.bench.first_pick import null_pair

SMALL = {"street": {"count": 400}, "sentiment": {"count": 400}}
"""Settings of pairs that take seconds to draw."""


def spec(name: str) -> DataSpec:
    return DataSpec(name=name, params=SMALL.get(name, {}))


def recommended(pair: DomainPair, data: DataSpec) -> Recommendation:
    return recommend(data_report(without_target_labels(pair)), pair, data)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("moons", "class_regularised_ot"),
        ("blobs", "class_regularised_ot"),
        ("covariate", "kmm"),
        ("label_shift", "bbse"),
        ("street", "deep_jdot"),
        ("sentiment", "shot"),
    ],
)
def test_the_first_suits_the_shift_and_the_samples(name: str, first: str) -> None:
    pair = load_pair(spec(name))
    found = recommended(pair, spec(name))
    assert found.suggestions[0].method == first
    assert len({one.method for one in found.suggestions}) == len(found.suggestions) == {"sentiment": 2}.get(name, 3)
    assert found.experiment.method.name == first
    assert found.experiment.data == spec(name)
    learns = networks()[found.experiment.network.name].learns
    assert learns or methods()[first].kind in ("feature alignment", "reweighting"), "it has something to train"


@pytest.mark.parametrize("name", ["moons", "covariate", "label_shift", "street"])
def test_where_nothing_shifts_source_only_is_recommended(name: str) -> None:
    nothing = null_pair(load_pair(spec(name)), seed=0)
    assert [one.method for one in recommended(nothing, spec(name)).suggestions] == ["source_only"]


def test_the_target_has_no_label_left() -> None:
    pair = load_pair(spec("moons"))
    seen = without_target_labels(pair)
    assert (seen.target.y == UNKNOWN).all()
    np.testing.assert_array_equal(seen.source.y, pair.source.y)
    assert (pair.target.y != UNKNOWN).all(), "the pair itself keeps them"


def test_few_pictures_are_not_left_to_a_network_that_learns_to_align() -> None:
    few = DataSpec(name="street", params={"count": 100})
    assert recommended(load_pair(few), few).suggestions[0].method == "optimal_transport"


def test_what_is_recommended_runs_and_beats_source_only() -> None:
    data = spec("moons")
    *_, finished = run(recommended(load_pair(data), data).experiment, embed=False)
    assert isinstance(finished, Finished)
    assert finished.result.adapted.target.accuracy > finished.result.source_only.target.accuracy + 0.1
