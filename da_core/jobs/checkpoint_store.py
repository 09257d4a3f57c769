"""Where the checkpoints of runs that are not over are kept: files or objects, written whole or not at all.

Each attempt at a run writes under a name of its own, and the last attempt's is read: one that was taken for lost, and
goes on all the same, changes nothing of what the next one has.
"""

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
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple, Protocol

from da_core.jobs.store import RUN_ID
from da_core.object_storage import ObjectStorage, StorageError, shared_storage
from da_core.settings import settings

log = logging.getLogger(__name__)

_NAME = re.compile(rf"({RUN_ID.pattern})(?:[./]([0-9]{{6}}-[0-9]{{3}}))?\.checkpoint")
"""A run's id and an attempt; earlier versions named none."""
_HALF_WRITTEN = ".writing-"
_DIGEST = hashlib.sha256().digest_size
STALE_SECONDS = 24 * 3600.0
"""A checkpoint that nobody has renewed for so long, of a run that nobody has, is left over."""


class Attempt(NamedTuple):
    """Which attempt at a run: the servers that have had it, and the workers that this one of them has lost with it."""

    servers: int
    lost: int = 0

    def __str__(self) -> str:
        return f"{self.servers:06d}-{self.lost:03d}"


FIRST = Attempt(1)


class CheckpointStore(Protocol):
    """Keeps the newest checkpoint of each attempt at a run. Safe to use from many threads and processes."""

    def save(self, run_id: str, content: bytes, attempt: Attempt = FIRST) -> None:
        """Replace an attempt's checkpoint, whole or not at all. Raises `OSError`, and then leaves what was there."""

    def load(self, run_id: str) -> bytes | None:
        """Load the last attempt's checkpoint; None if there is none. Raises `OSError`."""

    def last_attempt(self, run_id: str) -> Attempt | None:
        """Return the last attempt that has saved a checkpoint; None if none has. Raises `OSError`."""

    def delete(self, run_id: str) -> None:
        """Delete the run's checkpoints, if there are any."""

    def delete_stale(self, live: Collection[str]) -> None:
        """Delete what is `STALE_SECONDS` old and belongs to none of the ``live`` runs."""


@dataclass(frozen=True)
class CheckpointFolder:
    """Checkpoints as files of one folder, which is made with the first."""

    folder: Path

    def save(self, run_id: str, content: bytes, attempt: Attempt = FIRST) -> None:
        path = self.folder / f"{_checked(run_id)}.{attempt}.checkpoint"
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
        paths = self._paths(run_id)
        try:
            return paths[-1].read_bytes() if paths else None
        except FileNotFoundError:
            return None

    def last_attempt(self, run_id: str) -> Attempt | None:
        paths = self._paths(run_id)
        return _attempt_of(paths[-1].name) if paths else None

    def delete(self, run_id: str) -> None:
        try:
            for path in self._paths(run_id):
                path.unlink(missing_ok=True)
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

    def _paths(self, run_id: str) -> list[Path]:
        """List a run's checkpoints, the last attempt's at the end."""
        return sorted(self.folder.glob(f"{_checked(run_id)}.*.checkpoint"))


@dataclass(frozen=True)
class CheckpointBucket:
    """Checkpoints as objects ``checkpoints/<run>/…`` of a storage that servers share, each behind its own SHA-256."""

    storage: ObjectStorage

    def save(self, run_id: str, content: bytes, attempt: Attempt = FIRST) -> None:
        key = f"{self._folder(run_id)}/{attempt}.checkpoint"
        self.storage.write(key, hashlib.sha256(content).digest() + content)

    def load(self, run_id: str) -> bytes | None:
        keys = sorted(self.storage.find(self._folder(run_id)))
        try:
            written = self.storage.read(keys[-1]) if keys else None
        except FileNotFoundError:
            return None
        if written is None:
            return None
        digest, content = written[:_DIGEST], written[_DIGEST:]
        if hashlib.sha256(content).digest() != digest:
            raise OSError(f"the checkpoint of run {run_id} is not what was written")
        return content

    def last_attempt(self, run_id: str) -> Attempt | None:
        keys = sorted(self.storage.find(self._folder(run_id)))
        return _attempt_of(keys[-1].removeprefix("checkpoints/")) if keys else None

    def delete(self, run_id: str) -> None:
        try:
            for key in self.storage.find(self._folder(run_id)):
                self.storage.delete(key)
        except StorageError as error:
            log.warning("the checkpoint of run %s cannot be deleted just now: %s", run_id, error)

    def delete_stale(self, live: Collection[str]) -> None:
        try:
            for key, facts in self.storage.find("checkpoints").items():
                name = _NAME.fullmatch(key.removeprefix("checkpoints/"))
                if name and name[1] not in live and facts.is_older(timedelta(seconds=STALE_SECONDS)):
                    self.storage.delete(key)
        except StorageError as error:
            log.warning("checkpoints that were left over stay for now: %s", error)

    def _folder(self, run_id: str) -> str:
        return f"checkpoints/{_checked(run_id)}"


def _attempt_of(name: str) -> Attempt | None:
    """Read a checkpoint's attempt off its name."""
    match = _NAME.fullmatch(name)
    return Attempt(*map(int, match[2].split("-"))) if match and match[2] else None


def _checked(run_id: str) -> str:
    if not RUN_ID.fullmatch(run_id):
        raise ValueError(f"“{run_id}” is not the id of a run")
    return run_id


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
    servers: int
    lost: int = 0
    """Workers of a cluster that the last of the servers has lost with the run."""

    @property
    def attempt(self) -> int:
        """How often the run has been begun, this time included."""
        return self.servers + self.lost

    def read(self) -> bytes | None:
        return self.store.load(self.run_id)

    def write(self, content: bytes) -> None:
        self.store.save(self.run_id, content, Attempt(self.servers, self.lost))

    def shared(self) -> SharedPlace | None:
        """Return what a worker elsewhere needs to keep the checkpoint itself; None where it lies on this machine."""
        if not isinstance(self.store, CheckpointBucket):
            return None
        return SharedPlace(self.store.storage.url, self.run_id, Attempt(self.servers, self.lost))


@dataclass(frozen=True)
class SharedPlace:
    """One run's place in the storage at ``url``, as it travels to a worker of a cluster."""

    url: str
    run_id: str
    attempt: Attempt

    def open(self) -> CheckpointPlace | None:
        """Open the place; None where this process is not set to use that storage."""
        storage = shared_storage()
        if storage is None or storage.url != self.url:
            return None
        return CheckpointPlace(CheckpointBucket(storage), self.run_id, *self.attempt)
