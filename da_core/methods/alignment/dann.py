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
        weight: float = WEIGHT
        hidden: int = CLASSIFIER_HIDDEN
        steepness: float = STEEPNESS

    def build(self, feature_dim: int, class_count: int) -> nn.Module:
        hidden = self.params.hidden
        self.classifier = nn.Sequential(nn.Linear(feature_dim, hidden), nn.ReLU(), nn.Linear(hidden, 1))
        return self.classifier

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        lam = self.params.weight * ramp(batch.progress, self.params.steepness)
        features = torch.cat([batch.source_features, batch.target_features])
        logits = self.classifier(reverse_gradient(features, lam)).squeeze(1)
        return {"domain": domain_loss(logits, len(batch.source_features))}

    def domain_logits(self, features: Tensor, logits: Tensor) -> Tensor:
        domain: Tensor = self.classifier(features).squeeze(1)
        return domain
