"""Estimate the target's class shares though its features may have moved, without its labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from da_core.methods.reweighting.em_prior import bias_corrected_temperature, tempered

Rows = NDArray[np.floating[Any]]
Labels = NDArray[np.int64]

_FOLDS = 3
_ROUNDS = 30
_EM_ROUNDS = 50
_RESAMPLES = 60


@dataclass(frozen=True)
class ClassShares:
    """Shares of the classes (c,): in the source, and estimated for the target in two ways.

    ``in_place`` takes features as they are (right if only shares changed), ``rescaled`` lets each column change its
    zero point and scale as well. ``low`` and ``high`` (c,) bound ``rescaled`` by resampling the target (95 %,
    approximate: the error of the classifier is not in it).
    """

    source: Rows
    in_place: Rows
    rescaled: Rows
    low: Rows
    high: Rows

    @property
    def change(self) -> float:
        """Return how far the rescaled shares lie from the source's: total variation, 0 to 1."""
        return total_variation(self.rescaled, self.source)

    @property
    def disagreement(self) -> float:
        """Return how much farther from the source's one estimate lies than the other."""
        return abs(total_variation(self.in_place, self.source) - self.change)


def total_variation(p: Rows, q: Rows) -> float:
    """Return half the summed differences of two distributions (c,).

    >>> total_variation(np.array([0.5, 0.5]), np.array([0.9, 0.1]))
    0.4
    """
    return float(np.abs(p - q).sum() / 2)


def estimate_class_shares(Fs: Rows, ys: Labels, Ft: Rows, count: int) -> ClassShares | None:
    """Estimate the class shares of target rows Ft (n_t, d) from source rows Fs (n_s, d) with classes ys (n_s,).

    A logistic regression of the source, calibrated by BCTS, predicts the target; expectation maximisation (Saerens,
    Latinne and Decaestecker 2002) turns predictions into shares. For ``rescaled`` the target is given the columns'
    means and deviations that the source would have with the estimated shares, and both are repeated until they agree.
    None where a class has too few source samples.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    counts = np.bincount(ys, minlength=count)
    if counts.min() < _FOLDS:
        return None
    mean, deviation = Fs.mean(axis=0), _positive(Fs.std(axis=0))
    Fs, Ft = (Fs - mean) / deviation, (Ft - mean) / deviation
    source = counts / len(ys)
    classifier = LogisticRegression(max_iter=300)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    T, bias = bias_corrected_temperature(cross_val_predict(classifier, Fs, ys, cv=folds, method="predict_proba"), ys)
    classifier.fit(Fs, ys)

    def odds(F: Rows) -> Rows:
        return tempered(classifier.predict_proba(F), T, bias) / source

    in_place = _shares(odds(Ft), source)
    standard = (Ft - Ft.mean(axis=0)) / _positive(Ft.std(axis=0))
    rescaled: Rows = source
    for _ in range(_ROUNDS):
        weights = (rescaled / source)[ys]
        weights = weights / weights.sum()
        centre = weights @ Fs
        ratio = odds(standard * np.sqrt(weights @ (Fs - centre) ** 2) + centre)
        found = _shares(ratio, rescaled)
        settled = np.abs(found - rescaled).max() < 1e-4
        rescaled = (rescaled + found) / 2
        if settled:
            break
    rng = np.random.default_rng(0)
    drawn = [_shares(ratio[rng.integers(len(ratio), size=len(ratio))], rescaled) for _ in range(_RESAMPLES)]
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    return ClassShares(source, in_place, rescaled, low, high)


def _shares(odds: Rows, start: Rows) -> Rows:
    """Find the shares under which the rows with these ratios p(y | x) / p(y) (n, c) are most likely."""
    shares = start
    for _ in range(_EM_ROUNDS):
        posterior = odds * shares
        shares = (posterior / posterior.sum(axis=1, keepdims=True)).mean(axis=0)
    return shares


def _positive(deviation: Rows) -> Rows:
    return np.where(deviation > 0, deviation, 1.0)
