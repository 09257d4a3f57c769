from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.linalg

from da_core import params
from da_core.methods.alignment.shared.descent import EXACT_UP_TO, ROUNDS, minimise
from da_core.methods.alignment.shared.kernels import check_variation, components
from da_core.methods.alignment.shared.landmarks import in_order, spread
from da_core.methods.alignment.shared.subspaces import principal_directions
from da_core.methods.base import FeatureAlignment, Labels, Rows
from da_core.methods.checks import feature_pair, labels
from da_core.params import hyper

if TYPE_CHECKING:
    from torch import Tensor

RIDGE = 1e-6
"""Share of the mean variance that is added to the density estimate's, for directions that do not vary at all."""


class TSL(FeatureAlignment):
    r"""Transfer subspace learning with Fisher's discriminant (Si, Tao and Geng 2010).

    A method that looks for a subspace with the source's labels, here Fisher's linear discriminant, is regularised by
    how far apart the two domains' densities are inside that subspace:

        min F(U) + μ D(U)    subject to    UᵀU = I,        z(x) = Uᵀ x
        F(U) = tr(Uᵀ S_W U) / tr(Uᵀ S_T U)        (the source's variance within its classes, as a share of the whole)
        D(U) = ∫ (p_s(z) − p_t(z))² dz · const

    D is the Bregman divergence of the convex function t². With each density estimated by Gaussian kernels of
    covariance Σ = h² Uᵀ C U, C the covariance within the domains, the integral is a sum over pairs, G being the
    Gaussian kernel of covariance 2Σ with height 1:

        D(U) = mean G(z_s − z_s') + mean G(z_t − z_t') − 2 mean G(z_s − z_t)

    The paper divides Fisher's term by the variance between classes and lets each domain have a Σ of its own; both in
    these units, F and D lie between 0 and 2 for any features and μ weighs the same everywhere. Over orthonormal U it
    is solved by L-BFGS on U = Q of a QR decomposition, from three starts: Fisher's directions, the leading and the last
    principal directions within the domains. D is taken on at most ``exact_up_to`` samples of each domain.

    It fails where the direction that tells the classes apart is the one that tells the domains apart, where class
    proportions differ (equal densities then mix classes), and where d is as large as the number of features: nothing
    can then be dropped and the map only turns the axes. It needs source labels.

    Cost: O(n D² + D³) once, and O(m² d + n D d) for each of some hundred steps of each start, m = ``exact_up_to``.
    """

    title = "TSL"
    summary = "Finds a subspace that separates the source's classes and makes the two domains' densities agree."
    paper = "Si, Tao and Geng 2010, Bregman Divergence-Based Regularization for Transfer Subspace Learning, IEEE TKDE"
    link = "https://doi.org/10.1109/TKDE.2009.126"

    costly = "exact_up_to"

    class Params(params.Params):
        dimensions: int = components(20)
        mu: float = hyper(10.0, ge=0, le=1e6, log=True, symbol="μ", title="Weight of the divergence")
        """Weight of the difference between the domains' densities against class separation; 0 is Fisher's
        discriminant."""
        width: float = hyper(1.0, ge=0.01, le=100, log=True, symbol="h", title="Width of the densities")
        """Kernel width of the density estimates, in units of the standard deviation within the domains."""
        rounds: int = ROUNDS
        exact_up_to: int = EXACT_UP_TO

    params: Params

    def seconds(self, n_s: int, n_t: int, d: int) -> float:
        m = min(self.params.exact_up_to, max(n_s, n_t))
        return float(3 * self.params.rounds * (6e-8 * m**2 + 2e-9 * d**2))

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None) -> TSL:
        """Find the subspace. Raises `UserError` without ``ys`` and for tables that do not fit."""
        import torch

        Xs, Xt = feature_pair(Xs, Xt)
        check_variation(Xs, Xt)
        ys = labels(ys, self.title)
        self._mean = (Xs.mean(axis=0) + Xt.mean(axis=0)) / 2
        Xs, Xt, ys = Xs[order := in_order(Xs)] - self._mean, Xt[in_order(Xt)] - self._mean, ys[order]
        means = np.stack([Xs[ys == c].mean(axis=0) for c in np.unique(ys)])
        S_W = _covariance(Xs - means[np.unique(ys, return_inverse=True)[1]])
        S_T = _covariance(Xs - Xs.mean(axis=0))
        within = np.concatenate([Xs - Xs.mean(axis=0), Xt - Xt.mean(axis=0)])
        C = _covariance(within)
        C += RIDGE * np.trace(C) / len(C) * np.eye(len(C))
        within_classes, total, spread_within, Zs, Zt = (
            torch.tensor(M)
            for M in (S_W, S_T, C, spread(Xs, self.params.exact_up_to), spread(Xt, self.params.exact_up_to))
        )

        def objective(V: Tensor) -> Tensor:
            U = torch.linalg.qr(V).Q
            fisher = torch.trace(U.T @ within_classes @ U) / torch.trace(U.T @ total @ U)
            value: Tensor = fisher + self.params.mu * self._divergence(Zs @ U, Zt @ U, U.T @ spread_within @ U)
            return value

        size = Xs.shape[1]
        d = min(self.params.dimensions, size)
        directions = principal_directions(within, size)
        flda = scipy.linalg.eigh(S_W, S_T + 1e-3 * C)[1]
        starts = [flda[:, :d], directions[:, :d], directions[:, -d:]]
        self._U = np.linalg.qr(minimise(objective, starts, self.params.rounds))[0]
        return self

    def _divergence(self, Zs: Tensor, Zt: Tensor, covariance: Tensor) -> Tensor:
        """D of projected samples (m, d), whose domains have this covariance (d, d) within."""
        import torch

        root = self.params.width * torch.linalg.cholesky(covariance)
        Zs, Zt = (torch.linalg.solve_triangular(root, Z.T, upper=False).T for Z in (Zs, Zt))

        def similarity(A: Tensor, B: Tensor) -> Tensor:
            squared = (A * A).sum(1)[:, None] + (B * B).sum(1) - 2 * A @ B.T
            return torch.exp(-squared / 4).mean()

        return similarity(Zs, Zs) + similarity(Zt, Zt) - 2 * similarity(Zs, Zt)

    def project(self, X: Rows) -> Rows:
        projected: Rows = (X - self._mean) @ self._U
        return projected


def _covariance(centred: Rows) -> Rows:
    covariance: Rows = centred.T @ centred / len(centred)
    return covariance
