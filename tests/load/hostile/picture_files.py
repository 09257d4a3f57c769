"""Hostile pictures, several in a zip of class folders: bombs, lies in headers, and mutants of all types."""

from __future__ import annotations

import io
import itertools
import random
import struct
import zlib
from collections.abc import Sequence
from functools import cache, partial
from typing import Any

from PIL import Image

from tests.load.hostile.hostile_format import Attack, HostileFormat
from tests.load.hostile.mutants import mutate
from tests.load.hostile.packed_zeros import zlib_zeros
from tests.load.hostile.zip_writer import class_folders, write_zip

_SIDE = 6300
"""Of a picture just below 40 megapixels, the most that are opened."""
_MUTANTS = 8
_PNG = b"\x89PNG\r\n\x1a\n"


def small_picture(mode: str = "RGB", kind: str = "PNG", **options: Any) -> bytes:
    """Return a good picture of 24 by 20 pixels."""
    ramp = Image.linear_gradient("L").resize((24, 20))
    return _encoded(ramp.convert("RGB").convert(mode) if mode != "I;16" else ramp.convert("I;16"), kind, **options)


def _encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def _in_folders(pictures: Sequence[bytes]) -> bytes:
    return write_zip(class_folders(pictures, small_picture(), ".png"))


@cache
def _good_pictures() -> tuple[bytes, ...]:
    """Return small pictures of all types and modes."""
    frames = [Image.new("RGB", (24, 20), (9 * number, 30, 200)) for number in range(4)]
    orientation = Image.Exif()
    orientation[0x0112] = 6
    return (
        *(small_picture(mode) for mode in ("RGB", "RGBA", "L", "LA", "P", "1", "I;16")),
        small_picture("RGB", exif=orientation),
        small_picture("RGB", "JPEG"),
        small_picture("RGB", "JPEG", progressive=True, exif=orientation),
        small_picture("CMYK", "JPEG"),
        small_picture("L", "JPEG", subsampling=0, optimize=True),
        small_picture("RGB", "WEBP"),
        small_picture("RGBA", "WEBP", lossless=True),
        _encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:]),
        *(small_picture(mode, "BMP") for mode in ("RGB", "P", "1")),
        small_picture("P", "GIF"),
        _encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], transparency=0),
        *(small_picture("RGB", "TIFF", compression=how) for how in ("raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg")),
        small_picture("CMYK", "TIFF"),
        small_picture("1", "TIFF", compression="group4"),
        small_picture("I;16", "TIFF"),
        small_picture("RGB", "PPM"),
    )


# PNG -----------------------------------------------------------------------------------------------------------------


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(
    width: int, height: int, depth: int, colour: int, *more: bytes, body: bytes = b"", interlace: int = 0
) -> bytes:
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace))
    return b"".join([_PNG, header, *more, _chunk(b"IDAT", body), _chunk(b"IEND", b"")])


def _large_png(depth: int, colour: int, channels: int, _rng: random.Random, interlace: int = 0) -> bytes:
    """Write four pictures just below the limit."""
    body = zlib_zeros(b"", _SIDE * (1 + _SIDE * depth * channels // 8))
    return _in_folders([_png(_SIDE, _SIDE, depth, colour, body=body, interlace=interlace)] * 4)


def _narrow(width: int, height: int, rng: random.Random) -> bytes:
    kinds = ("PNG", "BMP", "GIF", "TIFF", "JPEG")
    return _in_folders(
        [_encoded(Image.new("RGB", (width, height), (rng.randrange(256), 0, 0)), kind) for kind in kinds]
    )


def _headers(_rng: random.Random) -> bytes:
    """Write PNG headers with impossible sizes, depths and colours."""
    sizes = ((0, 0), (1, 0), (2**31 - 1, 1), (2**31 - 1, 2**31 - 1), (20_000, 20_000), (40_000_000, 1), (2**32 - 1, 1))
    strange = [_png(5, 5, depth, colour) for depth in (0, 3, 16, 255) for colour in (0, 1, 3, 7)]
    return _in_folders([*(_png(*size, 8, 2, body=zlib_zeros(b"", 1000)) for size in sizes), *strange])


def _long_texts(_rng: random.Random) -> bytes:
    """Write texts and colour profiles that unpack to 100 MB."""
    bomb = zlib_zeros(b"", 100 * 2**20)
    body = zlib_zeros(b"", 5 * 16)
    texts = [_chunk(b"zTXt", b"a\0\0" + bomb), _chunk(b"iTXt", b"a\0\1\0\0\0" + bomb), _chunk(b"iCCP", b"a\0\0" + bomb)]
    return _in_folders([_png(5, 5, 8, 2, text, body=body) for text in [*texts, texts[0] * 20]])


def _mended(picture: bytes) -> bytes:
    """Correct the check sums of a damaged PNG, so that its damage gets past them; other files stay as they are."""
    if not picture.startswith(_PNG):
        return picture
    at, mended = len(_PNG), bytearray(picture)
    while at + 12 <= len(mended):
        end = at + 8 + int.from_bytes(mended[at : at + 4], "big")
        if end + 4 > len(mended):
            break
        mended[end : end + 4] = struct.pack(">I", zlib.crc32(mended[at + 4 : end]))
        at = end + 4
    return bytes(mended)


# Others --------------------------------------------------------------------------------------------------------------


def _many_scans(_rng: random.Random) -> bytes:
    """Repeat the last scan of a progressive JPEG of 36 megapixels 2,000 times."""
    good = _encoded(Image.new("L", (6000, 6000)), "JPEG", progressive=True)
    last = good.rindex(b"\xff\xda")
    return _in_folders([good[:last] + 2000 * good[last:-2] + good[-2:]])


def _tiff(*tags: tuple[int, int, int, int], after: bytes = b"", following: int = 0) -> bytes:
    """Write a TIFF of one directory; a tag is its number, type, count, and value or offset."""
    listed = b"".join(struct.pack("<HHII", *tag) for tag in sorted(tags))
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + listed + struct.pack("<I", following) + after


def _tiff_headers(_rng: random.Random) -> bytes:
    """Write TIFFs that lead in circles, or claim billions of strips."""
    plain = {256: 24, 257: 20, 258: 8, 259: 1, 262: 1, 273: 200, 277: 1, 278: 20, 279: 480}

    def write(following: int = 0, **changed: tuple[int, int, int]) -> bytes:
        tags = {number: (4, 1, value) for number, value in plain.items()}
        tags |= {int(number[1:]): tag for number, tag in changed.items()}
        return _tiff(*((number, *tag) for number, tag in tags.items()), after=bytes(1000), following=following)

    wrong = [
        write(following=8),
        write(_273=(4, 2**31 - 1, 8)),
        write(_273=(4, 2**32 - 1, 8), _279=(4, 2**32 - 1, 8)),
        write(_256=(4, 1, 2**31 - 1)),
        write(_256=(4, 1, 6300), _257=(4, 1, 6300), _278=(4, 1, 1)),
        write(_258=(3, 60_000, 8)),
        write(_277=(4, 1, 2**31 - 1)),
        write(_34665=(4, 1, 8)),
        write(_330=(4, 1, 8)),
        write(_322=(4, 1, 1), _323=(4, 1, 1), _324=(4, 480, 8)),
        *(write(_259=(4, 1, how)) for how in (2, 3, 4, 5, 6, 7, 8, 32_773, 34_925, 50_000, 50_001)),
    ]
    return _in_folders(wrong)


def _bmp_headers(rng: random.Random) -> bytes:
    """Write BMPs with impossible sizes, depths, palettes and compressions."""
    good = small_picture("P", "BMP")
    places = {18: "i", 22: "i", 14: "I", 28: "H", 30: "I", 46: "I", 10: "I"}
    values = (0, 1, 2, 3, 4, -1, 6300, 2**31 - 1)
    pictures = []
    for at, code in places.items():
        for value in values:
            field = struct.pack("<q", value)[: struct.calcsize(code)]
            pictures.append(good[:at] + field + good[at + len(field) :])
    return _in_folders(rng.sample(pictures, 24))


def _cut_everywhere(rng: random.Random) -> bytes:
    """Cut a picture of each type somewhere."""
    return _in_folders([picture[: rng.randrange(len(picture))] for picture in _good_pictures()])


def _exif(rng: random.Random) -> bytes:
    """Damage the EXIF data of a good JPEG."""
    tags = Image.Exif()
    tags[0x0112] = 6
    tags[0x8769] = {0x9286: b"x" * 500}
    exif = tags.tobytes()
    return _in_folders([small_picture("RGB", "JPEG", exif=mutate(exif, rng, first=6)) for _ in range(24)])


def _animation(kind: str, _rng: random.Random) -> bytes:
    """Write an animation of 300 frames."""
    first, *others = [Image.new("P", (300, 300), number % 256) for number in range(300)]
    return _in_folders([_encoded(first, kind, save_all=True, append_images=others)])


def _numbers_as_texts(_rng: random.Random) -> bytes:
    """Write PPM files, whose sizes are digits."""
    sizes = (
        b"0 0",
        b"-5 5",
        b"9" * 100 + b" 1",
        b"6300 6300",
        b"1 " + b"9" * 5000,
        b"# x\n" * 50_000 + b"2 2",
        b"5e3 5",
    )
    return _in_folders(
        [kind + b" " + size + b" 255\n" + bytes(300) for kind in (b"P6", b"P3", b"P1") for size in sizes]
    )


def _mutant(rng: random.Random) -> bytes:
    pictures = [mutate(rng.choice(_good_pictures()), rng) for _ in range(_MUTANTS)]
    return _in_folders(list(map(_mended, pictures)) if rng.random() < 0.5 else pictures)


_BOMBS = {
    "1 bit": (1, 0, 1),
    "8 bits": (8, 0, 1),
    "16 bits": (16, 0, 1),
    "colours": (8, 2, 3),
    "16 bits of 4": (16, 6, 4),
}
_ATTACKS: dict[str, Attack] = {
    "nothing wrong": lambda _rng: _in_folders(_good_pictures()),
    "30,000 pixels wide": partial(_narrow, 30_000, 1),
    "30,000 pixels high": partial(_narrow, 1, 30_000),
    **{f"40 megapixels, {what}": partial(_large_png, *how) for what, how in _BOMBS.items()},
    "40 megapixels, interlaced": partial(_large_png, 8, 2, 3, interlace=1),
    "PNG headers": _headers,
    "texts that unpack to 100 MB": _long_texts,
    "2,000 scans": _many_scans,
    "TIFF headers": _tiff_headers,
    "BMP headers": _bmp_headers,
    "PPM headers": _numbers_as_texts,
    "cut somewhere": _cut_everywhere,
    "EXIF": _exif,
    "a GIF that moves": partial(_animation, "GIF"),
    "a WebP that moves": partial(_animation, "WEBP"),
    "no pictures": lambda rng: _in_folders([rng.randbytes(size) for size in itertools.accumulate(range(24))]),
}

PICTURE = HostileFormat("picture", ".zip", 90, _ATTACKS, _mutant)
