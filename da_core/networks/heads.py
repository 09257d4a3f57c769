"""Step 2 · classifiers on fixed features, all from scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from da_core.errors import UserError
from da_core.experiment import Head

Features = NDArray[np.floating[Any]]


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

        A support vector machine has no probabilities: here they are the softmax of its decision values (two classes:
        the logistic function), good for ranking and not calibrated.
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
    name: Head,
    X: Features,
    y: NDArray[np.int64],
    weights: NDArray[np.floating[Any]] | None = None,
    seed: int = 0,
    class_count: int | None = None,
) -> FittedHead:
    """Fit a head on features X (n, d) and class indices y (n,); no head minds the unit that X is measured in.

    - ``linear``, ``logistic``: softmax regression with scikit-learn's L2 penalty, C = 1, on features that were divided
      by one number, their `deviation`. On fixed features the linear layer of a network, trained with cross-entropy, is
      just that; so both names mean the same here.
    - ``svm``: scikit-learn's `SVC` with its defaults (RBF kernel, C = 1, γ = 1 / (d · variance)).
    - ``knn1``: the label of the nearest training sample.

    ``weights`` (n,) count samples more or less; ``class_count`` is c if the labels may lack the last classes. The same
    input gives the same head; ``seed`` goes to scikit-learn, whose solvers for these heads draw nothing.
    Raises `UserError` for weights with ``knn1``, and where all training samples (of weight above 0) are of one class.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.svm import SVC

    count = class_count or int(y.max()) + 1
    if len(np.unique(y)) < 2:
        raise UserError("All training samples are of one class; a classifier needs at least two.")
    if weights is not None:
        if name == "knn1":
            raise UserError("The nearest-neighbour head cannot weight samples; choose linear, logistic or svm.")
        # a class that weighs nothing is no class: libsvm stops at it
        X, y, weights = X[weights > 0], y[weights > 0], weights[weights > 0]
        if len(np.unique(y)) < 2:
            raise UserError(
                "All the weight lies on samples of one class, and a classifier needs at least two; lower the largest "
                "weight, or choose another method."
            )
    model: Any
    match name:
        case "linear" | "logistic":
            # this solver minds features of unequal scales least
            model = LogisticRegression(solver="newton-cg", max_iter=10_000, random_state=seed)
            unit = deviation(X)
            model.fit(X / unit, y, sample_weight=weights)
            model.coef_ /= unit  # so that it takes features as they are
            return FittedHead(model, count)
        case "svm":
            model = SVC(random_state=seed)
        case "knn1":
            return FittedHead(KNeighborsClassifier(n_neighbors=1).fit(X, y), count)
    return FittedHead(model.fit(X, y, sample_weight=weights), count)


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
    name: Head,
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
        head = fit_head(name, X[~inside], y[~inside], None if weights is None else weights[~inside], seed, count)
        probabilities[inside] = head.predict_proba(X[inside])
    return probabilities
