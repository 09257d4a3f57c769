"""Apply a method to its toy problem, and picture before and after on the same samples."""

from __future__ import annotations

from typing import Any

import numpy as np

from da_core.methods.base import (
    AdaptationData,
    ClassifierAdaptation,
    DeepAlignment,
    FeatureAlignment,
    FixedFeatures,
    Method,
    ModelAdaptation,
    Predictions,
    Reweighting,
    Rows,
)
from da_core.networks.heads import FittedHead, cross_fitted, fit_head
from da_core.teaching import toy_network, toy_problems
from da_core.teaching.figure_panels import Classify, accuracy, bounding_box, panel
from da_core.teaching.lesson_figure import SHOWN, Panel, Picture
from da_core.teaching.toy_problems import Labels, Points, ToyProblem


def compute(kind: type[Method]) -> Picture:
    """Apply a method to the toy that it is shown on; the same picture each time."""
    choice = toy_problems.choose(kind.name(), kind.kind)
    toy, method = toy_problems.generate(choice.toy), kind(seed=0, **choice.params)
    match method:
        case FeatureAlignment():
            parts = _align_features(method, toy)
        case Reweighting():
            parts = _reweight(method, toy, with_proportions=choice.toy == "proportions")
        case DeepAlignment():
            parts = _train_with(method, toy)
        case ModelAdaptation():
            parts = _adapt_model(method, toy)
        case ClassifierAdaptation():
            parts = _adapt_classifier(method, toy)
        case _:
            parts = _yardstick(kind.name(), toy)
    labels = {"source_label": toy.ys[:SHOWN].tolist(), "target_label": toy.yt[:SHOWN].tolist()}
    return Picture(toy=choice.toy, settings=choice.params, **labels, **parts)


# Each kind of method: the fields of its picture, view, before and after among them


def _align_features(method: FeatureAlignment, toy: ToyProblem) -> dict[str, Any]:
    method.fit(toy.Xs, toy.Xt, toy.ys)
    Zs: Points = np.asarray(method.map_source(toy.Xs), dtype=np.float64)
    Zt: Points = np.asarray(method.map_target(toy.Xt), dtype=np.float64)
    # where one domain stays in place, both panels show the same part of the plane, so that one sees the other move
    stays = Zt.shape == toy.Xt.shape and (np.allclose(Zt, toy.Xt) or np.allclose(Zs, toy.Xs))
    box = bounding_box(toy.Xs, toy.Xt, Zs, Zt) if stays and toy.Xs.shape[1] == 2 else None
    return {
        "view": "moved",
        "before": panel(toy.Xs, toy.Xt, toy.yt, _linear(toy.Xs, toy.ys), box),
        "after": panel(Zs, Zt, toy.yt, _linear(Zs, toy.ys), box),
    }


def _reweight(method: Reweighting, toy: ToyProblem, with_proportions: bool) -> dict[str, Any]:
    weights: Points = np.asarray(method.weights(toy.Xs, toy.Xt, toy.ys, _predictions(toy)), dtype=np.float64)
    parts: dict[str, Any] = {
        "view": "weighted",
        **_panels(toy, _linear(toy.Xs, toy.ys), _linear(toy.Xs, toy.ys, weights)),
        "weights": [round(float(weight), 3) for weight in weights[:SHOWN]],
    }
    if with_proportions:
        counts = (np.bincount(toy.ys), np.bincount(toy.ys, weights), np.bincount(toy.yt))
        parts["proportions"] = [[round(float(share), 3) for share in count / count.sum()] for count in counts]
    return parts


def _train_with(method: DeepAlignment, toy: ToyProblem) -> dict[str, Any]:
    source_only = toy_network.trained(toy.Xs, toy.ys)
    aligned = toy_network.trained(toy.Xs, toy.ys, method, toy.Xt, source_only)
    return {"view": "trained", **_panels(toy, toy_network.classifier(source_only), toy_network.classifier(aligned))}


def _adapt_model(method: ModelAdaptation, toy: ToyProblem) -> dict[str, Any]:
    network = toy_network.trained(toy.Xs, toy.ys, normalised=True)
    before, few = toy_network.classifier(network), _few(method, toy)
    data = AdaptationData(
        toy_network.inputs(toy.Xs),
        toy_network.labels(toy.ys),
        toy_network.inputs(toy.Xt),
        toy_network.inputs(toy.Xt[few]),
        toy_network.labels(toy.yt[few]),
    )
    method.check(network, data)
    for _losses in method.adapt(network, data):
        pass
    panels = _panels(toy, before, toy_network.classifier(network))
    return {"view": "adapted", **panels, "few": [row for row in few if row < SHOWN]}


def _adapt_classifier(method: ClassifierAdaptation, toy: ToyProblem) -> dict[str, Any]:
    """With a head whose border bends: there is no network that could bend the features."""

    def fit(X: Rows, y: Labels, weights: Rows | None = None) -> FittedHead:
        return fit_head("svm", X, y, weights)

    few = _few(method, toy)
    data = FixedFeatures(toy.Xs, toy.ys, toy.Xt, toy.Xt[few], toy.yt[few], int(toy.ys.max()) + 1, fit)
    panels = _panels(toy, fit(toy.Xs, toy.ys).predict, method.adapt_classifier(data).predict)
    return {"view": "adapted", **panels, "few": [row for row in few if row < SHOWN]}


def _few(method: Method, toy: ToyProblem) -> list[int]:
    """Choose the labelled few: the first of each class."""
    each = (np.flatnonzero(toy.yt == label)[: method.few_per_class()] for label in np.unique(toy.yt))
    return [int(row) for rows in each for row in rows]


def _yardstick(name: str, toy: ToyProblem) -> dict[str, Any]:
    """Source only and its like: on the source, then on the target. Oracle: trained on source, then on target."""
    source_only = toy_network.classifier(toy_network.trained(toy.Xs, toy.ys))
    if name == "oracle":
        return {
            "view": "ceiling",
            **_panels(toy, source_only, toy_network.classifier(toy_network.trained(toy.Xt, toy.yt))),
        }
    panels = _panels(toy, source_only, source_only)
    on_source = {"target": [], "accuracy": accuracy(source_only, toy.Xs, toy.ys), "domain": "source"}
    return {
        "view": "floor",
        "before": panels["before"].model_copy(update=on_source),
        "after": panels["after"].model_copy(update={"source": []}),
    }


def _panels(toy: ToyProblem, before: Classify, after: Classify) -> dict[str, Panel]:
    """Two classifiers on the same points in the same part of the plane."""
    box = bounding_box(toy.Xs, toy.Xt)
    return {
        "before": panel(toy.Xs, toy.Xt, toy.yt, before, box),
        "after": panel(toy.Xs, toy.Xt, toy.yt, after, box),
    }


def _linear(X: Points, y: Labels, weights: Points | None = None) -> Classify:
    return fit_head("linear", X, y, weights).predict


def _predictions(toy: ToyProblem) -> Predictions:
    """A linear head's class probabilities; those of source samples by a head fitted on the other half of them."""
    Ps = cross_fitted("linear", toy.Xs, toy.ys, folds=np.arange(len(toy.ys)) % 2)
    return Predictions(toy.ys, Ps, fit_head("linear", toy.Xs, toy.ys).predict_proba(toy.Xt))
