from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from da_core import params
from da_core.methods.alignment.shared.descent import EXACT_UP_TO, ROUNDS, minimise
from da_core.methods.alignment.shared.landmarks import evenly_spaced, in_order, nearest
from da_core.methods.base import FeatureAlignment, Labels, Rows
from da_core.methods.checks import feature_pair, labels, rows
from da_core.methods.distances import kernel_width, median_distance
from da_core.params import hyper

if TYPE_CHECKING:
    from torch import Tensor


class MMDLS(FeatureAlignment):
    r"""Location-scale mapping by kernel means (Zhang, Schölkopf, Muandet and Wang 2013, section 4).

    The classes are as frequent in the target as in the source, but each one may lie elsewhere and be wider or narrower:
    a conditional shift. Every class y gets a scale w_y and a place b_y for each feature, so that the moved source has
    the target's mean in the space of a Gaussian kernel (the maximum mean discrepancy, MMD):

        x_s,i → x'_i = m_y + w_y ⊙ (x_s,i − m_y) + b_y,        y = y_i, m_y the mean of class y
        min_{w,b} ‖ 1/n_s Σ_i φ(x'_i) − 1/n_t Σ_j φ(x_t,j) ‖² + λ/n_s Σ_i (‖w_y − 1‖² + ‖b_y‖² / σ²)

    φ belongs to k(x, x') = exp(−‖x − x'‖² / 2σ²); λ keeps the map near the identity where the target does not say
    otherwise. The paper writes w ⊙ x + b, which is the same map, and averages over each class by a conditional mean
    embedding, which for classes without its ridge is just the mean. Solved by L-BFGS from two starts, no change and the
    scale and place that give the whole source the target's mean and deviations, of which the lower end is taken. A
    descent ends in the nearest dale and never turns the source round: with ``turned`` there is a third start, the
    second one turned by 180° in all features (w < 0). On features of a network that is one more way to be wrong.
    A sample that was not fitted moves as the nearest one that was. The target stays.
    Above ``exact_up_to`` samples a domain, that many of them stand for all.

    It fails where class proportions differ (the classes then move to make up for it), and where several ways of moving
    classes lead to the same whole: labels of the target would be needed to choose. With many features and few samples
    the 2 D numbers for each class follow noise; raise λ. It needs source labels.

    Cost: O(m² D) for each of some hundred steps, m = ``exact_up_to``; memory m² · 40 bytes.
    """

    title = "Location-scale MMD"
    summary = "Shifts and scales each source class until the source's mean equals the target's in a kernel's space."
    paper = "Zhang, Schölkopf, Muandet and Wang 2013, Domain Adaptation under Target and Conditional Shift, ICML"
    link = "https://proceedings.mlr.press/v28/zhang13d.html"

    costly = "exact_up_to"

    class Params(params.Params):
        bandwidth: float = kernel_width(1.0)
        regularisation: float = hyper(1e-4, ge=1e-12, le=1e3, log=True, symbol="λ", title="Regularisation")
        """Penalty on scaling and shifting a class; larger values leave more of the difference."""
        turned: bool = hyper(False, title="Extra rotated start")
        """Adds a third descent from the source rotated by 180°; for few features and a narrow kernel."""
        rounds: int = ROUNDS
        exact_up_to: int = EXACT_UP_TO

    params: Params

    def seconds(self, n_s: int, n_t: int, d: int) -> float:
        m = min(self.params.exact_up_to, max(n_s, n_t))
        return float((2 + self.params.turned) * self.params.rounds * m**2 * (6e-8 + 2e-10 * d))

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None) -> MMDLS:
        """Find each class's scale and place. Raises `UserError` without ``ys`` and for tables that do not fit."""
        import torch

        Xs, Xt = feature_pair(Xs, Xt)
        ys = labels(ys, self.title)
        order = in_order(Xs)
        Xs, Xt, own = Xs[order], Xt[in_order(Xt)], np.unique(ys[order], return_inverse=True)[1]
        means = np.stack([Xs[own == c].mean(axis=0) for c in range(own.max() + 1)])
        sigma = self.params.bandwidth * median_distance(Xs, Xt)
        rows_s, rows_t = (evenly_spaced(len(X), self.params.exact_up_to) for X in (Xs, Xt))
        offset, centre, target, which = (
            torch.tensor(M)
            for M in (
                (Xs - means[own])[rows_s] / sigma,
                (means[own] - Xt.mean(axis=0))[rows_s] / sigma,
                (Xt - Xt.mean(axis=0))[rows_t] / sigma,
                own[rows_s],
            )
        )

        of_target = similarity(target, target)

        def objective(wb: Tensor) -> Tensor:
            w, b = wb[0][which], wb[1][which]
            change = ((w - 1) ** 2 + b**2).sum() / len(which)
            left = discrepancy(centre + w * offset + b, target, of_target)
            value: Tensor = left + self.params.regularisation * change
            return value

        self._fitted = Xs
        wb = minimise(objective, self._starts(Xs, Xt, means, sigma), self.params.rounds)
        moved = means[own] + wb[0][own] * (Xs - means[own]) + sigma * wb[1][own]
        self._scale, self._offset = wb[0][own], moved - wb[0][own] * Xs
        return self

    def _starts(self, Xs: Rows, Xt: Rows, means: Rows, sigma: float) -> list[Rows]:
        """List where the descents begin, each (2, c, D): the scales, and the places in units of σ."""
        deviation = Xs.std(axis=0)
        scale = np.where(deviation > 1e-12 * np.abs(Xs).max(), Xt.std(axis=0) / np.where(deviation, deviation, 1), 1)
        starts = [np.stack([np.ones_like(means), 0 * means])]
        for w in (scale, -scale) if self.params.turned else (scale,):
            places = Xt.mean(axis=0) + w * (means - Xs.mean(axis=0)) - means
            starts.append(np.stack([w + 0 * means, places / sigma]))
        return starts

    def map_source(self, Xs: Rows) -> Rows:
        """Move each sample as the nearest fitted sample does; a fitted one is its own nearest."""
        Xs = rows(Xs, "source")
        at = nearest(Xs, self._fitted)
        mapped: Rows = self._scale[at] * Xs + self._offset[at]
        return mapped


def discrepancy(X: Tensor, Y: Tensor, of_Y: Tensor) -> Tensor:
    """Measure the squared MMD of X (n, d) and Y (m, d), whose own similarity is ``of_Y``.

    >>> X = torch.zeros(2, 3)
    >>> discrepancy(X, X, similarity(X, X))
    tensor(0.)
    """
    return similarity(X, X) + of_Y - 2 * similarity(X, Y)


def similarity(A: Tensor, B: Tensor) -> Tensor:
    """Average the Gaussian kernel of width 1 over all pairs of A (n, d) and B (m, d).

    >>> similarity(torch.zeros(2, 3), torch.zeros(4, 3))
    tensor(1.)
    """
    squared = (A * A).sum(1)[:, None] + (B * B).sum(1) - 2 * A @ B.T
    return squared.mul(-0.5).exp().mean()
