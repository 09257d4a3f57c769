from __future__ import annotations

import numpy as np

from da_core.methods.base import Labels, Rows
from da_core.methods.distances import blocks, squared_distances
from da_core.methods.reweighting.shared.class_proportions import ClassMixture


class EnergyDistance(ClassMixture):
    r"""Class proportions by the energy distance (Kawakubo, du Plessis and Sugiyama 2016).

    Under label shift the target is a mixture of the source's classes. Two distributions are equal just where their
    energy distance is 0, so the proportions π are those of the mixture that is nearest to the target by it:

        min_π  2 Σ_y π_y E‖X_y − X_t‖ − Σ_yy' π_y π_y' E‖X_y − X_y'‖ − E‖X_t − X_t'‖,        π ≥ 0,   Σπ = 1

    X_y is a source sample of class y and X_t a target sample; all expectations are means of plain distances. There is
    nothing to tune: no kernel, no width, no density. It is a quadratic programme with one unknown a class, and on
    Σπ = 1 it is convex, so it is solved exactly.

    It fails where the target's classes look different from the source's, where classes lie on top of each other, and
    where features have different units: the distance then hears the loudest only.

    Above ``exact_up_to`` samples a domain, that many random ones stand for all.

    Cost: O(n_s (n_s + n_t) d), n up to ``exact_up_to``.
    """

    title = "Energy distance"
    summary = "Finds the class proportions that bring the source closest to the target in energy distance."
    paper = (
        "Kawakubo, du Plessis and Sugiyama 2016, Computationally Efficient Class-Prior Estimation under Class Balance "
        "Change Using Energy Distance, IEICE Transactions on Information and Systems E99-D"
    )
    link = "https://www.jstage.jst.go.jp/article/transinf/E99.D/1/E99.D_2015EDP7212/_article/-char/en"

    def gram(self, Xs: Rows, ys: Labels, Xt: Rows) -> Rows:
        of_class = [Xs[ys == y] for y in np.unique(ys)]
        A = np.array([[mean_distance(X, Y) for Y in of_class] for X in of_class])
        b = np.array([mean_distance(X, Xt) for X in of_class])
        # on Σπ = 1 the energy distance is πᵀGπ, and this G is positive semidefinite
        G: Rows = b[:, None] + b - A - mean_distance(Xt, Xt)
        return G


def mean_distance(A: Rows, B: Rows) -> float:
    """Mean Euclidean distance between the rows of A and the rows of B.

    >>> mean_distance(np.array([[0.0]]), np.array([[3.0], [5.0]]))
    4.0
    """
    return float(sum(np.sqrt(squared_distances(A[part], B)).sum() for part in blocks(len(A), len(B))) / len(A) / len(B))
