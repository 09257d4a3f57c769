"""Damage to good files: bytes, fields and blocks of any file, and numbers and words of those that are text."""

from __future__ import annotations

import random
import re
import struct
from collections.abc import Callable

_HEAD, _TAIL = 512, 256  # where most formats have their headers and directories
_MOST_DAMAGES = 4
_TELLING_BYTES = (0x00, 0x01, 0x02, 0x08, 0x0F, 0x10, 0x20, 0x7F, 0x80, 0xFE, 0xFF)
_TELLING_NUMBERS = (0, 1, 2, 3, 127, 128, 255, 256, 32_767, 65_535, 2**20, 2**30, 2**31 - 1, 2**31, 2**32 - 1, 2**62)
_TELLING_WORDS = (
    *("", "0", "-1", "1e309", "NaN", "2147483648", "99999999999999999999", "-0", "0x7fffffff", "\x00", "\ufeff"),
    *("A" * 5000, "%s%n", "../../etc/passwd", "true", "null", "\u202e", "é" * 200, "<a>", "&amp;", '"', "]]>"),
)
_TOKEN = re.compile(r"\w+|[^\w\s]")


def mutate(data: bytes, rng: random.Random, *, first: int = 0) -> bytes:
    """Damage a file in one to a few places, most of them near its ends; bytes before ``first`` stay as they are."""
    damaged = bytearray(data[first:])
    for _ in range(rng.randint(1, _MOST_DAMAGES)):
        if damaged:
            rng.choice(_DAMAGES)(damaged, rng)
    return data[:first] + bytes(damaged)


def change_byte(data: bytes, rng: random.Random, *, first: int = 0) -> bytes:
    """Change one byte."""
    at = rng.randrange(first, len(data))
    byte = rng.choice(_TELLING_BYTES) if rng.random() < 0.7 else rng.randrange(256)
    return data[:at] + bytes([byte]) + data[at + 1 :]


def mutate_text(text: str, rng: random.Random) -> str:
    """Damage words, numbers and signs of a text: replace, leave out, double or exchange them, or cut the text."""
    for _ in range(rng.randint(1, _MOST_DAMAGES)):
        tokens = [match.span() for match in _TOKEN.finditer(text)]
        if not tokens:
            break
        (start, end), (other, other_end) = rng.choice(tokens), rng.choice(tokens)
        replacement = rng.choice(
            (rng.choice(_TELLING_WORDS), "", 2 * text[start:end], text[other:other_end], str(rng.getrandbits(70)))
        )
        text = text[:start] + replacement + text[end:]
        if rng.random() < 0.1:
            text = text[: rng.randrange(len(text) + 1)]
    return text


# What is done to bytes -----------------------------------------------------------------------------------------------


def _place(data: bytearray, rng: random.Random) -> int:
    lot = rng.random()
    if lot < 0.4:
        return rng.randrange(min(_HEAD, len(data)))
    return rng.randrange(max(0, len(data) - _TAIL) if lot < 0.6 else 0, len(data))


def _flip_bit(data: bytearray, rng: random.Random) -> None:
    data[_place(data, rng)] ^= 1 << rng.randrange(8)


def _set_byte(data: bytearray, rng: random.Random) -> None:
    data[_place(data, rng)] = rng.choice(_TELLING_BYTES)


def _set_field(data: bytearray, rng: random.Random) -> None:
    """Overwrite a field of 2, 4 or 8 bytes, aligned or not, in either order of bytes."""
    size, code = rng.choice(((2, "H"), (4, "I"), (8, "Q")))
    at = _place(data, rng)
    at -= at % size if rng.random() < 0.7 else 0
    field = struct.pack(rng.choice("<>") + code, rng.choice(_TELLING_NUMBERS) % 256**size)
    data[at : at + size] = field[: len(data) - at]


def _cut(data: bytearray, rng: random.Random) -> None:
    del data[_place(data, rng) :]


def _leave_out(data: bytearray, rng: random.Random) -> None:
    at = _place(data, rng)
    del data[at : at + rng.randint(1, 64)]


def _repeat(data: bytearray, rng: random.Random) -> None:
    at = _place(data, rng)
    data[at:at] = data[at : at + rng.randint(1, 256)]


def _swap(data: bytearray, rng: random.Random) -> None:
    """Exchange two blocks of one size."""
    size = rng.randint(1, 64)
    first, second = sorted((_place(data, rng), _place(data, rng)))
    size = min(size, second - first, len(data) - second)
    data[first : first + size], data[second : second + size] = (
        data[second : second + size],
        data[first : first + size],
    )


def _add_noise(data: bytearray, rng: random.Random) -> None:
    at = _place(data, rng)
    data[at : at + rng.randint(0, 8)] = rng.randbytes(rng.randint(1, 16))


_DAMAGES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    *(3 * (_flip_bit, _set_byte, _set_field)),
    *(_cut, _leave_out, _repeat, _swap, _add_noise),
)
