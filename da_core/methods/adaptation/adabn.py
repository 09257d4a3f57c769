from __future__ import annotations

from collections.abc import Iterator

import torch

from da_core import params
from da_core.methods.base import AdaptationData, ModelAdaptation
from da_core.methods.norms import measure, require_batch_norm, statistics
from da_core.networks.extractor import Network
from da_core.params import hyper


class AdaBN(ModelAdaptation):
    r"""Adaptive batch normalisation (Li et al. 2017): batch norm takes the target's statistics; no weight changes.

        y = γ · (x − μ_t) / √(σ_t² + ε) + β        in every batch-norm layer, channel by channel        (algorithm 1)

    μ_t and σ_t² are mean and variance of that layer's input over the unlabelled target. What a domain does to a channel
    as a whole, another brightness or contrast, another scale of a feature, is taken out; what the layer has learned,
    γ and β, stays. A share a of the source's statistics can be kept where target samples are few (Schneider et al.
    2020, who write it as N source samples for n target ones, a = N / (N + n)): μ = a μ_s + (1 − a) μ_t, and so for σ².

    It fails when the classes' proportions differ (a channel's mean then tells of classes, not of the domain), with few
    target samples, and where the domains differ in what is in the picture and not in its channels' mean and scale.
    """

    title = "AdaBN"
    summary = "Recomputes batch norm's means and variances on the target. No weight changes."
    paper = "Li et al. 2017, Revisiting Batch Normalization For Practical Domain Adaptation, ICLR workshops"
    link = "https://arxiv.org/abs/1603.04779"
    keywords = ("test-time adaptation",)
    wants = "batch norm"

    class Params(params.Params):
        source_share: float = hyper(0.0, ge=0, le=1, step=0.05, symbol="a", title="Source share")
        """Share of the source's statistics that is kept; the paper keeps none."""

    params: Params

    def check(self, network: Network, data: AdaptationData) -> None:
        require_batch_norm(network, self.title)

    def adapt(self, network: Network, data: AdaptationData) -> Iterator[dict[str, float]]:
        self.check(network, data)
        of_source = [values.clone() for values in statistics(network)]
        measure(network, data.Xt, torch.Generator().manual_seed(self.seed))
        for values, source in zip(statistics(network), of_source, strict=True):
            values.lerp_(source, self.params.source_share)
        yield {}
