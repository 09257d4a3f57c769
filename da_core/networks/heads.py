"""Step 2 · fit a head to fixed features: which there are is in `da_core.networks.head_kinds`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from da_core.errors import UserError
from da_core.experiment import HeadSpec
from da_core.networks.head_kinds import Features, heads
from da_core.registry import resolve


class FittedHead:
    """A fitted classifier over ``class_count`` classes, of which the training labels may lack some."""

    def __init__(self, model: Any, class_count: int) -> None:
        self._model = model
        self._class_count = class_count

    def predict(self, X: Features) -> NDArray[np.int64]:
        """Predict class indices (n,) of features X (n, d)."""
        predicted: NDArray[np.int64] = self._model.predict(X)
        return predicted

    def predict_proba(self, X: Features) -> NDArray[np.float64]:
        """Predict class probabilities (n, c) of features X (n, d); a class without training samples has 0.

        A support vector machine and a ridge classifier have no probabilities: here they are the softmax of decision
        values (two classes: the logistic function), good for ranking and not calibrated.
        """
        from scipy.special import softmax

        if hasattr(self._model, "predict_proba"):
            known = self._model.predict_proba(X)
        else:
            decision = self._model.decision_function(X)
            known = softmax(decision if decision.ndim == 2 else np.stack([0 * decision, decision], axis=1), axis=1)
        everything = np.zeros((len(X), self._class_count))
        everything[:, self._model.classes_] = known
        return everything


def fit_head(
    head: str | HeadSpec,
    X: Features,
    y: NDArray[np.int64],
    weights: NDArray[np.floating[Any]] | None = None,
    seed: int = 0,
    class_count: int | None = None,
) -> FittedHead:
    """Fit a head, by its name or with settings, on features X (n, d) and class indices y (n,).

    No head minds the unit that X is measured in: a linear one is fitted to X divided by one number, its `deviation`.
    ``weights`` (n,) count samples more or less; ``class_count`` is c if the labels may lack the last classes. The same
    input gives the same head; ``seed`` is for what liblinear and cross-validation draw.
    Raises `UserError` for a head or a setting that does not exist, for weights with a head that takes none, and where
    all training samples (of weight above 0) are of one class.
    """
    kind = resolve(heads(), HeadSpec(name=head) if isinstance(head, str) else head)
    count = class_count or int(y.max()) + 1
    if len(np.unique(y)) < 2:
        raise UserError("All training samples are of one class; a classifier needs at least two.")
    if weights is not None:
        check_takes_weights(kind.name)
        counted = weights > 0
        X, y, weights = X[counted], y[counted], weights[counted]
        if len(np.unique(y)) < 2:
            raise UserError(
                "All the weight lies on samples of one class, but a classifier needs at least two; lower the maximum "
                "weight, or choose another method."
            )
    unit = deviation(X) if kind.linear else 1.0
    model = kind.estimator(X, y, seed)
    if weights is None:
        model.fit(X / unit if kind.linear else X, y)
    else:
        model.fit(X / unit if kind.linear else X, y, sample_weight=weights)
    if kind.linear:
        model = getattr(model, "best_estimator_", model)
        model.coef_ /= unit  # so that it takes features as they are
    return FittedHead(model, count)


def check_takes_weights(name: str) -> None:
    """Raise `UserError` where the head of this name cannot count samples more or less."""
    if not heads()[name].takes_weights:
        raise UserError(
            "The head {head} cannot weight samples, as this method requires; choose one of {choices}.",
            head=name,
            choices=", ".join(other for other, kind in heads().items() if kind.takes_weights),
        )


def matched_halves(
    X: Features, y: NDArray[np.int64], weights: NDArray[np.floating[Any]] | None = None, seed: int = 0
) -> NDArray[np.int64] | None:
    """Deal samples X (n, d) of classes y (n,) into two folds (n,) for `cross_fitted`, each class to both alike.

    Equal rows share a fold: one would give the other's answer away. None where a head cannot be fitted on each half,
    since fewer than two classes of weight above 0 are in it.
    """
    rng, halves = np.random.default_rng([seed, 0xF01D]), np.zeros(len(y), np.int64)
    dealt = 0
    for label in np.unique(y):
        for counts in (np.ones(len(y), np.bool_),) if weights is None else (weights > 0, weights <= 0):
            rows = rng.permutation(np.flatnonzero((y == label) & counts))
            halves[rows] = (dealt + np.arange(len(rows))) % 2
            dealt += len(rows)
    _, first, same = np.unique(X, axis=0, return_index=True, return_inverse=True)
    halves = halves[first][same.reshape(-1)]
    known = np.ones(len(y), np.bool_) if weights is None else weights > 0
    fittable = all(len(np.unique(y[known & (halves == half)])) >= 2 for half in (0, 1))
    return halves if fittable else None


def deviation(X: Features) -> float:
    """Measure the root mean variance of the columns of X (n, d): one number; 1 where all are constant."""
    unit = float(np.sqrt(X.var(axis=0, dtype=np.float64).mean()))
    return unit if unit > 0 else 1.0


def cross_fitted(
    head: str | HeadSpec,
    X: Features,
    y: NDArray[np.int64],
    folds: NDArray[np.integer[Any]],
    seed: int = 0,
    class_count: int | None = None,
    weights: NDArray[np.floating[Any]] | None = None,
) -> NDArray[np.float64]:
    """Predict class probabilities (n, c) of samples, each by a head that was fitted on the folds that it is not in.

    ``folds`` (n,) says which fold each sample is in; the rest is as in `fit_head`. For scores without held-out samples,
    and for the methods that correct class proportions: a model is surer of the samples that it has learned from than of
    others. Raises `UserError` where all samples outside a fold are of one class.
    """
    count = class_count or int(y.max()) + 1
    probabilities = np.empty((len(y), count))
    for fold in np.unique(folds):
        inside = folds == fold
        fitted = fit_head(head, X[~inside], y[~inside], None if weights is None else weights[~inside], seed, count)
        probabilities[inside] = fitted.predict_proba(X[inside])
    return probabilities
