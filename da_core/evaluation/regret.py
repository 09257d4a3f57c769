"""Measure the cost of choosing a run by a score: its pick, the regret, and the rank correlation with accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from da_core.evaluation.metrics import percentile_interval
from da_core.events import Interval

DRAWS = 1000
"""Bootstrap samples of methods behind the interval of a rank correlation."""
LEAST_METHODS = 6
"""Methods that an interval takes: of fewer, resampling sees too few orders and promises too much."""
LEAST = 4
"""Runs that a rank correlation takes: of three, every order is common."""

Values = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Judgement:
    """A score's pick among m runs, and that pick's accuracy.

    ``picked`` are the places of the runs with the highest score, ``accuracy`` is their mean: between equal scores
    chance decides. ``regret`` is the best run's accuracy less that. ``correlation`` is Spearman's between score and
    accuracy; None for fewer than `LEAST` runs, or where all of either are alike. Its bootstrap ``interval`` is None for
    fewer than `LEAST_METHODS` methods, too.
    """

    picked: tuple[int, ...]
    accuracy: float
    regret: float
    correlation: float | None
    interval: Interval | None


def judge(
    scores: ArrayLike, accuracies: ArrayLike, seed: int = 0, methods: Sequence[str] | None = None
) -> Judgement | None:
    """Judge scores (m,), higher is better, by the accuracies (m,) of the same runs, as fractions.

    ``methods`` (m,) names the method of each run, where several are seeds of one.

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
    of = np.arange(len(s)) if methods is None else np.unique(methods, return_inverse=True)[1]
    correlation, interval = rank_correlation_with_interval(s[there], a[there], seed, of[there])
    return Judgement(tuple(picked.tolist()), accuracy, float(a.max()) - accuracy, correlation, interval)


def rank_correlation_with_interval(
    x: Values, y: Values, seed: int = 0, methods: NDArray[np.int64] | None = None
) -> tuple[float | None, Interval | None]:
    """Compute Spearman's rank correlation of x (m,) and y (m,), and its percentile bootstrap interval.

    Whole ``methods`` (m,) are redrawn, with all their runs: seeds of one method lie together, and as independent runs
    they would promise too much. Without ``methods`` each run is its own. (None, None) for fewer than `LEAST` pairs, or
    where all of either are alike; no interval for fewer than `LEAST_METHODS`. Draws in which they are do not count.

    >>> rank_correlation_with_interval(np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 4.0, 6.0, 8.0]))
    (1.0, None)
    """
    if len(x) < LEAST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None, None
    correlation = float(_spearman(x[None], y[None])[0])
    clusters = [np.flatnonzero(methods == m) for m in np.unique(methods)] if methods is not None else None
    clusters = clusters or list(np.arange(len(x))[:, None])
    if len(clusters) < LEAST_METHODS:
        return correlation, None
    rng = np.random.default_rng(seed)
    draws = (np.concatenate([clusters[m] for m in rng.integers(0, len(clusters), len(clusters))]) for _ in range(DRAWS))
    return correlation, percentile_interval(np.array([_spearman(x[rows][None], y[rows][None])[0] for rows in draws]))


def _spearman(x: Values, y: Values) -> Values:
    """Compute Pearson's correlation of the ranks within each row (r, m); NaN where all of a row are alike."""
    from scipy.stats import rankdata

    x, y = (ranks - ranks.mean(axis=1, keepdims=True) for ranks in (rankdata(x, axis=1), rankdata(y, axis=1)))
    norm = np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1))
    correlation: Values = np.where(norm > 0, (x * y).sum(axis=1) / np.where(norm > 0, norm, 1), np.nan)
    return correlation
