from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from da_core import params
from da_core.methods.alignment.shared.adversarial import ramp, steepness
from da_core.methods.base import Batch, DeepAlignment, Turn, loss_weight
from da_core.params import hyper


class MCD(DeepAlignment):
    r"""Maximum classifier discrepancy (Saito et al. 2018).

    Two heads F₁ and F₂ agree on the source, where they learn from labels. Target samples far from the source are those
    on which they can disagree. Each step makes three moves (steps A, B and C of section 3.3):

        A  extractor, F₁, F₂ minimise    L_y(F₁) + L_y(F₂)
        B  F₁, F₂ minimise               L_y(F₁) + L_y(F₂) − λ · d(F₁(x_t), F₂(x_t))
        C  extractor minimises           λ · d(F₁(x_t), F₂(x_t)),       n times

        d(p₁, p₂) = mean over classes of |p₁ − p₂|,   p = softmax of the logits

    B finds the target samples outside the source's support, and C moves their features inside it, on the right side
    of the classes' boundaries: no domain classifier that looks away from classes is needed. F₁ is the network's head.

    In the paper λ = 1. But the easiest way to end a dispute is to call everything the same, and Adam, which evens out
    the size of gradients, takes full steps towards that even where hardly anything is in dispute. So here λ is small
    and grows from 0 as in DANN, and unless told otherwise the source's losses stay in C.

    It fails where both heads are wrong in the same way: what they agree on is left alone. One step costs n + 1 passes
    through the network.
    """

    title = "MCD"
    summary = (
        "Two classifiers seek target samples on which they disagree; the features learn to remove the disagreement."
    )
    paper = "Saito, Watanabe, Ushiku and Harada 2018, Maximum Classifier Discrepancy, CVPR"
    link = "https://arxiv.org/abs/1712.02560"
    keywords = ("adversarial",)

    class Params(params.Params):
        weight: float = loss_weight(0.02, le=10, step=0.01, symbol="λ₁")
        """Final value of λ, the weight of the discrepancy. At 0 both heads learn from the source alone."""
        generator_steps: int = hyper(4, ge=1, le=10, step=1, symbol="n", title="Extractor steps per round")
        """Number of updates of the extractor in each step."""
        keep_source: bool = hyper(True, title="Keep the source losses")
        """Adds the source losses to the extractor's steps; the paper, with a trained network, does not."""
        steepness: float = steepness()

    params: Params

    def build(self, feature_dim: int, class_count: int) -> nn.Module:
        self.second = nn.Linear(feature_dim, class_count)
        return self.second

    def turns(self) -> tuple[Turn, ...]:
        return (
            Turn(self.losses),
            Turn(self.dispute, ("head", "own"), with_class=False),
            Turn(self.agree, ("extractor",), times=self.params.generator_steps, with_class=False),
        )

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        return {"second head": cross_entropy(self.second(batch.source_features), batch.source_labels)}

    def dispute(self, batch: Batch) -> dict[str, Tensor]:
        return {"dispute": self.on_source(batch) - self.lam(batch) * self.discrepancy(batch)}

    def agree(self, batch: Batch) -> dict[str, Tensor]:
        kept = self.on_source(batch) if self.params.keep_source else 0.0
        return {"agreement": kept + self.lam(batch) * self.discrepancy(batch)}

    def lam(self, batch: Batch) -> Tensor:
        return self.params.weight * ramp(batch.progress, self.params.steepness)  # type: ignore[no-any-return]

    def on_source(self, batch: Batch) -> Tensor:
        first = cross_entropy(batch.source_logits, batch.source_labels)
        return first + cross_entropy(self.second(batch.source_features), batch.source_labels)

    def discrepancy(self, batch: Batch) -> Tensor:
        first, second = batch.target_logits.softmax(1), self.second(batch.target_features).softmax(1)
        gap: Tensor = (first - second).abs().mean()
        return gap
