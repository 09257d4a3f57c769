"""Read a user's own files in a child process: one that crashes, fills or holds up its process harms nobody else.

Each reading is a process of its own, forked from one that has the readers' libraries imported; it can write no file.
Where the system has no such processes (see `da_core.system.limited_process`), files are read in this one.
"""

from __future__ import annotations

import functools
import logging
import os
import threading
from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

from da_core.data.readers.archive import NOT_READ
from da_core.errors import UserError, is_out_of_memory
from da_core.settings import settings
from da_core.system.limited_process import IS_SUPPORTED, ChildDiedError, ForkServer, OutOfTimeError

P = ParamSpec("P")
T = TypeVar("T")

AT_ONCE = max(2, os.cpu_count() or 1)
"""Readings at the same time; others wait."""
_MODULES = (
    "da_core.data.loading.inspection",
    *(f"PIL.{form}ImagePlugin" for form in ("Jpeg", "Png", "WebP", "Bmp", "Gif", "Tiff", "Ppm")),
    "encodings.cp437",
    "openpyxl",
    "pandas",
    "pyarrow.parquet",
    "h5py",
    "scipy.io",
    "soundfile",
    "sklearn.datasets",
    "sklearn.impute",
    "sklearn.preprocessing",
)
_ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # its own one reserves a gigabyte at once
}
_PREFIX = "DA_LAB_"

_slots = threading.BoundedSemaphore(AT_ONCE)
_is_child = False

log = logging.getLogger(__name__)


class ReadingLimitError(UserError):
    """A reading crashed its process, or took more memory or time than one is given."""


def call_limited(names: Sequence[str], read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call ``read`` in a child process with limits of memory and time, and return what it returns.

    ``names`` are what sentences call the files. Raises `ReadingLimitError` where a limit is reached or the child dies,
    the `UserError` and the `FileNotFoundError` of ``read``, and `UserError` for any other exception.
    """
    call = functools.partial(read, *args, **kwargs)
    if _is_child:
        return call()
    place = ", ".join(names)
    try:
        return _call_in_child(call) if IS_SUPPORTED else call()
    except (UserError, FileNotFoundError):
        raise
    except ChildDiedError as error:
        log.warning("a reading ended its process: %s", error)
        raise ReadingLimitError(
            "Reading “{place}” crashed the process that read it, so it is most likely damaged; save it again, or bring "
            "it in another format.",
            place=place,
        ) from None
    except OutOfTimeError:
        raise ReadingLimitError(
            "Reading “{place}” took longer than this server's limit of {most} seconds; bring fewer or smaller files. "
            "(The setting is {name}.)",
            place=place,
            most=settings().reading_seconds,
            name="DA_LAB_READING_SECONDS",
        ) from None
    except Exception as error:
        if is_out_of_memory(error):
            raise ReadingLimitError(
                "Reading “{place}” takes more memory than this server's limit of {most} MB; bring fewer or smaller "
                "files. (The setting is {name}.)",
                place=place,
                most=settings().reading_memory_mb,
                name="DA_LAB_READING_MEMORY_MB",
            ) from None
        log.warning("own files cannot be read", exc_info=error)  # damaged files raise errors of many kinds
        raise UserError(NOT_READ, place=place) from None


@functools.cache
def _fork_server() -> ForkServer:
    return ForkServer(_MODULES, _ENVIRONMENT)


def warm() -> None:
    """Start the process that readings are forked from, so that the first one need not wait for it."""
    if IS_SUPPORTED:
        _fork_server().warm()


def _call_in_child(call: Callable[[], T]) -> T:
    limits = settings()
    own = {name: value for name, value in os.environ.items() if name.startswith(_PREFIX)}
    with _slots:
        child = _fork_server().fork(
            limits.reading_memory_mb,
            cpu_seconds=limits.reading_seconds * AT_ONCE + 1,  # where this process is gone, nobody else ends it
            may_write=False,
        )
        try:
            result: T = child.call(_call, own, call, seconds=limits.reading_seconds)
        finally:
            child.end()
    return result


def _call(environment: dict[str, str], call: Callable[[], T]) -> T:
    """Call it here, in the child, under the parent's settings of now."""
    global _is_child
    _is_child = True
    os.environ.update(environment)
    settings.cache_clear()
    return call()
