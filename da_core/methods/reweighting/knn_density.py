from __future__ import annotations

from typing import Self

import numpy as np

from da_core.methods.base import Capped, Labels, Predictions, Reweighting, Rows, largest_weight
from da_core.methods.checks import feature_pair, rows
from da_core.methods.distances import equal_rows, nearest, random_rows
from da_core.params import hyper


class KNNDensity(Reweighting):
    r"""Density ratio by nearest-neighbour distances (Wang, Kulkarni and Verdú 2009, the ratio inside their estimator).

    Where samples are dense the k-th neighbour is near. With ρ_s(x) the distance from x to its k-th neighbour among the
    source samples (x itself left out) and ρ_t(x) the one among the target samples, k over n times the volume of a ball
    of that radius estimates each density; the volume of the unit ball cancels:

        w(x) = p̂_t(x) / p̂_s(x) = (n_s / n_t) · (ρ_s(x) / ρ_t(x))^d

    The width of the window follows the data by itself: narrow where there are many samples, wide where there are few.

    It fails with many features: the ratio of distances is raised to the power d, so that small errors of a distance
    become huge errors of the weight, and the cap alone holds them; it is lower than that of other ratios, for on the
    street scenes, 128 features, 10 leaves more of the accuracy than 20. Features need a common unit. A small k gives
    noisy weights, a large one blurs the ratio.

    k counts different samples: where each is there r times on average, the r k-th neighbour is taken. Above
    ``references`` samples a domain, neighbours are sought among that many random ones, and k shrinks by the same share,
    so that the window stays as wide.

    Cost: O(n_s · references · d).
    """

    title = "k-nearest-neighbour density ratio"
    summary = "Compares the distances from each source sample to its k-th nearest target and source samples."
    paper = (
        "Wang, Kulkarni and Verdú 2009, Divergence Estimation for Multidimensional Densities via k-Nearest-Neighbor "
        "Distances, IEEE Transactions on Information Theory 55"
    )
    link = "https://doi.org/10.1109/TIT.2009.2016060"
    keywords = ("density ratio",)

    class Params(Capped):
        clip: float = largest_weight(10.0)
        neighbours: int = hyper(30, ge=1, le=10_000, log=True, symbol="k", title="Neighbours")
        """Rank of the neighbour whose distance counts; larger values give smoother weights."""
        references: int = hyper(5000, ge=10, le=20_000, log=True, title="Reference samples")
        """Maximum samples per domain that are searched for neighbours; larger domains are sampled at random."""

    params: Params

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None, predictions: Predictions | None = None) -> Self:
        """Keep both domains. Raises `UserError` for tables that do not fit."""
        self._fitted, Xt = feature_pair(Xs, Xt)
        self._source, self._target = (random_rows(X, self.params.references, self.seed) for X in (self._fitted, Xt))
        self._counts = len(self._fitted), len(Xt)
        return self

    def log_weights(self, X: Rows, y: Labels | None = None) -> Rows:
        X = rows(X, "source")
        own = len(self._source) == len(self._fitted) and np.array_equal(X, self._fitted)
        log_density_s = self._log_density(X, self._source, self._counts[0], own)
        log_density_t = self._log_density(X, self._target, self._counts[1], False)
        log_ratio: Rows = log_density_t - log_density_s
        return log_ratio

    def _log_density(self, X: Rows, references: Rows, count: int, own: bool) -> Rows:
        """Compute log (k / n ρ^d), up to a constant that both domains share."""
        count_left = len(references) - own
        copies = len(references) / (1 + equal_rows(references).max())
        k = min(max(round(self.params.neighbours * copies * len(references) / count), 1), max(count_left, 1))
        if count_left == 0:
            return np.zeros(len(X))
        distance = nearest(X, references, k, skip_same=own)[0][:, -1]
        # k equal samples would have an infinite density: they get the smallest distance that any other has
        smallest = distance[distance > 0].min(initial=np.inf)
        distance = np.maximum(distance, smallest if np.isfinite(smallest) else 1.0)
        density: Rows = np.log(k / count_left) - X.shape[1] * np.log(distance)
        return density
