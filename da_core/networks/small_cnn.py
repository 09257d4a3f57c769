from __future__ import annotations

from torch import nn

from da_core import params
from da_core.networks.extractor import Extractor, Norm, block, norm_setting
from da_core.params import hyper


class SmallCNN(Extractor):
    """Three convolutions and a linear layer: small enough to train while one watches.

    Group normalisation (Wu and He 2018) evens out the light of each picture by itself. Batch normalisation would mix
    the statistics of the domains, and much of what then looks like a method's success would be its own. It can be
    chosen for the methods that work on it; a deep method's step then normalises source and target samples together, by
    the statistics of both, and so does the network that it leaves.
    """

    name = "small_cnn"
    title = "Small CNN"
    summary = "Three 3×3 convolutions and a linear layer. Fast; the default."
    takes = frozenset({"pictures"})

    class Params(params.Params):
        width: int = hyper(24, ge=8, le=128, step=8, title="Width", help="Channels of the first convolution.")
        features: int = hyper(128, ge=16, le=512, step=16, title="Features", help="Size of the feature vector.")
        norm: Norm = norm_setting("group")

    params: Params

    def build(self, sample_shape: tuple[int, ...]) -> tuple[nn.Module, int]:
        width, side = self.params.width, min(sample_shape[0] // 8, 4)
        return nn.Sequential(
            *block(3, width, self.params.norm),
            *block(width, 2 * width, self.params.norm),
            *block(2 * width, 3 * width, self.params.norm),
            # pictures larger than 32×32 are averaged down, so that the linear layer stays small
            *([nn.AdaptiveAvgPool2d(side)] if sample_shape[0] // 8 > 4 else []),
            nn.Flatten(),
            nn.Linear(3 * width * side * side, self.params.features),
            nn.ReLU(),
        ), self.params.features
