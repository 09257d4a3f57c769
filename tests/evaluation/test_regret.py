"""What a validator's choice costs, by answers that are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from da_core.evaluation.regret import judge, rank_correlation_with_interval

ACCURACIES = [0.5, 0.9, 0.7, 0.6]


def test_who_knows_the_order_regrets_nothing() -> None:
    judged = judge([1, 4, 3, 2], ACCURACIES)
    assert (judged.picked, judged.accuracy, judged.regret, judged.correlation) == ((1,), 0.9, 0, 1)
    assert judged.interval is None  # four runs are too few for one


def test_who_has_it_upside_down_pays_the_whole_difference() -> None:
    judged = judge([4, 1, 2, 3], ACCURACIES)
    assert (judged.picked, judged.correlation) == ((0,), -1)
    assert judged.regret == pytest.approx(0.4)


def test_between_equal_scores_a_coin_decides() -> None:
    judged = judge([2, 2, 1, 1], ACCURACIES)
    assert judged.picked == (0, 1)
    assert judged.accuracy == pytest.approx(0.7)
    assert judged.regret == pytest.approx(0.2)
    blind = judge([3, 3, 3, 3], ACCURACIES)
    assert blind.regret == pytest.approx(0.9 - np.mean(ACCURACIES))
    assert (blind.correlation, blind.interval) == (None, None)


def test_a_run_without_a_score_is_not_picked_and_may_be_the_best() -> None:
    judged = judge([1, np.nan, 3, 2], ACCURACIES)
    assert judged.picked == (2,)
    assert judged.regret == pytest.approx(0.2)
    assert judged.correlation is None  # of three runs
    assert judge([np.nan] * 4, ACCURACIES) is None


def test_the_correlation_is_scipys_with_ties_and_its_interval_holds_the_truth_mostly() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 5, 30).astype(float), rng.normal(size=30)
    assert rank_correlation_with_interval(x, y)[0] == pytest.approx(spearmanr(x, y).statistic)
    rho = 0.6
    truth = 6 / np.pi * np.arcsin(rho / 2)  # of normal variables
    held = 0
    for seed in range(100):
        drawn = np.random.default_rng(seed).multivariate_normal([0, 0], [[1, rho], [rho, 1]], 40)
        _found, (low, high) = rank_correlation_with_interval(drawn[:, 0], drawn[:, 1], seed)
        held += low <= truth <= high
    assert held >= 86


def test_seeds_of_one_method_are_not_counted_as_models() -> None:
    held, methods = [], [str(k // 5) for k in range(40)]
    for seed in range(60):
        rng = np.random.default_rng(seed)
        score, accuracy = rng.normal(size=(2, 8)).repeat(5, axis=1) + 0.1 * rng.normal(size=(2, 40))
        low, high = judge(score, accuracy, methods=methods).interval
        held.append(low <= 0 <= high)
        assert judge(score[:20], accuracy[:20], methods=methods[:20]).interval is None  # of four methods
    assert np.mean(held) > 0.85


def test_it_is_the_same_again_and_another_seed_draws_others() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 12))
    assert judge(x, y, 3) == judge(x, y, 3)
    assert judge(x, y, 3).interval != judge(x, y, 4).interval
