"""What the optimal-transport methods share: the cost, the barycentric map, anchors above a size, and Sinkhorn."""

from __future__ import annotations

import numpy as np

from da_core.methods.alignment.landmarks import cluster, in_order, nearest, squared_distances
from da_core.methods.base import FeatureAlignment, Labels, Rows
from da_core.methods.checks import feature_pair, rows
from da_core.params import hyper

TOLERANCE = 1e-9
"""Sinkhorn stops when the plan's rows miss their sums by less than this in all."""
MOST_ITERATIONS = 2000
"""Of Sinkhorn at the last ε; what is missing then is mass in the order of the last error, not a wrong map."""
ABSORB = 1e100
"""Scalings larger than this, or smaller than its inverse, go into the potentials, which live in log space."""

EXACT_UP_TO = hyper(
    2000,
    ge=0,
    le=20000,
    step=100,
    title="Every sample up to",
    help="Samples of the larger domain up to which each one is transported by itself; above, anchors are.",
)
ANCHORS = hyper(
    1000,
    ge=10,
    le=5000,
    step=10,
    title="Anchors",
    help="Centres of k-means that stand for each domain above that size; a sample moves as its nearest anchor does.",
)
EPSILON = hyper(
    0.05,
    ge=1e-3,
    le=10,
    log=True,
    symbol="ε",
    title="Entropy",
    help="How blurred the plan is, in units of the median squared distance; small is close to exact transport.",
)


class Transport(FeatureAlignment):
    """Moves each source sample by the barycentric map of a plan between the domains; the target stays where it is."""

    def plan(self, a: Rows, b: Rows, cost: Rows, ys: Labels | None) -> Rows:
        """(n_s, n_t) how much mass goes where: rows sum to ``a``, columns to ``b``. ``cost`` has median 1."""
        raise NotImplementedError

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None) -> Transport:
        """Find the plan from source (n_s, d) to target (n_t, d). Raises `UserError` for tables that do not fit."""
        Xs, Xt = feature_pair(Xs, Xt)
        if max(len(Xs), len(Xt)) > self.params.exact_up_to:
            source, a, ys = cluster(Xs, self.params.anchors, ys)
            target, b, _ = cluster(Xt, self.params.anchors)
        else:
            # the same problem for any order of the samples, also where it has more than one solution
            s, t = in_order(Xs), in_order(Xt)
            source, target, ys = Xs[s], Xt[t], None if ys is None else ys[s]
            a, b = np.full(len(Xs), 1 / len(Xs)), np.full(len(Xt), 1 / len(Xt))
        centre = target.mean(axis=0)
        cost = squared_distances(source - centre, target - centre)
        median = np.median(cost)
        plan = self.plan(a, b, cost / median if median > 0 else cost, ys)
        self._fitted = source
        self._displacement = plan @ target / plan.sum(axis=1)[:, None] - source
        return self

    def map_source(self, Xs: Rows) -> Rows:
        """Each sample moves as the nearest fitted sample (or anchor) does; a fitted one is its own nearest."""
        Xs = rows(Xs, "source")
        mapped: Rows = Xs + self._displacement[nearest(Xs, self._fitted)]
        return mapped

    def map_target(self, Xt: Rows) -> Rows:
        return rows(Xt, "target")


def sinkhorn(a: Rows, b: Rows, cost: Rows, epsilon: float) -> Rows:
    """The plan γ that minimises ⟨γ, cost⟩ + ε Σ γ log γ with row sums a and column sums b (Cuturi 2013).

    γ_ij = exp((f_i + g_j − cost_ij) / ε). Rows and columns are scaled in turn to their sums until both hold; the
    scalings u, v are absorbed into the potentials f, g before they overflow (Schmitzer 2019), so that small ε is as
    safe as in log space and a round costs two matrix-vector products. ε comes down in steps, each starting from the
    potentials of the one before.
    """
    f = cost.min(axis=1)
    g = (cost - f[:, None]).min(axis=0)  # now each row and each column has an entry that is exp(0)
    now = max(epsilon, float(np.median(cost)))
    while True:
        last = now <= epsilon
        f, g, plan = _scaled(a, b, cost, now, f, g, MOST_ITERATIONS if last else 20, TOLERANCE if last else 1e-3)
        if last:
            return plan
        now = max(epsilon, now / 4)


def _scaled(
    a: Rows, b: Rows, cost: Rows, epsilon: float, f: Rows, g: Rows, most: int, tolerance: float
) -> tuple[Rows, Rows, Rows]:
    """Sinkhorn's rounds at one ε from the potentials f, g: the new potentials and the plan."""

    def kernel() -> Rows:
        K = f[:, None] + g - cost
        K /= epsilon
        return np.exp(K, out=K)

    K, u, v = kernel(), np.ones(len(a)), np.ones(len(b))
    for at in range(most):
        v = b / _above_zero(u @ K)
        sums = K @ v
        if at % 10 == 9 and np.abs(u * sums - a).sum() < tolerance:
            break
        u = a / _above_zero(sums)
        if max(u.max(), v.max()) > ABSORB or min(u.min(), v.min()) < 1 / ABSORB:
            f, g = f + epsilon * np.log(u), g + epsilon * np.log(v)
            K, u, v = kernel(), np.ones(len(a)), np.ones(len(b))
    f, g = f + epsilon * np.log(u), g + epsilon * np.log(v)
    K *= u[:, None]
    K *= v
    return f, g, K


def _above_zero(sums: Rows) -> Rows:
    return np.maximum(sums, np.finfo(np.float64).tiny)
