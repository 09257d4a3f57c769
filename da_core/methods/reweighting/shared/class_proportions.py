"""Share hyperparameters of the methods for label shift, and the proportions of a mixture."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np

from da_core.methods.base import CappedClasses, ClassBalance, Labels, Predictions, Rows
from da_core.methods.checks import feature_pair, labels
from da_core.methods.distances import random_order, random_rows
from da_core.params import hyper

Counting = Literal["hard", "soft"]
PREDICTIONS = hyper(
    "hard", title="Predictions", help="Counts the predicted classes, or averages the predicted probabilities."
)


def counted(P: Rows, counting: Counting) -> Rows:
    """Give predictions P (n, c) as they are averaged: the probabilities or, if hard, 1 for the likeliest class."""
    return P if counting == "soft" else np.eye(P.shape[1])[P.argmax(axis=1)]


class ClassMixture(ClassBalance, abstract=True):
    """Finds the proportions with which the source's classes mix to what is nearest to the target."""

    class Params(CappedClasses):
        exact_up_to: int = hyper(4000, ge=100, le=20_000, log=True, title="Exact up to")
        """Maximum samples per domain; larger domains are sampled at random."""

    params: Params
    proportions: Rows

    def gram(self, Xs: Rows, ys: Labels, Xt: Rows) -> Rows:
        """Compute G (k, k) of the k classes in ys: πᵀGπ is the squared distance of mixture and target."""
        raise NotImplementedError

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None, predictions: Predictions | None = None) -> Self:
        """Find the class weights. Raises `UserError` without labels and for tables that do not fit."""
        Xs, Xt = feature_pair(Xs, Xt)
        ys = labels(ys, self.title)
        share = np.bincount(ys) / len(ys)
        if len(Xs) > self.params.exact_up_to:
            kept = random_order(Xs, self.seed)[: self.params.exact_up_to]
            Xs, ys = Xs[kept], ys[kept]
        Xt = random_rows(Xt, self.params.exact_up_to, self.seed)
        self.proportions = np.zeros(len(share))
        self.proportions[np.unique(ys)] = mixture(self.gram(Xs, ys, Xt))
        self.of_class = self.proportions / np.where(share > 0, share, 1)
        return self


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
