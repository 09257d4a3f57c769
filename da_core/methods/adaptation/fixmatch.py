from __future__ import annotations

from collections.abc import Iterator

import torch
from torch.nn.functional import cross_entropy

from da_core import params
from da_core.methods.adaptation.shared.augmentation import Augmentation
from da_core.methods.adaptation.shared.distribution_alignment import (
    ALIGN,
    DistributionAlignment,
    probabilities,
    sure_cross_entropy,
)
from da_core.methods.adaptation.shared.epochs import BATCH_SIZE, EPOCHS, LEARNING_RATE, Means, descend, pairs_of_batches
from da_core.methods.base import AdaptationData, ModelAdaptation, loss_weight
from da_core.methods.norms import forgetful, measure
from da_core.networks.extractor import Network
from da_core.params import hyper


class FixMatch(ModelAdaptation):
    r"""FixMatch (Sohn et al. 2020) with the source as the labelled part and the target as the unlabelled.

        L = L_y(weak(x_s), y_s) + λ · mean over target    1[max q ≥ τ] · (−log p_ŷ(strong(x_t)))           (eq. 3 and 4)

    q are the class probabilities of a weakly changed target sample, ŷ = argmax q, and no gradient goes through them.
    Where q is sure, the network must say the same of a strongly changed copy. A sample that it knows by light or colour
    alone is thus not known for long. Pictures: mirror and shift are weak; colour, brightness, contrast and a square
    painted over are strong. Features: a little noise; much noise and features left out. Each step takes as many target
    samples as source ones; the paper takes seven times as many.

    By default q is aligned (`DistributionAlignment`, AdaMatch) before argmax and threshold. Without it, on the street
    scenes, where source only is right on half of the nights, mistakes spread until few classes are left.

    It fails where the strong changes alter the class (colour, for a traffic light), or do nothing like the shift
    between the domains, and where sure predictions are wrong. The alignment fails where the domains' class proportions
    differ.
    """

    title = "FixMatch"
    summary = "Uses confident predictions on weakly augmented target samples as labels for strongly augmented copies."
    paper = "Sohn et al. 2020, FixMatch: Simplifying Semi-Supervised Learning with Consistency and Confidence, NeurIPS"
    link = "https://arxiv.org/abs/2001.07685"
    keywords = ("self-training",)

    class Params(params.Params):
        threshold: float = hyper(0.95, ge=0, le=1, step=0.01, symbol="τ", title="Threshold")
        """Minimum confidence of a prediction on a weakly augmented sample; larger values use fewer samples."""
        weight: float = loss_weight(1.0, le=10, step=0.1)
        """Weight of the target loss; the paper uses 1."""
        align: bool = ALIGN
        epochs: int = EPOCHS
        learning_rate: float = LEARNING_RATE
        batch_size: int = BATCH_SIZE

    params: Params

    def adapt(self, network: Network, data: AdaptationData) -> Iterator[dict[str, float]]:
        chosen = self.params
        optimizer = torch.optim.Adam(network.parameters(), lr=chosen.learning_rate)
        generator = torch.Generator().manual_seed(self.seed)
        source, target = (Augmentation(X, data.flips, generator) for X in (data.Xs, data.Xt))
        align = DistributionAlignment() if chosen.align else probabilities
        with forgetful(network):
            for _ in range(chosen.epochs):
                network.train()
                means = Means()
                for s, t in data.steps(pairs_of_batches(data, chosen.batch_size, generator)):
                    with torch.no_grad():
                        weak = network(target.weak(data.Xt[t]))
                    strong = network(target.strong(data.Xt[t]))
                    on_source = network(source.weak(data.Xs[s]))
                    q = align(on_source, weak)
                    terms = {
                        "class": cross_entropy(on_source, data.ys[s]),
                        "consistency": chosen.weight * sure_cross_entropy(strong, q, chosen.threshold),
                    }
                    descend(network, optimizer, means.add(terms))
                measure(network, data.Xt, generator)
                yield means.read()
