from __future__ import annotations

import torch
from torch import Tensor

from da_core import params
from da_core.methods.base import Batch, DeepAlignment, loss_weight

ITERATIONS = 30


class BNM(DeepAlignment):
    r"""Batch nuclear-norm maximisation (Cui et al. 2020).

    The predictions of a target batch form a matrix P (b, c). Sure predictions make its entries 0 or 1 and its Frobenius
    norm large; varied predictions make its rank large. Its nuclear norm, the sum of its singular values, rewards both:

        L = L_y − λ · ‖P‖_* / b,    P = softmax(logits_t)

    Minimising entropy alone would be content with one class for everything; here the rank stands against that.

    ‖P‖_* = max over ‖O‖₂ ≤ 1 of ⟨O, P⟩, reached at the orthogonal polar factor O = U Vᵀ of P = U S Vᵀ, which is also
    the gradient. The loss is −⟨O, P⟩ / b with O held fixed. O comes from Newton–Schulz iterations, matrix products
    only, so that a GPU is never asked for a decomposition.

    It fails where a batch truly holds few classes (small batches, strong label shift): it then invents some.
    """

    title = "BNM"
    summary = "Makes target predictions both confident and varied, by the nuclear norm of each batch."
    paper = "Cui et al. 2020, Towards Discriminability and Diversity: Batch Nuclear-norm Maximization, CVPR"
    link = "https://arxiv.org/abs/2003.12237"
    keywords = ("entropy minimisation",)

    class Params(params.Params):
        weight: float = loss_weight(1.0, le=100, step=0.1)
        """Weight of the nuclear norm. 0 is source only."""

    params: Params

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        P = batch.target_logits.softmax(1)
        return {"nuclear norm": -self.params.weight * nuclear_norm(P) / len(P)}


def nuclear_norm(P: Tensor) -> Tensor:
    """Σ of the singular values of P (b, c), differentiable: the gradient is U Vᵀ.

    >>> nuclear_norm(torch.eye(3))
    tensor(3.)
    """
    return (polar_factor(P.detach()) * P).sum()


def polar_factor(P: Tensor) -> Tensor:
    """U Vᵀ of P = U S Vᵀ. Each iteration takes every singular value s of X to (3s − s³)/2, so to 1 in the end.

    Singular values below a hundred-thousandth of the largest are left short of 1; they add nothing to the norm.

    >>> bool(torch.allclose(polar_factor(2 * torch.eye(2)), torch.eye(2), atol=1e-4))
    True
    """
    X: Tensor = P / torch.linalg.matrix_norm(P).clamp_min(torch.finfo(P.dtype).tiny)
    for _ in range(ITERATIONS):
        X = 1.5 * X - 0.5 * X @ (X.T @ X)
    return X
