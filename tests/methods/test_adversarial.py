"""What adversarial methods share: the reversed gradient, and how λ grows."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

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


def test_many_critics_at_once_come_to_each_ones_answers_slopes_and_gradients() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        critics = [two_layers(5, 16).double() for _ in range(3)]
        inputs = torch.randn(3, 7, 5, dtype=torch.float64, requires_grad=True)
    weights, _ = stack_module_state(critics)  # type: ignore[arg-type]

    class Asked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.critic = critics[0]

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return answer_and_slope(self.critic, x)

    def ask(own: dict[str, Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
        asked: tuple[Tensor, Tensor] = functional_call(Asked(), {f"critic.{k}": w for k, w in own.items()}, (x,))
        return asked

    def loss(answers: Tensor, slopes: Tensor) -> Tensor:
        return answers.sigmoid().sum() + slopes.norm(dim=-1).pow(3).sum()

    answers, slopes = vmap(ask)(weights, inputs)
    gradients = torch.autograd.grad(loss(answers, slopes), [inputs, *weights.values()])
    for seed, critic in enumerate(critics):
        x = inputs[seed].detach().requires_grad_()
        answer, slope = answer_and_slope(critic, x)
        torch.testing.assert_close(answers[seed], answer)
        torch.testing.assert_close(slopes[seed], slope)
        alone = torch.autograd.grad(loss(answer, slope), [x, *critic.parameters()])
        for together, own in zip(gradients, alone, strict=True):
            torch.testing.assert_close(together[seed], own)
