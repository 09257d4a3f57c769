"""Simulate a target from half of the source, where there is only one domain: pictures by night, sounds in noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from da_core.data.pair import SampleKind, kind_of_samples
from da_core.data.readers.archive import short_name
from da_core.data.readers.raw_domain import RawDomain
from da_core.data.synthesis.night import night_pictures
from da_core.data.synthesis.night_conditions import NIGHTS, NightName
from da_core.data.synthesis.sky_mask import estimate_sky
from da_core.errors import UserError
from da_core.events import Notice

BY_NIGHT = (
    "The model turned every second picture into night. It guessed the sky: what is bright, blue or grey, smooth and "
    "connected to the upper edge."
)
WITH_NOISE = "Every second sound was given pink background noise, which has equal power in each octave."


@dataclass(frozen=True)
class Simulation:
    """A simulation of a target: the samples it takes, the change it makes, and its description."""

    source_name: str
    target_name: str
    kind: SampleKind
    refusal: str
    change: Callable[[NDArray[Any]], NDArray[Any]]
    notice: str


def night_simulation(name: NightName) -> Simulation:
    """Describe how pictures become those of a night."""
    return Simulation(
        source_name="day",
        target_name="night",
        kind="pictures",
        refusal="“{place}” contains no pictures; only pictures can be turned into night.",
        change=lambda X: night_pictures(X, np.random.default_rng(0), NIGHTS[name], estimate_sky(X)),
        notice=BY_NIGHT,
    )


def noise_simulation(decibels: float) -> Simulation:
    """Describe background noise that is quieter than the sound by ``decibels``."""
    return Simulation(
        source_name="quiet",
        target_name="noisy",
        kind="sounds",
        refusal="“{place}” contains no sounds; only sounds can get background noise.",
        change=lambda X: add_background_noise(X, decibels, np.random.default_rng(0)),
        notice=WITH_NOISE,
    )


def simulate_target(samples: RawDomain, place: Path, simulation: Simulation) -> tuple[RawDomain, RawDomain]:
    """Split the samples of a place into a source, as it is, and a simulated target.

    Every second sample of each class goes to the target, so that none is in both domains. Raises `UserError` for
    samples that cannot be changed so, and for a class of one sample.
    """
    if kind_of_samples(samples.X) != simulation.kind:
        raise UserError(simulation.refusal, place=short_name(place))
    source, target = (samples.subset(rows) for rows in _halve(samples, place))
    notices = [Notice(simulation.notice, {})]
    return source, replace(target, name=simulation.target_name, X=simulation.change(target.X), notices=notices)


def _halve(samples: RawDomain, place: Path) -> tuple[list[int], list[int]]:
    """Split the rows into every second sample of each class, and the rest."""
    seen: dict[str | None, int] = {}
    rows: tuple[list[int], list[int]] = ([], [])
    for row, label in enumerate(samples.labels):
        seen[label] = seen.get(label, -1) + 1
        rows[seen[label] % 2].append(row)
    if lonely := [str(label) for label, last in seen.items() if last == 0]:
        raise UserError(
            "Class “{name}” in “{place}” has one sample, but half of each class becomes the target; add a second.",
            name=lonely[0],
            place=short_name(place),
        )
    return rows


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
