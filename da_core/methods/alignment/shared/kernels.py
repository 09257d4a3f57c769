"""Kernels, and the eigenproblems that TCA, JDA and MIDA pose on them: exact, or by Nyström above a size.

All three look for projections z(x) = Σ_j k(x, x_j) W_j, one row W_j for each of the n pooled samples. Here such a
projection is written F(x) A with ‖A‖ = ‖W‖, where the row F(x) is short if the kernel allows it, so that an
eigenproblem of size n becomes one of the length of F(x).

K stands for the kernel centred on both sides, HKH with H = I − 11ᵀ/n: the origin of the kernel's space is the samples'
mean. Centred on one side alone, as the variance's own H does, a sample's distance from the middle would be the first
component and swamp the others. Other samples are mapped with the fitted samples' means. K is then divided by the mean
of its diagonal, so that neither the features' unit nor the kernel's width changes what a penalty weighs.

- Gaussian kernel, exact: F(x) = k(x, all samples), of length n, and A = W.
- K = ΦΦᵀ with short rows φ(x): the best W lies in the span of Φ (what is orthogonal to it changes no z and costs
  norm), so W = ΦB, z(x) = φ(x) ΦᵀΦ B, and with A = (ΦᵀΦ)^½ B:   F(x) = φ(x) (ΦᵀΦ)^½,  ‖A‖ = ‖W‖.
  The linear kernel has φ(x) = x: this is exact. Nyström's approximation (Williams and Seeger 2001) with landmarks L has
  φ(x) = k(x, L) K_LL^(−½).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator, eigsh

from da_core.errors import UserError
from da_core.methods.alignment.shared.landmarks import spread, squared_distances
from da_core.methods.base import Rows
from da_core.params import hyper

KernelName = Literal["rbf", "linear"]
MEDIAN_ROWS = 1000
"""Of each domain, among which the median distance is taken."""
DENSE = 1000
"""Up to this size all eigenvectors are computed; above it Lanczos finds the few that are wanted."""


Expansion = Callable[[Rows], Rows]
"""Gives rows (n, d) their F(x) (n, m)."""


def components(default: int) -> Any:
    """Declare the hyperparameter d, how many components are kept."""
    return hyper(default, ge=1, le=1000, step=1, symbol="d", title="Components", help="Number of components kept.")


def kernel_name(default: KernelName) -> Any:
    """Declare the hyperparameter that chooses the kernel."""
    return hyper(default, title="Kernel", help="Gaussian kernel for nonlinear maps, or linear kernel for linear ones.")


BANDWIDTH = hyper(
    1.0,
    ge=1e-3,
    le=1e3,
    log=True,
    symbol="σ",
    title="Bandwidth",
    help="Width of the Gaussian kernel, in units of the median distance within the domains, widened by their gap.",
)
EXACT_UP_TO = hyper(
    4000,
    ge=0,
    le=20000,
    step=100,
    title="Exact up to",
    help=(
        "Up to this many samples of both domains together a Gaussian kernel is solved exactly; above it, with "
        "landmarks."
    ),
)
LANDMARKS = hyper(
    500,
    ge=10,
    le=4000,
    step=10,
    title="Landmarks",
    help="Samples that represent all samples above that size; more are more exact but slower.",
)


def check_variation(Xs: Rows, Xt: Rows) -> None:
    """Raise `UserError` where all features are the same number in every sample, but for rounding.

    >>> check_variation(np.zeros((2, 1)), np.ones((2, 1)))
    """
    X = np.concatenate([Xs, Xt])
    if np.ptp(X, axis=0).max() <= 1e-12 * np.abs(X).max():
        raise UserError("All samples have the same features, so there is nothing to project.")


def expand(Xs: Rows, Xt: Rows, chosen: Any) -> tuple[Expansion, Rows]:
    """Expand source (n_s, d) and target (n_t, d) by a method's kernel: the expansion, and F of all samples.

    ``chosen`` has ``kernel``, ``bandwidth``, ``exact_up_to`` and ``landmarks``. F(X) has mean 0.
    """
    X = np.concatenate([Xs, Xt])
    centre = X.mean(axis=0)
    if chosen.kernel == "linear":
        return _short(lambda rows: rows - centre, np.eye(X.shape[1]), X)
    exact = len(X) <= chosen.exact_up_to
    basis = (X if exact else spread(X, chosen.landmarks)) - centre
    width = chosen.bandwidth * kernel_width(Xs, Xt)

    def kernel(rows: Rows) -> Rows:
        K = squared_distances(rows - centre, basis)
        K /= -2 * width**2
        return np.exp(K, out=K)

    means = kernel(X).mean(axis=0)
    if not exact:
        return _short(lambda rows: kernel(rows) - means, power(kernel(basis + centre), -0.5), X)

    def centred_kernel(rows: Rows) -> Rows:
        K: Rows = kernel(rows) - means
        K -= K.mean(axis=1, keepdims=True)
        return K

    K = centred_kernel(X)
    unit = _unit(np.trace(K) / len(X))
    return lambda rows: centred_kernel(rows) / unit, K / unit


def _short(kernel: Expansion, whiten: Rows, X: Rows) -> tuple[Expansion, Rows]:
    """F(x) = φ(x) (ΦᵀΦ)^½ with φ(x) = kernel(x) whiten, divided by the mean of ‖φ(x)‖².

    ``kernel`` gives the kernel's values at the landmarks; the centred features for the linear kernel.
    """
    K = kernel(X)
    products = whiten.T @ (K.T @ K) @ whiten
    shorten = whiten @ power(products, 0.5) / _unit(np.trace(products) / len(X))
    return lambda rows: kernel(rows) @ shorten, K @ shorten


def _unit(diagonal: float) -> float:
    return diagonal if diagonal > 0 else 1.0


def solving_seconds(n: int, d: int, chosen: Any) -> float:
    """Estimate how long one eigenproblem on n samples takes, its kernel included."""
    if chosen.kernel == "linear":
        return 1e-10 * (n + d) * d**2
    if n <= chosen.exact_up_to:
        return 5e-7 * n**2  # some hundred Lanczos steps, each of which reads the kernel twice
    landmarks = int(chosen.landmarks)
    return 1e-10 * (n + landmarks) * landmarks * (d + landmarks)


def kernel_width(Xs: Rows, Xt: Rows) -> float:
    """Measure the Gaussian kernel's width: √(median² + (4 · gap)²), of `median_distance` and the means' distance.

    As narrow as the domains are, a kernel sees nothing beyond a wide gap: two islands, which no component joins. So
    wide, it has at least e^(−1/32) = 97% of its height left across the gap.

    >>> X = np.array([[0.0], [1.0], [2.0]])
    >>> kernel_width(X, X) <= kernel_width(X, X + 9)
    True
    """
    gap = np.linalg.norm(Xs.mean(axis=0) - Xt.mean(axis=0))
    return float(np.hypot(median_distance(Xs, Xt), 4 * gap))


def median_distance(Xs: Rows, Xt: Rows) -> float:
    """Measure the median distance between samples of one domain, at most `MEDIAN_ROWS` of each; 1 if all are alike.

    >>> median_distance(np.array([[0.0], [2.0]]), np.array([[5.0], [7.0]]))
    2.0
    """
    apart = []
    for X in (Xs, Xt):
        some = spread(X - X.mean(axis=0), MEDIAN_ROWS)
        apart.append(squared_distances(some, some)[np.triu_indices(len(some), k=1)])
    squared = np.concatenate(apart)
    median = float(np.sqrt(np.median(squared))) if len(squared) else 0.0
    return median if median > 0 else 1.0


def power(S: Rows, exponent: float) -> Rows:
    """Raise a symmetric positive semi-definite matrix to a real power; what is zero but for rounding stays zero.

    >>> power(np.diag([4.0, 0.0]), -0.5)
    array([[0.5, 0. ],
           [0. , 0. ]])
    """
    values, vectors = scipy.linalg.eigh(S)
    real = values > 1e-12 * max(values[-1], 0)
    kept = vectors[:, real]
    powered: Rows = (kept * values[real] ** exponent) @ kept.T
    return powered


def discrepancy(count_s: int, count_t: int) -> Rows:
    """Build ℓ (n,): 1/n_s on the source, −1/n_t on the target.

    ℓℓᵀ is the L of TCA: zᵀLz = (mean of z_s − mean of z_t)².
    """
    return np.repeat([1 / count_s, -1 / count_t], [count_s, count_t])


def variance_directions(F: Rows, S: Callable[[Rows], Rows], penalties: Rows, count: int) -> Rows:
    """Solve for A (m, d): max tr(Aᵀ Fᵀ H F A) subject to Aᵀ (I + P Pᵀ) A = I.

    H centres, S is `scatter` of F; P (m, r) are the ``penalties``, few columns. With R = (I + PPᵀ)^(−½), which costs
    nothing since PPᵀ has rank r, and A = R V, the generalised problem becomes an ordinary symmetric one: the leading
    eigenvectors V of R FᵀHF R. Each column's sign is such that its projections lean to the right (positive third
    moment). Directions without variance are left out, so that there may be fewer than ``count``.

    >>> F = np.array([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    >>> np.abs(variance_directions(F, scatter(F), np.zeros((2, 1)), 2)).round(6)
    array([[1., 0.],
           [0., 1.]])
    """
    U, s, _ = scipy.linalg.svd(penalties, full_matrices=False)
    shrink = 1 - 1 / np.sqrt(1 + s**2)

    def whiten(V: Rows) -> Rows:
        whitened: Rows = V - U @ (shrink[:, None] * (U.T @ V))
        return whitened

    values, V = leading(lambda V: whiten(S(whiten(V))), F.shape[1], count)
    A = whiten(V[:, positive(values, values[0])])
    return A * signs(F @ A)


def positive(values: Rows, scale: float) -> NDArray[np.bool_]:
    """Mark eigenvalues that are above 0 by more than rounding, for a matrix of norm ``scale``.

    Raises `UserError` where none is.

    >>> positive(np.array([1.0, 1e-20]), scale=1.0)
    array([ True, False])
    """
    real: NDArray[np.bool_] = values > 1e-12 * scale
    if not real.any():
        raise UserError("Every direction separates the domains more than it varies; choose another method.")
    return real


def scatter(F: Rows) -> Callable[[Rows], Rows]:
    """Build the map V → FᵀHF V; the matrix in the middle is made only where it is small.

    >>> scatter(np.array([[1.0], [3.0]]))(np.eye(1))
    array([[2.]])
    """
    if F.shape[1] > DENSE:
        return lambda V: F.T @ centred(F @ V)
    C = centred(F)
    S = C.T @ C
    return lambda V: S @ V


def leading(apply: Callable[[Rows], Rows], size: int, count: int) -> tuple[Rows, Rows]:
    """Find the ``count`` largest eigenvalues, falling, and eigenvectors (size, count) of a symmetric map.

    >>> leading(lambda V: np.diag([1.0, 3.0]) @ V, size=2, count=1)[0].round(6)
    array([3.])
    """
    count = min(count, size)
    if size <= DENSE or 3 * count > size:
        M = apply(np.eye(size))
        values, vectors = scipy.linalg.eigh((M + M.T) / 2, subset_by_index=(size - count, size - 1))
    else:
        operator = LinearOperator(
            (size, size), matvec=lambda v: apply(v.reshape(size, 1)).ravel(), matmat=apply, dtype=np.float64
        )
        start = np.ones(size) / np.sqrt(size)  # the same for any order of the samples
        values, vectors = eigsh(operator, k=count, which="LA", v0=start)
        order = np.argsort(values)
        values, vectors = values[order], vectors[:, order]
    return values[::-1], vectors[:, ::-1]


def to_scores(F: Rows, A: Rows) -> Rows:
    """Scale the columns of A (m, d) to the deviations that kernel PCA's scores have: the root of what F A has.

    Components k(x, ·) W with ‖W‖ = 1 have the kernel's eigenvalues λ for deviations, scores have √λ, as distances in
    the kernel's space have: the first few then do not drown the others.

    >>> F = np.array([[1.0], [-1.0]])
    >>> to_scores(F, np.eye(1)).shape
    (1, 1)
    """
    scaled: Rows = A / np.sqrt(np.linalg.norm(F @ A, axis=0))
    return scaled


def centred(Z: Rows) -> Rows:
    moved: Rows = Z - Z.mean(axis=0)
    return moved


def signs(Z: Rows) -> Rows:
    """Choose ±1 (d,) that make each column of Z (n, d) lean to the right, whatever the order of the rows.

    >>> bool(signs(np.array([[-3.0], [1.0], [1.0]]))[0] in (1, -1))
    True
    """
    C = centred(Z)
    return np.where(np.einsum("nd,nd,nd->d", C, C, C) < 0, -1.0, 1.0)
