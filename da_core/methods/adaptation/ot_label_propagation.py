from __future__ import annotations

from typing import Literal

import numpy as np

from da_core import params
from da_core.methods.alignment.shared.landmarks import cluster, nearest
from da_core.methods.alignment.shared.transport import (
    ANCHORS,
    cheapest_plan,
    exact_up_to,
    in_medians,
    sinkhorn,
    squared_costs,
)
from da_core.methods.base import Classifier, ClassifierAdaptation, FixedFeatures, Labels, Rows
from da_core.methods.checks import feature_pair
from da_core.params import hyper


class OTLabelPropagation(ClassifierAdaptation):
    r"""Label propagation along an optimal transport plan (Solomon et al. 2014; Redko et al. 2019).

    The samples stay where they are and the labels travel: along the plan that carries the source's mass onto the
    target's at the least cost, each target sample receives mass of some classes and takes the one it got most of:

        γ = argmin Σ_ij γ_ij c_ij  (+ ε Σ_ij γ_ij log γ_ij)    over γ ≥ 0 with row sums 1/n_s and column sums 1/n_t
        ŷ_j = argmax_c Σ_{i: y_i = c} γ_ij

    Then the head is fitted to the target samples with these labels (Redko et al. 2019, there for several sources).
    c_ij = ‖x_s,i − x_t,j‖², or 1 − cos of the angle between them, in units of its median. ε = 0 is the exact plan, from
    POT's network simplex; above it Sinkhorn's. Above ``exact_up_to`` samples anchors (centres of k-means) send and
    receive, and a target sample has its nearest anchor's label.

    It fails where class proportions differ: mass that one class has too much of carries its label to another class's
    samples. And where a class lies nearer to another class's target.

    Cost: about O(n³) at worst and nearer O(n² log n) in practice, memory n_s n_t · 24 bytes; with m anchors O(n m d)
    and the same at size m; one fit of the head.
    """

    title = "OT label propagation"
    summary = (
        "Transports the source's labels to the target by the cheapest plan and fits the head to the target with them."
    )
    paper = (
        "Redko, Courty, Flamary and Tuia 2019, Optimal Transport for Multi-source Domain Adaptation under Target "
        "Shift, AISTATS"
    )
    link = "https://arxiv.org/abs/1803.04899"

    costly = "exact_up_to"

    class Params(params.Params):
        epsilon: float = hyper(0.0, ge=0, le=10, log=True, symbol="ε", title="Entropy")
        """Smoothing of the plan, in units of the median cost; 0 gives the exact plan, larger values blur it."""
        distance: Literal["squared", "cosine"] = hyper("squared", title="Distance")
        """Cost of transport: the squared distance, or 1 − cosine of the angle."""
        exact_up_to: int = exact_up_to(2000)
        anchors: int = ANCHORS

    params: Params

    def seconds(self, n_s: int, n_t: int, d: int) -> float:
        m = max(n_s, n_t)
        if m <= self.params.exact_up_to:
            return 3e-7 * n_s * n_t
        return float(3e-7 * self.params.anchors**2 + 1.2e-10 * (n_s + n_t) * self.params.anchors * d)

    def adapt_classifier(self, data: FixedFeatures) -> Classifier:
        """Label the target and fit the head to it. Raises `UserError` where all target samples get one label."""
        Xs, Xt = feature_pair(data.Xs, data.Xt)
        return data.fit_head(data.Xt, self.propagate(Xs, data.ys, Xt))

    def propagate(self, Xs: Rows, ys: Labels, Xt: Rows) -> Labels:
        """Label target samples Xt (n_t, d) from source samples Xs (n_s, d) of classes ys (n_s,): (n_t,)."""
        source, a, target, b = Xs, np.full(len(Xs), 1 / len(Xs)), Xt, np.full(len(Xt), 1 / len(Xt))
        few = max(len(Xs), len(Xt)) <= self.params.exact_up_to
        if not few:
            source, a, anchored = cluster(Xs, self.params.anchors, ys)
            target, b, _ = cluster(Xt, self.params.anchors)
            ys = ys if anchored is None else anchored
        cost = self.cost(source, target)
        epsilon = self.params.epsilon
        plan = sinkhorn(a, b, cost, epsilon)[0] if epsilon > 0 else cheapest_plan(a, b, cost)
        self.coupling = plan if few else None
        received = plan.T @ np.eye(ys.max() + 1)[ys]  # (n_t, c)
        labels: Labels = received.argmax(axis=1)
        return labels if few else labels[nearest(Xt, target)]

    def cost(self, source: Rows, target: Rows) -> Rows:
        """Compute what it costs to carry mass from each source to each target row, (n_s, n_t), of median 1."""
        if self.params.distance == "cosine":
            source, target = (
                X / np.maximum(np.linalg.norm(X, axis=1, keepdims=True), 1e-300) for X in (source, target)
            )
            return in_medians(1 - source @ target.T)
        return in_medians(squared_costs(source, target))
