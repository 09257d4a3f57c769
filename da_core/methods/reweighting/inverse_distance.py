from __future__ import annotations

from typing import Self

import numpy as np

from da_core.methods.base import Capped, Labels, Predictions, Reweighting, Rows
from da_core.methods.checks import feature_pair, rows
from da_core.methods.distances import blocks, random_rows, squared_distances
from da_core.params import hyper


class InverseDistance(Reweighting):
    r"""Inverse distance weighting (Shepard 1968), borrowed to say how near a source sample is to the target.

    Each feature is scaled so that the target runs from 0 to 1 (min-max scaling to the other domain); a source sample
    then weighs the more the nearer it is to the target samples, on average:

        w(x_s) = 1/n_t Σ_j 1 / (1 + ‖x_s − x_j‖)

    It is here as the naive way, to be compared with the others. “Near” is not “as frequent as in the target”: w
    knows nothing of how many source samples there are at the same place, so that it is no density ratio, and the
    weighted source does not turn into the target however many samples there are. 1 / (1 + distance) also varies by a
    factor of a few only, least of all with many features, where all distances are alike: it then does nothing.

    Above ``references`` target samples, that many random ones stand for all.

    Cost: O(n_s · references · d).
    """

    title = "Inverse distance"
    summary = "Gives source samples near target samples a larger weight: simple, but not a density ratio."
    paper = (
        "Shepard 1968, A Two-dimensional Interpolation Function for Irregularly-spaced Data, ACM National Conference"
    )
    link = "https://doi.org/10.1145/800186.810616"

    class Params(Capped):
        references: int = hyper(2000, ge=10, le=20_000, log=True, title="Reference samples")
        """Maximum target samples for the distances; larger targets are sampled at random."""

    params: Params

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None, predictions: Predictions | None = None) -> Self:
        """Learn the target's range of each feature. Raises `UserError` for tables that do not fit."""
        _, Xt = feature_pair(Xs, Xt)
        self._low = Xt.min(axis=0)
        span = Xt.max(axis=0) - self._low
        self._span = np.where(span > 0, span, 1)
        self._target = self._scaled(random_rows(Xt, self.params.references, self.seed))
        return self

    def log_weights(self, X: Rows, y: Labels | None = None) -> Rows:
        X = self._scaled(rows(X, "source"))
        near = [
            (1 / (1 + np.sqrt(squared_distances(X[part], self._target)))).mean(axis=1)
            for part in blocks(len(X), len(self._target))
        ]
        logs: Rows = np.log(np.concatenate(near))
        return logs

    def _scaled(self, X: Rows) -> Rows:
        scaled: Rows = (X - self._low) / self._span
        return scaled
