from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from da_core import params
from da_core.data.readers.sounds import log_mel
from da_core.networks.extractor import FixedExtractor, Samples
from da_core.params import hyper

_REACH = 2
"""Frames on either side that a delta is fitted on."""


class MFCC(FixedExtractor):
    """Mel-frequency cepstral coefficients (Davis and Mermelstein 1980), their deltas, and what these are on average.

    A frame's log-mel spectrum goes through a cosine transform, which parts its coarse shape (what the vocal tract does)
    from the fine one (its pitch); the first coefficients are kept. Deltas tell how they change: the slope of a line
    fitted through five frames (Furui 1986). A sound of any length becomes the mean and the deviation over its frames.

    A microphone or a room multiplies the spectrum, which adds the same to all means of a domain: scaling each domain by
    its own mean takes it out (cepstral mean normalisation; Atal 1974). Noise does not add up in logarithms, and stays.
    """

    name = "mfcc"
    title = "MFCC"
    summary = (
        "The coarse shape of a sound's spectrum and its change, averaged over the sound. Only the head is trained."
    )
    takes = frozenset({"sounds"})

    class Params(params.Params):
        coefficients: int = hyper(13, ge=4, le=40, step=1, title="Coefficients")
        """Number of coefficients kept of each frame's cosine transform."""
        deltas: Literal["none", "first", "first and second"] = hyper("first and second", title="Deltas")
        """Adds the change of the coefficients, and the change of that change."""
        deviations: bool = hyper(True, title="Deviations")
        """Adds each number's standard deviation over the sound to its mean."""

    params: Params

    def compute(self, X: Samples) -> NDArray[np.float32]:
        from scipy.fft import dct

        parts = [dct(log_mel(X), axis=1, norm="ortho")[:, : self.params.coefficients]]
        for _ in range(("none", "first", "first and second").index(self.params.deltas)):
            parts.append(slopes(parts[-1]))
        tracks = np.concatenate(parts, axis=1)
        rows = [tracks.mean(axis=2), *([tracks.std(axis=2)] if self.params.deviations else [])]
        return np.concatenate(rows, axis=1).astype(np.float32)


def slopes(tracks: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Fit a line through the five frames around each of tracks (n, k, frames); return its slope, per frame."""
    reach = np.arange(-_REACH, _REACH + 1)
    padded = np.pad(tracks, ((0, 0), (0, 0), (_REACH, _REACH)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, len(reach), axis=2)
    fitted: NDArray[np.floating[Any]] = windows @ (reach / np.square(reach).sum())
    return fitted
