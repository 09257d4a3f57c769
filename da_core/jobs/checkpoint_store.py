"""Keep the checkpoints of runs that are not over, each written whole or not at all.

Each attempt at a run writes under a name of its own, and the last attempt's is read: one that was taken for lost, and
goes on all the same, changes nothing of what the next one has.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from da_core.jobs.store import RUN_ID
from da_core.object_storage import ObjectStorage, shared_storage
from da_core.settings import settings
from da_core.whole_files import delete_left_over

log = logging.getLogger(__name__)

_FOLDER = "checkpoints"
_KEY = re.compile(rf"{_FOLDER}/({RUN_ID.pattern})(?:[./]([0-9]{{6}})(?:-[0-9]{{3}})?)?\.checkpoint")
"""A run's id and an attempt; earlier versions named none, or with it the workers that it had lost."""
_DIGEST = hashlib.sha256().digest_size
STALE_SECONDS = 24 * 3600.0
"""Age from which a checkpoint of a run that nobody has is left over."""


@dataclass(frozen=True)
class CheckpointStore:
    """Keeps the newest checkpoint of each attempt at a run. Safe to use from many threads and processes.

    On this server's disk it is a file ``checkpoints/<run>.<attempt>.checkpoint``; in a storage that servers share, an
    object ``checkpoints/<run>/<attempt>.checkpoint``, behind its own SHA-256.
    """

    storage: ObjectStorage

    def save(self, run_id: str, content: bytes, attempt: int = 1) -> None:
        """Replace an attempt's checkpoint, whole or not at all. Raises `OSError`, and then leaves what was there."""
        if self.storage.folder:
            self.storage.write(f"{_FOLDER}/{_checked(run_id)}.{attempt:06d}.checkpoint", content)
        else:
            digest = hashlib.sha256(content).digest()
            self.storage.write(f"{_FOLDER}/{_checked(run_id)}/{attempt:06d}.checkpoint", digest + content)

    def load(self, run_id: str) -> bytes | None:
        """Load the last attempt's checkpoint; None if there is none. Raises `OSError`."""
        attempts = self._attempts(run_id)
        try:
            content = self.storage.read(max(attempts)) if attempts else None
        except FileNotFoundError:
            return None
        if content is None or self.storage.folder:
            return content
        digest, content = content[:_DIGEST], content[_DIGEST:]
        if hashlib.sha256(content).digest() != digest:
            raise OSError(f"the checkpoint of run {run_id} is not what was written")
        return content

    def last_attempt(self, run_id: str) -> int | None:
        """Return the last attempt that has saved a checkpoint; None if none has. Raises `OSError`."""
        return max(self._attempts(run_id).values(), default=None)

    def delete(self, run_id: str) -> None:
        """Delete the run's checkpoints, if there are any."""
        try:
            for key in self._attempts(run_id):
                self.storage.delete(key)
        except OSError as error:
            log.warning("the checkpoint of run %s cannot be deleted just now: %s", run_id, error)

    def delete_stale(self, live: Collection[str]) -> None:
        """Delete what is `STALE_SECONDS` old and belongs to none of the ``live`` runs."""
        try:
            for key, facts in self.storage.find(_FOLDER).items():
                match = _KEY.fullmatch(key)
                if match and match[1] not in live and facts.is_older(timedelta(seconds=STALE_SECONDS)):
                    self.storage.delete(key)
        except OSError as error:
            log.warning("checkpoints that were left over stay for now: %s", error)
        if self.storage.folder:
            delete_left_over(self.storage.folder / _FOLDER, STALE_SECONDS)

    def _attempts(self, run_id: str) -> dict[str, int]:
        """List a run's checkpoints by their keys, with the attempt at it that saved each."""
        _checked(run_id)
        matches = filter(None, map(_KEY.fullmatch, self.storage.find(_FOLDER)))
        return {match[0]: int(match[2]) for match in matches if match[1] == run_id and match[2]}


def _checked(run_id: str) -> str:
    if not RUN_ID.fullmatch(run_id):
        raise ValueError(f"“{run_id}” is not the id of a run")
    return run_id


@functools.cache
def checkpoint_store() -> CheckpointStore:
    """Return where the settings have checkpoints kept: in the storage that servers share, or in the data folder."""
    return CheckpointStore(shared_storage() or ObjectStorage(settings().data_dir))


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
        self.store.save(self.run_id, content, self.attempt)
