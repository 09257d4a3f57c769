"""Score a run's models by every validator: what each sees of a run, and which samples that are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from da_core.data.pair import UNKNOWN
from da_core.errors import UserError
from da_core.evaluation.held_out import HeldOutPredictions, held_out_labels
from da_core.evaluation.shift.comparable_samples import comparable
from da_core.evaluation.validators import validators
from da_core.evaluation.validators.few_labels import FewLabels
from da_core.evaluation.validators.validator import (
    LabelledValidator,
    Labels,
    ModelOutputs,
    PredictMixed,
    Rows,
    UnlabelledValidator,
    Validator,
)
from da_core.events import ValidatorScore, When
from da_core.methods.control.oracle import Oracle
from da_core.training.model import Model
from da_core.training.prepared import Prepared

MOST = 500
"""Held-out samples of each domain, at most, that validators look at."""

Models = Mapping[When, tuple[Model, HeldOutPredictions]]


def validate(models: Models, prepared: Prepared, names: Sequence[str] = ()) -> dict[str, ValidatorScore]:
    """Score the models before and after adapting by the validators of these ``names``; by every one without names.

    The same samples for both, drawn by the experiment's seed. A validator that cannot be applied says why.
    """
    seed = prepared.experiment.seed
    rows = _rows(len(prepared.split.source_test), seed), _rows(len(prepared.split.target_test), seed)
    inputs = comparable(prepared.pair, prepared.split.source_test[rows[0]], prepared.split.target_test[rows[1]])
    seen = {when: _outputs(model, p, prepared, rows, inputs) for when, (model, p) in models.items()}
    alike = models["before"][0] is models["after"][0]  # nothing was adapted: what is said of one holds for the other

    def score(validator: Validator, when: When) -> float:
        match validator:
            case UnlabelledValidator():
                return validator.score(seen[when])
            case LabelledValidator():
                return validator.score(*_labelled(validator, *models[when], prepared))
            case _:
                raise TypeError(f"{validator.name()} sees neither a model's outputs nor labels")

    scores: dict[str, ValidatorScore] = {}
    for name, kind in validators().items():
        if names and name not in names:
            continue
        validator = kind(seed=seed)
        try:
            before = score(validator, "before")
            after = before if alike else score(validator, "after")
        except UserError as error:
            scores[name] = ValidatorScore(reason=error.message, values=error.values)
            continue
        if math.isfinite(before) and math.isfinite(after):
            scores[name] = ValidatorScore(before=before, after=after)
        else:
            scores[name] = ValidatorScore(reason="The score is not a finite number.")
    return scores


def _rows(count: int, seed: int) -> NDArray[np.int64]:
    return np.sort(np.random.default_rng([seed, 0x7A11D]).permutation(count)[:MOST])


def _outputs(
    model: Model,
    predictions: HeldOutPredictions,
    prepared: Prepared,
    rows: tuple[NDArray[np.int64], NDArray[np.int64]],
    inputs: tuple[Rows, Rows],
) -> ModelOutputs:
    """Collect what validators may see of a model."""
    source, target = rows
    return ModelOutputs(
        source_features=predictions.source.features[source],
        target_features=predictions.target.features[target],
        source_probabilities=predictions.source.probabilities[source],
        target_probabilities=predictions.target.probabilities[target],
        source_labels=held_out_labels(prepared).source[source],
        source_inputs=inputs[0],
        target_inputs=inputs[1],
        predict_mixed=_predict_mixed(model, prepared, target),
    )


def _predict_mixed(model: Model, prepared: Prepared, rows: NDArray[np.int64]) -> PredictMixed:
    """Make what predicts mixtures of the held-out target samples at ``rows``, mixed as the network takes them."""
    X = prepared.target_test[rows]

    def predict(partner: Labels, share: float) -> Rows:
        mixed = share * X.float() + (1 - share) * X[partner].float()
        if X.dtype == torch.uint8:  # what the network does to pictures, and these are whole numbers no more
            mixed = (mixed - model.network.mean) / model.network.std
        return model.probabilities(model.map_target(model.embed(mixed)))

    return predict


def _labelled(
    validator: LabelledValidator, model: Model, predictions: HeldOutPredictions, prepared: Prepared
) -> tuple[Rows, Labels]:
    """Collect what a validator may see of the labelled target: all that is scored, or a few training samples.

    Raises `UserError` where there are none.
    """
    if not prepared.pair.target_labelled:
        raise UserError("The target has no labels.")
    if not isinstance(validator, FewLabels):
        y = held_out_labels(prepared).target
        known = y != UNKNOWN
        return predictions.target.probabilities[known], y[known]
    if isinstance(prepared.method, Oracle):
        raise UserError("The oracle has learned from the samples that this validator would use.")
    few = _few(prepared, validator.params.per_class)
    y = prepared.pair.target.y[prepared.split.target_train[few]]
    return model.probabilities(model.map_target(model.embed(prepared.target[few]))), y


def _few(prepared: Prepared, per_class: int) -> NDArray[np.int64]:
    """Draw ``per_class`` rows of each class from the target's training samples whose labels the method has not seen."""
    split, rng = prepared.split, np.random.default_rng([prepared.experiment.seed, 0xFE3])
    y = np.where(np.isin(split.target_train, split.few), UNKNOWN, prepared.pair.target.y[split.target_train])
    known = np.unique(y[y != UNKNOWN])
    if not len(known):
        raise UserError("No labelled target sample is left for this validator.")
    return np.sort(np.concatenate([rng.permutation(np.flatnonzero(y == label))[:per_class] for label in known]))
