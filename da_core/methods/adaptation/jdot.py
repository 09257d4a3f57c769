from __future__ import annotations

import numpy as np

from da_core import params
from da_core.errors import UserError
from da_core.methods.alignment.shared.transport import cheapest_plan, squared_costs
from da_core.methods.base import Classifier, ClassifierAdaptation, FixedFeatures, Rows
from da_core.methods.checks import feature_pair
from da_core.methods.distances import random_order
from da_core.params import hyper

SURE = 1e-6
"""No probability counts as smaller: a class that the head rules out has a finite cost."""
NEGLIGIBLE = 1e-7
"""Share of a target sample below which a label is left out."""


class JDOT(ClassifierAdaptation):
    r"""Joint distribution optimal transport on fixed features (Courty, Flamary, Habrard and Rakotomamonjy 2017).

    The joint distribution of features and labels is transported, not the features alone: a source sample (x_s, y) is
    near a target sample if the features are near and the classifier f, which is being sought, gives it the label y:

        min_{f, γ} Σ_ij γ_ij (α ‖x_s,i − x_t,j‖² + L(y_i, f(x_t,j)))    over γ with row sums 1/n_s, column sums 1/n_t

    Solved in turns (the paper's algorithm 1). With f fixed γ is an exact transport plan for these costs; with γ fixed f
    is the head fitted to the target, each sample with the labels that γ brings it, weighted by their mass. L is the
    cross-entropy −log f_y(x). Distances are divided by the largest one, as in the paper, where α is then 1. The first
    plan goes by the features alone; rounds end early once the labels stay.
    The plan needs every pair of samples: above ``exact_up_to`` samples a domain, that many random ones stand for all.

    It fails where class proportions differ (the plan must still use all of the source), and where the first plan gives
    most of the labels wrongly: f then agrees with them. With heads that do not minimise the cross-entropy the turns may
    go round in circles; the last f is taken.

    Cost: for each round O(n² log n) to O(n³) for the plan and one fit of the head; memory n² · 32 bytes.
    """

    title = "JDOT"
    weights_samples = True
    summary = "Alternates between transporting features with their labels and fitting the head to these labels."
    paper = (
        "Courty, Flamary, Habrard and Rakotomamonjy 2017, Joint Distribution Optimal Transportation for Domain "
        "Adaptation, NeurIPS"
    )
    link = "https://arxiv.org/abs/1705.08848"

    costly = "exact_up_to"

    class Params(params.Params):
        alpha: float = hyper(1.0, ge=1e-3, le=1e4, log=True, symbol="α", title="Weight of the features")
        """Weight of feature distances against label costs: the largest distance counts as much as this
        cross-entropy."""
        rounds: int = hyper(10, ge=1, le=100, step=1, title="Rounds")
        """Number of updates of the plan and the classifier."""
        exact_up_to: int = hyper(2000, ge=100, le=20000, step=100, title="Maximum samples")
        """Maximum samples per domain; larger domains are sampled at random. All pairs take part."""

    params: Params

    def seconds(self, n_s: int, n_t: int, d: int) -> float:
        m = self.params.exact_up_to
        return float(self.params.rounds * 5e-7 * min(n_s, m) * min(n_t, m))

    def adapt_classifier(self, data: FixedFeatures) -> Classifier:
        """Find plan and classifier in turns. Raises `UserError` for a head that cannot weight samples."""
        Xs, Xt = feature_pair(data.Xs, data.Xt)
        s, t = (random_order(X, self.seed)[: self.params.exact_up_to] for X in (Xs, Xt))
        whole = len(s) == len(Xs) and len(t) == len(Xt)
        Xs, Xt, Y = Xs[s], Xt[t], np.eye(data.class_count)[data.ys[s]]
        distances = squared_costs(Xs, Xt)
        distances = self.params.alpha * distances / (distances.max() or 1.0)
        a, b = np.full(len(Xs), 1 / len(Xs)), np.full(len(Xt), 1 / len(Xt))
        plan = cheapest_plan(a, b, distances)
        shares = plan.T @ Y * len(Xt)  # (n_t, c) of each target sample
        head = _fit(data, Xt, shares)
        for _ in range(1, self.params.rounds):
            before = shares
            loss = -Y @ np.log(np.maximum(head.predict_proba(Xt), SURE)).T
            plan = cheapest_plan(a, b, distances + loss)
            shares = plan.T @ Y * len(Xt)
            if np.allclose(shares, before, atol=NEGLIGIBLE):
                break
            head = _fit(data, Xt, shares)
        self.coupling = plan[np.ix_(np.argsort(s), np.argsort(t))] if whole else None
        return head


def _fit(data: FixedFeatures, Xt: Rows, shares: Rows) -> Classifier:
    """Fit the head to target samples (n_t, d), each with every class that it has a share (n_t, c) of."""
    at, labels = np.nonzero(shares > NEGLIGIBLE)
    if len(np.unique(labels)) < 2:
        raise UserError("All training samples are of one class; a classifier needs at least two.")
    return data.fit_head(Xt[at], labels, shares[at, labels])
