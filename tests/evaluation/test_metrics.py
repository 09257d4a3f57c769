"""Scores against a table worked out by hand."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from da_core.evaluation.metrics import calibration, gain, scores, wilson
from da_core.events import Scores


def test_known_answer():
    truth = np.array([0, 0, 0, 0, 1, 1, 2, 2])
    guess = np.array([0, 0, 0, 1, 1, 2, 2, 2])
    found = scores(truth, guess, ("car", "bus", "cat"))
    assert found.accuracy == 6 / 8
    assert found.confusion == [[3, 1, 0], [0, 1, 1], [0, 0, 2]]
    assert [c.precision for c in found.per_class] == pytest.approx([1, 1 / 2, 2 / 3])
    assert [c.recall for c in found.per_class] == pytest.approx([3 / 4, 1 / 2, 1])
    assert [c.f1 for c in found.per_class] == pytest.approx([6 / 7, 1 / 2, 4 / 5])
    assert [(c.name, c.support) for c in found.per_class] == [("car", 4), ("bus", 2), ("cat", 2)]
    assert found.precision == pytest.approx((1 + 1 / 2 + 2 / 3) / 3)
    assert found.f1 == pytest.approx((6 / 7 + 1 / 2 + 4 / 5) / 3)


def test_absent_classes_agree_with_scikit_learn_and_do_not_warn():
    truth, guess = np.array([0, 0, 1, 1]), np.array([0, 2, 1, 1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = scores(truth, guess, ("a", "b", "predicted only", "nowhere"))
    options = {"average": "macro", "zero_division": 0}
    assert found.precision == pytest.approx(precision_score(truth, guess, **options))
    assert found.recall == pytest.approx(recall_score(truth, guess, **options))
    assert found.f1 == pytest.approx(f1_score(truth, guess, **options))
    assert len(found.confusion) == len(found.per_class) == 4
    assert found.per_class[3].support == 0


def test_it_goes_to_json_and_back():
    found = scores(np.array([0, 1]), np.array([1, 1]), ("a", "b"))
    assert type(found).model_validate_json(found.model_dump_json()) == found


def test_wilson_agrees_with_scipy_and_knows_what_it_does_not_know():
    from scipy.stats import binomtest

    for right, count in ((0, 7), (3, 7), (7, 7), (480, 600)):
        there = binomtest(right, count).proportion_ci(0.95, method="wilson")
        assert wilson(right, count) == pytest.approx((there.low, there.high), abs=1e-6)
    assert wilson(0, 0) == (0, 1)


@pytest.mark.parametrize(
    ("shares", "recalls"),
    [
        ((0.95, 0.05), (0.95, 0.5)),
        ((0.95, 0.05), (0.8, 0.8)),
        ((0.1,) * 10, (0.8,) * 10),
        ((0.1,) * 10, tuple(np.linspace(0.3, 1, 10))),
    ],
)
def test_intervals_of_macro_averages_cover_the_truth_for_few_samples_and_rare_classes(shares, recalls):
    rng, count, c = np.random.default_rng(0), 60, len(shares)
    rows = (1 - np.array(recalls))[:, None] * (1 - np.eye(c)) / (c - 1) + np.diag(recalls)
    true_cells = np.array(shares)[:, None] * rows
    covered: dict[str, list[bool]] = {"balanced_accuracy": [], "f1": []}
    for _ in range(120):
        cells = rng.choice(c * c, count, p=true_cells.ravel())
        found = scores(cells // c, cells % c, [str(k) for k in range(c)])
        there = np.unique(cells // c), np.union1d(cells // c, cells % c)
        f1 = 2 * true_cells.diagonal() / (true_cells.sum(axis=0) + true_cells.sum(axis=1))
        for name, truth in (
            ("balanced_accuracy", np.array(recalls)[there[0]].mean()),
            ("f1", f1[there[1]].mean()),
        ):
            low, high = found.intervals[name]
            assert low <= getattr(found, name) <= high
            covered[name].append(low <= truth <= high)
    assert min(map(np.mean, covered.values())) > 0.88, "92 % and what chance makes of it in 120 draws"


def test_all_right_is_no_certainty():
    truth = np.repeat([0, 1], [57, 3])
    found = scores(truth, truth, ("a", "b"))
    assert found.intervals["balanced_accuracy"][0] < 0.8
    assert found.per_class[1].intervals["f1"][0] < 0.7


def test_a_gain_counts_what_was_fixed_and_what_was_broken():
    truth = np.zeros(100, int)
    before, after = np.r_[np.ones(40, int), np.zeros(60, int)], np.r_[np.zeros(30, int), np.ones(15, int), truth[:55]]
    found = gain(truth, before, after)
    assert (found.fixed, found.broken, found.count) == (30, 5, 100)
    assert found.accuracy == pytest.approx(0.25)
    assert found.interval == pytest.approx((0.1401, 0.3501), abs=1e-3)  # (25 ± 1.96·√(36 − 625/102)) / 102 by hand
    same = gain(truth, before, before)
    assert same.accuracy == 0
    assert same.interval[0] == -same.interval[1] < 0, "nothing changed in 100 samples is not proof that nothing does"


def test_gains_cover_the_truth_as_often_as_they_say():
    """200 repetitions of 150 samples, of which 20 % are fixed and 8 % are broken in truth."""
    rng = np.random.default_rng(0)
    truth, covered = np.zeros(150, int), 0
    for _ in range(200):
        kind = rng.choice(3, 150, p=[0.2, 0.08, 0.72])
        found = gain(truth, (kind == 0).astype(int), (kind == 1).astype(int))
        covered += found.interval[0] <= 0.12 <= found.interval[1]
    assert 0.9 <= covered / 200 <= 0.99


def test_calibration_error_of_a_braggart_an_honest_model_and_a_table_by_hand():
    truth = np.arange(1000) % 2
    sure = np.eye(2)[np.zeros(1000, int)]
    assert calibration(truth, sure).error == pytest.approx(0.5)
    P = np.full((1000, 2), 0.5)
    assert calibration(truth, P).error == pytest.approx(0)
    P = np.array([[0.95, 0.05], [0.91, 0.09], [0.3, 0.7], [0.35, 0.65]])
    by_hand = calibration(np.array([0, 1, 1, 1]), P)
    # the bin of 0.9 … 1: half right, 93 % sure; that of 0.6 … 0.7: right, 65 %; that of 0.7 … 0.8: right, 70 %
    assert by_hand.error == pytest.approx(0.5 * 0.43 + 0.25 * 0.35 + 0.25 * 0.3)
    assert [one.count for one in by_hand.bins] == [1, 1, 2]


def test_scores_of_before_there_were_intervals_are_still_read():
    old: dict[str, object] = {"accuracy": 0.5, "precision": 0.5, "recall": 0.5, "f1": 0.5}
    old["per_class"] = [
        {"name": name, "precision": 0, "recall": recall, "f1": 0, "support": n}
        for name, recall, n in (("a", 0.4, 9), ("b", 0.8, 1), ("none", 0.0, 0))
    ]
    found = Scores.model_validate(old)
    assert found.balanced_accuracy == pytest.approx(0.6)
    assert found.intervals == {}
    assert found.calibration is None
