from __future__ import annotations

import itertools
import math

from torch import nn

from da_core import params
from da_core.networks.extractor import Extractor, Norm, norm_setting, normalisation
from da_core.params import hyper


class MLP(Extractor):
    """Fully connected layers with ReLU, for feature vectors; pictures are flattened."""

    name = "mlp"
    title = "MLP"
    summary = "Fully connected layers for feature vectors and points; pictures are flattened."
    takes = frozenset({"pictures", "features"})

    class Params(params.Params):
        hidden: int = hyper(128, ge=8, le=1024, step=8, title="Hidden units", help="Size of each hidden layer.")
        layers: int = hyper(2, ge=1, le=5, step=1, title="Layers")
        """Number of hidden layers; the last one is the feature."""
        norm: Norm = norm_setting("none")

    params: Params

    def build(self, sample_shape: tuple[int, ...]) -> tuple[nn.Module, int]:
        sizes = [math.prod(sample_shape), *[self.params.hidden] * self.params.layers]
        layers: list[nn.Module] = [nn.Flatten()]
        for size_in, size_out in itertools.pairwise(sizes):
            norm = normalisation(self.params.norm, size_out, nn.BatchNorm1d)
            layers += [nn.Linear(size_in, size_out), *norm, nn.ReLU()]
        return nn.Sequential(*layers), self.params.hidden
