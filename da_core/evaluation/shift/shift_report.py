"""Report on a pair's shift from its samples, before anything is trained: measures, drifts, and which family to try."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from da_core.data.pair import UNKNOWN, DomainPair
from da_core.evaluation.shift.class_shares import ClassShares, estimate_class_shares
from da_core.evaluation.shift.comparable_samples import Drift, comparable, drifts
from da_core.evaluation.shift.domain_distances import proxy_a_distance
from da_core.evaluation.shift.kernel_means import (
    classwise_discrepancy,
    discrepancy,
    kernel_means,
    mean_kernel,
    relative_discrepancy,
    second_order_kernel,
)
from da_core.evaluation.shift.shift_permutations import Distance, PermutationTest, permutation_test
from da_core.evaluation.shift.shift_verdict import (
    FAMILY,
    LABEL_SHIFT_EXPLAINS,
    LEAST_OVERLAP,
    SIGNIFICANCE,
    WEIGHTS_EXPLAIN,
    Remainder,
    ShiftEvidence,
    Verdict,
    judge,
    outlook_of_scaling,
    too_few,
)
from da_core.evaluation.weight_spread import effective_sample_size
from da_core.events import Notice
from da_core.methods.base import Family, Predictions
from da_core.methods.reweighting.bbse import BBSE
from da_core.methods.reweighting.domain_classifier import DomainClassifier

Rows = NDArray[np.floating[Any]]

MOST_ROWS = 600
"""Of each domain that are looked at, spread evenly."""
FEW = 150
"""Samples of a domain below which a verdict has to be steady to be named."""
MANY_FOR_NONE = 60
"""Samples of a domain up to which no visible shift says nothing."""
COLUMN_MOVED = 0.3
"""Change of a column's mean, in its standard deviations, that scaling each domain would take away to some use."""
_LONELY = 0.99
"""Quantile of the source samples' distances to their nearest other; what is farther lies outside their support."""


@dataclass(frozen=True)
class DataReport:
    """``counts``: (2, c) samples of each class, source first. ``proportions``: (c,) estimated shares in the target.

    ``family`` is the one to try first, None where there is nothing to adapt; ``reasons`` say why, as messages.
    """

    classes: tuple[str, ...]
    counts: NDArray[np.int64]
    drifts: tuple[Drift, ...]
    proxy_a_distance: float
    interval: tuple[float, float]
    test: PermutationTest
    proportions: NDArray[np.float64]
    effective_share: float
    verdict: Verdict
    family: Family | None
    reasons: tuple[Notice, ...]
    class_shares: ClassShares | None


def data_report(pair: DomainPair, seed: int = 0) -> DataReport:
    """Measure a pair's raw samples and judge its shift.

    The target's labels serve the last question alone, whether P(y | x) changed. With fewer than `FEW` samples in a
    domain a kind of shift is named only if it is the same without any fifth of the samples.
    """
    rows_s, rows_t = (_chosen_rows(len(domain), seed) for domain in (pair.source, pair.target))
    evidence, proportions = _examine(pair, rows_s, rows_t, seed)
    count, class_shares = len(pair.classes), None
    if pair.kind == "features":
        class_shares = estimate_class_shares(pair.source.X[rows_s], pair.source.y[rows_s], pair.target.X[rows_t], count)
    verdict, reasons = judge(evidence)
    changed = drifts(pair, rows_s, rows_t)
    fewest = min(len(rows_s), len(rows_t))
    if fewest < FEW and not (_is_steady(pair, verdict, seed) and (verdict != "none" or fewest > MANY_FOR_NONE)):
        verdict, reasons = "few", (too_few(fewest, verdict),)
    elif class_shares is not None and verdict in ("covariate", "appearance"):
        moved = verdict == "appearance" and abs(changed[0].effect) > COLUMN_MOVED
        reasons += tuple(outlook_of_scaling(class_shares, pair.classes, moved))
    return DataReport(
        classes=pair.classes,
        counts=np.stack([domain.class_counts(count) for domain in (pair.source, pair.target)]),
        drifts=changed,
        proxy_a_distance=evidence.distance,
        interval=evidence.interval,
        test=evidence.test,
        proportions=proportions,
        effective_share=evidence.share,
        verdict=verdict,
        family=FAMILY[verdict],
        reasons=reasons,
        class_shares=class_shares,
    )


def _is_steady(pair: DomainPair, verdict: Verdict, seed: int) -> bool:
    """Tell whether the verdict stays when each fifth of both domains in turn is left out."""
    parts = [np.random.default_rng([seed, 8]).permutation(len(domain)) % 5 for domain in (pair.source, pair.target)]
    for left_out in range(5):
        rows_s, rows_t = (np.flatnonzero(part != left_out) for part in parts)
        if len(np.unique(pair.source.y[rows_s])) < 2:
            return False
        if judge(_examine(pair, rows_s, rows_t, seed)[0])[0] != verdict:
            return False
    return True


def _examine(
    pair: DomainPair, rows_s: NDArray[np.int64], rows_t: NDArray[np.int64], seed: int
) -> tuple[ShiftEvidence, NDArray[np.float64]]:
    """Measure what a verdict rests on, and estimate the target's class shares (c,) by its source's confusion."""
    Fs, Ft = comparable(pair, rows_s, rows_t)
    ys, yt = pair.source.y[rows_s], pair.target.y[rows_t]
    distance, interval = proxy_a_distance(Fs, Ft, seed)
    count = len(pair.classes)
    guesses = _guess(Fs, ys, Ft, count, seed)
    test = permutation_test(Fs, Ft, guesses.source, guesses.target, guesses.halves, seed)
    ratio: Rows = np.ones(count)
    if _knows_the_classes(guesses.predictions):
        ratio = BBSE(predictions="soft").class_weights(guesses.predictions)
    reweighted = _Reweighted(Fs, Ft, guesses, test)
    balanced = reweighted.by_class(ratio[ys])
    weights, weighted = reweighted.by_domain_classifier()
    label_shift = balanced.share < LABEL_SHIFT_EXPLAINS
    rows = _resampled(ratio[ys], seed) if label_shift else np.arange(len(ys))
    known = yt != UNKNOWN
    losses = _accuracy_losses(Fs[rows], ys[rows], Ft[known], yt[known], seed)
    outside = outside_support(Fs, Ft)
    shares: NDArray[np.float64] = np.bincount(ys, minlength=count) / len(ys) * ratio
    proportions = shares / max(shares.sum(), np.finfo(np.float64).tiny)
    evidence = ShiftEvidence(test, distance, interval, balanced, weighted, _effective_share(weights), outside, *losses)
    return evidence, proportions


class _Reweighted:
    """The distance that lies farthest beyond chance, with the source weighted."""

    def __init__(self, Fs: Rows, Ft: Rows, guesses: _Guesses, test: PermutationTest) -> None:
        self._domains = Fs, Ft
        self._guesses = guesses
        self._kernel = mean_kernel(Fs, Ft)
        self._test = test

    def rest(self, weights: Rows, name: Distance | None = None) -> Remainder:
        """Weigh the source samples by ``weights`` (n_s,) and measure what is left of a distance."""
        Fs, Ft = self._domains
        source = np.concatenate([weights, np.zeros(len(Ft))])[:, None]
        target = np.repeat([0.0, 1.0], [len(Fs), len(Ft)])[:, None]
        name = name or self._test.clearest
        if name == "coral":
            means = kernel_means(second_order_kernel(Fs, Ft, weights), source, target)
            after = relative_discrepancy(*means)
        elif name == "classwise":
            after = classwise_discrepancy(self._kernel, self._guesses.source, self._guesses.target, source, target)
        else:
            after = discrepancy(self._kernel, source, target)
        return Remainder(name, self._test.distances[name], float(after[0]))

    def by_class(self, weights: Rows) -> Remainder:
        """Measure what class weights leave, of the class-wise distance as well if it is more than chance.

        Under label shift it is none; a share of what chance alone gives would say nothing.
        """
        chance = self._test.p_values.get("classwise", 1.0)
        names: set[Distance] = {self._test.clearest}
        if chance <= SIGNIFICANCE:
            names.add("classwise")
        return max((self.rest(weights, name) for name in names), key=lambda rest: rest.share)

    def by_domain_classifier(self) -> tuple[Rows, Remainder]:
        """Weigh by a domain classifier that explains the shift, else by the first that was tried.

        The kernel form fits any smooth ratio; among many columns it sees little of a few that moved, and the linear
        form, held back, does.
        """
        tried = []
        for classifier in (DomainClassifier(clip=1e6), DomainClassifier(kernel="linear", C=0.01, clip=1e6)):
            weights = classifier.weights(*self._domains)
            tried.append((weights, self.rest(weights)))
            if tried[-1][1].share < WEIGHTS_EXPLAIN and _effective_share(weights) >= LEAST_OVERLAP:
                return tried[-1]
        return tried[0]


@dataclass(frozen=True)
class _Guesses:
    """Outcomes of two simple classifiers, each trained on one half of the source.

    ``predictions``: of the source by the one that did not see a sample, of the target by both. ``source`` and
    ``target`` (n,) classes are guessed by one classifier in each of two ``halves`` (n_s + n_t,) of all samples, so that
    they compare.
    """

    predictions: Predictions
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    halves: NDArray[np.bool_]


def _guess(Fs: Rows, ys: NDArray[np.int64], Ft: Rows, count: int, seed: int) -> _Guesses:
    rng = np.random.default_rng([seed, 6])
    half_s, half_t = (rng.permutation(size) % 2 == 0 for size in (len(Fs), len(Ft)))
    one_hot = np.eye(count)
    Ps, Pt, guess_t = np.zeros((len(ys), count)), np.zeros((len(Ft), count)), np.zeros(len(Ft), np.int64)
    for part_s, part_t in ((half_s, half_t), (~half_s, ~half_t)):
        classifier = _fit_svm(Fs[~part_s], ys[~part_s])
        Ps[part_s] = one_hot[classifier.predict(Fs[part_s])]
        guessed = classifier.predict(Ft)
        Pt += one_hot[guessed] / 2
        guess_t[part_t] = guessed[part_t]
    return _Guesses(Predictions(ys, Ps, Pt), Ps.argmax(axis=1), guess_t, np.concatenate([half_s, half_t]))


def _knows_the_classes(predictions: Predictions) -> bool:
    """Tell whether the classifier knows every class, and is right far more often than the commonest would make it."""
    shares = np.bincount(predictions.ys) / len(predictions.ys)
    right = predictions.Ps.argmax(axis=1) == predictions.ys
    known = [right[predictions.ys == label].mean() for label in np.unique(predictions.ys)]
    return bool(right.mean() > shares.max() + 0.05 and min(known) > 0.2)


def _accuracy_losses(
    Fs: Rows, ys: NDArray[np.int64], Ft: Rows, yt: NDArray[np.int64], seed: int
) -> tuple[float | None, float | None]:
    """Measure the accuracy on half of the target that others lose against a classifier of the target's other half.

    First one of the source, then one of the source and that other half together: where P(y | x) is the same in both,
    that one loses nothing. None where the target has no labels.
    """
    if not len(yt):
        return None, None
    half = np.random.default_rng([seed, 3]).permutation(len(yt)) % 2 == 0
    if min(len(np.unique(yt[half])), len(np.unique(ys))) < 2:
        return 0.0, 0.0
    both = np.concatenate([Fs, Ft[half]]), np.concatenate([ys, yt[half]])
    own, of_source, of_both = (
        float(_fit_svm(F, y).score(Ft[~half], yt[~half])) for F, y in ((Ft[half], yt[half]), (Fs, ys), both)
    )
    return own - of_source, own - of_both


def _fit_svm(F: Rows, y: NDArray[np.int64]) -> Any:
    from sklearn.svm import SVC

    # scikit-learn's own width takes in how far apart the columns' means lie, which says nothing of the classes
    return SVC(gamma=1 / max(F.var(axis=0).sum(), np.finfo(np.float64).tiny)).fit(F, y)


def _resampled(weights: Rows, seed: int) -> NDArray[np.int64]:
    """Draw as many rows as there are weights, each as often as it weighs (systematic resampling)."""
    if weights.sum() <= 0:
        return np.arange(len(weights))
    at = (np.arange(len(weights)) + np.random.default_rng([seed, 4]).random()) / len(weights)
    return np.searchsorted(np.cumsum(weights) / weights.sum(), at).clip(max=len(weights) - 1)


def outside_support(Fs: Rows, Ft: Rows) -> float:
    """Estimate the share of the target (n_t, d) that lies outside the support of the source (n_s, d), two samples each.

    Such a sample is farther from every source sample than all but 1% of these are from their nearest other.

    >>> F = np.random.default_rng(0).normal(size=(100, 2))
    >>> outside_support(F, F + 9)
    1.0
    """
    from sklearn.neighbors import NearestNeighbors

    nearest = NearestNeighbors(n_neighbors=1).fit(Fs)
    among_source, to_source = nearest.kneighbors()[0], nearest.kneighbors(Ft)[0]
    return float((to_source > np.quantile(among_source, _LONELY)).mean())


def _effective_share(weights: Rows) -> float:
    return effective_sample_size(weights) / len(weights)


def _chosen_rows(count: int, seed: int) -> NDArray[np.int64]:
    rows = np.random.default_rng([seed, 5]).permutation(count)[:MOST_ROWS]
    return np.sort(rows).astype(np.int64)
