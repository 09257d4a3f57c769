from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from da_core import params
from da_core.methods.alignment.shared.adversarial import critic_moves
from da_core.methods.base import Batch, DeepAlignment, Turn, loss_weight
from da_core.params import hyper


class MutualInformation(DeepAlignment):
    r"""Mutual information minimisation: the features are to tell nothing about the domain they come from.

        network minimises   L_y + λ · Î(f; D),      D = source or target, each with probability ½

    I(f; D) is 0 exactly where both domains have the same features, and at most ln 2 ≈ 0.69 nats, where they are told
    apart with certainty. It is estimated by a small network with one output a domain, t(f, D), which learns first in
    every step, on features held fixed. Since D has only two values, averages over independent pairs (f, D) are exact:

    “CLUB” (Cheng et al. 2020), an upper bound as long as q(D | f) = softmax t(f, ·) is the true conditional:
        t maximises  mean log q(d_i | f_i);       Î = mean [ log q(d_i | f_i) − ½ Σ_d log q(d | f_i) ]

    “MINE” (Belghazi et al. 2018), a lower bound, the Donsker–Varadhan formula:
        t maximises  Î = mean t(f_i, d_i) − log( mean_i ½ Σ_d e^(t(f_i, d)) )

    CLUB's estimate exceeds ln 2 where the domains are far apart: it is a bound, and a loose one there, but its gradient
    does not fade. MINE's fades as DANN's does. The live view shows the estimate in nats beside λÎ, its share of the
    loss.

    It fails when class proportions differ, since features that tell the class then tell the domain, and when t
    lags behind: an estimate of 0 may only mean that t has not learned.
    """

    title = "Mutual information"
    summary = "Estimates how much the features reveal about the domain, in nats, and minimises it."
    paper = "Cheng et al. 2020, CLUB, ICML; Belghazi et al. 2018, Mutual Information Neural Estimation, ICML"
    link = "https://arxiv.org/abs/2006.12013"

    class Params(params.Params):
        weight: float = loss_weight(0.1, le=10, step=0.05)
        """Weight of the mutual information. 0 is source only."""
        bound: Literal["CLUB", "MINE"] = hyper("CLUB", title="Bound")
        """CLUB is an upper bound, MINE a lower bound."""
        critic_steps: int = critic_moves(1)
        hidden: int = hyper(100, ge=8, le=1024, step=4, title="Hidden units")
        """Size of the critic's hidden layer."""

    params: Params

    def build(self, feature_dim: int, class_count: int) -> nn.Module:
        hidden = self.params.hidden
        self.t = nn.Sequential(nn.Linear(feature_dim, hidden), nn.ReLU(), nn.Linear(hidden, 2))
        return self.t

    def turns(self) -> tuple[Turn, ...]:
        return (
            Turn(self.critic_losses, ("own",), times=self.params.critic_steps, with_class=False),
            Turn(self.losses, ("extractor", "head")),
        )

    def critic_losses(self, batch: Batch) -> dict[str, Tensor]:
        if self.params.bound == "MINE":
            return {"critic": -self.estimate(batch)}
        log_q = self.t(torch.cat([batch.source_features, batch.target_features])).log_softmax(1)
        return {"critic": -own_domain(log_q, len(batch.source_features)).mean()}

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        nats = self.estimate(batch)
        return {"information": self.params.weight * nats, "nats": nats.detach()}

    def estimate(self, batch: Batch) -> Tensor:
        """Î(f; D) in nats."""
        t: Tensor = self.t(torch.cat([batch.source_features, batch.target_features]))
        count = len(batch.source_features)
        if self.params.bound == "MINE":
            independent = torch.logsumexp(t, (0, 1)) - math.log(t.numel())
            return own_domain(t, count).mean() - independent
        log_q: Tensor = t.log_softmax(1)
        return (own_domain(log_q, count) - log_q.mean(1)).mean()

    def domain_logits(self, features: Tensor, logits: Tensor) -> Tensor:
        t: Tensor = self.t(features)
        return t[:, 0] - t[:, 1]


def own_domain(values: Tensor, source_count: int) -> Tensor:
    """Pick each sample's value (n,) for its own domain: column 0 for source samples, which come first, else 1.

    >>> own_domain(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), source_count=1)
    tensor([1., 4.])
    """
    return torch.cat([values[:source_count, 0], values[source_count:, 1]])
