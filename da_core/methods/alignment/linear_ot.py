from __future__ import annotations

import numpy as np

from da_core import params
from da_core.methods.alignment.shared.kernels import power
from da_core.methods.base import FeatureAlignment, Labels, Rows
from da_core.methods.checks import feature_pair, rows
from da_core.methods.distances import covariance
from da_core.params import hyper


class LinearOT(FeatureAlignment):
    r"""Linear optimal transport: the Monge map between two Gaussians (Flamary, Lounici and Ferrari 2019).

    Of all maps that turn one Gaussian into another this one moves the samples least, in mean squared distance:

        x_s → m_t + A (x_s − m_s),        A = C_s^(−½) (C_s^½ C_t C_s^½)^½ C_s^(−½),        C = covariance + λI

    A is symmetric and positive definite, and A C_s A = C_t: means and covariances end equal, as with CORAL, but CORAL's
    map also turns the features about, this one only stretches them along perpendicular axes. The map is fitted on
    means and covariances alone, so it is right for any pair of distributions that such a map links, not only for
    Gaussians. Covariances are divided by n.

    λ keeps a direction in which the source does not vary from being stretched without bound. 1e-8, the customary value,
    suits a table of measurements; network features have units that are almost always off, so the default is larger.

    It fails where the classes' proportions differ (that moves mean and covariance too), where the domains differ by
    more than mean and covariance, and where the shift is a large rotation: the shortest way is then another map.

    Cost: O((n_s + n_t) d² + d³), exact at any size.
    """

    title = "Linear optimal transport"
    summary = "Gives the source the target's mean and covariance by the linear map that moves samples least."
    paper = (
        "Flamary, Lounici and Ferrari 2019, Concentration Bounds for Linear Monge Mapping Estimation and Optimal "
        "Transport Domain Adaptation, arXiv:1905.10155"
    )
    link = "https://arxiv.org/abs/1905.10155"
    keywords = ("moment matching",)

    class Params(params.Params):
        regularisation: float = hyper(1e-3, ge=1e-12, le=1e6, log=True, symbol="λ", title="Regularisation")
        """Added to the diagonal of both covariances."""

    params: Params

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None) -> LinearOT:
        """Learn the map from source (n_s, d) and target (n_t, d). Raises `UserError` for tables that do not fit."""
        Xs, Xt = feature_pair(Xs, Xt)
        ridge = self.params.regularisation * np.eye(Xs.shape[1])
        Cs, Ct = covariance(Xs) + ridge, covariance(Xt) + ridge
        root, inverse_root = power(Cs, 0.5), power(Cs, -0.5)
        self._A = inverse_root @ power(root @ Ct @ root, 0.5) @ inverse_root
        self._from, self._to = Xs.mean(axis=0), Xt.mean(axis=0)
        return self

    def map_source(self, Xs: Rows) -> Rows:
        mapped: Rows = self._to + (rows(Xs, "source") - self._from) @ self._A
        return mapped
