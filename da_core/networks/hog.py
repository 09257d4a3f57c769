from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from da_core import params
from da_core.networks.extractor import FixedExtractor, Samples
from da_core.networks.orientations import CELLS, DIRECTIONS, gradients, histograms, normalised_blocks
from da_core.params import hyper

_AT_ONCE = 256
_LEAST = 1e-3  # of values in [0, 1]; it only keeps an even grey from being divided by 0


class HOG(FixedExtractor):
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

    class Params(params.Params):
        cells: int = CELLS
        directions: int = DIRECTIONS
        root: bool = hyper(
            True,
            title="Square root of light",
            help="Takes the square root of each value first, so that bright edges count less.",
        )

    params: Params

    def compute(self, X: Samples) -> NDArray[np.float32]:
        parts = [self._compute(X[first : first + _AT_ONCE]) for first in range(0, len(X), _AT_ONCE)]
        return np.concatenate(parts)

    def _compute(self, X: Samples) -> NDArray[np.float32]:
        values = torch.from_numpy(X.astype(np.float32) / 255).permute(0, 3, 1, 2)
        down, right = gradients(values.sqrt() if self.params.root else values)
        largest = (down.square() + right.square()).argmax(1, keepdim=True)
        down, right = (part.gather(1, largest)[:, 0] for part in (down, right))
        H = histograms(down, right, self.params.directions, self.params.cells)
        rows: NDArray[np.float32] = normalised_blocks(H, _LEAST).numpy()
        return rows
