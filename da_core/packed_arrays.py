"""Arrays in JSON, which the pages' scripts read (``assets/shared/packed_arrays.js``)."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic_core import CoreSchema, core_schema

Kind = Literal["u1", "i1", "i2", "f4"]
"""NumPy's names of number types."""


def pack(numbers: NDArray[Any], kind: Kind, unit: float | None = None) -> str:
    """Write numbers as base64 behind their kind: “i2:AAD/fw”.

    With a ``unit`` they become its nearest multiples within the kind, and NaN the lowest of a signed one: “i2*0.5:…”.
    """
    if unit is not None:
        limits = np.iinfo(kind)
        steps = np.floor(numbers / unit + 0.5).clip(limits.min + (limits.min < 0), limits.max)
        numbers = np.where(np.isnan(steps), limits.min, steps)
    head = kind if unit is None else f"{kind}*{float(unit)!r}"
    return f"{head}:{base64.b64encode(numbers.astype(f'<{kind}').tobytes()).decode('ascii')}"


def unpack(text: str) -> NDArray[Any]:
    """Read numbers (n,) that `pack` has written. Raises `ValueError` for what it has not."""
    head, _colon, body = text.partition(":")
    kind, _star, unit = head.partition("*")
    if kind not in get_args(Kind):
        raise ValueError("no kind of numbers")
    numbers = np.frombuffer(base64.b64decode(body, validate=True), f"<{kind}")
    if not unit:
        return numbers
    missing = np.iinfo(kind).min if kind.startswith("i") else None
    return np.where(numbers == missing, np.nan, numbers * float(unit))


@dataclass(frozen=True)
class Packed:
    """Annotate a pydantic model's array: packed in JSON, and brought to ``shape`` when it is read.

    It is kept in multiples of a ``unit``, or of a ``steps``-th of its largest number.
    """

    kind: Kind
    shape: tuple[int, ...] = (-1,)
    unit: float | None = None
    steps: int | None = None

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> CoreSchema:
        """Validate arrays and packed ones alike."""
        write = core_schema.plain_serializer_function_ser_schema(self._write, when_used="json")
        return core_schema.no_info_plain_validator_function(self._read, serialization=write)

    def _read(self, value: Any) -> NDArray[Any]:
        return unpack(value).reshape(self.shape) if isinstance(value, str) else np.asarray(value)

    def _write(self, numbers: NDArray[Any]) -> str:
        unit = self.unit
        if self.steps is not None:
            unit = float(np.abs(numbers[np.isfinite(numbers)]).max(initial=0) or 1) / self.steps
        return pack(numbers, self.kind, unit)
