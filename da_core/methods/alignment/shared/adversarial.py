"""Share parts of the games of critic and features: the reversed gradient, the growth of λ, the domain loss."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from da_core.params import hyper

PENALTY = hyper(
    1.0,
    ge=0,
    le=100,
    step=0.1,
    symbol="ρ",
    title="Gradient penalty",
    help="Larger values make the domain classifier's output change less steeply with the features.",
)


def steepness(symbol: str = "γ") -> Any:
    """Declare how fast λ grows; a method whose paper writes γ for something else gives no symbol."""
    help = "Speed at which λ grows during training."
    return hyper(10.0, ge=0.1, le=100, log=True, symbol=symbol, title="Steepness", help=help)


def critic_moves(default: int) -> Any:
    """Declare how often the domain classifier learns in each step of a steady game."""
    help = "Number of updates of the critic in each step."
    return hyper(default, ge=1, le=20, step=1, title="Critic steps per round", help=help)


def ramp(progress: Tensor, steepness: float) -> Tensor:
    """Grow from 0 towards 1 with the share p of training done: 2 / (1 + e^(−γp)) − 1. Ganin 2016, section 5.2.2.

    >>> ramp(torch.tensor([0.0, 1.0]), steepness=10)
    tensor([0.0000, 0.9999])
    """
    return 2 / (1 + torch.exp(-steepness * progress)) - 1


def reverse_gradient(features: Tensor, lam: Tensor) -> Tensor:
    """Hand features on as they are, and multiply the gradient that comes back by −λ, a scalar tensor.

    >>> x = torch.ones(2, requires_grad=True)
    >>> reverse_gradient(x, torch.tensor(0.5)).sum().backward()
    >>> x.grad
    tensor([-0.5000, -0.5000])
    """
    unchanged: Tensor = GradientReversal.apply(features, lam)  # type: ignore[no-untyped-call]
    return unchanged


class GradientReversal(torch.autograd.Function):
    """Identity forward; −λ times the gradient backward. Ganin 2016, section 4.2."""

    @staticmethod
    def forward(features: Tensor, lam: Tensor) -> Tensor:
        return features.view_as(features)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(inputs[1])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (lam,) = ctx.saved_tensors
        return -lam * gradients[0], None


def domain_loss(logits: Tensor, source_count: int, weights: Tensor | None = None) -> Tensor:
    """Average the domains' cross-entropy over logits (n,) of “this is source”, the source's samples first.

    ``weights`` (n,), if given, say how much each sample counts.

    >>> domain_loss(torch.zeros(4), source_count=2)
    tensor(0.6931)
    """
    is_source = torch.cat([torch.ones_like(logits[:source_count]), torch.zeros_like(logits[source_count:])])
    return binary_cross_entropy_with_logits(logits, is_source, weights)


def two_layers(inputs: int, hidden: int) -> nn.Sequential:
    """Build a critic: two hidden layers, one number out."""
    first, second = nn.Linear(inputs, hidden), nn.Linear(hidden, hidden)
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), nn.Linear(hidden, 1))


def answer_and_slope(critic: nn.Sequential, inputs: Tensor) -> tuple[Tensor, Tensor]:
    """Compute a critic's answers D (n,) to inputs (n, d), and its slopes ∇D (n, d) there, in a graph of their own."""
    inputs = inputs.detach().requires_grad_()
    answer = critic(inputs).squeeze(1)
    (slope,) = torch.autograd.grad(answer.sum(), inputs, create_graph=True)
    return answer, slope


def squared_slope(slope: Tensor) -> Tensor:
    """Compute the mean of ‖∇D‖² of slopes ∇D (n, d).

    R1 of Mescheder, Geiger and Nowozin 2018, On the convergence of GANs, eq. 9; here on both domains.

    >>> squared_slope(torch.tensor([[3.0, 4.0]]))
    tensor(25.)
    """
    return slope.square().sum(1).mean()
