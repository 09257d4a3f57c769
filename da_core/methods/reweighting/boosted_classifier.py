from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from da_core.errors import UserError
from da_core.methods.base import Capped, Labels, Predictions, Reweighting, Rows
from da_core.methods.checks import feature_pair, rows
from da_core.methods.distances import equal_rows, random_order, row_keys
from da_core.params import hyper


class BoostedClassifier(Reweighting):
    r"""Density ratio by boosted trees, cross-fitted and calibrated (after Menon and Ong 2016).

    Any classifier whose probabilities can be trusted gives the ratio; this one need not be linear.

    As for the domain classifier the odds of “target” are the density ratio, but the classifier is a sum of small
    decision trees f(x), each grown on what the ones before got wrong. So log w may bend and jump, as a change of spread
    or of one cluster needs it:

        log w(x) = a f(x) + b,        (a, b) = argmax Σ log P(domain | x),        P(target | x) = σ(a f(x) + b)

    Trees learn their samples by heart and would give each its own domain. Two guards: a sample's f comes from trees
    that were grown without it and its equals (cross-fitting over folds), and a slope a and an intercept b are then
    fitted to those honest scores (Platt's calibration). If the trees have learned nothing that holds for others, a is
    about 0 and all weights about 1.

    It fails with few samples, where trees learn little that holds for others, and where the domains do not overlap: all
    the weight goes to a few samples. The weights are steps, not a smooth function.

    Above ``samples`` in a domain, that many random ones are learned from.

    Cost: O(folds · trees · samples · d).
    """

    title = "Boosted domain classifier"
    summary = "Weights source samples by the odds from a domain classifier of boosted trees, which need not be linear."
    paper = "Menon and Ong 2016, Linking Losses for Density Ratio and Class-Probability Estimation, ICML"
    link = "https://proceedings.mlr.press/v48/menon16.html"
    keywords = ("density ratio",)

    costly = "trees"

    class Params(Capped):
        trees: int = hyper(50, ge=1, le=1000, log=True, title="Trees")
        """Number of trees, grown one after another; more trees fit more closely."""
        learning_rate: float = hyper(0.1, ge=0.001, le=1, log=True, title="Learning rate")
        """Contribution of each tree; smaller values need more trees."""
        leaves: int = hyper(8, ge=2, le=256, log=True, title="Leaves")
        """Maximum leaves per tree; more leaves fit finer detail."""
        folds: int = hyper(3, ge=2, le=10, title="Folds")
        """Each fold's samples are scored by trees grown on the other folds."""
        samples: int = hyper(2000, ge=10, le=100_000, log=True, title="Training samples per domain")
        """Maximum samples per domain that the classifier learns from; larger domains are sampled at random."""

    params: Params

    def seconds(self, n_s: int, n_t: int, d: int) -> float:
        learned = min(n_s, self.params.samples) + min(n_t, self.params.samples)
        return float(1e-8 * self.params.trees * self.params.folds * learned * d)

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None, predictions: Predictions | None = None) -> Self:
        """Grow the trees of all folds and calibrate them.

        Raises `UserError` for tables that do not fit and where a domain has fewer samples than there are folds.
        """
        from sklearn.linear_model import LogisticRegression

        Xs, Xt = feature_pair(Xs, Xt)
        most, folds = self.params.samples, self.params.folds
        if min(len(Xs), len(Xt)) < folds:
            raise UserError(
                "{of} needs at least {count} samples in each domain, one per fold; add samples or choose another "
                "method.",
                of=self.title,
                count=folds,
            )
        some_s, some_t = (X[random_order(X, self.seed)[:most]] for X in (Xs, Xt))
        X, is_target = np.concatenate([some_s, some_t]), np.repeat([0, 1], [len(some_s), len(some_t)])
        fold = equal_rows(X) % folds
        self._grown = [self._grow(X[fold != k], is_target[fold != k]) for k in range(folds)]
        scores = np.empty(len(X))
        for k, score in enumerate(self._grown):
            if (fold == k).any():
                scores[fold == k] = score(X[fold == k])
        # which trees did not see a row: those of its own fold; none of them saw what was not drawn
        self._fold_of = dict(zip(row_keys(X), fold.tolist(), strict=True))
        calibration = LogisticRegression(C=1e6, class_weight="balanced").fit(scores[:, None], is_target)
        # a slope below 0 says that the scores are worse than none
        self._slope = max(float(calibration.coef_[0, 0]), 0.0)
        return self

    def log_weights(self, X: Rows, y: Labels | None = None) -> Rows:
        X = rows(X, "source")
        scores: Rows = np.stack([score(X) for score in self._grown])
        mean: Rows = scores.mean(axis=0)
        fold = np.array([self._fold_of.get(key, -1) for key in row_keys(X)])
        mean = np.where(fold < 0, mean, scores[fold, np.arange(len(X))])
        return self._slope * mean  # the intercept is the same for all

    def _grow(self, X: Rows, is_target: NDArray[np.int64]) -> Any:
        """The score f of trees grown on X; 0 where only one domain is there."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        if len(np.unique(is_target)) < 2:
            return lambda X: np.zeros(len(X))
        p = self.params
        # domains of unlike sizes only add a constant to f, which the calibration takes out; with weights for them
        # scikit-learn would look for the bins of every feature many times as long as it grows the trees
        trees = HistGradientBoostingClassifier(
            max_iter=p.trees,
            learning_rate=p.learning_rate,
            max_leaf_nodes=p.leaves,
            early_stopping=False,
            max_bins=64,
            random_state=self.seed,
        )
        return trees.fit(X, is_target).decision_function
