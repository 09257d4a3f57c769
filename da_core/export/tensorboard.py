"""A run's curves as a TensorBoard event file, written by hand: the format is small, and the package is large.

A file is a row of TFRecords: length (uint64, little-endian), its masked CRC-32C, the data, and their masked CRC-32C.
The data are protobuf messages ``Event`` (tensorboard/compat/proto/event.proto) with a ``Summary`` of one scalar each.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Iterator

from da_core.events import Losses
from da_core.export.scored_rows import models_of
from da_core.run_folder import Record

STEPS_AN_EPOCH = 100
"""TensorBoard counts whole steps, and epochs are fractional: a step is a hundredth of an epoch."""

Scalar = tuple[str, int, float]
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # protobuf's wire types
_CASTAGNOLI = 0x82F63B78


def scalars(record: Record) -> Iterator[Scalar]:
    """List tag, step and value of every number: ``adapt/loss/class``, ``adapt/accuracy/target``…, and of the result."""
    for event in record.history:
        kind, values = ("loss", event.terms) if isinstance(event, Losses) else ("accuracy", event.values)
        for name, value in values.items():
            yield f"{event.phase}/{kind}/{name}", round(event.epoch * STEPS_AN_EPOCH), value
    for model, scores in models_of(record.result).items():
        for domain in ("target", "source"):
            if (of_domain := getattr(scores, domain)) is not None:
                yield f"result/{model}/{domain}_accuracy", 0, of_domain.accuracy


def event_file(record: Record) -> bytes:
    """Write the whole file."""
    when = record.finished_at.timestamp()
    time = _field(1, _FIXED64, struct.pack("<d", when))
    records = [_record(time + _text(3, b"brain.Event:2"))]
    for tag, step, value in scalars(record):
        scalar = _text(1, tag.encode()) + _field(2, _FIXED32, struct.pack("<f", value))
        summary = _text(1, scalar)
        records.append(_record(time + _field(2, _VARINT, _varint(step)) + _text(5, summary)))
    return b"".join(records)


def file_name(record: Record) -> str:
    """Name the file so that TensorBoard finds it."""
    return f"events.out.tfevents.{int(record.finished_at.timestamp())}.{record.run_id}"


def _record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", _masked(length)) + data + struct.pack("<I", _masked(data))


def _masked(data: bytes) -> int:
    crc = _crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _crc32c(data: bytes) -> int:
    crc, table = 0xFFFFFFFF, _table()
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


@functools.cache
def _table() -> tuple[int, ...]:
    def entry(value: int) -> int:
        for _bit in range(8):
            value = value >> 1 ^ (_CASTAGNOLI if value & 1 else 0)
        return value

    return tuple(map(entry, range(256)))


def _field(number: int, wire: int, content: bytes) -> bytes:
    return _varint(number << 3 | wire) + content


def _text(number: int, content: bytes) -> bytes:
    return _field(number, _BYTES, _varint(len(content)) + content)


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])
