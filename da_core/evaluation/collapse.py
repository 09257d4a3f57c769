"""Find what a single accuracy hides: predictions that fall to few classes, and classes that change places."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

MOST = 0.5
"""Share of a class that makes it “most of it”."""
A_PART = 0.1
"""Share of the samples that is worth a word."""


def predicted_classes(predicted: NDArray[np.int64]) -> float:
    """Count the classes that predictions (n,) spread over, as e^H of their shares: k equally frequent ones count k.

    >>> round(predicted_classes(np.array([0, 0, 1, 1])), 3)
    2.0
    """
    shares = np.unique(predicted, return_counts=True)[1] / len(predicted)
    return float(np.exp(-(shares * np.log(shares)).sum()))


def swapped(before: ArrayLike, after: ArrayLike) -> list[tuple[int, int]]:
    """Find pairs of classes, most of each of which is taken for the other after adapting, and was not before.

    Confusion matrices (c, c): rows true class, columns predicted class.

    >>> swapped([[9, 1], [1, 9]], [[1, 9], [9, 1]])
    [(0, 1)]
    """
    was, now = (_mostly_taken(confusion) for confusion in (before, after))
    return [(int(i), int(j)) for i, j in np.argwhere(np.triu(now & now.T & ~(was & was.T), 1))]


def _mostly_taken(confusion: ArrayLike) -> NDArray[np.bool_]:
    """Mark of which class (c, c) most samples are taken for which other one."""
    counts = np.asarray(confusion, dtype=np.float64)
    most: NDArray[np.bool_] = counts / np.maximum(counts.sum(1, keepdims=True), 1) > MOST
    np.fill_diagonal(most, False)
    return most


def misnamed(confusion: ArrayLike) -> list[tuple[int, int]]:
    """Find classes most of each of which is taken for one other, each for a different one.

    Confusion matrix (c, c): rows true class, columns predicted class. Where two are taken for the same class neither
    counts: that is a class that swallows others, no exchange of names.

    >>> misnamed([[0, 9, 1], [9, 1, 0], [0, 0, 10]])
    [(0, 1), (1, 0)]
    """
    most = _mostly_taken(confusion)
    return [(int(i), int(j)) for i, j in np.argwhere(most & (most.sum(axis=0) == 1))]


def swallowed(confusion: ArrayLike) -> dict[int, list[int]]:
    """Find classes for each of which most of at least two others is taken: what it swallows, by the class.

    Confusion matrix (c, c): rows true class, columns predicted class. Nothing is found where less than `A_PART` of all
    samples is in classes that were swallowed.

    >>> swallowed([[9, 1, 0], [9, 1, 0], [10, 0, 0]])
    {0: [1, 2]}
    """
    counts, most = np.asarray(confusion), _mostly_taken(confusion)
    merged = {int(j): [int(i) for i in np.flatnonzero(most[:, j])] for j in np.flatnonzero(most.sum(axis=0) > 1)}
    lost = [i for victims in merged.values() for i in victims]
    return merged if counts[lost].sum() >= A_PART * counts.sum() else {}
