from __future__ import annotations

from typing import Literal

import numpy as np

from da_core import params
from da_core.methods.base import FeatureAlignment, Labels, Rows
from da_core.methods.checks import feature_pair, rows
from da_core.params import hyper


class DomainScaling(FeatureAlignment):
    r"""Per-domain scaling: each domain's columns by their own mean and deviation (Nam, Pan and Kim 2013, option N2).

        x_s → (x_s − m_s) / d_s,        x_t → (x_t − m_t) / d_t

    m and d are the mean and the standard deviation of a column in one domain (population deviation, divided by n).
    Afterwards every column has mean 0 and deviation 1 in both domains, so a change of zero point, unit or gain is
    gone. It is CORAL with a diagonal covariance and no regularisation, up to a common scale.

    The robust form takes the median for m and the interquartile range / 1.349 for d, which is the deviation of a
    Gaussian: a few far outliers move neither. A column that does not vary in a domain becomes 0 there.

    It fails where class proportions differ: they move the means too, and equal means then put one class on another.
    It cannot undo a change that mixes columns, such as a rotation.

    Cost: O((n_s + n_t) d), the cheapest of all methods; the robust form sorts, O((n_s + n_t) d log n).
    """

    title = "Per-domain scaling"
    summary = "Scales each domain's columns to mean 0 and deviation 1: the simplest alignment of all."
    paper = "Nam, Pan and Kim 2013, Transfer Defect Learning, ICSE"
    link = "https://doi.org/10.1109/ICSE.2013.6606584"
    keywords = ("moment matching", "standardisation", "normalisation")
    start_here = True

    class Params(params.Params):
        statistics: Literal["moments", "robust"] = hyper("moments", title="Statistics")
        """Moments: mean and standard deviation. Robust: median and interquartile range, which outliers do not move."""

    params: Params

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None) -> DomainScaling:
        """Measure source (n_s, d) and target (n_t, d). Raises `UserError` for tables that do not fit."""
        Xs, Xt = feature_pair(Xs, Xt)
        measure = _moments if self.params.statistics == "moments" else _quartiles
        (self._ms, self._ds), (self._mt, self._dt) = measure(Xs), measure(Xt)
        return self

    def map_source(self, Xs: Rows) -> Rows:
        scaled: Rows = (rows(Xs, "source") - self._ms) / self._ds
        return scaled

    def project(self, X: Rows) -> Rows:
        scaled: Rows = (X - self._mt) / self._dt
        return scaled


def _moments(X: Rows) -> tuple[Rows, Rows]:
    return X.mean(axis=0), _divisors(X, X.std(axis=0))


def _quartiles(X: Rows) -> tuple[Rows, Rows]:
    low, median, high = np.quantile(X, [0.25, 0.5, 0.75], axis=0)
    # the quartiles of a column that is mostly zeros coincide; its standard deviation does not vanish
    return median, _divisors(X, np.where(high > low, (high - low) / 1.349, X.std(axis=0)))


def _divisors(X: Rows, deviation: Rows) -> Rows:
    """Replace deviations that are rounding errors of a constant column by 1."""
    constant = deviation <= 1e-12 * np.abs(X).max(axis=0, initial=0)
    return np.where(constant, 1.0, deviation)
