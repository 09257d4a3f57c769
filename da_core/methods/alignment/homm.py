from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from da_core import params
from da_core.methods.alignment.dan import mmd
from da_core.methods.base import Batch, DeepAlignment, loss_weight
from da_core.params import hyper


class HoMM(DeepAlignment):
    r"""Higher-order moment matching (Chen et al. 2020): products of p features get the same mean in both domains.

        L = L_y + λ · ‖M_s − M_t‖²_F / d^p,    M = mean h^{⊗p},    h = f / r,    r² = mean of all f² of the batch

    M is a tensor of d^p entries, the means of h_i h_j … over a domain's samples. p = 1 compares the means of features
    (MMD with a linear kernel), p = 2 which are large together (Deep CORAL without centring), p = 3 in which skewness
    has a share, too. Only moments of order p are compared, none below it.
    No tensor has to be made: ⟨h^{⊗p}, h′^{⊗p}⟩ = ⟨h, h′⟩^p, so this is the MMD of a polynomial kernel,

        ‖M_s − M_t‖²_F = mean ⟨h_s, h_s′⟩^p + mean ⟨h_t, h_t′⟩^p − 2 mean ⟨h_s, h_t⟩^p

    The paper instead draws N of the entries by chance, once, whose mean square is the same on average (``entries``).
    It also bounds features by tanh. Ours come from a ReLU and have another size in each network, on which the loss
    would depend with the power 2p; the common scale r takes that out, and leaves features as the classifier sees them.

    Cost: O(b² d) a step for all entries, whatever p is; O(b N p) for N of them, which is slower from some hundred on.

    It fails when class proportions differ, and with a large λ, under which all samples become alike, whatever their
    class. The moments of a small batch are noisy, the more so the higher their order: few large features decide them.
    """

    title = "HoMM"
    summary = "Matches the means of products of several features (moments of higher order) across the domains."
    paper = "Chen et al. 2020, HoMM: Higher-order Moment Matching for Unsupervised Domain Adaptation, AAAI"
    link = "https://arxiv.org/abs/1912.11976"
    keywords = ("moment matching",)

    class Params(params.Params):
        weight: float = loss_weight(0.3, le=1000, log=True)
        """Weight of the alignment loss. The default was the best of seven values from 0.1 to 1000 on the street scenes
        (seeds 0 and 1); up to 3 the choice hardly matters there."""
        order: int = hyper(3, ge=1, le=6, step=1, symbol="p", title="Order of the moments")
        """Number of features in each product: 1 compares means, 2 means of products of two, 3 of three."""
        entries: int = hyper(0, ge=0, le=10_000, step=100, symbol="N", title="Entries")
        """Number of entries of the moments that are compared, drawn once at random; 0 compares all and is faster."""

    params: Params

    def build(self, feature_dim: int, class_count: int) -> nn.Module | None:
        if self.params.entries == 0:
            return None
        drawn = nn.Module()
        self.drawn = drawn
        drawn.register_buffer("entries", torch.randint(feature_dim, (self.params.order, self.params.entries)))
        return drawn

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        Fs, Ft = batch.source_features, batch.target_features
        if self.params.entries == 0:
            gap = moment_gap(Fs, Ft, self.params.order)
        else:
            gap = sampled_gap(Fs, Ft, self.drawn.get_buffer("entries"))
        return {"moments": self.params.weight * gap}


def moment_gap(Fs: Tensor, Ft: Tensor, order: int) -> Tensor:
    """‖M_s − M_t‖²_F / d^p of features (b, d): the MMD² of the kernel (⟨h, h′⟩ / d)^p.

    >>> moment_gap(torch.ones(2, 3), torch.ones(2, 3), order=2)
    tensor(0.)
    """
    h = scaled(Fs, Ft)
    return mmd((h @ h.T / h.shape[1]) ** order, len(Fs), "biased")


def sampled_gap(Fs: Tensor, Ft: Tensor, entries: Tensor) -> Tensor:
    """Mean of (M_s − M_t)² over the entries (p, N) of the moments: column k holds the indices i, j, … of the k-th.

    >>> float(sampled_gap(torch.ones(2, 3), torch.ones(2, 3), torch.tensor([[0, 1], [2, 2]])))
    0.0
    """
    h = scaled(Fs, Ft)
    return (moments(h[: len(Fs)], entries) - moments(h[len(Fs) :], entries)).square().mean()


def moments(h: Tensor, entries: Tensor) -> Tensor:
    """Mean of h_i h_j … over samples h (b, d), for each of the entries (p, N): (N,).

    >>> moments(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[0], [1]]))  # the mean of h₀ h₁
    tensor([7.])
    """
    columns = h.T.contiguous()
    products: Tensor = math.prod(columns.index_select(0, indices) for indices in entries)  # type: ignore[assignment]
    return products.mean(1)


def scaled(Fs: Tensor, Ft: Tensor) -> Tensor:
    """Scale both domains' features to h = f / r, the source's first: their squares have the mean 1.

    >>> scaled(torch.full((2, 3), 5.0), torch.full((2, 3), 5.0)).square().mean()
    tensor(1.)
    """
    F = torch.cat([Fs, Ft])
    return F / F.square().mean().clamp_min(torch.finfo(F.dtype).tiny).sqrt()
