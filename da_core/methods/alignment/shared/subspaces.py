"""The two domains' principal subspaces, which subspace alignment and the geodesic flow kernel both start from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from da_core.methods.alignment.shared.kernels import signs
from da_core.methods.base import Rows
from da_core.params import Params, hyper


class SubspaceParams(Params):
    """Hyperparameters of both methods."""

    dimensions: int = hyper(20, ge=1, le=1000, step=1, symbol="d", title="Dimensions")
    """Number of principal directions kept per domain; a number above the maximum keeps all."""
    standardise: bool = hyper(True, title="Standardise each domain")
    """Divides each feature by its standard deviation in its own domain; otherwise only the means are removed."""


@dataclass(frozen=True)
class Scaling:
    """x → (x − mean) / deviation, with one domain's own numbers."""

    mean: Rows
    deviation: Rows | float

    def __call__(self, X: Rows) -> Rows:
        scaled: Rows = (X - self.mean) / self.deviation
        return scaled


def scaling(X: Rows, standardise: bool) -> Scaling:
    """Measure a domain's scaling. A feature that is constant there is only centred.

    >>> scaling(np.array([[1.0], [3.0]]), standardise=True)
    Scaling(mean=array([2.]), deviation=array([1.]))
    """
    if not standardise:
        return Scaling(X.mean(axis=0), 1.0)
    deviation = X.std(axis=0)
    constant = deviation <= 1e-12 * np.abs(X).max(axis=0)
    return Scaling(X.mean(axis=0), np.where(constant, 1.0, deviation))


def principal_directions(X: Rows, count: int) -> Rows:
    """Find the leading principal directions (d, count), orthonormal, of the centred X (n, d).

    The samples lean to the right along each. ``count`` is at most the rank that the numbers of rows and features allow.

    >>> abs(principal_directions(np.array([[-2.0, 0.0], [2.0, 0.0], [0.0, 0.1]]), 1)).round(1)
    array([[1.],
           [0.]])
    """
    size = X.shape[1]
    count = min(count, size, max(1, len(X) - 1))
    _, vectors = scipy.linalg.eigh(X.T @ X, subset_by_index=(size - count, size - 1))
    directions: Rows = vectors[:, ::-1]
    return directions * signs(X @ directions)
