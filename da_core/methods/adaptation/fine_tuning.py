from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from da_core import params
from da_core.methods.base import AdaptationData, Classifier, ClassifierAdaptation, FixedFeatures, ModelAdaptation
from da_core.networks.extractor import Network
from da_core.params import hyper


class FineTuning(ModelAdaptation, ClassifierAdaptation):
    r"""Fine-tuning: go on training the source's network on a few labelled target samples.

        min over θ    Σ_few  L_y(g(f(x)), y)  +  α/2 · ‖θ_f − θ_f⁰‖²

    The layers near the input can be frozen, since what they see (edges, colours) tends to be general, while those near
    the output are specific to the task (Yosinski et al. 2014). The extractor learns ten times slower than the head. The
    second term, L2-SP (Li, Grandvalet, Davoine 2018, eq. 1), holds it near where it started, θ_f⁰.

    Where no network is trained, the head is refitted to the source and the labelled few, these counting for a share
    of all samples (the “weighted” baseline of Daumé 2007, section 2).

    It fails with too few samples a class: the loss on them goes to zero while the rest of the target gets worse.
    """

    title = "Fine-tuning"
    summary = "Continues training on a few labelled target samples per class. These samples are never scored."
    paper = "Yosinski et al. 2014, How transferable are features in deep neural networks?, NeurIPS"
    link = "https://arxiv.org/abs/1411.1792"
    keywords = ("few labels", "transfer learning")
    start_here = True

    class Params(params.Params):
        per_class: int = hyper(5, ge=1, le=100, step=1, symbol="k", title="Labelled target samples per class")
        """Number of target labels per class that the method sees."""
        freeze: Literal["nothing", "first layers", "all but the head"] = hyper("nothing", title="Freeze")
        """Layers that keep the source's weights: none, the first ones, or all but the head."""
        frozen_layers: int = hyper(1, ge=1, le=20, step=1, title="Frozen layers")
        """Number of layers with weights, from the input, that stay frozen if you freeze the first layers."""
        share: float = hyper(0.8, gt=0, le=1, step=0.05, title="Share of labelled samples")
        """If no network is trained: share of the labelled target samples in what the head learns from; at 1 it learns
        from them alone."""
        epochs: int = hyper(40, ge=1, le=500, title="Epochs", help="Passes over the labelled target samples.")
        learning_rate: float = hyper(1e-3, gt=0, le=1, log=True, symbol="η", title="Learning rate")
        """Learning rate of the head; the extractor uses a tenth of it."""
        l2_sp: float = hyper(0.0, ge=0, le=10, step=0.01, symbol="α", title="L2-SP")
        """Strength of the pull towards the source's weights; larger values change the extractor less."""

    params: Params

    def few_per_class(self) -> int:
        return int(self.params.per_class)

    def adapt(self, network: Network, data: AdaptationData) -> Iterator[dict[str, float]]:
        Xf, yf = data.Xf, data.yf
        chosen, body = self.params, self._thawed(network)
        start = [weight.detach().clone() for weight in body]
        optimizer = torch.optim.Adam(
            [
                {"params": body, "lr": 0.1 * chosen.learning_rate},
                {"params": list(network.head.parameters()), "lr": chosen.learning_rate},
            ]
        )
        generator = torch.Generator().manual_seed(self.seed)
        # batch norm keeps the source's statistics: a handful of samples cannot estimate new ones
        network.eval()
        for _ in range(chosen.epochs):
            total = 0.0
            drawn = torch.randperm(len(yf), generator=generator).to(yf.device)
            for rows in data.steps(drawn.split(32)):  # type: ignore[no-untyped-call]
                loss = cross_entropy(network(Xf[rows]), yf[rows])
                if chosen.l2_sp:
                    pairs = zip(body, start, strict=True)
                    loss = loss + chosen.l2_sp / 2 * torch.stack([(w - w0).square().sum() for w, w0 in pairs]).sum()
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                total += float(loss.detach()) * len(rows)
            yield {"class": total / len(yf)}

    def _thawed(self, network: Network) -> list[nn.Parameter]:
        """The extractor's weights that may change."""
        layers = [layer for layer in network.features.modules() if layer._parameters]
        frozen = {"nothing": 0, "first layers": self.params.frozen_layers, "all but the head": len(layers)}
        return [weight for layer in layers[frozen[self.params.freeze] :] for weight in layer.parameters(recurse=False)]

    def adapt_classifier(self, data: FixedFeatures) -> Classifier:
        share = self.params.share
        if share == 1:
            return data.fit_head(data.Xf, data.yf)
        # repeated rather than weighted, which not every head can do
        times = max(1, round(share / (1 - share) * len(data.ys) / len(data.yf)))
        X = np.concatenate([data.Xs, np.repeat(data.Xf, times, axis=0)])
        return data.fit_head(X, np.concatenate([data.ys, np.repeat(data.yf, times)]))
