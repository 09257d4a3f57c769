from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from da_core import params
from da_core.methods.base import Batch, DeepAlignment
from da_core.params import hyper


class DANN(DeepAlignment):
    r"""Domain-adversarial training (Ganin et al. 2016).

    A domain classifier D learns to tell source features from target features, while the features learn to fool it:

        min over features f, head g    max over D    L_y(g(f(x_s)), y_s) − λ L_d(D(f(x)))          (eq. 9 and 10)

    The gradient-reversal layer makes that one ordinary step: it is the identity on the way forward and multiplies the
    gradient by −λ on the way back (section 4.2), so that D descends on L_d while the features ascend on it.
    λ grows from 0 to 1 as training proceeds, p being the share done: λ(p) = 2 / (1 + e^(−10 p)) − 1   (section 5.2.2),
    so that early noise from an untrained D does no harm.

    It fails when the domains' class proportions differ (matching the mixtures then mixes the classes), and when D wins
    outright: features that D tells apart with certainty get no useful gradient.
    """

    title = "DANN"
    summary = "A domain classifier learns to tell the domains apart while the features learn to fool it."
    paper = "Ganin et al. 2016, Domain-Adversarial Training of Neural Networks, JMLR 17(59)"

    class Params(params.Params):
        weight: float = hyper(
            0.1,
            ge=0,
            le=10,
            step=0.1,
            symbol="λ₁",
            title="Weight",
            help="What λ grows to. The paper takes 1; in a short training less is steadier. 0 is source only.",
        )
        hidden: int = hyper(
            100, ge=8, le=1024, step=4, title="Hidden units", help="Size of the domain classifier's hidden layer."
        )
        steepness: float = hyper(
            10.0, ge=0.1, le=100, log=True, symbol="γ", title="Steepness", help="How fast λ grows with training."
        )

    def build(self, feature_dim: int, class_count: int) -> nn.Module:
        hidden = self.params.hidden
        self.classifier = nn.Sequential(nn.Linear(feature_dim, hidden), nn.ReLU(), nn.Linear(hidden, 1))
        return self.classifier

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        lam = self.params.weight * grown(batch.progress, self.params.steepness)
        features = torch.cat([batch.source_features, batch.target_features])
        domain: Tensor = self.classifier(ReverseGradient.apply(features, lam)).squeeze(1)  # type: ignore[no-untyped-call]
        counts = len(batch.source_features), len(batch.target_features)
        is_source = torch.cat([domain.new_ones(counts[0]), domain.new_zeros(counts[1])])
        return {"domain": binary_cross_entropy_with_logits(domain, is_source)}

    def domain_logits(self, features: Tensor, logits: Tensor) -> Tensor:
        domain: Tensor = self.classifier(features).squeeze(1)
        return domain


def grown(progress: Tensor, steepness: float) -> Tensor:
    """2 / (1 + e^(−γp)) − 1: from 0 at the start of training towards 1."""
    return 2 / (1 + torch.exp(-steepness * progress)) - 1


class ReverseGradient(torch.autograd.Function):
    """Identity forward; −λ times the gradient backward."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, lam: Tensor) -> Tensor:
        ctx.save_for_backward(lam)
        return features.view_as(features)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (lam,) = ctx.saved_tensors
        return -lam * gradients[0], None
