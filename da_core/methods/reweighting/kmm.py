from __future__ import annotations

from collections.abc import Callable
from typing import Self

import numpy as np

from da_core.methods.base import Capped, Labels, Predictions, Reweighting, Rows, logarithm
from da_core.methods.checks import feature_pair, rows
from da_core.methods.distances import (
    gaussian_kernel,
    kernel_width,
    mean_kernel,
    median_distance,
    nearest,
    nystrom,
    random_rows,
)
from da_core.params import hyper

TOLERANCE = 1e-5
MOST_STEPS = 1000


class KMM(Reweighting):
    r"""Kernel mean matching (Huang, Smola, Gretton, Borgwardt and Schölkopf 2006).

    No density and no model of the ratio: the weights themselves are the unknowns, chosen so that the weighted source
    and the target have the same mean in the feature space of a Gaussian kernel k. That is a quadratic programme:

        min_w  ½ wᵀKw − κᵀw,    K_ij = k(x_i^s, x_j^s),    κ_i = n_s / n_t Σ_j k(x_i^s, x_j^t)
        with   0 ≤ w_i ≤ B    and    |Σw − n_s| ≤ n_s ε,    ε = (√n_s − 1) / √n_s

    It is solved by accelerated projected gradient steps; the projection onto box and slab is exact. A source sample
    that ``fit`` did not see takes the weight of the nearest one that it saw.

    It fails where the kernel is too wide (only the means are matched) or too narrow (each sample is on its own). The
    optimum likes few large weights: look at the effective sample size. Nothing in the objective says what w should be
    between the samples, so it may jump from one sample to the next.

    Above ``exact_up_to`` source samples K becomes ΦΦᵀ + diag(r) from ``landmarks`` random source samples (Nyström),
    where r makes the diagonal exact, in single precision; κ stays exact.

    Cost: exact O(n_s (n_s + n_t) d + n_s² · steps); beyond O(n_s n_t d + n_s · landmarks · (landmarks + steps)).
    """

    title = "Kernel mean matching (KMM)"
    summary = "Finds weights that make the source's mean equal to the target's in a kernel's feature space."
    paper = (
        "Huang, Smola, Gretton, Borgwardt and Schölkopf 2006, Correcting Sample Selection Bias by Unlabeled Data, "
        "NeurIPS"
    )
    link = "https://papers.nips.cc/paper/2006/hash/a2186aa7c086b46ad4e8bf81e2a3a19b-Abstract.html"
    keywords = ("density ratio",)
    start_here = True

    costly = "exact_up_to"

    class Params(Capped):
        clip: float = hyper(20.0, ge=1, le=1e6, log=True, symbol="B", title="Maximum weight")
        """No sample counts as more than this many samples. The paper's 1000 leaves the weight to a few of them."""
        width: float = kernel_width(1.0)
        exact_up_to: int = hyper(5000, ge=100, le=20_000, log=True, title="Exact up to")
        """Above this many source samples the kernel is approximated with landmarks."""
        landmarks: int = hyper(1000, ge=10, le=5000, log=True, title="Landmarks")
        """Number of random source samples in the approximation; more are more exact but slower."""

    params: Params

    def seconds(self, n_s: int, n_t: int, d: int) -> float:
        exact = n_s <= self.params.exact_up_to
        steps = 5e-7 * n_s**2 if exact else 4e-7 * n_s * self.params.landmarks
        return float(steps + n_s * n_t * (5e-9 + 2.5e-11 * d))

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None, predictions: Predictions | None = None) -> Self:
        """Solve the quadratic programme. Raises `UserError` for tables that do not fit."""
        Xs, Xt = feature_pair(Xs, Xt)
        self._fitted = Xs
        sigma = self.params.width * median_distance(Xs, Xt, self.seed)
        n, exact = len(Xs), len(Xs) <= self.params.exact_up_to
        single = (Xs - Xt.mean(axis=0)).astype(np.float32), (Xt - Xt.mean(axis=0)).astype(np.float32)
        A, B = (Xs, Xt) if exact else single
        kappa = n * mean_kernel(A, B, sigma)
        multiply = gaussian_kernel(Xs, Xs, sigma).dot if exact else self._times_nystrom(single[0], sigma)
        epsilon = (np.sqrt(n) - 1) / np.sqrt(n)
        self.solution = minimum(multiply, kappa, self.params.clip, n * (1 - epsilon), n * (1 + epsilon))
        return self

    def log_weights(self, X: Rows, y: Labels | None = None) -> Rows:
        X = rows(X, "source")
        own = np.array_equal(X, self._fitted)
        return logarithm(self.solution if own else self.solution[nearest(X, self._fitted)[1][:, 0]])

    def _times_nystrom(self, X: Rows, sigma: float) -> Callable[[Rows], Rows]:
        """K from landmarks L: k(x, L) k(L, L)⁻¹ k(L, x'), its diagonal made 1 as that of K."""
        phi = nystrom(X, random_rows(X, self.params.landmarks, self.seed), sigma)
        missing = np.maximum(1 - np.einsum("ij,ij->i", phi, phi), 0)
        return lambda w: phi @ (phi.T @ w.astype(np.float32)) + missing * w


def minimum(multiply: Callable[[Rows], Rows], kappa: Rows, B: float, low: float, high: float) -> Rows:
    """(n,) minimum of ½ wᵀKw − κᵀw over 0 ≤ w ≤ B and low ≤ Σw ≤ high, where ``multiply`` gives Kw and K ≥ 0.

    Nesterov's accelerated gradient with restarts (O'Donoghue and Candès 2015); it ends where a step changes the
    gradient by no more than a share `TOLERANCE` of κ.

    >>> minimum(lambda w: w, np.array([0.5, 2.0]), B=1.0, low=0.0, high=2.0).round(3)  # K = I
    array([0.5, 1. ])
    """
    v: Rows = np.ones_like(kappa, dtype=np.float64)
    for _ in range(10):
        v = multiply(v)
        v /= v.max()
    lipschitz = float((multiply(v) / v).max())  # a bound of K's largest eigenvalue, since K ≥ 0 and v > 0
    w = y = projected(np.ones_like(v), B, low, high)
    momentum = 1.0
    for _ in range(MOST_STEPS):
        new = projected(y - (multiply(y) - kappa) / lipschitz, B, low, high)
        if lipschitz * np.abs(new - y).max() <= TOLERANCE * np.abs(kappa).max():
            return new
        if (y - new) @ (new - w) > 0:
            momentum = 1.0
        following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        y = new + (momentum - 1) / following * (new - w)
        w, momentum = new, following
    return w


def projected(v: Rows, B: float, low: float, high: float) -> Rows:
    """The nearest point to v with 0 ≤ w ≤ B and low ≤ Σw ≤ high: clip(v − τ, 0, B) with the one τ that it takes.

    >>> projected(np.array([3.0, 0.0]), B=1.0, low=1.0, high=2.0)
    array([1., 0.])
    """
    w: Rows = np.clip(v, 0, B)
    if low <= w.sum() <= high:
        return w
    bound = low if w.sum() < low else high
    # Σ clip(v − τ, 0, B) grows as τ falls: past v_i by one more each, past v_i − B by one less
    breaks = np.concatenate([v, v - B])
    order = np.argsort(-breaks, kind="stable")
    breaks, slopes = breaks[order], np.cumsum(np.repeat([1, -1], len(v))[order])
    sums = np.concatenate([[0.0], np.cumsum(slopes[:-1] * -np.diff(breaks))])
    place = min(int(np.searchsorted(sums, bound)), len(sums) - 1)
    tau = breaks[place] + (sums[place] - bound) / max(slopes[place - 1], 1)
    clipped: Rows = np.clip(v - tau, 0, B)
    return clipped
