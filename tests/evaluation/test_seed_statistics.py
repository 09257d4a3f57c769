"""Spread and comparison of seeds, against scipy and on planted differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from da_core.evaluation.seed_statistics import comparisons, own_baselines, spread


def test_spread_agrees_with_scipy() -> None:
    values = [0.71, 0.78, 0.69, 0.8, 0.75]
    found = spread(values)
    there = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert found.mean == pytest.approx(np.mean(values))
    assert found.deviation == pytest.approx(np.std(values, ddof=1))
    assert found.interval == pytest.approx((there.low, there.high))


def test_one_seed_has_no_interval() -> None:
    assert spread([0.7]).interval is None
    assert comparisons({"a": {0: 0.7}, "b": {0: 0.6}})[0].interval is None


def test_a_pair_is_told_apart_though_its_scores_overlap() -> None:
    """Seeds differ by 10 points, the methods by 2 within each seed: paired, that is beyond doubt."""
    rng = np.random.default_rng(0)
    base = rng.uniform(0.6, 0.8, 6)
    a, b = base + 0.02 + rng.normal(0, 0.003, 6), base
    (pair,) = comparisons({"a": dict(enumerate(a)), "b": dict(enumerate(b))})
    there = stats.ttest_rel(a, b).confidence_interval(0.95)
    assert pair.interval == pytest.approx((there.low, there.high))
    assert pair.interval[0] > 0
    assert (pair.better, pair.count) == (6, 6)
    assert spread(list(a)).interval[0] < spread(list(b)).interval[1], "side by side they overlap"


def test_only_seeds_that_both_have_are_compared_and_pairs_without_any_are_left_out() -> None:
    (pair,) = comparisons({"a": {0: 0.5, 1: 0.6, 2: 0.9}, "b": {1: 0.5, 2: 0.7}, "c": {}})
    assert (pair.first, pair.second, pair.count) == ("a", "b", 2)
    assert pair.mean == pytest.approx(0.15)


def test_all_intervals_of_a_study_hold_together_as_often_as_they_say() -> None:
    """Three equal methods: in at most about 5 % of all studies may any of the pairs seem to differ."""
    rng, wrong = np.random.default_rng(1), 0
    for _ in range(400):
        scores = {name: dict(enumerate(rng.normal(0.7, 0.05, 5))) for name in "abc"}
        wrong += any(not pair.interval[0] <= 0 <= pair.interval[1] for pair in comparisons(scores))
    assert wrong / 400 < 0.08


def test_no_interval_reaches_beyond_what_accuracies_can_be() -> None:
    assert spread([0.2, 0.99], within=(0, 1)).interval == (0, 1)
    (pair,) = comparisons({"a": {0: 0.99, 1: 0.2}, "b": {0: 0.01, 1: 0.9}}, {"a": "b"})
    assert pair.interval == (-1, 1)


def test_so_many_seeds_settle_it_when_they_go_on_like_these() -> None:
    """Drawn on from the same differences, the study of the size that was advised leaves 0 out; one seed less not."""
    differences = [-0.08, -0.02, -0.05, 0.03]
    (pair,) = comparisons({"a": dict(enumerate(differences)), "b": dict.fromkeys(range(4), 0.0)}, {"a": "b"})
    assert (pair.better, pair.worse, pair.count) == (1, 3, 4)
    deviation = np.std(differences, ddof=1)
    for count, settled in ((pair.needed, True), (pair.needed - 1, False)):
        half = stats.t.ppf(0.975, count - 1) * deviation / np.sqrt(count)
        assert bool(half < 0.03) is settled
    (clear,) = comparisons({"a": {0: 0.9, 1: 0.91}, "b": {0: 0.5, 1: 0.51}}, {"a": "b"})
    assert clear.needed is None


def test_with_a_baseline_each_method_is_compared_with_it_alone() -> None:
    scores = {name: {0: 0.5 + place / 10, 1: 0.6 + place / 9} for place, name in enumerate(["source_only", "a", "b"])}
    assert [(pair.first, pair.second) for pair in comparisons(scores, {"a": "source_only", "b": "source_only"})] == [
        ("a", "source_only"),
        ("b", "source_only"),
    ]


def test_methods_that_start_from_other_networks_have_a_source_only_of_their_own() -> None:
    before = {"a": {0: 0.5, 1: 0.6}, "b": {0: 0.5}, "c": {0: 0.4, 1: 0.7}}
    baselines, own = own_baselines(before, lambda methods: f"source only of {'+'.join(methods)}")
    assert baselines == {"source only of a+b": before["a"], "source only of c": before["c"]}
    assert own == {"a": "source only of a+b", "b": "source only of a+b", "c": "source only of c"}
    after = {"a": {0: 0.8, 1: 0.9}, "b": {0: 0.7}, "c": {0: 0.9, 1: 0.9}}
    pairs = {(pair.first, pair.second): pair.mean for pair in comparisons({**after, **baselines}, own)}
    assert set(pairs) == {
        ("a", "source only of a+b"),
        ("b", "source only of a+b"),
        ("c", "source only of c"),
    }
    assert pairs["c", "source only of c"] == pytest.approx(0.35)


def test_where_all_start_from_the_same_there_is_one_source_only() -> None:
    before = {"a": {0: 0.5}, "b": {0: 0.5, 1: 0.6}}
    baselines, own = own_baselines(before, lambda methods: "" if methods else "of all")
    assert baselines == {"of all": {0: 0.5, 1: 0.6}}
    assert own == {"a": "of all", "b": "of all"}
