"""Learning from a network's own sure answers on the target, and what keeps the classes from running away then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn.functional import cross_entropy

from da_core.params import hyper

if TYPE_CHECKING:
    from torch import Tensor

DECAY = 0.9
"""How much of the moving means a step keeps."""
ALIGN = hyper(
    True,
    title="Align distributions",
    help=(
        "Makes each class as frequent in the target's predictions as in the source's, so that no class absorbs the "
        "others. It assumes similar class proportions in both domains."
    ),
)


class DistributionAlignment:
    """Scale the target's class probabilities until the classes occur as often as on the source.

        q ← normalise(q · p̄_s / p̄_t)        (Berthelot et al. 2022, AdaMatch, ICLR)

    p̄_s and p̄_t (c,) are moving means of what the network predicts for source and target. A class that the network
    says too often on the target is thereby said with less certainty, one that it forgets with more.
    """

    def __init__(self) -> None:
        self._means: tuple[Tensor, Tensor] | None = None

    def __call__(self, on_source: Tensor, on_target: Tensor) -> Tensor:
        """Take in a batch's logits (b_s, c) and (b_t, c); give the target's aligned class probabilities (b_t, c)."""
        q = on_target.detach().softmax(1)
        now = on_source.detach().softmax(1).mean(0), q.mean(0)
        source, target = self._means = now if self._means is None else self._moved(self._means, now)
        aligned: Tensor = q * (source / target.clamp_min(1e-6))
        return aligned / aligned.sum(1, keepdim=True)

    @staticmethod
    def _moved(means: tuple[Tensor, Tensor], now: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        source, target = (mean.lerp(value, 1 - DECAY) for mean, value in zip(means, now, strict=True))
        return source, target


def probabilities(on_source: Tensor, on_target: Tensor) -> Tensor:
    """Give the target's class probabilities (b, c) as they are: in place of `DistributionAlignment`, without it.

    >>> probabilities(torch.ones(2, 2), torch.zeros(1, 2))  # both are logits
    tensor([[0.5000, 0.5000]])
    """
    return on_target.detach().softmax(1)


def sure_cross_entropy(logits: Tensor, q: Tensor, threshold: float) -> Tensor:
    """Cross-entropy of logits (n, c) against the surest classes of probabilities q (n, c), 0 for a row below it.

    >>> sure_cross_entropy(torch.zeros(2, 2), torch.tensor([[0.9, 0.1], [0.6, 0.4]]), threshold=0.8)
    tensor(0.3466)
    """
    sureness, labels = q.max(1)
    return (cross_entropy(logits, labels, reduction="none") * (sureness >= threshold)).mean()
