"""Keep uploads: in a folder of this server, or in a storage that several servers share, with copies here."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cachetools import TTLCache

from da_core.object_storage import ObjectFacts, ObjectStorage, StorageError
from da_core.whole_files import LEFT_OVER_SECONDS, delete_left_over, finish, keep_below, mark_used, new_file

log = logging.getLogger(__name__)

UPLOAD_NAME = re.compile(r"([0-9a-f]{64})\.[a-z0-9]{1,8}")
_KEY = re.compile(rf"uploads/({UPLOAD_NAME.pattern})(\.used)?")
_THERE_SECONDS = 10.0
"""So long an upload that was there is not asked for again, nor whether it has been removed meanwhile."""
_MARK_SECONDS = 24 * 3600.0
"""Between two marks of a server that an upload is in use."""
_LEFT_OVER = timedelta(seconds=LEFT_OVER_SECONDS)
_NEVER = datetime.min.replace(tzinfo=UTC)


class UploadPlaces:
    """Keeps uploads by their names. Safe to use from many threads and processes; every method raises `OSError`.

    In a storage that servers share an upload is there once its mark is, the empty object ``uploads/<name>.used``. That
    is written again when the upload is used, so that its age tells how long nobody has. Copies lie in ``copies``, up to
    ``copies_bytes``; one whose upload has been removed goes, and where the storage is away they serve. What lies in
    ``before`` is of a server that had no shared storage: it is brought there.
    """

    def __init__(
        self, storage: ObjectStorage, copies: Path | None = None, copies_bytes: int = 0, before: Path | None = None
    ) -> None:
        self.folder = copies or Path(storage.folder or "", "uploads")
        """Where files lie that can be read, and new ones are written before they are put; it may not be there yet."""
        self._storage = storage
        self._is_shared = storage.folder is None
        self._copies_bytes = copies_bytes
        self._before = before
        self._there: TTLCache[str, bool] = TTLCache(10_000, _THERE_SECONDS)
        self._marked: dict[str, float] = {}
        self._lock = threading.Lock()

    def put(self, name: str, new: Path) -> None:
        """Keep ``new``, a file of `folder`, under this name."""
        if self._is_shared:
            self._storage.write_file(f"uploads/{name}", new)
            self._mark(name)
        self._take_in(new, name)

    def path(self, name: str) -> Path | None:
        """Return the file with the upload; None where there is none."""
        file = self.folder / name
        try:
            if not self.has(name):
                file.unlink(missing_ok=True)
                return None
        except StorageError:
            if file.is_file():
                return file
            raise
        return file if file.is_file() or self._copy(name) else None

    def has(self, name: str) -> bool:
        """Tell whether the upload is there."""
        if not self._is_shared:
            return (self.folder / name).is_file()
        with self._lock:
            if name in self._there:
                return True
        try:
            self._storage.read(f"uploads/{name}.used")
        except FileNotFoundError:
            self._forget(name)
            return self._bring(name)
        with self._lock:
            self._there[name] = True
        return True

    def mark_used(self, name: str) -> None:
        """Note that an upload is in use: those longest unused go first."""
        with contextlib.suppress(FileNotFoundError):  # somebody has removed it
            mark_used(self.folder / name)
        if self._is_shared and time.monotonic() - self._marked.get(name, -_MARK_SECONDS) >= _MARK_SECONDS:
            try:
                self._mark(name)
            except StorageError as error:
                log.warning("that an upload is in use is not marked just now: %s", error)

    def delete(self, name: str) -> None:
        """Delete an upload, if it is there."""
        self._forget(name)
        for key in (f"uploads/{name}.used", f"uploads/{name}"):
            self._storage.delete(key)
        for folder in filter(None, (self.folder, self._before)):
            (folder / name).unlink(missing_ok=True)

    def keep_below(self, most: int) -> None:
        """Delete those longest unused until the rest takes at most ``most`` bytes."""
        uploads = self.find()
        total = sum(facts.size for facts in uploads.values())

        def last_used(name: str) -> tuple[datetime, float]:  # the storage may know whole seconds only
            return uploads[name].written or _NEVER, self._marked.get(name, 0.0)

        for name in sorted(uploads, key=last_used):
            if total <= most:
                return
            total -= uploads[name].size
            self.delete(name)

    def delete_unused(self, days: float) -> list[str]:
        """Delete uploads unused for ``days``, and return their names."""
        delete_left_over(self.folder, pattern=".*")  # earlier versions began them otherwise
        if self._before is not None:
            UploadPlaces(ObjectStorage(self._before.parent)).delete_unused(days)
            for path in self._before.glob("*"):
                self._bring(path.name)
        uploads = self.find()
        unused = [name for name, facts in uploads.items() if facts.is_older(timedelta(days=days))]
        for name in unused:
            self.delete(name)
        for key, facts in self._storage.find("uploads").items():
            match = _KEY.fullmatch(key)
            if match and match[1] not in uploads and facts.is_older(_LEFT_OVER):
                self._storage.delete(key)
        return unused

    def find(self) -> dict[str, ObjectFacts]:
        """List the uploads that are there by name, each with its size and when it was last used."""
        objects = self._storage.find("uploads")
        matches = [match for match in map(_KEY.fullmatch, objects) if match and bool(match[3]) == self._is_shared]
        return {
            match[1]: ObjectFacts(objects[key].size if (key := f"uploads/{match[1]}") in objects else 0, used.written)
            for match in matches
            for used in [objects[match[0]]]
        }

    def _bring(self, name: str) -> bool:
        """Bring an upload of before into the storage; tell whether there is one."""
        path = self._before and self._before / name
        if path is None or not UPLOAD_NAME.fullmatch(name) or not path.is_file():
            return False
        self._storage.write_file(f"uploads/{name}", path)
        self._mark(name)
        self.folder.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # another thread was as fast
            self._take_in(path, name)
        return True

    def _copy(self, name: str) -> bool:
        """Copy an upload from the storage, whole or not at all; tell whether that is what was uploaded."""
        digest = hashlib.sha256()
        with new_file(self.folder) as new:
            try:
                for block in self._storage.read_blocks(f"uploads/{name}"):
                    digest.update(block)
                    new.write(block)
            except FileNotFoundError:
                return False
            if digest.hexdigest() != name.partition(".")[0]:
                log.warning("an upload is damaged in the storage: it is not what was uploaded")
                return False
            self._take_in(finish(new), name)
        return True

    def _take_in(self, file: Path, name: str) -> None:
        os.replace(file, self.folder / name)
        if self._is_shared:
            keep_below(self.folder, self._copies_bytes)

    def _mark(self, name: str) -> None:
        self._storage.write(f"uploads/{name}.used", b"")
        self._marked[name] = time.monotonic()
        with self._lock:
            self._there[name] = True

    def _forget(self, name: str) -> None:
        with self._lock:
            self._there.pop(name, None)
            self._marked.pop(name, None)
