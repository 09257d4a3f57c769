from __future__ import annotations

from da_core.methods.alignment.shared.transport import Transport, cheapest_plan
from da_core.methods.base import Labels, Rows


class OptimalTransport(Transport):
    r"""Exact optimal transport (Courty, Flamary, Tuia and Rakotomamonjy 2017).

    All source samples together are moved onto the target samples so that the mass travels as little as it can:

        γ = argmin Σ_ij γ_ij ‖x_s,i − x_t,j‖²    over γ ≥ 0 with Σ_j γ_ij = 1/n_s, Σ_i γ_ij = 1/n_t

    Each source sample then goes to the mean of where its mass went, the barycentric map, and the classifier is trained
    there:    x_s,i → n_s Σ_j γ_ij x_t,j. The target stays as it is. A sample that was not fitted moves as far and in
    the same direction as the nearest one that was (Ferradans et al. 2014).
    The plan comes from POT's network simplex. Above ``exact_up_to`` samples, anchors (centres of k-means, weighted by
    how many samples they stand for) are transported instead, and each sample moves with its nearest anchor.

    It fails where class proportions differ: every source sample must go somewhere, so that surplus samples of a class
    end among another class's. With few samples or many features the plan follows noise (no blur holds it back).

    Cost: about O(n³) at worst and nearer O(n² log n) in practice, memory n_s n_t · 24 bytes; with m anchors O(n m d)
    and the same at size m.
    """

    title = "Optimal transport"
    summary = "Moves all source samples onto target samples with the least total squared distance."
    paper = "Courty, Flamary, Tuia and Rakotomamonjy 2017, Optimal Transport for Domain Adaptation, IEEE TPAMI 39(9)"
    link = "https://arxiv.org/abs/1507.00504"

    pair_seconds = 3e-7

    def plan(self, a: Rows, b: Rows, cost: Rows, ys: Labels | None) -> Rows:
        return cheapest_plan(a, b, cost)
