from __future__ import annotations

from collections.abc import Callable

import numpy as np

from da_core import params
from da_core.methods.alignment.shared.kernels import (
    BANDWIDTH,
    EXACT_UP_TO,
    LANDMARKS,
    Expansion,
    KernelName,
    check_variation,
    components,
    discrepancy,
    expand,
    kernel_name,
    scatter,
    solving_seconds,
    variance_directions,
)
from da_core.methods.alignment.shared.landmarks import evenly_spaced, in_order, nearest
from da_core.methods.base import FeatureAlignment, Labels, Rows
from da_core.methods.checks import feature_pair, labels
from da_core.params import hyper

NEIGHBOURS = 1000
"""Source samples among which the pseudo-labels' nearest neighbour is sought above ``exact_up_to``."""


class JDA(FeatureAlignment):
    r"""Joint distribution adaptation (Long, Wang, Ding, Sun and Yu 2013).

    TCA brings the domains' means together; JDA also each class's. The target's classes are guessed (pseudo-labels) by
    the nearest source sample in the projected space, and guess and projection improve each other for some rounds:

        min tr(Aᵀ K (Σ_{c=0..C} ℓ_c ℓ_cᵀ) K A) + λ ‖A‖²_F    subject to    Aᵀ K H K A = I        (the kernel form)

    K is the kernel matrix of all n samples, H = I − 11ᵀ/n; ℓ_0 is 1/n_s on source and −1/n_t on target samples, ℓ_c the
    same on the samples of class c alone, with pseudo-labels on the target (a class that nobody is guessed to be of is
    left out). For the linear kernel it is the paper's primal form: in place of K the centred features, divided by their
    root mean squared length. Few ℓ_c make the matrix I + Σ K ℓ_c ℓ_cᵀ K / λ a low-rank change of the identity, so
    that an ordinary symmetric problem is left. As in the authors' code the sum of the ℓ_c ℓ_cᵀ is divided by its
    Frobenius norm, and the columns of A are scaled to unit length: components of equal variance would blow up
    directions of noise. Their rows of unit length, before and after, are options here. K is centred on both sides.
    Rounds end early once the pseudo-labels stay.

    Above ``exact_up_to`` samples a Gaussian kernel is approximated from landmarks (Nyström), and pseudo-labels are read
    from a part of the source. The linear kernel needs the latter only.

    It fails where the first pseudo-labels are mostly wrong: the rounds then make the mistake firm. It needs source
    labels.

    Cost: for each round O(n D² + D³) (linear, D features), O(n m² + m³) (m landmarks), O(n²) a Lanczos step (exact),
    and the neighbours O(n_t n_s d), at most 1000 n_t d above ``exact_up_to``.
    """

    title = "JDA"
    summary = (
        "Matches the domains' means and each class's means, and updates its guess of the target's classes in rounds."
    )
    paper = "Long, Wang, Ding, Sun and Yu 2013, Transfer Feature Learning with Joint Distribution Adaptation, ICCV"
    link = "https://doi.org/10.1109/ICCV.2013.274"
    keywords = ("subspace",)

    costly = "exact_up_to"

    class Params(params.Params):
        dimensions: int = components(20)
        regularisation: float = hyper(1.0, ge=1e-6, le=1e6, log=True, symbol="λ", title="Regularisation")
        """Penalty on large maps, relative to differing means; larger values leave more of the difference."""
        rounds: int = hyper(10, ge=1, le=50, step=1, symbol="T", title="Rounds")
        """Number of updates of the pseudo-labels and the map."""
        unit_before: bool = hyper(False, title="Unit-length rows before")
        """Scales each sample's features to length 1 first, as the authors do for pictures and texts."""
        unit_after: bool = hyper(False, title="Unit-length rows after")
        """Scales each sample's components to length 1, as the authors do before their nearest-neighbour classifier."""
        kernel: KernelName = kernel_name("linear")
        bandwidth: float = BANDWIDTH
        exact_up_to: int = EXACT_UP_TO
        landmarks: int = LANDMARKS

    params: Params

    def seconds(self, n_s: int, n_t: int, d: int) -> float:
        return float(self.params.rounds * solving_seconds(n_s + n_t, d, self.params))

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None) -> JDA:
        """Learn the map. Raises `UserError` without ``ys`` and for tables that do not fit."""
        Xs, Xt = feature_pair(Xs, Xt)
        check_variation(Xs, Xt)
        ys = labels(ys, self.title)
        Xs, Xt = self._before(Xs), self._before(Xt)
        X = np.concatenate([Xs, Xt])
        centre = X.mean(axis=0)
        length = float(np.sqrt(((X - centre) ** 2).sum() / len(X))) or 1.0
        F = (X - centre) / length
        self._expansion: Expansion = lambda rows: (rows - centre) / length
        if self.params.kernel == "rbf":
            self._expansion, F = expand(Xs, Xt, self.params)
        n_s, S = len(Xs), scatter(F)
        references = in_order(Xs)
        if len(X) > self.params.exact_up_to:
            references = references[evenly_spaced(n_s, NEIGHBOURS)]
        guessed: Labels | None = None
        for _ in range(self.params.rounds):
            self._A = self._map(F, S, ys, guessed)
            Z = self._after(F @ self._A)
            before, guessed = guessed, ys[references][nearest(Z[n_s:], Z[:n_s][references])]
            if before is not None and np.array_equal(before, guessed):
                break
        return self

    def _map(self, F: Rows, S: Callable[[Rows], Rows], ys: Labels, guessed: Labels | None) -> Rows:
        """One round: A for the pseudo-labels guessed so far."""
        columns = [discrepancy(len(ys), len(F) - len(ys))]
        for c in np.unique(ys) if guessed is not None else ():
            in_s, in_t = ys == c, guessed == c
            if in_t.any():
                columns.append(np.concatenate([in_s / in_s.sum(), -(in_t / in_t.sum())]))
        E = np.stack(columns, axis=1)
        norm = np.linalg.norm(E.T @ E)  # of EEᵀ, the sum of the ℓ_c ℓ_cᵀ
        A = variance_directions(F, S, F.T @ E / np.sqrt(norm * self.params.regularisation), self.params.dimensions)
        directions: Rows = A / np.linalg.norm(A, axis=0)
        return directions

    def project(self, X: Rows) -> Rows:
        return self._after(self._expansion(self._before(X)) @ self._A)

    def _before(self, X: Rows) -> Rows:
        return unit_rows(X) if self.params.unit_before else X

    def _after(self, Z: Rows) -> Rows:
        return unit_rows(Z) if self.params.unit_after else Z


def unit_rows(X: Rows) -> Rows:
    """Scale each row of X (n, d) to length 1; a row of zeros stays.

    >>> unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    lengths = np.linalg.norm(X, axis=1, keepdims=True)
    scaled: Rows = X / np.where(lengths > 0, lengths, 1)
    return scaled
