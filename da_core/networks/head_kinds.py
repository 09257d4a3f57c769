"""Step 2 · which classifiers can be a head: each a class with its settings and its scikit-learn estimator.

`da_core.networks.heads` fits them. A head's settings mean the same in whatever unit features are measured: what depends
on a scale is measured in the features' own.
"""

from __future__ import annotations

import functools
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from da_core import params
from da_core.errors import UserError
from da_core.params import hyper
from da_core.registry import Registered

Features = NDArray[np.floating[Any]]
Labels = NDArray[np.int64]

FOLDS = 5
"""Parts of the training samples by which C is chosen; each in turn is predicted by what the others taught."""
CHOICES = tuple(10.0**power for power in range(-4, 4))


class Head(Registered, abstract=True):
    """A kind of classifier on fixed features; ``name`` is what ``--head`` takes."""

    name: ClassVar[str]
    takes_weights: ClassVar[bool] = True
    """Whether samples can count more or less."""
    linear: ClassVar[bool] = True
    """Whether it is linear in the features: it is then fitted to them divided by one number, their deviation."""
    draws: ClassVar[bool] = False
    """Whether the fitted head depends on the seed."""
    calibrated: ClassVar[bool] = False
    """Whether its probabilities are fitted to be ones; else they only rank."""

    def estimator(self, X: Features, y: Labels, seed: int) -> Any:
        """Build scikit-learn's estimator for training features X (n, d) of classes y (n,), not yet fitted."""
        raise NotImplementedError


def softmax_regression(C: float, seed: int) -> Any:
    """Build scikit-learn's softmax regression by the solver that minds features of unequal scales least."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=C, solver="newton-cg", max_iter=10_000, random_state=seed)


ERROR_WEIGHT = hyper(1.0, ge=1e-6, le=1e6, log=True, symbol="C", title="Error weight C")


class LinearLayer(Head):
    """The network's own last layer. On features as they are: what it would learn, softmax regression with C = 1."""

    name = "linear"
    title = "Linear layer"
    summary = "The network's own last layer, trained with it. On plain features it is logistic regression."
    calibrated = True

    def estimator(self, X: Features, y: Labels, seed: int) -> Any:
        return softmax_regression(1.0, seed)


class Logistic(Head):
    """Softmax regression with an L2 penalty."""

    name = "logistic"
    title = "Logistic regression"
    summary = "Softmax regression with a squared penalty on its weights."
    calibrated = True

    class Params(params.Params):
        C: float = ERROR_WEIGHT
        """Larger values fit every training sample; smaller ones keep the weights small."""

    params: Params

    def estimator(self, X: Features, y: Labels, seed: int) -> Any:
        return softmax_regression(self.params.C, seed)


class LinearSVM(Head):
    """A linear support vector machine by liblinear (Fan et al., 2008), one class against the rest; squared hinge loss.

    Many papers on shallow adaptation choose C by cross-validation on the labelled source, and so it does here: adapted
    or not, a head is fitted to source samples, and only the oracle's to target ones.
    """

    name = "linear_svm"
    draws = True
    title = "Linear SVM"
    summary = "A linear support vector machine by liblinear, one class against the rest."

    class Params(params.Params):
        C: float = ERROR_WEIGHT
        """Larger values leave few training samples within the margin; smaller ones widen it."""
        cross_validate: bool = hyper(False, title="Choose C by cross-validation")
        """Uses the best of 0.0001 to 1000 in a five-fold cross-validation on the labelled training samples."""

    params: Params

    def estimator(self, X: Features, y: Labels, seed: int) -> Any:
        from sklearn.model_selection import GridSearchCV, StratifiedKFold
        from sklearn.svm import LinearSVC

        machine = LinearSVC(C=self.params.C, max_iter=20_000, random_state=seed)
        folds = min(FOLDS, int(np.unique(y, return_counts=True)[1].min()))
        if not self.params.cross_validate or folds < 2:
            return machine
        parts = StratifiedKFold(folds, shuffle=True, random_state=seed)
        return GridSearchCV(machine, {"C": CHOICES}, cv=parts, refit=True)


class KernelSVM(Head):
    """A support vector machine with the Gaussian kernel exp(−γ‖x − x′‖²), one class against another."""

    name = "svm"
    title = "SVM with RBF kernel"
    summary = "A support vector machine with a Gaussian kernel, for curved boundaries."
    linear = False

    class Params(params.Params):
        C: float = ERROR_WEIGHT
        """Larger values leave few training samples on the wrong side; smaller ones smooth the boundary."""
        gamma: float = hyper(1.0, ge=1e-6, le=1e6, log=True, symbol="γ", title="Kernel coefficient γ")
        """In units of 1 / (features × variance), scikit-learn's “scale”. Larger values bend the boundary around single
        samples."""

    params: Params

    def estimator(self, X: Features, y: Labels, seed: int) -> Any:
        from sklearn.svm import SVC

        variance = float(np.asarray(X, np.float64).var()) or 1.0
        return SVC(C=self.params.C, gamma=self.params.gamma / (X.shape[1] * variance), random_state=seed)


class KNearestNeighbours(Head):
    """The class that most of the k nearest training samples are of; k = 1 is usual in papers on shallow adaptation."""

    name = "knn"
    title = "Nearest neighbours"
    summary = "The majority class of the nearest training samples."
    takes_weights = False
    linear = False

    class Params(params.Params):
        k: int = hyper(1, ge=1, le=100, step=1, symbol="k", title="Neighbours")
        """Number of neighbours that vote; more give a smoother boundary."""
        distance: Literal["euclidean", "cosine"] = hyper("euclidean", title="Distance")
        """Distance between points, or the angle between them, which ignores their lengths."""

    params: Params

    def estimator(self, X: Features, y: Labels, seed: int) -> Any:
        from sklearn.neighbors import KNeighborsClassifier

        if self.params.k > len(X):
            raise UserError(
                "k is {k}, but there are only {count} training samples; choose a smaller k.",
                k=self.params.k,
                count=len(X),
            )
        return KNeighborsClassifier(n_neighbors=self.params.k, metric=self.params.distance)


class Ridge(Head):
    """Least squares to +1 and −1, one class against the rest, with an L2 penalty."""

    name = "ridge"
    title = "Ridge classifier"
    summary = "Least-squares fit to +1 and −1 with a squared penalty on the weights."

    class Params(params.Params):
        alpha: float = hyper(1.0, ge=1e-6, le=1e6, log=True, symbol="α", title="Penalty")
        """Penalty on the weights, relative to the summed squared errors; larger values keep them small."""

    params: Params

    def estimator(self, X: Features, y: Labels, seed: int) -> Any:
        from sklearn.linear_model import RidgeClassifier

        return RidgeClassifier(alpha=self.params.alpha, random_state=seed)


@functools.cache
def heads() -> dict[str, type[Head]]:
    """List every head by name, the network's own layer first."""
    return {kind.name: kind for kind in (LinearLayer, Logistic, LinearSVM, KernelSVM, KNearestNeighbours, Ridge)}
