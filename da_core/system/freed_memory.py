"""Return freed memory to the system through glibc's `malloc`; on other systems nothing is changed."""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import Callable

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # as in malloc.h
_ARENAS = 2


@functools.cache
def keep() -> None:
    """Keep malloc from returning large blocks to the kernel at each training step (× 0.8 of the time)."""
    _set(_MMAP_THRESHOLD, 1 << 30)
    _set(_TRIM_THRESHOLD, 1 << 30)


def share() -> None:
    """Have all threads take from `_ARENAS` places, where each thread would have one of its own for some time.

    What a thread has freed another can use then: a server whose visits and runs each have threads stays smaller, and
    level (`locust_lab soak`). To be called before there are many threads.
    """
    _set(_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Return what is free to the kernel, also between what is not, once a training is over.

    What the next one takes then begins where this one did: else its blocks go around the holes that are left, and each
    peak is a little higher than the one before (`locust_lab soak`).
    """
    if (malloc_trim := _of_glibc("malloc_trim")) is not None:
        malloc_trim(0)


def _set(what: int, value: int) -> None:
    if (mallopt := _of_glibc("mallopt")) is not None:
        mallopt(what, value)


def _of_glibc(name: str) -> Callable[..., int] | None:
    return getattr(ctypes.CDLL(None), name, None) if os.name == "posix" else None
