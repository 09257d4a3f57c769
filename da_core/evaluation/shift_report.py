"""Report on a pair's shift from its samples, before anything is trained: measures, drifts, and which family to try."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from da_core.data.pair import UNKNOWN, DomainPair
from da_core.evaluation.comparable_samples import Drift, comparable, drifts
from da_core.evaluation.kernel_means import (
    classwise_discrepancy,
    discrepancy,
    kernel_means,
    mean_kernel,
    relative_discrepancy,
    second_order_kernel,
)
from da_core.evaluation.shift import proxy_a_distance, proxy_a_distance_interval
from da_core.evaluation.shift_permutations import Distance, PermutationTest, permutation_test
from da_core.evaluation.weight_spread import effective_sample_size
from da_core.events import Notice
from da_core.methods.base import Family, Predictions
from da_core.methods.reweighting.bbse import BBSE
from da_core.methods.reweighting.domain_classifier import DomainClassifier

Rows = NDArray[np.floating[Any]]
Verdict = Literal["none", "label", "covariate", "concept", "appearance"]

MOST_ROWS = 600
"""Of each domain that are looked at, spread evenly."""
_SIGNIFICANCE = 0.01
"""A shift is there if chance alone gives as large a distance less often than this."""
_LEAST_OVERLAP = 0.05
"""Share of the source that must be left, as effective sample size, for weights to stand for the target."""
_CHANCE_DISTANCE = 0.1
"""A proxy A-distance that chance alone may give."""
_FAR_APART = 1.8
"""A proxy A-distance at which a domain classifier is hardly ever wrong: no weights make one domain of the other."""
_LABEL_SHIFT_EXPLAINS = 0.3
"""Other class proportions explain a shift if with them less than this share of the distance is left."""
_WEIGHTS_EXPLAIN = 0.45
"""Weights explain a shift if with them less than this share of the distance is left."""
_LONELY = 0.99
"""Quantile of the source samples' distances to their nearest other; what is farther lies outside their support."""
_OUTSIDE_SUPPORT = 0.2
"""Share of the target outside the source's support from which on weights may fail: there is nothing there to weigh."""
_STEADY_REMAINDER = 0.1
"""Share of the distance that weights leave where they reach the whole target."""
_CLEAR_LOSS = 0.1
"""A loss of accuracy that is more than noise."""
_CONCEPT_SHIFT_LOSS = 0.06
"""The same, of a classifier that learned from the target too."""


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


def data_report(pair: DomainPair, seed: int = 0) -> DataReport:
    """Measure a pair's raw samples and judge its shift.

    The target's labels serve the last question alone, whether P(y | x) changed.
    """
    rows_s, rows_t = (_chosen_rows(len(domain), seed) for domain in (pair.source, pair.target))
    Fs, Ft = comparable(pair, rows_s, rows_t)
    ys, yt = pair.source.y[rows_s], pair.target.y[rows_t]
    distance, interval = proxy_a_distance(Fs, Ft, seed), proxy_a_distance_interval(Fs, Ft, seed)
    count = len(pair.classes)
    guesses = _guess(Fs, ys, Ft, count, seed)
    test = permutation_test(Fs, Ft, guesses.source, guesses.target, guesses.halves, seed)
    ratio: Rows = np.ones(count)
    if _knows_the_classes(guesses.predictions):
        ratio = BBSE(predictions="soft").class_weights(guesses.predictions)
    reweighted = _Reweighted(Fs, Ft, guesses, test)
    balanced = reweighted.by_class(ratio[ys])
    weights, weighted = reweighted.by_domain_classifier()
    share = _effective_share(weights)
    label_shift = balanced.share < _LABEL_SHIFT_EXPLAINS
    rows = _resampled(ratio[ys], seed) if label_shift else np.arange(len(ys))
    known = yt != UNKNOWN
    losses = _accuracy_losses(Fs[rows], ys[rows], Ft[known], yt[known], seed)

    verdict, reasons = _judge(
        _Measured(test, distance, interval, balanced, weighted, share, outside_support(Fs, Ft), *losses)
    )
    shares = np.bincount(ys, minlength=count) / len(ys) * ratio
    return DataReport(
        classes=pair.classes,
        counts=np.stack([domain.class_counts(count) for domain in (pair.source, pair.target)]),
        drifts=drifts(pair, rows_s, rows_t),
        proxy_a_distance=distance,
        interval=interval,
        test=test,
        proportions=shares / max(shares.sum(), np.finfo(np.float64).tiny),
        effective_share=share,
        verdict=verdict,
        family=_FAMILY[verdict],
        reasons=reasons,
    )


_FAMILY: dict[Verdict, Family | None] = {
    "none": None,
    "label": "reweighting",
    "covariate": "reweighting",
    "concept": "adaptation",
    "appearance": "alignment",
}


@dataclass(frozen=True)
class _Remainder:
    """What weights leave of a distance."""

    name: Distance
    before: float
    after: float

    @property
    def share(self) -> float:
        return self.after / max(self.before, np.finfo(np.float64).tiny)


class _Reweighted:
    """The distance that lies farthest beyond chance, with the source weighted."""

    def __init__(self, Fs: Rows, Ft: Rows, guesses: _Guesses, test: PermutationTest) -> None:
        self._domains = Fs, Ft
        self._guesses = guesses
        self._kernel = mean_kernel(Fs, Ft)
        self._test = test

    def rest(self, weights: Rows, name: Distance | None = None) -> _Remainder:
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
        return _Remainder(name, self._test.distances[name], float(after[0]))

    def by_class(self, weights: Rows) -> _Remainder:
        """Measure what class weights leave, of the class-wise distance as well if it is more than chance.

        Under label shift it is none; a share of what chance alone gives would say nothing.
        """
        chance = self._test.p_values.get("classwise", 1.0)
        names: set[Distance] = {self._test.clearest}
        if chance <= _SIGNIFICANCE:
            names.add("classwise")
        return max((self.rest(weights, name) for name in names), key=lambda rest: rest.share)

    def by_domain_classifier(self) -> tuple[Rows, _Remainder]:
        """Weigh by a domain classifier that explains the shift, else by the first that was tried.

        The kernel form fits any smooth ratio; among many columns it sees little of a few that moved, and the linear
        form, held back, does.
        """
        tried = []
        for classifier in (DomainClassifier(clip=1e6), DomainClassifier(kernel="linear", C=0.01, clip=1e6)):
            weights = classifier.weights(*self._domains)
            tried.append((weights, self.rest(weights)))
            if tried[-1][1].share < _WEIGHTS_EXPLAIN and _effective_share(weights) >= _LEAST_OVERLAP:
                return tried[-1]
        return tried[0]


@dataclass(frozen=True)
class _Measured:
    """The numbers that a verdict rests on.

    What is left of the distance with the source ``balanced`` to the target's estimated class proportions, and
    ``weighted`` by a domain classifier, of which ``share`` is the effective sample size. ``outside``: the share of the
    target outside the source's support. ``source_loss`` and ``concept_shift_loss``: the accuracy on the target that a
    classifier of the source, and one of both domains, loses
    against the target's own; None without its labels.
    """

    test: PermutationTest
    distance: float
    interval: tuple[float, float]
    balanced: _Remainder
    weighted: _Remainder
    share: float
    outside: float
    source_loss: float | None
    concept_shift_loss: float | None

    @property
    def has_left_support(self) -> bool:
        """Whether so much of the target is where no source sample is that weights leave the domains apart."""
        return self.outside > _OUTSIDE_SUPPORT and self.weighted.share > _STEADY_REMAINDER


def _judge(measured: _Measured) -> tuple[Verdict, tuple[Notice, ...]]:
    """Judge which kind of shift the numbers speak for; the sentences say why."""
    same = Notice(
        "Dealt out at random, the samples lie as far apart in {share:.0%} of all cases (permutation test).",
        {"share": measured.test.p_value},
    )
    loses = Notice(
        "On the target, a simple classifier of the samples as they are, which learned from the source, is right "
        "{points:.0f} points less often than one that learned from the target itself.",
        {"points": 100 * (measured.source_loss or 0)},
    )
    nobody = Notice(
        "The target has no labels, so nobody can tell whether the same sample is of the same class in both domains."
    )
    keeps = Notice("A classifier that learned from the source does hardly worse on the target than one of its own.")
    loses_clearly = measured.source_loss is not None and measured.source_loss > _CLEAR_LOSS
    if measured.test.p_value > _SIGNIFICANCE:
        if loses_clearly:
            return "concept", (same, loses)
        return "none", (same, nobody if measured.source_loss is None else keeps)
    overlap = measured.distance < _FAR_APART
    if overlap and measured.balanced.share < _LABEL_SHIFT_EXPLAINS and not loses_clearly:
        explained = Notice(
            "Other class proportions explain it: with them the distance ({name}) falls from {before:.3f} to "
            "{after:.3f}.",
            _values(measured.balanced),
        )
        return "label", (explained, nobody if measured.source_loss is None else keeps)
    apart = _what_tells_them_apart(measured)
    concept_shifted = measured.concept_shift_loss is not None and measured.concept_shift_loss > _CONCEPT_SHIFT_LOSS
    weights_explain = measured.share >= _LEAST_OVERLAP and measured.weighted.share < _WEIGHTS_EXPLAIN
    if overlap and weights_explain and not concept_shifted and not measured.has_left_support:
        stands = Notice(
            "Weights can make the source stand for the target: {share:.0%} of its samples would still count, and the "
            "distance ({name}) falls from {before:.3f} to {after:.3f}.",
            {"share": measured.share, **_values(measured.weighted)},
        )
        alike = Notice(
            "One classifier for both domains does about as well on the target as one of its own: the same sample seems "
            "to be of the same class in both."
        )
        return "covariate", (apart, stands, nobody if measured.concept_shift_loss is None else alike)
    return "appearance", (apart, _why_weights_fail(measured, concept_shifted), *([loses] if loses_clearly else []))


DISTANCE_NAMES: dict[Distance, str] = {"mmd": "MMD", "coral": "CORAL distance", "classwise": "Class-wise distance"}
"""What the distances are called, as messages."""


def _values(rest: _Remainder) -> dict[str, Any]:
    return {"name": DISTANCE_NAMES[rest.name], "before": rest.before, "after": max(rest.after, 0.0)}


def _what_tells_them_apart(measured: _Measured) -> Notice:
    """Say whether a line tells the domains apart and, where none does, which distance is no chance."""
    values: dict[str, Any] = {
        "distance": measured.distance,
        "low": measured.interval[0],
        "high": measured.interval[1],
    }
    if measured.interval[0] > _CHANCE_DISTANCE:
        return Notice(
            "A linear domain classifier tells them apart: proxy A-distance {distance:.2f}, from {low:.2f} to "
            "{high:.2f}.",
            values,
        )
    if measured.test.clearest == "coral":
        return Notice(
            "A linear domain classifier does not tell them apart (proxy A-distance {distance:.2f}, from {low:.2f} to "
            "{high:.2f}), but they vary in other directions (CORAL distance).",
            values,
        )
    if measured.test.clearest == "classwise":
        return Notice(
            "A linear domain classifier does not tell them apart (proxy A-distance {distance:.2f}, from {low:.2f} to "
            "{high:.2f}), but samples that are taken for one class differ (class-wise distance).",
            values,
        )
    return Notice(
        "A linear domain classifier does not tell them apart (proxy A-distance {distance:.2f}, from {low:.2f} to "
        "{high:.2f}), but the kernel's distance (MMD) does.",
        values,
    )


def _why_weights_fail(measured: _Measured, concept_shifted: bool) -> Notice:
    """Say why weights alone will not do."""
    if measured.share < _LEAST_OVERLAP:
        return Notice(
            "The domains hardly overlap: weighted to stand for the target, only {share:.1%} of the source would count.",
            {"share": measured.share},
        )
    if measured.distance >= _FAR_APART:
        return Notice("The domains hardly overlap, so no weights can make the source stand for the target.")
    if concept_shifted:
        return Notice(
            "One classifier for both domains is right {points:.0f} points less often on the target than one of its "
            "own: where they overlap, samples that look the same are of other classes.",
            {"points": 100 * (measured.concept_shift_loss or 0)},
        )
    if measured.has_left_support:
        return Notice(
            "{outside:.0%} of the target lies where the source has no samples, so weights cannot stand for it: "
            "{rest:.0%} of the distance ({name}) is left.",
            {
                "outside": measured.outside,
                "rest": measured.weighted.share,
                "name": DISTANCE_NAMES[measured.weighted.name],
            },
        )
    return Notice(
        "Weights do not explain it: with the source weighted to stand for the target, {rest:.0%} of the distance "
        "({name}) is left.",
        {"rest": measured.weighted.share, "name": DISTANCE_NAMES[measured.weighted.name]},
    )


# What the classes say ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Guesses:
    """What two simple classifiers say, each of which learned from one half of the source.

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
