"""Where the checkpoints of runs that are not over are kept: one file or object a run, written whole or not at all."""

from __future__ import annotations

import functools
import hashlib
import logging
import os
import re
import tempfile
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from da_core.jobs.object_storage import ObjectStorage, StorageError, shared_storage
from da_core.jobs.store import RUN_ID
from da_core.settings import settings

log = logging.getLogger(__name__)

_NAME = re.compile(rf"({RUN_ID.pattern})\.checkpoint")
_HALF_WRITTEN = ".writing-"
_DIGEST = hashlib.sha256().digest_size
STALE_SECONDS = 24 * 3600.0
"""A checkpoint that nobody has renewed for so long, of a run that nobody has, is left over."""


class CheckpointStore(Protocol):
    """Keeps the newest checkpoint of each run, under the run's id. Safe to use from many threads and processes."""

    def save(self, run_id: str, content: bytes) -> None:
        """Replace the run's checkpoint, whole or not at all. Raises `OSError`, and then leaves what was there."""

    def load(self, run_id: str) -> bytes | None:
        """Load the run's checkpoint; None if there is none. Raises `OSError`."""

    def delete(self, run_id: str) -> None:
        """Delete the run's checkpoint, if there is one."""

    def delete_stale(self, live: Collection[str]) -> None:
        """Delete what is `STALE_SECONDS` old and belongs to none of the ``live`` runs."""


@dataclass(frozen=True)
class CheckpointFolder:
    """Checkpoints as files of one folder, which is made with the first."""

    folder: Path

    def save(self, run_id: str, content: bytes) -> None:
        path = self._path(run_id)
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=_HALF_WRITTEN, dir=self.folder)
        new = Path(name)
        try:
            with open(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())  # a name that is on the disk before its content would stand for garbage
            os.replace(new, path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise

    def load(self, run_id: str) -> bytes | None:
        try:
            return self._path(run_id).read_bytes()
        except FileNotFoundError:
            return None

    def delete(self, run_id: str) -> None:
        try:
            self._path(run_id).unlink(missing_ok=True)
        except OSError:
            log.warning("the checkpoint of run %s cannot be deleted just now", run_id, exc_info=True)

    def delete_stale(self, live: Collection[str]) -> None:
        oldest = time.time() - STALE_SECONDS
        for path in self.folder.glob("*") if self.folder.is_dir() else ():
            name = _NAME.fullmatch(path.name)
            if (name and name[1] not in live) or path.name.startswith(_HALF_WRITTEN):
                with suppress(OSError):  # another server was faster, or will be
                    if path.stat().st_mtime < oldest:
                        path.unlink()

    def _path(self, run_id: str) -> Path:
        return self.folder / _name(run_id)


@dataclass(frozen=True)
class CheckpointBucket:
    """Checkpoints as objects ``checkpoints/<name>`` of a storage that servers share, each behind its own SHA-256."""

    storage: ObjectStorage

    def save(self, run_id: str, content: bytes) -> None:
        self.storage.write(self._key(run_id), hashlib.sha256(content).digest() + content)

    def load(self, run_id: str) -> bytes | None:
        try:
            written = self.storage.read(self._key(run_id))
        except FileNotFoundError:
            return None
        digest, content = written[:_DIGEST], written[_DIGEST:]
        if hashlib.sha256(content).digest() != digest:
            raise OSError(f"the checkpoint of run {run_id} is not what was written")
        return content

    def delete(self, run_id: str) -> None:
        try:
            self.storage.delete(self._key(run_id))
        except StorageError as error:
            log.warning("the checkpoint of run %s cannot be deleted just now: %s", run_id, error)

    def delete_stale(self, live: Collection[str]) -> None:
        try:
            for key, written in self.storage.find("checkpoints").items():
                name = _NAME.fullmatch(key.rpartition("/")[2])
                old = written is not None and (datetime.now(UTC) - written).total_seconds() > STALE_SECONDS
                if name and name[1] not in live and old:
                    self.storage.delete(key)
        except StorageError as error:
            log.warning("checkpoints that were left over stay for now: %s", error)

    def _key(self, run_id: str) -> str:
        return f"checkpoints/{_name(run_id)}"


def _name(run_id: str) -> str:
    name = f"{run_id}.checkpoint"
    if not _NAME.fullmatch(name):
        raise ValueError(f"“{run_id}” is not the id of a run")
    return name


@functools.cache
def checkpoint_store() -> CheckpointStore:
    """Return where the settings have checkpoints kept: in the storage that servers share, or in the data folder."""
    storage = shared_storage()
    return CheckpointBucket(storage) if storage else CheckpointFolder(settings().data_dir / "checkpoints")


@dataclass(frozen=True)
class CheckpointPlace:
    """One run's place among the checkpoints, as `da_core.run.run` takes it."""

    store: CheckpointStore
    run_id: str
    attempt: int
    """How often the run has been begun, this time included."""

    def read(self) -> bytes | None:
        return self.store.load(self.run_id)

    def write(self, content: bytes) -> None:
        self.store.save(self.run_id, content)
