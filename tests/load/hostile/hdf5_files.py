"""Hostile MATLAB files of version 7.3, which are HDF5: links, odd types, sizes without data, and mutants."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import h5py
import numpy as np

from tests.load.hostile.hostile_format import HostileFormat
from tests.load.hostile.mutants import change_byte, mutate

_USER_BLOCK = 512
_HEADER = (b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM").ljust(_USER_BLOCK, b"\0")
_NEXT_TO_THE_LIMIT = 990 * 2**20

Writes = Callable[[h5py.File], None]


def _written(write: Writes, *, without: str = "", **options: Any) -> bytes:
    """Write a file of two domains and what ``write`` adds to it, without one of the arrays."""
    stream = io.BytesIO()
    with h5py.File(stream, "w", userblock_size=_USER_BLOCK, **options) as file:
        X, y = np.arange(12.0).reshape(2, 6), np.arange(6.0)[None] % 2
        for name, array in {"Xs": X, "ys": y, "Xt": X + 1, "yt": y}.items():
            if name != without:
                file[name] = array
        write(file)
    return _HEADER + stream.getvalue()[_USER_BLOCK:]


def _with_xs(write: Writes, _rng: random.Random) -> bytes:
    return _written(write, without="Xs")


def _put(array: Any, file: h5py.File, *, name: str = "Xs", **options: Any) -> None:
    file.create_dataset(name, data=array, **options)


def _sized(shape: tuple[int, ...], file: h5py.File, **options: Any) -> None:
    """Write the size of an array, and no data."""
    file.create_dataset("Xs", shape, **{"dtype": "f8", "chunks": True, **options})


def _text(codes: Any, file: h5py.File) -> None:
    """Write class names as MATLAB keeps them: codes of characters."""
    del file["ys"]
    file.create_dataset("ys", data=np.asarray(codes)).attrs["MATLAB_class"] = np.bytes_(b"char")


def _virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((2, 6), "f8")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (2, 6))
    file.create_virtual_dataset("Xs", layout)


def _virtual_itself(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((2, 6), "f8")
    layout[:] = h5py.VirtualSource(".", "Xs", (2, 6))
    file.create_virtual_dataset("Xs", layout)


def _outside(file: h5py.File) -> None:
    """Write an array whose numbers lie in another file."""
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_external(b"/etc/passwd", 0, 96)
    space = h5py.h5s.create_simple((2, 6))
    h5py.h5d.create(file.id, b"Xs", h5py.h5t.NATIVE_DOUBLE, space, properties)


def _soft_loop(file: h5py.File) -> None:
    file["Xs"], file["other"] = h5py.SoftLink("/other"), h5py.SoftLink("/Xs")


def _hard_loop(file: h5py.File) -> None:
    group = file.create_group("Xs")
    group["again"] = group


def _many_groups(file: h5py.File) -> None:
    for number in range(20_000):
        file.create_group(f"g{number}")


def _many_attributes(file: h5py.File) -> None:
    _put(np.zeros((2, 6)), file)
    for number in range(5000):
        file["Xs"].attrs[f"a{number}"] = number


def _deep(file: h5py.File) -> None:
    file["/".join(["g"] * 3000)] = 1


def _named(name: bytes, file: h5py.File) -> None:
    h5py.h5g.create(file.id, name)
    _put(np.zeros((2, 6)), file)


def _odd_attribute(value: Any, file: h5py.File) -> None:
    _put(np.zeros((2, 6)), file)
    file["Xs"].attrs["MATLAB_class"] = value


_TEXTS: dict[str, Any] = {
    "codes below nothing": np.full((1, 6), -73, np.int16),
    "codes beyond Unicode": np.full((1, 6), 0x7FFFFFFF, np.uint32),
    "codes of half signs": np.full((1, 6), 0xD800, np.uint16),
    "codes of NUL": np.zeros((1, 6), np.uint16),
    "codes with a point": np.full((1, 6), 97.5),
    "codes of NaN": np.full((1, 6), np.nan),
    "codes in three axes": np.full((2, 2, 6), 97, np.uint16),
    "one code": np.uint16(97),
    "no code": np.zeros((0, 6), np.uint16),
    "two million codes": np.full((2, 1_000_000), 97, np.uint16),
}
_VALUES: dict[str, Any] = {
    "half floats": np.zeros((2, 6), np.float16),
    "long floats": np.zeros((2, 6), np.longdouble),
    "the other order": np.zeros((2, 6), ">f8"),
    "complex numbers": np.zeros((2, 6), complex),
    "records": np.zeros((2, 6), [("a", float), ("b", int)]),
    "true and false": np.zeros((2, 6), bool),
    "texts of one length": np.full((2, 6), b"x"),
    "one number": 5.0,
    "nothing": np.zeros((0, 0)),
    "no value": h5py.Empty("f8"),
    "32 axes": np.zeros((1,) * 31 + (12,)),
    "NaN": np.full((2, 6), np.nan),
    "10³⁰⁰": np.full((2, 6), 1e300),
}
_WRITES: dict[str, Writes] = {
    **{name: partial(_put, value) for name, value in _VALUES.items()},
    **{name: partial(_text, codes) for name, codes in _TEXTS.items()},
    "texts of any length": partial(_put, [["a"] * 6] * 2, dtype=h5py.string_dtype()),
    "lists": lambda file: _sized((2, 6), file, dtype=h5py.vlen_dtype(float)),
    "references": lambda file: _sized((2, 6), file, dtype=h5py.ref_dtype),
    "numbers with names": partial(_put, np.zeros((2, 6), int), dtype=h5py.enum_dtype({"A": 0, "B": 1})),
    "a size of 10¹⁸": partial(_sized, (10**9, 10**9)),
    "a size next to the limit": partial(_sized, (_NEXT_TO_THE_LIMIT // 48, 6)),
    "a size next to the limit, packed": partial(_sized, (_NEXT_TO_THE_LIMIT // 48, 6), compression="gzip"),
    "a size next to the limit in one piece": partial(
        _sized, (_NEXT_TO_THE_LIMIT // 48, 6), chunks=(_NEXT_TO_THE_LIMIT // 48, 6), compression="gzip"
    ),
    "a size in pieces of one": partial(_sized, (4_000_000, 6), chunks=(1, 1)),
    "10⁹ samples of nothing": partial(_sized, (0, 10**9), chunks=None),
    "10⁹ numbers of no sample": partial(_sized, (10**9, 0), chunks=None),
    "numbers in another file": _outside,
    "an array that is another": _virtual,
    "an array that is itself": _virtual_itself,
    "a soft link": lambda file: file.__setitem__("Xs", h5py.SoftLink("/Xt")),
    "a soft link to nothing": lambda file: file.__setitem__("Xs", h5py.SoftLink("/nowhere")),
    "soft links in a circle": _soft_loop,
    "a link to another file": lambda file: file.__setitem__("Xs", h5py.ExternalLink("/etc/passwd", "/x")),
    "a link to a device": lambda file: file.__setitem__("Xs", h5py.ExternalLink("/dev/zero", "/x")),
    "a group in itself": _hard_loop,
    "a named type": lambda file: file.__setitem__("Xs", np.dtype("f8")),
    "20,000 groups": _many_groups,
    "5,000 attributes": _many_attributes,
    "3,000 groups deep": _deep,
    "a name that is no UTF-8": partial(_named, b"\xff\xfe"),
    "a name of braces": partial(_named, b"{place}{0}"),
    "a name of 60,000 letters": partial(_named, b"n" * 60_000),
    **{
        f"a class that is {type(value).__name__}": partial(_odd_attribute, value)
        for value in (7, "char", np.zeros(3), h5py.Empty("f8"))
    },
}


@cache
def _good_files() -> tuple[bytes, ...]:
    """Return small files in the old format and in the latest, with and without compression."""

    def packed(file: h5py.File) -> None:
        for name in ("Xs", "Xt"):
            array = file[name][()]
            del file[name]
            file.create_dataset(name, data=array, compression="gzip", shuffle=True, fletcher32=True, chunks=(1, 3))
        file["ys"].attrs["MATLAB_class"] = np.bytes_(b"double")

    codes = np.array([[97, 98] * 3], np.uint16)
    return (
        _written(lambda _file: None),
        _written(packed),
        _written(packed, libver="latest"),
        _written(partial(_text, codes)),
        _written(lambda file: file.create_group("#refs#").create_dataset("a", data=1)),
    )


def _mutant(rng: random.Random) -> bytes:
    good = rng.choice(_good_files())
    if rng.random() < 0.4:
        return change_byte(good, rng, first=_USER_BLOCK)
    return mutate(good, rng, first=rng.choice((0, _USER_BLOCK, _USER_BLOCK)))


MAT73 = HostileFormat(
    "mat73",
    ".mat",
    120,
    {
        "nothing wrong": lambda _rng: _good_files()[1],
        **{name: partial(_with_xs, write) for name, write in _WRITES.items()},
        "the header alone": lambda _rng: _HEADER,
        "HDF5 without the header": lambda _rng: _good_files()[0][_USER_BLOCK:],
    },
    _mutant,
)
