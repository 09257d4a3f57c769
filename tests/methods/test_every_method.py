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


def but(kind: type, *names: str):
    """Every method of a kind except those for which the property does not hold; the reason stands beside it."""
    found = [method for method in methods().values() if issubclass(method, kind) and method.name() not in names]
    return pytest.mark.parametrize("method", found, ids=[method.name() for method in found])


# These bring one distribution onto the other as it is, class proportions included. Two draws of some hundred samples
# never hold the classes in quite the same proportions, and what one has too many of ends among another class.
MATCHES_PROPORTIONS = ("optimal_transport", "sinkhorn", "class_regularised_ot", "feature_gan")


# TCA, JDA and MIDA make means agree in a common projection: a change of each feature's scale is beyond them
@but(FeatureAlignment, "tca", "jda", "mida")
def test_alignment_undoes_another_light(method):
    (Xs, ys), (Xt, yt) = blobs(300, 0), blobs(300, 1)
    Xt = Xt * [2.0, 0.5] + [5.0, -2.0]
    assert accuracy(Xs, ys, Xt, yt) < 0.75
    assert aligned(method, Xs, ys, Xt, yt) > 0.9


@every(FeatureAlignment)
def test_alignment_undoes_the_offset_of_one_feature_that_tells_a_class(method):
    (Xs, ys), (Xt, yt) = blobs(300, 0), blobs(300, 1)
    rng = np.random.default_rng(2)
    Xs = np.c_[Xs, 2 * (ys == 0) + rng.normal(size=300)]
    Xt = np.c_[Xt, 2 * (yt == 0) + rng.normal(size=300) - 10]
    assert accuracy(Xs, ys, Xt, yt) < 0.7
    # with all three components JDA's map could only turn and scale the features: it must be able to drop one
    chosen = {"dimensions": 2} if method.name() == "jda" else {}
    fitted = method(seed=0, **chosen).fit(Xs, Xt, ys)
    assert accuracy(fitted.map_source(Xs), ys, fitted.map_target(Xt), yt) > 0.8


@but(FeatureAlignment, *MATCHES_PROPORTIONS)
def test_alignment_does_no_harm_where_nothing_shifted(method):
    (Xs, ys), (Xt, yt) = blobs(300, 0), blobs(300, 1)
    assert aligned(method, Xs, ys, Xt, yt) > accuracy(Xs, ys, Xt, yt) - 0.03


@every(FeatureAlignment)
def test_alignment_does_no_harm_where_nothing_shifted_and_classes_are_as_frequent(method):
    y = np.arange(300) % 3
    Xs, Xt = (CENTRES[y] + np.random.default_rng(seed).normal(size=(300, 2)) for seed in (0, 1))
    assert aligned(method, Xs, y, Xt, y) > accuracy(Xs, y, Xt, y) - 0.03


def distances(fitted, Xs, Xt) -> Any:
    """Between all mapped samples of both domains: what a classifier sees, whatever axes the map ends in."""
    mapped = np.concatenate([fitted.map_source(Xs), fitted.map_target(Xt)])
    return np.linalg.norm(mapped[:, None] - mapped, axis=-1)


@every(FeatureAlignment)
def test_alignment_does_not_mind_where_the_origin_is(method):
    (Xs, ys), (Xt, _) = blobs(90, 0), blobs(80, 1)
    Xt = Xt * [1.5, 0.7] + [1.0, 0.0]
    moved = np.array([8.0, -4.0])
    here = distances(method(seed=0).fit(Xs, Xt, ys), Xs, Xt)
    there = distances(method(seed=0).fit(Xs + moved, Xt + moved, ys), Xs + moved, Xt + moved)
    # the GAN's thousands of steps in float32 enlarge the rounding of the sums
    np.testing.assert_allclose(there, here, atol=1e-2 if method.name() == "feature_gan" else 1e-6)


# Standardising is feature by feature (a hyperparameter of subspace alignment and GFK; tested without it in their own
# tests), and the GAN's networks start from random directions
@but(FeatureAlignment, "subspace_alignment", "gfk", "feature_gan")
def test_alignment_does_not_mind_how_the_axes_are_turned(method):
    (Xs, ys), (Xt, _) = blobs(90, 0), blobs(80, 1)
    Xt = Xt * [1.5, 0.7] + [1.0, 0.0]
    turn = np.array([[0.8, -0.6], [0.6, 0.8]])
    here = distances(method(seed=0).fit(Xs, Xt, ys), Xs, Xt)
    there = distances(method(seed=0).fit(Xs @ turn, Xt @ turn, ys), Xs @ turn, Xt @ turn)
    np.testing.assert_allclose(there, here, atol=1e-6)


@every(FeatureAlignment)
def test_alignment_takes_float32_and_samples_that_it_was_not_fitted_on(method):
    (Xs, ys), (Xt, _) = blobs(90, 0), blobs(80, 1)
    Xs, Xt = Xs.astype(np.float32), Xt.astype(np.float32)
    fitted = method(seed=0).fit(Xs, Xt, ys)
    new = blobs(30, 2)[0].astype(np.float32)
    source, target = fitted.map_source(new), fitted.map_target(new)
    assert source.dtype == target.dtype == np.float64
    assert source.shape == target.shape
    assert len(source) == 30
    assert np.isfinite(source).all()
    assert np.isfinite(target).all()
    double = method(seed=0).fit(Xs.astype(np.float64), Xt.astype(np.float64), ys)
    np.testing.assert_array_equal(double.map_source(new), source)


@every(FeatureAlignment)
def test_alignment_takes_more_features_than_samples_dead_features_and_domains_of_other_sizes(method):
    rng = np.random.default_rng(0)
    Xs, ys, Xt = rng.normal(size=(25, 40)), np.arange(25) % 3, rng.normal(size=(12, 40))
    Xs[:, 3] = Xt[:, 3] = 0  # dead in both
    Xs[:, 4] = 0  # dead in the source alone
    Xt[:, 5] = 7
    fitted = method(seed=0).fit(Xs, Xt, ys)
    assert np.isfinite(fitted.map_source(Xs)).all()
    assert np.isfinite(fitted.map_target(Xt)).all()


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
    assert np.abs(after - share).sum() < 0.5 * np.abs(before - share).sum()


@every(Reweighting)
def test_weights_do_no_harm_where_nothing_shifted(method):
    (Xs, ys), (Xt, yt) = blobs(600, 0), blobs(600, 1)
    weights = method(seed=0).weights(Xs, Xt, ys, predicted(Xs, ys, Xt))
    assert np.abs(weights - 1).mean() < 0.2
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
