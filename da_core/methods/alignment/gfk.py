from __future__ import annotations

import numpy as np
import scipy.linalg

from da_core.methods.alignment.shared.kernels import power
from da_core.methods.alignment.shared.subspaces import SubspaceParams, principal_directions, scaling
from da_core.methods.base import FeatureAlignment, Labels, Rows
from da_core.methods.checks import feature_pair, rows


class GFK(FeatureAlignment):
    r"""Geodesic flow kernel (Gong, Shi, Sha and Grauman 2012).

    The d leading principal directions of each domain, P_s and P_t, are two points on the manifold of subspaces. The
    shortest way between them, Φ(τ) with Φ(0) = P_s and Φ(1) = P_t, passes all the subspaces in between. A sample is
    projected onto every one of them, and two samples are compared by all their projections together:

        ⟨x, x'⟩ = ∫₀¹ (x Φ(τ)) · (x' Φ(τ)) dτ = x G x'ᵀ,        G = ∫₀¹ Φ(τ) Φ(τ)ᵀ dτ

    With P_sᵀP_t = U cos(Θ) Vᵀ, the principal angles θ_i, A = P_s U and Q the part of P_t V that is perpendicular to
    P_s, normed (so that P_t V = A cos Θ + Q sin Θ), the way is Φ(τ) = A cos(τΘ) + Q sin(τΘ) and the integral is

        G = A Λ₁ Aᵀ + A Λ₂ Qᵀ + Q Λ₂ Aᵀ + Q Λ₃ Qᵀ
        Λ₁ = ½ + sin 2θ / 4θ,        Λ₂ = (1 − cos 2θ) / 4θ,        Λ₃ = ½ − sin 2θ / 4θ

    The paper's Λ are twice these, which only scales G. Both domains are mapped by x → x G^½, so that any classifier
    on the mapped features works with this kernel. Each domain is standardised by its own mean and deviation
    beforehand. The paper's measure for choosing d is not used: d is a hyperparameter.

    It fails where d cuts off what tells the classes apart, where the domains differ inside their subspaces, or where
    class proportions differ, which moves the means that standardising takes away.

    Cost: O((n_s + n_t) D² + D³) for D features, exact at any size.
    """

    title = "Geodesic flow kernel"
    summary = "Compares samples in all subspaces along the geodesic from the source's to the target's."
    paper = "Gong, Shi, Sha and Grauman 2012, Geodesic Flow Kernel for Unsupervised Domain Adaptation, CVPR"
    link = "https://doi.org/10.1109/CVPR.2012.6247911"
    keywords = ("subspace",)

    Params = SubspaceParams
    params: SubspaceParams

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None) -> GFK:
        """Learn the kernel from source (n_s, D) and target (n_t, D). Raises `UserError` for unusable tables."""
        Xs, Xt = feature_pair(Xs, Xt)
        self._scale_s, self._scale_t = (scaling(X, self.params.standardise) for X in (Xs, Xt))
        # both subspaces need the same number of directions
        d = min(self.params.dimensions, max(1, len(Xs) - 1), max(1, len(Xt) - 1))
        Ps, Pt = (principal_directions(X, d) for X in (self._scale_s(Xs), self._scale_t(Xt)))
        self._root = power(geodesic_kernel(Ps, Pt), 0.5)
        return self

    def map_source(self, Xs: Rows) -> Rows:
        return self._scale_s(rows(Xs, "source")) @ self._root

    def map_target(self, Xt: Rows) -> Rows:
        return self._scale_t(rows(Xt, "target")) @ self._root


def geodesic_kernel(Ps: Rows, Pt: Rows) -> Rows:
    """G (D, D) of two orthonormal bases (D, d).

    >>> line = np.array([[1.0], [0.0]])
    >>> bool(np.allclose(geodesic_kernel(line, line), [[1, 0], [0, 0]]))  # no way to go: the projection itself
    True
    """
    U, cos, Vh = scipy.linalg.svd(Ps.T @ Pt)
    A = Ps @ U
    off = Pt @ Vh.T - A * cos  # Q sin Θ
    sin = np.linalg.norm(off, axis=0)
    theta = np.arctan2(sin, cos)
    apart = sin > 1e-9  # a direction that both have needs no Q: its Λ₂ and Λ₃ are 0
    Q = np.divide(off, sin, out=np.zeros_like(off), where=apart)
    angle = np.where(apart, theta, 1.0)
    L1 = np.where(apart, 0.5 + np.sin(2 * angle) / (4 * angle), 1.0)
    L2 = np.where(apart, (1 - np.cos(2 * angle)) / (4 * angle), 0.0)
    L3 = np.where(apart, 0.5 - np.sin(2 * angle) / (4 * angle), 0.0)
    mixed = (A * L2) @ Q.T
    G: Rows = (A * L1) @ A.T + mixed + mixed.T + (Q * L3) @ Q.T
    return G
