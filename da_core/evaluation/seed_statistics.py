"""Scores of several seeds: how far they spread, and which of two methods is better beyond the luck of a seed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
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


def own_baselines(
    before: Mapping[str, Mapping[int, float]], title: Callable[[Sequence[str]], str]
) -> tuple[dict[str, dict[int, float]], dict[str, str]]:
    """Gather the source-only scores that methods start from, ``{method: {seed: score}}``, and which is whose.

    Methods whose source-only scores agree on every seed that they share have one baseline; a method that wants another
    network, or whose head is fitted anew, has its own. ``title`` names the baseline of some methods; it is given none
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
    """Compare every pair of methods, by their scores ``{method: {seed: score}}``, on the seeds that both have.

    ``baselines`` names, by method, the entry of ``scores`` that is its own source only: with no other source only is
    it compared, nor are those with one another.

    A seed draws the split, the start and the batches for all methods alike, so the differences within a seed spread
    less than the scores: a paired t interval sees what two intervals side by side hide. With k pairs each interval has
    the level 1 − 0.05 / k, so that all of them hold together with 95 % (Bonferroni).
    """
    own = baselines or {}
    yardsticks = set(own.values())
    pairs = [
        (first, second)
        for first, second in itertools.combinations(scores, 2)
        if not {first, second} & yardsticks or own.get(first) == second
    ]
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
