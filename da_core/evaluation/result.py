"""Turn what a run's models predict on the held-out samples into its `Result` and the `Evidence` behind it."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from da_core.data.pair import UNKNOWN
from da_core.evaluation.diagnosis import Facts, diagnose
from da_core.evaluation.held_out import (
    Domain,
    EvidenceRows,
    HeldOutPredictions,
    domain_scores,
    gains,
    held_out_labels,
    predict_held_out,
)
from da_core.evaluation.metrics import LEVEL
from da_core.evaluation.shift.domain_distances import DomainOdds, domain_odds, measures, neighbour_mix
from da_core.evaluation.snapshots import SnapshotRecorder
from da_core.evaluation.weight_spread import summarise_weights
from da_core.events import DomainScores, Evidence, Result, Shift, ShiftMeasures, When
from da_core.methods.base import Reweighting
from da_core.training.apply import refits_source_only
from da_core.training.model import Model
from da_core.training.monitor import Monitor
from da_core.training.prepared import Prepared, filled_in

Weights = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Predicted:
    """Predictions of each model of a run on the same held-out samples.

    ``before`` is source only, ``after`` the adapted model (both the same where nothing adapts); ``weights`` (n_s,) are
    a reweighting method's for the held-out source samples, ``trained_weights`` (n,) those that its head was fitted
    with. ``odds`` are `domain_odds` of the features before and after.
    """

    before: HeldOutPredictions
    after: HeldOutPredictions
    oracle: HeldOutPredictions | None
    source_only_bn: HeldOutPredictions | None
    weights: Weights | None
    trained_weights: Weights | None
    odds: dict[When, DomainOdds]


def predict_all(
    before: HeldOutPredictions,
    after: HeldOutPredictions,
    adapted: Model,
    oracle: Model | None,
    source_only_bn: Model | None,
    prepared: Prepared,
) -> Predicted:
    """Complete the predictions of before and after with those of the models they are compared with, and weights."""
    weights = None
    if isinstance(prepared.method, Reweighting):
        # pictures show held-out samples: the fitted estimator weighs those too
        weights = prepared.method.weights_of(before.source.features, prepared.source_test.labels)
    oracle_predictions, bn_predictions = (
        None if model is None else predict_held_out(model, prepared) for model in (oracle, source_only_bn)
    )
    seed = prepared.experiment.seed
    odds: dict[When, DomainOdds] = {
        "before": domain_odds(before.source.features, before.target.features, seed),
        "after": domain_odds(after.source.features, after.target.features, seed, weights),
    }
    return Predicted(before, after, oracle_predictions, bn_predictions, weights, adapted.weights, odds)


def evaluate(predicted: Predicted, prepared: Prepared, monitor: Monitor) -> Result:
    """Score all models, measure the shift, and diagnose what went wrong; how long the stages took is left open.

    Here alone all of the target's labels are looked at, once training is done.
    """
    labels, experiment, pair = held_out_labels(prepared), prepared.experiment, prepared.pair
    before, after, weights = predicted.before, predicted.after, predicted.weights

    def scored(predictions: HeldOutPredictions) -> DomainScores:
        return domain_scores(predictions, labels, pair.classes)

    def shift(when: When, predictions: HeldOutPredictions, weights: Weights | None = None) -> ShiftMeasures:
        return measures(
            predictions.source.features,
            predictions.target.features,
            experiment.seed,
            ys=labels.source,
            yt=labels.target if pair.target_labelled else predictions.target.predicted,
            weights=weights,
            odds=predicted.odds[when],
        )

    result = Result(
        source_only=scored(before),
        adapted=scored(after),
        oracle=None if predicted.oracle is None else scored(predicted.oracle),
        source_only_bn=None if predicted.source_only_bn is None else scored(predicted.source_only_bn),
        gain=gains(before, after, labels),
        shift=Shift(
            before=shift("before", before),
            after=shift("after", after, weights),
            neighbours=neighbour_mix(
                (before.source.features, before.target.features), (after.source.features, after.target.features)
            ),
            classes_from="labels" if pair.target_labelled else "predictions",
        ),
        classes=list(pair.classes),
        seconds={},
        recipe=recipe(predicted, prepared, monitor),
        notices=list(pair.notices),
        weights=None if predicted.trained_weights is None else summarise_weights(predicted.trained_weights),
    )
    facts = Facts(
        experiment=experiment,
        family=prepared.method.family(),
        few=len(prepared.few.y),
        result=result,
        history=monitor.history,
        before=before.target.predicted,
        after=after.target.predicted,
        diverged=monitor.diverged,
    )
    return result.model_copy(update={"findings": diagnose(facts)})


def recipe(predicted: Predicted, prepared: Prepared, monitor: Monitor) -> dict[str, Any]:
    """Collect what one needs to know to get a run's numbers again: keys and numbers, no sentences."""
    experiment, pair = prepared.experiment, prepared.pair
    models = {
        "source_only": predicted.before,
        "source_only_bn": predicted.source_only_bn,
        "adapted": predicted.after,
        "oracle": predicted.oracle,
    }
    packages = ("torch", "numpy", "scikit-learn", "umap-learn")
    return {
        "experiment": experiment.model_dump(),
        "filled_in": filled_in(experiment),
        "seed": experiment.seed,
        "device": torch.cuda.get_device_name() if prepared.device.type == "cuda" else "cpu",
        "versions": {"python": platform.python_version()} | {name: version(name) for name in packages},
        "preprocessing": prepared.extractor.preprocessing(pair.kind),
        "prepare": list(prepared.steps(pair.kind)),
        "target_was_seen": prepared.target_was_seen,
        "split": {part: len(rows) for part, rows in vars(prepared.split).items()},
        "scored_on": {name: model.rests_on for name, model in models.items() if model is not None},
        "source_only_head": "refitted" if refits_source_only(prepared) else "trained",
        "unlabelled": int((pair.target.y == UNKNOWN).sum()),
        "selection": "last_epoch",
        "intervals": {
            "level": LEVEL,
            "accuracy": "wilson",
            "class_precision": "wilson",
            "class_recall": "wilson",
            "gain": "agresti_min",
            "other": "mover",
        },
        "epochs": monitor.epochs,
        "stopped_early": monitor.stopped_early,
        "provenance": asdict(pair.provenance),
        **({"reading": pair.reading} if pair.reading else {}),
    }


def predict_unlabelled(adapted: Model, after: HeldOutPredictions, prepared: Prepared) -> NDArray[np.int64] | None:
    """Predict the classes of all target samples (n_t,) where some have no label; None where all have one."""
    if (prepared.pair.target.y != UNKNOWN).all():
        return None
    predicted = np.empty(len(prepared.pair.target), np.int64)
    predicted[prepared.split.target_train] = adapted.predict(adapted.map_target(adapted.embed(prepared.target)))
    predicted[prepared.split.target_test] = after.target.predicted
    return predicted


def collect_evidence(
    predicted: Predicted,
    adapted: Model,
    rows: EvidenceRows,
    layouts: dict[str, NDArray[np.float32]],
    snapshots: SnapshotRecorder,
    prepared: Prepared,
) -> Evidence:
    """Collect the arrays behind a result: of the samples at ``rows``, and the adapted model itself."""
    pair, weights = prepared.pair, predicted.weights
    source_index, target_index = prepared.split.source_test[rows.source], prepared.split.target_test[rows.target]
    stops: dict[When, HeldOutPredictions] = {"before": predicted.before, "after": predicted.after}

    def kept(domain: Domain, part: str, kind: type[np.generic]) -> dict[When, NDArray[Any]]:
        """Take one part of the predictions of a domain before and after, at the rows that are kept."""
        return {
            when: getattr(getattr(stop, domain), part)[getattr(rows, domain)].astype(kind)
            for when, stop in stops.items()
        }

    return Evidence(
        source_index=source_index,
        target_index=target_index,
        source_label=pair.source.y[source_index],
        target_label=pair.target.y[target_index],
        source_features=kept("source", "features", np.float32),
        target_features=kept("target", "features", np.float32),
        source_predicted=kept("source", "predicted", np.int64),
        target_predicted=kept("target", "predicted", np.int64),
        source_probabilities=kept("source", "probabilities", np.float32),
        target_probabilities=kept("target", "probabilities", np.float32),
        source_odds={when: source[rows.source].astype(np.float32) for when, (source, _) in predicted.odds.items()},
        target_odds={when: target[rows.target].astype(np.float32) for when, (_, target) in predicted.odds.items()},
        embeddings=layouts,
        weights=None if weights is None else weights[rows.source].astype(np.float32),
        answers=predict_unlabelled(adapted, predicted.after, prepared),
        state=adapted.state() if prepared.extractor.learns else None,
        snapshots=snapshots.features,
        snapshot_predicted=snapshots.predicted,
        snapshot_confidence=snapshots.confidence,
    )
