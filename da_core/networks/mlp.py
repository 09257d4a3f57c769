from __future__ import annotations

import itertools
import math
from typing import Any, Literal

from torch import nn

from da_core import params
from da_core.networks.extractor import Extractor, Norm, Rows, Samples, norm_setting, normalisation, standardised
from da_core.params import hyper


class MLP(Extractor):
    """Fully connected layers with ReLU, for feature vectors; pictures are flattened.

    With batch normalisation a deep method's step normalises source and target together (see `SmallCNN`).
    """

    name = "mlp"
    title = "MLP"
    summary = "Fully connected layers. For feature vectors and points; pictures are flattened."
    takes = frozenset({"pictures", "features"})

    class Params(params.Params):
        hidden: int = hyper(128, ge=8, le=1024, step=8, title="Hidden units", help="Size of each hidden layer.")
        layers: int = hyper(
            2, ge=1, le=5, step=1, title="Layers", help="Number of hidden layers; the last one is the feature."
        )
        norm: Norm = norm_setting("none")
        scaling: Literal["by domain", "by source"] = hyper(
            "by domain",
            title="Scaling",
            help="Each feature by its own domain's mean and deviation, or both domains by the source's. The first "
            "takes out a change of units; the second keeps what a number means, as reweighting needs.",
        )

    def prepare(self, params: Any, Xs: Samples, Xt: Samples, fit_s: Rows, fit_t: Rows) -> tuple[Samples, Samples]:
        if Xs.ndim == 2 and params.scaling == "by source":
            return standardised(Xs, Xs[fit_s]), standardised(Xt, Xs[fit_s])
        return super().prepare(params, Xs, Xt, fit_s, fit_t)

    def preprocessing(self, params: Any, kind: str) -> dict[str, Any]:
        if kind == "features" and params.scaling == "by source":
            return {"kind": "standardised", "by": "source"}
        return super().preprocessing(params, kind)

    def build(self, params: Any, sample_shape: tuple[int, ...]) -> tuple[nn.Module, int]:
        sizes = [math.prod(sample_shape), *[params.hidden] * params.layers]
        layers: list[nn.Module] = [nn.Flatten()]
        for size_in, size_out in itertools.pairwise(sizes):
            layers += [nn.Linear(size_in, size_out), *normalisation(params.norm, size_out, nn.BatchNorm1d), nn.ReLU()]
        return nn.Sequential(*layers), params.hidden
