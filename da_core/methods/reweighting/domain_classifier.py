from __future__ import annotations

from typing import Self

import numpy as np

from da_core.methods.base import Capped, Labels, Predictions, Reweighting, Rows
from da_core.methods.checks import feature_pair, rows
from da_core.params import hyper


class DomainClassifier(Reweighting):
    r"""Density ratio by a domain classifier (Bickel, Brückner and Scheffer 2009, section 3).

    A logistic regression learns to tell target from source. By Bayes' rule its odds are the density ratio that turns
    an average over the source into one over the target:

        w(x) = p_t(x) / p_s(x) = P(target | x) / P(source | x) · n_s / n_t

    The logarithm of the odds is the classifier's linear score, so weights are made in log space and cannot overflow.
    Features are standardised for the classifier only, so that one C suits features of any scale.

    It fails where the domains do not overlap: a classifier that is never wrong gives all the weight to a few samples.
    The cap bounds how much one sample may count, and the effective sample size tells how many are left. A linear score
    also makes log w linear in the features; a change of spread alone is beyond it.

    Cost: O((n_s + n_t) d) an iteration, some tens of iterations.
    """

    title = "Domain classifier"
    summary = "Weights each source sample by the odds that a domain classifier takes it for a target sample."
    paper = "Bickel, Brückner and Scheffer 2009, Discriminative Learning Under Covariate Shift, JMLR 10"

    class Params(Capped):
        C: float = hyper(
            1.0,
            ge=1e-6,
            le=1e6,
            log=True,
            symbol="C",
            title="Inverse regularisation",
            help="How freely the domain classifier fits; smaller values pull all weights towards 1.",
        )
        clip: float = hyper(
            50.0, ge=1, le=1e6, log=True, title="Largest weight", help="No sample counts more than this many samples."
        )

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None, predictions: Predictions | None = None) -> Self:
        """Fit the domain classifier. Raises `UserError` for tables that do not fit."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        Xs, Xt = feature_pair(Xs, Xt)
        is_target = np.repeat([0, 1], [len(Xs), len(Xt)])
        self._classifier = make_pipeline(
            StandardScaler(), LogisticRegression(C=self.params.C, tol=1e-8, max_iter=10_000)
        ).fit(np.concatenate([Xs, Xt]), is_target)
        return self

    def log_weights(self, X: Rows, y: Labels | None = None) -> Rows:
        # n_s / n_t is one factor for all, and the weights are made mean 1
        log_odds: Rows = self._classifier.decision_function(rows(X, "source"))
        return log_odds
