"""Where uploads lie: in a folder of this server, or in a storage that several servers share, with copies here.

Each is a file “<sha256 of its content>.<ending>”.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
import tempfile
import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from da_core.errors import is_read_only_disk
from da_core.object_storage import ObjectStorage, StorageError

log = logging.getLogger(__name__)

UPLOAD_NAME = re.compile(r"([0-9a-f]{64})\.[a-z0-9]{1,8}")
_MARK = ".used"
_THERE_SECONDS = 10.0
"""So long an upload that was there is not asked for again, nor whether it has been removed meanwhile."""
_MARK_SECONDS = 24 * 3600.0
"""Between two marks of a server that an upload is in use."""
_LEFT_OVER = timedelta(days=1)
"""What was begun so long ago and is not whole is of a server that was ended while it wrote."""

_NEVER = datetime.min.replace(tzinfo=UTC)


class UploadPlaces(Protocol):
    """Keeps uploads by their names. Safe to use from many threads and processes."""

    @property
    def folder(self) -> Path:
        """Where files lie that can be read, and new ones are written before they are put; it may not be there yet."""

    def put(self, name: str, new: Path) -> None:
        """Keep ``new``, a file of `folder`, under this name. Raises `OSError`, and then may leave the file."""

    def path(self, name: str) -> Path | None:
        """Return the file with the upload; None where there is none. Raises `OSError`."""

    def has(self, name: str) -> bool:
        """Tell whether the upload is there. Raises `OSError`."""

    def mark_used(self, name: str) -> None:
        """Note that an upload is in use: those longest unused go first."""

    def delete(self, name: str) -> None:
        """Delete an upload, if it is there. Raises `OSError`."""

    def keep_below(self, most: int) -> None:
        """Delete those longest unused until the rest takes at most ``most`` bytes. Raises `OSError`."""

    def delete_unused(self, days: float) -> list[str]:
        """Delete what nobody has used for so many days, and return the names. Raises `OSError`."""


class UploadFolder:
    """Uploads as files of one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, name: str, new: Path) -> None:
        os.replace(new, self.folder / name)

    def path(self, name: str) -> Path | None:
        path = self.folder / name
        return path if path.is_file() else None

    def has(self, name: str) -> bool:
        return self.path(name) is not None

    def mark_used(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):  # somebody has removed it
            mark_used(self.folder / name)

    def delete(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)

    def keep_below(self, most: int) -> None:
        keep_below(self.folder, most)

    def delete_unused(self, days: float) -> list[str]:
        delete_half_written(self.folder)
        before, gone = time.time() - days * 24 * 3600, []
        for path in self.folder.glob("[!.]*") if self.folder.is_dir() else ():
            with contextlib.suppress(FileNotFoundError):  # another process tidied up as well
                status = path.stat()
                if max(status.st_atime, status.st_mtime) < before:
                    path.unlink()
                    gone.append(path.name)
        return gone


class UploadBucket:
    """Uploads as objects ``uploads/<name>`` of a storage that servers share, and copies of those read lately.

    An upload is there once its mark is, the empty object ``uploads/<name>.used``. That is written anew when the upload
    is used, so that its age tells how long nobody has. Copies lie in ``folder``, up to ``copies_bytes``; one whose
    upload has been removed goes, and where the storage is away they serve. What lies in ``before`` is of a server that
    had no shared storage, or was restored: it is brought there.
    """

    def __init__(self, storage: ObjectStorage, folder: Path, copies_bytes: int, before: Path | None = None) -> None:
        self.folder = folder
        self._storage = storage
        self._copies_bytes = copies_bytes
        self._before = before
        self._there_until: dict[str, float] = {}
        self._marked: dict[str, float] = {}
        self._lock = threading.Lock()

    def put(self, name: str, new: Path) -> None:
        self._storage.write_file(f"uploads/{name}", new)
        self._mark(name)
        os.replace(new, self.folder / name)
        self._make_room()

    def path(self, name: str) -> Path | None:
        copy = self.folder / name
        try:
            if not self.has(name):
                copy.unlink(missing_ok=True)
                return None
        except StorageError:
            if copy.is_file():
                return copy
            raise
        return copy if copy.is_file() or self._copy(name) else None

    def has(self, name: str) -> bool:
        if time.monotonic() < self._there_until.get(name, 0.0):
            return True
        try:
            self._storage.read(f"uploads/{name}{_MARK}")
        except FileNotFoundError:
            self._forget(name)
            return self._bring(name)
        self._note(name)
        return True

    def mark_used(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            mark_used(self.folder / name)
        if time.monotonic() - self._marked.get(name, -_MARK_SECONDS) >= _MARK_SECONDS:
            try:
                self._mark(name)
            except StorageError as error:
                log.warning("that an upload is in use is not marked just now: %s", error)

    def delete(self, name: str) -> None:
        self._forget(name)
        self._storage.delete(f"uploads/{name}{_MARK}")
        self._storage.delete(f"uploads/{name}")
        for folder in filter(None, (self.folder, self._before)):
            (folder / name).unlink(missing_ok=True)

    def keep_below(self, most: int) -> None:
        found = self._storage.find("uploads")
        total = sum(facts.size for facts in found.values())

        def last_used(name: str) -> tuple[datetime, float]:  # the storage may know whole seconds only
            return found[f"uploads/{name}{_MARK}"].written or _NEVER, self._marked.get(name, 0.0)

        for name in sorted(_whole(found), key=last_used):
            if total <= most:
                return
            total -= found[f"uploads/{name}"].size if f"uploads/{name}" in found else 0
            self.delete(name)

    def delete_unused(self, days: float) -> list[str]:
        delete_half_written(self.folder)
        if self._before is not None:
            UploadFolder(self._before).delete_unused(days)
            for path in self._before.glob("*"):
                self._bring(path.name)
        found = self._storage.find("uploads")
        whole = _whole(found)
        gone = [name for name in whole if found[f"uploads/{name}{_MARK}"].is_older(timedelta(days=days))]
        for name in gone:
            self.delete(name)
        for key, facts in found.items():
            if facts.is_older(_LEFT_OVER) and key.removeprefix("uploads/").removesuffix(_MARK) not in whole:
                self._storage.delete(key)
        return gone

    def names(self) -> set[str]:
        """List the uploads of the storage. Raises `StorageError`."""
        return _whole(self._storage.find("uploads"))

    def _bring(self, name: str) -> bool:
        """Bring an upload of before into the storage; tell whether there is one."""
        path = self._before and self._before / name
        if path is None or not UPLOAD_NAME.fullmatch(name) or not path.is_file():
            return False
        self._storage.write_file(f"uploads/{name}", path)
        self._mark(name)
        self.folder.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # another thread was as fast
            os.replace(path, self.folder / name)
        self._make_room()
        return True

    def _copy(self, name: str) -> bool:
        """Copy an upload from the storage, whole or not at all; tell whether that is what was uploaded."""
        self.folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".", delete=False) as new:
            try:
                for block in self._storage.read_blocks(f"uploads/{name}"):
                    digest.update(block)
                    new.write(block)
                new.close()
                if digest.hexdigest() != name.partition(".")[0]:
                    raise ValueError("it is not what was uploaded")
                os.replace(new.name, self.folder / name)
            except (ValueError, FileNotFoundError) as error:
                log.warning("an upload is damaged in the storage: %s", error)
                return False
            finally:
                Path(new.name).unlink(missing_ok=True)
        self._make_room()
        return True

    def _make_room(self) -> None:
        keep_below(self.folder, self._copies_bytes)

    def _mark(self, name: str) -> None:
        self._storage.write(f"uploads/{name}{_MARK}", b"")
        self._marked[name] = time.monotonic()
        self._note(name)

    def _note(self, name: str) -> None:
        now = time.monotonic()
        with self._lock:
            self._there_until = {one: until for one, until in self._there_until.items() if until > now}
            self._there_until[name] = now + _THERE_SECONDS

    def _forget(self, name: str) -> None:
        with self._lock:
            self._there_until.pop(name, None)
            self._marked.pop(name, None)


def _whole(found: Iterable[str]) -> set[str]:
    """Name the uploads of these objects that are there."""
    names = {key.removeprefix("uploads/").removesuffix(_MARK) for key in found if key.endswith(_MARK)}
    return set(filter(UPLOAD_NAME.fullmatch, names))


def mark_used(path: Path) -> None:
    """Note that a file is in use, so that `keep_below` lets it go among the last. Its time of change stays.

    On a disk that is read-only nothing is noted, and nothing goes.
    """
    try:
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
    except OSError as error:
        if not is_read_only_disk(error):
            raise


def delete_half_written(folder: Path) -> None:
    """Delete the files of ``folder`` that servers left which were ended while they wrote."""
    before = time.time() - _LEFT_OVER.total_seconds()
    for path in folder.glob(".*") if folder.is_dir() else ():
        with contextlib.suppress(FileNotFoundError):  # another process tidied up as well
            if path.stat().st_mtime < before:
                path.unlink()


def keep_below(folder: Path, most: int) -> None:
    """Delete the files of ``folder`` that were longest unused until the rest takes at most ``most`` bytes."""
    found = []
    for path in folder.iterdir():
        try:
            status = path.stat()
        except FileNotFoundError:  # another process tidied up as well
            continue
        found.append((status.st_atime_ns, status.st_size, path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= most:
            break
        path.unlink(missing_ok=True)
        total -= size
