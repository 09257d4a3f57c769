"""Turn raw samples of any kind into numbers that two domains can be compared by, before anything is trained."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from da_core.data.pair import SOUND_RATE, Domain, DomainPair
from da_core.data.readers.sounds import log_mel
from da_core.data.text_units import are_unspaced, count_units

Rows = NDArray[np.floating[Any]]
_POOLED_SIDE = 8
"""Pictures are averaged down to this many pixels a side before they are compared, and spectrograms in time."""


@dataclass(frozen=True)
class Drift:
    """One number of a sample: its mean in both domains, and their difference in pooled standard deviations."""

    name: str
    source: float
    target: float
    effect: float


def comparable(pair: DomainPair, rows_s: NDArray[np.int64], rows_t: NDArray[np.int64]) -> tuple[Rows, Rows]:
    """Turn both domains into features (n, d): small pictures or spectrograms, hashed words, the features themselves."""
    if pair.kind == "texts":
        from sklearn.feature_extraction.text import HashingVectorizer

        hashing = HashingVectorizer(n_features=512, alternate_sign=False)
        Fs, Ft = (hashing.transform(d.X[rows]).toarray() for d, rows in ((pair.source, rows_s), (pair.target, rows_t)))
        return Fs, Ft
    Fs, Ft = (_as_rows(d.X[rows]) for d, rows in ((pair.source, rows_s), (pair.target, rows_t)))
    scale = np.concatenate([Fs, Ft]).std(axis=0)
    scale[scale == 0] = 1
    return Fs / scale, Ft / scale


def _as_rows(X: NDArray[Any]) -> NDArray[np.float64]:
    """Average pictures (n, h, w, 3) to 8 × 8 and spectrograms of sounds to 8 frames, as rows; features stay."""
    if X.dtype == np.int16:
        parts = np.array_split(log_mel(X).astype(np.float64), _POOLED_SIDE, axis=2)
        return np.concatenate([part.mean(axis=2) for part in parts if part.shape[2]], axis=1)
    if X.ndim == 2:
        return X.astype(np.float64)
    rows, columns = (np.linspace(0, side, _POOLED_SIDE + 1).astype(int)[:-1] for side in X.shape[1:3])
    sums = np.add.reduceat(np.add.reduceat(X.astype(np.float64), rows, axis=1), columns, axis=2)
    area = np.diff([*rows, X.shape[1]])[:, None] * np.diff([*columns, X.shape[2]])
    small: NDArray[np.float64] = (sums / area[..., None] / 255).reshape(len(X), -1)
    return small


def drifts(pair: DomainPair, rows_s: NDArray[np.int64], rows_t: NDArray[np.int64], most: int = 8) -> tuple[Drift, ...]:
    """List the numbers of a sample that changed most, the largest change first."""
    source, target = (_nameable_numbers(pair, d, rows) for d, rows in ((pair.source, rows_s), (pair.target, rows_t)))
    changed = []
    for name, values in source.items():
        of_target = target[name]
        spread = np.sqrt((values.var() + of_target.var()) / 2)
        difference = of_target.mean() - values.mean()
        effect = (
            0.0
            if difference == 0
            else float(difference / spread)
            if spread > 0
            else float(np.sign(difference)) * np.inf
        )
        changed.append(Drift(name, float(values.mean()), float(of_target.mean()), effect))
    return tuple(sorted(changed, key=lambda drift: -abs(drift.effect))[:most])


def _nameable_numbers(pair: DomainPair, domain: Domain, rows: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Measure what a person can name of a sample, each as (n,) numbers."""
    X = domain.X[rows]
    if pair.kind == "pictures":
        pictures = X.astype(np.float64) / 255
        red, green, blue = (pictures[..., channel].mean(axis=(1, 2)) for channel in range(3))
        light = pictures.mean(axis=3)
        edges = np.abs(np.diff(light, axis=1)).mean(axis=(1, 2)) + np.abs(np.diff(light, axis=2)).mean(axis=(1, 2))
        return {
            "brightness": light.mean(axis=(1, 2)),
            "contrast": light.std(axis=(1, 2)),
            "red / green": (red + 1e-3) / (green + 1e-3),
            "blue / green": (blue + 1e-3) / (green + 1e-3),
            "edges": edges,
            "dark share": (light < 0.04).mean(axis=(1, 2)),
        }
    if pair.kind == "sounds":
        power = np.exp(log_mel(X).astype(np.float64)).sum(axis=1)
        spectrum = np.abs(np.fft.rfft(X / 32768)) ** 2
        hertz = np.fft.rfftfreq(X.shape[1], 1 / SOUND_RATE)
        return {
            "loudness (dB)": 10 * np.log10(power.mean(axis=1)),
            "loudness of the quietest tenth (dB)": 10 * np.log10(np.quantile(power, 0.1, axis=1)),
            "centre of the spectrum (Hz)": spectrum @ hertz / np.maximum(spectrum.sum(axis=1), np.finfo(float).tiny),
        }
    if pair.kind == "texts":
        texts = [str(text) for text in X]
        if are_unspaced(str(text) for text in pair.source.X[:100]):
            return {
                "characters": np.array([count_units(text) for text in texts], dtype=np.float64),
                "exclamation marks": np.array([len(re.findall("[!！]", text)) for text in texts], dtype=np.float64),
            }
        return {
            "words": np.array([len(text.split()) for text in texts], dtype=np.float64),
            "letters per word": np.array([np.mean([len(w) for w in text.split()] or [0]) for text in texts]),
            "capitals": np.array([sum(c.isupper() for c in text) / max(len(text), 1) for text in texts]),
            "exclamation marks": np.array([text.count("!") for text in texts], dtype=np.float64),
        }
    names = pair.columns or tuple(f"x{column + 1}" for column in range(X.shape[1]))
    return {name: X[:, column].astype(np.float64) for column, name in enumerate(names)}
