"""A benchmark's table and ranks, by a published example and answers that are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2

from da_core.evaluation.benchmark_table import critical_difference, rank_methods, tabulate
from da_core.evaluation.seed_statistics import spread

C45 = ("C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf")
DEMSAR: list[list[float]] = [
    [4, 3, 2, 1],
    [1, 2, 3, 4],
    [4, 1, 2, 3],
    [4, 1, 3, 2],
    [4, 2, 3, 1],
    [1, 2.5, 4, 2.5],
    [3, 2, 4, 1],
    [2.5, 2.5, 4, 1],
    [4, 3, 2, 1],
    [2.5, 2.5, 2.5, 2.5],
    [4, 2.5, 1, 2.5],
    [3, 2, 4, 1],
    [4, 1, 2, 3],
    [3, 1, 4, 2],
]
"""Ranks of four classifiers on 14 data sets: Demšar 2006, table 6."""
DATA_SETS = [f"data set {place}" for place in range(14)]


def test_the_published_example_has_its_published_ranks_and_groups() -> None:
    ranks = rank_methods(DEMSAR, DATA_SETS, C45)
    assert {name: round(rank, 3) for name, rank in ranks.mean.items()} == {
        "C4.5+m+cf": 1.964,
        "C4.5+m": 2.0,
        "C4.5+cf": 2.893,
        "C4.5": 3.143,
    }
    assert next(iter(ranks.mean)) == "C4.5+m+cf", "the best stands first"
    assert round(ranks.critical_difference, 2) == 1.25
    assert ranks.groups == (("C4.5+m+cf", "C4.5+m", "C4.5+cf", "C4.5"),), "at 5% the test has not enough power"
    lenient = rank_methods(DEMSAR, DATA_SETS, C45, level=0.9)
    assert round(lenient.critical_difference, 2) == 1.12
    assert lenient.groups == (("C4.5+m+cf", "C4.5+m", "C4.5+cf"), ("C4.5+cf", "C4.5")), (
        "C4.5 is worse than the best two"
    )


def test_friedman_is_the_published_statistic_corrected_for_ties() -> None:
    published, ties = 9.28, 1 - (3 * 6 + 60) / (14 * 4 * 15)
    assert rank_methods(DEMSAR, DATA_SETS, C45).friedman_p == pytest.approx(chi2.sf(published / ties, 3), rel=0.01)


@pytest.mark.parametrize(
    ("k", "q"), [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (6, 2.850), (7, 2.949), (8, 3.031), (9, 3.102)]
)
def test_critical_values_are_those_of_the_published_table(k: int, q: float) -> None:
    assert critical_difference(k, 10) == pytest.approx(q * np.sqrt(k * (k + 1) / 60), abs=1e-3)


def test_groups_are_those_that_the_critical_difference_makes() -> None:
    rng = np.random.default_rng(0)
    losses = rng.normal(size=(12, 7)) + 0.6 * np.arange(7)
    names = [f"m{place}" for place in range(7)]
    ranks = rank_methods(losses, DATA_SETS[:12], names)
    for (first, second), p in ranks.p_values.items():
        together = any({first, second} <= set(group) for group in ranks.groups)
        near = ranks.mean[second] - ranks.mean[first] < ranks.critical_difference
        assert together == near == (p >= 0.05), (first, second)
    assert len(ranks.groups) > 1, "some are told apart"


def test_what_is_tied_shares_its_rank_and_where_all_is_tied_there_is_no_test() -> None:
    table = tabulate({pair: {"a": [0.1, 0.2], "b": [0.15, 0.15], "c": [0.1]} for pair in "xyz"})
    assert table.ranks is not None
    assert table.ranks.mean == {"a": 1.5, "b": 1.5, "c": 3.0}, "0.1 + 0.2 is 0.15 + 0.15, whatever floats say"
    assert table.best("x") == {"a", "b"}
    alike = tabulate({pair: {method: [0.5] for method in "abc"} for pair in "xyz"}).ranks
    assert alike is not None
    assert alike.friedman_p is None
    assert alike.groups == (("a", "b", "c"),)


def test_a_pair_with_a_missing_cell_is_left_out_of_the_ranks_and_said() -> None:
    scores = {
        "moons": {"coral": [0.7, 0.8], "dann": [0.9, 0.9]},
        "street": {"coral": [0.9], "dann": []},
        "blobs": {"coral": [0.5], "dann": [0.6]},
    }
    table = tabulate(scores)
    assert table.ranks is not None
    assert table.ranks.pairs == ("moons", "blobs")
    assert table.ranks.mean == {"dann": 1.0, "coral": 2.0}
    assert table.methods == ("dann", "coral"), "in the order of their ranks"
    assert ("street", "dann") not in table.cells
    said = table.summary()["notes"]
    assert said[0] == "street does not count for the ranks: it has no score for dann."
    assert said[1].startswith("With 2 pairs no two of the 2 methods can be separated")
    assert table.cells["moons", "coral"] == spread([0.7, 0.8], within=(0, 1))
    assert table.cells["blobs", "dann"].interval is None, "one seed has no interval"
    assert table.mean_of_pairs("coral") == pytest.approx((0.75 + 0.5) / 2)


@pytest.mark.parametrize(
    "scores", [{"moons": {"a": [0.1], "b": [0.2]}}, {"x": {"a": [0.1]}, "y": {"a": [0.2]}}, {"x": {}}, {}]
)
def test_too_few_pairs_or_methods_have_no_ranks_and_a_sentence(scores) -> None:
    table = tabulate(scores)
    assert table.ranks is None
    assert "There are no ranks" in table.summary()["notes"][-1]
    assert not scores.get("x", scores).get("moons", {}) or table.best("moons") == {"b"}


def test_a_method_without_any_score_leaves_the_ranks_to_the_others() -> None:
    table = tabulate({pair: {"fda": [], "coral": [0.7], "dann": [0.9]} for pair in "xyz"})
    assert table.ranks is not None
    assert table.ranks.mean == {"dann": 1.0, "coral": 2.0}
    assert table.ranks.pairs == ("x", "y", "z")
    assert table.methods == ("dann", "coral", "fda"), "it has a row all the same"
    assert table.mean_of_pairs("fda") is None
    assert "fda has no score on any pair and is not ranked." in table.summary()["notes"]


def test_the_lowest_regret_ranks_first() -> None:
    table = tabulate({pair: {"entropy": [0.3], "dev": [0.0]} for pair in "xy"}, "regret")
    assert table.methods == ("dev", "entropy")
    assert table.best("x") == {"dev"}
