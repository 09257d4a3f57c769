"""Measure whether the advice before any run holds on pairs that its thresholds were not fitted to.

    python -m tests.bench.advice [--only NAME …]

Each pair of `tests.bench.real_pairs` is recommended for without its target's labels. Then every candidate is trained on
the whole pair, in the experiment that was recommended, and its accuracy on held-out target samples is held against
source only. The thresholds of `da_core.evaluation.recommendation` are fitted anew for each family of pairs (all batches
of the gas sensors, say) on the other families; the figures of the left-out family are what counts.
"""

from __future__ import annotations

import argparse
import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass

os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads that wait for a busy core spin

import numpy as np
import torch
from numpy.typing import NDArray

from da_core.data.pair import DomainPair
from da_core.evaluation import recommendation
from da_core.evaluation.held_out import predict_held_out
from da_core.evaluation.quick_comparison import CANDIDATES, Baseline, QuickComparison, compare
from da_core.evaluation.recommendation import choose, without_target_labels
from da_core.evaluation.shift.shift_report import DataReport, data_report
from da_core.experiment import DataSpec
from tests.bench.real_pairs import built_in_of, planted_pairs, real_pairs

GRID = {
    "SHARES_MOVED": (0.2, 0.25, 0.3),
    "CLEAR": (0.08, 0.1, 0.15, 0.2),
    "SURER": (0.03, 0.05, 0.08),
    "SHARES_UNSURE": (0.1, 0.15, 0.2),
    "SURER_OF_FEATURES": (0.1, 0.12, 0.15),
}
"""Thresholds that are fitted, each with the values that are tried."""


@dataclass(frozen=True)
class Measured:
    """A pair, what the advice rests on, and the gain of each candidate in points of target accuracy."""

    name: str
    pair: DomainPair
    report: DataReport
    comparison: QuickComparison
    gains: dict[str, float]

    @property
    def family(self) -> str:
        return self.name.split("-")[0].split("+")[0].rstrip("0123456789").removeprefix("breast_")

    def gain(self) -> float:
        """Return what the first suggestion gains, by the thresholds as they are now."""
        chosen = choose(self.comparison, self.report, self.pair)
        return 0.0 if chosen is None else self.gains[chosen.method]


def measure(name: str, pair: DomainPair, data: DataSpec) -> Measured:
    seen = without_target_labels(pair)
    report = data_report(seen)
    comparison = compare(seen, data)
    baseline = Baseline(comparison.experiment, pair)
    test = baseline.prepared.split.target_test
    before = (baseline.predictions.target.predicted == pair.target.y[test]).mean()
    gains = {}
    for method in CANDIDATES:
        if (adapted := baseline.adapt(method)) is not None:
            predicted = predict_held_out(*adapted).target.predicted
            gains[method] = 100 * float((predicted == pair.target.y[test]).mean() - before)
    return Measured(name, pair, report, comparison, gains)


def fit(pairs: Sequence[Measured]) -> dict[str, float]:
    """Choose thresholds: a large mean gain, and above all no harm."""
    best, chosen = -np.inf, {}
    for values in itertools.product(*GRID.values()):
        thresholds = dict(zip(GRID, values, strict=True))
        gains = gains_with(thresholds, pairs)
        score = gains.mean() - 2 * np.sqrt((np.minimum(gains + 1, 0) ** 2).mean())
        if score > best:
            best, chosen = score, thresholds
    return chosen


def gains_with(thresholds: dict[str, float], pairs: Sequence[Measured]) -> NDArray[np.float64]:
    before = {name: getattr(recommendation, name) for name in thresholds}
    try:
        for name, value in thresholds.items():
            setattr(recommendation, name, value)
        return np.array([each.gain() for each in pairs])
    finally:
        for name, value in before.items():
            setattr(recommendation, name, value)


def describe(title: str, gains: NDArray[np.float64]) -> str:
    better, worse, much = ((gains > 1).sum(), (gains < -1).sum(), (gains < -3).sum())
    return (
        f"{title:28} {len(gains):3} pairs: mean {gains.mean():+.1f}, better by more than a point {better}, worse "
        f"{worse}, worse by more than three {much}, least {gains.min():+.1f}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=[])
    only = parser.parse_args().only
    torch.set_num_threads(1)
    measured: list[Measured] = []
    for name, pair in (*real_pairs(), *planted_pairs()):
        if only and name not in only:
            continue
        measured.append(measure(name, pair, built_in_of(name, pair)))
        each = measured[-1]
        chosen = choose(each.comparison, each.report, pair)
        method = "source_only" if chosen is None else chosen.method
        gains = " ".join(f"{method} {gain:+.1f}" for method, gain in each.gains.items())
        print(f"{name:26} {each.report.verdict:10} {method:15} {each.gain():+6.1f} | {gains}", flush=True)
    left_out = np.zeros(len(measured))
    for family in sorted({each.family for each in measured}):
        inside = np.array([each.family == family for each in measured])
        others = [each for each in measured if each.family != family]
        if others:
            left_out[inside] = gains_with(fit(others), [each for each in measured if each.family == family])
    real = np.array(["+" not in each.name for each in measured])
    print(describe("advice, families left out", left_out))
    if real.any():
        print(describe("the same, real pairs alone", left_out[real]))
    ceiling = np.array([max(0.0, *each.gains.values()) for each in measured])
    print(describe("best, by the target's labels", ceiling))
    print(describe("advice as shipped", np.array([each.gain() for each in measured])))
    for method in CANDIDATES:
        print(describe(f"always {method}", np.array([each.gains.get(method, 0.0) for each in measured])))
