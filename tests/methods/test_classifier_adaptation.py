"""Methods that change the classifier alone: on problems with a known answer, with every head, and by the definition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.semi_supervised import LabelSpreading

from da_core.data.pair import Domain, DomainPair, Provenance
from da_core.errors import UserError
from da_core.events import Finished, Result
from da_core.experiment import Experiment
from da_core.methods import methods
from da_core.methods.adaptation.fine_tuning import FineTuning
from da_core.methods.adaptation.label_propagation import LabelPropagation
from da_core.methods.adaptation.pseudo_labels import PseudoLabels
from da_core.methods.adaptation.self_training import SelfTraining, surest
from da_core.methods.base import ClassifierAdaptation, FixedFeatures, Labels, Rows
from da_core.networks.heads import FittedHead, fit_head
from da_core.run import run

EVERY = [method for method in methods().values() if issubclass(method, ClassifierAdaptation)]
CENTRES = np.array([[2.5, 0.0], [-2.5, 0.0], [0.0, 3.0]])


def blobs(count: int, seed: int, shift: float = 0.0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    y = rng.integers(3, size=count)
    return CENTRES[y] + 0.8 * rng.normal(size=(count, 2)) + shift, y


def moons(count: int, seed: int, degrees: float = 0.0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    y = np.arange(count) % 2
    angle = np.pi * rng.random(count)
    X = np.stack(
        [np.where(y == 0, np.cos(angle), 1 - np.cos(angle)), np.where(y == 0, np.sin(angle), 0.5 - np.sin(angle))]
    )
    turn = np.radians(degrees)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return (X.T - [0.5, 0.25] + 0.06 * rng.normal(size=(count, 2))) @ rotation, y


def seen(source: tuple[Rows, Labels], target: tuple[Rows, Labels], head: Any = "linear", few: int = 0) -> FixedFeatures:
    (Xs, ys), (Xt, yt) = source, target
    classes = int(max(ys.max(), yt.max())) + 1
    rows = np.concatenate([np.flatnonzero(yt == label)[:few] for label in range(classes)])

    def fit(X: Rows, y: Labels, weights: Rows | None = None) -> FittedHead:
        return fit_head(head, X, y, weights, 0, classes)

    return FixedFeatures(Xs, ys, Xt, Xt[rows], yt[rows], classes, fit)


def right(classifier: Any, X: Rows, y: Labels) -> float:
    return float((classifier.predict(X) == y).mean())


@pytest.mark.parametrize("head", ["linear", "svm", "knn"])
@pytest.mark.parametrize("method", EVERY, ids=[method.name() for method in EVERY])
def test_every_one_works_with_every_head_and_does_no_harm_where_nothing_shifted(method: Any, head: str) -> None:
    source, target = blobs(240, 0), blobs(240, 1)
    data = seen(source, target, head, few=5)
    if method.weights_samples and head == "knn":
        with pytest.raises(UserError, match="cannot weight samples"):
            method(seed=0).adapt_classifier(data)
        return
    before, adapted = data.fit_head(*source), method(seed=0).adapt_classifier(data)
    assert right(adapted, *target) > right(before, *target) - 0.03
    P = adapted.predict_proba(target[0])
    np.testing.assert_allclose(P.sum(axis=1), 1)
    assert (P.argmax(axis=1) == adapted.predict(target[0])).mean() > 0.98
    again = method(seed=0).adapt_classifier(data)
    np.testing.assert_array_equal(again.predict_proba(target[0]), P)


# The labelled few


def turned_labels(count: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """A concept shift: samples lie where they lay, and two of three classes have changed names."""
    X, y = blobs(count, seed)
    return X, np.array([1, 0, 2])[y]


@pytest.mark.parametrize("head", ["linear", "svm"])
def test_a_few_labels_rescue_a_concept_shift(head: str) -> None:
    source, target = blobs(240, 0), turned_labels(240, 1)
    data = seen(source, target, head, few=5)
    assert right(data.fit_head(*source), *target) < 0.4
    assert right(FineTuning().adapt_classifier(data), *target) > 0.9
    assert right(SelfTraining().adapt_classifier(data), *target) < 0.4  # which nobody without labels can notice


def test_the_few_count_for_their_share() -> None:
    source, target = blobs(240, 0), turned_labels(240, 1)
    data = seen(source, target, few=5)
    asked: list[tuple[int, float]] = []

    def recorded(X: Rows, y: Labels, weights: Rows | None = None) -> FittedHead:
        of_few = (X[:, None] == data.Xf).all(axis=2).any(axis=1)
        asked.append((len(X), float(of_few.mean())))
        return fit_head("linear", X, y, weights)

    watched = FixedFeatures(data.Xs, data.ys, data.Xt, data.Xf, data.yf, 3, recorded)
    for share in (0.5, 0.75, 1.0):
        FineTuning(share=share).adapt_classifier(watched)
    assert [share for _, share in asked] == pytest.approx([0.5, 0.75, 1.0], abs=0.01)
    assert asked[-1][0] == 15


# Its own answers


def test_self_training_follows_clusters_that_have_moved_and_pseudo_labels_where_they_are_sure() -> None:
    source, target = blobs(300, 0), blobs(300, 1, shift=1.2)
    data = seen(source, target)
    before = right(data.fit_head(*source), *target)
    assert before < 0.9
    assert right(SelfTraining().adapt_classifier(data), *target) > before + 0.05
    assert right(PseudoLabels(threshold=0.7).adapt_classifier(data), *target) > before + 0.02


def test_a_threshold_that_nothing_passes_leaves_the_head_as_it_was() -> None:
    source, target = blobs(200, 0), blobs(200, 1, shift=1.0)
    data = seen(source, target)
    alone = data.fit_head(*source).predict_proba(target[0])
    np.testing.assert_array_equal(PseudoLabels(threshold=1.0).adapt_classifier(data).predict_proba(target[0]), alone)


def test_the_surest_are_taken_class_by_class() -> None:
    P = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.95, 0.05], [0.45, 0.55], [0.4, 0.6]])
    labels = P.argmax(axis=1)
    assert surest(P, labels, 0.5).tolist() == [0, 3, 5]
    assert surest(P, np.zeros(6, np.int64), 0.5).tolist() == [0, 1, 3]
    assert surest(P, labels, 0.01).tolist() == [3, 5]  # none is left out altogether


# Along a graph


def test_labels_spread_along_the_moons_however_far_they_are_turned() -> None:
    source, target = moons(400, 0), moons(400, 1, degrees=40)
    data = seen(source, target, "svm")
    before = right(data.fit_head(*source), *target)
    adapted = LabelPropagation().adapt_classifier(data)
    assert before < 0.9
    assert right(adapted, *target) > 0.97
    assert right(adapted, *moons(200, 2, degrees=40)) > 0.97  # samples that were not among them


def test_it_is_scikit_learns_label_spreading_on_a_whole_graph() -> None:
    (Xs, ys), (Xt, _) = source, target = blobs(40, 0), blobs(40, 1, shift=0.5)
    found = LabelPropagation(neighbours=100, alpha=0.8).adapt_classifier(seen(source, target))
    X, y = np.concatenate([Xs, Xt]), np.concatenate([ys, np.full(40, -1)])
    gaps = ((X[:, None] - X) ** 2).sum(axis=2)
    gamma = 1 / (2 * gaps.sum() / (80 * 79))
    theirs = LabelSpreading(kernel="rbf", gamma=gamma, alpha=0.8, max_iter=2000, tol=1e-10).fit(X, y)
    mine = found.F / found.F.sum(axis=1, keepdims=True)  # type: ignore[attr-defined]
    np.testing.assert_allclose(mine, theirs.label_distributions_, atol=1e-4)


def test_a_few_labels_reach_what_no_chain_leads_to_and_without_them_the_head_answers() -> None:
    source, target = blobs(200, 0), blobs(200, 1, shift=40.0)
    data = seen(source, target)
    alone = LabelPropagation().adapt_classifier(data)
    np.testing.assert_array_equal(alone.predict(target[0]), data.fit_head(*source).predict(target[0]))
    with_few = seen(source, target, few=3)
    assert LabelPropagation(per_class=3).few_per_class() == 3
    assert right(LabelPropagation(per_class=3).adapt_classifier(with_few), *target) > 0.95


def test_equal_rows_and_tiny_data_will_do() -> None:
    X, y = np.repeat([[0.0, 0.0], [1.0, 1.0]], 6, axis=0), np.repeat([0, 1], 6)
    for method in EVERY:
        assert right(method().adapt_classifier(seen((X, y), (X, y), few=1)), X, y) == 1
    three = seen((X[[0, 6, 7]], y[[0, 6, 7]]), (X[:1], y[:1]))
    assert LabelPropagation(neighbours=1).adapt_classifier(three).predict(X).tolist() == y.tolist()


# In a run


def result_of(monkeypatch: pytest.MonkeyPatch, **flat: str) -> Result:
    (Xs, ys), (Xt, yt) = blobs(120, 0), blobs(120, 1, shift=1.0)
    about = Provenance("made", "made", "none", "covariate")
    made = DomainPair(
        Domain("a", Xs.astype(np.float32), ys), Domain("b", Xt.astype(np.float32), yt), ("x", "y", "z"), about
    )
    monkeypatch.setattr("da_core.training.prepared.load_pair", lambda spec: made)
    flat = {"data": "moons"} | {name.replace("__", "."): value for name, value in flat.items()}
    *_, end = run(Experiment.from_flat(flat), embed=False)
    assert isinstance(end, Finished)
    return end.result


@pytest.mark.parametrize("method", [method.name() for method in EVERY])
def test_a_run_on_features_as_they_are_adapts_and_never_scores_the_few(
    monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    result = result_of(monkeypatch, network="identity", method=method)
    assert result.adapted.target is not None
    few = 3 * methods()[method]().few_per_class()
    assert sum(result.adapted.target.confusion[row][column] for row in range(3) for column in range(3)) == 120 - few
    assert result.recipe["epochs"] == {}


def test_the_features_of_a_trained_network_can_be_adapted_to_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    result = result_of(monkeypatch, network="mlp", method="self_training", training__epochs="2")
    assert set(result.recipe["epochs"]) == {"source_only"}


def test_what_changes_the_network_alone_still_needs_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="nothing to train"):
        result_of(monkeypatch, network="identity", method="mean_teacher")
