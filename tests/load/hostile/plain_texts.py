"""Hostile svmlight and lectures, and all that is no data at all."""

from __future__ import annotations

import random
from functools import cache, partial
from pathlib import Path

from tests.load.hostile.hostile_format import HostileFormat
from tests.load.hostile.mutants import mutate, mutate_text

_MEGABYTE = 2**20
_LECTURES = Path(__file__).parents[3] / "assets" / "lectures" / "en"

# svmlight ------------------------------------------------------------------------------------------------------------

_GOOD_ROWS = "".join(f"{number % 2} 1:{number / 7:.3f} 3:{number} 7:1e-3 # {number}\n" for number in range(100))
_VALUES = (
    *(
        "nan",
        "inf",
        "-inf",
        "1e999",
        "1e-999",
        "0x1p3",
        ".",
        "-",
        "1_000",
        "9" * 400,
        "9" * 100_000,
        "1,5",
        "",
        "1e",
        "١",
    ),
    *("1e+", "+.5", "--1", "NaN(7)", "1d3", "{}"),
)
_INDICES = (
    *("0", "-1", "00000000001", "2147483647", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808"),
    *("9" * 40, "1.5", "", "x", "qid", "1:1", "100000000", "250000000"),
)


def _with_value(value: str, _rng: random.Random) -> bytes:
    return (_GOOD_ROWS + f"1 1:{value}\n").encode()


def _with_index(index: str, _rng: random.Random) -> bytes:
    return (_GOOD_ROWS + f"1 {index}:1\n").encode()


def _with_line(line: bytes, _rng: random.Random) -> bytes:
    return _GOOD_ROWS.encode() + line + b"\n"


def _svmlight_mutant(rng: random.Random) -> bytes:
    rows = "".join(rng.sample(_GOOD_ROWS.splitlines(keepends=True), 20))
    return mutate_text(rows, rng).encode("utf-8", "surrogatepass") if rng.random() < 0.7 else mutate(rows.encode(), rng)


SVMLIGHT = HostileFormat(
    "svmlight",
    ".svm",
    50,
    {
        "nothing wrong": lambda _rng: _GOOD_ROWS.encode(),
        **{f"the value {value[:20]} of {len(value)}": partial(_with_value, value) for value in _VALUES},
        **{f"the index {index[:20]}": partial(_with_index, index) for index in _INDICES},
        "the label nan": partial(_with_line, b"nan 1:1"),
        "two labels": partial(_with_line, b"1,2 1:1"),
        "no feature": partial(_with_line, b"1"),
        "falling indices": partial(_with_line, b"1 5:1 4:1 4:1"),
        "NUL": partial(_with_line, b"1 1:1\0 2:1"),
        "a line of 20 MB": lambda _rng: b"1" + b" 1:1" * (5 * _MEGABYTE),
        "a remark of 20 MB": lambda _rng: b"1 1:1 #" + b"x" * (20 * _MEGABYTE),
        "remarks before it": lambda _rng: b"# x\n" * (5 * _MEGABYTE) + _GOOD_ROWS.encode(),
        "a million rows": lambda _rng: b"1 1:1\n0 2:1\n" * 500_000,
        "two rows as wide as is allowed": lambda _rng: b"0 1:1\n1 125000000:1\n",
        "rows next to the limit": lambda _rng: b"0 1:1\n1 2600:1\n" * 50_000,
        "a number of the query": partial(_with_line, b"1 qid:99999999999999999999 1:1"),
    },
    _svmlight_mutant,
    target=_GOOD_ROWS.encode(),
)

# Lectures ------------------------------------------------------------------------------------------------------------


def _lecture(slides: str = "- title: x\n", head: str = "") -> bytes:
    return f"title: x\nlanguage: en\n{head}slides:\n{slides}".encode("utf-8", "surrogatepass")


def _with_title(title: str, _rng: random.Random) -> bytes:
    return _lecture(f"- title: {title}\n")


def _laughs(_rng: random.Random) -> bytes:
    levels = "".join(f"e{n}: &e{n} [{', '.join([f'*e{n - 1}'] * 9)}]\n" for n in range(1, 10))
    return _lecture("- title: *e9\n", "e0: &e0 ha\n" + levels)


_TITLES = {
    "a number of base 60": "1" + ":59" * 200 + ".5",
    "a whole number of base 60": "1" + ":59" * 5000,
    "10⁵⁰⁰⁰": "1" + "0" * 5000,
    "a number of 16": "0x" + "f" * 50_000,
    "a day that is none": "2024-02-30",
    "a time that is none": "2024-01-01T99:99:99+99:99",
    "infinite": ".inf",
    "a Python object": "!!python/object/apply:os.system ['touch yaml_was_run']",
    "a binary": "!!binary x",
    "a set": "!!set {a, b}",
    "pairs": "!!omap [a, b]",
    "a tag that nobody has": "!<tag:x> 5",
    "half a sign": '"\\ud800"',
    "NUL": '"\\0"',
    "braces": '"{slide} {0} {}"',
    "20,000 letters": "x" * 20_000,
    "a list in lists": "[" * 3000 + "]" * 3000,
    "a table in tables": "{a: " * 800 + "x" + "}" * 800,
    "an anchor in itself": "&a [*a]",
    "an anchor of nothing": "*nothing",
    "a key that is a list": "{[a]: b}",
    "a merge": "{<<: 7}",
    "a merge of itself": "&m {<<: *m}",
    "2,000 merges": "{<<: [" + ", ".join(["{a: b}"] * 2000) + "]}",
    "marks of Python": "%Y {x!r}",
}


@cache
def _shipped() -> tuple[str, ...]:
    return tuple(path.read_text(encoding="utf-8") for path in sorted(_LECTURES.glob("*.yaml")))


def _lecture_mutant(rng: random.Random) -> bytes:
    """Damage a lecture that ships."""
    text = rng.choice(_shipped())
    for _ in range(rng.randint(1, 5)):
        text = mutate_text(text, rng)
    data = text.encode("utf-8", "surrogatepass")
    return mutate(data, rng) if rng.random() < 0.2 else data


LECTURE = HostileFormat(
    "lecture",
    ".yaml",
    40,
    {
        "nothing wrong": lambda _rng: _lecture(),
        **{f"the title {name}": partial(_with_title, title) for name, title in _TITLES.items()},
        "a billion laughs": _laughs,
        "20,000 slides": lambda _rng: _lecture("- title: x\n" * 20_000),
        "140,000 lines": lambda _rng: _lecture("- x\n" * 70_000),
        "300,000 brackets": lambda _rng: b"[" * 290_000,
        "290,000 letters in a line": lambda _rng: b"title: " + b"x " * 145_000,
        "290,000 quotation marks": lambda _rng: b"title: '" + b"''" * 145_000,
        "30,000 documents": lambda _rng: b"---\n" * 30_000,
        "30,000 anchors": lambda _rng: _lecture("".join(f"- &a{number} x\n" for number in range(20_000))),
        "keys that are one": lambda _rng: b"title: x\n" * 30_000,
        "tabs": lambda _rng: b"title:\t\tx\n\tslides:\n\t- a\n",
        "a list alone": lambda _rng: b"- a\n- b\n",
        "nothing": lambda _rng: b"",
        "noise": lambda rng: rng.randbytes(5000),
        "UTF-16": lambda _rng: "title: x\n".encode("utf-16"),
        "a directive": lambda _rng: b"%YAML 9.9\n%TAG ! tag:x\n---\n" + _lecture(),
    },
    _lecture_mutant,
)

# No data at all ------------------------------------------------------------------------------------------------------

_BEGINNINGS = (
    *(
        b"%PDF-1.7\n",
        b"\x7fELF\2\1\1\0",
        b"MZ\x90\0",
        b"\x1f\x8b\x08\0",
        b"BZh9",
        b"\xfd7zXZ\0",
        b"7z\xbc\xaf'\x1c",
        b"Rar!\x1a\7",
    ),
    *(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"SQLite format 3\0",
        b"<html>",
        b"<?xml version='1.0'?>",
        b"<svg>",
        b"%!PS-Adobe-3.0 EPSF",
    ),
    *(
        b"PK",
        b"PK\3\4",
        b"PK\5\6",
        b"PAR1",
        b"\x89HDF\r\n\x1a\n",
        b"MATLAB",
        b"MATLAB 5.0",
        b"MATLAB 7.3",
        b"\x93NUMPY",
        b"\x80\5",
    ),
    *(
        b"RIFF",
        b"RIFF\0\0\0\0WAVE",
        b"fLaC",
        b"OggS",
        b"ID3",
        b"\xff\xfb",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"BM",
        b"II*\0",
        b"MM\0*",
    ),
    *(
        b"\xff\xd8\xff",
        b"P6 ",
        b"\xff\xfe",
        b"\xfe\xff",
        b"\xef\xbb\xbf",
        b"{}",
        b"[1, 2]",
        b"#!/bin/sh\n",
        b"\0\0\0\x0cjP  ",
        b"8BPS",
    ),
)


def _beginning(head: bytes, rng: random.Random) -> bytes:
    """Write noise behind the beginning of a known type."""
    return head + rng.randbytes(rng.choice((0, 1, 100, 5000)))


OTHER = HostileFormat(
    "other",
    ".bin",
    30,
    {
        "nothing": lambda _rng: b"",
        "a sign": lambda _rng: b"x",
        "NUL": lambda _rng: b"\0",
        "words": lambda _rng: b"A text that is no table.\n" * 500,
        "20 MB of noise": lambda rng: rng.randbytes(20 * _MEGABYTE),
        "20 MB of NUL": lambda _rng: bytes(20 * _MEGABYTE),
        "emoji": lambda _rng: ("😀" * 5000).encode(),
    },
    lambda rng: _beginning(rng.choice(_BEGINNINGS), rng),
    strays=True,
)
