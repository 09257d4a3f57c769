"""What adversarial methods share: the reversed gradient, and how λ grows."""

from __future__ import annotations

import math

import pytest
import torch

from da_core.methods.alignment.shared.adversarial import ramp, reverse_gradient


def test_reversal_is_the_identity_forward_and_minus_lambda_backward():
    F = torch.randn(4, 3, requires_grad=True)
    out = reverse_gradient(F, torch.tensor(0.3))
    assert torch.equal(out, F)
    out.square().sum().backward()
    torch.testing.assert_close(F.grad, -0.3 * 2 * F.detach())


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 1.0])
def test_lambda_grows_as_in_the_paper(p):
    assert ramp(torch.tensor(p), 10).item() == pytest.approx(2 / (1 + math.exp(-10 * p)) - 1, abs=1e-6)
