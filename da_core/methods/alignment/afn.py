from __future__ import annotations

import torch
from torch import Tensor

from da_core import params
from da_core.methods.base import Batch, DeepAlignment, loss_weight
from da_core.params import hyper


class AFN(DeepAlignment):
    r"""Adaptive feature norm, the stepwise variant SAFN (Xu et al. 2019).

    A network trained on source gives target samples features of a smaller norm: it finds less in them that it knows.
    AFN asks every sample of both domains for a slightly larger norm than it had a step ago:

        L = L_y + λ · [ mean (‖f(x_s)‖₀ + Δr − ‖f(x_s)‖)² + mean (‖f(x_t)‖₀ + Δr − ‖f(x_t)‖)² ]

    ‖f‖₀ is the norm as it is now, held fixed, so the term's value is always 2λΔr²: only its gradient, −2λΔr along
    f / ‖f‖, says anything. The curve in the live view is flat for that reason.

    It fails where the shift has nothing to do with norms (a rotation, say), and a large λ or a long training lets the
    norms grow without end: once the class loss is small, this gradient is all there is, and Adam takes full steps along
    it. The paper's λ = 0.05 goes with a pretrained network and plain gradient descent; from scratch it ends at 12.8%
    of the street's nights. The default is 500 times smaller: next to off.
    """

    title = "AFN"
    summary = "Makes the norm of each sample's features grow step by step, since target features tend to be small."
    paper = "Xu, Li, Yang and Lin 2019, Larger Norm More Transferable: An Adaptive Feature Norm Approach, ICCV"
    link = "https://arxiv.org/abs/1811.07456"

    class Params(params.Params):
        weight: float = loss_weight(1e-4, le=10, log=True)
        """Weight of the norm loss. The default changes almost nothing: the paper's 0.05 is for trained networks and is
        too much from scratch."""
        step: float = hyper(1.0, ge=0, le=25, step=0.1, symbol="Δr", title="Norm step")
        """Increase of each norm in one step."""

    params: Params

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        gaps = [stepwise(F, self.params.step) for F in (batch.source_features, batch.target_features)]
        return {"feature norm": self.params.weight * (gaps[0] + gaps[1])}


def stepwise(F: Tensor, step: float) -> Tensor:
    """Mean of (‖f‖₀ + Δr − ‖f‖)² over features (b, d).

    >>> stepwise(torch.ones(4, 9), step=2.0)
    tensor(4.)
    """
    norm: Tensor = torch.linalg.vector_norm(F, dim=1)
    return (norm.detach() + step - norm).square().mean()
