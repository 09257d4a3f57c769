"""Predict and score the held-out samples of both domains, and of a third where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from da_core.data.pair import UNKNOWN, Split
from da_core.evaluation.metrics import gain, scores
from da_core.events import Basis, DomainScores, Gain, Scored, Scores
from da_core.networks.heads import cross_fitted, matched_halves
from da_core.training.model import Model
from da_core.training.prepared import Prepared

Labels = NDArray[np.int64]
Domain = Literal["source", "target"]


@dataclass(frozen=True, eq=False)
class HeldOutPredictions:
    """Held-out features (n, d), after any map, predicted class indices (n,), and class probabilities (n, c).

    Of a third domain, where there is one, the last two. ``rests_on`` says what those of source and target are worth.
    """

    source_features: NDArray[Any]
    target_features: NDArray[Any]
    source_predicted: Labels
    target_predicted: Labels
    source_probabilities: NDArray[np.floating[Any]]
    target_probabilities: NDArray[np.floating[Any]]
    rests_on: dict[Domain, Basis]
    third_predicted: Labels | None = None
    third_probabilities: NDArray[np.floating[Any]] | None = None


@dataclass(frozen=True, eq=False)
class HeldOutLabels:
    """True class indices (n,) of the samples that a `HeldOutPredictions` is of; −1 where a target sample has none."""

    source: Labels
    target: Labels
    third: Labels | None = None


@dataclass(frozen=True, eq=False)
class EvidenceRows:
    """Held-out samples that are kept for pictures: positions in ``source_test`` and in ``target_test``."""

    source: NDArray[np.int64]
    target: NDArray[np.int64]


def choose_evidence_rows(split: Split, most: int | None, seed: int) -> EvidenceRows:
    """Draw at most ``most`` held-out samples of each domain by ``seed`` (None: all)."""
    rng = np.random.default_rng([seed, 1])
    source, target = (np.sort(rng.permutation(len(rows))[:most]) for rows in (split.source_test, split.target_test))
    return EvidenceRows(source, target)


def predict_held_out(model: Model, prepared: Prepared) -> HeldOutPredictions:
    """Compute a model's features and predictions of the held-out samples."""
    Fs = model.map_source(model.embed_source(prepared.source_test.X))
    Ft = model.map_target(model.embed(prepared.target_test))
    Ps, Pt = model.probabilities(Fs), model.probabilities(Ft)
    basis: Basis = "all" if prepared.nothing_held_out else "held_out"
    rests_on: dict[Domain, Basis] = {"source": basis, "target": basis}
    predictions = HeldOutPredictions(Fs, Ft, model.predict(Fs), model.predict(Ft), Ps, Pt, rests_on)
    predictions = _cross_fitted(predictions, model, prepared)
    if prepared.third is None:
        return predictions
    F = model.map_target(model.embed(prepared.third.X))
    return replace(predictions, third_predicted=model.predict(F), third_probabilities=model.probabilities(F))


def _cross_fitted(predictions: HeldOutPredictions, model: Model, prepared: Prepared) -> HeldOutPredictions:
    """Predict by halves what the model's head was itself fitted on; where that is not so, change nothing.

    A network that was trained on all samples has learned their labels by heart, whatever head is fitted behind it.
    """
    domain = model.fitted_on
    if domain is None or prepared.extractor.learns or not prepared.nothing_held_out:
        return predictions
    labels = held_out_labels(prepared)
    if domain == "source":
        F, y = predictions.source_features, labels.source
        P, predicted = predictions.source_probabilities, predictions.source_predicted
    else:
        F, y = predictions.target_features, labels.target
        P, predicted = predictions.target_probabilities, predictions.target_predicted
    known, experiment = y != UNKNOWN, prepared.experiment
    halves = matched_halves(F[known], y[known], model.weights, experiment.seed)
    if halves is None:
        return predictions
    P, predicted = P.copy(), predicted.copy()
    P[known] = cross_fitted(
        experiment.head, F[known], y[known], halves, experiment.seed, len(prepared.pair.classes), model.weights
    )
    predicted[known] = P[known].argmax(axis=1)
    rests_on: dict[Domain, Basis] = {**predictions.rests_on, domain: "cross_fitted"}
    if domain == "source":
        return replace(predictions, source_probabilities=P, source_predicted=predicted, rests_on=rests_on)
    return replace(predictions, target_probabilities=P, target_predicted=predicted, rests_on=rests_on)


def view_evidence_rows(
    model: Model, prepared: Prepared, rows: EvidenceRows
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Compute features (n, d), source first, and class probabilities (n, c) of the samples kept for pictures."""
    Fs = model.embed_source(prepared.source_test.X[rows.source])
    F = np.concatenate([Fs, model.embed(prepared.target_test[rows.target])])
    return F, model.probabilities(F)


def held_out_labels(prepared: Prepared) -> HeldOutLabels:
    """Collect the labels of the held-out samples: for scoring alone."""
    return HeldOutLabels(
        source=prepared.pair.source.y[prepared.split.source_test],
        target=prepared.pair.target.y[prepared.split.target_test],
        third=None if prepared.third is None else prepared.third.labels,
    )


def domain_scores(
    predictions: HeldOutPredictions, labels: HeldOutLabels, classes: Sequence[str], seed: int
) -> DomainScores:
    """Score the held-out samples of both domains and of the third, those of them that have a label."""

    def score(y: Labels | None, predicted: Labels | None, P: NDArray[np.floating[Any]] | None) -> Scores | None:
        if y is None or predicted is None or P is None or not (known := y != UNKNOWN).any():
            return None
        return scores(y[known], predicted[known], classes, P[known], seed)

    source = score(labels.source, predictions.source_predicted, predictions.source_probabilities)
    assert source is not None  # nobody trains on a source without labels
    return DomainScores(
        target=score(labels.target, predictions.target_predicted, predictions.target_probabilities),
        source=source,
        third=score(labels.third, predictions.third_predicted, predictions.third_probabilities),
    )


def gains(before: HeldOutPredictions, after: HeldOutPredictions, labels: HeldOutLabels) -> dict[Scored, Gain]:
    """Measure what adapting changed on each domain, on those of its samples that have a label."""
    parts: dict[Scored, tuple[Labels | None, Labels | None, Labels | None]] = {
        "target": (labels.target, before.target_predicted, after.target_predicted),
        "source": (labels.source, before.source_predicted, after.source_predicted),
        "third": (labels.third, before.third_predicted, after.third_predicted),
    }
    return {
        name: gain(y[known], was[known], now[known])
        for name, (y, was, now) in parts.items()
        if y is not None and was is not None and now is not None and (known := y != UNKNOWN).any()
    }
