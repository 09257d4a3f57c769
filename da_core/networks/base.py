"""Step 2 · a network is a feature extractor and a linear head."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from da_core.params import Params


class Network(nn.Module):
    """``features``: input (n, …) → (n, feature_dim); ``head``: (n, feature_dim) → (n, class_count) logits."""

    def __init__(self, features: nn.Module, feature_dim: int, class_count: int) -> None:
        super().__init__()
        self.features = features
        self.head = nn.Linear(feature_dim, class_count)
        self.feature_dim = feature_dim

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(x))
        return logits


class Extractor:
    """A kind of feature extractor: one subclass a file; ``name`` is what ``--network`` takes."""

    name: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]
    Params: ClassVar[type[Params]] = Params
    takes: ClassVar[frozenset[str]] = frozenset({"pictures"})
    """Which samples it accepts: “pictures”, “features” or both."""

    def build(self, params: Any, sample_shape: tuple[int, ...]) -> tuple[nn.Module, int]:
        """The module for samples of this shape, (h, w, 3) or (d,), and its feature size.

        The module's inputs come as (n, 3, h, w) or (n, d).
        """
        raise NotImplementedError


def seeded_network(
    extractor: Extractor, params: Any, sample_shape: tuple[int, ...], class_count: int, seed: int
) -> Network:
    """A freshly initialised network; the same seed gives the same weights, whatever was drawn before."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        features, feature_dim = extractor.build(params, sample_shape)
        return Network(features, feature_dim, class_count)
