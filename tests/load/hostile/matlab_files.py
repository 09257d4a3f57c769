"""Hostile MATLAB files of version 5: damaged elements, plain and compressed; and of version 4."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import numpy as np
import scipy.sparse
from scipy.io import savemat

from tests.load.hostile.hostile_format import Attack, HostileFormat
from tests.load.hostile.mutants import change_byte, mutate
from tests.load.hostile.packed_zeros import zlib_zeros

_HEADER = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
_FIRST_ELEMENT = len(_HEADER)
_COMPRESSED, _MATRIX, _INT8, _INT32, _UINT32, _DOUBLE = 15, 14, 1, 5, 6, 9
_NUMERIC_CLASS = 6
_MEGABYTE = 2**20


def _saved(arrays: dict[str, Any], **options: Any) -> bytes:
    """Save arrays with SciPy, without the date."""
    stream = io.BytesIO()
    savemat(stream, arrays, **options)
    saved = stream.getvalue()
    return saved if options.get("format") == "4" else _HEADER + saved[_FIRST_ELEMENT:]


@cache
def _plain_file() -> bytes:
    """Return 640 bytes of plain numbers, of which one changed byte can end a process."""
    X, y = np.zeros((6, 2)), [[0, 1] * 3]
    return _saved({"Xs": X, "ys": y, "Xt": X, "yt": y})


@cache
def _good_files() -> tuple[bytes, ...]:
    """Return small files of all kinds of arrays, not compressed."""
    X, y = np.arange(12.0).reshape(6, 2), np.arange(6)[:, None] % 2
    words = np.array(["a", "b"] * 3, dtype=object)[:, None]
    pair = {"Xs": X, "ys": y, "Xt": X + 1, "yt": y}
    return (
        _saved(pair),
        _saved({**pair, "Xs": scipy.sparse.csc_matrix(X), "Xt": scipy.sparse.csc_matrix(X)}),
        _saved({**pair, "ys": words, "yt": words}),
        _saved({"X": X.astype(np.int16), "y": ["a", "b"] * 3, "domain": ["s", "s", "s", "t", "t", "t"]}),
        _saved({**pair, "Xs": X + 1j, "info": {"a": X, "b": {"c": "text"}}}),
        _saved({"X_train": X.astype(np.uint8), "y_train": y, "X_test": X.astype(np.float32), "y_test": y > 0}),
        _saved({**pair, "long_name_of_an_array_that_is_not_used": np.zeros((2, 3, 4))}, long_field_names=True),
        _saved({**pair, "records": np.array([(1, "x")], dtype=[("n", int), ("s", object)])}),
    )


# Elements ------------------------------------------------------------------------------------------------------------


def _element(kind: int, body: bytes, claimed: int | None = None) -> bytes:
    size = len(body) if claimed is None else claimed
    return struct.pack("<II", kind, size) + body + bytes(-len(body) % 8 if kind != _COMPRESSED else 0)


def _matrix(
    name: bytes = b"Xs",
    shape: tuple[int, ...] = (6, 2),
    data: bytes = bytes(96),
    *,
    array_class: int = _NUMERIC_CLASS,
    flags: int = 0,
    nonzero: int = 0,
    kind: int = _DOUBLE,
    claimed: int | None = None,
    more: bytes = b"",
) -> bytes:
    """Write a matrix whose class, shape and sizes need not fit; ``claimed`` is the size that it gives its data."""
    about = _element(_UINT32, struct.pack("<II", flags << 8 | array_class, nonzero))
    dimensions = _element(_INT32, struct.pack(f"<{len(shape)}i", *shape))
    return _element(_MATRIX, about + dimensions + _element(_INT8, name) + more + _element(kind, data, claimed))


def _others() -> bytes:
    """Write the arrays beside Xs."""
    labels = struct.pack("<6d", 0, 1, 0, 1, 0, 1)
    return _matrix(b"ys", (6, 1), labels) + _matrix(b"Xt") + _matrix(b"yt", (6, 1), labels)


def _with_matrix(matrix: Callable[[], bytes], _rng: random.Random) -> bytes:
    return _HEADER + matrix() + _others()


def _compressed(body: bytes) -> bytes:
    return _element(_COMPRESSED, zlib.compress(body, 9))


def _elements(data: bytes) -> Iterator[bytes]:
    """Yield the elements of a file that is not compressed."""
    at = _FIRST_ELEMENT
    while at < len(data):
        end = at + 8 + int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at:end]
        at = end


def _in_cells(depth: int) -> bytes:
    """Write cells in cells."""
    inner = _matrix(b"", (1, 1), bytes(8))
    for _ in range(depth):
        about = _element(_UINT32, struct.pack("<II", 1, 0)) + _element(_INT32, struct.pack("<ii", 1, 1))
        inner = _element(_MATRIX, about + _element(_INT8, b"") + inner)
    return _element(_MATRIX, inner[8:32] + _element(_INT8, b"Xs") + inner[40:])


def _bomb(name: bytes, megabytes: int) -> bytes:
    """Write a matrix of many megabytes of zeros, compressed."""
    size = megabytes * _MEGABYTE // 48 * 48
    head = _matrix(name, (6, size // 48), b"", claimed=size)
    return _element(_COMPRESSED, zlib_zeros(head[:4] + struct.pack("<I", len(head) - 8 + size) + head[8:], size))


def _packed_in_packed(depth: int) -> bytes:
    element = _matrix()
    for _ in range(depth):
        element = _compressed(element)
    return element


_MATRICES: dict[str, Callable[[], bytes]] = {
    **{f"class {number}": partial(_matrix, array_class=number) for number in (0, 1, 2, 3, 4, 5, 7, 16, 17, 18, 255)},
    **{f"flags {flags}": partial(_matrix, flags=flags) for flags in (2, 4, 8, 255)},
    **{
        f"numbers as type {number}": partial(_matrix, kind=number)
        for number in (0, 1, 8, 10, 11, 14, 15, 16, 18, 65_535)
    },
    **{f"a size of {size}": partial(_matrix, claimed=size) for size in (0, 8, 97, 2**31 - 1, 2**31, 2**32 - 1)},
    "a shape of nothing": partial(_matrix, shape=()),
    "a shape of one": partial(_matrix, shape=(12,)),
    "a shape of 40": partial(_matrix, shape=(1,) * 39 + (12,)),
    "a shape of 100,000": partial(_matrix, shape=(1,) * 100_000),
    "a shape below nothing": partial(_matrix, shape=(-6, -2)),
    "a shape of 2⁶²": partial(_matrix, shape=(2**31 - 1, 2**31 - 1)),
    "a shape of 10⁹ and nothing": partial(_matrix, shape=(10**9, 0), data=b""),
    "a shape of nothing and 10⁹": partial(_matrix, shape=(0, 10**9), data=b""),
    "a long name": partial(_matrix, b"n" * 2**20),
    "a name that is no text": partial(_matrix, b"\xff\0\xfe{}"),
    "an empty name": partial(_matrix, b""),
    "half of it": lambda: _matrix()[:60],
    "no element": lambda: b"",
    "an element of 4 GB": lambda: _element(_MATRIX, bytes(60), 2**32 - 1),
    "an element of nothing": lambda: _element(_MATRIX, b""),
    "30 cells deep": partial(_in_cells, 30),
    "5,000 cells deep": partial(_in_cells, 5000),
    "compressed 3 times": partial(_packed_in_packed, 3),
    "compressed 500 times": partial(_packed_in_packed, 500),
    "a compressed half": lambda: _compressed(_matrix())[:-9],
    "compressed noise": lambda: _element(_COMPRESSED, b"\x78\xda" + bytes(range(200))),
    "a sparse one of 10⁹ columns": partial(_matrix, shape=(6, 10**9), array_class=5, nonzero=2**31 - 1),
    "a sparse one that points outside": lambda: _matrix(
        array_class=5,
        nonzero=2,
        more=_element(_INT32, struct.pack("<2i", 2**31 - 1, -5)) + _element(_INT32, struct.pack("<3i", 0, 1, 2)),
        data=bytes(16),
    ),
}


def _mutant(rng: random.Random) -> bytes:
    """Change one byte of the plain file, or several of any; or damage elements before they are compressed."""
    lot = rng.random()
    if lot < 0.3:
        return change_byte(_plain_file(), rng, first=_FIRST_ELEMENT)
    good = rng.choice(_good_files())
    if lot < 0.45:
        return change_byte(good, rng, first=_FIRST_ELEMENT)
    if lot < 0.7:
        return mutate(good, rng, first=rng.choice((0, _FIRST_ELEMENT, _FIRST_ELEMENT)))
    damage = change_byte if rng.random() < 0.6 else mutate
    elements = list(_elements(good))
    at = rng.randrange(len(elements))
    elements[at] = damage(elements[at], rng)
    return _HEADER + b"".join(map(_compressed, elements))


_ATTACKS: dict[str, Attack] = {
    "nothing wrong": lambda _rng: _good_files()[0],
    "byte 145 is 8": lambda _rng: _plain_file()[:145] + b"\x08" + _plain_file()[146:],
    **{name: partial(_with_matrix, matrix) for name, matrix in _MATRICES.items()},
    "a bomb of 3 GB": lambda _rng: _HEADER + _bomb(b"Xs", 3000) + _others(),
    "a bomb of 990 MB": lambda _rng: _HEADER + _bomb(b"Xs", 990) + _others(),
    "39 bombs of 50 MB that nobody asks for": lambda _rng: _HEADER + 39 * _bomb(b"other", 50) + _others(),
    "2,000 arrays": lambda _rng: _HEADER + b"".join(_matrix(b"a%d" % number) for number in range(2000)) + _others(),
    "the other order of bytes": lambda _rng: _HEADER[:-2] + b"MI" + _plain_file()[_FIRST_ELEMENT:],
    "the header alone": lambda _rng: _HEADER,
    "half of the header": lambda _rng: _HEADER[:60],
    "objects of version 0": lambda _rng: _HEADER[:124] + bytes(8) + _plain_file()[_FIRST_ELEMENT:],
}

MAT5 = HostileFormat("mat5", ".mat", 200, _ATTACKS, _mutant)

# Version 4 -----------------------------------------------------------------------------------------------------------


@cache
def _good_old_files() -> tuple[bytes, ...]:
    X, y = np.arange(12.0).reshape(6, 2), np.arange(6)[:, None] % 2
    pair = {"Xs": X, "ys": y, "Xt": X + 1, "yt": y}
    return (
        _saved(pair, format="4"),
        _saved({**pair, "Xs": scipy.sparse.coo_matrix(X)}, format="4"),
        _saved({**pair, "Xs": X + 1j, "ys": np.array(["a", "b"] * 3)}, format="4"),
        _saved({"X": X.astype(np.int16), "y": y.astype(np.uint8)}, format="4"),
    )


def _old_matrix(
    kind: int = 0,
    rows: int = 6,
    columns: int = 2,
    imaginary: int = 0,
    name: bytes = b"Xs\0",
    claimed: int | None = None,
) -> bytes:
    """Write a matrix of version 4 with any numbers in its header."""
    length = len(name) if claimed is None else claimed
    return struct.pack("<5i", kind, rows, columns, imaginary, length) + name + bytes(96)


_OLD_MATRICES: dict[str, dict[str, Any]] = {
    **{f"kind {kind}": {"kind": kind} for kind in (-1, 1, 2, 9, 10, 20, 50, 52, 1000, 2000, 4052, 10_000, 2**31 - 1)},
    **{f"{rows} rows": {"rows": rows} for rows in (-1, 0, 2**31 - 1, -(2**31))},
    **{f"{columns} columns": {"columns": columns} for columns in (-1, 0, 2**31 - 1)},
    **{f"a name of {claimed}": {"claimed": claimed} for claimed in (-1, 0, 100, 2**31 - 1)},
    "10⁹ rows of nothing": {"rows": 10**9, "columns": 0},
    "2¹⁸ bytes": {"rows": 2**31 - 1, "columns": 2**31 - 1},
    "two parts": {"imaginary": 1},
    "a name without an end": {"name": b"Xs"},
}

MAT4 = HostileFormat(
    "mat4",
    ".mat",
    50,
    {
        "nothing wrong": lambda _rng: _good_old_files()[0],
        **{
            name: lambda _rng, claims=claims: _old_matrix(**claims) + _good_old_files()[0]  # type: ignore[misc]
            for name, claims in _OLD_MATRICES.items()
        },
    },
    lambda rng: rng.choice((mutate, change_byte))(rng.choice(_good_old_files()), rng),
)
