"""Scores of several seeds: how far they spread, and which of two methods is better beyond the luck of a seed."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from da_core.evaluation.metrics import LEVEL
from da_core.events import Interval

_MOST_SEEDS = 1000
"""More seeds than this are no advice."""


@dataclass(frozen=True)
class Spread:
    """Values of several seeds: mean, standard deviation (n − 1), and Student's t interval of the mean."""

    values: tuple[float, ...]
    mean: float
    deviation: float
    interval: Interval | None


@dataclass(frozen=True)
class Comparison:
    """``first`` less ``second`` on the same seeds; ``better`` of ``count`` seeds had a positive difference, ``worse`` a
    negative one.

    ``interval`` holds for all comparisons of a study together; None with fewer than two seeds. Where it does not tell
    the two apart, about ``needed`` seeds would, if they went on like these; None where no such number makes sense.
    """

    first: str
    second: str
    mean: float
    interval: Interval | None
    better: int
    worse: int
    count: int
    needed: int | None


def spread(values: Sequence[float], level: float = LEVEL, within: Interval = (-math.inf, math.inf)) -> Spread:
    """Estimate mean, deviation and interval of one value or more; a single one has no interval.

    The interval is cut at the ends of ``within``, beyond which no value can be: (0, 1) for accuracies.
    """
    count, mean = len(values), math.fsum(values) / len(values)
    if count < 2:
        return Spread(tuple(values), mean, 0.0, None)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1))
    half = _half(deviation, count, level)
    return Spread(tuple(values), mean, deviation, (max(mean - half, within[0]), min(mean + half, within[1])))


def _half(deviation: float, count: int, level: float) -> float:
    """Compute half the width of Student's t interval of a mean."""
    from scipy.stats import t

    return float(t.ppf((1 + level) / 2, count - 1)) * deviation / math.sqrt(count)


def own_baselines(
    before: Mapping[str, Mapping[int, float]], title: Callable[[Sequence[str]], str]
) -> tuple[dict[str, dict[int, float]], dict[str, str]]:
    """Gather the source-only scores that methods start from, ``{method: {seed: score}}``, and which is whose.

    Methods whose source-only scores agree on every seed that they share have one baseline; a method that wants another
    network, or whose head is refitted, has its own. ``title`` names the baseline of some methods; it is given none
    where one is everybody's. Returns ``({baseline: {seed: score}}, {method: baseline})``.
    """
    groups: list[tuple[list[str], dict[int, float]]] = []
    for method, scores in before.items():
        for members, known in groups:
            shared = known.keys() & scores.keys()
            if all(known[seed] == scores[seed] for seed in shared) and (shared or not scores):
                members.append(method)
                known.update(scores)
                break
        else:
            groups.append(([method], dict(scores)))
    names = [title(members if len(groups) > 1 else ()) for members, _ in groups]
    baselines = {name: scores for name, (_, scores) in zip(names, groups, strict=True)}
    return baselines, {method: name for name, (members, _) in zip(names, groups, strict=True) for method in members}


def comparisons(
    scores: Mapping[str, Mapping[int, float]], baselines: Mapping[str, str] | None = None
) -> list[Comparison]:
    """Compare every method with its own baseline or, without ``baselines``, every pair of them, seed by seed.

    ``scores`` are ``{method: {seed: accuracy}}``; ``baselines`` names, by method, the entry of them that it is held
    against. Only seeds that both have count.

    A seed draws the split, the start and the batches for all methods alike, so the differences within a seed spread
    less than the scores: a paired t interval sees what two intervals side by side hide. With k pairs each interval has
    the level 1 − 0.05 / k, so that all of them hold together with 95% (Bonferroni).
    """
    pairs = list(itertools.combinations(scores, 2)) if baselines is None else list(baselines.items())
    compared = []
    for first, second in pairs:
        seeds = sorted(scores[first].keys() & scores[second].keys())
        if not seeds:
            continue
        differences = [scores[first][seed] - scores[second][seed] for seed in seeds]
        level = 1 - (1 - LEVEL) / len(pairs)
        difference = spread(differences, level, within=(-1.0, 1.0))
        better, worse = sum(gained > 0 for gained in differences), sum(gained < 0 for gained in differences)
        needed = _needed(difference, level)
        compared.append(
            Comparison(first, second, difference.mean, difference.interval, better, worse, len(seeds), needed)
        )
    return compared


def _needed(difference: Spread, level: float) -> int | None:
    """Estimate how many seeds of this mean and deviation would have an interval that leaves 0 out."""
    if difference.interval is None or not difference.interval[0] <= 0 <= difference.interval[1]:
        return None
    counts = range(len(difference.values) + 1, _MOST_SEEDS + 1)
    at = bisect_left(counts, True, key=lambda n: _half(difference.deviation, n, level) < abs(difference.mean))
    return counts[at] if at < len(counts) else None
