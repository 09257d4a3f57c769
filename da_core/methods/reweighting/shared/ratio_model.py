"""Share the model of the density ratio as a sum of Gaussian bumps on some target samples."""

from __future__ import annotations

from da_core.methods.base import Capped, Labels, Reweighting, Rows, logarithm
from da_core.methods.checks import rows
from da_core.methods.distances import gaussian_kernel
from da_core.params import hyper

WIDTHS = (0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.5, 2.5)
"""What the cross-validation tries for σ, in units of the median distance."""


class RatioModel(Reweighting, abstract=True):
    """Models the ratio as w(x) = Σ_l α_l exp(−‖x − c_l‖² / 2σ²); ``fit`` sets the centres c_l, σ and the α_l."""

    class Params(Capped):
        centres: int = hyper(100, ge=1, le=2000, log=True, title="Centres")
        """Number of random target samples that carry a kernel of the ratio; more fit finer detail."""
        width: float = hyper(0.0, ge=0, le=100, step=0.1, symbol="σ", title="Kernel width")
        """Width of the kernels in units of the median distance; 0 chooses it by cross-validation."""

    params: Params
    costly = "centres"
    centres: Rows
    sigma: float
    alphas: Rows

    def ratio(self, X: Rows) -> Rows:
        """Compute w(x) (n,) as it was fitted, not made mean 1."""
        w: Rows = gaussian_kernel(rows(X, "source"), self.centres, self.sigma) @ self.alphas
        return w

    def log_weights(self, X: Rows, y: Labels | None = None) -> Rows:
        return logarithm(self.ratio(X))
