from __future__ import annotations

from da_core.methods.reweighting.ulsif import ULSIF
from da_core.params import hyper


class RuLSIF(ULSIF):
    r"""Relative unconstrained least-squares importance fitting (Yamada, Suzuki, Kanamori, Hachiya and Sugiyama 2011).

    A density ratio has no upper bound, and where it is large it is hardly to be estimated. The relative ratio puts a
    share α of the target into the denominator; it is never above 1/α and much smoother:

        w_α(x) = p_t(x) / (α p_t(x) + (1 − α) p_s(x)) = Σ_l θ_l exp(−‖x − c_l‖² / 2σ²)
        θ = max(0, (Ĥ + λI)⁻¹ ĥ),    Ĥ = α/n_t Σ_j φ(x_j^t) φ(x_j^t)ᵀ + (1 − α)/n_s Σ_i φ(x_i^s) φ(x_i^s)ᵀ

    with ĥ, σ and λ as in uLSIF; α = 0 is uLSIF. Leaving out one source and one target sample changes Ĥ by a matrix of
    rank two.

    The price is a bias that does not go away with more samples: the weighted source stands for something between source
    and target, the nearer to the source the larger α is. It fails where the target needs weights far above 1/α.

    Cost: O((n_s + n_t) · centres · (d + centres)).
    """

    title = "RuLSIF"
    summary = "Fits a smoothed density ratio that cannot exceed 1/α, by least squares in closed form."
    paper = (
        "Yamada, Suzuki, Kanamori, Hachiya and Sugiyama 2011, Relative Density-Ratio Estimation for Robust "
        "Distribution Comparison, NeurIPS"
    )
    link = "https://arxiv.org/abs/1106.4729"
    keywords = ("density ratio",)

    class Params(ULSIF.Params):
        alpha: float = hyper(0.1, ge=0, le=0.95, step=0.05, symbol="α", title="Target share α")
        """Larger values smooth the ratio, which cannot exceed 1/α; 0 is the plain density ratio."""

    params: Params

    @property
    def alpha(self) -> float:  # type: ignore[override]
        share: float = self.params.alpha
        return share
