"""What the games between a critic and the features share: the reversed gradient, the growth of λ, the domain loss."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from da_core.params import hyper

CRITIC_HIDDEN = hyper(100, ge=8, le=1024, step=4, title="Hidden units", help="Size of the critic's hidden layer.")
_steepness = partial(
    hyper, 10.0, ge=0.1, le=100, log=True, title="Steepness", help=("Speed at which λ grows during training.")
)
STEEPNESS = _steepness(symbol="γ")
STEEPNESS_WITHOUT_SYMBOL = _steepness()
"""For a method whose paper writes γ for something else."""
GAME = hyper(
    "steady",
    title="Game",
    help=(
        "Steady: the domain classifier takes separate steps, with a slope penalty. Reversal: the paper's single "
        "joint step; it needs a smaller weight in a short training."
    ),
)
FULL_WEIGHT = hyper(
    1.0,
    ge=0,
    le=10,
    step=0.1,
    symbol="λ₁",
    title="Weight",
    help="Final value of λ; the paper uses 1. 0 is source only.",
)
PENALTY = hyper(
    1.0,
    ge=0,
    le=100,
    step=0.1,
    symbol="ρ",
    title="Slope penalty",
    help="Larger values make the domain classifier's output change less steeply with the features.",
)
STEADY_HIDDEN = hyper(
    256, ge=8, le=1024, step=4, title="Hidden units", help="Size of the domain classifier's hidden layers."
)


def critic_moves(default: int) -> Any:
    """Declare how often the domain classifier learns in each step of a steady game."""
    return hyper(
        default,
        ge=1,
        le=20,
        step=1,
        title="Critic steps per round",
        help=("Number of updates of the critic in each step."),
    )


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

    generate_vmap_rule = True

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
    """Compute a critic's answers D (n,) to inputs (n, d), and its slopes ∇D (n, d) there, by the chain rule.

    Its layers are linear, with ReLU between them. `torch.autograd.grad` comes to the same numbers, and is nothing that
    `torch.func.vmap` could do for many critics at once.
    """
    if not isinstance(critic[0].weight, nn.Parameter):  # `functional_call` has put many critics' weights there
        weights = [weight for layer in critic if isinstance(layer, nn.Linear) for weight in (layer.weight, layer.bias)]
        answers, slopes, *_ = ManyCritics.apply(inputs, *weights)  # type: ignore[no-untyped-call]
        return answers, slopes
    passed = []
    answer = inputs
    for layer in critic:
        if isinstance(layer, nn.ReLU):
            passed.append((answer > 0).to(answer.dtype))
        answer = layer(answer)
    slope = torch.ones_like(answer)
    for layer in reversed(critic):
        if isinstance(layer, nn.ReLU):
            slope = slope * passed.pop()
        else:
            assert isinstance(layer, nn.Linear)
            slope = slope @ layer.weight
    return answer.squeeze(1), slope


class ManyCritics(torch.autograd.Function):
    """What `answer_and_slope` computes, for many critics at once: each tensor is one more dimension deep under `vmap`.

    Many critics' time goes into products of matrices, and a critic with one answer needs fewer than autograd makes of
    it: the answer's gradient at a layer is the slope there, times a number a row, and the gradients of answer and slope
    with respect to a weight are one product. With layer k's input a_k and the slope v_k at its output, behind the ReLU:

        ∂/∂W_k = v_kᵀ (g a_k + t_k),    t_0 = the gradient of the slope,    t_(k+1) = (t_k W_kᵀ) where a_(k+1) > 0

    The last layer W asks for no product of its own. A ReLU's unit may be scaled up before it and down after it without
    a difference to the answer, so what W's weight of a unit has as its gradient is found in that of the layer V before:

        ∂/∂V_j = W_j M_j,    ∂/∂W_j = V_j · M_j + b_j m_j,    M = [a > 0]ᵀ (g a_V + t_V),    m = [a > 0]ᵀ g
    """

    @staticmethod
    def forward(inputs: Tensor, *weights: Tensor) -> tuple[Tensor, ...]:
        """Give answers (…, n) and slopes (…, n, d), then the hidden layers' a_k, where they are not 0, and their v_k.

        The last one's a and v are left out: `backward` does without.
        """
        *hidden, (W, b) = zip(weights[::2], weights[1::2], strict=True)
        activations = [inputs]
        for V, c in hidden:
            activations.append((activations[-1] @ V.mT).add_(c.unsqueeze(-2)).relu_())
        answers = (activations[-1] @ W.mT).add_(b.unsqueeze(-2)).squeeze(-1)
        passed = [a.sign() for a in activations[1:]]
        slopes = [W * passed[-1]]
        for (V, _), on in zip(hidden[:0:-1], passed[-2::-1], strict=True):
            slopes.insert(0, (slopes[0] @ V).mul_(on))
        return answers, slopes[0] @ hidden[0][0], *activations[1:-1], *passed, *slopes[:-1]

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: tuple[Tensor, ...]) -> None:
        ctx.mark_non_differentiable(*output[2:])
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*inputs, *output[1:])

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], *given: Tensor) -> tuple[tuple[Tensor, ...], tuple[int, ...]]:
        """Put the critics in front, and do the same on all of them."""
        stacked = [
            x.expand(info.batch_size, *x.shape) if dim is None else x.movedim(dim, 0)
            for x, dim in zip(given, in_dims, strict=True)
        ]
        found = ManyCritics.apply(*stacked)  # type: ignore[no-untyped-call]
        return found, (0,) * len(found)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        hidden = (len(ctx.needs_input_grad) - 1) // 2 - 1
        inputs, *saved = ctx.saved_tensors
        weights, (slope, *saved) = saved[: 2 * hidden + 2], saved[2 * hidden + 2 :]
        activations, passed = [inputs, *saved[: hidden - 1]], saved[hidden - 1 : 2 * hidden - 1]
        slopes = saved[2 * hidden - 1 :]
        of_answers, of_slopes = gradients[:2]
        g = torch.zeros_like(slope[..., :1]) if of_answers is None else of_answers.unsqueeze(-1)
        t = torch.zeros_like(slope) if of_slopes is None else of_slopes
        found: list[Tensor | None] = [g * slope if ctx.needs_input_grad[0] else None]
        for W, a, v, on in zip(weights[::2], activations, slopes, passed, strict=False):
            found += [v.mT @ torch.addcmul(t, g, a), (g.mT @ v).squeeze(-2)]
            t = (t @ W.mT).mul_(on)
        V, b, W, _ = weights[-4:]
        M, m = passed[-1].mT @ torch.addcmul(t, g, activations[-1]), (g.mT @ passed[-1]).squeeze(-2)
        of_last = [torch.addcmul((V * M).sum(-1), b, m).unsqueeze(-2), g.sum(-2)]
        return *found, M.mul_(W.mT), m.mul_(W.squeeze(-2)), *of_last


def squared_slope(slope: Tensor) -> Tensor:
    """Compute the mean of ‖∇D‖² of slopes ∇D (n, d).

    R1 of Mescheder, Geiger and Nowozin 2018, On the convergence of GANs, eq. 9; here on both domains.

    >>> squared_slope(torch.tensor([[3.0, 4.0]]))
    tensor(25.)
    """
    return slope.square().sum(1).mean()
