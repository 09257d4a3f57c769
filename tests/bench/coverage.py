"""Measure how often the intervals that are called 95 % hold the truth, on samples whose truth is known.

    python -m tests.bench.coverage [--repetitions 200] [--counts 30 100 300]

Printed is the coverage in per cent; below `LEAST` a line is marked, and the app must call that interval approximate.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from da_core.evaluation.metrics import gain, scores
from da_core.evaluation.regret import rank_correlation_with_interval
from da_core.evaluation.seed_statistics import spread
from da_core.events import Interval

LEAST = 92.0
Truth = tuple[Interval, float]
Draw = Callable[[np.random.Generator, int], Iterator[tuple[str, Truth]]]
CASES = {
    "5 % minority, recalls .95 and .5": ((0.95, 0.05), (0.95, 0.5)),
    "ten classes, recalls .8": ((0.1,) * 10, (0.8,) * 10),
    "ten classes, recalls .3 to 1": ((0.1,) * 10, tuple(np.linspace(0.3, 1, 10))),
}


def draw_scores(rng: np.random.Generator, count: int) -> Iterator[tuple[str, Truth]]:
    """Draw predictions of known confusions; macro averages are over the classes that occur."""
    for case, (shares, recalls) in CASES.items():
        c = len(shares)
        rows = (1 - np.array(recalls))[:, None] * (1 - np.eye(c)) / (c - 1) + np.diag(recalls)
        cells = np.array(shares)[:, None] * rows
        drawn = rng.choice(c * c, count, p=cells.ravel())
        y, predicted = drawn // c, drawn % c
        found = scores(y, predicted, [str(k) for k in range(c)]).intervals
        right, true, called = cells.diagonal(), cells.sum(axis=1), cells.sum(axis=0)
        there, occurring = np.unique(y), np.union1d(y, predicted)
        yield f"accuracy, {case}", (found["accuracy"], float(right.sum()))
        yield f"balanced accuracy, {case}", (found["balanced_accuracy"], float((right / true)[there].mean()))
        yield f"macro precision, {case}", (found["precision"], float((right / called)[occurring].mean()))
        yield f"macro F1, {case}", (found["f1"], float((2 * right / (true + called))[occurring].mean()))


def draw_gain(rng: np.random.Generator, count: int) -> Iterator[tuple[str, Truth]]:
    """Draw predictions before and after of which 12 % are fixed and 4 % broken."""
    change = rng.choice(3, count, p=(0.12, 0.04, 0.84))
    before, after = (change == 1).astype(int), (change == 0).astype(int)
    both = change == 2
    found = gain(np.ones(count, np.int64), np.where(both, 1, before), np.where(both, 1, after))
    yield "gain in accuracy", (found.interval, 0.08)


def draw_rank_correlation(rng: np.random.Generator, count: int) -> Iterator[tuple[str, Truth]]:
    """Draw ``count`` runs, five seeds of each method, whose scores say nothing of their accuracies."""
    methods = np.arange(count) // 5
    x, y = rng.normal(size=(2, methods.max() + 1))[:, methods] + 0.1 * rng.normal(size=(2, count))
    _correlation, interval = rank_correlation_with_interval(x, y, methods=methods)
    if interval is not None:
        yield "rank correlation, five seeds a method (approximate)", (interval, 0.0)


def draw_seeds(rng: np.random.Generator, count: int) -> Iterator[tuple[str, Truth]]:
    """Draw accuracies of few seeds, whatever ``count``: normal ones, and ones of which a tenth collapses."""
    for seeds in (3, 5, 10):
        normal = rng.normal(0.8, 0.02, seeds)
        skewed = np.where(rng.random(seeds) < 0.1, normal - 0.4, normal)
        for name, values, truth in (("normal", normal, 0.8), ("rare collapse (approximate)", skewed, 0.76)):
            interval = spread(values.tolist()).interval
            assert interval is not None
            yield f"mean of {seeds} seeds, {name}", (interval, truth)


def coverage(draw: Draw, count: int, repetitions: int) -> dict[str, float]:
    """Draw many times; return the share in per cent of each interval that holds its truth."""
    held: dict[str, list[bool]] = {}
    for seed in range(repetitions):
        for name, ((low, high), truth) in draw(np.random.default_rng(seed), count):
            held.setdefault(name, []).append(low <= truth <= high)
    return {name: 100 * float(np.mean(each)) for name, each in held.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=200)
    parser.add_argument("--counts", type=int, nargs="+", default=[30, 100, 300])
    options = parser.parse_args()
    for draw in (draw_scores, draw_gain, draw_rank_correlation, draw_seeds):
        columns = [coverage(draw, count, options.repetitions) for count in options.counts]
        for name in dict.fromkeys(name for column in columns for name in column):
            figures = [column.get(name, float("nan")) for column in columns]
            low = " below 92 %" if any(figure < LEAST for figure in figures) else ""
            print(f"{name:64}" + "".join(f"{figure:7.1f}" for figure in figures) + low, flush=True)
