"""How far apart two domains' features are, seen without any label."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from da_core.errors import UserError
from da_core.events import ShiftMeasures

Features = NDArray[np.floating[Any]]
MOST_ROWS = 1000
"""Of each domain in the MMD, whose time and memory grow with the square; evenly spaced rows beyond."""


def measures(Fs: Features, Ft: Features, seed: int = 0) -> ShiftMeasures:
    """Both measures of source (n_s, d) and target (n_t, d) features, at least two samples each."""
    return ShiftMeasures(proxy_a_distance=proxy_a_distance(Fs, Ft, seed), mmd=mmd(Fs, Ft))


def proxy_a_distance(Fs: Features, Ft: Features, seed: int = 0) -> float:
    """2(1 − 2ε), from 0 (the domains look alike) to 2 (always told apart). Ben-David et al. 2007, section 4.

    ε is the error of a linear domain classifier (logistic regression on standardised features) on the half of the
    samples that it was not fitted on, averaged over both halves; both domains have as many samples. An error above
    chance counts as 0 distance. Raises `UserError` with fewer than two samples in a domain.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    _at_least_two(Fs, Ft)
    rng = np.random.default_rng(seed)
    half = min(len(Fs), len(Ft)) // 2
    rows_s, rows_t = (rng.permutation(len(F))[: 2 * half].reshape(2, half) for F in (Fs, Ft))
    X = [np.concatenate([Fs[s], Ft[t]]).astype(np.float64) for s, t in zip(rows_s, rows_t, strict=True)]
    domain = np.repeat([0, 1], half)
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    accuracy = np.mean([classifier.fit(X[a], domain).score(X[b], domain) for a, b in ((0, 1), (1, 0))])
    error = 1 - accuracy
    return float(np.clip(2 * (1 - 2 * error), 0, 2))


def mmd(Fs: Features, Ft: Features) -> float:
    """Squared maximum mean discrepancy, the unbiased estimate: 0 on average, so at times a little below, where the
    distributions are the same. Gretton et al. 2012, equation 3.

    The kernel is the mean of exp(−‖x − y‖² / (f m)) over f = ¼, ½, 1, 2, 4, where m is the median of the squared
    distances between the pooled samples; so the unit of the features does not matter, and no value exceeds 2.
    Raises `UserError` with fewer than two samples in a domain.
    """
    from sklearn.metrics.pairwise import euclidean_distances

    _at_least_two(Fs, Ft)
    Fs, Ft = _evenly(Fs), _evenly(Ft)
    pooled = np.concatenate([Fs, Ft]).astype(np.float64)
    # centred, since squared distances are computed as differences of squares
    squared = euclidean_distances(pooled - pooled.mean(axis=0), squared=True)
    apart = squared[squared > 0]
    if len(apart) == 0:
        return 0.0
    kernel = np.exp(-squared / (4 * np.median(apart)))
    total = kernel.copy()
    for _ in range(4):  # squaring the kernel halves f
        kernel *= kernel
        total += kernel
    total /= 5
    n, m = len(Fs), len(Ft)
    within_s, within_t, between = total[:n, :n], total[n:, n:], total[:n, n:]
    same_s = (within_s.sum() - np.trace(within_s)) / (n * (n - 1))
    same_t = (within_t.sum() - np.trace(within_t)) / (m * (m - 1))
    return float(same_s + same_t - 2 * between.mean())


def _at_least_two(Fs: Features, Ft: Features) -> None:
    if min(len(Fs), len(Ft)) < 2:
        raise UserError("The shift cannot be measured with fewer than two samples in a domain; give more.")


def _evenly(F: Features) -> Features:
    return F if len(F) <= MOST_ROWS else F[np.linspace(0, len(F) - 1, MOST_ROWS).astype(np.int64)]
