"""Distances between two domains as means of kernels, for any number of ways to weigh the samples at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from da_core.errors import UserError

Features = NDArray[np.floating[Any]]
Labels = NDArray[np.int64]
Values = NDArray[np.float64]
FEWEST_OF_A_CLASS = 5
"""In either domain, of weight above 0; a class with fewer is left out of the class-wise distance."""


def mean_kernel(Fs: Features, Ft: Features) -> Values:
    """Compute the kernel matrix of MMD (Gretton et al. 2012, equation 3) of the pooled samples, source first.

    The kernel is the mean of exp(−‖x − y‖² / (f m)) over f = ¼, ½, 1, 2, 4, where m is the median of the squared
    distances between the pooled samples; so the unit of the features does not matter, and no value exceeds 2.

    >>> mean_kernel(np.zeros((2, 1)), np.ones((2, 1))).shape
    (4, 4)
    """
    from sklearn.metrics.pairwise import euclidean_distances

    require_two_samples(Fs, Ft)
    pooled = np.concatenate([Fs, Ft]).astype(np.float64)
    # centred, since squared distances are computed as differences of squares
    squared = euclidean_distances(pooled - pooled.mean(axis=0), squared=True)
    apart = squared[squared > 0]
    if len(apart) == 0:
        return np.ones_like(squared)
    kernel = np.exp(-squared / (4 * np.median(apart)))
    total: Values = kernel.copy()
    for _ in range(4):  # squaring the kernel halves f
        kernel *= kernel
        total += kernel
    total /= 5
    return total


def second_order_kernel(Fs: Features, Ft: Features, weights: Features) -> Values:
    """Compute (x·y)² of pooled samples, each domain around its own mean: its means are covariances' inner products.

    >>> second_order_kernel(np.zeros((2, 1)), np.array([[1.0], [-1.0]]), np.ones(2))[2:, 2:]
    array([[1., 1.],
           [1., 1.]])
    """
    require_two_samples(Fs, Ft)
    around = np.average(Fs, axis=0, weights=weights), Ft.mean(axis=0, dtype=np.float64)
    centred = np.concatenate([F.astype(np.float64) - mean for F, mean in zip((Fs, Ft), around, strict=True)])
    kernel: Values = np.square(centred @ centred.T)
    return kernel


def kernel_means(kernel: Values, source: Values, target: Values) -> tuple[Values, Values, Values]:
    """Average a kernel (n, n) within source, within target, and between them, a sample with itself left out.

    ``source`` and ``target`` (n, b) are b ways to weigh the samples, 0 for those of the other domain; each mean (b,).

    >>> kernel = np.array([[1.0, 0.5, 0.0], [0.5, 1.0, 0.0], [0.0, 0.0, 1.0]])
    >>> within_s, within_t, between = kernel_means(kernel, np.array([[1.0], [1], [0]]), np.array([[0.0], [0], [1]]))
    >>> within_s, between
    (array([0.5]), array([0.]))
    """
    to_source, to_target, diagonal = kernel @ source, kernel @ target, kernel.diagonal()[:, None]

    def within(weights: Values, to_them: Values) -> Values:
        same = np.square(weights)
        pairs = weights.sum(axis=0) ** 2 - same.sum(axis=0)
        mean: Values = (weights * to_them - diagonal * same).sum(axis=0) / np.maximum(pairs, np.finfo(float).tiny)
        return mean

    whole = np.maximum(source.sum(axis=0) * target.sum(axis=0), np.finfo(float).tiny)  # a shuffle may leave one empty
    between = (target * to_source).sum(axis=0) / whole
    return within(source, to_source), within(target, to_target), between


def discrepancy(kernel: Values, source: Values, target: Values) -> Values:
    """Take the kernel's mean between the domains from those within each: (b,), of `mean_kernel` MMD² without bias.

    Where the distributions are the same it is 0 on average, so at times a little below.

    >>> kernel = np.array([[1.0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]])
    >>> discrepancy(kernel, np.array([[1.0], [1], [0], [0]]), np.array([[0.0], [0], [1], [1]]))
    array([2.])
    """
    within_s, within_t, between = kernel_means(kernel, source, target)
    return within_s + within_t - 2 * between


def relative_discrepancy(within_s: Values, within_t: Values, between: Values) -> Values:
    """Scale ‖C_s − C_t‖² by ‖C_s + C_t‖² in Frobenius norm: 0 where the covariances are equal, 1 at most.

    The numerator is the CORAL loss of Sun and Saenko 2016 (equation 1) without its constant; the denominator takes the
    unit of the features out, so that two networks compare.

    >>> relative_discrepancy(np.array([4.0]), np.array([4.0]), np.array([4.0]))  # equal covariances
    array([0.])
    """
    whole = np.maximum(within_s + within_t + 2 * between, np.finfo(float).tiny)
    return np.clip((within_s + within_t - 2 * between) / whole, 0, 1)


def classwise_discrepancy(kernel: Values, ys: Labels, yt: Labels, source: Values, target: Values) -> Values:
    """Average MMD² between both domains' samples of one class over the classes: (b,), or (0,) if no class will do."""
    label = np.concatenate([ys, yt])
    counting = source[: len(ys), 0] > 0
    rows_of_classes = [
        rows
        for c in np.intersect1d(ys, yt)
        if c >= 0 and min((counting & (ys == c)).sum(), (yt == c).sum()) >= FEWEST_OF_A_CLASS
        for rows in [np.flatnonzero(label == c)]
    ]
    if not rows_of_classes:
        return np.empty(0)
    each = [discrepancy(kernel[np.ix_(rows, rows)], source[rows], target[rows]) for rows in rows_of_classes]
    mean: Values = np.mean(each, axis=0)
    return mean


def require_two_samples(Fs: Features, Ft: Features) -> None:
    """Raise `UserError` where a domain has fewer than two samples.

    >>> require_two_samples(np.zeros((2, 3)), np.zeros((2, 3)))
    """
    if min(len(Fs), len(Ft)) < 2:
        raise UserError("The shift cannot be measured with fewer than two samples in a domain; add more.")
