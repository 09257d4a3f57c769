from __future__ import annotations

from typing import Literal, Self

import numpy as np

from da_core.methods.base import Capped, Labels, Predictions, Reweighting, Rows
from da_core.methods.checks import feature_pair, rows
from da_core.methods.distances import median_distance, nystrom, random_rows
from da_core.params import hyper


class DomainClassifier(Reweighting):
    r"""Density ratio by a domain classifier (Bickel, Brückner and Scheffer 2009, section 3).

    A logistic regression learns to tell target from source. By Bayes' rule its odds are the density ratio that turns
    an average over the source into one over the target:

        w(x) = p_t(x) / p_s(x) = P(target | x) / P(source | x) · n_s / n_t

    The logarithm of the odds is the classifier's score, so weights are made in log space and cannot overflow. The score
    is linear in the features φ(x) of a Gaussian kernel (the paper's kernel form), approximated from m landmarks, so
    that log w may be any smooth function. With the linear kernel log w is linear in x itself: steadier with few
    samples, but a change of spread alone is beyond it. Features are standardised for the classifier only, so that one
    C suits features of any scale; the kernel's width is the median distance.

    It fails where the domains do not overlap: a classifier that is never wrong gives all the weight to a few samples.
    The cap bounds how much one sample may count, and the effective sample size tells how many are left.

    Cost: O((n_s + n_t) m (d + m)), with the linear kernel O((n_s + n_t) d) for each of some tens of iterations.
    """

    title = "Domain classifier"
    summary = "Weights each source sample by the odds that a domain classifier takes it for a target sample."
    paper = "Bickel, Brückner and Scheffer 2009, Discriminative Learning Under Covariate Shift, JMLR 10"
    link = "https://www.jmlr.org/papers/v10/bickel09a.html"
    keywords = ("density ratio",)
    start_here = True

    class Params(Capped):
        kernel: Literal["rbf", "linear"] = hyper("rbf", title="Kernel")
        """Gaussian kernel for any smooth ratio, or linear kernel for a log-linear one."""
        landmarks: int = hyper(100, ge=5, le=2000, log=True, symbol="m", title="Landmarks")
        """Number of samples that carry the Gaussian kernel."""
        C: float = hyper(1.0, ge=1e-6, le=1e6, log=True, symbol="C", title="Inverse regularisation")
        """Larger values let the domain classifier fit more freely; smaller ones pull all weights towards 1."""

    params: Params

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None, predictions: Predictions | None = None) -> Self:
        """Fit the domain classifier. Raises `UserError` for tables that do not fit."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.preprocessing import StandardScaler

        Xs, Xt = feature_pair(Xs, Xt)
        X, is_target = np.concatenate([Xs, Xt]), np.repeat([0, 1], [len(Xs), len(Xt)])
        self._scaler = StandardScaler().fit(X)
        if self.params.kernel == "rbf":
            Z = self._scaler.transform(X)
            self._sigma = median_distance(Z[: len(Xs)], Z[len(Xs) :], self.seed)
            self._landmarks = random_rows(Z, self.params.landmarks, self.seed)
        self._classifier = LogisticRegression(C=self.params.C, tol=1e-8, max_iter=10_000).fit(self._phi(X), is_target)
        return self

    def log_weights(self, X: Rows, y: Labels | None = None) -> Rows:
        # n_s / n_t is one factor for all, and the weights are made mean 1
        log_odds: Rows = self._classifier.decision_function(self._phi(rows(X, "source")))
        return log_odds

    def _phi(self, X: Rows) -> Rows:
        Z: Rows = self._scaler.transform(X)
        return nystrom(Z, self._landmarks, self._sigma) if self.params.kernel == "rbf" else Z
