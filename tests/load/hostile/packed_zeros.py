"""Gigabytes of zeros, compressed in no time: deflate's blocks can be repeated."""

from __future__ import annotations

import zlib
from collections.abc import Callable

_BLOCK = 2**20


def deflate_zeros(head: bytes, zeros: int) -> bytes:
    """Return a deflate stream of a head and the zeros behind it."""
    packer = zlib.compressobj(9, wbits=-15)
    first = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(_BLOCK)) + packer.flush(zlib.Z_FULL_FLUSH)
    rest = packer.compress(bytes(zeros % _BLOCK)) + packer.flush()
    return first + zeros // _BLOCK * block + rest


def zlib_zeros(head: bytes, zeros: int) -> bytes:
    """Return the same as a zlib stream, with its check sum."""
    return b"\x78\xda" + deflate_zeros(head, zeros) + _check_sum(zlib.adler32, head, zeros).to_bytes(4, "big")


def crc_of_zeros(head: bytes, zeros: int) -> int:
    """Return the check sum of a head and the zeros behind it, as a zip has it."""
    return _check_sum(zlib.crc32, head, zeros)


def _check_sum(add: Callable[[bytes, int], int], head: bytes, zeros: int) -> int:
    check, block = add(head, 0 if add is zlib.crc32 else 1), bytes(_BLOCK)
    for _ in range(zeros // _BLOCK):
        check = add(block, check)
    return add(bytes(zeros % _BLOCK), check)
