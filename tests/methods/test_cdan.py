"""CDAN: what its domain classifier sees, and how it weights."""

from __future__ import annotations

import math

import pytest
import torch

from da_core.methods.alignment.cdan import CDAN, RANDOM_DIM, certainty
from da_core.methods.base import Batch
from tests.support.deep import batch, built


def test_the_classifier_sees_products_of_features_and_softmax_probabilities():
    cdan = CDAN()
    built(cdan, 2)
    logits = torch.log(torch.tensor([[0.5, 0.25, 0.25]])) + 7  # a constant does not change probabilities
    seen = cdan.multilinear(torch.tensor([[2.0, -4.0]]), logits.softmax(1))
    torch.testing.assert_close(seen, torch.tensor([[1.0, 0.5, 0.5, -2.0, -1.0, -1.0]]))
    features = torch.tensor([[2.0, -4.0]])
    torch.testing.assert_close(cdan.domain_logits(features, logits), cdan.classifier(seen).squeeze(1))


def test_logits_that_differ_only_in_scale_look_different_to_it():
    # raw logits would differ by a factor; one-hot classes not at all
    cdan = CDAN()
    built(cdan, 4)
    F, L = torch.randn(5, 4), torch.randn(5, 3)
    weak, strong = cdan.multilinear(F, L.softmax(1)), cdan.multilinear(F, (9 * L).softmax(1))
    assert not torch.allclose(weak, strong)
    torch.testing.assert_close(weak.view(5, 4, 3).sum(2), strong.view(5, 4, 3).sum(2))


def test_certainty_of_known_predictions():
    even, sure = torch.zeros(1, 4), torch.tensor([[100.0, 0, 0, 0]])
    assert certainty(even).item() == pytest.approx(1.25)
    assert certainty(sure).item() == pytest.approx(2)


def by_hand(cdan: CDAN, b: Batch, weights: list[torch.Tensor]) -> float:
    total = 0.0
    for F, L, w, sign in (
        (b.source_features, b.source_logits, weights[0], 1),
        (b.target_features, b.target_logits, weights[1], -1),
    ):
        for f, logits, weight in zip(F, L, w / w.mean(), strict=True):
            h = torch.outer(f, logits.softmax(0)).flatten()
            total += float(weight) * math.log1p(math.exp(-sign * cdan.classifier(h).item()))
    return total / (2 * len(b.source_features))


@pytest.mark.parametrize("weighted", [True, False])
def test_the_loss_is_the_papers(weighted):
    cdan, b = CDAN(entropy_weighting=weighted), batch(8)
    built(cdan)
    one = torch.ones(8)
    weights = [certainty(b.source_logits), certainty(b.target_logits)] if weighted else [one, one]
    assert cdan.losses(b)["domain"].item() == pytest.approx(by_hand(cdan, b, weights), rel=1e-4)


def test_the_slope_of_a_linear_classifier_of_the_products_is_its_weight():
    """R1, Mescheder et al. 2018, at what the classifier sees."""
    cdan, b = CDAN(penalty=3.0), batch(8)
    built(cdan)
    linear = torch.nn.Linear(b.source_features.shape[1] * b.source_logits.shape[1], 1)
    cdan.classifier = torch.nn.Sequential(linear)
    losses = cdan.classifier_losses(b)
    assert losses["gradient penalty"].item() == pytest.approx(3 * linear.weight.square().sum().item(), rel=1e-5)
    assert losses["domain"].item() == pytest.approx(cdan.losses(b)["domain"].item(), rel=1e-5)


def test_without_information_in_the_predictions_entropy_changes_nothing():
    b = batch(8)
    even = Batch(b.source_features, b.target_features, 0 * b.source_logits, 0 * b.target_logits, *(None, b.progress))
    values = []
    for weighted in (True, False):
        cdan = CDAN(entropy_weighting=weighted)
        built(cdan)
        values.append(cdan.losses(even)["domain"].item())
    assert values[0] == pytest.approx(values[1])


def test_many_products_are_randomised_and_keep_inner_products_on_average():
    cdan, classes = CDAN(), 3
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        cdan.build(4097 // classes + 1, classes)
        F = torch.randn(2, 4097 // classes + 1)
        G = torch.randn(2, classes).softmax(1)
    seen = cdan.multilinear(F, G)
    assert seen.shape == (2, RANDOM_DIM)
    exact = (F @ F.T) * (G @ G.T)
    torch.testing.assert_close(seen @ seen.T, exact, rtol=0, atol=0.2 * float(exact.diagonal().max()))
    built(cdan, 4096 // classes)
    assert not cdan.randomised


def test_the_gradient_on_the_features_is_reversed_and_grows_with_progress():
    gradients: list[torch.Tensor] = []
    for progress in (0.0, 0.1, 1.0):
        cdan, b = CDAN(), batch(progress=progress)
        own = built(cdan)
        F = b.target_features.requires_grad_()
        cdan.losses(b)["domain"].backward()
        gradients.append(F.grad)
        of_own = [p.grad.clone() for p in own.parameters()]
        if progress == 0:
            first = of_own
        torch.testing.assert_close(of_own, first)  # the classifier learns at full speed from the start
    assert gradients[0].abs().max() == 0
    ratio = (2 / (1 + math.exp(-1)) - 1) / (2 / (1 + math.exp(-10)) - 1)
    torch.testing.assert_close(gradients[1], ratio * gradients[2])
