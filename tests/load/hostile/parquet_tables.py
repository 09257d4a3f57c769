"""Hostile Parquet: dictionaries and lists that unpack to gigabytes, nested and odd types, and mutants."""

from __future__ import annotations

import datetime
import io
import random
from collections.abc import Callable
from decimal import Decimal
from functools import cache, partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.load.hostile.hostile_format import Attack, HostileFormat
from tests.load.hostile.mutants import change_byte, mutate

_ROWS = 40


def _written(columns: dict[str, Any], **options: Any) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream, **{"compression": "zstd", **options})
    return stream.getvalue()


def _domains(rows: int = _ROWS) -> dict[str, list[str]]:
    return {"class": ["a", "b"] * (rows // 2), "domain": ["s"] * (rows // 2) + ["t"] * (rows - rows // 2)}


@cache
def _good_tables() -> tuple[bytes, ...]:
    """Return small tables in several compressions, encodings and versions."""
    columns: dict[str, Any] = {
        "x": [number / 7 for number in range(_ROWS)],
        "n": [None if number % 9 == 0 else number for number in range(_ROWS)],
        "colour": ["red", "blue", None, "green"] * (_ROWS // 4),
        "day": [datetime.date(2024, 1, 1 + number % 28) for number in range(_ROWS)],
        "true": [number % 3 == 0 for number in range(_ROWS)],
        **_domains(),
    }
    return (
        *(_written(columns, compression=name) for name in ("none", "snappy", "gzip", "brotli", "zstd", "lz4")),
        _written(columns, use_dictionary=False),
        _written(columns, data_page_version="2.0", row_group_size=10, data_page_size=64),
        _written(columns, use_dictionary=False, column_encoding={"x": "BYTE_STREAM_SPLIT", "n": "DELTA_BINARY_PACKED"}),
        _written(columns, use_dictionary=False, column_encoding={"colour": "DELTA_BYTE_ARRAY"}, version="1.0"),
    )


# Bombs ---------------------------------------------------------------------------------------------------------------


def _one_text(letters: int, rows: int, columns: int, _rng: random.Random) -> bytes:
    """Write texts of millions of letters, each once in a dictionary and in thousands of rows."""
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["x" * letters]))
    return _written({**{f"text{number}": texts for number in range(columns)}, **_domains(rows)})


def _long_lists(length: int, rows: int, _rng: random.Random) -> bytes:
    """Write a list of many numbers in each row."""
    places, numbers = np.arange(rows + 1, dtype=np.int32) * length, np.zeros(rows * length, np.int8)
    lists = pa.ListArray.from_arrays(pa.array(places), pa.array(numbers))
    return _written({"x": lists, **_domains(rows)})


def _many_columns(count: int, _rng: random.Random) -> bytes:
    return _written({f"c{number}": [1.0] * 4 for number in range(count)})


def _many_rows(_rng: random.Random) -> bytes:
    """Write ten million rows of nulls."""
    return _written({"x": pa.nulls(10_000_000, pa.float64()), "class": pa.nulls(10_000_000, pa.string())})


def _many_groups(_rng: random.Random) -> bytes:
    return _written(_domains(20_000), row_group_size=1)


def _nested(depth: int, _rng: random.Random) -> bytes:
    """Write structures in structures."""
    kind: pa.DataType = pa.int8()
    for _ in range(depth):
        kind = pa.struct([("a", kind)])
    return _written({"x": pa.nulls(_ROWS, kind), **_domains()})


def _of_type(values: Callable[[], pa.Array], _rng: random.Random) -> bytes:
    return _written({"x": values(), **_domains()})


def _times(unit: str, zone: str | None) -> pa.Array:
    """Return times beyond the end of the calendar, and some within it."""
    return pa.array([-(2**62), 2**62, 0, 10**15, -(10**15)] * 8, pa.int64()).cast(pa.timestamp(unit, zone))


_TYPES: dict[str, Callable[[], pa.Array]] = {
    **{
        f"times in {unit} {zone or ''}".strip(): partial(_times, unit, zone)
        for unit in ("ms", "ns")
        for zone in (None, "UTC", "X/Y")
    },
    "days at the ends": lambda: pa.array([-(2**31), 2**31 - 1] * 20, pa.int32()).cast(pa.date32()),
    "times of day": lambda: pa.array([0, 86_399_999_999] * 20, pa.time64("us")),
    "durations": lambda: pa.array([-(2**62), 2**62] * 20, pa.int64()).cast(pa.duration("s")),
    "decimals": lambda: pa.array([Decimal("9" * 70 + ".1")] * _ROWS, pa.decimal256(76, 1)),
    "structures": lambda: pa.array([{"a": [1, {"b": None}.get("b")], "c": "d"}] * _ROWS),
    "maps": lambda: pa.array([[("a", 1), ("a", 2)]] * _ROWS, pa.map_(pa.string(), pa.int8())),
    "bytes": lambda: pa.array([b"\xff\xfe\0"] * _ROWS),
    "bytes of one length": lambda: pa.array([b"\0" * 5000] * _ROWS, pa.binary(5000)),
    "texts that are no UTF-8": lambda: pa.array([b"\xff\xc0"] * _ROWS).view(pa.string()),
    "half floats": lambda: pa.array([1.0, float("nan"), float("inf"), -0.0] * 10, pa.float16()),
    "large lists": lambda: pa.array([[1, 2]] * _ROWS, pa.large_list(pa.int8())),
    "nothing": lambda: pa.nulls(_ROWS),
}


# Names ---------------------------------------------------------------------------------------------------------------


def _named(name: str, _rng: random.Random) -> bytes:
    return _written({name: [1.5] * _ROWS, **_domains()})


def _mutant(rng: random.Random) -> bytes:
    """Damage a page, or the footer alone, whose length stays right."""
    good = rng.choice(_good_tables())
    if rng.random() < 0.5:
        return mutate(good, rng, first=4)
    footer = len(good) - 8 - int.from_bytes(good[-8:-4], "little")
    if rng.random() < 0.5:
        return change_byte(good[:-8], rng, first=footer) + good[-8:]
    damaged = mutate(good[:-8], rng, first=footer)
    return damaged + (len(damaged) - footer if len(damaged) > footer else 0).to_bytes(4, "little") + good[-4:]


_ATTACKS: dict[str, Attack] = {
    "nothing wrong": lambda _rng: _good_tables()[0],
    "a text of 1.5 million letters": partial(_one_text, 1_500_000, 2000, 1),
    "a text of 5 million letters": partial(_one_text, 5_000_000, 2000, 1),
    "8 texts of a million letters": partial(_one_text, 1_000_000, 2000, 8),
    "300 texts of 10,000 letters": partial(_one_text, 10_000, 20_000, 300),
    "60 lists of a million numbers": partial(_long_lists, 1_000_000, 60),
    "1,000 lists of 20,000 numbers": partial(_long_lists, 20_000, 1000),
    "3,000 columns": partial(_many_columns, 3000),
    "no column": lambda _rng: _written({}),
    "no row": lambda _rng: _written({"x": pa.array([], pa.int8()), "class": pa.array([], pa.string())}),
    "ten million empty rows": _many_rows,
    "20,000 groups of rows": _many_groups,
    "20 structures deep": partial(_nested, 20),
    "2,000 structures deep": partial(_nested, 2000),
    **{name: partial(_of_type, values) for name, values in _TYPES.items()},
    "a name of 100,000 letters": partial(_named, "x" * 100_000),
    "a name of braces": partial(_named, "{place}{0}{}"),
    "an empty name": partial(_named, ""),
    "a footer of 2 GB": lambda _rng: _good_tables()[0][:-8] + (2**31 - 1).to_bytes(4, "little") + b"PAR1",
    "a footer of nothing": lambda _rng: _good_tables()[0][:-8] + bytes(4) + b"PAR1",
    "an encrypted footer": lambda _rng: _good_tables()[0][:-4] + b"PARE",
}

PARQUET = HostileFormat("parquet", ".parquet", 90, _ATTACKS, _mutant)
