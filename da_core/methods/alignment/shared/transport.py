"""Share parts of the optimal-transport methods: the cost, the barycentric map, anchors above a size, and Sinkhorn."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from da_core.methods.alignment.shared.landmarks import cluster, in_order, nearest, squared_distances
from da_core.methods.base import FeatureAlignment, Labels, Rows
from da_core.methods.checks import feature_pair, rows
from da_core.params import Params, hyper

TOLERANCE = 1e-6
"""Sinkhorn stops when less than this share of the mass is missing from the plan's rows."""
MOST_ROUNDS = 1000
"""Of Sinkhorn at the last ε. Where a small ε needs more, the plan's columns are still right in the order of 1e-3."""
ABSORB = 1e100
"""Scalings larger than this, or smaller than its inverse, go into the potentials, which live in log space."""


def exact_up_to(default: int) -> Any:
    """Declare the hyperparameter that says up to which size no anchors are taken."""
    help = "Up to this size of the larger domain every sample is transported; above it, cluster centres are."
    return hyper(default, ge=0, le=20000, step=100, title="Exact transport up to", help=help)


ANCHORS = hyper(
    1000,
    ge=10,
    le=5000,
    step=10,
    title="Anchors",
    help=(
        "Number of k-means centres that represent each domain above that size; each sample moves with its nearest "
        "centre."
    ),
)
EPSILON = hyper(
    0.05,
    ge=1e-3,
    le=10,
    log=True,
    symbol="ε",
    title="Entropy",
    help=(
        "Smoothing of the plan, in units of the median squared distance; smaller values are closer to exact transport."
    ),
)


class TransportParams(Params):
    """Hyperparameters of every transport."""

    exact_up_to: int = exact_up_to(2000)
    anchors: int = ANCHORS


class Transport(FeatureAlignment, abstract=True):
    """Moves each source sample by the barycentric map of a plan between the domains; the target stays where it is."""

    Params: ClassVar[type[Params]] = TransportParams
    params: TransportParams
    costly = "exact_up_to"
    pair_seconds: float
    """What the plan takes, for each pair of a source and a target sample."""

    def plan(self, a: Rows, b: Rows, cost: Rows, ys: Labels | None) -> Rows:
        """Solve for how much mass goes where (n_s, n_t): rows sum to ``a``, columns to ``b``. ``cost`` has median 1."""
        raise NotImplementedError

    def seconds(self, n_s: int, n_t: int, d: int) -> float:
        if max(n_s, n_t) <= self.params.exact_up_to:
            return self.pair_seconds * n_s * n_t
        m = self.params.anchors
        return float(self.pair_seconds * m**2 + 1.2e-10 * (n_s + n_t) * m * d)

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None) -> Transport:
        """Find the plan from source (n_s, d) to target (n_t, d). Raises `UserError` for tables that do not fit."""
        Xs, Xt = feature_pair(Xs, Xt)
        if max(len(Xs), len(Xt)) > self.params.exact_up_to:
            source, a, ys = cluster(Xs, self.params.anchors, ys)
            target, b, _ = cluster(Xt, self.params.anchors)
            s = t = None
        else:
            # the same problem for any order of the samples, also where it has more than one solution
            s, t = in_order(Xs), in_order(Xt)
            source, target, ys = Xs[s], Xt[t], None if ys is None else ys[s]
            a, b = np.full(len(Xs), 1 / len(Xs)), np.full(len(Xt), 1 / len(Xt))
        plan = self.plan(a, b, in_medians(squared_costs(source, target)), ys)
        if s is not None and t is not None:
            self.coupling = np.empty_like(plan)
            self.coupling[np.ix_(s, t)] = plan
        self._fitted = source
        self._displacement = plan @ target / plan.sum(axis=1)[:, None] - source
        return self

    def map_source(self, Xs: Rows) -> Rows:
        """Move each sample as the nearest fitted sample (or anchor) does; a fitted one is its own nearest."""
        Xs = rows(Xs, "source")
        mapped: Rows = Xs + self._displacement[nearest(Xs, self._fitted)]
        return mapped


def cheapest_plan(a: Rows, b: Rows, cost: Rows) -> Rows:
    """Solve for the plan (n_s, n_t) of least cost with row sums a and column sums b, by POT's network simplex.

    >>> half = np.full(2, 0.5)
    >>> cheapest_plan(half, half, np.array([[0.0, 1.0], [1.0, 0.0]]))
    array([[0.5, 0. ],
           [0. , 0.5]])
    """
    import ot

    # the solver stops after this many pivots; what large problems need grows with their size
    plan: Rows = ot.emd(a, b, cost, numItermax=max(1_000_000, 1000 * sum(cost.shape)))
    return plan


def squared_costs(source: Rows, target: Rows) -> Rows:
    """Compute ‖x_s,i − x_t,j‖² (n_s, n_t).

    >>> squared_costs(np.array([[0.0]]), np.array([[3.0]]))
    array([[9.]])
    """
    centre = target.mean(axis=0)
    return squared_distances(source - centre, target - centre)


def in_medians(cost: Rows) -> Rows:
    """Divide costs by their median, unless it is 0.

    >>> in_medians(np.array([[1.0, 2.0, 4.0]]))
    array([[0.5, 1. , 2. ]])
    """
    median = np.median(cost)
    return cost / median if median > 0 else cost


def sinkhorn(
    a: Rows, b: Rows, cost: Rows, epsilon: float, f: Rows | None = None, most: int = MOST_ROUNDS
) -> tuple[Rows, Rows]:
    """Find the plan γ that minimises ⟨γ, cost⟩ + ε Σ γ log γ with row sums a and column sums b (Cuturi 2013), and f.

    γ_ij = exp((f_i + g_j − cost_ij) / ε). ε comes down in steps from the costs' own size, each starting from the
    potentials that the last one found; or starts where it is wanted, from the potentials f of a problem like this one.

    >>> half = np.full(2, 0.5)
    >>> sinkhorn(half, half, np.array([[0.0, 1.0], [1.0, 0.0]]), epsilon=0.01)[0].round(3)
    array([[0.5, 0. ],
           [0. , 0.5]])
    """
    now = max(epsilon, float(np.median(cost))) if f is None else epsilon
    g = (cost - (0 if f is None else f[:, None])).min(axis=0)
    f = (cost - g).min(axis=1)  # now each row and each column has an entry that is exp(0)
    while now > epsilon:
        _, f, g = scaled(a, b, cost, now, f, g, 20)
        now = max(epsilon, now / 4)
    plan, f, _ = scaled(a, b, cost, epsilon, f, g, most)
    return plan, f


def scaled(a: Rows, b: Rows, cost: Rows, epsilon: float, f: Rows, g: Rows, most: int) -> tuple[Rows, Rows, Rows]:
    """Run at most ``most`` of Sinkhorn's rounds at one ε from the potentials f and g: the plan and the new potentials.

    Columns and rows are scaled in turn to their sums until both hold; the
    scalings u, v go into the potentials before they overflow (Schmitzer 2019), so that small ε is as safe as in log
    space and a round costs two matrix-vector products.
    """

    def kernel() -> Rows:
        K = f[:, None] + g - cost
        K /= epsilon
        return np.exp(K, out=K)

    K, u, v = kernel(), np.ones(len(a)), np.ones(len(b))
    for at in range(most):
        v = b / _above_zero(u @ K)
        sums = K @ v
        if at % 10 == 9 and np.abs(u * sums - a).sum() < TOLERANCE * a.sum():
            break
        u = a / _above_zero(sums)
        if max(u.max(), v.max()) > ABSORB or min(u.min(), v.min()) < 1 / ABSORB:
            f, g = f + epsilon * np.log(u), g + epsilon * np.log(v)
            K, u, v = kernel(), np.ones(len(a)), np.ones(len(b))
    f, g = f + epsilon * np.log(u), g + epsilon * np.log(v)
    K *= u[:, None]
    K *= v
    return K, f, g


def _above_zero(sums: Rows) -> Rows:
    return np.maximum(sums, np.finfo(np.float64).tiny)
