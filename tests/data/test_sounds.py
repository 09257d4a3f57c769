"""Sounds: what is read is what was said, whatever the format; and a spectrogram that knows a tone when it hears it."""

from __future__ import annotations

import io
import math
import struct
import wave
from contextlib import suppress

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from da_core.data.pair import SOUND_RATE
from da_core.data.readers.archive import UnusableError
from da_core.data.readers.sounds import (
    HOP,
    LONGEST,
    MELS,
    WINDOW,
    is_sound,
    log_mel,
    mel_bands,
    pad_or_crop,
    read_sound,
    to_wav,
)


def tone(hertz: float, seconds: float = 0.5, rate: int = SOUND_RATE, amplitude: float = 0.5) -> NDArray[np.float64]:
    return amplitude * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def as_wav(heard: NDArray[np.float64], code: int, bits: int, rate: int = SOUND_RATE) -> bytes:
    """A WAV file of channels (t, c) within [-1, 1], written byte by byte from the format's description."""
    scaled = {8: 127, 16: 2**15 - 1, 24: 2**23 - 1, 32: 2**31 - 1}
    if code == 3:
        body = heard.astype(f"<f{bits // 8}").tobytes()
    elif bits == 8:
        body = np.round(heard * 127 + 128).astype(np.uint8).tobytes()
    else:
        whole = np.round(heard * scaled[bits]).astype(np.int64).ravel()
        body = b"".join(int(value).to_bytes(bits // 8, "little", signed=True) for value in whole)
    channels = heard.shape[1]
    frame = channels * bits // 8
    layout = struct.pack("<HHIIHH", code, channels, rate, rate * frame, frame, bits)
    extra = b"LIST" + struct.pack("<I", 3) + b"abc\0"  # an odd chunk, filled up to an even place
    chunks = b"fmt " + struct.pack("<I", 16) + layout + extra + b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


@pytest.mark.parametrize(
    ("code", "bits", "error"), [(1, 8, 300), (1, 16, 2), (1, 24, 2), (1, 32, 2), (3, 32, 2), (3, 64, 2)]
)
def test_every_format_says_the_same(code: int, bits: int, error: int) -> None:
    heard = tone(440, 0.1)
    read = read_sound(as_wav(heard[:, None], code, bits))
    assert read.dtype == np.int16
    np.testing.assert_allclose(read, heard * 32767, atol=error)


def test_channels_are_averaged() -> None:
    both = np.stack([tone(300), 0 * tone(300)], axis=1)
    np.testing.assert_allclose(read_sound(as_wav(both, 1, 16)), 0.5 * both[:, 0] * 32767, atol=2)


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000, 44101])
def test_another_rate_keeps_pitch_and_loudness(rate: int) -> None:
    read = read_sound(as_wav(tone(1000, 1.0, rate)[:, None], 1, 16, rate))
    assert abs(len(read) - SOUND_RATE) <= 1
    spectrum = np.abs(np.fft.rfft(read[2000:14000] / 32767.0))
    assert spectrum.argmax() == round(1000 * 12000 / SOUND_RATE)
    assert np.std(read[2000:14000] / 32767.0) == pytest.approx(0.5 / math.sqrt(2), rel=0.01)


def test_what_the_standard_library_writes_and_reads_agrees() -> None:
    sound = (tone(500) * 32767).astype(np.int16)
    with wave.open(io.BytesIO(to_wav(sound))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, SOUND_RATE)
        np.testing.assert_array_equal(np.frombuffer(file.readframes(len(sound)), "<i2"), sound)
    np.testing.assert_allclose(read_sound(to_wav(sound)), sound, atol=1)


def test_a_long_sound_is_cut_and_a_cut_file_is_read_as_far_as_it_goes() -> None:
    long = as_wav(np.zeros((round((LONGEST + 3) * 8000), 1)), 1, 16, 8000)
    assert len(read_sound(long)) == LONGEST * SOUND_RATE
    assert len(read_sound(long[: 44 + 12 + 2 * 4000])) == pytest.approx(SOUND_RATE / 2, abs=2)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        b"ID3 not a wav at all",
        as_wav(np.zeros((0, 1)), 1, 16),
        as_wav(np.full((9, 1), np.nan), 3, 32),
        as_wav(np.zeros((9, 1)), 1, 16, rate=1),
        to_wav(np.zeros(9, np.int16)).replace(b"fmt ", b"fmt_"),
    ],
)
def test_what_is_no_sound_is_refused(data: bytes) -> None:
    with pytest.raises(UnusableError):
        read_sound(data)


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3"])
def test_a_damaged_sound_is_left_out_or_read(kind: str) -> None:
    stream = io.BytesIO()
    soundfile.write(stream, tone(500), 48_000, format=kind)
    whole = stream.getvalue()
    rng = np.random.default_rng(0)
    for _ in range(60):
        damaged = bytearray(whole)
        for at in rng.integers(min(len(whole), 300), size=5):
            damaged[at] = rng.integers(256)
        with suppress(UnusableError):
            assert len(read_sound(bytes(damaged[: rng.integers(1, len(whole))]))) <= LONGEST * SOUND_RATE + 1


def test_one_length_keeps_the_middle() -> None:
    assert pad_or_crop(np.arange(1, 4, dtype=np.int16), 5).tolist() == [0, 1, 2, 3, 0]
    assert pad_or_crop(np.arange(1, 8, dtype=np.int16), 5).tolist() == [2, 3, 4, 5, 6]


# Spectrograms --------------------------------------------------------------------------------------------------------


def test_a_tone_is_loudest_in_its_own_band() -> None:
    edges = 700 * (10 ** (np.linspace(2595 * math.log10(1 + 20 / 700), 2840.023, MELS + 2) / 2595) - 1)  # mel(8000 Hz)
    for hertz in (300, 1000, 2500, 6000):
        spectrogram = log_mel((tone(hertz) * 32767).astype(np.int16)[None])[0]
        assert spectrogram.shape == (MELS, 1 + (SOUND_RATE // 2 - WINDOW) // HOP)
        loudest = spectrogram.argmax(axis=0)
        assert (loudest == loudest[0]).all()
        assert edges[loudest[0]] < hertz < edges[loudest[0] + 2]


def test_one_frame_is_what_the_formula_gives() -> None:
    rng = np.random.default_rng(0)
    sound = rng.integers(-9000, 9000, WINDOW + HOP).astype(np.int16)
    n, k = np.arange(WINDOW), np.arange(257)
    for frame, start in enumerate((0, HOP)):
        window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
        heard = sound[start : start + WINDOW] / 32768 * window
        power = np.abs(np.exp(-2j * np.pi * np.outer(k, n) / 512) @ heard) ** 2 / (window**2).sum()
        np.testing.assert_allclose(log_mel(sound[None])[0, :, frame], np.log(mel_bands() @ power + 1e-10), atol=1e-3)


def test_ten_times_the_amplitude_adds_ln_100_and_silence_is_finite() -> None:
    soft, loud = (tone(700, amplitude=a) * 32767 for a in (0.05, 0.5))
    difference = np.subtract(*(log_mel(np.round(s).astype(np.int16)[None])[0].max() for s in (loud, soft)))
    assert difference == pytest.approx(math.log(100), abs=0.01)
    assert np.isfinite(log_mel(np.zeros((2, 100), np.int16))).all()


# Compressed files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "subtype"), [("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", None)])
def test_flac_ogg_and_mp3_sound_like_the_wav(kind: str, subtype: str | None) -> None:
    amplitudes, stream = tone(500, seconds=1.0, rate=48_000), io.BytesIO()
    soundfile.write(stream, np.stack([amplitudes, amplitudes], axis=1), 48_000, format=kind, subtype=subtype)
    data = stream.getvalue()
    assert is_sound(data[:12])
    sound = read_sound(data).astype(float)
    assert len(sound) == pytest.approx(SOUND_RATE, rel=0.1)
    spectrum = np.abs(np.fft.rfft(sound))
    assert spectrum.argmax() * SOUND_RATE / len(sound) == pytest.approx(500, abs=5)


def test_no_more_than_the_longest_is_unpacked() -> None:
    stream = io.BytesIO()
    soundfile.write(stream, np.zeros(600 * SOUND_RATE), SOUND_RATE, format="FLAC")
    assert len(stream.getvalue()) < 500_000
    assert len(read_sound(stream.getvalue())) == LONGEST * SOUND_RATE
