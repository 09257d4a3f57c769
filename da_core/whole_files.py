"""Files and folders written whole or not at all: a report that is cut in the middle looks like a report."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from da_core.errors import UserError, is_read_only_disk

log = logging.getLogger(__name__)

HALF_WRITTEN = ".writing-"
"""How the name of a file or folder begins that is still being written."""
LEFT_OVER_SECONDS = 24 * 3600.0
"""What was begun so long ago and is not whole is of a process that was ended while it wrote."""


@contextmanager
def new_file(folder: Path, mode: int = 0o600) -> Iterator[IO[bytes]]:
    """Open a new file in ``folder``, which is made where it is missing; it is deleted unless it was renamed."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{HALF_WRITTEN}{secrets.token_hex(8)}"
    try:
        with open(path, "x+b", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            yield file
    finally:
        path.unlink(missing_ok=True)


def finish(file: IO[bytes]) -> Path:
    """Close a `new_file` once its content is on the disk: a name that was there sooner would stand for garbage."""
    file.flush()
    os.fsync(file.fileno())
    file.close()
    return Path(file.name)


def replace_file(file: Path, content: bytes, mode: int = 0o600) -> None:
    """Write ``content`` as ``file``. Raises `OSError`, and then leaves what was there before."""
    with new_file(file.parent, mode) as new:
        new.write(content)
        os.replace(finish(new), file)


def write_whole(file: Path, content: bytes) -> None:
    """Write ``content`` as ``file`` for a person. Raises `UserError`, and then leaves what was there before."""
    try:
        if file.is_symlink() or (file.exists() and not file.is_file()):  # as /dev/stdout, which is to stay what it is
            file.write_bytes(content)
        else:
            replace_file(file, content, mode=0o666)
    except OSError as error:
        raise UserError("{path} cannot be written ({detail}).", path=file, detail=error.strerror) from error


def delete_at_once(folder: Path) -> None:
    """Delete a folder so that nobody, such as a back-up, finds a part of it: under its name it goes at once."""
    aside = folder.with_name(f"{HALF_WRITTEN}{secrets.token_hex(8)}")
    try:
        os.replace(folder, aside)
    except FileNotFoundError:
        return
    except OSError:
        log.warning("the folder %s cannot be deleted", folder.name, exc_info=True)
        return
    shutil.rmtree(aside, ignore_errors=True)


def delete_left_over(folder: Path, seconds: float = LEFT_OVER_SECONDS, pattern: str = f"{HALF_WRITTEN}*") -> None:
    """Delete what processes left in ``folder`` that were ended while they wrote."""
    before = time.time() - seconds
    with contextlib.suppress(OSError):  # the folder is closed to us, or another process tidied up as well
        for path in folder.glob(pattern):
            if path.stat().st_mtime < before:
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)


def mark_used(path: Path) -> None:
    """Note that a file or folder is in use, so that `keep_below` lets it go among the last.

    A file's time of change stays. On a disk that is read-only nothing is noted, and nothing goes.
    """
    try:
        if path.is_dir():
            os.utime(path)
        else:
            os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
    except OSError as error:
        if not is_read_only_disk(error):
            raise


def keep_below(folder: Path, most: int, *, spare: str = "") -> None:
    """Delete what in ``folder`` was longest unused until the rest takes at most ``most`` bytes; never ``spare``."""
    delete_left_over(folder)
    entries = []
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another process tidied up as well
            status = path.stat()
            if not path.is_dir():
                entries.append((status.st_atime_ns, status.st_size, path))
            elif not path.name.startswith(HALF_WRITTEN):  # a look into a folder changes when it was read
                entries.append((status.st_mtime_ns, sum(file.stat().st_size for file in path.iterdir()), path))
    total = sum(size for _, size, _ in entries)
    for _, size, path in sorted(entries):
        if total > most and path.name != spare:
            total -= size
            if path.is_dir():
                delete_at_once(path)
            else:
                path.unlink(missing_ok=True)
