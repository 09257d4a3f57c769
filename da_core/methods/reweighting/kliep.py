from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray

from da_core.methods.base import Labels, Predictions, Rows
from da_core.methods.checks import feature_pair
from da_core.methods.distances import equal_rows, gaussian_kernel, median_distance, random_distinct, smoothest
from da_core.methods.reweighting.shared.ratio_model import WIDTHS, RatioModel

FOLDS = 5


class KLIEP(RatioModel):
    r"""Kullback-Leibler importance estimation (Sugiyama et al. 2008).

    The ratio itself is modelled, a sum of Gaussian bumps on some target samples c_l with coefficients that are at least
    0, so that w · p_s comes as near to p_t as it can in the Kullback-Leibler divergence:

        w(x) = Σ_l α_l exp(−‖x − c_l‖² / 2σ²)
        max_α  1/n_t Σ_j log w(x_j^t)    with    1/n_s Σ_i w(x_i^s) = 1,    α ≥ 0

    With β_l = α_l · (mean of bump l over the source) the constraint reads Σβ = 1. Since log grows by log s when w does
    by s, the constraint may be written into the objective as − Σβ + 1: then only β ≥ 0 is left, and the problem is
    solved by Newton steps, each a non-negative least squares problem. σ is the one under which target samples that
    were left out, equal ones together, are most likely (likelihood cross-validation), or the largest one that is as
    good within one standard error.

    It fails where target samples lie far from all the source: no weight on source samples can stand for them. The
    logarithm minds most the places where w is near 0, so that outliers of the target pull at it. Features need a
    common unit: one σ serves them all.

    Cost: O((n_s + n_t) · centres · d) for the bumps and O(n_t · centres²) a Newton step.
    """

    title = "KLIEP"
    summary = "Models the density ratio directly and maximises the likelihood of the weighted source at target samples."
    paper = (
        "Sugiyama, Nakajima, Kashima, von Bünau and Kawanabe 2008, Direct Importance Estimation with Model Selection "
        "and Its Application to Covariate Shift Adaptation, NeurIPS"
    )
    link = "https://papers.nips.cc/paper/2007/hash/be83ab3ecd0db773eb2dc1b0a17836a1-Abstract.html"
    keywords = ("density ratio",)

    def seconds(self, n_s: int, n_t: int, d: int) -> float:
        c = min(n_t, self.params.centres)
        # in each of some ten Newton steps of each fold and width the Hessian, centres by centres
        tried = 1 if self.params.width > 0 else len(WIDTHS) * (1 + FOLDS)
        return float(tried * (4e-10 * n_t * c**2 + 1e-10 * (n_s + n_t) * c * d))

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None, predictions: Predictions | None = None) -> Self:
        """Choose σ and find α. Raises `UserError` for tables that do not fit."""
        Xs, Xt = feature_pair(Xs, Xt)
        different, _ = random_distinct(Xt, self.seed)
        self.centres = Xt[different[: self.params.centres]]
        groups = equal_rows(Xt)
        fold = np.empty(len(different), dtype=np.int64)
        for k, part in enumerate(np.array_split(groups[different], FOLDS)):
            fold[part] = k
        unit = median_distance(Xs, Xt, self.seed)
        fits: list[tuple[float, Rows]] = []
        scores: list[Rows] = []
        for width in (self.params.width,) if self.params.width > 0 else WIDTHS:
            in_source = gaussian_kernel(Xs, self.centres, width * unit).mean(axis=0)
            seen = in_source > np.finfo(np.float64).tiny  # a bump that no source sample feels cannot be normalised
            if not seen.any():
                continue
            bumps = gaussian_kernel(Xt, self.centres[seen], width * unit) / in_source[seen]
            beta = likeliest(bumps)
            alpha: Rows = np.zeros(len(self.centres))
            alpha[seen] = beta / in_source[seen]
            fits.append((width * unit, alpha))
            scores.append(np.zeros(1) if self.params.width > 0 else left_out_log(bumps, beta, groups, fold))
        self.sigma, self.alphas = fits[smoothest(scores)] if fits else (unit, np.ones(len(self.centres)))
        return self


def left_out_log(bumps: Rows, start: Rows, groups: NDArray[np.int64], fold: NDArray[np.int64]) -> Rows:
    """(g,) log w of each different row by the fit without its fold, times how often it is there, on average once.

    ``groups`` (n,) numbers the different rows of ``bumps`` (n, b) and ``fold`` (g,) has the fold of each. A row that no
    bump reaches counts as e⁻⁵⁰.
    """
    logs = np.full(len(bumps), -50.0)
    for k in range(FOLDS):
        out = fold[groups] == k
        if out.any() and not out.all():
            w = bumps[out] @ likeliest(bumps[~out], start)
            logs[out] = np.log(np.maximum(w, np.exp(-50)))
    scores: Rows = np.bincount(groups, logs) * (len(fold) / len(groups))
    return scores


def likeliest(A: Rows, start: Rows | None = None, tolerance: float = 1e-10, most: int = 100) -> Rows:
    """(m,) proportions β ≥ 0 that maximise mean log(Aβ) − Σβ over the rows of A (n, m); then Σβ = 1.

    Newton's steps: the quadratic model is minimised over β ≥ 0, then a line search finds how far to go. They end where
    no bump promises more than ``tolerance``: at the optimum the mean of A_l / Aβ is at most 1, and 1 where β_l > 0.

    >>> likeliest(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])).round(3)
    array([0.667, 0.333])
    """
    from scipy.optimize import nnls

    A = A[(A > 0).any(axis=1)]  # a row that no bump reaches is lost, whatever β
    count = A.shape[1]
    if len(A) == 0:
        return np.full(count, 1 / count)
    beta = np.full(count, 1 / count)
    if start is not None:
        beta = 0.99 * start + 0.01 * beta

    def objective(beta: Rows) -> float:
        with np.errstate(divide="ignore"):
            return float(beta.sum() - np.log(A @ beta).mean())

    value = objective(beta)
    for _ in range(most):
        B = A / (A @ beta)[:, None]
        gain = B.mean(axis=0)
        if gain.max() <= 1 + tolerance and np.abs(beta * (gain - 1)).max() <= tolerance:
            break
        hessian = B.T @ B / len(B)
        hessian[np.diag_indices(count)] += 1e-12 * np.trace(hessian)
        root = np.linalg.cholesky(hessian).T
        # the model's minimum: ½ βᵀHβ − (Hβ₀ + gain − 1)ᵀβ
        aim = np.linalg.solve(root.T, hessian @ beta + gain - 1)
        direction = nnls(root, aim)[0] - beta
        slope = (1 - gain) @ direction
        step = 1.0
        while (moved := objective(beta + step * direction)) > value + 1e-4 * step * slope and step > 1e-10:
            step /= 2
        if moved >= value:
            break
        beta, value = beta + step * direction, moved
    proportions: Rows = beta / beta.sum()
    return proportions
