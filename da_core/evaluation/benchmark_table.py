"""A benchmark's table: methods on domain pairs, mean and interval over seeds, and which mean ranks differ."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from da_core.evaluation.metrics import LEVEL
from da_core.evaluation.seed_statistics import Spread, spread
from da_core.events import Notice
from da_core.i18n import Language

Measure = Literal["accuracy", "regret"]
"""What a table's scores are: accuracies of methods, of which the higher is better, or regrets of validators."""
LEAST_PAIRS = 2
_DIGITS = 12
"""Means that agree in this many decimals are tied: they differ by rounding alone."""
Values = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Ranks:
    """Ranks of methods on the ``pairs`` where all have a score; rank 1 is best, ties share their mean rank.

    ``mean`` ranks by method, the best first. ``friedman_p`` is the probability of ranks so unlike if all methods were
    alike; None for two methods, or where all are tied on every pair. Mean ranks that differ by less than
    ``critical_difference`` are not told apart; ``groups`` are the methods among which none are, each as large as can
    be. ``p_values`` are Nemenyi's, by two methods in the order of ``mean``.
    """

    pairs: tuple[str, ...]
    mean: dict[str, float]
    friedman_p: float | None
    critical_difference: float
    p_values: dict[tuple[str, str], float]
    groups: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class BenchmarkTable:
    """Scores as fractions, by (pair, method), each over its seeds; a cell that is missing is named in ``notes``.

    Of regrets the ``methods`` are validators. They are in the order of their mean ranks where there are ``ranks``,
    those that have no score at all at the end.
    """

    pairs: tuple[str, ...]
    methods: tuple[str, ...]
    cells: Mapping[tuple[str, str], Spread]
    ranks: Ranks | None
    notes: tuple[Notice, ...]
    measure: Measure = "accuracy"

    def best(self, pair: str) -> frozenset[str]:
        """Return the methods of the best mean on a pair; several where they are tied."""
        means = {m: round(self.cells[pair, m].mean, _DIGITS) for m in self.methods if (pair, m) in self.cells}
        reached = (min if self.measure == "regret" else max)(means.values(), default=None)
        return frozenset(method for method, mean in means.items() if mean == reached)

    def mean_of_pairs(self, method: str) -> float | None:
        """Average a method's means over the pairs that count for the ranks; None where there is none."""
        pairs = complete_pairs(self.cells, self.pairs, self.methods)
        means = [self.cells[pair, method].mean for pair in pairs if (pair, method) in self.cells]
        return math.fsum(means) / len(means) if means else None

    def summary(self) -> dict[str, Any]:
        """Return it as JSON has it: cells as a list, the notes as English sentences."""
        ranks = None if self.ranks is None else dataclasses.asdict(self.ranks)
        if ranks is not None and self.ranks is not None:
            ranks["p_values"] = [
                {"first": first, "second": second, "p": p} for (first, second), p in self.ranks.p_values.items()
            ]
        return {
            "measure": self.measure,
            "cells": [
                {"pair": pair, "method": method, **dataclasses.asdict(cell)}
                for (pair, method), cell in self.cells.items()
            ],
            "ranks": ranks,
            "notes": [Language().translate_message(note.message, note.values) for note in self.notes],
        }


def tabulate(
    scores: Mapping[str, Mapping[str, Sequence[float]]], measure: Measure = "accuracy", level: float = LEVEL
) -> BenchmarkTable:
    """Tabulate scores in [0, 1] by pair and method, one a seed, and rank the methods by their means.

    A method that has no score at all takes no part in the ranks, and a pair on which another has none is left out of
    them; notes say so.
    """
    pairs = tuple(scores)
    methods = tuple(dict.fromkeys(itertools.chain.from_iterable(scores.values())))
    cells = {
        (pair, method): spread(values, level, within=(0.0, 1.0))
        for pair, of_methods in scores.items()
        for method, values in of_methods.items()
        if values
    }
    scored = _scored(cells, methods)
    complete = complete_pairs(cells, pairs, methods)
    notes = [
        Notice("{method} has no score on any pair and is not ranked.", {"method": method})
        for method in methods
        if method not in scored
    ]
    notes += [_left_out(pair, [m for m in scored if (pair, m) not in cells]) for pair in pairs if pair not in complete]
    ranks = None
    if len(complete) < LEAST_PAIRS or len(scored) < 2:
        notes.append(
            Notice(
                "There are no ranks: ranking needs at least two methods, and two pairs on which each method has a "
                "score."
            )
        )
    else:
        means = np.array([[cells[pair, method].mean for method in scored] for pair in complete])
        ranks = rank_methods(means if measure == "regret" else -means, complete, scored, level)
        if ranks.critical_difference >= len(scored) - 1:
            notes.append(
                Notice(
                    "With {pairs} pairs no two of the {methods} methods can be separated by their ranks; add more "
                    "pairs.",
                    {"pairs": len(complete), "methods": len(scored)},
                )
            )
        methods = (*ranks.mean, *(method for method in methods if method not in scored))
    return BenchmarkTable(pairs, methods, cells, ranks, tuple(notes), measure)


def _scored(cells: Mapping[tuple[str, str], Spread], methods: Sequence[str]) -> tuple[str, ...]:
    """List the methods that have a score on any pair."""
    there = {method for _, method in cells}
    return tuple(method for method in methods if method in there)


def complete_pairs(
    cells: Mapping[tuple[str, str], Spread], pairs: Sequence[str], methods: Sequence[str]
) -> tuple[str, ...]:
    """List the pairs on which every method has a score that has one anywhere."""
    scored = _scored(cells, methods)
    return tuple(pair for pair in pairs if scored and all((pair, method) in cells for method in scored))


def _left_out(pair: str, missing: Sequence[str]) -> Notice:
    return Notice(
        "{pair} does not count for the ranks: it has no score for {methods}.",
        {"pair": pair, "methods": list(missing)},
    )


def rank_methods(losses: ArrayLike, pairs: Sequence[str], methods: Sequence[str], level: float = LEVEL) -> Ranks:
    """Rank k methods by losses (N, k), lower is better, row by row, and tell which mean ranks differ.

    Friedman's test corrected for ties, Nemenyi's test and its critical difference: Demšar, Statistical Comparisons of
    Classifiers over Multiple Data Sets, JMLR 7 (2006), section 3.2.2.

    >>> rank_methods([[0.1, 0.2], [0.3, 0.4]], ["a to b", "b to a"], ["dann", "coral"]).mean
    {'dann': 1.0, 'coral': 2.0}
    """
    from scikit_posthocs import posthoc_nemenyi_friedman
    from scipy.stats import friedmanchisquare, rankdata

    X = np.round(np.asarray(losses, np.float64), _DIGITS)
    mean = rankdata(X, axis=1).mean(axis=0)
    order = np.argsort(mean, kind="stable")
    nemenyi = np.asarray(posthoc_nemenyi_friedman(X))
    friedman_p = float("nan")
    if len(methods) > 2 and np.ptp(X, axis=1).any():
        friedman_p = float(friedmanchisquare(*X.T).pvalue)
    alike = nemenyi[np.ix_(order, order)] >= 1 - level
    return Ranks(
        tuple(pairs),
        {methods[at]: float(mean[at]) for at in order},
        None if math.isnan(friedman_p) else friedman_p,
        critical_difference(len(methods), len(X), level),
        {(methods[i], methods[j]): float(nemenyi[i, j]) for i, j in itertools.combinations(order, 2)},
        tuple(tuple(methods[order[at]] for at in range(*ends)) for ends in _stretches(alike)),
    )


def critical_difference(k: int, N: int, level: float = LEVEL) -> float:
    """Compute Nemenyi's critical difference of the mean ranks of k methods on N pairs (Demšar 2006, section 3.2.2).

    CD = q √(k(k + 1) / 6N), where q is the studentised range statistic of k groups divided by √2.
    """
    from scipy.stats import studentized_range

    q = float(studentized_range.ppf(level, k, np.inf)) / math.sqrt(2)
    return q * math.sqrt(k * (k + 1) / (6 * N))


def _stretches(alike: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """List (start, stop) of the longest stretches of two or more neighbours among which all are ``alike`` (k, k)."""
    stretches: list[tuple[int, int]] = []
    for start in range(len(alike)):
        stop = start + 1
        while stop < len(alike) and alike[start, stop]:
            stop += 1
        if stop - start > 1 and (not stretches or stop > stretches[-1][1]):
            stretches.append((start, stop))
    return stretches
