from __future__ import annotations

import numpy as np

from da_core import params
from da_core.methods.base import FeatureAlignment, Labels, Rows
from da_core.methods.checks import feature_pair, rows
from da_core.methods.distances import covariance
from da_core.params import hyper


class CORAL(FeatureAlignment):
    r"""Correlation alignment (Sun, Feng and Saenko 2016, algorithm 1).

    Whiten the source features, then colour them again with the target's covariance:

        x_s → x_s C_s^(−1/2) C_t^(1/2),        C = covariance + λI  (population covariance, divided by n)

    Of all linear maps this one moves the source's covariance onto the target's (section 3.2); at λ = 0 they end equal.
    λ keeps directions in which the source hardly varies from being blown up.

    The paper takes features that were standardised beforehand, so their means are zero. A network's features are not:
    after a ReLU every mean is positive, and a change of light moves the means most of all. So the domains are centred
    by default: the source loses its own mean and takes the target's, x_s → (x_s − m_s) C_s^(−1/2) C_t^(1/2) + m_t. Up
    to one common translation this is the same as centring each domain at zero. The target stays as it is.

    It fails where the domains differ by more than mean and covariance, above all where class proportions differ: those
    move the mean and covariance too, and matching them moves the classes apart. With few samples and many features
    the covariances are noise; raise λ.

    Cost: O((n_s + n_t) d² + d³), exact at any size.
    """

    title = "CORAL"
    summary = "Gives the source features the target's mean and covariance, by one linear map."
    paper = "Sun, Feng and Saenko 2016, Return of Frustratingly Easy Domain Adaptation, AAAI"
    link = "https://arxiv.org/abs/1511.05547"
    keywords = ("moment matching",)
    start_here = True

    class Params(params.Params):
        regularisation: float = hyper(1.0, ge=1e-9, le=1e6, log=True, symbol="λ", title="Regularisation")
        """Added to the diagonal of both covariances."""
        center: bool = hyper(True, title="Centre the domains")
        """Also moves the source's mean onto the target's; otherwise only the covariances are matched."""

    params: Params

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None) -> CORAL:
        """Learn the map from source (n_s, d) and target (n_t, d). Raises `UserError` for tables that do not fit."""
        Xs, Xt = feature_pair(Xs, Xt)
        ridge = self.params.regularisation * np.eye(Xs.shape[1])
        Cs, Ct = covariance(Xs) + ridge, covariance(Xt) + ridge
        self._map = _power(Cs, -0.5) @ _power(Ct, 0.5)
        self._from = Xs.mean(axis=0) if self.params.center else 0.0
        self._to = Xt.mean(axis=0) if self.params.center else 0.0
        return self

    def map_source(self, Xs: Rows) -> Rows:
        mapped: Rows = (rows(Xs, "source") - self._from) @ self._map + self._to
        return mapped


def _power(C: Rows, exponent: float) -> Rows:
    """A symmetric positive definite matrix to a real power, through its eigenvalues."""
    values, vectors = np.linalg.eigh(C)
    # rounding can leave an eigenvalue of a rank-deficient covariance below zero when λ is tiny
    values = np.maximum(values, np.finfo(np.float64).eps * values[-1])
    power: Rows = (vectors * values**exponent) @ vectors.T
    return power
