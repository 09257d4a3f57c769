"""Objects in a storage: a folder of this server, or one that several machines share, whatever URL fsspec opens.

Credentials come from the environment, as the library of that storage takes them. No error here repeats what the
storage said, nor is it chained to it: that may hold an address with a password, or a signed request.
"""

from __future__ import annotations

import functools
import logging
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from da_core.errors import UserError
from da_core.settings import settings
from da_core.whole_files import finish, new_file, replace_file

log = logging.getLogger(__name__)

AWAY = "The storage of runs and uploads does not answer now. Try again; if this continues, contact the administrator."
NO_ACCESS = "The storage of runs and uploads refuses this server; the administrator must check its credentials."
NO_BUCKET = "The bucket of runs and uploads is missing; the administrator must create it."

_KEY = re.compile(r"[0-9a-z][0-9a-z._-]*(?:/[0-9a-z][0-9a-z._-]*)*")
_BLOCK = 8 * 2**20
_REST_SECONDS = 20.0
"""So long a storage that does not answer is left alone, as `da_core.jobs.database.run_database.REST`."""
_WITHOUT_CREDENTIALS = {"NoCredentialsError", "PartialCredentialsError", "ProfileNotFound"}
_OPTIONS: dict[str, dict[str, Any]] = {
    "s3": {
        "use_listings_cache": False,  # other servers write as well
        "config_kwargs": {"connect_timeout": 3, "read_timeout": 20, "retries": {"max_attempts": 1}},
    },
}
_OPTIONS["s3a"] = _OPTIONS["s3"]


class StorageError(OSError):
    """The storage does not answer, or refuses; the text is a sentence that a visitor may read."""


class ObjectFacts(NamedTuple):
    """An object's size in bytes, and when it was written (in a folder: or read) where the storage says that."""

    size: int
    written: datetime | None

    def is_older(self, age: timedelta) -> bool:
        """Tell whether it is known that it was written so long ago."""
        return self.written is not None and datetime.now(UTC) - self.written > age


class ObjectStorage:
    """The objects below one URL, or in a `folder` of this server. Safe to use from many threads.

    An object is written whole or not at all. Where servers share a storage, every method raises `StorageError`; in a
    folder it raises the disk's own `OSError`. Making one raises `UserError` where the URL cannot be used or its library
    is not installed; it does not ask the storage yet.
    """

    def __init__(self, place: str | Path) -> None:
        from fsspec.core import url_to_fs

        self.folder = place.absolute() if isinstance(place, Path) else None
        """Where the objects lie as files of this server; None where servers share them."""
        self.url = f"file://{self.folder}" if self.folder else str(place)
        scheme = urlsplit(self.url).scheme
        if not scheme or "@" in urlsplit(self.url).netloc:  # the URL is not repeated: it may hold a password
            raise UserError(
                "DA_LAB_STORAGE must be a URL such as s3://bucket/folder, without credentials: they are read from "
                "the environment."
            )
        try:
            self._files, self._root = url_to_fs(self.url, **_OPTIONS.get(scheme, {}))
        except ImportError as error:
            raise UserError(
                "DA_LAB_STORAGE begins with “{scheme}”, which needs a library that is missing: pip install {library}.",
                scheme=scheme,
                library="s3fs" if scheme in ("s3", "s3a") else f"'fsspec[{scheme}]'",
            ) from error
        except Exception as error:
            log.warning("the storage cannot be opened: %s", type(error).__name__)
            raise UserError(
                "DA_LAB_STORAGE cannot be opened; give a URL such as s3://bucket/folder, which fsspec knows."
            ) from None
        if hasattr(self._files, "retries"):
            self._files.retries = 1  # s3fs would try five times, ever more slowly, while a page waits
        self._on_disk = scheme in ("file", "local")
        self._resting_until = 0.0

    def read(self, key: str) -> bytes:
        """Read an object. Raises `FileNotFoundError` where there is none."""
        path = self._path(key)
        with self._explained():
            return bytes(self._files.cat_file(path))

    def read_blocks(self, key: str) -> Iterator[bytes]:
        """Read an object piece by piece, so that memory need not hold it. Raises `FileNotFoundError`."""
        path = self._path(key)
        with self._explained():
            stream = self._files.open(path, "rb", block_size=_BLOCK, cache_type="none")
        with stream:
            while True:
                with self._explained():
                    block = stream.read(_BLOCK)
                if not block:
                    return
                yield block

    def write_file(self, key: str, file: Path) -> None:
        """Write the content of a file as an object, or replace it; memory need not hold it."""
        path = self._path(key)
        with self._explained():
            if not self._on_disk:
                self._files.put_file(str(file), path)
                return
            with file.open("rb") as content, new_file(Path(path).parent) as new:
                shutil.copyfileobj(content, new)
                os.replace(finish(new), path)

    def write(self, key: str, content: bytes) -> None:
        """Write an object, or replace it."""
        path = self._path(key)
        with self._explained():
            if self._on_disk:
                replace_file(Path(path), content)
            else:
                self._files.pipe_file(path, content)

    def delete(self, key: str) -> None:
        """Delete an object, if it is there."""
        path = self._path(key)
        with suppress(FileNotFoundError), self._explained():
            self._files.rm_file(path)

    def find(self, prefix: str) -> dict[str, ObjectFacts]:
        """List all keys below ``prefix/``, with what is known of each."""
        path = self._path(prefix)
        with self._explained():
            facts = self._files_below(Path(path)) if self._on_disk else self._files.find(path, detail=True)
        objects = {}
        for place, about in facts.items():
            key = place.removeprefix(f"{self._root}/")
            if _KEY.fullmatch(key):  # a half-written file is none
                written = about.get("LastModified") or about.get("created")
                objects[key] = ObjectFacts(
                    int(about.get("size") or 0), written if isinstance(written, datetime) else None
                )
        return objects

    def _files_below(self, folder: Path) -> dict[str, dict[str, Any]]:
        """List files as fsspec does, which tells nothing of when they were read."""
        facts = {}
        for path in folder.rglob("*"):
            with suppress(FileNotFoundError):  # another process deleted it
                status = path.stat()
                moment = max(status.st_mtime, status.st_atime) if self.folder else status.st_mtime
                if path.is_file():
                    facts[path.as_posix()] = {"size": status.st_size, "created": datetime.fromtimestamp(moment, UTC)}
        return facts

    def _path(self, key: str) -> str:
        if not _KEY.fullmatch(key):
            raise ValueError(f"“{key}” is no key")
        return f"{self._root}/{key}"

    @contextmanager
    def _explained(self) -> Iterator[None]:
        if self.folder:
            yield
            return
        if time.monotonic() < self._resting_until:
            raise StorageError(AWAY)
        try:
            yield
        except FileNotFoundError as error:
            response = getattr(error.__cause__, "response", {})
            if response.get("Error", {}).get("Code") == "NoSuchBucket":
                raise StorageError(NO_BUCKET) from None
            raise FileNotFoundError("there is no such object") from None
        except Exception as error:  # of each storage others, few of them an OSError
            kind = type(error).__name__
            log.warning("the storage fails: %s", kind)
            if isinstance(error, PermissionError) or kind in _WITHOUT_CREDENTIALS:
                raise StorageError(NO_ACCESS) from None
            self._resting_until = time.monotonic() + _REST_SECONDS
            raise StorageError(AWAY) from None


@functools.cache
def shared_storage() -> ObjectStorage | None:
    """Return the storage that the settings name; None where all is kept in the data folder."""
    url = settings().storage
    return ObjectStorage(url) if url else None
