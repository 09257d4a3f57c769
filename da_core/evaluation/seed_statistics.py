"""Scores of several seeds: how far they spread, and which of two methods is better beyond the luck of a seed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from da_core.events import Interval

LEVEL = 0.95


@dataclass(frozen=True)
class Spread:
    """Values of several seeds: mean, standard deviation (n − 1), and Student's t interval of the mean."""

    values: tuple[float, ...]
    mean: float
    deviation: float
    interval: Interval | None


@dataclass(frozen=True)
class Comparison:
    """``first`` less ``second`` on the same seeds; ``better`` of ``count`` seeds had a positive difference.

    ``interval`` holds for all comparisons of a study together; None with fewer than two seeds.
    """

    first: str
    second: str
    mean: float
    interval: Interval | None
    better: int
    count: int


def spread(values: Sequence[float], level: float = LEVEL) -> Spread:
    """Estimate mean, deviation and interval of one value or more; a single one has no interval."""
    count, mean = len(values), math.fsum(values) / len(values)
    if count < 2:
        return Spread(tuple(values), mean, 0.0, None)
    from scipy.stats import t

    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1))
    half = float(t.ppf((1 + level) / 2, count - 1)) * deviation / math.sqrt(count)
    return Spread(tuple(values), mean, deviation, (mean - half, mean + half))


def comparisons(scores: Mapping[str, Mapping[int, float]]) -> list[Comparison]:
    """Compare every pair of methods, by their scores ``{method: {seed: score}}``, on the seeds that both have.

    A seed draws the split, the start and the batches for all methods alike, so the differences within a seed spread
    less than the scores: a paired t interval sees what two intervals side by side hide. With k pairs each interval has
    the level 1 − 0.05 / k, so that all of them hold together with 95 % (Bonferroni).
    """
    pairs = list(itertools.combinations(scores, 2))
    compared = []
    for first, second in pairs:
        seeds = sorted(scores[first].keys() & scores[second].keys())
        if not seeds:
            continue
        differences = [scores[first][seed] - scores[second][seed] for seed in seeds]
        difference = spread(differences, 1 - (1 - LEVEL) / len(pairs))
        better = sum(gained > 0 for gained in differences)
        compared.append(Comparison(first, second, difference.mean, difference.interval, better, len(seeds)))
    return compared
