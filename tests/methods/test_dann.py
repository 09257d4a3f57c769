"""DANN: the reversal, its schedule, and the domain loss without it."""

from __future__ import annotations

import math

import pytest
import torch

from da_core.methods.alignment.dann import DANN, ReverseGradient, grown
from tests.support.deep import batch, built


def test_reversal_is_the_identity_forward_and_minus_lambda_backward():
    F = torch.randn(4, 3, requires_grad=True)
    out = ReverseGradient.apply(F, torch.tensor(0.3))
    assert torch.equal(out, F)
    out.square().sum().backward()
    torch.testing.assert_close(F.grad, -0.3 * 2 * F.detach())


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 1.0])
def test_lambda_grows_as_in_the_paper(p):
    assert grown(torch.tensor(p), 10).item() == pytest.approx(2 / (1 + math.exp(-10 * p)) - 1, abs=1e-6)


def test_the_loss_is_the_cross_entropy_of_the_domains():
    dann, b = DANN(), batch(8)
    built(dann)
    on_source = dann.domain_logits(b.source_features, b.source_logits).sigmoid()
    on_target = dann.domain_logits(b.target_features, b.target_logits).sigmoid()
    expected = -(on_source.log().sum() + (1 - on_target).log().sum()) / 16
    assert dann.losses(b)["domain"].item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_domain_classifier_that_cannot_learn_stays_at_ln_2():
    dann, b = DANN(), batch(8)
    own = built(dann)
    for weight in own.parameters():
        torch.nn.init.zeros_(weight)
    assert dann.losses(b)["domain"].item() == pytest.approx(math.log(2))
