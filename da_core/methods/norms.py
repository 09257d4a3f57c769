"""Normalisation layers while a network adapts: whose statistics they use, and what they must not remember."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from da_core.errors import UserError

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn
    from torch.nn.modules.batchnorm import _BatchNorm

    from da_core.networks.extractor import Network

CHUNK = 512
"""Samples that statistics are measured on at once."""


def batch_norms(network: Network) -> list[_BatchNorm]:
    """List the batch-norm layers, input first."""
    from torch.nn.modules.batchnorm import _BatchNorm

    return [layer for layer in network.modules() if isinstance(layer, _BatchNorm)]


def affine(network: Network) -> list[nn.Parameter]:
    """List γ and β of every batch-norm and group-norm layer."""
    from torch import nn

    layers = [*batch_norms(network), *(layer for layer in network.modules() if isinstance(layer, nn.GroupNorm))]
    return [weight for layer in layers for weight in layer.parameters()]


def statistics(network: Network) -> list[Tensor]:
    """List mean and variance of every batch-norm layer, themselves and no copies."""
    return [
        buffer
        for layer in batch_norms(network)
        for buffer in (layer.running_mean, layer.running_var)
        if buffer is not None
    ]


def require_batch_norm(network: Network, method: str) -> None:
    """Raise `UserError` where there is no batch norm."""
    if not batch_norms(network):
        raise UserError(
            "{method} needs batch normalisation, but this network has none; set the normalisation of small_cnn, "
            "tutorial_cnn or mlp to “batch”, or choose resnet18.",
            method=method,
        )


def measure(network: Network, X: Tensor, generator: torch.Generator) -> None:
    """Replace batch norm's statistics by those of X (n, …); a network without batch norm stays as it is.

    They are means over chunks of at most `CHUNK` random samples: exact up to that many, and above it the variance
    between the chunks' means is missing, a share of about 1 / `CHUNK`. The network is left in eval mode.
    """
    import torch

    network.eval()
    layers = batch_norms(network)
    if not layers:
        return
    before = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # a plain mean over all that it is shown
        layer.train()
    rows = torch.randperm(len(X), generator=generator).to(X.device)
    with torch.no_grad():
        for part in rows.tensor_split(-(-len(X) // CHUNK)):
            network.embed(X[part])
    for layer, momentum in zip(layers, before, strict=True):
        layer.momentum = momentum
    network.eval()


@contextmanager
def forgetful(network: Network) -> Iterator[None]:
    """Let batch norm in train mode normalise each batch by its own statistics and remember none of them.

    So batches of different domains, or of changed pictures, never mix in what the network uses in eval mode.
    """
    layers = batch_norms(network)
    before = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
    try:
        yield
    finally:
        for layer, momentum in zip(layers, before, strict=True):
            layer.momentum = momentum
