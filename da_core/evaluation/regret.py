"""Measure the cost of choosing a run by a score: its pick, the regret, and the rank correlation with accuracy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from da_core.evaluation.metrics import percentile_interval
from da_core.events import Interval

DRAWS = 1000
"""Bootstrap samples of runs behind the interval of a rank correlation."""
LEAST = 4
"""Runs that a rank correlation takes: of three, every order is common."""

Values = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Judgement:
    """A score's pick among m runs, and that pick's accuracy.

    ``picked`` are the places of the runs with the highest score, ``accuracy`` is their mean: between equal scores
    chance decides. ``regret`` is the best run's accuracy less that. ``correlation`` is Spearman's between score and
    accuracy with its bootstrap ``interval``; None for fewer than `LEAST` runs, or where all of either are alike.
    """

    picked: tuple[int, ...]
    accuracy: float
    regret: float
    correlation: float | None
    interval: Interval | None


def judge(scores: ArrayLike, accuracies: ArrayLike, seed: int = 0) -> Judgement | None:
    """Judge scores (m,), higher is better, by the accuracies (m,) of the same runs, as fractions.

    A run whose score is NaN cannot be picked, but may be the best. None where no run has a score.

    >>> round(judge([0.2, 0.9, 0.5], [0.6, 0.7, 0.8]).regret, 3)
    0.1
    """
    s, a = np.asarray(scores, np.float64), np.asarray(accuracies, np.float64)
    there = np.isfinite(s)
    if not there.any():
        return None
    picked = np.flatnonzero(there & (s == s[there].max()))
    accuracy = float(a[picked].mean())
    correlation, interval = rank_correlation_with_interval(s[there], a[there], seed)
    return Judgement(tuple(picked.tolist()), accuracy, float(a.max()) - accuracy, correlation, interval)


def rank_correlation_with_interval(x: Values, y: Values, seed: int = 0) -> tuple[float | None, Interval | None]:
    """Compute Spearman's rank correlation of x (m,) and y (m,), and its percentile bootstrap interval over runs.

    (None, None) for fewer than `LEAST` pairs, or where all of either are alike. Draws in which they are do not count.

    >>> rank_correlation_with_interval(np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 4.0, 6.0, 8.0]))[0]
    1.0
    """
    if len(x) < LEAST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None, None
    drawn = np.random.default_rng(seed).integers(0, len(x), (DRAWS, len(x)))
    rows = np.concatenate([np.arange(len(x))[None], drawn])  # first the runs as they are
    correlations = _spearman(x[rows], y[rows])
    return float(correlations[0]), percentile_interval(correlations[1:])


def _spearman(x: Values, y: Values) -> Values:
    """Compute Pearson's correlation of the ranks within each row (r, m); NaN where all of a row are alike."""
    from scipy.stats import rankdata

    x, y = (ranks - ranks.mean(axis=1, keepdims=True) for ranks in (rankdata(x, axis=1), rankdata(y, axis=1)))
    norm = np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1))
    correlation: Values = np.where(norm > 0, (x * y).sum(axis=1) / np.where(norm > 0, norm, 1), np.nan)
    return correlation
