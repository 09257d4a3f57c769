from __future__ import annotations

from collections.abc import Callable

import numpy as np

from da_core import params
from da_core.errors import UserError
from da_core.methods.alignment.shared.kernels import (
    BANDWIDTH,
    EXACT_UP_TO,
    LANDMARKS,
    Expansion,
    KernelName,
    components,
    discrepancy,
    expand,
    kernel_name,
    scatter,
    solving_seconds,
    variance_directions,
)
from da_core.methods.alignment.shared.landmarks import in_order, nearest
from da_core.methods.base import FeatureAlignment, Labels, Rows
from da_core.methods.checks import feature_pair, rows
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
    left out). For the linear kernel it is the paper's primal form, with the centred features in place of K. Few ℓ_c
    make the matrix I + Σ K ℓ_c ℓ_cᵀ K / λ a low-rank change of the identity, so that an ordinary symmetric problem is
    left. The components are scaled to unit variance, AᵀKHKA = nI, so that any classifier can work with them.
    Rounds end early once the pseudo-labels stay.

    Above ``exact_up_to`` samples a Gaussian kernel is approximated from landmarks (Nyström), and pseudo-labels are read
    from a part of the source. The linear kernel needs the latter only.

    It fails where the first pseudo-labels are mostly wrong: the rounds then make the mistake firm; and at a d so large
    that unit variance blows up directions of noise. It needs source labels.

    Cost: for each round O(n D² + D³) (linear, D features), O(n m² + m³) (m landmarks), O(n²) a Lanczos step (exact),
    and the neighbours O(n_t n_s d), at most 1000 n_t d above ``exact_up_to``.
    """

    title = "JDA"
    summary = "Brings the domains' means and each class's means together, guessing the target's classes in rounds."
    paper = "Long, Wang, Ding, Sun and Yu 2013, Transfer Feature Learning with Joint Distribution Adaptation, ICCV"

    costly = "exact_up_to"

    class Params(params.Params):
        dimensions: int = components(100)
        regularisation: float = hyper(
            1.0,
            ge=1e-6,
            le=1e6,
            log=True,
            symbol="λ",
            title="Regularisation",
            help="How much a large map costs against differing means; larger values leave more of the difference.",
        )
        rounds: int = hyper(
            10, ge=1, le=50, step=1, symbol="T", title="Rounds", help="How often pseudo-labels and map are renewed."
        )
        kernel: KernelName = kernel_name("linear")
        bandwidth: float = BANDWIDTH
        exact_up_to: int = EXACT_UP_TO
        landmarks: int = LANDMARKS

    def seconds(self, n_s: int, n_t: int, d: int) -> float:
        return float(self.params.rounds * solving_seconds(n_s + n_t, d, self.params))

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None) -> JDA:
        """Learn the map from labelled source (n_s, D) and target (n_t, D).

        Raises `UserError` without ``ys`` and for tables that do not fit.
        """
        Xs, Xt = feature_pair(Xs, Xt)
        if ys is None:
            raise UserError("{of} needs source labels.", of=self.title)
        X = np.concatenate([Xs, Xt])
        self._centre = X.mean(axis=0)
        self._expansion: Expansion | None = None
        F = X - self._centre
        if self.params.kernel == "rbf":
            self._expansion, F = expand(X, self.params)
        n_s, S = len(Xs), scatter(F)
        references = in_order(Xs)
        if len(X) > self.params.exact_up_to and n_s > NEIGHBOURS:
            references = references[((np.arange(NEIGHBOURS) + 0.5) * n_s / NEIGHBOURS).astype(np.int64)]
        guessed: Labels | None = None
        for _ in range(self.params.rounds):
            self._A = self._map(F, S, ys, guessed)
            Z = F @ self._A
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
        penalties = F.T @ np.stack(columns, axis=1) / np.sqrt(self.params.regularisation)
        A, variances = variance_directions(F, S, penalties, self.params.dimensions)
        return A * np.sqrt(len(F) / variances)

    def _rows(self, X: Rows) -> Rows:
        return X - self._centre if self._expansion is None else self._expansion(X)

    def map_source(self, Xs: Rows) -> Rows:
        return self._rows(rows(Xs, "source")) @ self._A

    def map_target(self, Xt: Rows) -> Rows:
        return self._rows(rows(Xt, "target")) @ self._A
