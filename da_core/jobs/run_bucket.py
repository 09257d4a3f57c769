"""Finished runs in a storage that several servers share, and the copies of them on this server's disk.

The files of a run are those of `da_core.run_folder`, as objects ``runs/<id>/<name>``. The last one that is written,
``manifest.json``, says which there are and the digest of each: without it there is no run.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from da_core.errors import UserError
from da_core.object_storage import ObjectStorage, StorageError
from da_core.run_folder import FILES
from da_core.whole_files import HALF_WRITTEN, delete_at_once, keep_below, mark_used

log = logging.getLogger(__name__)

_MANIFEST = "manifest.json"
_KEY = re.compile(r"runs/([0-9a-z-]+)/([a-z_]+\.[a-z]+)")
_ABSENT_SECONDS = 2.0
"""Seconds in which a missing run is not asked for again: every look at a live run asks for it."""
_LEFT_OVER = timedelta(days=1)
"""Age from which a run without a manifest is left over, of a server that was ended while it wrote."""


class RunManifest(BaseModel):
    """``manifest.json``: the SHA-256 of each file of a run, by name."""

    model_config = ConfigDict(extra="forbid")

    files: dict[str, str]


class RunBucket:
    """The finished runs of a storage. Copies of those read lately are below ``cache``, up to ``cache_bytes``.

    A run does not change once it is there. Callers have checked that a run's id is one. Safe to use from many threads
    and processes. Every method raises `StorageError` where the storage is away.
    """

    def __init__(self, storage: ObjectStorage, cache: Path, cache_bytes: int) -> None:
        self._storage = storage
        self._cache = cache
        self._cache_bytes = cache_bytes
        self._absent: dict[str, float] = {}
        """Until when each run is taken to be absent, by `time.monotonic`."""

    def put(self, run_id: str, folder: Path) -> None:
        """Store the run that `write_record` wrote as ``folder``."""
        digests = {}
        for path in sorted(folder.iterdir()):
            if path.name in FILES and path.is_file() and not path.is_symlink():
                content = path.read_bytes()
                self._storage.write(f"runs/{run_id}/{path.name}", content)
                digests[path.name] = hashlib.sha256(content).hexdigest()
        self._storage.write(f"runs/{run_id}/{_MANIFEST}", RunManifest(files=digests).model_dump_json().encode())
        self._absent.pop(run_id, None)

    def fetch(self, run_id: str) -> Path | None:
        """Return the folder with a copy of the run; None where there is no such run.

        A copy is checked against every digest when it is made. One whose run has been deleted goes; where the storage
        is away, it serves. Raises `UserError` where the run is damaged.
        """
        folder = self._cache / run_id
        if time.monotonic() < self._absent.get(run_id, 0.0):
            return None
        try:
            written = self._storage.read(f"runs/{run_id}/{_MANIFEST}")
        except FileNotFoundError:
            delete_at_once(folder)
            self._absent = {run: until for run, until in self._absent.items() if until > time.monotonic()}
            self._absent[run_id] = time.monotonic() + _ABSENT_SECONDS
            return None
        except StorageError:
            if folder.is_dir():
                return folder
            raise
        if folder.is_dir():
            mark_used(folder)
        else:
            self._copy(run_id, written)
        return folder

    def run_ids(self) -> set[str]:
        """List the runs that are whole."""
        matches = filter(None, map(_KEY.fullmatch, self._storage.find("runs")))
        return {match[1] for match in matches if match[2] == _MANIFEST}

    def delete(self, run_id: str) -> None:
        """Delete a run: nobody sees a part of it."""
        self._storage.delete(f"runs/{run_id}/{_MANIFEST}")
        for key in self._storage.find(f"runs/{run_id}"):
            if _KEY.fullmatch(key):
                self._storage.delete(key)
        delete_at_once(self._cache / run_id)

    def delete_left_over(self) -> None:
        """Delete what servers left that were ended while they wrote a run."""
        keys = self._storage.find("runs")
        for key, facts in keys.items():
            run = _KEY.fullmatch(key)
            if run and facts.is_older(_LEFT_OVER) and f"runs/{run[1]}/{_MANIFEST}" not in keys:
                self._storage.delete(key)

    def _copy(self, run_id: str, written: bytes) -> None:
        self._cache.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=HALF_WRITTEN, dir=self._cache))
        try:
            for name, digest in RunManifest.model_validate_json(written).files.items():
                if name not in FILES:
                    raise ValueError(f"{name!r} is no file of a run")
                content = self._storage.read(f"runs/{run_id}/{name}")
                if hashlib.sha256(content).hexdigest() != digest:
                    raise ValueError(f"{name} is not what was written")
                (new / name).write_bytes(content)
            self.take_in(new, run_id)
        except (ValidationError, ValueError, FileNotFoundError) as error:
            log.warning("run %s is damaged in the storage: %s", run_id, error)
            raise UserError("The saved run {run} cannot be read; run it again.", run=run_id) from error
        finally:
            shutil.rmtree(new, ignore_errors=True)

    def take_in(self, folder: Path, run_id: str) -> None:
        """Make a folder the run's copy, and delete those longest unused that are beyond the limit."""
        self._cache.mkdir(parents=True, exist_ok=True)
        try:
            os.replace(folder, self._cache / run_id)
        except OSError:  # another thread was sooner, or it lies on another disk
            if not (self._cache / run_id).is_dir():
                shutil.move(folder, self._cache / run_id)
            shutil.rmtree(folder, ignore_errors=True)
        mark_used(self._cache / run_id)
        keep_below(self._cache, self._cache_bytes, spare=run_id)
