from __future__ import annotations

from torch import nn

from da_core import params
from da_core.networks.extractor import Extractor, Norm, block, norm_setting
from da_core.params import hyper


class TutorialCNN(Extractor):
    """The network of many a first tutorial: two 3×3 convolutions with 64 and 128 channels, then a linear layer."""

    name = "tutorial_cnn"
    title = "Tutorial CNN"
    summary = "Two 3×3 convolutions with 64 and 128 channels, ReLU and 2×2 max pooling, then a linear layer."
    takes = frozenset({"pictures"})

    class Params(params.Params):
        features: int = hyper(256, ge=16, le=512, step=16, title="Features", help="Size of the feature vector.")
        norm: Norm = norm_setting("none")

    params: Params

    def build(self, sample_shape: tuple[int, ...]) -> tuple[nn.Module, int]:
        side = sample_shape[0] // 4
        return nn.Sequential(
            *block(3, 64, self.params.norm),
            *block(64, 128, self.params.norm),
            nn.Flatten(),
            nn.Linear(128 * side * side, self.params.features),
            nn.ReLU(),
        ), self.params.features
