from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from da_core.networks.extractor import Samples
from da_core.networks.orientations import EdgeHistograms, gradients
from da_core.params import hyper


class HOG(EdgeHistograms):
    """Histograms of oriented gradients (Dalal and Triggs 2005): which way edges run in each part of a picture.

    At each pixel the channel with the largest gradient counts. Cells here share a picture among them, whatever its
    size; the paper's are of 8 × 8 pixels in a window of 64 × 128, and spread a gradient over neighbouring cells. Blocks
    of 2 × 2 cells are brought to length one, which takes out a light that changes slowly over the picture.

    A brighter lamp multiplies all gradients and leaves this as it is. Light that changes within a block does not:
    `LogEdges` takes that out pixel by pixel.
    """

    name = "hog"
    title = "HOG"
    summary = "Edge directions in each part of the picture, independent of the light. Only the head is trained."
    takes = frozenset({"pictures"})

    least = 1e-3  # of values in [0, 1]; it only keeps an even grey from being divided by 0

    class Params(EdgeHistograms.Params):
        root: bool = hyper(True, title="Square root of light")
        """Takes the square root of each value first, so that bright edges count less."""

    params: Params

    def gradients(self, X: Samples) -> tuple[Tensor, Tensor]:
        values = torch.from_numpy(X.astype(np.float32) / 255).permute(0, 3, 1, 2)
        down, right = gradients(values.sqrt() if self.params.root else values)
        largest = (down.square() + right.square()).argmax(1, keepdim=True)
        return down.gather(1, largest)[:, 0], right.gather(1, largest)[:, 0]
