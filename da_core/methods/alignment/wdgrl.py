from __future__ import annotations

import torch
from torch import Tensor, nn

from da_core import params
from da_core.methods.alignment.shared.adversarial import answer_and_slope, critic_moves, two_layers
from da_core.methods.base import Batch, DeepAlignment, Turn, loss_weight
from da_core.params import hyper


class WDGRL(DeepAlignment):
    r"""Wasserstein distance guided representation learning (Shen et al. 2018).

    A critic w gives each feature vector a score, high on source and low on target. If its slope nowhere exceeds 1, the
    best critic's gap between the domains' mean scores is their Wasserstein-1 distance:

        W = mean w(f_s) − mean w(f_t)
        critic maximises    W − ρ · mean (‖∇_f̂ w(f̂)‖ − 1)²          (several moves a step)
        network minimises   L_y + λ · W

    The penalty holds the slope near 1 at the features themselves and at random points f̂ on the lines between a source
    and a target sample. Unlike a domain classifier's loss, W keeps giving a useful gradient when the domains are far
    apart. A batch comes in random order, so an even grid of places along the lines is a (stratified) random one. The
    critic has two hidden layers: one of 100 units misses much of W among 128 features.

    It fails when class proportions differ, since mass of one class must then be moved onto another, and when the
    critic has too few moves to keep up: W is then too small and points the wrong way.
    """

    title = "WDGRL"
    summary = (
        "A critic measures the Wasserstein distance between the domains' features; the features learn to shrink it."
    )
    paper = "Shen, Qu, Zhang and Yu 2018, Wasserstein Distance Guided Representation Learning, AAAI"
    link = "https://arxiv.org/abs/1707.01217"
    keywords = ("adversarial",)

    class Params(params.Params):
        weight: float = loss_weight(0.1, le=10, step=0.05)
        """Weight of the Wasserstein distance. 0 is source only."""
        critic_steps: int = critic_moves(5)
        penalty: float = hyper(10.0, ge=0, le=1000, step=1, symbol="ρ", title="Gradient penalty")
        """Larger values hold the critic's slope closer to 1."""
        hidden: int = hyper(256, ge=8, le=1024, step=4, title="Hidden units")
        """Size of the critic's two hidden layers."""

    params: Params

    def build(self, feature_dim: int, class_count: int) -> nn.Module:
        self.critic = two_layers(feature_dim, self.params.hidden)
        return self.critic

    def turns(self) -> tuple[Turn, ...]:
        return (
            Turn(self.critic_losses, ("own",), times=self.params.critic_steps, with_class=False),
            Turn(self.losses, ("extractor", "head")),
        )

    def critic_losses(self, batch: Batch) -> dict[str, Tensor]:
        Fs, Ft = batch.source_features, batch.target_features
        place = ((torch.arange(len(Fs), device=Fs.device, dtype=Fs.dtype) + 0.5) / len(Fs)).unsqueeze(1)
        scores, slope = answer_and_slope(self.critic, torch.cat([Fs, Ft, Fs + place * (Ft - Fs)]))
        on_source, on_target, _ = scores.chunk(3)
        return {"critic": -distance(on_source, on_target) + self.params.penalty * gradient_penalty(slope)}

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        on_source, on_target = self.critic(batch.source_features), self.critic(batch.target_features)
        return {"wasserstein": self.params.weight * distance(on_source, on_target)}


def distance(on_source: Tensor, on_target: Tensor) -> Tensor:
    """Compute W of a critic's scores of source and target samples.

    >>> distance(torch.tensor([3.0]), torch.tensor([1.0]))
    tensor(2.)
    """
    return on_source.mean() - on_target.mean()


def gradient_penalty(slope: Tensor) -> Tensor:
    """Compute the mean of (‖∇w‖ − 1)² of slopes ∇w (n, d).

    >>> gradient_penalty(torch.tensor([[3.0, 4.0]]))
    tensor(16.)
    """
    excess: Tensor = slope.norm(dim=1) - 1
    return excess.square().mean()
