"""Synthesise vowels from their formants: a buzz from the vocal folds, shaped by the resonances of the vocal tract.

Source and filter, as Fant (1960) parts them; the cascade of resonators is Klatt's (1980).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from da_core.data.pair import SOUND_RATE

Values = NDArray[np.float64]

_BANDWIDTHS = (60.0, 90.0, 150.0, 200.0, 250.0)  # Hz, of F1 to F5
_HIGHER = (1.35, 1.75)  # F4 and F5 as multiples of F3: they are in no table, but a voice without them is dull
_OPEN, _CLOSED = 0.4, 0.6  # of a period: until when the folds open, and when they have closed again
_FALL = 0.12  # by how much the pitch falls from beginning to end
_ATTACK, _RELEASE = 0.02, 0.06  # seconds
_PEAK = 0.6
_AT_ONCE = 256


def speak_vowels(formants: Values, seconds: float = 0.3) -> NDArray[np.int16]:
    """Synthesise vowels of F0 to F3 in Hz (n, 4), held for some seconds: (n, t) int16."""
    steps = round(seconds * SOUND_RATE)
    held = np.broadcast_to(formants[:, None, :], (len(formants), steps, 4))
    batches = [held[first : first + _AT_ONCE] for first in range(0, len(held), _AT_ONCE)]
    return np.concatenate([_synthesise(batch) for batch in batches])


def _synthesise(formants: Values) -> NDArray[np.int16]:
    """Synthesise voices (n, t) whose formants (n, t, 4) may change from sample to sample."""
    steps = formants.shape[1]
    pitch = formants[..., 0] * np.linspace(1 + _FALL / 2, 1 - _FALL / 2, steps)
    voice = _glottal_flow(pitch)
    third = formants[..., 3]
    resonances = [formants[..., 1], formants[..., 2], third, *(third * times for times in _HIGHER)]
    for resonance, bandwidth in zip(resonances, _BANDWIDTHS, strict=True):
        voice = _resonate(voice, resonance.clip(max=0.47 * SOUND_RATE), bandwidth)
    voice *= _envelope(steps)
    voice *= _PEAK * 32767 / np.abs(voice).max(axis=1, keepdims=True)
    return voice.round().astype(np.int16)


def _glottal_flow(pitch: Values) -> Values:
    """Compute the air from the vocal folds as it sounds at the lips: the change of Rosenberg's pulse (1971)."""
    phase = np.cumsum(pitch / SOUND_RATE, axis=1) % 1
    opening = (1 - np.cos(np.pi * phase / _OPEN)) / 2
    closing = np.cos(np.pi / 2 * (phase - _OPEN) / (_CLOSED - _OPEN))
    flow = np.where(phase < _OPEN, opening, np.where(phase < _CLOSED, closing, 0.0))
    return np.diff(flow, axis=1, prepend=0.0)


def _resonate(x: Values, resonance: Values, bandwidth: float) -> Values:
    """Apply y_t = a x_t + b y_{t−1} + c y_{t−2}: a resonance and a bandwidth in Hz, of unit gain at 0 Hz."""
    c = -np.exp(-2 * np.pi * bandwidth / SOUND_RATE)
    b = 2 * np.exp(-np.pi * bandwidth / SOUND_RATE) * np.cos(2 * np.pi * resonance.T / SOUND_RATE)
    driven = (1 - b - c) * x.T
    y = np.zeros((len(driven) + 2, len(x)))
    for t, (push, back) in enumerate(zip(driven, b, strict=True)):  # each step needs the two before
        y[t + 2] = push + back * y[t + 1] + c * y[t]
    return y[2:].T


def _envelope(steps: int) -> Values:
    at = np.arange(steps) / SOUND_RATE
    rising, falling = at / _ATTACK, (steps / SOUND_RATE - at) / _RELEASE
    return np.sin(np.pi / 2 * np.minimum(1, np.minimum(rising, falling))) ** 2
