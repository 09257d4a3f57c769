from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from da_core.methods.base import Labels, Predictions, Rows
from da_core.methods.checks import feature_pair
from da_core.methods.distances import gaussian_kernel, median_distance, random_distinct, smoothest
from da_core.methods.reweighting.shared.ratio_model import WIDTHS, RatioModel
from da_core.params import hyper

REGULARISATIONS = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
LEFT_OUT = 500
"""So many pairs of a source and a target sample, each with its equals, are left out in turn."""


class ULSIF(RatioModel):
    r"""Unconstrained least-squares importance fitting (Kanamori, Hido and Sugiyama 2009).

    The ratio is modelled as a sum of Gaussian bumps φ_l on some target samples, and fitted by least squares. The true
    ratio is not known, but the squared error to it needs only averages over both domains, so α has a closed form:

        w(x) = Σ_l α_l φ_l(x),    φ_l(x) = exp(−‖x − c_l‖² / 2σ²)
        min_α  ½ αᵀĤα − ĥᵀα + λ/2 ‖α‖²,    Ĥ = 1/n_s Σ_i φ(x_i^s) φ(x_i^s)ᵀ,    ĥ = 1/n_t Σ_j φ(x_j^t)
        α = max(0, (Ĥ + λI)⁻¹ ĥ)

    Coefficients below 0 are cut, since a ratio is none. σ and λ are those with the least error when a source and a
    target sample are left out together; each such fit differs from the full one by a matrix of rank one, so that all of
    them cost little more than one (leave-one-out in closed form; a sample goes out with all its equals). The largest σ
    is taken that is as good within one standard error.

    It fails where the ratio is large somewhere: the squared error minds those places most, and λ flattens them. The cut
    can leave parts of the source with weight 0. Features need a common unit: one σ serves them all.

    Cost: O((n_s + n_t) · centres · (d + centres)).
    """

    title = "uLSIF"
    summary = "Fits the density ratio by least squares in closed form."
    paper = "Kanamori, Hido and Sugiyama 2009, A Least-squares Approach to Direct Importance Estimation, JMLR 10"
    link = "https://www.jmlr.org/papers/v10/kanamori09a.html"
    keywords = ("density ratio",)

    class Params(RatioModel.Params):
        regularisation: float = hyper(0.0, ge=0, le=1000, step=0.1, symbol="λ", title="Ridge")
        """Penalty on large coefficients; larger values smooth the ratio, 0 chooses it by cross-validation."""

    params: Params

    alpha = 0.0
    """Share of the target in the denominator; above 0 this is RuLSIF."""

    def seconds(self, n_s: int, n_t: int, d: int) -> float:
        c = min(n_t, self.params.centres)
        tried = 1 if self.params.width > 0 else len(WIDTHS)
        return float(tried * (4e-11 * (n_s + n_t) * c * (c + d) + 3e-10 * c**3))

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None, predictions: Predictions | None = None) -> Self:
        """Choose σ and λ and find α. Raises `UserError` for tables that do not fit."""
        Xs, Xt = feature_pair(Xs, Xt)
        of_source, copies_s = random_distinct(Xs, self.seed)
        of_target, copies_t = random_distinct(Xt, self.seed)
        self.centres = Xt[of_target[: self.params.centres]]
        unit = median_distance(Xs, Xt, self.seed)
        widths = (self.params.width,) if self.params.width > 0 else WIDTHS
        ridges = (self.params.regularisation,) if self.params.regularisation > 0 else REGULARISATIONS
        pairs = min(len(of_source), len(of_target), LEFT_OUT)
        copies = np.stack([copies_s[:pairs], copies_t[:pairs]], axis=1)
        choose = len(widths) * len(ridges) > 1 and pairs > 1
        fits, scores = [], []
        for width in widths:
            source, target = (gaussian_kernel(X, self.centres, width * unit) for X in (Xs, Xt))
            moments = Moments.of(source, target)
            left_out = source[of_source[:pairs]], target[of_target[:pairs]]
            errors = [
                leave_one_out(moments, *left_out, copies, ridge, self.alpha) if choose else np.zeros(1)
                for ridge in ridges
            ]
            least = int(np.argmin([error.mean() for error in errors]))
            fits.append((width * unit, moments.coefficients(ridges[least], self.alpha)))
            scores.append(-errors[least])
        self.sigma, self.alphas = fits[smoothest(scores)]
        return self


@dataclass(frozen=True)
class Moments:
    """Means over n_s source and n_t target samples: of φφᵀ (b, b) in each domain, and of φ (b,) in the target."""

    n_s: int
    n_t: int
    Hs: Rows
    Ht: Rows
    h: Rows

    @classmethod
    def of(cls, source: Rows, target: Rows) -> Moments:
        """Take the means over bumps at source (n_s, b) and target (n_t, b) samples."""
        n_s, n_t = len(source), len(target)
        return cls(n_s, n_t, source.T @ source / n_s, target.T @ target / n_t, target.mean(axis=0))

    def coefficients(self, ridge: float, alpha: float) -> Rows:
        """Solve (Ĥ + λI) α = ĥ (b,), and cut what is below 0."""
        H = (1 - alpha) * self.Hs + alpha * self.Ht
        coefficients: Rows = np.maximum(np.linalg.solve(H + ridge * np.eye(len(H)), self.h), 0)
        return coefficients

    def without(self, source: Rows, target: Rows, copies: NDArray[np.int64], ridge: float, alpha: float) -> Rows:
        """Compute w(x_s) and w(x_t) (p, 2) of pairs, each by the fit without its m_s and m_t ``copies`` (2,).

        Without a pair, H + λI is B − UUᵀ with two columns U (one for α = 0), and its inverse is, by Woodbury's
        identity, B⁻¹ + B⁻¹U (I − UᵀB⁻¹U)⁻¹ UᵀB⁻¹.
        """
        m_s, m_t = copies.tolist()
        of_source, of_target = (1 - alpha) / (self.n_s - m_s), alpha / (self.n_t - m_t)
        B = of_source * self.n_s * self.Hs + of_target * self.n_t * self.Ht + ridge * np.eye(len(self.h))
        U = np.stack([np.sqrt(of_source * m_s) * source, np.sqrt(of_target * m_t) * target], axis=2)  # (p, b, 2)
        inverse = np.linalg.inv(B)
        first = (self.n_t * self.h - m_t * target) / (self.n_t - m_t) @ inverse  # (p, b)
        BU = np.stack([U[:, :, 0] @ inverse, U[:, :, 1] @ inverse], axis=2)
        middle = np.eye(2) - np.einsum("pbi,pbj->pij", U, BU)
        correction = np.linalg.solve(middle, np.einsum("pbi,pb->pi", U, first)[:, :, None])[:, :, 0]
        coefficients = np.maximum(first + np.einsum("pbi,pi->pb", BU, correction), 0)
        at_pairs: Rows = np.stack([(coefficients * bumps).sum(axis=1) for bumps in (source, target)], axis=1)
        return at_pairs


def leave_one_out(
    moments: Moments, source: Rows, target: Rows, copies: NDArray[np.int64], ridge: float, alpha: float
) -> Rows:
    """Compute ½ (1 − α) w(x_s)² + ½ α w(x_t)² − w(x_t) (p,), each pair by the fit without it.

    ``source`` and ``target`` (p, b) are the bumps at the pairs to leave out, which stand among the samples ``copies``
    (p, 2) times; all of them go out together, and the error counts as often.
    """
    weights = np.empty(copies.shape)
    for numbers in np.unique(copies, axis=0):
        alike = (copies == numbers).all(axis=1)
        weights[alike] = moments.without(source[alike], target[alike], numbers, ridge, alpha)
    at_source, at_target = weights.T
    often_s, often_t = (copies / copies.mean(axis=0)).T
    errors: Rows = (1 - alpha) / 2 * often_s * at_source**2 + often_t * (alpha / 2 * at_target**2 - at_target)
    return errors
