from __future__ import annotations

import torch
from torch import Tensor, nn

from da_core.methods.alignment.dann import DANN
from da_core.methods.alignment.shared.adversarial import critic_moves, domain_loss
from da_core.methods.base import Batch
from da_core.params import hyper

LARGEST = 4096
"""Beyond this many products d·c the multilinear map is randomised (the paper's number)."""
RANDOM_DIM = 1024


class CDAN(DANN):
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

    start_here = False

    class Params(DANN.Params):
        moves: int = critic_moves(3)
        entropy_weighting: bool = hyper(True, title="Weight by entropy")
        """Gives samples with a confident class more weight in the domain loss (CDAN+E)."""

    params: Params

    def build(self, feature_dim: int, class_count: int) -> nn.Module:
        products = feature_dim * class_count
        self.randomised = products > LARGEST
        self.classifier = self.build_classifier(RANDOM_DIM if self.randomised else products)
        if self.randomised:
            self.classifier.register_buffer("R_f", torch.randn(feature_dim, RANDOM_DIM))
            self.classifier.register_buffer("R_g", torch.randn(class_count, RANDOM_DIM))
        return self.classifier

    def inputs(self, features: Tensor, logits: Tensor) -> Tensor:
        """Give what D sees of features (n, d) and class logits (n, c): h."""
        return self.multilinear(features, logits.softmax(1))

    def loss(self, batch: Batch, domain: Tensor) -> Tensor:
        """Compute L_d of D's logits (n,), each sample with its weight."""
        weights = None
        if self.params.entropy_weighting:
            logits = (batch.source_logits.detach(), batch.target_logits.detach())
            weights = torch.cat([w / w.mean() for w in map(certainty, logits)])
        return domain_loss(domain, len(batch.source_features), weights)

    def multilinear(self, f: Tensor, g: Tensor) -> Tensor:
        """(n, d) features and (n, c) probabilities → (n, d·c) products, or (n, 1024) randomised ones."""
        if self.randomised:
            return (f @ self.classifier.R_f) * (g @ self.classifier.R_g) / RANDOM_DIM**0.5  # type: ignore[operator, no-any-return]
        return (f.unsqueeze(2) * g.unsqueeze(1)).flatten(1)


def certainty(logits: Tensor) -> Tensor:
    """1 + e^(−H) of softmax(logits) (n, c): 2 for a sure prediction, 1 + 1/c for an even one.

    >>> certainty(torch.tensor([[0.0, 0.0], [99.0, 0.0]]))
    tensor([1.5000, 2.0000])
    """
    entropy = -(logits.softmax(1) * logits.log_softmax(1)).sum(1)
    return 1 + torch.exp(-entropy)
