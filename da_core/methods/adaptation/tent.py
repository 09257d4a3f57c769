from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from da_core import params
from da_core.errors import UserError
from da_core.methods.adaptation.shared.epochs import LEARNING_RATE, Means, batches, descend
from da_core.methods.base import AdaptationData, ModelAdaptation
from da_core.methods.norms import affine, forgetful, measure
from da_core.networks.extractor import Network
from da_core.params import hyper


class TENT(ModelAdaptation):
    r"""TENT (Wang et al. 2021): make the predictions on the target sure, by normalisation's scales and shifts alone.

        min over γ, β    mean over a target batch    H(p) = −Σ_c p_c log p_c

    p are the class probabilities of a target sample. Each batch is normalised by its own statistics and takes one step;
    γ and β are some hundred numbers, so that the network cannot stray far. After each epoch the statistics are
    measured on all of the target, for the network to be used on single samples. With group norm only γ and β change:
    there are no statistics to replace, and what is left is weaker.

    It fails where the source's network is mostly wrong (entropy makes it surely wrong), when a batch holds few classes,
    and in many epochs: the surest answer is one class for everything.
    """

    title = "TENT"
    summary = "Lowers the entropy of target predictions by changing only the scales and shifts of normalisation."
    paper = "Wang et al. 2021, Tent: Fully Test-Time Adaptation by Entropy Minimization, ICLR"
    link = "https://arxiv.org/abs/2006.10726"
    keywords = ("entropy minimisation", "test-time adaptation")
    wants = "batch norm"

    class Params(params.Params):
        epochs: int = hyper(1, ge=1, le=100, step=1, title="Epochs")
        """Passes over the target, with one step per batch."""
        learning_rate: float = LEARNING_RATE
        batch_size: int = hyper(64, ge=4, le=1024, title="Batch size")
        """Target samples in each step; too few give poor statistics."""

    params: Params

    def check(self, network: Network, data: AdaptationData) -> None:
        if not affine(network):
            raise UserError(
                "{method} changes the scales and shifts of normalisation, but this network has none; set its "
                "normalisation to “batch” or “group”.",
                method=self.title,
            )

    def adapt(self, network: Network, data: AdaptationData) -> Iterator[dict[str, float]]:
        self.check(network, data)
        optimizer = torch.optim.Adam(affine(network), lr=self.params.learning_rate)
        generator = torch.Generator().manual_seed(self.seed)
        with forgetful(network):
            for _ in range(self.params.epochs):
                network.train()
                means = Means()
                for rows in data.steps(batches(data.Xt, self.params.batch_size, generator, data.least_steps)):
                    descend(network, optimizer, means.add({"entropy": entropy(network(data.Xt[rows])).mean()}))
                measure(network, data.Xt, generator)
                yield means.read()


def entropy(logits: Tensor) -> Tensor:
    """H(p) of each row's class probabilities: (n, c) → (n,).

    >>> entropy(torch.zeros(1, 2))
    tensor([0.6931])
    """
    return -(logits.softmax(1) * logits.log_softmax(1)).sum(1)
