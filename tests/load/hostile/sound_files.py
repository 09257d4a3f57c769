"""Hostile sounds, several in a zip of class folders: headers that lie, sounds of many channels, and mutants."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial

import numpy as np

from tests.load.hostile.hostile_format import Attack, HostileFormat
from tests.load.hostile.mutants import mutate
from tests.load.hostile.zip_writer import class_folders, padded, stored, write_zip

_RATE = 16_000
_MUTANTS = 8
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_KINDS = (
    *(("WAV", code) for code in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "MS_ADPCM")),
    *(("FLAC", code) for code in ("PCM_S8", "PCM_16", "PCM_24")),
    *(("OGG", code) for code in ("VORBIS", "OPUS")),
    ("MP3", "MPEG_LAYER_III"),
)


def _encoded(kind: str, code: str, channels: int = 1, rate: int = _RATE) -> bytes:
    import soundfile

    stream, time = io.BytesIO(), np.arange(1600) / _RATE
    sound = np.stack([np.sin(6.28 * 440 * (1 + number) * time) for number in range(channels)], axis=1) / 2
    soundfile.write(stream, sound, rate, format=kind, subtype=code)
    return _undated(_numbered(stream.getvalue()))


def _undated(sound: bytes) -> bytes:
    """Clear the date that WAV files of floating point have in their chunk “PEAK”; other files stay as they are."""
    at = sound.find(b"PEAK") + 12
    return sound[:at] + bytes(4) + sound[at + 4 :] if at >= 12 else sound


@cache
def _good_sounds() -> tuple[bytes, ...]:
    """Return small sounds of all types, of one channel and of two."""
    return tuple(_encoded(*kind, channels) for kind in _KINDS for channels in (1, 2))


def _in_folders(sounds: Sequence[bytes]) -> bytes:
    return write_zip(class_folders(sounds, _wav(), ".wav"))


# WAV -----------------------------------------------------------------------------------------------------------------


def _wav(
    code: int = _PCM,
    channels: int = 1,
    rate: int = _RATE,
    bits: int = 16,
    body: bytes = bytes(3200),
    *,
    frame: int | None = None,
    claimed: int | None = None,
    more: bytes = b"",
) -> bytes:
    """Write a WAV file with any numbers in its header; ``claimed`` is the size that it gives its samples."""
    frame = channels * bits // 8 if frame is None else frame
    layout = struct.pack("<HHIIHH", code, channels, rate, rate * frame % 2**32, frame % 2**16, bits) + more
    size = len(body) if claimed is None else claimed
    chunks = b"fmt " + struct.pack("<I", len(layout)) + layout + b"data" + struct.pack("<I", size) + body
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks


def _wav_headers(_rng: random.Random) -> bytes:
    """Write WAV files with impossible headers."""
    wrong = [
        *(_wav(channels=count) for count in (0, 64, 65, 65_535)),
        *(_wav(rate=rate) for rate in (0, 1, 1999, 2000, 2003, 399_989, 400_001, 2**32 - 1)),
        *(_wav(bits=bits) for bits in (0, 1, 7, 24, 40, 64, 65_535)),
        *(_wav(code) for code in (0, 2, 6, 17, 85, 0xFFFF)),
        *(_wav(claimed=size) for size in (0, 1, 2**31, 2**32 - 1)),
        *(_wav(body=body) for body in (b"", b"\x01", b"\xff" * 3201)),
        _wav(frame=0),
        _wav(frame=65_535),
        _wav(_EXTENSIBLE, more=struct.pack("<HHIHI", 22, 16, 3, _EXTENSIBLE, 0)),
        _wav(_FLOAT, bits=32, body=np.array([np.nan, np.inf, 1e38, -1e38] * 99, "<f4").tobytes()),
        _wav(_FLOAT, bits=64, body=np.full(400, 1e308, "<f8").tobytes()),
        b"RIFF\0\0\0\0WAVE" + 5000 * b"fmt \0\0\0\0",
        b"RIFF\0\0\0\0WAVE" + 5000 * b"junk\xff\xff\xff\xff",
        b"RF64" + _wav()[4:],
    ]
    return _in_folders(wrong)


def _many_channels(channels: int, rate: int, bits: int, rng: random.Random) -> bytes:
    """Write four seconds of silence, just within the bounds of channels and rate."""
    size = 4 * rate * channels * bits // 8
    silence = padded("", _wav(channels=channels, rate=rate, bits=bits, body=b"", claimed=size), size)
    names = [f"{domain}/{label}/{number}.wav" for domain in ("day", "night") for label in "ab" for number in (0, 1)]
    files = [replace(silence, name=name.encode()) for name in names]
    return write_zip([*files, stored("day/a/noise.wav", rng.randbytes(len(names) * size // 190))])


# FLAC, Ogg and MP3 ---------------------------------------------------------------------------------------------------


def _flac_headers(rng: random.Random) -> bytes:
    """Write FLAC files with impossible headers, and with further blocks of noise."""
    good = _encoded("FLAC", "PCM_16")
    wrong = []
    for rate, channels, bits, total in (
        (0, 0, 15, 0),
        (655_350, 7, 31, 2**36 - 1),
        (400_000, 7, 15, 2**36 - 1),
        (1, 0, 3, 5),
        (16_000, 7, 15, 1600),
    ):
        field = (rate << 44 | channels << 41 | bits << 36 | total).to_bytes(8, "big")
        wrong.append(good[:18] + field + good[26:])
    for kind in range(1, 7):
        for size in (0, 1, 500, 2**24 - 1):
            wrong.append(good[:4] + b"\0" + good[5:42] + bytes([kind]) + size.to_bytes(3, "big") + rng.randbytes(40))
    return _in_folders(wrong)


def _numbered(sound: bytes, number: int = 7) -> bytes:
    """Number the streams of an Ogg file and correct its check sums, so that damage gets past them; other files stay."""
    pages = sound.split(b"OggS") if sound.startswith(b"OggS") else []
    return (
        b"".join(_checked(b"OggS" + page[:10] + struct.pack("<I", number) + page[14:]) for page in pages[1:]) or sound
    )


def _checked(page: bytes) -> bytes:
    """Correct the check sum of a page of Ogg."""
    crc, blank = 0, page[:22] + bytes(4) + page[26:]
    for byte in blank:
        crc = _OGG_CRCS[crc >> 24 ^ byte] ^ crc << 8 & 0xFFFFFFFF
    return blank[:22] + struct.pack("<I", crc) + blank[26:]


def _crc_of(byte: int) -> int:
    crc = byte << 24
    for _ in range(8):
        crc = (crc << 1 ^ (0x04C11DB7 if crc >> 31 else 0)) & 0xFFFFFFFF
    return crc


_OGG_CRCS = tuple(map(_crc_of, range(256)))


def _chained(_rng: random.Random) -> bytes:
    """Put Ogg streams of several rates and channels behind each other, and their pages in turn."""
    streams = [_encoded("OGG", "VORBIS", channels, rate) for channels in (1, 2, 8) for rate in (8000, 48_000)]
    mixed = [_numbered(stream, number) for number, stream in enumerate(streams)]
    woven = b"".join(
        b"OggS" + page for pages in zip(*(m.split(b"OggS")[1:] for m in mixed), strict=False) for page in pages
    )
    return _in_folders([b"".join(mixed), 40 * mixed[0], woven, *mixed])


def _mp3_tags(rng: random.Random) -> bytes:
    """Write MP3 behind tags that claim up to 256 MB, and frames of several kinds."""
    good = _encoded("MP3", "MPEG_LAYER_III")
    tags = [b"ID3\x04\0\0" + size for size in (b"\x7f\x7f\x7f\x7f", bytes(4), b"\0\0\x10\0", b"\xff\xff\xff\xff")]
    heads = [bytes([0xFF, second, third, 0]) for second in (0xFA, 0xFB, 0xF2, 0xF3) for third in (0, 0xF0, 0x0C, 0x90)]
    return _in_folders([tag + rng.randbytes(50) + good for tag in tags] + [head + rng.randbytes(900) for head in heads])


def _cut_everywhere(rng: random.Random) -> bytes:
    return _in_folders([sound[: rng.randrange(len(sound))] for sound in _good_sounds()])


def _mutant(rng: random.Random) -> bytes:
    sounds = [mutate(rng.choice(_good_sounds()), rng) for _ in range(_MUTANTS)]
    return _in_folders(list(map(_numbered, sounds)) if rng.random() < 0.5 else sounds)


_ATTACKS: dict[str, Attack] = {
    "nothing wrong": lambda _rng: _in_folders(_good_sounds()),
    "WAV headers": _wav_headers,
    "64 channels of 400 kHz": partial(_many_channels, 64, 400_000, 8),
    "64 channels of 16 kHz": partial(_many_channels, 64, 16_000, 16),
    "FLAC headers": _flac_headers,
    "Ogg in Ogg": _chained,
    "MP3 tags": _mp3_tags,
    "cut somewhere": _cut_everywhere,
    "no sounds": lambda rng: _in_folders(
        [head + rng.randbytes(300) for head in (b"fLaC", b"OggS", b"ID3", b"\xff\xfb")]
    ),
}

SOUND = HostileFormat("sound", ".zip", 80, _ATTACKS, _mutant)
