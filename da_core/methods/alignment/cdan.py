from __future__ import annotations

import torch
from torch import Tensor, nn

from da_core import params
from da_core.methods.alignment.shared.adversarial import (
    CLASSIFIER_HIDDEN,
    STEEPNESS,
    WEIGHT,
    domain_loss,
    ramp,
    reverse_gradient,
)
from da_core.methods.base import Batch, DeepAlignment
from da_core.params import hyper

LARGEST = 4096
"""Beyond this many products d·c the multilinear map is randomised (the paper's number)."""
RANDOM_DIM = 1024


class CDAN(DeepAlignment):
    r"""Conditional domain-adversarial network (Long et al. 2018).

    DANN aligns features whatever their class, so a day's bus may end on a night's lorry. CDAN shows the domain
    classifier D the features together with what the head makes of them, all products of the two:

        h = f ⊗ g,    f features (d),   g = softmax of the logits (c)   →   h (d · c)

    so that D compares the domains class by class. The gradient is reversed on its way from D to f, as in DANN; g
    conditions and is held fixed. Where d · c > 4096 a randomised map stands in for the product, whose inner products
    are the same on average: h = (R_f f) ⊙ (R_g g) / √d′, with fixed standard normal R_f, R_g and d′ = 1024.

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
        weight: float = WEIGHT
        entropy_weighting: bool = hyper(
            True,
            title="Weight by entropy",
            help="Let samples whose class is clear count more in the domain loss (CDAN+E).",
        )
        hidden: int = CLASSIFIER_HIDDEN
        steepness: float = STEEPNESS

    def build(self, feature_dim: int, class_count: int) -> nn.Module:
        hidden, products = self.params.hidden, feature_dim * class_count
        self.randomised = products > LARGEST
        inputs = RANDOM_DIM if self.randomised else products
        self.classifier = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, 1))
        if self.randomised:
            self.classifier.register_buffer("R_f", torch.randn(feature_dim, RANDOM_DIM))
            self.classifier.register_buffer("R_g", torch.randn(class_count, RANDOM_DIM))
        return self.classifier

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        lam = self.params.weight * ramp(batch.progress, self.params.steepness)
        features = torch.cat([batch.source_features, batch.target_features])
        logits = torch.cat([batch.source_logits, batch.target_logits]).detach()
        counts = [len(batch.source_features), len(batch.target_features)]
        weights = None
        if self.params.entropy_weighting:
            weights = torch.cat([w / w.mean() for w in certainty(logits).split(counts)])  # type: ignore[no-untyped-call]
        return {"domain": domain_loss(self.domain_logits(reverse_gradient(features, lam), logits), counts[0], weights)}

    def domain_logits(self, features: Tensor, logits: Tensor) -> Tensor:
        domain: Tensor = self.classifier(self.multilinear(features, logits.softmax(1))).squeeze(1)
        return domain

    def multilinear(self, f: Tensor, g: Tensor) -> Tensor:
        """(n, d) features and (n, c) probabilities → (n, d·c) products, or (n, 1024) randomised ones."""
        if self.randomised:
            return (f @ self.classifier.R_f) * (g @ self.classifier.R_g) / RANDOM_DIM**0.5  # type: ignore[operator, no-any-return]
        return (f.unsqueeze(2) * g.unsqueeze(1)).flatten(1)


def certainty(logits: Tensor) -> Tensor:
    """1 + e^(−H) of softmax(logits) (n, c): 2 for a sure prediction, 1 + 1/c for an even one."""
    entropy = -(logits.softmax(1) * logits.log_softmax(1)).sum(1)
    return 1 + torch.exp(-entropy)
