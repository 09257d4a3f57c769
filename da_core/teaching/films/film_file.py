"""Films as bytes: quantised, deflated record by record, so that a film can be played while it is made.

    b"DALFILM1" and then records: a four-byte length, zlib's deflation of (a four-byte length, JSON, arrays one after
    another). The first record is the header, each other one a frame; the last says that the film is whole.

Frames are kept as differences from the frame before, so they are read in their order. Places are whole numbers of
2^e, e chosen anew in each frame. ``assets/playground/film_file.js`` reads the same.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from da_core.errors import UserError
from da_core.teaching.films.film import MOST_FRAMES, SIDE, SMALL_SIDE, Film, FilmFrame, Header

MAGIC = b"DALFILM1"
SUFFIX = ".dafilm"
MOST_BYTES = 2 * 2**20
"""Of a film file; one that is larger is none of ours."""
_MOST_RECORD = 2**19
"""Of a record, inflated."""
_MOST_SAMPLES = 2 * (1000 + 2000)
_PLACES = 2048
_GIVEN = 2.0**-9
_PULL = 127.0


class Writer:
    """Writes one film, record by record."""

    def __init__(self) -> None:
        self._field = np.zeros(SIDE**2, np.uint8)
        self._feature_field = np.zeros(SMALL_SIDE**2, np.uint8)
        self._domain = np.zeros(SMALL_SIDE**2, np.uint8)
        self._predicted: NDArray[np.uint8] | None = None
        self._weights: NDArray[np.uint8] | None = None
        self._places: NDArray[np.float64] | None = None

    def header(self, header: Header) -> bytes:
        """Write the header, with the file's beginning."""
        arrays = [
            _planes(np.round(header.given / _GIVEN)),
            header.label.astype(np.int8).view(np.uint8),
            header.held_out.astype(np.uint8),
            _planes(header.forced),
        ]
        if header.ratio is not None:
            arrays.append(_logs(header.ratio))
        told = header.model_dump(exclude={"given", "label", "held_out", "forced", "ratio"})
        told |= {"count": len(header.label), "forced": len(header.forced), "ratio": header.ratio is not None}
        return MAGIC + _record(told, arrays)

    def frame(self, frame: FilmFrame) -> bytes:
        """Write a frame as what differs from the one before."""
        exponent = _exponent(frame.places)
        unit = 2.0**exponent
        places = _rounded(frame.places / unit)
        before = np.zeros_like(places) if self._places is None else _rounded(self._places / unit)
        if self._predicted is None:
            self._predicted = np.zeros(len(places), np.uint8)
        arrays = [
            frame.field - self._field,
            frame.feature_field - self._feature_field,
            frame.predicted - self._predicted,
            _planes(places - before),
        ]
        self._field, self._feature_field, self._predicted = frame.field, frame.feature_field, frame.predicted
        self._places = places * unit
        told: dict[str, Any] = {
            "phase": frame.phase,
            "step": frame.step,
            "steps": frame.steps,
            "moved": list(frame.moved),
            "numbers": {name: round(value, 5) for name, value in frame.numbers.items() if math.isfinite(value)},
            "feature_box": [float(f"{edge:.5g}") for edge in frame.feature_box],
            "dimensions": frame.dimensions,
            "exponent": exponent,
        }
        if frame.domain is not None:
            domain = frame.domain & np.uint8(0xFC)  # 64 steps
            arrays.append(domain - self._domain)
            self._domain = domain
            told["domain"] = True
        if frame.weights is not None:
            weights = _logs(frame.weights)
            arrays.append(weights - (np.zeros_like(weights) if self._weights is None else self._weights))
            self._weights = weights
            told["weights"] = True
        if frame.threads is not None:
            told["threads"] = len(frame.threads)
            arrays += [_planes(frame.threads[:, 0]), _planes(frame.threads[:, 1])]
            arrays.append(np.clip(np.round(frame.threads[:, 2] * 255), 0, 255).astype(np.uint8))
        if frame.forces is not None:
            largest = float(np.abs(frame.forces).max())
            pulls = frame.forces / largest * _PULL if largest > 0 and math.isfinite(largest) else 0 * frame.forces
            told["force"] = float(f"{largest:.4g}") if math.isfinite(largest) else 0.0
            arrays.append(np.nan_to_num(pulls).round().astype(np.int8).view(np.uint8).ravel())
        if frame.lines is not None:
            told["lines"] = frame.lines.round(4).tolist()
        return _record(told, arrays)

    def end(self) -> bytes:
        """Write the record that says that the film is whole."""
        return _record({"end": True}, [])


def problem(sentence: str) -> bytes:
    """Write a record that says, in the reader's language, why no more frames come."""
    return _record({"problem": sentence}, [])


def encode(header: Header, frames: Iterable[FilmFrame]) -> bytes:
    """Write a whole film."""
    writer = Writer()
    return b"".join([writer.header(header), *map(writer.frame, frames), writer.end()])


def decode(data: bytes) -> Film:
    """Read a film. Raises `UserError` for bytes that are none, or not a whole one."""
    try:
        return _decode(data)
    except (ValueError, KeyError, TypeError, IndexError, struct.error, zlib.error, RecursionError, OverflowError):
        raise UserError("This is not a film of this app, or a part of it is missing; save it again.") from None


def _decode(data: bytes) -> Film:
    if not data.startswith(MAGIC) or len(data) > MOST_BYTES:
        raise ValueError("no film")
    records = _records(data)
    told, rest = next(records, ({}, _Rest(b"", 0)))
    header = _header(told, rest)
    film, before = Film(header), _Before(len(header.label), header.source_count)
    for told, rest in records:
        if told.get("end"):
            return film
        if len(film.frames) > 2 * MOST_FRAMES:
            raise ValueError("too long")
        film.frames.append(before.frame(told, rest, len(header.forced)))
    raise ValueError("not whole")


def _records(data: bytes) -> Iterator[tuple[dict[str, Any], _Rest]]:
    at = len(MAGIC)
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        inflater = zlib.decompressobj()
        inflated = inflater.decompress(data[at + 4 : at + 4 + length], _MOST_RECORD)
        if not inflater.eof:
            raise ValueError("a record is cut off or too large")
        (told,) = struct.unpack_from(">I", inflated)
        yield json.loads(inflated[4 : 4 + told]), _Rest(inflated, 4 + told)
        at += 4 + length


class _Rest:
    """The arrays of a record, taken off one by one."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at

    def take(self, count: int) -> NDArray[np.uint8]:
        taken = np.frombuffer(self._data, np.uint8, count, self._at)
        self._at += count
        return taken

    def planes(self, count: int) -> NDArray[np.int64]:
        low, high = self.take(count).astype(np.int64), self.take(count).view(np.int8).astype(np.int64)
        return high * 256 + low


def _header(told: dict[str, Any], rest: _Rest) -> Header:
    count, forced, has_ratio = told.pop("count"), told.pop("forced"), told.pop("ratio")
    if not 0 < told["source_count"] < count <= _MOST_SAMPLES:
        raise ValueError("an impossible number of samples")
    return Header(
        **told,
        given=(rest.planes(2 * count) * _GIVEN).reshape(-1, 2).astype(np.float32),
        label=rest.take(count).view(np.int8),
        held_out=rest.take(count) > 0,
        forced=rest.planes(forced).astype(np.int16),
        ratio=_from_logs(rest.take(SMALL_SIDE**2)) if has_ratio else None,
    )


class _Before:
    """The frame before, which the next one is told by its difference from."""

    def __init__(self, count: int, source_count: int) -> None:
        self._places = np.zeros((count, 2))
        self._kept = {
            "field": np.zeros(SIDE**2, np.uint8),
            "feature_field": np.zeros(SMALL_SIDE**2, np.uint8),
            "predicted": np.zeros(count, np.uint8),
            "domain": np.zeros(SMALL_SIDE**2, np.uint8),
            "weights": np.zeros(source_count, np.uint8),
        }

    def _next(self, name: str, rest: _Rest) -> NDArray[np.uint8]:
        self._kept[name] = self._kept[name] + rest.take(len(self._kept[name]))
        return self._kept[name]

    def frame(self, told: dict[str, Any], rest: _Rest, forced: int) -> FilmFrame:
        unit = 2.0 ** told["exponent"]
        fields = [self._next(name, rest) for name in ("field", "feature_field", "predicted")]
        moved = rest.planes(self._places.size).reshape(-1, 2)
        self._places = (_rounded(self._places / unit) + moved) * unit
        domain = self._next("domain", rest) if "domain" in told else None
        weights = _from_logs(self._next("weights", rest)) if "weights" in told else None
        threads = forces = None
        if "threads" in told:
            m = told["threads"]
            threads = np.c_[rest.planes(m), rest.planes(m), rest.take(m) / 255]
        if "force" in told:
            pulls = rest.take(4 * forced).view(np.int8).astype(np.float64)
            forces = (pulls / _PULL * told["force"]).reshape(2, forced, 2)
        return FilmFrame(
            phase=told["phase"],
            step=told["step"],
            steps=told["steps"],
            moved=tuple(told["moved"]),
            numbers=told["numbers"],
            field=fields[0],
            places=self._places,
            predicted=fields[2],
            feature_field=fields[1],
            feature_box=tuple(told["feature_box"]),
            dimensions=told["dimensions"],
            domain=domain,
            weights=weights,
            threads=threads,
            forces=forces,
            lines=np.array(told["lines"]) if "lines" in told else None,
        )


def _record(told: dict[str, Any], arrays: list[NDArray[np.uint8]]) -> bytes:
    text = json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()
    deflated = zlib.compress(b"".join([struct.pack(">I", len(text)), text, *(a.tobytes() for a in arrays)]), 6)
    return struct.pack(">I", len(deflated)) + deflated


def _exponent(places: NDArray[np.floating[Any]]) -> int:
    largest = float(np.abs(places).max())
    return math.ceil(math.log2(largest / _PLACES)) if largest > 0 else 0


def _rounded(values: NDArray[Any]) -> NDArray[np.float64]:
    """Round as JavaScript does, halves upwards: both sides must come to the same."""
    rounded: NDArray[np.float64] = np.floor(values + 0.5)
    return rounded


def _planes(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Write whole numbers of 16 bits, all low bytes first: the high ones are then alike."""
    whole = np.clip(values, -32768, 32767).astype("<i2").ravel().view(np.uint8).reshape(-1, 2)
    return np.concatenate([whole[:, 0], whole[:, 1]])


def _logs(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Write weights on a scale of logarithms from 2^−8 to 2^8; 0 stays 0."""
    with np.errstate(divide="ignore"):
        steps = np.clip(np.round(np.log2(values) * 15.75) + 128, 1, 255)
    return np.where(values > 0, steps, 0).astype(np.uint8)


def _from_logs(steps: NDArray[np.uint8]) -> NDArray[Any]:
    values: NDArray[Any] = np.where(steps > 0, 2.0 ** ((steps.astype(np.float64) - 128) / 15.75), 0.0)
    return values
