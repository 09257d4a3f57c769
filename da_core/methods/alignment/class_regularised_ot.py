from __future__ import annotations

import numpy as np

from da_core.methods.alignment.shared.transport import (
    ANCHORS,
    EPSILON,
    MOST_ROUNDS,
    Transport,
    TransportParams,
    exact_up_to,
    sinkhorn,
)
from da_core.methods.base import Labels, Rows
from da_core.methods.checks import labels
from da_core.params import hyper

ROUNDS = 10
"""Of majorisation: each solves one Sinkhorn problem."""
MOST_BETWEEN = 200
"""Of Sinkhorn's own rounds, in all but the last: the next one starts from where it ended."""
SMOOTH = 1e-3
"""Added to a class's mass under the root, whose slope at 0 is infinite."""


class ClassRegularisedOT(Transport):
    r"""Optimal transport with class regularisation (Courty, Flamary, Tuia and Rakotomamonjy 2017).

    A target sample should receive its mass from source samples of one class only. A penalty on the mass that each
    class c sends to each target sample j, under a square root, makes many small shares dearer than one large one:

        γ = argmin Σ_ij γ_ij c_ij + ε Σ_ij γ_ij log γ_ij + η Σ_j Σ_c (Σ_{i: y_i = c} γ_ij)^½

    over γ with row sums 1/n_s and column sums 1/n_t; c_ij = ‖x_s,i − x_t,j‖² in units of its median. The root is
    concave and is replaced by its tangent at the plan found so far, which only changes the costs: ten rounds of
    Sinkhorn with c_ij + η · ½ (mass of i's class at j + 0.001)^(−½), starting from the plain costs. To make η mean the
    same for any number of samples, masses are counted in units of one target sample's. Then the barycentric map, as in
    optimal transport. This is the paper's ℓ_p–ℓ_1 form (p = ½); its group-lasso form is another.
    Above ``exact_up_to`` samples anchors are transported, and each source anchor stands for samples of one class.

    It fails where class proportions differ (row and column sums still have to hold), and where a class lies nearest to
    another class's target: the penalty then makes the wrong choice certain. It needs source labels.

    Cost: ten times Sinkhorn's, O(n_s n_t) a round; memory n_s n_t · 40 bytes.
    """

    title = "Class-regularised transport"
    summary = "Optimal transport in which each target sample receives mass from source samples of one class."
    paper = "Courty, Flamary, Tuia and Rakotomamonjy 2017, Optimal Transport for Domain Adaptation, IEEE TPAMI 39(9)"
    link = "https://arxiv.org/abs/1507.00504"
    keywords = ("optimal transport",)

    pair_seconds = 3e-6

    class Params(TransportParams):
        epsilon: float = EPSILON
        eta: float = hyper(0.1, ge=0, le=100, log=True, symbol="η", title="Class regularisation")
        """Penalty on a target sample that receives mass from several classes; 0 is Sinkhorn transport."""
        exact_up_to: int = exact_up_to(1000)
        anchors: int = ANCHORS

    params: Params

    def plan(self, a: Rows, b: Rows, cost: Rows, ys: Labels | None) -> Rows:
        classes, own = np.unique(labels(ys, self.title), return_inverse=True)
        member = np.eye(len(classes))[own]  # (n_s, c)
        epsilon, eta = self.params.epsilon, self.params.eta
        plan, f = sinkhorn(a, b, cost, epsilon)
        for at in range(1, ROUNDS if eta > 0 else 1):
            most = MOST_ROUNDS if at == ROUNDS - 1 else MOST_BETWEEN
            received = member.T @ plan / b  # (c, n_t) the share of j's mass that comes from class c
            slope = 0.5 / np.sqrt(received + SMOOTH)
            plan, f = sinkhorn(a, b, cost + eta * slope[own], epsilon, f, most)
        return plan
