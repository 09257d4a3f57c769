"""Share histograms of the directions in which a picture changes, cell by cell, between `HOG` and `LogEdges`."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, pad

from da_core import params
from da_core.networks.extractor import FixedExtractor, Samples
from da_core.params import hyper

CLIP = 0.2
"""What an entry of a block of length one is cut off at, so that one strong edge does not drown the others."""
AT_ONCE = 256


class EdgeHistograms(FixedExtractor, abstract=True):
    """Histograms of a picture's gradients, in normalised blocks; ``least`` is the length of a block that is even."""

    least: ClassVar[float]

    class Params(params.Params):
        cells: int = hyper(6, ge=2, le=16, step=1, title="Cells per side")
        """Number of cells along each side of the picture."""
        directions: int = hyper(9, ge=2, le=18, step=1, title="Directions")
        """Number of edge directions, over 180°."""

    params: Params

    def gradients(self, X: Samples) -> tuple[Tensor, Tensor]:
        """Compute the gradients down and to the right, each (n, h, w), of pictures X (n, h, w, 3) uint8."""
        raise NotImplementedError

    def compute(self, X: Samples) -> NDArray[np.float32]:
        rows = []
        for first in range(0, len(X), AT_ONCE):
            H = histograms(*self.gradients(X[first : first + AT_ONCE]), self.params.directions, self.params.cells)
            rows.append(normalised_blocks(H, self.least).numpy())
        return np.concatenate(rows)


def gradients(L: Tensor) -> tuple[Tensor, Tensor]:
    """Compute the central differences down and to the right, each (…, h, w), of pictures L (n, k, h, w)."""
    L = pad(L, (1, 1, 1, 1), mode="replicate")
    return L[..., 2:, 1:-1] - L[..., :-2, 1:-1], L[..., 1:-1, 2:] - L[..., 1:-1, :-2]


def histograms(down: Tensor, right: Tensor, directions: int, cells: int) -> Tensor:
    """Average the strength of gradients (n, h, w) over each cell, by direction: (n, directions, cells, cells).

    Directions are of edges, so that bright beside dark is as dark beside bright: angles modulo half a turn. A gradient
    between two of them counts in both, the more the nearer. Cells share the pixels between them evenly; there are at
    most half as many as pixels.
    """
    height, width = down.shape[1:]
    strength, place = torch.hypot(right, down), torch.atan2(down, right) * (directions / math.pi) % directions
    # what lies at most one direction away, around the circle
    away = (place[:, None] - torch.arange(directions)[:, None, None]).abs()
    share = (1 - torch.minimum(away, directions - away)).clamp(min=0)
    return adaptive_avg_pool2d(strength[:, None] * share, (min(cells, height // 2), min(cells, width // 2)))


def normalised_blocks(H: Tensor, least: float) -> Tensor:
    """Bring each block of 2 × 2 neighbouring cells of histograms (n, k, r, c) to length one: (n, 4k (r − 1) (c − 1)).

    By L2-Hys (Dalal and Triggs 2005, section 6.4): divided by √(‖v‖² + least²), cut off at `CLIP`, divided again. A
    block much weaker than ``least`` stays weak.
    """
    rows, columns = H.shape[2] - 1, H.shape[3] - 1
    corners = [H[:, :, i : i + rows, j : j + columns] for i in (0, 1) for j in (0, 1)]
    blocks = torch.cat(corners, dim=1)
    for cut in (CLIP, math.inf):
        length = (blocks.square().sum(1, keepdim=True) + least**2).sqrt()
        blocks = (blocks / length).clamp(max=cut)
    return blocks.flatten(1)
