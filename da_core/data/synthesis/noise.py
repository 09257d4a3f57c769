"""Add background noise of a chosen strength to sounds, so that the same words are heard in a quiet and a loud place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def add_background_noise(sounds: NDArray[np.int16], decibels: float, rng: np.random.Generator) -> NDArray[np.int16]:
    """Add pink noise to sounds (n, t), at a signal-to-noise ratio of ``decibels`` each.

    Pink noise has the same power in each octave, as the hum of many places has about (power ∝ 1 / f). The ratio is that
    of a sound's mean power to the noise's, in dB: 10 log10(P_signal / P_noise). What is silent stays silent; where both
    together are louder than 16 bits hold, the whole is made quieter.
    """
    count, length = sounds.shape
    signal = sounds.astype(np.float64)
    frequency = np.fft.rfftfreq(length)
    frequency[0] = np.inf  # no constant part
    spectrum = rng.normal(size=(count, len(frequency))) + 1j * rng.normal(size=(count, len(frequency)))
    noise = np.fft.irfft(spectrum / np.sqrt(frequency), n=length)
    power = np.square(signal).mean(axis=1, keepdims=True) / 10 ** (decibels / 10)
    noise *= np.sqrt(power / np.maximum(np.square(noise).mean(axis=1, keepdims=True), 1e-300))
    mixed = signal + noise
    loudest = np.abs(mixed).max(axis=1, keepdims=True, initial=0)
    mixed *= np.minimum(1, 32767 / np.maximum(loudest, 1))
    return np.rint(mixed).astype(np.int16)
