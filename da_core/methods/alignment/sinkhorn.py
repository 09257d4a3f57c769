from __future__ import annotations

from da_core.methods.alignment.shared.transport import (
    ANCHORS,
    EPSILON,
    Transport,
    TransportParams,
    exact_up_to,
    sinkhorn,
)
from da_core.methods.base import Labels, Rows


class Sinkhorn(Transport):
    r"""Entropic optimal transport (Cuturi 2013; for domain adaptation Courty et al. 2017).

    As optimal transport, but the plan may not be sharper than an entropy allows:

        γ = argmin Σ_ij γ_ij c_ij + ε Σ_ij γ_ij log γ_ij    over γ with row sums 1/n_s and column sums 1/n_t

    where c_ij = ‖x_s,i − x_t,j‖², in units of its median, so that ε means the same for features of any scale. The plan
    is γ_ij = u_i exp(−c_ij / ε) v_j, found by scaling rows and columns in turn. Each source sample goes to the mean of
    where its mass went, x_s,i → n_s Σ_j γ_ij x_t,j; one that was not fitted moves as the nearest that was.
    A larger ε spreads each sample's mass over more targets: noise is averaged out, and the moved source shrinks towards
    the target's mean. Above ``exact_up_to`` samples, anchors (centres of k-means) are transported instead.

    It fails where class proportions differ, as all transport of whole domains does, and at large ε, where all samples
    end near the same point.

    Cost: O(n_s n_t) for each of some hundred to 2000 rounds, more for smaller ε; memory n_s n_t · 24 bytes; with m
    anchors O(n m d) and the same at size m.
    """

    title = "Sinkhorn transport"
    summary = "Moves source samples onto target samples by a transport plan that an entropy term keeps smooth."
    paper = "Courty, Flamary, Tuia and Rakotomamonjy 2017, Optimal Transport for Domain Adaptation, IEEE TPAMI 39(9)"
    link = "https://arxiv.org/abs/1507.00504"
    keywords = ("optimal transport",)

    pair_seconds = 5e-7

    class Params(TransportParams):
        epsilon: float = EPSILON
        exact_up_to: int = exact_up_to(2000)
        anchors: int = ANCHORS

    params: Params

    def plan(self, a: Rows, b: Rows, cost: Rows, ys: Labels | None) -> Rows:
        return sinkhorn(a, b, cost, self.params.epsilon)[0]
