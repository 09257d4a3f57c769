"""Hostile npz and npy: headers that lie, pickles, sparse matrices that point outside, and shapes of any size."""

from __future__ import annotations

import io
import math
import os
import pickle
import random
import struct
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

import numpy as np

from tests.load.hostile.hostile_format import Attack, HostileFormat
from tests.load.hostile.mutants import mutate, mutate_text
from tests.load.hostile.zip_writer import deflated, padded, stored, write_zip

_MEGABYTE = 2**20
_NEXT_TO_THE_LIMIT = 990 * _MEGABYTE
"""Bytes of one domain that are just about allowed."""


class _Runs:
    """Runs a command where it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch pickle_was_run",)


def _npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, allow_pickle=False)
    return stream.getvalue()


def _headed(header: str, body: bytes = b"", version: tuple[int, int] = (1, 0), claimed: int | None = None) -> bytes:
    """Write an array behind a header of any words; ``claimed`` is the length that it gives itself."""
    text = header.encode() + b"\n"
    length = struct.pack("<H" if version[0] == 1 else "<I", len(text) if claimed is None else claimed)
    return b"\x93NUMPY" + bytes(version) + length + text + body


def _described(descr: str = "'<f8'", shape: str = "(6, 2)", order: str = "False", more: str = "") -> str:
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, {more}}}"


@cache
def good_arrays() -> dict[str, np.ndarray]:
    """Return two domains of six samples."""
    X, y = np.arange(12.0).reshape(6, 2), np.arange(6) % 2
    return {"Xs": X, "ys": y, "Xt": X + 1, "yt": y}


def _archive(arrays: Mapping[str, bytes | np.ndarray], *, compressed: bool = False) -> bytes:
    write = deflated if compressed else stored
    return write_zip(
        write(f"{name}.npy", _npy(array) if isinstance(array, np.ndarray) else array) for name, array in arrays.items()
    )


def _with(name: str, array: bytes | np.ndarray, _rng: random.Random) -> bytes:
    return _archive({**good_arrays(), name: array})


@cache
def _sparse_parts() -> dict[str, np.ndarray]:
    """Return a sparse matrix as SciPy keeps it, with the class and the domain of each row."""
    import scipy.sparse

    matrix = scipy.sparse.csr_matrix(np.diag(np.arange(1.0, 7)))
    parts = {"indices": matrix.indices, "indptr": matrix.indptr, "format": np.array(b"csr")}
    labels = {"y": np.arange(6) % 2, "domain": np.array(["s", "t"] * 3)}
    return {**parts, "shape": np.array(matrix.shape), "data": matrix.data, **labels}


def _sparse(parts: Mapping[str, Any], _rng: random.Random) -> bytes:
    return _archive({**_sparse_parts(), **{name: np.asarray(part) for name, part in parts.items()}})


_SPARSE: dict[str, dict[str, Any]] = {
    "nothing wrong": {},
    "columns outside": {"indices": [0, 1, 2, 3, 4, 2**31 - 1]},
    "columns before": {"indices": [0, 1, 2, 3, 4, -(2**31)]},
    "columns in 64 bits": {"indices": np.array([0, 1, 2, 3, 4, 2**62])},
    "rows that go back": {"indptr": [0, 6, 0, 6, 0, 6, 6]},
    "rows beyond the end": {"indptr": [0, 1, 2, 3, 4, 5, 2**31 - 1]},
    "rows before the beginning": {"indptr": [-5, 1, 2, 3, 4, 5, 6]},
    "too few rows": {"indptr": [0, 6]},
    "rows that are text": {"indptr": ["0"] * 7},
    "a shape of 10¹⁸": {"shape": [10**9, 10**9]},
    "a shape below nothing": {"shape": [-6, 6]},
    "a shape of numbers with a point": {"shape": [6.0, 6.0]},
    "a shape of three": {"shape": [6, 6, 6]},
    "a shape of 2⁶³": {"shape": np.array([2**63, 2**63], np.uint64)},
    "a shape next to the limit": {"shape": [6, _NEXT_TO_THE_LIMIT // 48]},
    "a form that nobody has": {"format": np.array(b"xyz")},
    "the form “coo”": {"format": np.array(b"coo"), "row": np.arange(6), "col": [0, 1, 2, 3, 4, 2**31 - 1]},
    "the form “coo” before": {"format": np.array(b"coo"), "row": -np.arange(6), "col": np.arange(6)},
    "the form “dia”": {"format": np.array(b"dia"), "offsets": [2**31 - 1], "data": np.ones((1, 6))},
    "the form “bsr”": {"format": np.array(b"bsr"), "data": np.ones((6, 1000, 1000))},
    "a form that is a number": {"format": np.array(7)},
    "data that are text": {"data": ["x"] * 6},
    "data of nothing": {"data": np.zeros(0)},
}


def _nothing_but_rows(rows: int, shape: str, _rng: random.Random) -> bytes:
    """Write a target of many samples without values, which takes no byte."""
    arrays = {name: _npy(array) for name, array in good_arrays().items() if name != "yt"}
    return _archive({**arrays, "Xt": _headed(_described(shape=shape.format(rows)))})


def _next_to_the_limit(kind: str, rng: random.Random) -> bytes:
    """Write samples of the most memory that is allowed, and noise that keeps the archive's ratio within its bound."""
    size = np.dtype(kind).itemsize
    shape = (6, _NEXT_TO_THE_LIMIT // max(size, 4) // 6)
    head, zeros = _headed(_described(f"'{kind}'", str(shape))), shape[0] * shape[1] * size
    files = [stored(f"{name}.npy", _npy(array)) for name, array in good_arrays().items() if name != "Xs"]
    noise = stored("noise.npy", _npy(np.frombuffer(rng.randbytes(zeros // 190), np.uint8)))
    return write_zip([*files, padded("Xs.npy", head, zeros), noise])


def _grey(rng: random.Random) -> bytes:
    """Write grey pictures, which become three times as large in colours."""
    shape = (6, 7000, 7900)
    head = _headed(_described("'|u1'", str(shape)))
    pictures = [padded(f"{name}.npy", head, math.prod(shape)) for name in ("Xs", "Xt")]
    labels = [stored(f"{name}.npy", _npy(good_arrays()["ys"])) for name in ("ys", "yt")]
    noise = _npy(np.frombuffer(rng.randbytes(4 * _MEGABYTE), np.uint8))
    return write_zip([*pictures, *labels, stored("noise.npy", noise)])


_DESCRS = (
    *("'|O'", "'<f16'", "'<c16'", "'|V0'", "'<U0'", "'|S0'", "'<U1000000000'", "'|V1000000000'", "'<M8[ns]'", "'<m8'"),
    *("'<f3'", "'x'", "''", "7", "None", "[('a', '<f8'), ('b', '|O')]", "[('a', '<f8', (10, 10))]", "[]", "{'a': 1}"),
    *("[('a', [('b', '<f8')])]", "('<f8', (2, 2))", "'f8,f8'", "'<f8' * 99", "'\\x00'", "'|b1'", "'>f8'", "'<f2'"),
)
_SHAPES = (
    *("()", "(6,)", "(6, 2, 1)", "(-6, -2)", "(6.0, 2)", "('6', 2)", "(True, 12)", "(6, 2", "[6, 2]", "12", "None"),
    *("(0, 0)", "(0, 2)", "(6, 0)", "(2**62, 4)", f"({2**62}, {2**62})", f"({2**64}, 0)", f"({10**12}, 0)"),
    *(
        "(" + "1, " * 33 + "12)",
        "(" + "1, " * 20_000 + "12)",
        "(" * 200 + ")" * 200,
        "(" * 50_000,
        f"({'9' * 5000}, 0)",
    ),
)


@cache
def _headers() -> dict[str, bytes]:
    """Return arrays by what is wrong with their headers."""
    body = bytes(96)
    return {
        **{f"the type {descr[:40]}": _headed(_described(descr), body) for descr in _DESCRS},
        **{f"the shape {shape[:30]} of {len(shape)}": _headed(_described(shape=shape), body) for shape in _SHAPES},
        "an order of columns": _headed(_described(order="True"), body),
        "an order that is none": _headed(_described(order="'F'"), body),
        "a key too many": _headed(_described(more="'more': 1"), body),
        "a call": _headed("__import__('os').system('touch header_was_run')", body),
        "no key": _headed("{}", body),
        "a header that is no text": _headed("\udcff".encode("utf-8", "surrogateescape").decode("cp437"), body),
        "a header of 4 GB": _headed(_described(), body, (2, 0), 2**32 - 1),
        "a header of 5 MB": _headed(_described(more=" " * 5_000_000), body, (2, 0)),
        "a header of 60,000 terms": _headed(_described(shape="(" + "+".join(["1"] * 30_000) + ", 2)"), body),
        "a header of signs": _headed(_described(shape="-" * 30_000 + "6"), body),
        "version 3": _headed(_described(), body, (3, 0)),
        "version 9": _headed(_described(), body, (9, 9)),
        "a pickle": _headed(_described("'|O'", "()"), pickle.dumps(_Runs())),
        "a pickle alone": pickle.dumps(_Runs()),
    }


def _mutant(rng: random.Random) -> bytes:
    """Damage an array's header or any of its bytes, in an archive with right check sums."""
    parts = _sparse_parts() if rng.random() < 0.3 else good_arrays()
    arrays = {name: _npy(array) for name, array in parts.items()}
    name = rng.choice(sorted(arrays))
    if rng.random() < 0.4:
        header, line, body = arrays[name][10:].partition(b"\n")
        words = mutate_text(header.decode(), rng).encode("utf-8", "surrogatepass")
        arrays[name] = b"\x93NUMPY\1\0" + struct.pack("<H", len(words + line) % 65_536) + words + line + body
    else:
        arrays[name] = mutate(arrays[name], rng)
    return mutate(_archive(arrays), rng) if rng.random() < 0.1 else _archive(arrays, compressed=rng.random() < 0.5)


_ATTACKS: dict[str, Attack] = {
    "nothing wrong": lambda _rng: _archive(good_arrays()),
    **{f"Xs with {name}": partial(_with, "Xs", array) for name, array in _headers().items()},
    "ys of 10⁹ empty texts": partial(_with, "ys", _headed(_described("'<U0'", f"({10**9},)"))),
    "ys of NaN": partial(_with, "ys", np.full(6, np.nan)),
    "ys of 10³⁰⁰": partial(_with, "ys", np.full(6, 1e300)),
    "ys of all signs": partial(_with, "ys", np.array(["\0", "\n", "\ud800", "{}", "x" * 500, " "])),
    "Xs of NaN": partial(_with, "Xs", np.full((6, 2), np.nan)),
    "a name of 60,000 letters": partial(_with, "n" * 60_000, np.zeros(3)),
    "a name that is no UTF-8": lambda _rng: write_zip([stored(b"X\xff\xfe.npy", _npy(np.zeros(3)))]),
    "10¹² samples of nothing": partial(_nothing_but_rows, 10**12, "({}, 0)"),
    "10⁹ pictures of nothing": partial(_nothing_but_rows, 10**9, "({}, 0, 0, 3)"),
    "10⁹ pictures of no width": partial(_nothing_but_rows, 10**9, "({}, 8, 0)"),
    **{f"next to the limit in {kind}": partial(_next_to_the_limit, kind) for kind in ("<f8", "<f4", "|u1", "<f2")},
    "grey pictures": _grey,
    **{f"sparse, {name}": partial(_sparse, parts) for name, parts in _SPARSE.items()},
    "no array": lambda _rng: _archive({}),
    "arrays that are none": lambda rng: _archive(dict.fromkeys(("Xs", "ys", "Xt", "yt"), rng.randbytes(40))),
}

NPZ = HostileFormat("npz", ".npz", 80, _ATTACKS, _mutant)
NPY = HostileFormat(
    "npy",
    ".npy",
    10,
    {"nothing wrong": lambda _rng: _npy(good_arrays()["Xs"])},
    lambda rng: mutate(rng.choice(sorted(_headers().values())), rng),
)
