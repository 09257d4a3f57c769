from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from da_core import params
from da_core.methods.alignment.shared.adversarial import (
    PENALTY,
    answer_and_slope,
    critic_moves,
    domain_loss,
    ramp,
    reverse_gradient,
    squared_slope,
    steepness,
)
from da_core.methods.base import Batch, DeepAlignment, Turn, loss_weight
from da_core.params import hyper


class DANN(DeepAlignment):
    r"""Domain-adversarial training (Ganin et al. 2016).

    A domain classifier D learns to tell source features from target features, while the features learn to fool it:

        min over features f, head g    max over D    L_y(g(f(x_s)), y_s) − λ L_d(D(f(x)))          (eq. 9 and 10)

    λ grows from 0 to λ₁ as training proceeds, p being the share done: λ(p) = λ₁ (2 / (1 + e^(−γp)) − 1)
    (section 5.2.2, with λ₁ = 1 and γ = 10), so that early noise from an untrained D does no harm.

    The paper plays both moves in one ordinary step (``game="reversal"``): the gradient-reversal layer is the identity
    on the way forward and multiplies the gradient by −λ on the way back (section 4.2), so that D descends on L_d while
    the features ascend on it. A D that moves no faster than the features is weak, though: it is at chance where
    a fresh classifier still tells the domains apart. So by default the game is steady: D has two hidden layers, moves
    ``moves`` times a step as WDGRL's critic does, and its slope at the features is held down (R1 of Mescheder, Geiger
    and Nowozin 2018, On the convergence of GANs, eq. 9), which keeps its gradient useful where it is right:

        D minimises    L_d(D(f)) + ρ · mean ‖∇_f D(f)‖²

    It fails when the domains' class proportions differ (matching the mixtures then mixes the classes), and where the
    classes lie so far apart by night that they are met by the wrong ones.
    """

    title = "DANN"
    summary = "A domain classifier learns to separate the domains while the features learn to fool it."
    paper = "Ganin et al. 2016, Domain-Adversarial Training of Neural Networks, JMLR 17(59)"
    link = "https://arxiv.org/abs/1505.07818"
    keywords = ("adversarial",)
    start_here = True

    class Params(params.Params):
        game: Literal["steady", "reversal"] = hyper("steady", title="Game")
        """Steady: the domain classifier takes separate steps, with a gradient penalty. Reversal: the paper's single
        joint step; it needs a smaller weight in a short training."""
        weight: float = loss_weight(1.0, le=10, step=0.1, symbol="λ₁")
        """Final value of λ; the paper uses 1. 0 is source only."""
        moves: int = critic_moves(5)
        penalty: float = PENALTY
        hidden: int = hyper(256, ge=8, le=1024, step=4, title="Hidden units")
        """Size of the domain classifier's hidden layers."""
        steepness: float = steepness()

    params: Params

    def build(self, feature_dim: int, class_count: int) -> nn.Module:
        self.classifier = self.build_classifier(feature_dim)
        return self.classifier

    def build_classifier(self, inputs: int) -> nn.Sequential:
        """Build D for rows of ``inputs`` numbers; the steady game gives it a second hidden layer."""
        hidden = self.params.hidden
        second = [nn.Linear(hidden, hidden), nn.ReLU()] if self.params.game == "steady" else []
        return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), *second, nn.Linear(hidden, 1))

    def turns(self) -> tuple[Turn, ...]:
        if self.params.game == "reversal":
            return (Turn(self.losses),)
        return (
            Turn(self.classifier_losses, ("own",), times=self.params.moves, with_class=False),
            Turn(self.feature_losses, ("extractor", "head")),
        )

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Compute L_d of the paper's one step: D descends on it, the features, by the reversed gradient, ascend."""
        features, logits = both_domains(batch)
        reversed_ = reverse_gradient(features, self.strength(batch))
        return {"domain": self.loss(batch, self.domain_logits(reversed_, logits))}

    def classifier_losses(self, batch: Batch) -> dict[str, Tensor]:
        """Compute what D minimises in its own turns: L_d and the penalty on its slope."""
        domain, slope = answer_and_slope(self.classifier, self.inputs(*both_domains(batch)))
        return {"domain": self.loss(batch, domain), "gradient penalty": self.params.penalty * squared_slope(slope)}

    def feature_losses(self, batch: Batch) -> dict[str, Tensor]:
        """Compute −λ L_d, which the features minimise in their turn."""
        return {"fooling": -self.strength(batch) * self.loss(batch, self.domain_logits(*both_domains(batch)))}

    def inputs(self, features: Tensor, logits: Tensor) -> Tensor:
        """Give what D sees of features (n, d) and class logits (n, c): the features."""
        return features

    def loss(self, batch: Batch, domain: Tensor) -> Tensor:
        """Compute L_d of D's logits (n,)."""
        return domain_loss(domain, len(batch.source_features))

    def strength(self, batch: Batch) -> Tensor:
        """Compute λ, a scalar tensor, at this step."""
        strength: Tensor = self.params.weight * ramp(batch.progress, self.params.steepness)
        return strength

    def domain_logits(self, features: Tensor, logits: Tensor) -> Tensor:
        domain: Tensor = self.classifier(self.inputs(features, logits)).squeeze(1)
        return domain


def both_domains(batch: Batch) -> tuple[Tensor, Tensor]:
    """Join features and logits of both domains, the source's first; the logits condition and are held fixed."""
    features = torch.cat([batch.source_features, batch.target_features])
    return features, torch.cat([batch.source_logits, batch.target_logits]).detach()
