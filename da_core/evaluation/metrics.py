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
DRAWS = 1000
"""Bootstrap samples behind the intervals of macro averages and of F1."""
BINS = 10
_Z = 1.959964  # the normal distribution's quantile at (1 + LEVEL) / 2


def scores(
    y_true: Labels, y_pred: Labels, classes: Sequence[str], probabilities: Rows | None = None, seed: int = 0
) -> Scores:
    """Score predicted class indices (n,) against true ones (n,), and ``probabilities`` (n, c), if given, too.

    Macro averages run over the classes that occur among the true or the predicted labels, as scikit-learn's do; a share
    of nothing (the recall of a class without samples) counts as 0. Intervals: `wilson` for plain shares (accuracy, each
    class's precision and recall), for the others the percentile bootstrap over samples, drawn by ``seed``.

    >>> scores(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), ["car", "bus"]).accuracy
    0.75
    """
    from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

    labels = np.arange(len(classes))
    table = np.stack(precision_recall_fscore_support(y_true, y_pred, labels=labels, zero_division=0))
    confusion = confusion_matrix(y_true, y_pred, labels=labels)
    precision, recall, f1 = table[:3, np.union1d(y_true, y_pred)].mean(axis=1)
    accuracy = accuracy_score(y_true, y_pred)
    macro, of_class = _bootstrap(confusion, seed)
    right = confusion.diagonal()
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
                intervals={
                    "precision": wilson(int(hits), int(predicted)),
                    "recall": wilson(int(hits), int(n)),
                    "f1": interval,
                },
            )
            for name, (p, r, f, n), hits, predicted, interval in zip(
                classes, table.T, right, confusion.sum(axis=0), of_class, strict=True
            )
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


def _bootstrap(confusion: NDArray[np.int64], seed: int) -> tuple[dict[str, Interval], list[Interval]]:
    """Estimate intervals of the macro averages by name, and of each class's F1.

    To redraw samples is to redraw the confusion matrix's cells, each as often as its share.
    """
    cells = np.argwhere(confusion)
    counts = confusion[confusion > 0]
    rng = np.random.default_rng([seed, 7])
    drawn = rng.multinomial(counts.sum(), counts / counts.sum(), size=DRAWS).astype(np.float64)
    is_true, is_predicted = (np.eye(len(confusion))[cells[:, side]] for side in (0, 1))
    true, predicted, right = drawn @ is_true, drawn @ is_predicted, drawn @ (is_true * is_predicted)
    recall, precision, f1 = (
        share / np.maximum(of, 1) for share, of in ((right, true), (right, predicted), (2 * right, true + predicted))
    )
    occurs, has_samples = (true + predicted) > 0, true > 0
    macro = {
        "balanced_accuracy": (recall * has_samples).sum(axis=1) / has_samples.sum(axis=1),
        "precision": (precision * occurs).sum(axis=1) / occurs.sum(axis=1),
        "recall": (recall * occurs).sum(axis=1) / occurs.sum(axis=1),
        "f1": (f1 * occurs).sum(axis=1) / occurs.sum(axis=1),
    }
    intervals = {name: percentile_interval(values) for name, values in macro.items()}
    return intervals, [percentile_interval(column) for column in f1.T]


def percentile_interval(values: Rows) -> Interval:
    """Find the bootstrap's percentile interval among drawn values (b,); NaN does not count.

    >>> np.round(percentile_interval(np.arange(101.0)), 1)
    array([ 2.5, 97.5])
    """
    low, high = np.nanquantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
