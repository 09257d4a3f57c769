"""Where the checkpoints of runs that are not over are kept: one file a run, written whole or not at all."""

from __future__ import annotations

import logging
import os
import re
import tempfile
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from da_core.jobs.store import RUN_ID

log = logging.getLogger(__name__)

_NAME = re.compile(rf"({RUN_ID.pattern})\.checkpoint")
_HALF_WRITTEN = ".writing-"
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
        name = f"{run_id}.checkpoint"
        if not _NAME.fullmatch(name):
            raise ValueError(f"“{run_id}” is not the id of a run")
        return self.folder / name


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
