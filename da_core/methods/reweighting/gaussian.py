from __future__ import annotations

from typing import Self

import numpy as np

from da_core.methods.base import Capped, Labels, Predictions, Reweighting, Rows
from da_core.methods.checks import feature_pair, rows
from da_core.methods.distances import covariance
from da_core.params import hyper


class Gaussian(Reweighting):
    r"""Density ratio of two normal distributions, for covariate shift as in Shimodaira 2000.

    Shimodaira weights the log-likelihood of each training sample by the ratio of the densities. Here each density is a
    normal distribution with the domain's own mean m and covariance C:

        log w(x) = log N(x; m_t, C_t) − log N(x; m_s, C_s)
                 = ½ (x − m_s)ᵀ C_s⁻¹ (x − m_s) − ½ (x − m_t)ᵀ C_t⁻¹ (x − m_t) + constant

    Both covariances are shrunk towards a multiple of the identity, C ← (1 − γ) C + γ v I with v the mean variance of
    a feature over both domains, so that they have an inverse also with more features than samples.

    It fails where the domains are not one hump each: for two clusters the ratio is high between them, where there are
    no samples at all. If the target is wider than the source, w grows without bound away from the source's mean. With
    many features small errors of the covariances add up and a few samples get all the weight.

    Cost: O((n_s + n_t) d² + d³).
    """

    title = "Gaussian ratio"
    summary = (
        "Fits one normal distribution to each domain and weights source samples by the ratio of the two densities."
    )
    paper = (
        "Shimodaira 2000, Improving Predictive Inference Under Covariate Shift by Weighting the Log-likelihood "
        "Function, Journal of Statistical Planning and Inference 90"
    )
    draws = False
    link = "https://doi.org/10.1016/S0378-3758(00)00115-4"
    keywords = ("density ratio",)

    class Params(Capped):
        shrinkage: float = hyper(0.01, ge=0, le=1, step=0.01, symbol="γ", title="Shrinkage")
        """Larger values pull both covariances further towards a sphere; for many features and few samples."""

    params: Params

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None, predictions: Predictions | None = None) -> Self:
        """Fit both normal distributions. Raises `UserError` for tables that do not fit."""
        Xs, Xt = feature_pair(Xs, Xt)
        Cs, Ct = covariance(Xs), covariance(Xt)
        variance = (np.trace(Cs) + np.trace(Ct)) / (2 * len(Cs))
        self._source, self._target = (
            (X.mean(axis=0), self._inverse_root(C, variance)) for X, C in ((Xs, Cs), (Xt, Ct))
        )
        return self

    def log_weights(self, X: Rows, y: Labels | None = None) -> Rows:
        # the determinants are the same for all samples
        far_from_source, far_from_target = (
            np.square((rows(X, "source") - mean) @ root).sum(axis=1) for mean, root in (self._source, self._target)
        )
        log_ratio: Rows = (far_from_source - far_from_target) / 2
        return log_ratio

    def _inverse_root(self, C: Rows, variance: float) -> Rows:
        """(d, d) matrix R with RRᵀ = C⁻¹, after shrinking."""
        shrinkage = self.params.shrinkage
        values, vectors = np.linalg.eigh((1 - shrinkage) * C + shrinkage * variance * np.eye(len(C)))
        # without shrinkage a covariance need not have an inverse: a direction without spread gets a tiny one
        root: Rows = vectors / np.sqrt(np.maximum(values, 1e-12 * variance if variance > 0 else 1.0))
        return root
