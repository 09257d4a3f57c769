"""Minimise a smooth objective without a closed form: L-BFGS on the gradients that torch takes, in double precision."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize

from da_core.methods.base import Rows
from da_core.params import hyper

if TYPE_CHECKING:
    from torch import Tensor

ROUNDS = hyper(100, ge=1, le=1000, step=1, title="Rounds", help="Maximum steps of the descent from each start.")
EXACT_UP_TO = hyper(
    500,
    ge=50,
    le=20000,
    step=50,
    title="Exact up to",
    help="Up to this many samples per domain every pair is compared; above it, only this many evenly spaced samples.",
)
GRADIENT = 1e-7
"""The descent ends where no entry of the gradient is larger."""


def minimise(objective: Callable[[Tensor], Tensor], starts: Iterable[Rows], rounds: int) -> Rows:
    """Find the array at which ``objective`` is least among where the descents from ``starts`` end, ≤ ``rounds`` each.

    Of starts that do equally well the first one's is taken.

    >>> bool(np.allclose(minimise(lambda x: (x - 3).square().sum(), [np.zeros(1)], rounds=20), 3))
    True
    """
    import torch

    def with_slope(flat: Rows, shape: tuple[int, ...]) -> tuple[float, Rows]:
        at = torch.tensor(flat.reshape(shape), dtype=torch.float64, requires_grad=True)
        value = objective(at)
        (slope,) = torch.autograd.grad(value, at)
        return float(value.detach()), slope.numpy().ravel()

    best: Rows = np.empty(0)
    least = np.inf
    for start in starts:
        limits = {"maxiter": rounds, "gtol": GRADIENT, "ftol": 1e-12}
        descent = minimize(with_slope, start.ravel(), (start.shape,), "L-BFGS-B", jac=True, options=limits)
        if not descent.fun >= least - 1e-9:
            best, least = descent.x.reshape(start.shape), descent.fun
    return best
