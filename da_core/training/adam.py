"""Adam, as torch's own kernel computes it, without what `torch.optim` does around it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

BETAS = (0.5, 0.999)
"""Less momentum than usual: two players that move against each other otherwise circle (Radford 2016, section 3)."""
_EPSILON = 1e-8


class Adam:
    """Moves ``weights`` by the rate in the tensor ``rate`` (Kingma and Ba 2015), all of them in one call.

    The numbers are those of `torch.optim.Adam`, whose hooks and groups take longer than a small network's step itself.
    """

    def __init__(self, weights: list[nn.Parameter], rate: Tensor) -> None:
        self.weights, self.rate = weights, rate
        self._first, self._second = ([torch.zeros_like(weight) for weight in weights] for _ in range(2))
        self._counts = [torch.zeros((), device=rate.device) for _ in weights]

    @torch.no_grad()
    def step(self) -> None:
        """Move every weight that has a gradient."""
        states = zip(self.weights, self._first, self._second, self._counts, strict=True)
        moved = [(w, w.grad, first, second, count) for w, first, second, count in states if w.grad is not None]
        if not moved:
            return
        weights, gradients, firsts, seconds, counts = zip(*moved, strict=True)
        torch._foreach_add_(counts, 1)
        torch._fused_adam_(
            weights,
            gradients,
            firsts,
            seconds,
            [],
            counts,
            lr=self.rate,
            beta1=BETAS[0],
            beta2=BETAS[1],
            weight_decay=0.0,
            eps=_EPSILON,
            amsgrad=False,
            maximize=False,
        )
