from __future__ import annotations

import numpy as np

from da_core import params
from da_core.methods.alignment.shared.kernels import (
    BANDWIDTH,
    EXACT_UP_TO,
    LANDMARKS,
    KernelName,
    check_variation,
    components,
    expand,
    kernel_name,
    leading,
    median_distance,
    positive,
    scatter,
    signs,
    solving_seconds,
    to_scores,
)
from da_core.methods.base import FeatureAlignment, Labels, Rows
from da_core.methods.checks import feature_pair, rows
from da_core.params import hyper


class MIDA(FeatureAlignment):
    r"""Maximum independence domain adaptation (Yan, Kou and Zhang 2017), the unsupervised form.

    Both domains are projected onto components that vary much and do not depend on the domain a sample comes from.
    Dependence is measured by the Hilbert-Schmidt independence criterion (HSIC). With K the kernel matrix of all
    samples, D (n, 2) the domains one-hot, K_d = D Dᵀ and H = I − 11ᵀ/n:

        max tr(Wᵀ K (μ H − H K_d H) K W)    subject to    WᵀW = I,        z(x) = Σ_j k(x, x_j) W_j

    tr(WᵀKHK_dHKW) is, up to a constant, the HSIC of components and domain; tr(WᵀKHKW) is the components' variance.
    The solution is the leading eigenvectors of a symmetric matrix, and for two domains H K_d H = 2uuᵀ has rank one.
    Eigenvectors of values below 0, which say more of the domain than they vary, are left out. The components are scaled
    as those of kernel PCA are, to the root of their deviations.

    Feature augmentation: each sample carries its domain as further features, so that the map may treat the domains
    differently, for example shift one against the other. Here the two domains' codes lie as far apart as the median
    distance within the domains, whatever the features' unit. Without it one map serves both domains.
    K is centred on both sides. Above ``exact_up_to`` samples a Gaussian kernel is approximated from
    landmarks (Nyström); the linear one never needs it.

    It fails where what tells the domains apart also tells the classes apart (class proportions, above all), and like
    every map of whole domains it does not see which class goes where.

    Cost: as TCA. Kernel O(n² d), then O(n²) for each of about 50 to 200 Lanczos steps, memory n² · 8 bytes; with m
    landmarks O(n m (d + m) + m³), memory n m · 8 bytes; linear kernel O(n d² + d³).
    """

    title = "MIDA"
    summary = "Projects both domains onto components with large variance that are independent of the domain."
    paper = (
        "Yan, Kou and Zhang 2017, Learning Domain-Invariant Subspace Using Domain Features and Independence "
        "Maximization, IEEE Transactions on Cybernetics"
    )
    link = "https://doi.org/10.1109/TCYB.2016.2633306"
    keywords = ("subspace",)

    costly = "exact_up_to"

    class Params(params.Params):
        dimensions: int = components(20)
        mu: float = hyper(1.0, ge=0, le=1e6, log=True, symbol="μ", title="Weight of the variance")
        """Weight of variance against dependence on the domain; large values approach kernel PCA."""
        augment: bool = hyper(True, title="Domain features")
        """Appends each sample's domain to its features, so that the map can treat the domains differently."""
        kernel: KernelName = kernel_name("linear")
        bandwidth: float = BANDWIDTH
        exact_up_to: int = EXACT_UP_TO
        landmarks: int = LANDMARKS

    params: Params

    def seconds(self, n_s: int, n_t: int, d: int) -> float:
        return solving_seconds(n_s + n_t, d, self.params)

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None) -> MIDA:
        """Learn the components from source (n_s, D) and target (n_t, D). Raises `UserError` for unusable tables."""
        Xs, Xt = feature_pair(Xs, Xt)
        check_variation(Xs, Xt)
        apart = median_distance(Xs, Xt) / np.sqrt(2) if self.params.augment else 0.0
        self._code_s, self._code_t = np.array([apart, 0.0]), np.array([0.0, apart])
        self._expansion, F = expand(_augmented(Xs, self._code_s), _augmented(Xt, self._code_t), self.params)
        of_source = np.repeat([1.0, 0.0], [len(Xs), len(Xt)])
        b = F.T @ (of_source - of_source.mean())[:, None]  # K H K_d H K = 2bbᵀ
        mu, S = self.params.mu, scatter(F)
        values, W = leading(lambda V: mu * S(V) - 2 * b @ (b.T @ V), F.shape[1], self.params.dimensions)
        W = W[:, positive(values, mu * F.shape[0] + 2 * float(np.sum(b**2)))]
        self._W = to_scores(F, W * signs(F @ W))
        return self

    def map_source(self, Xs: Rows) -> Rows:
        return self._expansion(_augmented(rows(Xs, "source"), self._code_s)) @ self._W

    def map_target(self, Xt: Rows) -> Rows:
        return self._expansion(_augmented(rows(Xt, "target"), self._code_t)) @ self._W


def _augmented(X: Rows, code: Rows) -> Rows:
    return np.concatenate([X, np.tile(code, (len(X), 1))], axis=1)
