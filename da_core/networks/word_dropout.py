"""Dropout whose noise is a training's own: whatever else draws meanwhile, it comes to the same numbers."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout


class WordDropout(nn.Module):
    """Leave out a ``share`` of the inputs (n, d) in training, and scale up the others (Srivastava et al. 2014).

    The noise begins with the seed that PyTorch was given last. On CUDA it is PyTorch's: a captured step replays that.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.generator = torch.Generator().manual_seed(torch.initial_seed())

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.share == 0:
            return x
        if x.is_cuda:
            return dropout(x, self.share)
        kept = torch.empty_like(x).bernoulli_(1 - self.share, generator=self.generator)
        return x * kept / (1 - self.share)


def noise_of(network: nn.Module) -> Iterator[torch.Generator]:
    """List the generators that a network's layers draw from, in their order."""
    return (layer.generator for layer in network.modules() if isinstance(layer, WordDropout))
