from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from da_core import params
from da_core.methods.base import Batch, DeepAlignment, loss_weight
from da_core.params import hyper


class DAN(DeepAlignment):
    r"""Deep adaptation network (Long et al. 2015): the two domains' features get the same mean in a kernel's space.

        L = L_y + λ · MMD²(f(X_s), f(X_t)),
        MMD² = mean k(f_s, f_s′) + mean k(f_t, f_t′) − 2 mean k(f_s, f_t)

    With a Gaussian kernel the squared maximum mean discrepancy is 0 only for equal distributions, not just for equal
    means. k is the mean of kernels of several widths, so that none has to be guessed:

        k(f, f′) = mean over j of exp(−‖f − f′‖² / (2^j · m)),    m = the median of all ‖f − f′‖² of the batch

    m is held fixed within a step. The unbiased estimate leaves out each sample's kernel with itself (it is 1, however
    alike the domains are); it is 0 on average where nothing differs, and so at times a little below 0. The biased one
    keeps them and is never below 0. The paper applies the loss to several layers, and learns the kernels' shares; here
    it is the feature layer, and the shares are equal.

    It fails when class proportions differ, and with small batches, whose estimate is mostly noise.
    """

    title = "DAN"
    summary = "Matches the distributions of source and target features with a Gaussian kernel (MMD)."
    paper = "Long, Cao, Wang and Jordan 2015, Learning Transferable Features with Deep Adaptation Networks, ICML"
    link = "https://arxiv.org/abs/1502.02791"
    keywords = ("moment matching",)

    class Params(params.Params):
        weight: float = loss_weight(1.0, le=1000, log=True)
        """Weight of the alignment loss. 0 is source only."""
        kernels: int = hyper(5, ge=1, le=15, step=2, title="Kernels")
        """Number of kernel widths, each twice the previous one, with the median in the middle."""
        estimate: Literal["unbiased", "biased"] = hyper("unbiased", title="Estimate")
        """For equal distributions the unbiased estimate is 0 on average, so it can be negative; the biased one never
        is."""

    params: Params

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        K = gaussian_kernel(torch.cat([batch.source_features, batch.target_features]), self.params.kernels)
        return {"mmd": self.params.weight * mmd(K, len(batch.source_features), self.params.estimate)}


def gaussian_kernel(X: Tensor, count: int) -> Tensor:
    """(n, n) mean of exp(−‖x − x′‖² / (2^j · m)) over ``count`` whole numbers j around 0; m is the median distance².

    >>> gaussian_kernel(torch.tensor([[0.0], [1.0]]), count=1).diagonal()
    tensor([1., 1.])
    """
    X = X - X.detach().mean(0)  # distances stay; their differences of squares lose fewer digits
    square = X.square().sum(1)
    distances = (square[:, None] + square[None, :] - 2 * X @ X.T).clamp_min(0)
    n = len(X)
    # all but the diagonal, without a shape that depends on values; of an even n each pair is once in half of that
    apart = distances.detach().flatten()[1:].view(n - 1, n + 1)[:, : n if n % 2 else n // 2]
    m = apart.median().clamp_min(torch.finfo(X.dtype).tiny ** 0.5)
    return torch.stack([torch.exp(-distances / (2.0**j * m)) for j in range(-(count // 2), (count + 1) // 2)]).mean(0)


def mmd(K: Tensor, source_count: int, estimate: Literal["unbiased", "biased"]) -> Tensor:
    """MMD² from the kernel (n_s + n_t, n_s + n_t) of source samples followed by target samples.

    >>> mmd(torch.ones(4, 4), source_count=2, estimate="biased")
    tensor(0.)
    """
    n, m = source_count, len(K) - source_count
    within_s, within_t, between = K[:n, :n], K[n:, n:], K[:n, n:]
    if estimate == "biased":
        return within_s.mean() + within_t.mean() - 2 * between.mean()
    same_s = (within_s.sum() - within_s.trace()) / (n * (n - 1))
    same_t = (within_t.sum() - within_t.trace()) / (m * (m - 1))
    return same_s + same_t - 2 * between.mean()
