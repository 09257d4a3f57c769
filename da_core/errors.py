"""Errors that tell the user, in one sentence, what was wrong with what they gave and what to do."""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

MOST_LETTERS = 80
"""No more of what a user wrote is repeated in a sentence: a link can hold a name of any length."""


class UserError(ValueError):
    """One clear sentence that says what was wrong and what to do.

    ``message`` is the English sentence with ``{name}`` fields, and the key of its translation; ``values`` fill them.
    """

    def __init__(self, message: str, **values: object) -> None:
        self.message = message
        self.values = values
        super().__init__(message.format(**values))

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.values))


class UnknownNameError(UserError):
    """There is no method, network or data set of this name; ``kind`` says which of them was looked for."""

    @property
    def kind(self) -> str:
        """Return what was looked for, as in the sentence: “method”."""
        return str(self.values["kind"])


_WANT_OF_MEMORY = (
    "can't allocate memory",  # torch
    "std::bad_alloc",
    "Cannot allocate memory",  # the system
    "can't start new thread",
    "failed to map segment from shared object",  # an import
)

DISK_IS_FULL = "The server's disk is full; ask the administrator to make room."
DISK_IS_READ_ONLY = "The server's disk is read-only; ask the administrator to make it writable again."


@contextmanager
def disk_explained() -> Iterator[None]:
    """Raise `UserError` for the `OSError` of a disk that is full or read-only; others pass."""
    try:
        yield
    except OSError as error:
        if (sentence := explain_disk(error)) is not None:
            raise UserError(sentence) from error
        raise


def explain_disk(error: BaseException) -> str | None:
    """Say that the disk is full or read-only; None where something else is wrong."""
    if is_full_disk(error):
        return DISK_IS_FULL
    return DISK_IS_READ_ONLY if is_read_only_disk(error) else None


def is_full_disk(error: BaseException) -> bool:
    """Tell whether the disk is full, or all is used up that one may use of it."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def is_read_only_disk(error: BaseException) -> bool:
    """Tell whether the disk is read-only: a system mounts a faulty one so."""
    return isinstance(error, OSError) and error.errno == errno.EROFS


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether the server's own memory ran out, not a GPU's."""
    return isinstance(error, MemoryError) or any(phrase in str(error) for phrase in _WANT_OF_MEMORY)


def _rebuild(kind: type[UserError], message: str, values: dict[str, object]) -> UserError:
    return kind(message, **values)


def shorten(text: str) -> str:
    """Cut what a user wrote to `MOST_LETTERS`."""
    return text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - 1] + "…"


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """List the names in ``known``, at most three, that contain ``name`` (“cnn”: small_cnn) or are spelt like it."""
    name, names = shorten(name).lower(), {one.lower(): one for one in known}
    containing = sorted((one for one in names if len(name) > 2 and name in one), key=len)
    return [names[one] for one in dict.fromkeys(containing + difflib.get_close_matches(name, names))][:3]
