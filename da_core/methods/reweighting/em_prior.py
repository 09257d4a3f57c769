from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from pydantic import model_validator

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
    on source samples that the model was not fitted on, by what makes their labels most likely: one temperature T
    (temperature scaling, Guo et al. 2017), and a bias for each class as well (bias-corrected temperature scaling, BCTS;
    Alexandari, Kundaje and Shrikumar 2020, section 3.2):

        P(y | x) ∝ exp(log P(y | x) / T + b_y)

    A temperature alone leaves a model that favours some class as it is, and the rounds of EM then take the favour for
    a share. With BCTS the mean of the source's posteriors are the source's proportions, as the formula above assumes;
    that paper finds EM with it ahead of BBSE and RLLS wherever proportions change much.

    It fails where the shift is not a label shift, and where the posteriors are wrong in another way than by being too
    sure or by favouring classes.

    Cost: O(n_t c) a round, whatever the features.
    """

    title = "EM class prior"
    summary = "Estimates the target's class proportions by repeatedly correcting the model's probabilities with them."
    paper = (
        "Saerens, Latinne and Decaestecker 2002, Adjusting the Outputs of a Classifier to New a Priori Probabilities: "
        "A Simple Procedure, Neural Computation 14"
    )
    link = "https://doi.org/10.1162/089976602753284446"

    class Params(CappedClasses):
        calibration: Literal["none", "temperature", "bcts"] = hyper("bcts", title="Calibration")
        """Matches the confidence of the model's probabilities to their accuracy first: by a temperature, or by a
        temperature and a bias per class (BCTS)."""

        @model_validator(mode="before")
        @classmethod
        def _read_earlier_switch(cls, values: Any) -> Any:
            """Read experiments from when there was one temperature or none, switched by ``calibrate``."""
            if not isinstance(values, dict) or "calibrate" not in values:
                return values
            off = str(values["calibrate"]).lower() in ("false", "0", "off", "no")
            kept = {name: value for name, value in values.items() if name != "calibrate"}
            return {"calibration": "none" if off else "temperature"} | kept

    params: Params

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None, predictions: Predictions | None = None) -> Self:
        """Find the class weights; the features are not looked at. Raises `UserError` without ``predictions``."""
        predictions = finite_predictions(predictions, self.title)
        count = predictions.Ps.shape[1]
        share = np.bincount(predictions.ys, minlength=count) / len(predictions.ys)
        seen = share > 0
        T, bias = self._calibration(predictions.Ps[:, seen], np.searchsorted(np.flatnonzero(seen), predictions.ys))
        odds = tempered(predictions.Pt[:, seen], T, bias) / share[seen]
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

    def _calibration(self, Ps: Rows, ys: Labels) -> tuple[float, Rows]:
        none = 1.0, np.zeros(Ps.shape[1])
        match self.params.calibration:
            case "temperature":
                return temperature(Ps, ys), none[1]
            case "bcts":
                return bias_corrected_temperature(Ps, ys)
            case _:
                return none


def tempered(P: Rows, T: float, bias: Rows | float = 0.0) -> Rows:
    """Compute (n, c) probabilities exp(log P / T + b), made to sum to 1 again; ``bias`` (c,).

    >>> tempered(np.array([[0.8, 0.2]]), T=2.0).round(3)
    array([[0.667, 0.333]])
    """
    logs = np.log(np.maximum(P, 1e-12)) / T + bias
    powers = np.exp(logs - logs.max(axis=1, keepdims=True))
    probabilities: Rows = powers / powers.sum(axis=1, keepdims=True)
    return probabilities


def temperature(P: Rows, y: Labels) -> float:
    """Find the T, from 0.05 to 20, under which the labels (n,) are most likely by probabilities (n, c).

    Guo et al. 2017.

    >>> P = np.array([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.1, 0.9]])
    >>> temperature(P, np.array([0, 1, 1, 0])) > 5  # right half of the time, and sure
    True
    """
    from scipy.optimize import minimize_scalar

    own = np.arange(len(y)), y

    def surprise(log_T: float) -> float:
        return -float(np.log(np.maximum(tempered(P, np.exp(log_T))[own], 1e-300)).mean())

    return float(np.exp(minimize_scalar(surprise, bounds=(-3, 3), method="bounded").x))


def bias_corrected_temperature(P: Rows, y: Labels) -> tuple[float, Rows]:
    """Find T, from 0.05 to 20, and the bias (c,) under which the labels (n,) are most likely by probabilities (n, c).

    Each class must have a label. Alexandari, Kundaje and Shrikumar 2020, section 3.2.

    >>> P = np.array([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.1, 0.9]])
    >>> T, bias = bias_corrected_temperature(P, np.array([0, 1, 1, 0]))
    >>> T > 5, bias.shape
    (True, (2,))
    """
    from scipy.optimize import minimize

    logs, one_hot = np.log(np.maximum(P, 1e-12)), np.eye(P.shape[1])[y]

    def surprise(at: Rows) -> tuple[float, Rows]:
        T = np.exp(at[0])
        calibrated = tempered(P, T, at[1:])
        excess = (calibrated - one_hot) / len(y)
        slope = np.concatenate([[-(excess * logs / T).sum()], excess.sum(axis=0)])
        return -float(np.log(np.maximum((calibrated * one_hot).sum(axis=1), 1e-300)).mean()), slope

    start = np.concatenate([[np.log(temperature(P, y))], np.zeros(P.shape[1])])
    bounds = [(-3.0, 3.0)] + [(-20.0, 20.0)] * P.shape[1]
    optimum = minimize(surprise, start, jac=True, bounds=bounds, method="L-BFGS-B").x
    return float(np.exp(optimum[0])), optimum[1:] - optimum[1:].mean()
