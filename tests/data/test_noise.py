"""Noise behind sounds: as loud as asked for, pink, and only where there is something to hear."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from da_core.data.pair import SOUND_RATE
from da_core.data.readers.sounds import to_wav
from da_core.data.synthesis.simulated_target import add_background_noise
from tests.support.own_places import load

TIME = np.arange(SOUND_RATE) / SOUND_RATE


def tones(amplitude: float = 3000) -> np.ndarray:
    return np.stack([amplitude * np.sin(2 * np.pi * hertz * TIME) for hertz in (220, 440, 1250)]).astype(np.int16)


@pytest.mark.parametrize("decibels", [20, 5, 0, -5])
def test_the_ratio_of_signal_to_noise_is_the_one_asked_for(decibels: float) -> None:
    sounds = tones()
    noise = add_background_noise(sounds, decibels, np.random.default_rng(0)).astype(float) - sounds
    ratio = np.square(sounds.astype(float)).mean(axis=1) / np.square(noise).mean(axis=1)
    np.testing.assert_allclose(10 * np.log10(ratio), decibels, atol=0.05)


def test_every_octave_has_the_same_power() -> None:
    sounds = np.repeat(tones(), 20, axis=0)
    noise = add_background_noise(sounds, 0, np.random.default_rng(0)).astype(float) - sounds
    power = np.square(np.abs(np.fft.rfft(noise))).mean(axis=0)
    octaves = [power[low : 2 * low].sum() for low in (50, 100, 200, 400, 800, 1600, 3200)]
    np.testing.assert_allclose(octaves, np.mean(octaves), rtol=0.15)


def test_silence_stays_silent_and_what_is_too_loud_is_made_quieter_as_a_whole() -> None:
    assert not add_background_noise(np.zeros((2, 400), np.int16), 0, np.random.default_rng(0)).any()
    loud = tones(32000)
    heard = add_background_noise(loud, 10, np.random.default_rng(0)).astype(float)
    assert np.abs(heard).max() == 32767
    share = (heard * loud).sum(axis=1) / np.square(loud.astype(float)).sum(axis=1)  # of the signal in what is heard
    noise = heard - share[:, None] * loud
    ratio = np.square(share[:, None] * loud).mean(axis=1) / np.square(noise).mean(axis=1)
    np.testing.assert_allclose(10 * np.log10(ratio), 10, atol=0.1)


def test_every_second_sound_of_a_folder_becomes_the_target(tmp_path: Path) -> None:
    for name, sound in zip(("low", "middle", "high"), tones(), strict=True):
        (tmp_path / name).mkdir()
        for number in range(4):
            (tmp_path / name / f"{number}.wav").write_bytes(to_wav(sound))
    pair = load(tmp_path, noise="0 dB")
    assert (len(pair.source), len(pair.target), pair.provenance.shift) == (6, 6, "appearance")
    assert not set(pair.source.captions) & set(pair.target.captions)
    np.testing.assert_array_equal(np.unique(pair.source.X, axis=0), np.unique(tones(), axis=0))
    assert all((sound != tone).any() for sound in pair.target.X for tone in tones())
    np.testing.assert_array_equal(load(tmp_path, noise="0 dB").target.X, pair.target.X)
