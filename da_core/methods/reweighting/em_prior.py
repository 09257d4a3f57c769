from __future__ import annotations

from typing import Self

import numpy as np

from da_core.methods.base import CappedClasses, ClassBalance, Labels, Predictions, Rows
from da_core.methods.checks import finite_predictions
from da_core.params import hyper

TOLERANCE = 1e-9
MOST_ROUNDS = 2000


class EMPrior(ClassBalance):
    r"""Class proportions by expectation maximisation (Saerens, Latinne and Decaestecker 2002).

    Under label shift p(x | y) stays, so a posterior learned on the source becomes one for the target by exchanging the
    class proportions. But the target's are unknown; they are the mean of its posteriors. Each is computed from the
    other in turn, from q = p_s on:

        P_t(y | x_j) ∝ q_y / p_s(y) · P_s(y | x_j),        q_y ← 1/n_t Σ_j P_t(y | x_j),        w_y = q_y / p_s(y)

    These are the steps of expectation maximisation: the likelihood of the target samples grows in each, and since it is
    concave in q they end at its maximum.

    The posteriors must be honest probabilities, and networks are too sure of themselves. So they are calibrated first
    on source samples that the model was not fitted on: P ∝ P^(1/T) with the temperature T under which their labels are
    most likely (temperature scaling; Alexandari, Kundaje and Shrikumar 2020 show how much it matters here).

    It fails where the shift is not a label shift, and where the posteriors are wrong in another way than by being too
    sure or too unsure.

    Cost: O(n_t c) a round, whatever the features.
    """

    title = "EM class prior"
    summary = "Finds the target's class proportions by correcting the model's probabilities with them, over and over."
    paper = (
        "Saerens, Latinne and Decaestecker 2002, Adjusting the Outputs of a Classifier to New a Priori Probabilities: "
        "A Simple Procedure, Neural Computation 14"
    )
    link = "https://doi.org/10.1162/089976602753284446"

    class Params(CappedClasses):
        calibrate: bool = hyper(
            True,
            title="Calibrate first",
            help="Make the model's probabilities as sure as they are right, by one temperature, before using them.",
        )

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None, predictions: Predictions | None = None) -> Self:
        """Find the class weights; the features are not looked at. Raises `UserError` without ``predictions``."""
        predictions = finite_predictions(predictions, self.title)
        count = predictions.Ps.shape[1]
        share = np.bincount(predictions.ys, minlength=count) / len(predictions.ys)
        seen = share > 0
        T = temperature(predictions) if self.params.calibrate else 1.0
        odds = tempered(predictions.Pt, T)[:, seen] / share[seen]
        q = share[seen]
        for _ in range(MOST_ROUNDS):
            posterior = odds * q
            posterior /= posterior.sum(axis=1, keepdims=True)
            before, q = q, posterior.mean(axis=0)
            if np.abs(q - before).max() < TOLERANCE:
                break
        self.proportions, self.of_class = np.zeros(count), np.zeros(count)
        self.proportions[seen], self.of_class[seen] = q, q / share[seen]
        return self


def tempered(P: Rows, T: float) -> Rows:
    """(n, c) probabilities P^(1/T), made to sum to 1 again; none is 0."""
    logs = np.log(np.maximum(P, 1e-12)) / T
    powers = np.exp(logs - logs.max(axis=1, keepdims=True))
    probabilities: Rows = powers / powers.sum(axis=1, keepdims=True)
    return probabilities


def temperature(predictions: Predictions) -> float:
    """The T, from 0.05 to 20, under which the source labels are most likely. Guo et al. 2017."""
    from scipy.optimize import minimize_scalar

    own = np.arange(len(predictions.ys)), predictions.ys

    def surprise(log_T: float) -> float:
        return -float(np.log(np.maximum(tempered(predictions.Ps, np.exp(log_T))[own], 1e-300)).mean())

    return float(np.exp(minimize_scalar(surprise, bounds=(-3, 3), method="bounded").x))
