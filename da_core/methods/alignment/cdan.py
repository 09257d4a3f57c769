from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from da_core import params
from da_core.methods.alignment.shared.adversarial import (
    FULL_WEIGHT,
    GAME,
    PENALTY,
    STEADY_HIDDEN,
    STEEPNESS,
    answer_and_slope,
    critic_moves,
    domain_loss,
    ramp,
    reverse_gradient,
    squared_slope,
)
from da_core.methods.base import Batch, DeepAlignment, Turn
from da_core.params import hyper

LARGEST = 4096
"""Beyond this many products d·c the multilinear map is randomised (the paper's number)."""
RANDOM_DIM = 1024


class CDAN(DeepAlignment):
    r"""Conditional domain-adversarial network (Long et al. 2018).

    DANN aligns features whatever their class, so a day's bus may end on a night's lorry. CDAN shows the domain
    classifier D the features together with what the head makes of them, all products of the two:

        h = f ⊗ g,    f features (d),   g = softmax of the logits (c)   →   h (d · c)

    so that D compares the domains class by class; g conditions and is held fixed. The paper reverses the gradient on
    its way from D to f (``game="reversal"``). By default the game is steady, as in `DANN` and for the same reason: D
    has two hidden layers, moves ``moves`` times a step, and its slope at h is held down (R1, Mescheder et al. 2018).
    Where d · c > 4096 a randomised map stands in for the product, whose inner products are the same on average:
    h = (R_f f) ⊙ (R_g g) / √d′, with fixed standard normal R_f, R_g and d′ = 1024.

    CDAN+E trusts samples whose class is clear: each counts with w = 1 + e^(−H(g)), H the entropy of g in nats, scaled
    to mean 1 in each domain.

    It fails where the head is confidently wrong on the target from the start: the wrong class is then aligned, and
    firmly so. With very few classes it has little more to say than DANN.
    """

    title = "CDAN"
    summary = (
        "The domain classifier sees features and predicted classes together, so that classes are aligned one by one."
    )
    paper = "Long, Cao, Wang and Jordan 2018, Conditional Adversarial Domain Adaptation, NeurIPS"
    link = "https://arxiv.org/abs/1705.10667"
    keywords = ("adversarial",)

    class Params(params.Params):
        game: Literal["steady", "reversal"] = GAME
        weight: float = FULL_WEIGHT
        entropy_weighting: bool = hyper(
            True,
            title="Weight by entropy",
            help="Gives samples with a confident class more weight in the domain loss (CDAN+E).",
        )
        moves: int = critic_moves(3)
        penalty: float = PENALTY
        hidden: int = STEADY_HIDDEN
        steepness: float = STEEPNESS

    params: Params

    def build(self, feature_dim: int, class_count: int) -> nn.Module:
        hidden, products = self.params.hidden, feature_dim * class_count
        self.randomised = products > LARGEST
        inputs = RANDOM_DIM if self.randomised else products
        second = [nn.Linear(hidden, hidden), nn.ReLU()] if self.params.game == "steady" else []
        self.classifier = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), *second, nn.Linear(hidden, 1))
        if self.randomised:
            self.classifier.register_buffer("R_f", torch.randn(feature_dim, RANDOM_DIM))
            self.classifier.register_buffer("R_g", torch.randn(class_count, RANDOM_DIM))
        return self.classifier

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
        return {"domain": self.weighted(batch, self.domain_logits(reversed_, logits))}

    def classifier_losses(self, batch: Batch) -> dict[str, Tensor]:
        """Compute what D minimises in its own turns: L_d and the penalty on its slope at h."""
        features, logits = both_domains(batch)
        domain, slope = answer_and_slope(self.classifier, self.multilinear(features, logits.softmax(1)))
        return {"domain": self.weighted(batch, domain), "slope": self.params.penalty * squared_slope(slope)}

    def feature_losses(self, batch: Batch) -> dict[str, Tensor]:
        """Compute −λ L_d, which the features minimise in their turn."""
        return {"fooling": -self.strength(batch) * self.weighted(batch, self.domain_logits(*both_domains(batch)))}

    def strength(self, batch: Batch) -> Tensor:
        """Compute λ, a scalar tensor, at this step."""
        strength: Tensor = self.params.weight * ramp(batch.progress, self.params.steepness)
        return strength

    def weighted(self, batch: Batch, domain: Tensor) -> Tensor:
        """Compute L_d of the domain classifier's logits (n,), each sample with its weight."""
        weights = None
        if self.params.entropy_weighting:
            logits = (batch.source_logits.detach(), batch.target_logits.detach())
            weights = torch.cat([w / w.mean() for w in map(certainty, logits)])
        return domain_loss(domain, len(batch.source_features), weights)

    def domain_logits(self, features: Tensor, logits: Tensor) -> Tensor:
        domain: Tensor = self.classifier(self.multilinear(features, logits.softmax(1))).squeeze(1)
        return domain

    def multilinear(self, f: Tensor, g: Tensor) -> Tensor:
        """(n, d) features and (n, c) probabilities → (n, d·c) products, or (n, 1024) randomised ones."""
        if self.randomised:
            return (f @ self.classifier.R_f) * (g @ self.classifier.R_g) / RANDOM_DIM**0.5  # type: ignore[operator, no-any-return]
        return (f.unsqueeze(2) * g.unsqueeze(1)).flatten(1)


def both_domains(batch: Batch) -> tuple[Tensor, Tensor]:
    """Put features and logits of both domains together, the source's first; the logits condition and are held fixed."""
    features = torch.cat([batch.source_features, batch.target_features])
    return features, torch.cat([batch.source_logits, batch.target_logits]).detach()


def certainty(logits: Tensor) -> Tensor:
    """1 + e^(−H) of softmax(logits) (n, c): 2 for a sure prediction, 1 + 1/c for an even one.

    >>> certainty(torch.tensor([[0.0, 0.0], [99.0, 0.0]]))
    tensor([1.5000, 2.0000])
    """
    entropy = -(logits.softmax(1) * logits.log_softmax(1)).sum(1)
    return 1 + torch.exp(-entropy)
