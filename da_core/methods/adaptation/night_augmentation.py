from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from da_core import params
from da_core.data.synthesis.colour import Array, Pictures
from da_core.data.synthesis.night import night_pictures
from da_core.data.synthesis.night_conditions import NIGHTS, NightName
from da_core.data.synthesis.sky_mask import estimate_sky
from da_core.methods.adaptation.shared.epochs import LEARNING_RATE, Means, batches, descend, require_pictures
from da_core.methods.base import AdaptationData, ModelAdaptation
from da_core.networks.extractor import Network
from da_core.params import hyper


class NightAugmentation(ModelAdaptation):
    r"""Night augmentation: the network goes on training on pictures and on what a camera would make of them at night.

        min over θ    mean over source of  L_y(g(f(T(x_s))), y_s) ,    T = night model with chance ρ, else identity

    Nothing of the target is looked at, neither its labels nor its pictures: what is known of it is physics. A guessed
    sky is put out, ambient light and lamps fall on the rest, lamps glow, and a camera exposes and adds its noise
    (`da_core.data.synthesis.night` has the steps and their sources). Every epoch draws new nights. Trained so, the
    features cannot rest on brightness and colour, which the night changes, and keep what it leaves. The paper makes
    nights in the same way, by dimming, relighting and noise in raw light, to train a camera's own processing; here a
    classifier is trained. Batch norm keeps the statistics of day and night together.

    It fails where the shift is no night, where night shows what no day picture holds (headlights, lit signs), and
    where the sky cannot be guessed: one that stays as bright as by day makes no night.
    """

    title = "Night augmentation"
    summary = "Trains on source pictures and simulated night versions of them; it never sees the target. Pictures only."
    paper = "Punnappurath et al. 2022, Day-to-Night Image Synthesis for Training Nighttime Neural ISPs, CVPR"
    link = "https://arxiv.org/abs/2206.02715"
    start_here = True

    class Params(params.Params):
        night: NightName = hyper("hard", title="Night", help="Kind of night; “darkened” only reduces the light.")
        share: float = hyper(0.5, ge=0, le=1, step=0.05, symbol="ρ", title="Share of nights")
        """Probability that a picture is turned into a night picture."""
        epochs: int = hyper(20, ge=1, le=200, step=1, title="Epochs")
        """Passes over the source; each pass creates new nights."""
        learning_rate: float = LEARNING_RATE
        batch_size: int = hyper(32, ge=4, le=1024, title="Batch size", help="Source pictures in each step.")

    params: Params

    def check(self, network: Network, data: AdaptationData) -> None:
        require_pictures(data, self.title)

    def adapt(self, network: Network, data: AdaptationData) -> Iterator[dict[str, float]]:
        self.check(network, data)
        chosen = self.params
        optimizer = torch.optim.Adam(network.parameters(), lr=chosen.learning_rate)
        generator, rng = torch.Generator().manual_seed(self.seed), np.random.default_rng(self.seed)
        day = np.ascontiguousarray(data.Xs.permute(0, 2, 3, 1).cpu().numpy())
        open_sky = estimate_sky(day)
        for _ in range(chosen.epochs):
            seen = data.Xs if chosen.share == 0 else self._mixed(day, open_sky, rng).to(data.Xs.device)
            network.train()
            means = Means()
            for rows in batches(seen, chosen.batch_size, generator, data.least_steps):
                descend(network, optimizer, means.add({"class": cross_entropy(network(seen[rows]), data.ys[rows])}))
            network.eval()
            yield means.read()

    def _mixed(self, day: Pictures, open_sky: Array, rng: np.random.Generator) -> Tensor:
        """The pictures (n, h, w, 3), some of them by night: (n, 3, h, w)."""
        night = night_pictures(day, rng, NIGHTS[self.params.night], open_sky)
        by_night = rng.random((len(day), 1, 1, 1)) < self.params.share
        return torch.from_numpy(np.where(by_night, night, day)).permute(0, 3, 1, 2)
