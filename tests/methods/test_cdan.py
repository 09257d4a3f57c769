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
