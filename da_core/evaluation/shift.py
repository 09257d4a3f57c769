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
    return _distance(_told_apart(Fs, Ft, seed).mean())


def proxy_a_distance_interval(
    Fs: Features, Ft: Features, seed: int = 0, level: float = 0.95, draws: int = 1000
) -> tuple[float, float]:
    """Bootstrap interval of `proxy_a_distance`: the scored samples are drawn anew, the classifiers stay."""
    right = _told_apart(Fs, Ft, seed)
    drawn = np.random.default_rng([seed, 1]).integers(0, len(right), (draws, len(right)))
    low, high = np.quantile(right[drawn].mean(axis=1), [(1 - level) / 2, (1 + level) / 2])
    return _distance(low), _distance(high)


def _told_apart(Fs: Features, Ft: Features, seed: int) -> NDArray[np.bool_]:
    """For each sample whether a domain classifier that was fitted on the other half is right about it."""
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
    right = [classifier.fit(X[a], domain).predict(X[b]) == domain for a, b in ((0, 1), (1, 0))]
    return np.concatenate(right)


def _distance(accuracy: float) -> float:
    return float(np.clip(2 * (1 - 2 * (1 - accuracy)), 0, 2))


def mmd(Fs: Features, Ft: Features) -> float:
    """Squared maximum mean discrepancy, the unbiased estimate: 0 on average, so at times a little below, where the
    distributions are the same. Gretton et al. 2012, equation 3.

    The kernel is the mean of exp(−‖x − y‖² / (f m)) over f = ¼, ½, 1, 2, 4, where m is the median of the squared
    distances between the pooled samples; so the unit of the features does not matter, and no value exceeds 2.
    Raises `UserError` with fewer than two samples in a domain.
    """
    kernel, count = _kernel(Fs, Ft)
    return _discrepancy(kernel, np.arange(len(kernel)) < count)


def mmd_p_value(Fs: Features, Ft: Features, seed: int = 0, permutations: int = 200) -> float:
    """How often domains dealt out at random are at least as far apart (a permutation test, Gretton et al. 2012).

    Small where a shift is beyond doubt, at least 1 / (permutations + 1); uniform where there is none.
    """
    kernel, count = _kernel(Fs, Ft)
    of_source = np.arange(len(kernel)) < count
    found, rng = _discrepancy(kernel, of_source), np.random.default_rng([seed, 2])
    dealt = [_discrepancy(kernel, rng.permutation(of_source)) for _ in range(permutations)]
    return (1 + sum(value >= found for value in dealt)) / (1 + permutations)


def _kernel(Fs: Features, Ft: Features) -> tuple[NDArray[np.float64], int]:
    """The kernel matrix of the pooled samples, source first, and how many of them are the source's."""
    from sklearn.metrics.pairwise import euclidean_distances

    _at_least_two(Fs, Ft)
    Fs, Ft = _evenly(Fs), _evenly(Ft)
    pooled = np.concatenate([Fs, Ft]).astype(np.float64)
    # centred, since squared distances are computed as differences of squares
    squared = euclidean_distances(pooled - pooled.mean(axis=0), squared=True)
    apart = squared[squared > 0]
    if len(apart) == 0:
        return np.ones_like(squared), len(Fs)
    kernel = np.exp(-squared / (4 * np.median(apart)))
    total = kernel.copy()
    for _ in range(4):  # squaring the kernel halves f
        kernel *= kernel
        total += kernel
    return total / 5, len(Fs)


def _discrepancy(kernel: NDArray[np.float64], of_source: NDArray[np.bool_]) -> float:
    """Mean of the kernel within each domain, a sample with itself left out, less that between them."""
    source, n, m = of_source.astype(np.float64), of_source.sum(), (~of_source).sum()
    to_source = kernel @ source
    diagonal, total = kernel.diagonal(), kernel.sum(axis=1)
    within_s = (to_source - diagonal)[of_source].sum() / (n * (n - 1))
    within_t = (total - to_source - diagonal)[~of_source].sum() / (m * (m - 1))
    between = to_source[~of_source].sum() / (n * m)
    return float(within_s + within_t - 2 * between)


def _at_least_two(Fs: Features, Ft: Features) -> None:
    if min(len(Fs), len(Ft)) < 2:
        raise UserError("The shift cannot be measured with fewer than two samples in a domain; give more.")


def _evenly(F: Features) -> Features:
    return F if len(F) <= MOST_ROWS else F[np.linspace(0, len(F) - 1, MOST_ROWS).astype(np.int64)]
