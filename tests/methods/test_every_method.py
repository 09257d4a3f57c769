"""What is true of every method, found by its kind: a new file is tested from the day it is there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from da_core.errors import UserError
from da_core.methods import methods
from da_core.methods.base import (
    Batch,
    Control,
    DeepAlignment,
    FeatureAlignment,
    Method,
    ModelAdaptation,
    Predictions,
    Reweighting,
)
from da_core.networks.heads import fit_head

KIND = {
    "control": Control,
    "feature alignment": FeatureAlignment,
    "deep alignment": DeepAlignment,
    "reweighting": Reweighting,
    "model adaptation": ModelAdaptation,
}


def every(kind: type = Method):
    found = [method for method in methods().values() if issubclass(method, kind)]
    return pytest.mark.parametrize("method", found, ids=[method.name() for method in found])


def hyperparameters() -> list[Any]:
    return [
        pytest.param(method, name, schema, id=f"{method.name()}.{name}")
        for method in methods().values()
        for name, schema in method.Params.model_json_schema()["properties"].items()
    ]


# What it says of itself


@every()
def test_it_introduces_itself(method):
    assert method.name() == method.__module__.split(".")[-1]
    assert method.family() in ("alignment", "reweighting", "adaptation", "control")
    assert issubclass(method, KIND[method.kind])
    assert method.title
    assert method.summary.endswith(".")
    assert method.__doc__
    if method.family() != "control":
        assert any(character.isdigit() for character in method.paper), "the paper's year"


@pytest.mark.parametrize(("method", "name", "schema"), hyperparameters())
def test_each_hyperparameter_can_be_shown_and_is_bounded(method, name, schema):
    assert schema["title"]
    assert schema["description"].endswith(".")
    assert {"symbol", "unit", "log", "step"} <= schema.keys()
    method(**{name: schema["default"]})
    if schema["type"] in ("number", "integer"):
        low = schema.get("minimum", schema.get("exclusiveMinimum"))
        assert low is not None
        for given in (low - 1, schema["maximum"] + 1):
            with pytest.raises(UserError, match=name):
                method(**{name: given})
    with pytest.raises(UserError, match=name):
        method(**{name: "no such choice"})


@every()
def test_an_unknown_hyperparameter_is_named(method):
    with pytest.raises(UserError, match="no_such_setting"):
        method(no_such_setting=1)


# The shallow kinds, on problems with a known way out


CENTRES = np.array([[2.5, 0.0], [-2.5, 0.0], [0.0, 3.0]])


def blobs(n: int, seed: int, proportions=(1 / 3, 1 / 3, 1 / 3)):
    rng = np.random.default_rng(seed)
    y = rng.choice(3, n, p=proportions)
    return CENTRES[y] + rng.normal(size=(n, 2)), y


def accuracy(Xs, ys, Xt, yt, weights=None) -> float:
    return float((fit_head("linear", Xs, ys, weights).predict(Xt) == yt).mean())


def predicted(Xs, ys, Xt) -> Predictions:
    """By a head that was fitted on the other half of the source."""
    head = fit_head("linear", Xs[::2], ys[::2])
    return Predictions(ys[1::2], head.predict_proba(Xs[1::2]), head.predict_proba(Xt))


def aligned(method, Xs, ys, Xt, yt) -> float:
    fitted = method(seed=0).fit(Xs, Xt, ys)
    return accuracy(fitted.map_source(Xs), ys, fitted.map_target(Xt), yt)


@every(FeatureAlignment)
def test_alignment_undoes_another_light(method):
    (Xs, ys), (Xt, yt) = blobs(300, 0), blobs(300, 1)
    Xt = Xt * [2.0, 0.5] + [5.0, -2.0]
    assert accuracy(Xs, ys, Xt, yt) < 0.75
    assert aligned(method, Xs, ys, Xt, yt) > 0.9


@every(FeatureAlignment)
def test_alignment_does_no_harm_where_nothing_shifted(method):
    (Xs, ys), (Xt, yt) = blobs(300, 0), blobs(300, 1)
    assert aligned(method, Xs, ys, Xt, yt) > accuracy(Xs, ys, Xt, yt) - 0.03


@every(FeatureAlignment)
def test_alignment_repeats_and_does_not_mind_the_order_of_samples(method):
    (Xs, ys), (Xt, _) = blobs(120, 0), blobs(100, 1)
    s, t = np.random.default_rng(2).permutation(120), np.random.default_rng(3).permutation(100)
    first = method(seed=5).fit(Xs, Xt, ys)
    again = method(seed=5).fit(Xs, Xt, ys)
    shuffled = method(seed=5).fit(Xs[s], Xt[t], ys[s])
    np.testing.assert_array_equal(first.map_source(Xs), again.map_source(Xs))
    np.testing.assert_array_equal(first.map_target(Xt), again.map_target(Xt))
    np.testing.assert_allclose(shuffled.map_source(Xs[s]), first.map_source(Xs)[s], atol=1e-6)
    np.testing.assert_allclose(shuffled.map_target(Xt[t]), first.map_target(Xt)[t], atol=1e-6)


@every(FeatureAlignment)
def test_alignment_refuses_what_it_cannot_use(method):
    (Xs, ys), (Xt, _) = blobs(60, 0), blobs(60, 1)
    broken = Xt.copy()
    broken[3, 1] = np.nan
    for bad, reason in ((broken, "not finite"), (np.c_[Xt, Xt], "make them alike"), (Xt[:0], "one row a sample")):
        with pytest.raises(UserError, match=reason):
            method().fit(Xs, bad, ys)


NAIVE = {"inverse_distance"}
"""No density ratio: its weights hardly follow the target, which is what its lesson shows."""
NOISE = {"kernel_density": 0.3, "kliep": 0.3, "kmm": 0.3, "knn_density": 0.3, "nearest_neighbours": 1.0}
"""Local estimates vary from sample to sample also where nothing has shifted; counts of votes as Poisson's do."""


@every(Reweighting)
def test_weights_bring_the_class_proportions_towards_the_target(method):
    share = np.array([0.1, 0.3, 0.6])
    (Xs, ys), (Xt, _) = blobs(1500, 0, share[::-1]), blobs(1500, 1, share)
    weights = method(seed=0).weights(Xs, Xt, ys, predicted(Xs, ys, Xt))
    assert weights.shape == (1500,)
    assert np.isfinite(weights).all()
    assert (weights >= 0).all()
    assert weights.mean() == pytest.approx(1)
    before, after = np.bincount(ys) / 1500, np.bincount(ys, weights) / 1500
    if method.name() not in NAIVE:
        assert np.abs(after - share).sum() < 0.5 * np.abs(before - share).sum()


@every(Reweighting)
def test_weights_do_no_harm_where_nothing_shifted(method):
    (Xs, ys), (Xt, yt) = blobs(600, 0), blobs(600, 1)
    weights = method(seed=0).weights(Xs, Xt, ys, predicted(Xs, ys, Xt))
    assert np.abs(weights - 1).mean() < NOISE.get(method.name(), 0.2)
    assert accuracy(Xs, ys, Xt, yt, weights) > accuracy(Xs, ys, Xt, yt) - 0.03


@every(Reweighting)
def test_weights_repeat_and_do_not_mind_the_order_of_samples(method):
    (Xs, ys), (Xt, _) = blobs(200, 0), blobs(150, 1, (0.2, 0.2, 0.6))
    predictions = predicted(Xs, ys, Xt)
    s, t = np.random.default_rng(2).permutation(200), np.random.default_rng(3).permutation(150)
    first = method(seed=5).weights(Xs, Xt, ys, predictions)
    np.testing.assert_array_equal(method(seed=5).weights(Xs, Xt, ys, predictions), first)
    turned = Predictions(predictions.ys[::-1], predictions.Ps[::-1], predictions.Pt[t])
    shuffled = method(seed=5).weights(Xs[s], Xt[t], ys[s], turned)
    np.testing.assert_allclose(shuffled, first[s], rtol=1e-4, atol=1e-6)


@every(Reweighting)
def test_weights_are_refused_for_values_that_are_not_finite(method):
    (Xs, ys), (Xt, _) = blobs(60, 0), blobs(60, 1)
    predictions = predicted(Xs, ys, Xt)
    broken, unsure = Xt.copy(), predictions.Pt.copy()
    broken[3, 1] = unsure[3, 1] = np.nan
    with pytest.raises(UserError, match="not finite"):
        method().weights(Xs, broken, ys, Predictions(predictions.ys, predictions.Ps, unsure))


@every(Reweighting)
def test_weights_have_mean_one_and_keep_below_the_cap(method):
    (Xs, ys), (Xt, _) = blobs(300, 0, (0.8, 0.15, 0.05)), blobs(200, 1, (0.05, 0.15, 0.8))
    predictions = predicted(Xs, ys, Xt)
    for clip in (1.0, 1.5, 3.0, 1e6):
        fitted = method(clip=clip).fit(Xs, Xt, ys, predictions)
        for weights in (fitted.weights_of(Xs, ys), fitted.weights_of(Xs[::3] + 0.1, ys[::3])):
            assert np.isfinite(weights).all()
            assert weights.min() >= 0
            assert weights.max() <= clip * (1 + 1e-9)
            assert weights.mean() == pytest.approx(1)


@every(Reweighting)
def test_weights_do_not_mind_where_the_origin_is_or_the_precision(method):
    (Xs, ys), (Xt, _) = blobs(300, 0), blobs(200, 1, (0.2, 0.2, 0.6))
    Xs, Xt = Xs.astype(np.float32), Xt.astype(np.float32)
    predictions = predicted(Xs, ys, Xt)
    single = method(seed=0).weights(Xs, Xt, ys, predictions)
    assert single.dtype == np.float64
    Xs, Xt = Xs.astype(np.float64), Xt.astype(np.float64)
    np.testing.assert_array_equal(method(seed=0).weights(Xs, Xt, ys, predictions), single)
    # 64 is a power of two: the samples keep all but their last digits
    moved = method(seed=0).weights(Xs + 64, Xt + 64, ys, predictions)
    np.testing.assert_allclose(moved, single, rtol=1e-3, atol=1e-3)


ONE_UNIT_EACH = {"inverse_distance", "domain_classifier", "boosted_classifier"}
"""These scale or split each feature by itself, so the axes matter to them."""


@every(Reweighting)
def test_weights_do_not_mind_a_rotation(method):
    if method.name() in ONE_UNIT_EACH:
        pytest.skip("works feature by feature")
    (Xs, ys), (Xt, _) = blobs(150, 0), blobs(150, 1, (0.2, 0.2, 0.6))
    predictions = predicted(Xs, ys, Xt)
    # all samples are centres and kernels: what is drawn at random depends on the axes
    everything = {"centres": 150} if "centres" in method.Params.model_fields else {}
    Q = np.array([[0.6, -0.8], [0.8, 0.6]])
    weights = method(seed=0, **everything).weights(Xs, Xt, ys, predictions)
    turned = method(seed=0, **everything).weights(Xs @ Q, Xt @ Q, ys, predictions)
    assert np.corrcoef(weights, turned)[0, 1] > 0.95


@every(Reweighting)
def test_weights_of_held_out_rows_are_those_of_the_rows_that_were_learned_from(method):
    """Few methods know a row that they saw from another; the weights have to go on smoothly all the same."""
    (Xs, ys), (Xt, _) = blobs(1200, 0, (0.6, 0.3, 0.1)), blobs(800, 1, (0.1, 0.3, 0.6))
    predictions = predicted(Xs, ys, Xt)
    # with a cap, so that no single sample decides
    fitted = method(seed=0, clip=10).fit(Xs[:800], Xt, ys[:800], predictions)
    seen, unseen = (
        np.bincount(ys[part], fitted.weights_of(Xs[part], ys[part])) / 400
        for part in (slice(400, 800), slice(800, 1200))
    )
    np.testing.assert_allclose(seen, unseen, atol=0.12)


@every(Reweighting)
def test_weights_where_all_samples_are_alike(method):
    (Xs, ys), (Xt, _) = blobs(40, 0), blobs(40, 1)
    predictions = predicted(Xs, ys, Xt)
    same = np.ones((40, 2))
    weights = method(seed=0).weights(same, same, ys, predictions)
    assert np.isfinite(weights).all()
    assert weights.mean() == pytest.approx(1)


@every(Reweighting)
def test_weights_of_few_samples_with_many_features(method):
    rng = np.random.default_rng(0)
    Xs, Xt, ys = rng.normal(size=(30, 200)), rng.normal(size=(25, 200)) + 1, np.arange(30) % 3
    weights = method(seed=0).weights(Xs, Xt, ys, predicted(Xs, ys, Xt))
    assert np.isfinite(weights).all()
    assert weights.mean() == pytest.approx(1)


# Deep alignment: one step


@every(DeepAlignment)
def test_one_step_gives_finite_losses_that_move_the_features(method):
    torch.manual_seed(0)
    deep = method(seed=0)
    deep.build(6, 3)
    features = [(torch.randn(16, 6) + shift).requires_grad_() for shift in (0, 2)]
    logits = [torch.randn(16, 3, requires_grad=True) for _ in features]
    losses = deep.losses(Batch(*features, *logits, torch.arange(16) % 3, torch.tensor(0.5)))
    assert losses
    assert all(loss.shape == () and torch.isfinite(loss) for loss in losses.values())
    torch.stack(list(losses.values())).sum().backward()
    assert all(f.grad is not None and f.grad.abs().sum() > 0 for f in features)


@every(DeepAlignment)
def test_features_that_are_all_alike_give_finite_losses(method):
    deep = method(seed=0)
    deep.build(6, 3)
    same, logits, labels = torch.ones(4, 6), torch.zeros(4, 3), torch.zeros(4, dtype=torch.long)
    for progress in (0.0, 1.0):
        losses = deep.losses(Batch(same, same, logits, logits, labels, torch.tensor(progress)))
        assert all(torch.isfinite(loss) for loss in losses.values())
