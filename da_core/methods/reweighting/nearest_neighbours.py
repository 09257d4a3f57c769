from __future__ import annotations

from typing import Self

import numpy as np

from da_core.methods.base import Capped, Labels, Predictions, Reweighting, Rows, logarithm
from da_core.methods.checks import feature_pair, rows
from da_core.methods.distances import equal_rows, nearest
from da_core.params import hyper


class NearestNeighbours(Reweighting):
    r"""Nearest-neighbour weighting (Loog 2012; Kremer, Gieseke, Pedersen and Igel 2015 study it too).

    Every target sample votes for the source sample that is nearest to it. A source sample's weight is the number of
    its votes, that is how many target samples lie in its Voronoi cell V(x_s):

        w(x_s) = |{ x_t : x_t ∈ V(x_s) }| + a

    No density is estimated and nothing is to be tuned. The cells are small where the source is dense, so that a vote
    count is in itself a ratio of densities. Equal source samples share their cell's votes evenly. a = 1 is Laplace's
    smoothing: no sample loses all its weight.

    It fails where the votes are few: with as many target as source samples a third and more of the source gets no vote
    even if nothing has shifted, so that weights vary much and the effective sample size is about half. Far target
    samples all vote for the same few samples at the source's edge.

    Cost: O(n_s n_t d); at 20,000 samples a domain distances are compared in single precision.
    """

    title = "Nearest neighbours"
    summary = "Weights each source sample by the number of target samples that have it as their nearest neighbour."
    paper = "Loog 2012, Nearest Neighbor-Based Importance Weighting, IEEE MLSP"
    link = "https://arxiv.org/abs/2102.02291"
    draws = False

    class Params(Capped):
        smoothing: float = hyper(0.0, ge=0, le=100, step=0.5, symbol="a", title="Smoothing")
        """Added to each count; 1 is Laplace smoothing, larger values pull all weights towards 1."""

    params: Params

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None, predictions: Predictions | None = None) -> Self:
        """Keep the target. Raises `UserError` for tables that do not fit."""
        _, self._target = feature_pair(Xs, Xt)
        return self

    def log_weights(self, X: Rows, y: Labels | None = None) -> Rows:
        X = rows(X, "source")
        groups = equal_rows(X)
        copies = np.bincount(groups)
        votes = np.bincount(groups[nearest(self._target, X)[1][:, 0]], minlength=len(copies)) / copies
        return logarithm(votes[groups] + self.params.smoothing)
