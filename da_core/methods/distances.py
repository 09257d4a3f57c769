"""Distances between samples, and choices among samples that do not depend on their order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from da_core.methods.base import Rows
from da_core.params import hyper

BLOCK = 2**24
"""So many distances are held at once: 128 MiB."""
MEDIAN_ROWS = 500
"""Of each domain, for the median distance."""
SINGLE = 1e10
"""From this many products on (20,000 · 20,000 · 25), nearest neighbours are sought in single precision."""


def squared_distances(A: Rows, B: Rows) -> Rows:
    """Compute squared Euclidean distances (n, m) of the rows of A (n, d) and B (m, d), as ‖a‖² + ‖b‖² − 2 a·b.

    >>> squared_distances(np.array([[0.0]]), np.array([[3.0]]))
    array([[9.]])
    """
    centre = B.mean(axis=0)  # far from the origin the differences of squares would lose their digits
    A, B = A - centre, B - centre
    squared: Rows = A @ B.T
    squared *= -2
    squared += np.einsum("ij,ij->i", A, A)[:, None]
    squared += np.einsum("ij,ij->i", B, B)
    return np.maximum(squared, 0, out=squared)


def covariance(X: Rows) -> Rows:
    """Compute the population covariance (d, d) of rows X (n, d), divided by n.

    >>> covariance(np.array([[-1.0], [1.0]]))
    array([[1.]])
    """
    centred = X - X.mean(axis=0)
    C: Rows = centred.T @ centred / len(X)
    return C


def blocks(n: int, m: int) -> Iterator[slice]:
    """Cut n rows into slices, each with at most `BLOCK` distances to m others."""
    step = max(BLOCK // max(m, 1), 1)
    return (slice(start, start + step) for start in range(0, n, step))


def kernel_width(default: float) -> Any:
    """Declare the width of a Gaussian kernel."""
    help = "Width of the Gaussian kernel in units of the median distance."
    return hyper(default, ge=0.01, le=100, log=True, symbol="σ", title="Width of the kernel", help=help)


def gaussian_kernel(A: Rows, B: Rows, sigma: float) -> Rows:
    """Compute exp(−‖a − b‖² / 2σ²), (n, m).

    >>> gaussian_kernel(np.array([[0.0]]), np.array([[0.0], [1.0]]), sigma=1.0).round(4)
    array([[1.    , 0.6065]])
    """
    kernel = squared_distances(A, B)
    kernel /= -2 * sigma**2
    return np.exp(kernel, out=kernel)


def nystrom(X: Rows, landmarks: Rows, sigma: float) -> Rows:
    """Compute features (n, r) whose inner products approximate the Gaussian kernel; exact among the landmarks (m, d).

    They are k(x, L) k(L, L)^(−1/2) up to a rotation; r ≤ m leaves out directions that rounding has drowned.

    >>> X = np.array([[0.0], [1.0]])
    >>> Z = nystrom(X, landmarks=X, sigma=1.0)
    >>> bool(np.allclose(Z @ Z.T, gaussian_kernel(X, X, 1.0)))
    True
    """
    values, vectors = np.linalg.eigh(gaussian_kernel(landmarks, landmarks, sigma).astype(np.float64))
    kept = values > 1e-6 * values[-1]
    back = (vectors[:, kept] / np.sqrt(values[kept])).astype(X.dtype)
    return np.concatenate(
        [gaussian_kernel(X[part], landmarks, sigma) @ back for part in blocks(len(X), len(landmarks))]
    )


def mean_kernel(A: Rows, B: Rows, sigma: float) -> Rows:
    """Average the Gaussian kernel of each row of A with the rows of B: (n,).

    >>> mean_kernel(np.array([[0.0]]), np.array([[0.0], [0.0]]), sigma=1.0)
    array([1.])
    """
    return np.concatenate([gaussian_kernel(A[part], B, sigma).mean(axis=1) for part in blocks(len(A), len(B))])


def random_order(X: Rows, seed: int) -> NDArray[np.int64]:
    """Draw an order of the rows of X (n, d) that depends on their values and the seed, not on the order they come in.

    The rows are sorted along a random direction and then permuted.

    >>> X = np.arange(5.0)[:, None]
    >>> bool(np.array_equal(X[random_order(X, 0)], X[::-1][random_order(X[::-1], 0)]))
    True
    """
    rng = np.random.default_rng(seed)
    along = (X - X.mean(axis=0)) @ rng.normal(size=X.shape[1])
    return np.argsort(along, kind="stable")[rng.permutation(len(X))]


def random_rows(X: Rows, most: int, seed: int) -> Rows:
    """Draw at most ``most`` rows of X; all of them, as they come, where there are no more.

    >>> random_rows(np.zeros((9, 2)), most=4, seed=0).shape
    (4, 2)
    """
    return X if len(X) <= most else X[random_order(X, seed)[:most]]


def equal_rows(X: Rows) -> NDArray[np.int64]:
    """Number the different rows of X (n, d) in the order they first come: (n,), the same number for equal rows.

    What is left out to score a fit goes out with its copies, or the fit has seen it after all.

    >>> equal_rows(np.array([[5.0], [7.0], [5.0]]))
    array([0, 1, 0])
    """
    numbers: dict[bytes, int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in row_keys(X)], dtype=np.int64)


def row_keys(X: Rows) -> list[bytes]:
    """Make a key of each row of X (n, d), the same for equal rows.

    >>> a, b, c = row_keys(np.array([[5.0], [7.0], [5.0]]))
    >>> a == c, a == b
    (True, False)
    """
    return [row.tobytes() for row in X + 0.0]  # adding 0 turns −0 into 0, which is equal to it but has other bytes


def random_distinct(X: Rows, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw the different rows of X in the order of `random_order`: an index of each (g,), and how often it is there.

    >>> index, copies = random_distinct(np.array([[5.0], [7.0], [5.0]]), seed=0)
    >>> sorted(copies.tolist())
    [1, 2]
    """
    order = random_order(X, seed)
    _, first, counts = np.unique(equal_rows(X[order]), return_index=True, return_counts=True)
    return order[first], counts


def median_distance(Xs: Rows, Xt: Rows, seed: int = 0) -> float:
    """Measure the median distance between samples of one domain, of at most `MEDIAN_ROWS` each; 1 if all are alike.

    Distances from one domain to the other do not count: a wide gap would blind a kernel to all that is within a domain.

    >>> median_distance(np.array([[0.0], [2.0]]), np.array([[5.0], [7.0]]))
    2.0
    """
    some = (random_rows(X, MEDIAN_ROWS, seed) for X in (Xs, Xt))
    squared = np.concatenate([squared_distances(X, X)[np.triu_indices(len(X), 1)] for X in some])
    # what is left of equal rows after rounding is no distance
    apart = squared[squared > 1e-12 * squared.max(initial=0)]
    return float(np.sqrt(np.median(apart))) if len(apart) else 1.0


def nearest(A: Rows, B: Rows, k: int = 1, skip_same: bool = False) -> tuple[Rows, NDArray[np.int64]]:
    """Find the k nearest rows of B to each row of A: distances (n, k), sorted, and those rows' indices (n, k).

    With ``skip_same`` A is B, and no row is its own neighbour.

    >>> nearest(np.array([[0.0]]), np.array([[3.0], [1.0]]))
    (array([[1.]]), array([[1]]))
    """
    centre = B.mean(axis=0)
    A, B = A - centre, B - centre
    if len(A) * len(B) * A.shape[1] > SINGLE:
        A, B = A.astype(np.float32), B.astype(np.float32)
    lengths = np.einsum("ij,ij->i", B, B) / 2
    distances, indices = [], []
    for part in blocks(len(A), len(B)):
        near = lengths - A[part] @ B.T  # half the squared distance, less what is the same for a whole row
        if skip_same:
            near[np.arange(len(near)), np.arange(len(B))[part]] = np.inf
        candidates = near.argmin(axis=1)[:, None] if k == 1 else near.argpartition(k - 1, axis=1)[:, :k]
        differences = A[part][:, None] - B[candidates]
        exact = np.sqrt(np.einsum("ijk,ijk->ij", differences, differences, dtype=np.float64))
        order = exact.argsort(axis=1)
        distances.append(np.take_along_axis(exact, order, axis=1))
        indices.append(np.take_along_axis(candidates, order, axis=1))
    return np.concatenate(distances), np.concatenate(indices)


def smoothest(scores: list[Rows]) -> int:
    """Choose among models, from rough to smooth, the last that is not clearly worse than the best.

    ``scores`` holds each model's scores (p,) on the same left-out samples, higher is better. Clearly worse is by more
    than one standard error of the mean difference (the one-standard-error rule of Breiman et al. 1984, in pairs): among
    many models one is always best by luck, and it is mostly a rough one.

    >>> smoothest([np.array([0.9, 0.8]), np.array([0.8, 0.9]), np.array([0.2, 0.1])])  # as good as the first
    1
    """
    best = max(range(len(scores)), key=lambda i: scores[i].mean())
    chosen = best
    for i in range(best + 1, len(scores)):
        behind = scores[best] - scores[i]
        if behind.mean() <= behind.std() / np.sqrt(len(behind)):
            chosen = i
    return chosen
