"""Read sound files with distrust, write WAV for a browser, and compute log-mel spectrograms.

A sound is int16 at `SOUND_RATE`, one channel; many of one length are (n, t).
"""

from __future__ import annotations

import functools
import io
import logging
import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from da_core.data.pair import SOUND_RATE
from da_core.data.readers.archive import UnusableError

Sound = NDArray[np.int16]

NO_SOUND = "{count} files in “{place}” were left out because they are not readable sounds: {names}."

LONGEST = 4.0
"""Seconds of a file that are read; what comes after them is left out."""
MELS = 40
WINDOW, HOP = 400, 160
"""Samples of a frame, and from one frame to the next: 25 ms and 10 ms."""

_FFT = 512
_LOW, _HIGH = 20.0, SOUND_RATE / 2
_FLOOR = 1e-10  # power below this is silence: 16 bits resolve no less
_RATES = range(2_000, 400_001)
_CHANNELS = range(1, 65)
_FRAMES_AT_ONCE = 1 << 12  # they stay in the processor's cache

_log = logging.getLogger(__name__)


def is_sound(head: bytes) -> bool:
    """Tell from a file's first twelve bytes whether it says that it is a sound of a type that is read here."""
    is_mp3_frame = head[:1] == b"\xff" and head[1:2] in (b"\xfa", b"\xfb", b"\xf2", b"\xf3")  # MPEG 1 and 2, layer III
    is_wav = head[:4] == b"RIFF" and head[8:12] == b"WAVE"
    return is_mp3_frame or head[:4] in (b"fLaC", b"OggS") or head[:3] == b"ID3" or is_wav


def read_sound(data: bytes) -> Sound:
    """Read the bytes of a WAV, FLAC, Ogg (Vorbis, Opus) or MP3 file as (t,).

    Channels are averaged, and the sound is resampled to `SOUND_RATE` and cut after `LONGEST` seconds. Raises
    `UnusableError` for anything else.
    """
    import soundfile

    if not is_sound(data[:12]):
        raise UnusableError(NO_SOUND)
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            rate = file.samplerate
            if rate not in _RATES or file.channels not in _CHANNELS:
                raise UnusableError(NO_SOUND)
            channels = file.read(math.ceil(LONGEST * rate), dtype="float64", always_2d=True)
    except (soundfile.SoundFileError, RuntimeError, ValueError) as error:
        _log.info("not a sound: %r", error)
        raise UnusableError(NO_SOUND) from None
    if len(channels) == 0 or not np.isfinite(channels).all():
        raise UnusableError(NO_SOUND)
    amplitudes = _resample(channels.clip(-1, 1).mean(axis=1), rate)
    return np.round(amplitudes.clip(-1, 1) * 32767).astype(np.int16)


def to_wav(sound: Sound) -> bytes:
    """Write a sound (t,) as a WAV file of 16-bit PCM."""
    import soundfile

    stream = io.BytesIO()
    soundfile.write(stream, sound, SOUND_RATE, format="WAV", subtype="PCM_16")
    return stream.getvalue()


def pad_or_crop(sound: Sound, length: int) -> Sound:
    """Bring a sound to (length,): a longer one keeps its middle, a shorter one has silence on both sides."""
    middle = sound[max(len(sound) - length, 0) // 2 :][:length]
    lacking = length - len(middle)
    return np.pad(middle, (lacking // 2, lacking - lacking // 2))


def log_mel(sounds: NDArray[np.int16]) -> NDArray[np.float32]:
    """Compute log-mel spectrograms (n, MELS, frames) of sounds (n, t): ln of the power in each band, frame by frame.

    Frames of `WINDOW` samples under a Hann window, every `HOP` samples, each of them whole (a sound shorter than one
    is filled up with silence); triangular bands that are evenly spaced in mel(f) = 2595 log10(1 + f / 700)
    (O'Shaughnessy 1987), from 20 Hz to half the rate.
    """
    if sounds.shape[1] < WINDOW:
        sounds = np.pad(sounds, ((0, 0), (0, WINDOW - sounds.shape[1])))
    frames = 1 + (sounds.shape[1] - WINDOW) // HOP
    spectrogram = np.empty((len(sounds), MELS, frames), np.float32)
    window, bands = np.hanning(WINDOW + 1)[:-1].astype(np.float32), mel_bands()
    at_once = max(_FRAMES_AT_ONCE // frames, 1)
    for first in range(0, len(sounds), at_once):
        loudness = sounds[first : first + at_once].astype(np.float32) / 32768
        framed = np.lib.stride_tricks.sliding_window_view(loudness, WINDOW, axis=1)[:, ::HOP] * window
        power = np.abs(np.fft.rfft(framed, _FFT)) ** 2 / np.square(window).sum()
        spectrogram[first : first + at_once] = np.log(power @ bands.T + _FLOOR).transpose(0, 2, 1)
    return spectrogram


@functools.cache
def mel_bands() -> NDArray[np.float32]:
    """Return the bands' weights on the frequencies of a frame: (MELS, 257); each triangle is 1 at its peak."""
    low, high = (2595 * math.log10(1 + hertz / 700) for hertz in (_LOW, _HIGH))
    edges = 700 * (10 ** (np.linspace(low, high, MELS + 2) / 2595) - 1)
    left, peak, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    frequency = np.fft.rfftfreq(_FFT, 1 / SOUND_RATE)
    rising, falling = (frequency - left) / (peak - left), (right - frequency) / (right - peak)
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)


def _resample(amplitudes: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    if rate == SOUND_RATE:
        return amplitudes
    from scipy.signal import resample_poly

    ratio = Fraction(SOUND_RATE, rate).limit_denominator(1000)  # exact for usual rates; an odd one costs no more
    resampled: NDArray[np.float64] = resample_poly(amplitudes, ratio.numerator, ratio.denominator)
    return resampled
