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
    discrepancy,
    expand,
    kernel_name,
    scatter,
    solving_seconds,
    to_scores,
    variance_directions,
)
from da_core.methods.base import FeatureAlignment, Labels, Rows
from da_core.methods.checks import feature_pair
from da_core.params import hyper


class TCA(FeatureAlignment):
    r"""Transfer component analysis (Pan, Tsang, Kwok and Yang 2011, the unsupervised form).

    Both domains are projected, by one and the same map, onto components that vary much but whose mean hardly differs
    between the domains. With K the kernel matrix of all n = n_s + n_t samples, centred on both sides and divided by the
    mean of its diagonal, H = I − 11ᵀ/n, and L = ℓℓᵀ, ℓ being 1/n_s on source samples and −1/n_t on target samples:

        max tr(Wᵀ K H K W)    subject to    Wᵀ (I + μ K L K) W = I,        z(x) = Σ_j k(x, x_j) W_j

    tr(WᵀKHKW) is the components' variance, tr(WᵀKLKW) the squared distance of the two domains' means in them (the
    maximum mean discrepancy, MMD), and tr(WᵀW) keeps the map smooth. The paper divides the whole by μ.
    This is a *generalised* symmetric eigenproblem. Its other form, (I + μKLK)⁻¹ KHK, is a matrix that is not symmetric,
    and solvers for symmetric ones return something else for it, the worse the larger μ. KLK has rank one, so that
    (I + μKLK)^(−½) is known in closed form and an ordinary symmetric problem is left, for Lanczos.

    Rows that were not fitted are mapped by the same sum. The components are scaled as those of kernel PCA are, to the
    root of their deviations: as the formula leaves them, the first few drown the others in any classifier that has a
    penalty or measures distances (street scenes: 69% with, 59% without).
    Above ``exact_up_to`` samples a Gaussian kernel is approximated from landmarks (Nyström); the linear one never
    needs it.

    It fails where no component varies without telling the domains apart, where what the domains share does not tell
    the classes apart (no label takes part), and where class proportions differ: equal means then mix classes.

    Cost: kernel O(n² d), then O(n²) for each of about 50 to 200 Lanczos steps, memory n² · 8 bytes; with m landmarks
    O(n m (d + m) + m³), memory n m · 8 bytes; linear kernel O(n d² + d³).
    """

    title = "TCA"
    summary = "Projects both domains onto kernel components with large variance and equal means."
    paper = "Pan, Tsang, Kwok and Yang 2011, Domain Adaptation via Transfer Component Analysis, IEEE TNN 22(2)"
    link = "https://doi.org/10.1109/TNN.2010.2091281"
    keywords = ("subspace",)

    costly = "exact_up_to"

    class Params(params.Params):
        dimensions: int = components(20)
        mu: float = hyper(10.0, ge=0, le=1e6, log=True, symbol="μ", title="Weight of the discrepancy")
        """Penalty on the difference between the domains' means, relative to variance; 0 is kernel PCA."""
        kernel: KernelName = kernel_name("linear")
        bandwidth: float = BANDWIDTH
        exact_up_to: int = EXACT_UP_TO
        landmarks: int = LANDMARKS

    params: Params

    def seconds(self, n_s: int, n_t: int, d: int) -> float:
        return solving_seconds(n_s + n_t, d, self.params)

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None) -> TCA:
        """Learn the components from source (n_s, D) and target (n_t, D). Raises `UserError` for unusable tables."""
        Xs, Xt = feature_pair(Xs, Xt)
        check_variation(Xs, Xt)
        self._expansion, F = expand(Xs, Xt, self.params)
        b = F.T @ discrepancy(len(Xs), len(Xt))  # KLK = bbᵀ
        W = variance_directions(F, scatter(F), np.sqrt(self.params.mu) * b[:, None], self.params.dimensions)
        self._W = to_scores(F, W)
        return self

    def project(self, X: Rows) -> Rows:
        return self._expansion(X) @ self._W
