"""What adversarial methods share: the reversed gradient, and how λ grows."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from da_core.methods.alignment.shared.adversarial import answer_and_slope, ramp, reverse_gradient, two_layers


def test_reversal_is_the_identity_forward_and_minus_lambda_backward():
    F = torch.randn(4, 3, requires_grad=True)
    out = reverse_gradient(F, torch.tensor(0.3))
    assert torch.equal(out, F)
    out.square().sum().backward()
    torch.testing.assert_close(F.grad, -0.3 * 2 * F.detach())


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 1.0])
def test_lambda_grows_as_in_the_paper(p):
    assert ramp(torch.tensor(p), 10).item() == pytest.approx(2 / (1 + math.exp(-10 * p)) - 1, abs=1e-6)


def test_a_critics_slope_is_that_of_its_answers_and_can_be_learned_from() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        critic = two_layers(5, 16).double()
        x, step = torch.randn(7, 5, dtype=torch.float64), 1e-6
    answers, slopes = answer_and_slope(critic, x)
    torch.testing.assert_close(answers, critic(x).squeeze(1))
    for place in range(5):
        moved = x.clone()
        moved[:, place] += step
        torch.testing.assert_close((critic(moved).squeeze(1) - answers) / step, slopes[:, place], rtol=1e-4, atol=1e-6)
    slopes.square().sum().backward()
    assert all(layer.weight.grad is not None for layer in critic if isinstance(layer, nn.Linear))
