from __future__ import annotations

import numpy as np

from da_core import params
from da_core.methods.alignment.shared.kernels import check_variation, components
from da_core.methods.alignment.shared.subspaces import principal_directions
from da_core.methods.base import FeatureAlignment, Labels, Rows
from da_core.methods.checks import feature_pair


class JPCA(FeatureAlignment):
    r"""Joint principal component analysis: one PCA of both domains together, the simplest of all common projections.

    With x̄ the mean of all n = n_s + n_t samples and U (D, d) the directions in which they vary most,

        max tr(Uᵀ C U)    subject to    UᵀU = I,        C = 1/n Σ_i (x_i − x̄)(x_i − x̄)ᵀ,        z(x) = Uᵀ (x − x̄)

    Solved by the d leading eigenvectors of C (Pearson 1901). It is the baseline that projections such as TCA are
    measured against (as PCA in Pan et al. 2011, as JPCA in the comparison of Lalou et al. 2024): source samples keep
    their labels, and the classifier is trained on the components. Nothing in it asks which domain a sample is from. All
    that it can do is to drop directions of little variance, where there is noise and where a feature of one domain may
    do harm. With as many components as features it only turns the axes.

    It fails where the domains differ much: what tells them apart then varies most and is kept before all else. A larger
    domain counts more.

    Cost: O((n_s + n_t) D² + D³), exact at any size.
    """

    title = "Joint PCA"
    summary = "Projects both domains onto the directions of largest variance of all samples together."
    paper = "Pearson 1901, On Lines and Planes of Closest Fit to Systems of Points in Space, Phil. Mag. 2(11)"
    link = "https://doi.org/10.1080/14786440109462720"

    class Params(params.Params):
        dimensions: int = components(20)

    params: Params

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None) -> JPCA:
        """Learn the directions from source (n_s, D) and target (n_t, D). Raises `UserError` for unusable tables."""
        Xs, Xt = feature_pair(Xs, Xt)
        check_variation(Xs, Xt)
        X = np.concatenate([Xs, Xt])
        self._mean = X.mean(axis=0)
        self._U = principal_directions(X - self._mean, self.params.dimensions)
        return self

    def project(self, X: Rows) -> Rows:
        projected: Rows = (X - self._mean) @ self._U
        return projected
