"""A writer of zips that may claim anything about their files."""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tests.load.hostile.packed_zeros import crc_of_zeros, deflate_zeros

STORED, DEFLATED = 0, 8
_UTF_8 = 0x800


@dataclass(frozen=True)
class Member:
    """A file in a zip: its bytes as they are stored, and what the zip claims about them (``offset``: their place)."""

    name: bytes
    body: bytes
    size: int
    crc: int = 0
    method: int = STORED
    flags: int = 0
    mode: int = stat.S_IFREG | 0o644
    extra: bytes = b""
    packed: int | None = None
    offset: int | None = None

    def header(self) -> bytes:
        """Return the fields that its own header and the directory share."""
        packed = len(self.body) if self.packed is None else self.packed
        fields = (20, self.flags, self.method, 0, 0x21, self.crc, packed, self.size, len(self.name), len(self.extra))
        return struct.pack("<HHHHHIIIHH", *fields)


def stored(name: str | bytes, data: bytes) -> Member:
    """Store a file as it is."""
    return Member(name if isinstance(name, bytes) else name.encode(), data, len(data), zlib.crc32(data), flags=_UTF_8)


def deflated(name: str | bytes, data: bytes) -> Member:
    """Compress a file."""
    packer = zlib.compressobj(9, wbits=-15)
    return replace(stored(name, data), body=packer.compress(data) + packer.flush(), method=DEFLATED)


def padded(name: str | bytes, head: bytes, zeros: int) -> Member:
    """Compress a file of a head and zeros behind it."""
    member = replace(stored(name, b""), size=len(head) + zeros, crc=crc_of_zeros(head, zeros), method=DEFLATED)
    return replace(member, body=deflate_zeros(head, zeros))


def write_zip(
    members: Iterable[Member],
    *,
    count: int | None = None,
    directory: int | None = None,
    comment: bytes = b"",
    before: bytes = b"",
) -> bytes:
    """Write a zip; the ``count`` of its members and the place of its ``directory`` may be false."""
    files, entries, at = [before], [], len(before)
    for member in members:
        header = member.header()
        offset = at if member.offset is None else member.offset
        files += [b"PK\x03\x04", header, member.name, member.extra, member.body]
        at += 4 + len(header) + len(member.name) + len(member.extra) + len(member.body)
        rest = struct.pack("<HHHII", 0, 0, 0, member.mode << 16, offset)
        entries.append(b"PK\x01\x02" + struct.pack("<H", 0x031E) + header + rest + member.name + member.extra)
    listed = b"".join(entries)
    number = min(len(entries), 0xFFFF) if count is None else count
    place = at if directory is None else directory
    end = struct.pack("<HHHHIIH", 0, 0, number, number, len(listed), place, len(comment))
    return b"".join([*files, listed, b"PK\x05\x06", end, comment])


def class_folders(hostile: Sequence[bytes], good: bytes, ending: str) -> list[Member]:
    """Put hostile files into two domains of two classes each, with a ``good`` file in every class."""
    folders = [f"{domain}/{label}" for domain in ("day", "night") for label in ("cat", "dog")]
    files = [stored(f"{folder}/0{ending}", good) for folder in folders]
    return files + [stored(f"{folders[number % 4]}/{number + 1}{ending}", data) for number, data in enumerate(hostile)]
