"""Hostile zips of pictures by class: what their names, links, sizes and directories say is not what is there."""

from __future__ import annotations

import random
import stat
import struct
from dataclasses import replace
from functools import cache, partial
from typing import Any

from tests.load.hostile.hostile_format import HostileFormat
from tests.load.hostile.mutants import mutate
from tests.load.hostile.picture_files import small_picture
from tests.load.hostile.zip_writer import DEFLATED, Member, class_folders, padded, stored, write_zip

_MEGABYTE = 2**20


@cache
def good_members() -> tuple[Member, ...]:
    """Return a small zip with nothing wrong."""
    return tuple(class_folders([small_picture()] * 8, small_picture(), ".png"))


# Names ---------------------------------------------------------------------------------------------------------------


def _with_name(name: str | bytes, _rng: random.Random) -> bytes:
    return write_zip([*good_members(), stored(name, small_picture())])


def _below_folders(depth: int, _rng: random.Random) -> bytes:
    """Put four pictures deep below common folders."""
    return write_zip(stored("d/" * depth + f"{label}/{number}.png", b"x") for label in "ab" for number in (0, 1))


def _deep_and_many(depth: int, count: int, _rng: random.Random) -> bytes:
    """Put many pictures each at the end of a path of its own."""
    return write_zip(stored("/".join(f"{number}.{step}" for step in range(depth)), b"x") for number in range(count))


def _many(count: int, pattern: str, _rng: random.Random) -> bytes:
    return write_zip(stored(pattern.format(number, number % 2, number % 4 // 2), b"") for number in range(count))


def _long_name_among_many(_rng: random.Random) -> bytes:
    """Write 8,000 pictures, two of them with names of 60,000 letters."""
    folders = [f"{domain}/{label}" for domain in ("day", "night") for label in ("cat", "dog")]
    names = [f"{folders[number % 4]}/{number}.png" for number in range(7998)]
    names += [f"{folder}/{60_000 * 'x'}.png" for folder in folders[::2]]
    return write_zip(stored(name, small_picture()) for name in names)


def _in_bytes(encoding: str, _rng: random.Random) -> bytes:
    """Write Chinese names in an encoding that no flag explains."""
    names = [f"{domain}/{label}/{number}.png" for domain in "日夜" for label in "猫狗" for number in range(3)]
    return write_zip(replace(stored(name.encode(encoding), small_picture()), flags=0) for name in names)


def _twins(first: str, second: str, _rng: random.Random) -> bytes:
    return write_zip([*good_members(), stored(first, small_picture()), stored(second, b"GIF89a")])


_NAMES: dict[str, str | bytes] = {
    "a name that leads up": "../../escaped.png",
    "a name that leads up inside": "day/cat/../../../escaped.png",
    "a name from the root": "/etc/cron.d/escaped.png",
    "a name of a drive": "C:/escaped.png",
    "a name with backslashes": "..\\..\\escaped.png",
    "a name with NUL": "day/cat/9.png\0.txt",
    "a name of a line end": "day/cat/\r\n9.png",
    "a name that turns around": "day/cat/\u202egnp.9",
    "an empty name": "",
    "a name of slashes": "////",
    "a name of dots": "././././.png",
    "a name of 60,000 letters": "day/cat/" + 60_000 * "x",
    "a folder of 60,000 letters": "day/" + 60_000 * "x" + "/1.png",
    "a name that leads up after 60,000 letters": 60_000 * "x" + "/../../../1.png",
    "a name that is no UTF-8": b"day/cat/\xff\xfe\xc0\x80.png",
    "a class of signs alone": "day/\u200b\u2060/1.png",
    "a class of 10,000 marks": "day/" + 10_000 * "\u0301" + "/1.png",
}

# What the directory says ---------------------------------------------------------------------------------------------


def _lie(rng: random.Random, **claims: Any) -> bytes:
    """Give half of the members false entries."""
    return write_zip(replace(member, **claims) if rng.random() < 0.5 else member for member in good_members())


def _overlapping(_rng: random.Random) -> bytes:
    """List one file of 20 MB thousands of times."""
    first = padded("day/cat/0.png", b"", 20 * _MEGABYTE)
    names = (f"{domain}/{label}/{number}.png" for domain in "ab" for label in "cd" for number in range(500))
    return write_zip([first, *(replace(first, name=name.encode(), body=b"", offset=0) for name in names)])


def _inside_itself(_rng: random.Random) -> bytes:
    """Put archives into archives, 256 MB of zeros in the innermost."""
    inner = write_zip([padded("zeros.png", b"", 256 * _MEGABYTE)])
    for depth in range(2):
        inner = write_zip(class_folders([inner] * 2, inner, f"{depth}.zip"))
    return inner


def _bomb(_rng: random.Random) -> bytes:
    """Add a file of 500 MB of zeros."""
    return write_zip([*good_members(), padded("day/cat/9.png", b"", 500 * _MEGABYTE)])


def _bomb_in_bounds(rng: random.Random) -> bytes:
    """Add files as large as is allowed, and noise that keeps the archive's ratio within its bound."""
    zeros = padded("", b"", 190 * _MEGABYTE)
    folders = [f"{domain}/{label}" for domain in ("day", "night") for label in ("cat", "dog")]
    bombs = [replace(zeros, name=f"{folders[number % 4]}/b{number}.png".encode()) for number in range(10)]
    return write_zip([*good_members(), *bombs, stored("day/cat/noise.png", rng.randbytes(9 * _MEGABYTE))])


_LIES: dict[str, dict[str, Any]] = {
    "sizes of nothing": {"size": 0},
    "sizes of 4 GB": {"size": 2**32 - 1},
    "sizes of 150 MB": {"size": 150 * _MEGABYTE},
    "packed sizes of nothing": {"packed": 0},
    "packed sizes of 4 GB": {"packed": 2**32 - 1},
    "wrong check sums": {"crc": 1},
    "stored files that say deflate": {"method": DEFLATED},
    "a method that nobody has": {"method": 99},
    "the method bzip2": {"method": 12},
    "the method LZMA": {"method": 14},
    "a password": {"flags": 1},
    "sizes that come later": {"flags": 8, "size": 0, "packed": 0, "crc": 0},
    "offsets beyond the end": {"offset": 2**31},
    "offsets into the directory": {"offset": 2000},
    "offsets that are one": {"offset": 0},
    "links": {"mode": stat.S_IFLNK | 0o777},
    "devices": {"mode": stat.S_IFBLK | 0o666},
    "pipes": {"mode": stat.S_IFIFO | 0o666},
    "folders that are files": {"mode": stat.S_IFDIR | 0o755},
    "zip64 without fields": {"extra": struct.pack("<HH", 1, 0), "size": 2**32 - 1},
    "zip64 of 2⁶³ bytes": {"extra": struct.pack("<HHQ", 1, 8, 2**63 - 1), "size": 2**32 - 1},
    "zip64 that was cut": {"extra": struct.pack("<HHI", 1, 24, 7), "size": 2**32 - 1, "packed": 2**32 - 1},
    "extra fields that lie": {"extra": struct.pack("<HH", 0x7075, 65_535)},
}


def _zip64_end(_rng: random.Random) -> bytes:
    """Add an end of the directory in 64 bits that lies elsewhere."""
    plain = write_zip(good_members())
    end = plain[plain.rindex(b"PK\x05\x06") :]
    record = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 2**40, 2**40, 2**50, 2**60)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, 2**62, 1)
    return plain[: -len(end)] + record + locator + end


def _mutant(rng: random.Random) -> bytes:
    good = write_zip(good_members())
    if rng.random() < 0.5:
        return mutate(good, rng)
    return mutate(good, rng, first=good.index(b"PK\x01\x02"))  # the directory and its end alone


ZIP = HostileFormat(
    "zip",
    ".zip",
    80,
    {
        "nothing wrong": lambda _rng: write_zip(good_members()),
        **{f"{depth} folders deep": partial(_below_folders, depth) for depth in (20, 900, 1100, 3000)},
        "1,000 files, each 200 folders deep": partial(_deep_and_many, 200, 1000),
        "20,000 files, each 10 folders deep": partial(_deep_and_many, 10, 20_000),
        **{name: partial(_with_name, hostile) for name, hostile in _NAMES.items()},
        "long names among many": _long_name_among_many,
        "60,000 names": partial(_many, 60_000, "{2}/{1}/{0}.png"),
        "49,000 names of empty files": partial(_many, 49_000, "{2}/{1}/{0}.png"),
        "20,000 folders": partial(_many, 20_000, "{2}/{0}/"),
        "20,000 classes": partial(_many, 20_000, "{2}/{0}/a.png"),
        "30,000 files in one folder": partial(_many, 30_000, "{0}.png"),
        **{
            f"names in {encoding}": partial(_in_bytes, encoding) for encoding in ("gbk", "utf-8", "shift_jis", "utf-16")
        },
        "twins": partial(_twins, "day/cat/1.png", "day/cat/1.png"),
        "twins of another case": partial(_twins, "day/Cat/1.png", "DAY/cat/1.png"),
        "twins of another accent": partial(_twins, "day/caf\u00e9/1.png", "day/cafe\u0301/1.png"),
        "a folder that is a file": partial(_twins, "day/bird", "day/bird/1.png"),
        "a class that is a file and a folder": partial(_twins, "day/cat/", "day/cat"),
        **{name: partial(_lie, **claims) for name, claims in _LIES.items()},
        "overlapping files": _overlapping,
        "archives in archives": _inside_itself,
        "a bomb": _bomb,
        "a bomb within the bounds": _bomb_in_bounds,
        "a count that lies": lambda _rng: write_zip(good_members(), count=60_000),
        "a directory beyond the end": lambda _rng: write_zip(good_members(), directory=2**31),
        "a directory before the beginning": lambda _rng: write_zip(good_members(), directory=2**32 - 1),
        "a directory at the beginning": lambda _rng: write_zip(good_members(), directory=0),
        "a directory in 64 bits": _zip64_end,
        "a long comment": lambda _rng: write_zip(good_members(), comment=b"PK\x05\x06" * 16_000),
        "a program before it": lambda _rng: write_zip(good_members(), before=b"PK" + bytes(5000)),
        "no member": lambda _rng: write_zip([]),
        "two ends": lambda _rng: 2 * write_zip(good_members()),
    },
    _mutant,
)
