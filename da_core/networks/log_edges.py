from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from da_core.networks.extractor import Samples
from da_core.networks.orientations import EdgeHistograms, gradients
from da_core.networks.pixels import BRIGHTNESS
from da_core.params import hyper


class LogEdges(EdgeHistograms):
    """Directions of the edges of the logarithm of brightness: an input that light cannot change.

    Brightness is light times reflectance, B = E · R (Land and McCann 1971). Its logarithm is a sum, and where the light
    E changes slowly over the picture, the gradient of the sum is that of log R alone: it tells what is there, and not
    how it is lit. The edges' strengths are averaged by direction over cells and evened out among neighbouring cells, as
    in `HOG`, so that a lamp's edge counts no more than a wall's.

    Real nights want such an input. On ten webcams by day and by night, a network that learns from colours takes most
    places for others at night, however long it is trained, and no alignment of what it has learned gets more than half
    of them right; with these features, or with `HOG`, a head that was fitted on the day alone gets eight in ten.

    It fails where brightness itself tells the class, and where a night is so dark that a camera shows only its noise:
    values below ``darkest`` count as that.
    """

    name = "log_edges"
    title = "Log edges"
    summary = (
        "Edges of the logarithm of brightness, for real nights: light hardly changes them. Only the head is trained."
    )
    takes = frozenset({"pictures"})

    least = 0.01  # a block whose brightness changes by less than about one per cent a pixel is even

    class Params(EdgeHistograms.Params):
        darkest: float = hyper(2.0, ge=1, le=64, log=True, title="Darkest level")
        """Brightness, of 255, below which everything counts as equally dark: there a camera records only noise."""

    params: Params

    def gradients(self, X: Samples) -> tuple[Tensor, Tensor]:
        brightness = torch.from_numpy(X.astype(np.float32) @ BRIGHTNESS)[:, None]
        down, right = gradients(brightness.clamp(min=self.params.darkest).log())
        return down[:, 0], right[:, 0]
