from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import adaptive_avg_pool2d

from da_core import params
from da_core.networks.extractor import FixedExtractor, Samples
from da_core.params import hyper

BRIGHTNESS = np.array([0.299, 0.587, 0.114], np.float32)
"""What red, green and blue add to brightness (Rec. 601)."""


class Pixels(FixedExtractor):
    """A picture as one row of numbers in [0, 1]: what many papers on shallow methods give them.

    A picture larger than ``side`` is averaged down to it: CORAL, subspaces and kernels cost the cube or the square of
    how many numbers there are. Every number is the light that falls on one spot, so another light moves all of them;
    where it is night in the target, `LogEdges` or `HOG` leave a method less to undo.
    """

    name = "pixels"
    title = "Pixels"
    summary = "The picture as one row of numbers, averaged down to a few pixels. Only the head is trained."
    takes = frozenset({"pictures"})

    class Params(params.Params):
        side: int = hyper(16, ge=4, le=64, step=4, unit="px", title="Reduced side")
        """Width and height that larger pictures are averaged down to."""
        channels: Literal["colour", "brightness"] = hyper("colour", title="Channels")
        """Three numbers per pixel, or only its brightness."""

    params: Params

    def compute(self, X: Samples) -> NDArray[np.float32]:
        values = X.astype(np.float32) / 255
        values = values.transpose(0, 3, 1, 2) if self.params.channels == "colour" else (values @ BRIGHTNESS)[:, None]
        side = min(self.params.side, X.shape[1])
        rows: NDArray[np.float32] = adaptive_avg_pool2d(torch.from_numpy(values), side).flatten(1).numpy()
        return rows
