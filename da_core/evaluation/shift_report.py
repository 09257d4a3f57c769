"""Report on a pair's shift from its samples, before anything is trained: measures, drifts, and which family to try."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from da_core.data.pair import SOUND_RATE, UNKNOWN, Domain, DomainPair
from da_core.data.readers.sounds import log_mel
from da_core.data.text_units import are_unspaced, count_units
from da_core.evaluation.shift import mmd, mmd_p_value, proxy_a_distance, proxy_a_distance_interval
from da_core.evaluation.weight_spread import effective_sample_size
from da_core.events import Notice
from da_core.methods.base import Family, Predictions
from da_core.methods.reweighting.bbse import BBSE
from da_core.methods.reweighting.domain_classifier import DomainClassifier

Rows = NDArray[np.floating[Any]]
Verdict = Literal["none", "label", "covariate", "concept", "appearance"]

MOST_ROWS = 600
"""Of each domain that are looked at, spread evenly."""
_POOLED_SIDE = 8
"""Pictures are averaged down to this many pixels a side before they are compared, and spectrograms in time."""
_SIGNIFICANCE = 0.01
"""A shift is there if chance alone gives as large a distance less often than this."""
_LEAST_OVERLAP = 0.05
"""Share of the source that must be left, as effective sample size, for weights to stand for the target."""


_LABEL_SHIFT_EXPLAINS = 0.3
"""Other class proportions explain a shift if with them less than this share of the distance is left."""
_WEIGHTS_EXPLAIN = 0.45
"""Weights explain a shift if with them less than this share of the distance is left."""
_CLEAR_LOSS = 0.1
"""A loss of accuracy that is more than noise."""
_CONCEPT_SHIFT_LOSS = 0.06
"""The same, of a classifier that learned from the target too."""


@dataclass(frozen=True)
class Drift:
    """One number of a sample: its mean in both domains, and their difference in pooled standard deviations."""

    name: str
    source: float
    target: float
    effect: float


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
    mmd: float
    p_value: float
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
    p_value = mmd_p_value(Fs, Ft, seed)
    count = len(pair.classes)
    predictions = _cross_predictions(Fs, ys, Ft, count, seed)
    ratio = BBSE(predictions="soft").class_weights(predictions) if _knows_the_classes(predictions) else np.ones(count)
    weights = DomainClassifier(clip=1e6).weights(Fs, Ft)
    share = effective_sample_size(weights) / len(weights)
    balanced = _resampled(ratio[ys], seed)
    plain, rebalanced, weighted = (mmd(F, Ft) for F in (Fs, Fs[balanced], Fs[_resampled(weights, seed)]))
    rows = balanced if rebalanced < _LABEL_SHIFT_EXPLAINS * plain else np.arange(len(ys))
    known = yt != UNKNOWN
    losses = _accuracy_losses(Fs[rows], ys[rows], Ft[known], yt[known], seed)

    verdict, reasons = _judge(_Measured(p_value, distance, interval, plain, rebalanced, weighted, share, *losses))
    shares = np.bincount(ys, minlength=count) / len(ys) * ratio
    return DataReport(
        classes=pair.classes,
        counts=np.stack([domain.class_counts(count) for domain in (pair.source, pair.target)]),
        drifts=drifts(pair, rows_s, rows_t),
        proxy_a_distance=distance,
        interval=interval,
        mmd=plain,
        p_value=p_value,
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
class _Measured:
    """The numbers that a verdict rests on.

    MMD² as it is, ``balanced`` to the target's estimated class proportions, and ``weighted`` by a domain classifier, of
    which ``share`` is the effective sample size. ``source_loss`` and ``concept_shift_loss``: the accuracy on the target
    that a classifier of the source, and one of both domains, loses against the target's own; None without its labels.
    """

    p_value: float
    distance: float
    interval: tuple[float, float]
    mmd: float
    balanced: float
    weighted: float
    share: float
    source_loss: float | None
    concept_shift_loss: float | None


def _judge(measured: _Measured) -> tuple[Verdict, tuple[Notice, ...]]:
    """Judge which kind of shift the numbers speak for; the sentences say why."""
    same = Notice(
        "Dealt out at random, the samples lie as far apart in {share:.0%} of all cases (permutation test).",
        {"share": measured.p_value},
    )
    loses = Notice(
        "On the target, a classifier that learned from the source is right {points:.0f} points less often than one "
        "that learned from the target itself.",
        {"points": 100 * (measured.source_loss or 0)},
    )
    nobody = Notice(
        "The target has no labels, so nobody can tell whether the same sample is of the same class in both domains."
    )
    keeps = Notice("A classifier that learned from the source does hardly worse on the target than one of its own.")
    loses_clearly = measured.source_loss is not None and measured.source_loss > _CLEAR_LOSS
    if measured.p_value > _SIGNIFICANCE:
        if loses_clearly:
            return "concept", (same, loses)
        return "none", (same, nobody if measured.source_loss is None else keeps)
    label_shift_explains = measured.balanced < _LABEL_SHIFT_EXPLAINS * measured.mmd
    if label_shift_explains and not loses_clearly:
        explained = Notice(
            "Other class proportions explain it: with them the distance (MMD) falls from {before:.3f} to {after:.3f}.",
            {"before": measured.mmd, "after": max(measured.balanced, 0.0)},
        )
        return "label", (explained, nobody if measured.source_loss is None else keeps)
    apart = Notice(
        "A linear domain classifier tells them apart: proxy A-distance {distance:.2f}, from {low:.2f} to {high:.2f}."
        if measured.interval[0] > 0.1
        else "A linear domain classifier does not tell them apart (proxy A-distance {distance:.2f}, from {low:.2f} to "
        "{high:.2f}), but the kernel's distance (MMD) does.",
        {"distance": measured.distance, "low": measured.interval[0], "high": measured.interval[1]},
    )
    concept_shifted = measured.concept_shift_loss is not None and measured.concept_shift_loss > _CONCEPT_SHIFT_LOSS
    weights_explain = measured.share >= _LEAST_OVERLAP and measured.weighted < _WEIGHTS_EXPLAIN * measured.mmd
    if weights_explain and not concept_shifted:
        overlap = Notice(
            "Weights can make the source stand for the target: {share:.0%} of its samples would still count, and the "
            "distance (MMD) falls from {before:.3f} to {after:.3f}.",
            {"share": measured.share, "before": measured.mmd, "after": max(measured.weighted, 0.0)},
        )
        alike = Notice(
            "One classifier for both domains does about as well on the target as one of its own: the same sample seems "
            "to be of the same class in both."
        )
        return "covariate", (apart, overlap, nobody if measured.concept_shift_loss is None else alike)
    return "appearance", (apart, _why_weights_fail(measured, concept_shifted), *([loses] if loses_clearly else []))


def _why_weights_fail(measured: _Measured, concept_shifted: bool) -> Notice:
    """Say why weights alone will not do."""
    if measured.share < _LEAST_OVERLAP:
        return Notice(
            "The domains hardly overlap: weighted to stand for the target, only {share:.1%} of the source would count.",
            {"share": measured.share},
        )
    if concept_shifted:
        return Notice(
            "One classifier for both domains is right {points:.0f} points less often on the target than one of its "
            "own: where they overlap, samples that look the same are of other classes.",
            {"points": 100 * (measured.concept_shift_loss or 0)},
        )
    return Notice(
        "Weights do not explain it: with the source weighted to stand for the target, {rest:.0%} of the distance (MMD) "
        "is left.",
        {"rest": measured.weighted / measured.mmd},
    )


# Samples as numbers --------------------------------------------------------------------------------------------------


def comparable(pair: DomainPair, rows_s: NDArray[np.int64], rows_t: NDArray[np.int64]) -> tuple[Rows, Rows]:
    """Turn both domains into features (n, d): small pictures or spectrograms, hashed words, the features themselves."""
    if pair.kind == "texts":
        from sklearn.feature_extraction.text import HashingVectorizer

        hashing = HashingVectorizer(n_features=512, alternate_sign=False)
        Fs, Ft = (hashing.transform(d.X[rows]).toarray() for d, rows in ((pair.source, rows_s), (pair.target, rows_t)))
        return Fs, Ft
    Fs, Ft = (_as_rows(d.X[rows]) for d, rows in ((pair.source, rows_s), (pair.target, rows_t)))
    scale = np.concatenate([Fs, Ft]).std(axis=0)
    scale[scale == 0] = 1
    return Fs / scale, Ft / scale


def _as_rows(X: NDArray[Any]) -> NDArray[np.float64]:
    """Average pictures (n, h, w, 3) to 8 × 8 and spectrograms of sounds to 8 frames, as rows; features stay."""
    if X.dtype == np.int16:
        parts = np.array_split(log_mel(X).astype(np.float64), _POOLED_SIDE, axis=2)
        return np.concatenate([part.mean(axis=2) for part in parts if part.shape[2]], axis=1)
    if X.ndim == 2:
        return X.astype(np.float64)
    rows, columns = (np.linspace(0, side, _POOLED_SIDE + 1).astype(int)[:-1] for side in X.shape[1:3])
    sums = np.add.reduceat(np.add.reduceat(X.astype(np.float64), rows, axis=1), columns, axis=2)
    area = np.diff([*rows, X.shape[1]])[:, None] * np.diff([*columns, X.shape[2]])
    small: NDArray[np.float64] = (sums / area[..., None] / 255).reshape(len(X), -1)
    return small


def drifts(pair: DomainPair, rows_s: NDArray[np.int64], rows_t: NDArray[np.int64], most: int = 8) -> tuple[Drift, ...]:
    """List the numbers of a sample that changed most, the largest change first."""
    source, target = (_nameable_numbers(pair, d, rows) for d, rows in ((pair.source, rows_s), (pair.target, rows_t)))
    changed = []
    for name, values in source.items():
        others = target[name]
        spread = np.sqrt((values.var() + others.var()) / 2)
        difference = others.mean() - values.mean()
        effect = (
            0.0
            if difference == 0
            else float(difference / spread)
            if spread > 0
            else float(np.sign(difference)) * np.inf
        )
        changed.append(Drift(name, float(values.mean()), float(others.mean()), effect))
    return tuple(sorted(changed, key=lambda drift: -abs(drift.effect))[:most])


def _nameable_numbers(pair: DomainPair, domain: Domain, rows: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Measure what a person can name of a sample, each as (n,) numbers."""
    X = domain.X[rows]
    if pair.kind == "pictures":
        pictures = X.astype(np.float64) / 255
        red, green, blue = (pictures[..., channel].mean(axis=(1, 2)) for channel in range(3))
        light = pictures.mean(axis=3)
        edges = np.abs(np.diff(light, axis=1)).mean(axis=(1, 2)) + np.abs(np.diff(light, axis=2)).mean(axis=(1, 2))
        return {
            "brightness": light.mean(axis=(1, 2)),
            "contrast": light.std(axis=(1, 2)),
            "red / green": (red + 1e-3) / (green + 1e-3),
            "blue / green": (blue + 1e-3) / (green + 1e-3),
            "edges": edges,
            "dark share": (light < 0.04).mean(axis=(1, 2)),
        }
    if pair.kind == "sounds":
        power = np.exp(log_mel(X).astype(np.float64)).sum(axis=1)
        spectrum = np.abs(np.fft.rfft(X / 32768)) ** 2
        hertz = np.fft.rfftfreq(X.shape[1], 1 / SOUND_RATE)
        return {
            "loudness (dB)": 10 * np.log10(power.mean(axis=1)),
            "loudness of the quietest tenth (dB)": 10 * np.log10(np.quantile(power, 0.1, axis=1)),
            "centre of the spectrum (Hz)": spectrum @ hertz / np.maximum(spectrum.sum(axis=1), np.finfo(float).tiny),
        }
    if pair.kind == "texts":
        texts = [str(text) for text in X]
        if are_unspaced(str(text) for text in pair.source.X[:100]):
            return {
                "characters": np.array([count_units(text) for text in texts], dtype=np.float64),
                "exclamation marks": np.array([len(re.findall("[!！]", text)) for text in texts], dtype=np.float64),
            }
        return {
            "words": np.array([len(text.split()) for text in texts], dtype=np.float64),
            "letters a word": np.array([np.mean([len(w) for w in text.split()] or [0]) for text in texts]),
            "capitals": np.array([sum(c.isupper() for c in text) / max(len(text), 1) for text in texts]),
            "exclamation marks": np.array([text.count("!") for text in texts], dtype=np.float64),
        }
    names = pair.columns or tuple(f"x{column + 1}" for column in range(X.shape[1]))
    return {name: X[:, column].astype(np.float64) for column, name in enumerate(names)}


# What the classes say ------------------------------------------------------------------------------------------------


def _cross_predictions(Fs: Rows, ys: NDArray[np.int64], Ft: Rows, count: int, seed: int) -> Predictions:
    """Predict by simple classifiers: each half of the source by the other half's, the target by both."""
    half = np.random.default_rng([seed, 6]).permutation(len(ys)) % 2 == 0
    one_hot = np.eye(count)
    Ps, Pt = np.zeros((len(ys), count)), np.zeros((len(Ft), count))
    for part in (half, ~half):
        classifier = _fit_svm(Fs[part], ys[part])
        Ps[~part] = one_hot[classifier.predict(Fs[~part])]
        Pt += one_hot[classifier.predict(Ft)] / 2
    return Predictions(ys, Ps, Pt)


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


def _chosen_rows(count: int, seed: int) -> NDArray[np.int64]:
    rows = np.random.default_rng([seed, 5]).permutation(count)[:MOST_ROWS]
    return np.sort(rows).astype(np.int64)
