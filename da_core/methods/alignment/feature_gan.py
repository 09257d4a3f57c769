from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from da_core import params
from da_core.errors import UserError
from da_core.methods.alignment.shared.adversarial import answer_and_slope
from da_core.methods.alignment.shared.landmarks import in_order
from da_core.methods.alignment.shared.subspaces import scaling
from da_core.methods.base import FeatureAlignment, Labels, Rows
from da_core.methods.checks import feature_pair, rows
from da_core.params import hyper

BATCH = 128
BETAS = (0.5, 0.99)
"""Adam's: less momentum than usual, since two players that move against each other otherwise circle."""
AVERAGE = 0.99
"""How much of the averaged generator stays at each step; the average is what maps."""


class FeatureGAN(FeatureAlignment):
    r"""A generative adversarial network on features (Goodfellow et al. 2014; on features, Tzeng et al. 2017).

    A generator G maps target features to source-like ones, while a discriminator D learns to tell them from real
    source features:

        D: min E[−log σ(D(x_s))] + E[−log(1 − σ(D(G(x_t))))] + γ E[‖∇D(x)‖²]
        G: min E[−log σ(D(G(x_t)))]

    Both take steps in turn, on small batches. The last term keeps D smooth, at source and generated features alike;
    without it the players circle for ever instead of meeting (Mescheder, Geiger and Nowozin 2018). The generator is
    G(x) = x A + b + h(x), h a small network with one hidden layer, and starts as the identity: classes that already
    lie right have no reason to move. What maps in the end is G's running average over the steps.
    Each domain is standardised by its own mean and deviation first, and what G makes gets the source's: at step 0 the
    map matches these two, and the players see to the rest. The source stays where it is.

    Unlike linear maps it may bend one domain into the other. It fails where class proportions differ (G then moves
    surplus samples of a class among another's), and nothing forbids it to swap classes: a wrong pairing fools D just
    as well. With few samples D knows them by heart.

    Cost: O(steps · 128 · d (d + width)), whatever the number of samples. The seed draws both players' first weights and
    the batches.
    """

    title = "Feature GAN"
    summary = "A generator learns to make target features look like source features to a discriminator."
    paper = "Goodfellow et al. 2014, Generative Adversarial Nets, NeurIPS; Tzeng et al. 2017, ADDA, CVPR"
    draws = True
    link = "https://arxiv.org/abs/1406.2661"
    keywords = ("adversarial",)

    costly = "steps"

    class Params(params.Params):
        width: int = hyper(64, ge=8, le=1024, step=8, title="Hidden units")
        """Size of the hidden layers of both networks."""
        steps: int = hyper(400, ge=0, le=20000, step=50, title="Steps", help="Number of updates of each network.")
        learning_rate: float = hyper(1e-3, ge=1e-6, le=1, log=True, title="Learning rate")
        """Adam's step size for both networks."""
        smoothness: float = hyper(5.0, ge=0, le=1000, log=True, symbol="γ", title="Gradient penalty")
        """Required smoothness of the discriminator; larger values are more stable but slower."""

    params: Params

    def seconds(self, n_s: int, n_t: int, d: int) -> float:
        return float(self.params.steps * (2e-3 + 2e-5 * d))

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None) -> FeatureGAN:
        """Train both players on source (n_s, d) and target (n_t, d).

        Raises `UserError` for tables that do not fit, and if the training diverges.
        """
        Xs, Xt = feature_pair(Xs, Xt)
        Xs, Xt = Xs[in_order(Xs)], Xt[in_order(Xt)]  # batches are then the same for any order of the samples
        self._source, self._target = scaling(Xs, True), scaling(Xt, True)
        source, target = (
            torch.tensor(scale(X), dtype=torch.float32) for scale, X in ((self._source, Xs), (self._target, Xt))
        )
        self._generator = self._played(source, target)
        if not all(torch.isfinite(p).all() for p in self._generator.parameters()):
            raise UserError(
                "The generator and the discriminator of {of} diverged; choose a smaller “{setting}” on the screen "
                "“{screen}”.",
                of=self.title,
                setting="Learning rate",
                screen="Method",
            )
        return self

    def map_target(self, Xt: Rows) -> Rows:
        X = self._target(rows(Xt, "target"))
        with torch.inference_mode():
            # the change alone goes through the network, so that the identity is exact
            change = self._generator(torch.tensor(X, dtype=torch.float32)).double().numpy()
        mapped: Rows = (X + change) * self._source.deviation + self._source.mean
        return mapped

    def _played(self, source: Tensor, target: Tensor) -> Generator:
        """The averaged generator after all steps."""
        size, width = source.shape[1], self.params.width
        draw = torch.Generator().manual_seed(self.seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            generator, average = Generator(size, width), Generator(size, width)
            discriminator = nn.Sequential(
                nn.Linear(size, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 1)
            )
        average.load_state_dict(generator.state_dict())
        own: list[Tensor] = list(average.parameters())
        current: list[Tensor] = list(generator.parameters())
        rate = self.params.learning_rate
        G = torch.optim.Adam(generator.parameters(), lr=rate, betas=BETAS, fused=True)
        D = torch.optim.Adam(discriminator.parameters(), lr=rate, betas=BETAS, fused=True)
        for _ in range(self.params.steps):
            real = source[torch.randint(len(source), (BATCH,), generator=draw)]
            x = target[torch.randint(len(target), (BATCH,), generator=draw)]
            generated = x + generator(x)

            logits, slope = answer_and_slope(discriminator, torch.cat([real, generated.detach()]))
            penalty = slope.square().sum(1).mean()
            loss = softplus(-logits[:BATCH]).mean() + softplus(logits[BATCH:]).mean()
            D.zero_grad()
            torch.autograd.backward(loss + self.params.smoothness * penalty)
            D.step()

            G.zero_grad()
            torch.autograd.backward(softplus(-discriminator(generated)).mean())
            G.step()
            with torch.no_grad():
                torch._foreach_lerp_(own, current, 1 - AVERAGE)
        return average


class Generator(nn.Module):
    """G(x) − x = x B + b + h(x), zero at the start."""

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.straight = nn.Linear(size, size)
        last = nn.Linear(width, size)
        self.bent = nn.Sequential(nn.Linear(size, width), nn.SiLU(), last)
        for layer in (self.straight, last):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.straight(x) + self.bent(x)
        return change
