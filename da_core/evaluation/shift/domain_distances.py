"""Measures of how far apart two domains' features are, with intervals, and what they say together.

Intervals are at the 95% level and of the scored samples alone: network, domain classifiers and kernel stay.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from da_core.evaluation.metrics import percentile_interval
from da_core.evaluation.shift.kernel_means import (
    Features,
    Labels,
    Values,
    classwise_discrepancy,
    discrepancy,
    kernel_means,
    mean_kernel,
    relative_discrepancy,
    require_two_samples,
    second_order_kernel,
)
from da_core.events import Interval, NeighbourMix, Notice, Shift, ShiftMeasures
from da_core.methods.distances import equal_rows

DomainOdds = tuple[Values, Values]
"""Source (n_s,) and target (n_t,) samples' log-odds of being of the target; see `domain_odds`."""

MOST_ROWS = 1000
"""Of each domain in measures whose time and memory grow with the square; evenly spaced rows beyond."""
NEIGHBOURS = 15
"""Nearest samples that `neighbour_mix` looks at."""
DRAWS = 200
"""Of the bootstrap, for the kernel's measures."""
_LEAST_SPREAD = 0.2
"""Share of the usual spread of a column below which a domain classifier sees it as small as it is."""
_ROUNDING = 1e-6
"""Share of the largest spread below which a column holds what rounding has left."""


def measures(
    Fs: Features,
    Ft: Features,
    seed: int = 0,
    *,
    ys: Labels | None = None,
    yt: Labels | None = None,
    weights: Features | None = None,
    odds: DomainOdds | None = None,
) -> ShiftMeasures:
    """Measure the shift between source (n_s, d) and target (n_t, d) features, at least two samples each.

    With class indices ``ys`` (n_s,) and ``yt`` (n_t,) also the class-wise distance, where two domains share a class of
    `kernel_means.FEWEST_OF_A_CLASS`; a negative index is a class that is not known. With ``weights`` (n_s,) each source
    sample counts as often as its weight says. ``odds`` are `domain_odds` of the same, where they are known already.

    >>> F = np.random.default_rng(0).normal(size=(100, 2))
    >>> measures(F, F + 9).proxy_a_distance
    2.0
    """
    w = np.ones(len(Fs)) if weights is None else np.asarray(weights, dtype=np.float64)
    distance, interval = _distance_of_hits(*_domain_hits(Fs, Ft, seed, w, odds), seed)
    rows_s, rows_t = _evenly_spaced(len(Fs)), _evenly_spaced(len(Ft))
    source, target = Fs[rows_s], Ft[rows_t]
    drawn = _bootstrap_weights(w[rows_s], len(rows_t), seed)
    kernel = mean_kernel(source, target)
    values = {
        "mmd": discrepancy(kernel, *drawn),
        "coral": relative_discrepancy(*kernel_means(second_order_kernel(source, target, w[rows_s]), *drawn)),
    }
    if ys is not None and yt is not None:
        values["classwise"] = classwise_discrepancy(kernel, ys[rows_s], yt[rows_t], *drawn)
    values = {name: each for name, each in values.items() if len(each)}
    return ShiftMeasures(
        proxy_a_distance=distance,
        **{name: float(each[0]) for name, each in values.items()},
        intervals={"proxy_a_distance": interval}
        | {name: percentile_interval(each[1:]) for name, each in values.items()},
    )


def interpret_shift(shift: Shift) -> Notice:
    """Say what the measures before and after mean together; one clearly fell where its intervals do not meet."""
    before, after = shift.before, shift.after

    def fell(name: str) -> bool:
        return name in before.intervals and after.intervals.get(name, (np.inf,))[-1] < before.intervals[name][0]

    def rose(name: str) -> bool:
        return name in after.intervals and before.intervals.get(name, (np.inf,))[-1] < after.intervals[name][0]

    distances = ("proxy_a_distance", "mmd")
    if before.proxy_a_distance < _CLOSE_PROXY_A_DISTANCE and before.mmd < _CLOSE_MMD:
        if rose("proxy_a_distance"):
            return Notice(
                "The domains were already close. What separates them now comes from the method's map, not from a shift."
            )
        return Notice("The domains were already close: the features show hardly any shift.")
    if any(rose(name) for name in distances) and not any(fell(name) for name in distances):
        return Notice("The domains are farther apart than before.")
    if not any(fell(name) for name in distances):
        if rose("classwise"):
            return Notice(
                "The domains as a whole are hardly closer than before, and class by class they are farther apart: "
                "some classes may lie on wrong ones."
            )
        return Notice("The domains as a whole are hardly closer than before: the change may be chance.")
    if rose("proxy_a_distance"):
        return Notice(
            "The domains' means came closer, but a fresh classifier separates them better than before: a few "
            "directions still reveal the domain. The method's own domain classifier may still be fooled, as it is "
            "weaker than a fresh one, and accuracy may rise if these directions do not matter for the classes."
        )
    if rose("mmd"):
        return Notice(
            "A fresh classifier finds it harder to separate the domains, but their means are farther apart than before."
        )
    if before.classwise is None or after.classwise is None:
        return Notice("The domains came closer as a whole; whether the classes match cannot be judged.")
    fallen, of_classes = 1 - after.mmd / before.mmd, 1 - after.classwise / before.classwise
    if fell("classwise") and of_classes > fallen / 2:  # it falls a little where classes lie on wrong ones, too
        return Notice("The domains came closer, and class by class as well: this is the aim of adapting.")
    return Notice("The domains came closer as a whole, but hardly class by class: some classes may lie on wrong ones.")


_CLOSE_PROXY_A_DISTANCE = 0.3
"""A proxy A-distance below: a domain classifier is right less often than in 57.5% of cases."""
_CLOSE_MMD = 0.01


def proxy_a_distance(Fs: Features, Ft: Features, seed: int = 0) -> tuple[float, Interval]:
    """Estimate 2(1 − 2ε), from 0 (domains look alike) to 2 (always separated). Ben-David et al. 2007, section 4.

    ε is the error of a linear domain classifier (logistic regression on standardised features, see `_column_spreads`)
    on the half of the samples that it was not fitted on, averaged over both halves; both domains have as many samples,
    and equal samples are in the same half. An error above chance counts as 0 distance. It is the distance that these
    two classifiers see: the best linear one, of which few samples in many dimensions say little, sees more. The
    interval is by bootstrap: scored samples are redrawn, equal ones together, for a copy is no further evidence; the
    classifiers stay. Raises `UserError` with fewer
    than two samples in a domain.

    >>> F = np.random.default_rng(0).normal(size=(100, 2))
    >>> proxy_a_distance(F, F + 9)
    (2.0, (2.0, 2.0))
    """
    return _distance_of_hits(*_domain_hits(Fs, Ft, seed, np.ones(len(Fs))), seed)


def _distance_of_hits(hits: Values, counted: Values, seed: int, draws: int = 1000) -> tuple[float, Interval]:
    rng, accuracies = np.random.default_rng([seed, 1]), np.empty(draws)
    for draw in range(draws):  # one after the other: all at once take draws times the memory of the samples
        drawn = rng.integers(0, len(hits), len(hits))
        accuracies[draw] = hits[drawn].sum() / counted[drawn].sum()
    low, high = percentile_interval(accuracies)
    distance, low, high = (float(np.clip(4 * a - 2, 0, 2)) for a in (hits.sum() / counted.sum(), low, high))
    return distance, (low, high)


def domain_odds(Fs: Features, Ft: Features, seed: int = 0, weights: Features | None = None) -> DomainOdds:
    """Place each sample on the direction that parts the domains: its log-odds of being of the target.

    They are those of the proxy A-distance's classifiers, of which each places the half that it was not fitted on. NaN
    where a sample is in neither half, as the larger domain has some to spare. Source (n_s,) and target (n_t,).

    >>> F = np.random.default_rng(0).normal(size=(100, 2))
    >>> source, target = domain_odds(F, F + 9)
    >>> bool(np.nanmax(source) < 0 < np.nanmin(target))
    True
    """
    from sklearn.linear_model import LogisticRegression

    require_two_samples(Fs, Ft)
    w = np.ones(len(Fs)) if weights is None else np.asarray(weights, dtype=np.float64)
    halves = _halves(Fs, Ft, np.random.default_rng(seed))
    odds = np.full(len(Fs), np.nan), np.full(len(Ft), np.nan)
    for (s, t), rest in zip(halves, halves[::-1], strict=True):
        X, domain = np.concatenate([Fs[s], Ft[t]]).astype(np.float64), np.repeat([0, 1], len(s))
        mean, spread = X.mean(axis=0), _column_spreads(X, len(s))
        counted = _counted(w, s, t) if w[s].any() else None  # a half without any weight is looked at unweighted
        classifier = LogisticRegression(max_iter=1000).fit((X - mean) / spread, domain, counted)
        for estimate, F, rows in zip(odds, (Fs, Ft), rest, strict=True):
            estimate[rows] = classifier.decision_function((F[rows].astype(np.float64) - mean) / spread)
    return odds


def _column_spreads(X: Values, of_source: int) -> Values:
    """Compute what each column of pooled samples X (n, d), ``of_source`` of them first, is divided by: (d,).

    That is its standard deviation; where most samples of a domain have the same value, it is at least `_LEAST_SPREAD`
    of what columns usually vary by within both domains. Features after a ReLU have columns that are almost always 0. A
    linear map fills the source's with a little of every other column, and a classifier that sees these blown up tells
    any two domains apart, even equal ones.
    """
    spread: Values = X.std(axis=0)
    domains = X[:of_source], X[of_source:]
    within = np.min([domain.std(axis=0) for domain in domains], axis=0)
    alive = within > _ROUNDING * spread.max(initial=0)
    if alive.any():
        mostly_one_value = [np.ptp(np.quantile(domain, [0.25, 0.75], axis=0), axis=0) == 0 for domain in domains]
        least = _LEAST_SPREAD * np.median(within[alive])
        spread = np.where(np.any(mostly_one_value, axis=0), np.maximum(spread, least), spread)
    spread[spread == 0] = 1
    return spread


def _counted(weights: Features, s: Labels, t: Labels) -> Values:
    """Tell how much the samples of a half count: a target sample as much as a source sample on average."""
    return np.concatenate([weights[s], np.full(len(t), weights[s].mean())])


def _domain_hits(
    Fs: Features, Ft: Features, seed: int, weights: Features, odds: DomainOdds | None = None
) -> tuple[Values, Values]:
    """Classify each sample's domain by a fit on the other half.

    Return for each different row (g,) how much those of its samples weigh that are right, and how much all of them do.
    ``weights`` (n_s,) are the source samples'.
    """
    of_source, of_target = domain_odds(Fs, Ft, seed, weights) if odds is None else odds
    halves = _halves(Fs, Ft, np.random.default_rng(seed))[::-1]
    counted = np.concatenate([_counted(weights, s, t) for s, t in halves])
    right = np.concatenate([np.concatenate([of_source[s] <= 0, of_target[t] > 0]) for s, t in halves])
    different = equal_rows(np.concatenate([np.concatenate([Fs[s], Ft[t]]).astype(np.float64) for s, t in halves]))
    hits: Values = np.bincount(different, counted * right).astype(np.float64)
    weight: Values = np.bincount(different, counted).astype(np.float64)
    return hits, weight


def _halves(Fs: Features, Ft: Features, rng: np.random.Generator) -> list[tuple[Labels, Labels]]:
    """Deal both domains' rows into two halves at random, each with as many rows of the source as of the target.

    Equal rows go to the same half, whichever domain they are of: a classifier that was fitted on a copy of a row has
    seen the row. Only a domain that would then be missing in a half is dealt row by row.
    """
    half = min(len(Fs), len(Ft)) // 2
    numbers = equal_rows(np.concatenate([Fs, Ft]))
    half_of = np.full(len(numbers), -1)  # of each different row; −1 is not dealt yet
    rows: list[list[Labels]] = []
    for own in (numbers[: len(Fs)], numbers[len(Fs) :]):
        order = rng.permutation(len(own))
        different, first, counts = np.unique(own[order], return_index=True, return_counts=True)
        in_turn = np.argsort(first)
        different, counts = different[in_turn], counts[in_turn]
        dealt = half_of[different]
        room = half - counts[dealt == 0].sum()
        before = np.cumsum(counts * (dealt < 0)) - counts
        dealt = np.where(dealt < 0, before >= room, dealt)
        if len(np.unique(dealt)) < 2:
            rows.append([order[:half], order[half:]])
            continue
        half_of[different] = dealt
        rows.append([order[half_of[own[order]] == k] for k in (0, 1)])
    sizes = [min(half, *(len(of_domain[k]) for of_domain in rows)) for k in (0, 1)]
    return [(rows[0][k][:size], rows[1][k][:size]) for k, size in enumerate(sizes)]


def neighbour_mix(before: tuple[Features, Features], after: tuple[Features, Features]) -> NeighbourMix:
    """Measure how well the domains mix where samples lie: the share of the other domain among `NEIGHBOURS` nearest.

    Unlike a domain classifier it does not ask whether any direction tells the domains apart, only whether those near a
    sample are of its own domain. ``before`` and ``after``: source (n_s, d) and target (n_t, d) features.

    >>> F = np.random.default_rng(0).normal(size=(100, 2))
    >>> neighbour_mix((F, F + 9), (F, F + 9)).before
    0.0
    """
    n_s, n_t = (min(len(features), MOST_ROWS) for features in before)
    count = min(NEIGHBOURS, n_s + n_t - 1)
    return NeighbourMix(
        before=_other_domain_share(*before, count),
        after=_other_domain_share(*after, count),
        even=2 * n_s * n_t / ((n_s + n_t) * (n_s + n_t - 1)),
        count=count,
    )


def _other_domain_share(Fs: Features, Ft: Features, count: int) -> float:
    from sklearn.neighbors import NearestNeighbors

    Fs, Ft = Fs[_evenly_spaced(len(Fs))], Ft[_evenly_spaced(len(Ft))]
    is_source = np.arange(len(Fs) + len(Ft)) < len(Fs)
    nearest = NearestNeighbors(n_neighbors=count).fit(np.concatenate([Fs, Ft])).kneighbors(return_distance=False)
    return float((is_source[nearest] != is_source[:, None]).mean())


def _bootstrap_weights(source: Values, target_count: int, seed: int) -> tuple[Values, Values]:
    """Weigh the pooled samples, source first, in columns: as they are, then in `DRAWS` bootstrap draws.

    A draw gives every sample an exponential weight (the Bayesian bootstrap, Rubin 1981): unlike a resample it never
    leaves a small class empty, nor sets a sample beside its own copy. In each of both arrays the other domain has 0.
    """
    drawn = np.random.default_rng([seed, 3]).exponential(size=(len(source) + target_count, DRAWS))
    every = np.column_stack([np.ones(len(drawn)), drawn])
    every[: len(source)] *= source[:, None]
    of_source = np.arange(len(every)) < len(source)
    return every * of_source[:, None], every * ~of_source[:, None]


def _evenly_spaced(count: int) -> NDArray[np.int64]:
    """Choose rows of ``count``: all, or `MOST_ROWS` of them evenly spaced."""
    return np.linspace(0, count - 1, min(count, MOST_ROWS)).astype(np.int64)
