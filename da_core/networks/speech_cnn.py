from __future__ import annotations

from typing import Any

import numpy as np
from torch import nn

from da_core import params
from da_core.data.readers.sounds import HOP, MELS, WINDOW, log_mel
from da_core.networks.extractor import Extractor, Norm, Rows, Samples, block, norm_setting
from da_core.networks.preparation import z_score
from da_core.params import hyper

_SHORTEST = WINDOW + 7 * HOP  # three poolings need eight frames


class SpeechCNN(Extractor):
    """A log-mel spectrogram looked at as a picture of time and pitch: three convolutions and a linear layer.

    Each band is scaled by its own domain's mean and deviation, which takes out what a microphone or a room does to
    all of its sounds (as cepstral mean normalisation does; Atal 1974).
    """

    name = "speech_cnn"
    title = "Speech CNN"
    summary = "A log-mel spectrogram, then three 3×3 convolutions and a linear layer. For sounds."
    takes = frozenset({"sounds"})
    learns_from_target = True

    class Params(params.Params):
        width: int = hyper(16, ge=8, le=128, step=8, title="Width", help="Channels of the first convolution.")
        features: int = hyper(128, ge=16, le=512, step=16, title="Features", help="Size of the feature vector.")
        norm: Norm = norm_setting("group")

    params: Params

    def prepare(self, Xs: Samples, Xt: Samples, fit_s: Rows, fit_t: Rows) -> tuple[Samples, Samples]:
        """Spectrograms (n_s, `MELS`, frames) and (n_t, `MELS`, frames) float32."""
        return _spectrograms(Xs, fit_s), _spectrograms(Xt, fit_t)

    def preprocessing(self, kind: str) -> dict[str, Any]:
        return {"kind": "log_mel", "bands": MELS}

    def feature_dim(self, sample_shape: tuple[int, ...]) -> int:
        return self.params.features  # whatever the spectrograms will be

    def build(self, sample_shape: tuple[int, ...]) -> tuple[nn.Module, int]:
        width, frames = self.params.width, min(max(sample_shape[1] // 8, 1), 8)
        return nn.Sequential(
            nn.Unflatten(1, (1, sample_shape[0])),
            *block(1, width, self.params.norm),
            *block(width, 2 * width, self.params.norm),
            *block(2 * width, 3 * width, self.params.norm),
            nn.AdaptiveAvgPool2d((sample_shape[0] // 8, frames)),
            nn.Flatten(),
            nn.Linear(3 * width * (sample_shape[0] // 8) * frames, self.params.features),
            nn.ReLU(),
        ), self.params.features


def _spectrograms(sounds: Samples, fitted_on: Rows) -> Samples:
    missing = max(_SHORTEST - sounds.shape[1], 0)
    S = log_mel(np.pad(sounds, ((0, 0), (0, missing))))
    bands = S.transpose(0, 2, 1).reshape(-1, MELS)  # a frame is a sample of its bands
    seen = S[fitted_on].transpose(0, 2, 1).reshape(-1, MELS)
    return z_score(seen)(bands).reshape(len(S), -1, MELS).transpose(0, 2, 1)
