from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from da_core import params
from da_core.methods.alignment.shared.adversarial import (
    PENALTY,
    answer_and_slope,
    critic_moves,
    squared_slope,
    two_layers,
)
from da_core.methods.base import Batch, DeepAlignment, Turn
from da_core.params import hyper


class ADDA(DeepAlignment):
    r"""Adversarial discriminative domain adaptation (Tzeng et al. 2017).

    First the source's extractor M_s and the head are trained on source; then both stay as they are. The target gets an
    extractor M_t of its own, which starts as a copy of M_s and learns to give target samples features that a
    discriminator D takes for source features:

        D minimises     −mean log D(M_s(x_s)) − mean log(1 − D(M_t(x_t)))
        M_t minimises   −mean log D(M_t(x_t))

    D moves ``moves`` times for each move of M_t, and its slope at the features is held down (ρ · mean ‖∇D‖²; R1 of
    Mescheder, Geiger and Nowozin 2018, On the convergence of GANs, eq. 9): both are not in the paper (1 move, ρ = 0)
    and keep D's gradient useful. The second line has the labels inverted, as generative adversarial networks are
    trained: unlike a reversed gradient it stays strong while D wins. The source's head then classifies what M_t makes
    of the target.

    Nothing but its start ties M_t to the classes: labels play no part in this game. It fails when it is let run too
    fast or too long (M_t may lay one class on another's place and fool D just as well), and when class proportions
    differ. Less of the learning rate steadies it.
    """

    title = "ADDA"
    summary = "The target gets its own extractor, which learns to produce features that pass for source features."
    paper = "Tzeng, Hoffman, Saenko and Darrell 2017, Adversarial Discriminative Domain Adaptation, CVPR"
    link = "https://arxiv.org/abs/1702.05464"
    keywords = ("adversarial",)
    target_encoder = True

    class Params(params.Params):
        rate: float = hyper(0.1, gt=0, le=1, log=True, title="Share of the learning rate")
        """Share of the training's learning rate that both networks use, since they start from trained weights."""
        moves: int = critic_moves(3)
        penalty: float = PENALTY
        hidden: int = hyper(500, ge=8, le=1024, step=4, title="Hidden units")
        """Size of the discriminator's two hidden layers."""

    params: Params

    def build(self, feature_dim: int, class_count: int) -> nn.Module:
        self.discriminator = two_layers(feature_dim, self.params.hidden)
        return self.discriminator

    def turns(self) -> tuple[Turn, ...]:
        return (
            Turn(self.critic_losses, ("own",), times=self.params.moves, with_class=False),
            Turn(self.losses, ("extractor",), with_class=False),
        )

    def critic_losses(self, batch: Batch) -> dict[str, Tensor]:
        features = torch.cat([batch.source_features, batch.target_features])
        domain, slope = answer_and_slope(self.discriminator, features)
        on_source, on_target = domain[: len(batch.source_features)], domain[len(batch.source_features) :]
        right = binary_cross_entropy_with_logits(on_source, torch.ones_like(on_source))
        wrong = binary_cross_entropy_with_logits(on_target, torch.zeros_like(on_target))
        return {"domain": right + wrong, "gradient penalty": self.params.penalty * squared_slope(slope)}

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        on_target = self.discriminator(batch.target_features)
        return {"fooling": binary_cross_entropy_with_logits(on_target, torch.ones_like(on_target))}

    def learning_rate(self, rate: float) -> float:
        return float(self.params.rate * rate)

    def domain_logits(self, features: Tensor, logits: Tensor) -> Tensor:
        domain: Tensor = self.discriminator(features).squeeze(1)
        return domain
