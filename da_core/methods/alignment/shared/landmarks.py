"""A few rows that stand for many, chosen so that the order of the samples does not matter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from da_core.methods.base import Labels, Rows

ROUNDS = 3
"""Of k-means: the first moves the centres from single samples to means of their regions, more gain little."""


def in_order(X: Rows) -> NDArray[np.int64]:
    """Order the rows of X (n, d) along a fixed random direction, wherever they stand in the table.

    What then works on X[in_order(X)] gives the same numbers for any order of the samples. Equal rows are one another's
    equals, so that ties do no harm.

    >>> sorted(in_order(np.array([[5.0], [1.0], [3.0]])).tolist())
    [0, 1, 2]
    """
    direction = np.random.default_rng(0).normal(size=X.shape[1])
    # a sum row by row: a matrix product may round a row differently at another place in the table
    order: NDArray[np.int64] = np.argsort((X * direction).sum(axis=1), kind="stable")
    return order


def spread(X: Rows, count: int) -> Rows:
    """Choose ``count`` rows of X (n, d), or all of them, evenly spaced along a fixed random direction.

    >>> spread(np.arange(10.0)[:, None], 3).shape
    (3, 1)
    """
    return X[in_order(X)[evenly_spaced(len(X), count)]]


def evenly_spaced(n: int, count: int) -> NDArray[np.int64]:
    """Choose ``count`` of n places, evenly spaced, or all of them.

    >>> evenly_spaced(10, 2)
    array([2, 7])
    """
    return np.arange(n) if n <= count else ((np.arange(count) + 0.5) * n / count).astype(np.int64)


def squared_distances(X: Rows, Y: Rows) -> Rows:
    """Compute ‖x_i − y_j‖² (n, m), at least 0. Exact enough for tables whose mean is near zero.

    >>> squared_distances(np.array([[0.0]]), np.array([[3.0]]))
    array([[9.]])
    """
    squared = X @ (-2 * Y.T)
    squared += (X * X).sum(axis=1)[:, None]
    squared += (Y * Y).sum(axis=1)
    return np.maximum(squared, 0, out=squared)


def nearest(X: Rows, among: Rows) -> NDArray[np.int64]:
    """Find the row of ``among`` (m, d) nearest to each row of X (n, d): (n,). A block at a time: O(m) memory.

    >>> nearest(np.array([[0.0], [9.0]]), among=np.array([[8.0], [1.0]]))
    array([1, 0])
    """
    indices = np.empty(len(X), dtype=np.int64)
    centre = among.mean(axis=0)
    Y = among - centre
    half = (Y * Y).sum(axis=1) / 2
    block = max(1, 4_000_000 // len(Y))
    for start in range(0, len(X), block):
        rows = slice(start, start + block)
        indices[rows] = (half - (X[rows] - centre) @ Y.T).argmin(axis=1)
    return indices


def cluster(X: Rows, count: int, y: Labels | None = None) -> tuple[Rows, Rows, Labels | None]:
    """Find at most ``count`` centres of X (n, d), each one's share of the samples (they sum to 1), and its label.

    A few rounds of k-means from `spread` rows. With labels y (n,) each class has centres of its own, as many as its
    share of the samples gives it (at least one).

    >>> centres, shares, _ = cluster(np.array([[0.0], [0.0], [0.0], [8.0]]), 2)
    >>> sorted(zip(centres.ravel().tolist(), shares.tolist()))
    [(0.0, 0.75), (8.0, 0.25)]
    """
    if y is not None:
        classes, sizes = np.unique(y, return_counts=True)
        allotted = np.maximum(1, count * sizes // len(X))
        parts = [cluster(X[y == c], int(k)) for c, k in zip(classes, allotted, strict=True)]
        weighed = [share * size / len(X) for (_, share, _), size in zip(parts, sizes, strict=True)]
        labels = np.repeat(classes, [len(centres) for centres, _, _ in parts])
        return np.concatenate([centres for centres, _, _ in parts]), np.concatenate(weighed), labels
    X = X[in_order(X)]
    centres = spread(X, count)
    shares = np.ones(len(centres)) / len(centres)
    for _ in range(ROUNDS):
        own = nearest(X, centres)
        by_centre = np.argsort(own, kind="stable")
        _, starts, sizes = np.unique(own[by_centre], return_index=True, return_counts=True)
        centres = np.add.reduceat(X[by_centre], starts) / sizes[:, None]
        shares = sizes / len(X)
    return centres, shares, None
