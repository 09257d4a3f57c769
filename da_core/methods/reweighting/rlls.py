from __future__ import annotations

from typing import Self

import numpy as np

from da_core.methods.base import CappedClasses, ClassBalance, Labels, Predictions, Rows
from da_core.methods.checks import finite_predictions
from da_core.methods.reweighting.shared.class_proportions import PREDICTIONS, Counting, counted
from da_core.params import hyper


class RLLS(ClassBalance):
    r"""Regularised learning under label shift (Azizzadenesheli, Liu, Yang and Anandkumar 2019).

    As BBSE it reads the class weights from how the model's predictions are spread. But instead of the weights it solves
    for their distance θ = w − 1 from “nothing changed” and holds that small, so that few samples or a model that
    confuses classes give weights near 1 and not wild ones:

        min_θ  ‖Ĉθ − b̂‖ + Δ ‖θ‖,    b̂ = μ̂_t − μ̂_s,    w = 1 + γθ,    θ ≥ −1
        Ĉ_ij = P_source(f(x) = i, y = j),    μ̂ = P(f(x) = i) in each domain
        Δ = ρ · 3 (2 log(2c/δ) / 3m + √(2 log(2c/δ) / m)),    δ = .05

    m is the number of source predictions; Δ bounds the error of Ĉ and is scaled by ρ, .01 in the authors' experiments.

    Neither norm is squared, so that ρ is a switch rather than a dial: nearly always θ is either what BBSE finds or
    exactly 0. Where it turns depends on the numbers of classes and samples: with 10 classes and 600 samples ρ = .2
    hides a real shift, with 3 classes it changes nothing. So the default is the authors', and at it this is BBSE with a
    safeguard: the same accuracy to the digit on the street scenes, tamer weights where classes can hardly be told apart
    and samples are few (10 classes, 150 samples: an error of .7 where BBSE has 1.0).

    It fails where the shift is not a label shift, as BBSE does: changed mistakes are read as changed proportions. A
    large Δ hides a real shift.

    Cost: O((m + n_t) c + c³), whatever the features.
    """

    title = "RLLS"
    summary = "BBSE with a safeguard: if the predictions say too little, the class weights stay near 1."
    paper = (
        "Azizzadenesheli, Liu, Yang and Anandkumar 2019, Regularized Learning for Domain Adaptation under Label "
        "Shifts, ICLR"
    )
    link = "https://arxiv.org/abs/1903.09734"

    class Params(CappedClasses):
        predictions: Counting = PREDICTIONS
        scale: float = hyper(0.01, ge=0, le=10, step=0.01, symbol="ρ", title="Regularisation")
        """Scales the noise bound that holds the weights near 1. It works like a switch: 0.01 gives mostly BBSE's
        weights, a few tenths make all weights 1."""
        trust: float = hyper(1.0, ge=0, le=1, step=0.05, symbol="γ", title="Trust")
        """Share of the estimated change that is applied; 0 leaves all weights at 1."""

    params: Params

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None, predictions: Predictions | None = None) -> Self:
        """Find the class weights; the features are not looked at. Raises `UserError` without ``predictions``."""
        predictions = finite_predictions(predictions, self.title)
        source, target = (counted(P, self.params.predictions) for P in (predictions.Ps, predictions.Pt))
        m, c = source.shape
        C = source.T @ np.eye(c)[predictions.ys] / m
        b = target.mean(axis=0) - source.mean(axis=0)
        log = np.log(2 * c / 0.05)
        delta = self.params.scale * 3 * (2 * log / (3 * m) + np.sqrt(2 * log / m))
        self.of_class = 1 + self.params.trust * least_change(C, b, delta)
        return self


def least_change(C: Rows, b: Rows, delta: float) -> Rows:
    """(c,) θ ≥ −1 that minimises ‖Cθ − b‖ + Δ‖θ‖.

    Its optimum is also that of the squared ‖Cθ − b‖² + λ‖θ‖² for one λ, which is sought.

    >>> least_change(np.eye(2), np.zeros(2), delta=0.1).round(3)
    array([0., 0.])
    """
    from scipy.optimize import minimize_scalar, nnls

    count = len(b)

    def ridge(log_lambda: float) -> Rows:
        root = np.exp(log_lambda / 2)
        # w = 1 + θ ≥ 0
        w = nnls(np.vstack([C, root * np.eye(count)]), np.concatenate([C.sum(axis=1) + b, np.full(count, root)]))[0]
        theta: Rows = w - 1
        return theta

    def objective(theta: Rows) -> float:
        return float(np.linalg.norm(C @ theta - b) + delta * np.linalg.norm(theta))

    bounds = (-40.0, 10.0)
    optimum = minimize_scalar(lambda x: objective(ridge(x)), bounds=bounds, method="bounded", options={"xatol": 1e-6})
    candidates = [np.zeros(count), ridge(optimum.x), ridge(bounds[0])]
    return min(candidates, key=objective)
