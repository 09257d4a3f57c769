from __future__ import annotations

import math

import torch
from torch import Tensor

from da_core import params
from da_core.methods.base import Batch, DeepAlignment
from da_core.params import hyper


class DeepJDOT(DeepAlignment):
    r"""Deep joint distribution optimal transport (Damodaran et al. 2018).

    In each step an optimal transport plan γ says which target sample each source sample stands for, by their features
    and by how well the source's label fits the target's prediction; then the network makes that transport cheaper:

        C_ij = α ‖f(x_i^s) − f(x_j^t)‖² + λ · L_y(y_i^s, g(f(x_j^t)))
        γ = argmin over plans with rows and columns of 1/b:   Σ_ij γ_ij C_ij
        features f and head g minimise    L_y(source) + Σ_ij γ_ij C_ij,    γ held fixed

    The second term of C hands source labels over to the target samples that they are transported to. The paper solves
    for γ exactly. Here it is smoothed by entropy, with ε a share of the mean cost, and found by a fixed number of
    Sinkhorn iterations on logarithms, so that a step never leaves the device.

    It fails when class proportions differ, because a batch's plan must move all mass: it then joins unlike classes.
    Small batches make the plan a rough one.
    """

    title = "DeepJDOT"
    summary = (
        "Optimal transport pairs source and target samples by features and labels; the network pulls pairs together."
    )
    paper = "Damodaran et al. 2018, DeepJDOT: Deep Joint Distribution Optimal Transport, ECCV"
    link = "https://arxiv.org/abs/1803.10081"
    keywords = ("optimal transport",)
    start_here = True

    class Params(params.Params):
        alpha: float = hyper(0.001, ge=0, le=10, log=True, symbol="α", title="Feature cost")
        """Weight of the squared distance between features. The paper uses 0.001."""
        lam: float = hyper(0.1, ge=0, le=10, log=True, symbol="λ", title="Label cost")
        """Weight of the cross-entropy between the source's label and the target's prediction."""
        smoothing: float = hyper(0.05, ge=0.005, le=10, log=True, symbol="ε", title="Smoothing of the plan")
        """Entropy of the plan, as a share of the mean cost; smaller values are closer to the exact plan."""
        iterations: int = hyper(50, ge=1, le=1000, step=10, title="Sinkhorn iterations")
        """Number of iterations in each step; more give a more exact plan."""

    params: Params

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        features, labels = self.costs(batch)
        plan = self.cheapest(features + labels)
        return {"feature transport": (plan * features).sum(), "label transport": (plan * labels).sum()}

    def plan(self, batch: Batch) -> Tensor:
        features, labels = self.costs(batch)
        return self.cheapest(features + labels)

    def cheapest(self, C: Tensor) -> Tensor:
        """Find γ for costs C (b_s, b_t), held fixed."""
        return sinkhorn(C.detach(), self.params.smoothing, self.params.iterations)

    def costs(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Compute the two terms of C, each (b_s, b_t)."""
        Fs, Ft = batch.source_features, batch.target_features
        distances = Fs.square().sum(1)[:, None] + Ft.square().sum(1)[None, :] - 2 * Fs @ Ft.T
        fit = -batch.target_logits.log_softmax(1).T[batch.source_labels]
        return self.params.alpha * distances.clamp_min(0), self.params.lam * fit


AT_ONCE = 10
"""Sinkhorn iterations between two looks at the logarithms: products with a matrix cost a tenth of its exponentials."""


def sinkhorn(C: Tensor, smoothing: float, iterations: int) -> Tensor:
    """Solve for the plan (n, m) of least cost plus entropy; its columns sum to 1/m, its rows nearly to 1/n.

    ε is ``smoothing`` times the mean cost. The potentials are logarithms, so a small ε does not underflow; the rounds
    between scale the plan that they stand for (Schmitzer 2019, Stabilized sparse scaling algorithms, section 3.1).

    >>> sinkhorn(torch.tensor([[0.0, 1.0], [1.0, 0.0]]), smoothing=0.01, iterations=20)
    tensor([[0.5000, 0.0000],
            [0.0000, 0.5000]])
    """
    n, m = C.shape
    K = -C / (smoothing * C.mean()).clamp_min(torch.finfo(C.dtype).tiny ** 0.5)
    u = -torch.logsumexp(K, 1) - math.log(n)
    v = -torch.logsumexp(K + u[:, None], 0) - math.log(m)
    for done in range(1, iterations, AT_ONCE):
        plan, b = torch.exp(K + u[:, None] + v), torch.ones_like(v)
        for _ in range(min(AT_ONCE, iterations - done)):
            a = (n * (plan @ b)).reciprocal()
            b = (m * (a @ plan)).reciprocal()
        u, v = u + a.log(), v + b.log()
    return torch.exp(K + u[:, None] + v)
