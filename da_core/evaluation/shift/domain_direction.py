"""Read the direction that separates the domains: where samples lie on it, and whether it matters for the classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from da_core.events import Evidence, Notice, When

CHANCE = 0.6
"""Share of samples on their own domain's side at which a domain classifier does hardly better than chance."""
_FEW = 0.2
"""Share of the spread along the direction, below which the classes have little to do with it."""

Odds = NDArray[np.floating[Any]]


def joined_odds(evidence: Evidence, when: When) -> Odds:
    """Join the log-odds of being a target sample (n,), source first; NaN where a sample has none."""
    return np.concatenate([evidence.source_odds[when], evidence.target_odds[when]])


def own_side(evidence: Evidence, when: When) -> float:
    """Compute the share of the samples that lie on their own domain's side; a weighted source counts by its weights."""
    source, target = evidence.source_odds[when], evidence.target_odds[when]
    weights = np.ones(len(source)) if evidence.weights is None or when == "before" else evidence.weights
    known, of_target = ~np.isnan(source), target[~np.isnan(target)]
    if not known.any() or not len(of_target) or weights[known].sum() <= 0:
        return 0.5
    return float((np.average(source[known] <= 0, weights=weights[known]) + (of_target > 0).mean()) / 2)


def class_share(evidence: Evidence, when: When) -> float:
    """Compute how much of the spread within a domain lies between its classes, averaged over both domains: 0 to 1.

    The classes are those that the model answers: this looks at no label.
    """
    shares = []
    for odds, predicted in (
        (evidence.source_odds[when], evidence.source_predicted[when]),
        (evidence.target_odds[when], evidence.target_predicted[when]),
    ):
        known = ~np.isnan(odds)
        values, classes = odds[known].astype(np.float64), predicted[known]
        if len(values) < 2 or values.var() == 0:
            continue
        means = {label: values[classes == label].mean() for label in np.unique(classes)}
        between = np.array([means[label] for label in classes])
        shares.append(float(between.var() / values.var()))
    return float(np.mean(shares)) if shares else 0.0


def ends(evidence: Evidence, when: When, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the samples at both ends, the outermost first: source first in the numbering, at most ``count`` each."""
    odds = joined_odds(evidence, when)
    order = np.argsort(odds, kind="stable")[: int((~np.isnan(odds)).sum())]
    return order[:count], order[::-1][:count]


def interpret_direction(evidence: Evidence) -> Notice:
    """Say what the direction after adapting means."""
    side, of_classes = own_side(evidence, "after"), class_share(evidence, "after")
    values = {"side": side, "before": own_side(evidence, "before"), "classes": of_classes}
    if side <= CHANCE:
        return Notice(
            "Only {side:.0%} of the samples lie on their own domain's side after adapting ({before:.0%} before): "
            "hardly any direction still separates the domains.",
            values,
        )
    if of_classes < _FEW:
        return Notice(
            "{side:.0%} of the samples lie on their own domain's side after adapting ({before:.0%} before). Within a "
            "domain, the classes account for only {classes:.0%} of the spread along this direction: what still "
            "separates the domains has little to do with the classes, so accuracy can still rise.",
            values,
        )
    return Notice(
        "{side:.0%} of the samples lie on their own domain's side after adapting ({before:.0%} before). Within a "
        "domain, the classes account for {classes:.0%} of the spread along this direction: some classes are farther "
        "apart than others.",
        values,
    )
