from __future__ import annotations

from collections.abc import Iterator

import torch

from da_core.methods.base import AdaptationData, Control, ModelAdaptation
from da_core.methods.norms import measure, require_batch_norm
from da_core.networks.extractor import Network


class SourceOnlyBN(Control, ModelAdaptation):
    """Source only, but its batch norm takes its means and variances from the unlabelled target.

    The second floor: a method that runs target samples through batch norm gets this much for nothing, and much of what
    is credited to methods is this (Li et al. 2017; Schneider et al. 2020). It is AdaBN with nothing to choose.
    """

    title = "Source only, target batch norm"
    summary = "Source only with the target's batch-norm statistics: the gain that a method gets from batch norm alone."
    paper = (
        "Schneider et al. 2020, Improving robustness against common corruptions by covariate shift adaptation, NeurIPS"
    )
    link = "https://arxiv.org/abs/2006.16971"
    wants = "batch norm"

    def check(self, network: Network, data: AdaptationData) -> None:
        require_batch_norm(network, self.title)

    def adapt(self, network: Network, data: AdaptationData) -> Iterator[dict[str, float]]:
        self.check(network, data)
        measure(network, data.Xt, torch.Generator().manual_seed(self.seed))
        yield {}
