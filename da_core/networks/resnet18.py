from __future__ import annotations

from typing import Literal
from urllib.error import URLError

from torch import nn

from da_core import params
from da_core.errors import UserError
from da_core.networks.extractor import Extractor
from da_core.params import hyper


class ResNet18(Extractor):
    """Residual network of 18 layers (He, Zhang, Ren, Sun 2016), from torchvision, without its last layer."""

    name = "resnet18"
    title = "ResNet-18"
    summary = "torchvision's ResNet-18, with weights learned on ImageNet where they can be downloaded."
    takes = frozenset({"pictures"})
    mean = (0.485, 0.456, 0.406)
    std = (0.229, 0.224, 0.225)

    class Params(params.Params):
        weights: Literal["imagenet", "none"] = hyper("imagenet", title="Weights")
        """Initial weights: learned on ImageNet, or random."""
        side: int = hyper(64, ge=32, le=224, step=32, unit="px", title="Input side")
        """Size that pictures are enlarged to; larger sides cost more time."""

    params: Params

    def feature_dim(self, sample_shape: tuple[int, ...]) -> int:
        return 512  # `build` may have to download weights

    def build(self, sample_shape: tuple[int, ...]) -> tuple[nn.Module, int]:
        from torchvision.models import ResNet18_Weights, resnet18

        model = resnet18(weights=None)
        if self.params.weights == "imagenet":
            try:
                state = ResNet18_Weights.IMAGENET1K_V1.get_state_dict(
                    progress=False, check_hash=True, weights_only=True
                )
            except (URLError, OSError) as error:
                raise UserError(
                    "The published ResNet-18 weights could not be downloaded ({detail}); "
                    "set weights to “none”, or load a checkpoint file.",
                    detail=error,
                ) from None
            model.load_state_dict(state)
        feature_dim = model.fc.in_features
        model.fc = nn.Identity()
        enlarge = nn.Upsample(size=(self.params.side, self.params.side), mode="bilinear")
        return nn.Sequential(enlarge, model), feature_dim
