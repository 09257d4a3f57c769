from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from da_core import params
from da_core.methods.alignment.shared.adversarial import ramp, reverse_gradient, steepness
from da_core.methods.base import Batch, DeepAlignment, Turn, loss_weight
from da_core.params import hyper


class MDD(DeepAlignment):
    r"""Margin disparity discrepancy (Zhang et al. 2019).

    An adversary f′, a second classifier on the same features, tries to agree with the head h on source and to disagree
    on target. Where it can do both, the domains differ in a way that matters to this classifier; the features learn to
    make that impossible:

        f′ minimises      D = γ · mean_s[ −log σ_y(f′(x_s)) ] + mean_t[ −log(1 − σ_y(f′(x_t))) ]
        features minimise L_y(h(x_s), y_s) − λ · D,       y = argmax h(x),   σ = softmax

    The paper's theory bounds the target error by the source's margin error plus this disparity; ln γ is the margin.
    h learns from source labels alone, and λ grows as in DANN. In the paper the gradient is reversed on its way from f′
    to the features, so that the game is one step (``game="reversal"``). An f′ that moves no faster than the features
    needs twice the epochs that other methods do. So by default it moves ``moves`` times a step, in turns of its own, as
    WDGRL's critic does.

    It fails where h is wrong on much of the target: agreeing with it is then no virtue. Like all games it can swing; a
    smaller weight steadies it.
    """

    title = "MDD"
    summary = (
        "An adversary learns to disagree with the classifier on the target only; the features learn to prevent it."
    )
    paper = "Zhang, Liu, Long and Jordan 2019, Bridging Theory and Algorithm for Domain Adaptation, ICML"
    link = "https://arxiv.org/abs/1904.05801"
    keywords = ("adversarial",)

    class Params(params.Params):
        weight: float = loss_weight(0.1, le=10, step=0.01, symbol="λ₁")
        """Final value of λ, the strength of the game; the paper uses 0.1. 0 is source only."""
        game: Literal["steady", "reversal"] = hyper("steady", title="Game")
        """Steady: the adversary takes separate steps. Reversal: the paper's single joint step; it needs a smaller
        weight, such as 0.02, and twice the epochs."""
        moves: int = hyper(3, ge=1, le=20, step=1, title="Adversary steps per round")
        """Number of updates of the adversary in each step."""
        margin: float = hyper(4.0, ge=1, le=20, step=0.5, symbol="γ", title="Margin factor")
        """The margin is ln γ; the paper uses γ = 4."""
        hidden: int = hyper(100, ge=8, le=1024, step=4, title="Hidden units")
        """Size of the adversary's hidden layer."""
        steepness: float = steepness(symbol="")

    params: Params

    def build(self, feature_dim: int, class_count: int) -> nn.Module:
        hidden = self.params.hidden
        self.adversary = nn.Sequential(nn.Linear(feature_dim, hidden), nn.ReLU(), nn.Linear(hidden, class_count))
        return self.adversary

    def turns(self) -> tuple[Turn, ...]:
        if self.params.game == "reversal":
            return (Turn(self.losses),)
        return (
            Turn(self.adversary_losses, ("own",), times=self.params.moves, with_class=False),
            Turn(self.feature_losses, ("extractor", "head")),
        )

    def adversary_losses(self, batch: Batch) -> dict[str, Tensor]:
        """Compute D, which f′ minimises in its own turns."""
        return {"disparity": self.disparity(batch, batch.source_features, batch.target_features)}

    def feature_losses(self, batch: Batch) -> dict[str, Tensor]:
        """Compute −λ D, which the features minimise in their turn."""
        lam = self.params.weight * ramp(batch.progress, self.params.steepness)
        return {"fooling": -lam * self.disparity(batch, batch.source_features, batch.target_features)}

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        lam = self.params.weight * ramp(batch.progress, self.params.steepness)
        Fs, Ft = (reverse_gradient(F, lam) for F in (batch.source_features, batch.target_features))
        return {"disparity": self.disparity(batch, Fs, Ft)}

    def disparity(self, batch: Batch, Fs: Tensor, Ft: Tensor) -> Tensor:
        """Compute D of features Fs and Ft (b, d) whose classes by the head are those of the batch."""
        agree = cross_entropy(self.adversary(Fs), batch.source_logits.argmax(1))
        disagree = -log_of_rest(self.adversary(Ft), batch.target_logits.argmax(1)).mean()
        disparity: Tensor = self.params.margin * agree + disagree
        return disparity


def log_of_rest(logits: Tensor, y: Tensor) -> Tensor:
    """Compute log(1 − σ_y) (n,) of logits (n, c) and classes y (n,): the log-probability of all classes but y.

    >>> log_of_rest(torch.zeros(1, 2), torch.tensor([0]))
    tensor([-0.6931])
    """
    rest = logits.scatter(1, y.unsqueeze(1), float("-inf"))
    return torch.logsumexp(rest, 1) - torch.logsumexp(logits, 1)
