"""What the methods for label shift share: hyperparameters, and the proportions of a mixture."""

from __future__ import annotations

from typing import Literal

import numpy as np

from da_core.methods.base import Rows
from da_core.params import hyper

Counting = Literal["hard", "soft"]
PREDICTIONS = hyper(
    "hard", title="Predictions", help=("Counts the predicted classes, or averages the predicted probabilities.")
)
EXACT_UP_TO = hyper(
    4000,
    ge=100,
    le=20_000,
    log=True,
    title="Exact up to",
    help="Maximum samples per domain; larger domains are sampled at random.",
)


def mixture(gram: Rows) -> Rows:
    """Find the proportions π (c,), π ≥ 0 and Σπ = 1, that minimise πᵀGπ for a positive semidefinite G (c, c).

    With G = RᵀR the scaled u = tπ of ‖Ru‖² + (1ᵀu − 1)² is best where πᵀGπ is least, whatever G's scale, so a
    non-negative least squares problem gives the exact answer.

    >>> mixture(np.diag([1.0, 3.0])).round(3)
    array([0.75, 0.25])
    """
    from scipy.optimize import nnls

    values, vectors = np.linalg.eigh(gram / max(np.trace(gram), np.finfo(np.float64).tiny))
    root = np.sqrt(np.maximum(values, 0))[:, None] * vectors.T
    solution = nnls(np.vstack([root, np.ones(len(gram))]), np.append(np.zeros(len(gram)), 1.0))[0]
    proportions: Rows = solution / solution.sum()
    return proportions
