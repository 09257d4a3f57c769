"""Score one model on one domain: how good it is, how certain that is, and how confident the model is itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from da_core.events import Calibration, ClassScores, ConfidenceBin, Gain, Interval, Scores

Labels = NDArray[np.int64]
Rows = NDArray[np.floating[Any]]

LEVEL = 0.95
"""Of every interval of the lab."""
BINS = 10
_Z = 1.959964  # the normal distribution's quantile at (1 + LEVEL) / 2
_WIDER, _WIDER_F1 = 1.5, 1.8
"""How much wider than of independent, symmetric shares a macro average's interval is. By simulation
(`tests.bench.coverage`): classes of a few samples are skewed, and each error lowers two classes' F1.
"""


def scores(y_true: Labels, y_pred: Labels, classes: Sequence[str], probabilities: Rows | None = None) -> Scores:
    """Score predicted class indices (n,) against true ones (n,), and ``probabilities`` (n, c), if given, too.

    Macro averages run over the classes that occur among the true or the predicted labels, as scikit-learn's do; a share
    of nothing (the recall of a class without samples) counts as 0. Intervals: `wilson` for shares (accuracy, each
    class's precision and recall; F1 is 2J / (1 + J) of a share J), `_macro_interval` for the averages over classes.

    >>> scores(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), ["car", "bus"]).accuracy
    0.75
    """
    from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

    labels = np.arange(len(classes))
    table = np.stack(precision_recall_fscore_support(y_true, y_pred, labels=labels, zero_division=0))
    confusion = confusion_matrix(y_true, y_pred, labels=labels)
    precision, recall, f1 = table[:3, np.union1d(y_true, y_pred)].mean(axis=1)
    accuracy = accuracy_score(y_true, y_pred)
    right, true, predicted = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    of_class = {
        name: [wilson(int(hits), int(count)) for hits, count in zip(right, counts, strict=True)]
        for name, counts in (("recall", true), ("precision", predicted), ("f1", true + predicted - right))
    }
    of_class["f1"] = [(2 * low / (1 + low), 2 * high / (1 + high)) for low, high in of_class["f1"]]
    occurs = true + predicted > 0
    macro = {
        name: _macro_interval(column[occurs], np.array(of_class[name])[occurs], wider)
        for name, column, wider in zip(
            ("precision", "recall", "f1"), table[:3], (_WIDER, _WIDER, _WIDER_F1), strict=True
        )
    }
    macro["balanced_accuracy"] = _macro_interval(table[1, true > 0], np.array(of_class["recall"])[true > 0], _WIDER)
    return Scores(
        accuracy=accuracy,
        precision=precision,
        recall=recall,
        f1=f1,
        per_class=[
            ClassScores(
                name=name,
                precision=p,
                recall=r,
                f1=f,
                support=int(n),
                intervals={metric: intervals[at] for metric, intervals in of_class.items()},
            )
            for at, (name, (p, r, f, n)) in enumerate(zip(classes, table.T, strict=True))
        ],
        confusion=confusion.tolist(),
        intervals={"accuracy": wilson(int(right.sum()), len(y_true))} | macro,
        calibration=None if probabilities is None else calibration(y_true, probabilities),
    )


def wilson(right: int, count: int) -> Interval:
    """Estimate the interval of a share ``right`` of ``count``; (0, 1) where there is nothing to count. Wilson 1927."""
    from scipy.stats import binomtest

    if count == 0:
        return 0.0, 1.0
    interval = binomtest(right, count).proportion_ci(LEVEL, method="wilson")
    return float(interval.low), float(interval.high)


def gain(y_true: Labels, before: Labels, after: Labels) -> Gain:
    """Measure what adapting changed, by predictions (n,) of the same samples before and after.

    The interval is that of a difference of matched shares, half a sample added to each of the four cells: Agresti and
    Min 2005, Simple improved confidence intervals for comparing matched proportions, section 2.

    >>> gain(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 0]), np.array([0, 0, 1, 1])).accuracy
    0.5
    """
    was, now = before == y_true, after == y_true
    fixed, broken, count = int((~was & now).sum()), int((was & ~now).sum()), len(y_true)
    more, less, of = fixed + 0.5, broken + 0.5, count + 2
    middle, half = (more - less) / of, _Z * np.sqrt(more + less - (more - less) ** 2 / of) / of
    return Gain(
        accuracy=(fixed - broken) / count,
        interval=(max(-1.0, float(middle - half)), min(1.0, float(middle + half))),
        fixed=fixed,
        broken=broken,
        count=count,
    )


def calibration(y_true: Labels, probabilities: Rows, bins: int = BINS) -> Calibration:
    """Compute the expected calibration error: Σ_b n_b / n · |accuracy_b − confidence_b|. Guo et al. 2017, equation 3.

    Samples are put into ``bins`` of equal width by the probability (n, c) of the likeliest class; empty ones are left
    out.

    >>> round(calibration(np.array([0, 0]), np.array([[0.9, 0.1], [0.9, 0.1]])).error, 3)
    0.1
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == y_true
    place = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    filled_bins = [
        ConfidenceBin(
            count=int(inside.sum()), confidence=float(confidence[inside].mean()), accuracy=float(right[inside].mean())
        )
        for inside in (place == b for b in np.unique(place))
    ]
    error = sum(b.count * abs(b.accuracy - b.confidence) for b in filled_bins) / len(y_true)
    return Calibration(error=error, bins=filled_bins)


def calibrated_error(bins: Sequence[ConfidenceBin], draws: int = 1000) -> float:
    """Estimate the error that a calibrated model of these confidences stays below in 99% of samples as large.

    >>> round(calibrated_error([ConfidenceBin(count=10**6, confidence=0.9, accuracy=0.5)]), 2)
    0.0
    """
    counts = np.array([each.count for each in bins])
    confidences = np.array([each.confidence for each in bins]).clip(0, 1)
    right = np.random.default_rng(0).binomial(counts, confidences, (draws, len(bins)))
    return float(np.quantile(np.abs(right - counts * confidences).sum(axis=1) / counts.sum(), 0.99))


def _macro_interval(values: Rows, intervals: Rows, wider: float) -> Interval:
    """Combine the intervals (c, 2) of c values to one of their mean, ``wider`` than if they were independent.

    Each side's distances are added as squares (MOVER, Zou and Donner 2008): unlike a bootstrap's, the interval of
    classes of which all samples are right, or of which there is one sample, has a width.
    """
    mean = values.mean()
    below, above = (wider * np.sqrt(np.square(values - end).sum()) / len(values) for end in intervals.T)
    return float(max(0.0, mean - below)), float(min(1.0, mean + above))


def percentile_interval(values: Rows) -> Interval:
    """Find the bootstrap's percentile interval among drawn values (b,); NaN does not count.

    >>> np.round(percentile_interval(np.arange(101.0)), 1)
    array([ 2.5, 97.5])
    """
    low, high = np.nanquantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
