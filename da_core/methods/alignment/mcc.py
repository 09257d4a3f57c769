from __future__ import annotations

import torch
from torch import Tensor

from da_core import params
from da_core.methods.base import Batch, DeepAlignment, loss_weight
from da_core.params import hyper


class MCC(DeepAlignment):
    r"""Minimum class confusion (Jin et al. 2020).

    A classifier that wavers between bus and lorry on the target gives both some probability on the same samples. MCC
    counts such pairs on a target batch and makes them rare; it compares no domains and needs no domain classifier.

        Ŷ = softmax(logits_t / T)                       (b, c): temperature T tames overconfidence
        W_i = b (1 + e^(−H(Ŷ_i))) / Σ_j (1 + e^(−H(Ŷ_j)))     sure samples count more
        C = Ŷᵀ diag(W) Ŷ,    C̃_jk = C_jk / Σ_k′ C_jk′          class confusion, each row made to sum to 1
        L = L_y + λ · (1/c) Σ_j Σ_(k ≠ j) C̃_jk

    Normalising the rows keeps a large class from drowning a small one. W is held fixed within a step.

    It fails where the target's predictions start out confidently wrong: it only makes them surer. A batch should hold
    several samples of each class, so many classes need large batches.
    """

    title = "MCC"
    summary = "Reduces the network's confusion between pairs of classes on the target."
    paper = "Jin, Wang, Long and Wang 2020, Minimum Class Confusion for Versatile Domain Adaptation, ECCV"
    link = "https://arxiv.org/abs/1912.03699"
    keywords = ("entropy minimisation",)

    class Params(params.Params):
        weight: float = loss_weight(1.0, le=100, step=0.1)
        """Weight of the confusion loss. 0 is source only."""
        temperature: float = hyper(2.5, ge=0.1, le=20, step=0.1, symbol="T", title="Temperature")
        """Larger values soften the predictions; 1 leaves them unchanged."""

    params: Params

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        return {"confusion": self.params.weight * class_confusion(batch.target_logits / self.params.temperature)}


def class_confusion(logits: Tensor) -> Tensor:
    """Average over classes of the share of C̃ that lies off the diagonal, in [0, 1), for logits (b, c).

    >>> bool(class_confusion(torch.tensor([[99.0, 0.0], [0.0, 99.0]])) < 1e-6)
    True
    """
    Y = logits.softmax(1)
    entropy = -(Y * logits.log_softmax(1)).sum(1).detach()
    W = 1 + torch.exp(-entropy)
    C = Y.T @ ((W / W.mean()).unsqueeze(1) * Y)
    nothing = torch.finfo(C.dtype).tiny ** 0.5  # a class whose probability is 0 in the whole batch confuses nothing
    unconfused: Tensor = (C.diagonal() + nothing) / (C.sum(1) + nothing)
    return 1 - unconfused.mean()
