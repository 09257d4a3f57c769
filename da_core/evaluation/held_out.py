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
class DomainPredictions:
    """Held-out features (n, d) of a domain, after any map, predicted class indices (n,), and probabilities (n, c)."""

    features: NDArray[Any]
    predicted: Labels
    probabilities: NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class HeldOutPredictions:
    """A model's predictions; ``rests_on`` says what those of source and target are worth."""

    source: DomainPredictions
    target: DomainPredictions
    rests_on: dict[Domain, Basis]
    third: DomainPredictions | None = None


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

    def predict(F: NDArray[Any]) -> DomainPredictions:
        return DomainPredictions(F, model.predict(F), model.probabilities(F))

    source = predict(model.map_source(model.embed_source(prepared.source_test.X)))
    target = predict(model.map_target(model.embed(prepared.target_test)))
    basis: Basis = "all" if prepared.nothing_held_out else "held_out"
    predictions = HeldOutPredictions(source, target, {"source": basis, "target": basis})
    predictions = _cross_fitted(predictions, model, prepared)
    if prepared.third is None:
        return predictions
    return replace(predictions, third=predict(model.map_target(model.embed(prepared.third.X))))


def _cross_fitted(predictions: HeldOutPredictions, model: Model, prepared: Prepared) -> HeldOutPredictions:
    """Predict by halves what the model's head was itself fitted on; where that is not so, change nothing.

    A network that was trained on all samples has learned their labels by heart, whatever head is fitted behind it.
    """
    domain = model.fitted_on
    if domain is None or prepared.extractor.learns or not prepared.nothing_held_out:
        return predictions
    part: DomainPredictions = getattr(predictions, domain)
    F, y = part.features, getattr(held_out_labels(prepared), domain)
    known, experiment = y != UNKNOWN, prepared.experiment
    halves = matched_halves(F[known], y[known], model.weights, experiment.seed)
    if halves is None:
        return predictions
    P, predicted = part.probabilities.copy(), part.predicted.copy()
    P[known] = cross_fitted(
        experiment.head, F[known], y[known], halves, experiment.seed, len(prepared.pair.classes), model.weights
    )
    predicted[known] = P[known].argmax(axis=1)
    rests_on: dict[Domain, Basis] = {**predictions.rests_on, domain: "cross_fitted"}
    changed: dict[str, Any] = {domain: replace(part, predicted=predicted, probabilities=P)}
    return replace(predictions, rests_on=rests_on, **changed)


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


def domain_scores(predictions: HeldOutPredictions, labels: HeldOutLabels, classes: Sequence[str]) -> DomainScores:
    """Score the held-out samples of both domains and of the third, those of them that have a label."""

    def score(y: Labels | None, part: DomainPredictions | None) -> Scores | None:
        if y is None or part is None or not (known := y != UNKNOWN).any():
            return None
        return scores(y[known], part.predicted[known], classes, part.probabilities[known])

    source = score(labels.source, predictions.source)
    assert source is not None  # nobody trains on a source without labels
    target, third = score(labels.target, predictions.target), score(labels.third, predictions.third)
    return DomainScores(target=target, source=source, third=third)


def gains(before: HeldOutPredictions, after: HeldOutPredictions, labels: HeldOutLabels) -> dict[Scored, Gain]:
    """Measure what adapting changed on each domain, on those of its samples that have a label."""
    domains: tuple[Scored, ...] = ("target", "source", "third")
    parts = {name: [getattr(each, name) for each in (labels, before, after)] for name in domains}
    return {
        name: gain(y[known], was.predicted[known], now.predicted[known])
        for name, (y, was, now) in parts.items()
        if y is not None and (known := y != UNKNOWN).any()
    }
